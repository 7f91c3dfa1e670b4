/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_MODEL_MODEL_IMPL_H
#define WR_MODEL_MODEL_IMPL_H

#include <jansson.h>
#include <stdbool.h>

#include "model/model.h"

/* Private to model/: what every form of file is read into before it is checked and made whole
 * numbers of. */

enum { WR_RAW_LEAF = -1, WR_RAW_NODES = 1 << 16 };

struct wr_raw_node {
	int feature; /* WR_RAW_LEAF */
	uint32_t left, right;
	double above, value;
};

struct wr_raw {
	const char *name; /* of the file, for messages */
	const char *form;
	struct wr_raw_node *node; /* owned */
	uint32_t n, room;
	uint32_t root[WR_MODEL_TREES];
	uint32_t n_trees;
	enum wr_model_link link;
	double base, scale; /* scale 0: leaves are no whole numbers yet */
	struct wr_err *err;
};

/* The number of a new node, all 0; -ENOMEM, -E2BIG (told). */
int64_t wr_raw_node(struct wr_raw *r);
int wr_raw_tree(struct wr_raw *r, uint32_t root); /* -E2BIG, told */
void wr_raw_free(struct wr_raw *r);
/* Checks all of it. */
int wr_raw_make(struct wr_model **out, struct wr_raw *r);

/* NAME: text. Returns -code. */
int wr_raw_wrong(struct wr_raw *r, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A finite number of an object; what: of which, for messages. */
int wr_raw_number(struct wr_raw *r, const json_t *o, const char *key, const char *what, double *to);
/* Which of our features: by name. -EINVAL, told. */
int wr_raw_feature(struct wr_raw *r, const json_t *name);
/* By their place in a list of names, which has n of them at most; to: a number each. Returns how
 * many. */
int wr_raw_features(struct wr_raw *r, const json_t *list, int *to, int n);

int wr_model_read_own(struct wr_raw *r, const json_t *root);
int wr_model_read_sklearn(struct wr_raw *r, const json_t *root);
int wr_model_read_lightgbm(struct wr_raw *r, const json_t *root);
int wr_model_read_onnx(struct wr_raw *r, const void *at, size_t n);

#endif
