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

	if (n <= WR_MODEL_ASKS) {
		to->above[n - 1] = leaf ? WR_MODEL_MOST : at->above;
		to->where[n - 1] = leaf ? 0 : (uint8_t)(at->feature * sizeof(uint32_t));
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

/* Of a packet's values those that the model asks about. */
static void put_masks(struct wr_image_build *b, uint32_t line, uint32_t asks)
{
	struct wr_model_values mask = {0};

	for (uint32_t f = 0; f < 2 * WR_MODEL_WORDS; f++)
		mask.at[f] = asks >> f & 1 ? UINT32_MAX : 0;
	memcpy(&b->mem.at[line], &mask, WR_MODEL_MASKS * sizeof(struct wr_line));
}

/* Where a look at what was said before costs more than asking, or where what is asked about is
 * another number in each packet, nothing is kept. */
uint64_t wr_image_model_id(const struct wr_model *m)
{
	uint64_t id = m->n_trees;

	if (wr_model_asks(m) & (WR_MODEL_OF_FLOW | WR_MODEL_OF_SOURCE) ||
	    wr_model_way(m) < WR_MODEL_WORTH_KEEPING)
		return 0;
	for (uint32_t t = 0; t < m->n_trees; t++)
		id = wr_mix(id ^ m->root[t]);
	for (uint32_t i = 0; i < m->n_nodes; i++) {
		const struct wr_model_node *n = &m->node[i];

		id = wr_mix(id ^ ((uint64_t)n->above << 32 | (uint32_t)n->left << 16 | n->right));
		id = wr_mix(id ^ ((uint32_t)n->value << 8 | n->feature));
	}
	return id | 1;
}

uint32_t wr_image_model(struct wr_image_build *b, const struct wr_model *m)
{
	uint32_t masks = wr_image_lines(b, WR_MODEL_MASKS + m->n_trees);
	struct laying l = {b, m, masks ? masks + WR_MODEL_MASKS : 0};

	if (masks)
		put_masks(b, masks, wr_model_asks(m));
	for (uint32_t t = 0; l.first && t < m->n_trees; t++)
		lay(&l, l.first + t, m->root[t]);
	return b->full ? 0 : l.first;
}
