/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_MODELS_H
#define WR_TESTS_MODELS_H

/* Models made at random, whose bounds are values that packets have. */

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "model/model.h"
#include "tests/unit/gen.h"

struct models_from {
	struct gen *rnd;
	const struct wr_model_values *seen; /* of packets */
	uint32_t n;
	uint32_t most_nodes; /* of a tree */
	bool full;	     /* no leaf before the last level */
	bool traffic;	     /* asks about flows and sources, too */
};

struct models_tree {
	struct wr_buf node[WR_MODEL_NODES];
	uint32_t n;
};

static uint32_t models_node(const struct models_from *f, struct models_tree *t, uint32_t level)
{
	uint32_t me = t->n++, left, right;
	uint32_t feature = gen_below(f->rnd, f->traffic ? (uint32_t)WR_MODEL_FEATURE_COUNT
							: (uint32_t)WR_MODEL_FLOW_PACKETS);
	uint32_t bound = wr_model_value(&f->seen[gen_below(f->rnd, f->n)], feature);

	wr_buf_clear(&t->node[me]);
	if (!level || (!f->full && gen_one_in(f->rnd, 8)) || t->n + 2 * level >= f->most_nodes) {
		wr_buf_fmt(&t->node[me], "[%u]", gen_below(f->rnd, WR_MODEL_VALUE + 1));
		return me;
	}
	left = models_node(f, t, level - 1);
	right = models_node(f, t, level - 1);
	wr_buf_fmt(&t->node[me], "[\"%s\",%u,%u,%u]", wr_model_feature_name(feature),
		   gen_one_in(f->rnd, 6) && bound ? bound - 1 : bound, left, right);
	return me;
}

/* So many trees of so many questions one after another, in weir's own form. */
static inline void models_write(struct wr_buf *b, const struct models_from *f, uint32_t trees,
				uint32_t levels)
{
	static struct models_tree t;

	wr_buf_fmt(b, "{\"weir_model\":1,\"link\":\"plain\",\"base\":0,\"scale\":%u,\"trees\":[",
		   trees * WR_MODEL_VALUE);
	for (uint32_t i = 0; i < trees; i++) {
		t.n = 0;
		models_node(f, &t, levels);
		wr_buf_str(b, i ? ",[" : "[");
		for (uint32_t k = 0; k < t.n; k++)
			wr_buf_fmt(b, "%s%s", k ? "," : "", wr_buf_text(&t.node[k]));
		wr_buf_char(b, ']');
	}
	wr_buf_str(b, "]}\n");
}

/* Into a file of its own; its name has to end in XXXXXX. 0 or -1. */
static inline int models_file(char *path, struct wr_buf *b)
{
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return -1;
	ret = wr_buf_flush(b, fd);
	return close(fd) || ret ? -1 : 0;
}

#endif
