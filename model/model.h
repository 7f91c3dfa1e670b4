/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_MODEL_MODEL_H
#define WR_MODEL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/model.h"

/*
 * A model as it is kept and shown: trees of questions about single packets (core/model.h has what
 * is asked about). Read from a file of weir's own, of scikit-learn, LightGBM or ONNX
 * (docs/model.md), or made by model/train.h; checked before anybody uses it. Pure.
 */

enum {
	WR_MODEL_NODES = 4096,	  /* of all trees together */
	WR_MODEL_BYTES = 8 << 20, /* of a file */
	WR_MODEL_NO_FEATURE = 0xff,
};

struct wr_model_node {
	uint32_t above;	      /* what is above it goes right, else left */
	uint16_t left, right; /* behind this node: there is no circle */
	uint16_t value;	      /* of a leaf: at most WR_MODEL_VALUE */
	uint8_t feature;      /* enum wr_model_feature; WR_MODEL_NO_FEATURE: a leaf */
};

/* From the sum of leaves to a score from 0 to 1: base + sum / scale, as it is or through the
 * logistic function. */
enum wr_model_link { WR_MODEL_PLAIN, WR_MODEL_LOGISTIC, WR_MODEL_LINKS };
extern const char *const wr_model_links[WR_MODEL_LINKS + 1]; /* names; ended by NULL */

struct wr_model {
	uint32_t n_trees, n_nodes;
	uint16_t root[WR_MODEL_TREES];
	struct wr_model_node *node; /* owned */
	enum wr_model_link link;
	double base, scale;
	double error;	  /* by how much, at most, whole numbers have moved a score */
	const char *form; /* what the file was: a constant */
};

/* *out is owned (wr_model_free). name: for messages, of the file. -EINVAL: err says what is wrong
 * and where, and has nothing of the file in it but names of features; -E2BIG: more trees, levels or
 * nodes than there may be; -ENOMEM. */
int wr_model_parse(struct wr_model **out, const char *text, size_t n, const char *name,
		   struct wr_err *err);
/* The same of a file; -errno when it cannot be read. */
int wr_model_read(struct wr_model **out, const char *path, struct wr_err *err);
int wr_model_copy(struct wr_model **out, const struct wr_model *m); /* -ENOMEM */
void wr_model_free(struct wr_model **m);			    /* NULL is fine; sets NULL */

/* The sum of the leaves for these values: node by node, the reference for wr_model_sum(). */
uint32_t wr_model_walk(const struct wr_model *m, const struct wr_model_values *v);
double wr_model_score(const struct wr_model *m, uint32_t sum);
/* The least sum whose score is over so many thousandths; more than there can be when none is. */
uint32_t wr_model_least(const struct wr_model *m, uint32_t permille);

/* One of them as it stands in the packet. */
static inline uint32_t wr_model_value(const struct wr_model_values *v, uint32_t feature)
{
	return v->at[feature];
}

uint32_t wr_model_asks(const struct wr_model *m);   /* about which features: bits */
uint32_t wr_model_levels(const struct wr_model *m); /* questions on the longest way */
uint32_t wr_model_way(const struct wr_model *m);    /* on the longest ways through all trees */
const char *wr_model_feature_name(uint32_t feature);
const char *wr_model_feature_what(uint32_t feature);
uint32_t wr_model_feature_most(uint32_t feature); /* the largest value that it can have */
int wr_model_feature(const char *name, size_t n); /* its number, or -1 */

void wr_model_print(struct wr_buf *b, const struct wr_model *m); /* weir's own form */
void wr_model_tell(struct wr_buf *b, const struct wr_model *m);	 /* for a person */

#endif
