/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "policy/image.h"

/* A model as lines of an image: roots first, then lines in the order in which they are met. */

struct laying {
	struct wr_image_build *b;
	const struct wr_model *m;
	uint32_t first;
};

static void lay(struct laying *l, uint32_t line, uint32_t node);

/* Question n of a line, of which 8 to 15 are what comes next. A leaf that comes early answers
 * whatever is asked below it. */
static void put(struct laying *l, struct wr_model_line *to, uint32_t n, uint32_t node)
{
	const struct wr_model_node *at = &l->m->node[node];
	bool leaf = at->feature == WR_MODEL_NO_FEATURE;

	if (n < 8) {
		to->ask[n] = (leaf ? WR_MODEL_MOST : at->above) << WR_MODEL_SHIFT |
			     (leaf ? 0 : at->feature * 4u);
		put(l, to, 2 * n, leaf ? node : at->left);
		put(l, to, 2 * n + 1, leaf ? node : at->right);
	} else if (leaf) {
		to->next[n - 8] = WR_MODEL_LEAF | at->value;
	} else {
		uint32_t line = wr_image_lines(l->b, 1);

		to->next[n - 8] = (uint16_t)(line - l->first);
		if (line)
			lay(l, line, node);
	}
}

static void lay(struct laying *l, uint32_t line, uint32_t node)
{
	struct wr_model_line to = {0};

	put(l, &to, 1, node);
	memcpy(&l->b->mem.at[line], &to, sizeof(to));
}

uint32_t wr_image_model(struct wr_image_build *b, const struct wr_model *m)
{
	struct laying l = {b, m, wr_image_lines(b, m->n_trees)};

	for (uint32_t t = 0; l.first && t < m->n_trees; t++)
		lay(&l, l.first + t, m->root[t]);
	return b->full ? 0 : l.first;
}
