/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>

#include "base/json.h"
#include "model/model.h"

/* A model written: in weir's own form, and told to a person. */

/* Nodes of a tree stand one behind the other, its root first. */
static uint32_t tree_end(const struct wr_model *m, uint32_t tree)
{
	return tree + 1 < m->n_trees ? m->root[tree + 1] : m->n_nodes;
}

static void print_node(struct wr_buf *b, const struct wr_model_node *n, uint32_t first)
{
	wr_json_array(b, NULL);
	if (n->feature == WR_MODEL_NO_FEATURE) {
		wr_json_u64(b, NULL, n->value);
	} else {
		wr_json_str(b, NULL, wr_model_feature_name(n->feature));
		wr_json_u64(b, NULL, n->above);
		wr_json_u64(b, NULL, n->left - first);
		wr_json_u64(b, NULL, n->right - first);
	}
	wr_json_end_array(b);
}

void wr_model_print(struct wr_buf *b, const struct wr_model *m)
{
	wr_json_open(b);
	wr_json_u64(b, "weir_model", 1);
	wr_json_str(b, "link", wr_model_links[m->link]);
	wr_json_double(b, "base", m->base);
	wr_json_double(b, "scale", m->scale);
	wr_json_array(b, "trees");
	for (uint32_t t = 0; t < m->n_trees; t++) {
		wr_json_array(b, NULL);
		for (uint32_t i = m->root[t]; i < tree_end(m, t); i++)
			print_node(b, &m->node[i], m->root[t]);
		wr_json_end_array(b);
	}
	wr_json_end_array(b);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/*
 * What asking costs in XDP of a packet that is unlike those before it. Measured (docs/model.md): 23
 * ns of 3 questions, 48 of 24; 157 of 96, which come behind a look at what was said before. What is
 * counted of flows and sources comes on top.
 */
enum { PAID_NS = 40, FLOW_NS = 25, FLOW_MOST_NS = 115 };

static uint32_t unlike_ns(uint32_t questions)
{
	if (questions < WR_MODEL_WORTH_KEEPING)
		return 20 + questions * 6 / 5;
	return 85 + questions * 3 / 4;
}

static void tell_cost(struct wr_buf *b, const struct wr_model *m)
{
	uint32_t way = wr_model_way(m), ns = unlike_ns(way);

	wr_buf_fmt(b, "costs      at most %" PRIu32 " questions on the way through all trees", way);
	if (ns > PAID_NS)
		wr_buf_fmt(b, "; packets unlike each other cost about %" PRIu32 " ns each", ns);
	if (wr_model_asks(m) & (WR_MODEL_OF_FLOW | WR_MODEL_OF_SOURCE))
		wr_buf_fmt(b, "; to count flows and sources %d to %d ns more", FLOW_NS,
			   FLOW_MOST_NS);
	wr_buf_char(b, '\n');
}

void wr_model_tell(struct wr_buf *b, const struct wr_model *m)
{
	uint32_t asked[WR_MODEL_FEATURES] = {0};

	for (uint32_t i = 0; i < m->n_nodes; i++)
		if (m->node[i].feature != WR_MODEL_NO_FEATURE)
			asked[m->node[i].feature]++;
	wr_buf_fmt(b,
		   "form       %s\ntrees      %" PRIu32 ", up to %" PRIu32
		   " questions one after another, %" PRIu32
		   " nodes\nscores     %.4f to %.4f could be; whole numbers move one by at most "
		   "%.6f\nasks about",
		   m->form, m->n_trees, wr_model_levels(m), m->n_nodes, wr_model_score(m, 0),
		   wr_model_score(m, m->n_trees * WR_MODEL_VALUE), m->error);
	for (uint32_t f = 0; f < WR_MODEL_FEATURE_COUNT; f++)
		if (asked[f])
			wr_buf_fmt(b, " %s (%" PRIu32 ")", wr_model_feature_name(f), asked[f]);
	wr_buf_char(b, '\n');
	tell_cost(b, m);
}
