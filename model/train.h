/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_MODEL_TRAIN_H
#define WR_MODEL_TRAIN_H

#include <stdbool.h>

#include "model/model.h"

/*
 * A random forest from labelled packets: each tree is grown on as many packets as there are, drawn
 * again and again, asks at each place what parts them best by Gini of a few features drawn by
 * chance (Breiman, Random Forests, 2001), and is worth the share of attacks where a way ends. Both
 * kinds weigh the same, however many there were. The same packets and the same seed give the same
 * model.
 */

enum { WR_TRAIN_ROWS = 16384 }; /* kept of each kind */

/* Packets of which nothing is known but what models ask about: of each kind an even sample of all
 * that came (Vitter, algorithm R, 1985). */
struct wr_train_set {
	struct wr_model_values *row[2]; /* owned, WR_TRAIN_ROWS each; 0 usual, 1 of an attack */
	uint32_t n[2];
	uint64_t seen[2], chance;
};

int wr_train_open(struct wr_train_set *s, uint64_t seed); /* -ENOMEM */
void wr_train_close(struct wr_train_set *s);
void wr_train_add(struct wr_train_set *s, const struct wr_model_values *v, bool attack);

struct wr_train_conf {
	uint32_t trees, levels;
	uint32_t features; /* bits of enum wr_model_feature */
	uint64_t seed;
};

/* *out is owned. -EINVAL: there are not both kinds, or no feature; -ENOMEM. */
int wr_train(struct wr_model **out, const struct wr_train_set *s, const struct wr_train_conf *conf,
	     struct wr_err *err);

/* How many of a kind have a score over so many thousandths. */
uint32_t wr_train_over(const struct wr_model *m, const struct wr_train_set *s, bool attack,
		       uint32_t permille);

#endif
