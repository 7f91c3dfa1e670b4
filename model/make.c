/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_impl.h"

/*
 * From what a file says to a model that can be relied on: every way ends within WR_MODEL_DEPTH
 * questions, every number is in its range, children stand behind their parents. Values of packets
 * are whole numbers, so a bound that is none can be rounded down and nothing changes; leaves are
 * rounded, and by how much that can move a score is noted.
 */

/* ---- nodes as they are read ---- */

int wr_raw_wrong(struct wr_raw *r, int code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return wr_fail(r->err, code, "%s: %s", r->name, text);
}

int64_t wr_raw_node(struct wr_raw *r)
{
	if (r->n == WR_RAW_NODES)
		return wr_raw_wrong(r, E2BIG, "more than %d nodes", WR_RAW_NODES);
	if (r->n == r->room) {
		uint32_t room = r->room ? 2 * r->room : 256;
		void *more = realloc(r->node, room * sizeof(*r->node));

		if (!more)
			return wr_raw_wrong(r, ENOMEM, "out of memory");
		r->node = more;
		r->room = room;
	}
	r->node[r->n] = (struct wr_raw_node){0};
	return r->n++;
}

int wr_raw_tree(struct wr_raw *r, uint32_t root)
{
	if (r->n_trees == WR_MODEL_TREES)
		return wr_raw_wrong(r, E2BIG, "more than %d trees", WR_MODEL_TREES);
	r->root[r->n_trees++] = root;
	return 0;
}

void wr_raw_free(struct wr_raw *r)
{
	free(r->node);
	r->node = NULL;
	r->n = r->room = 0;
}

/* ---- one tree ---- */

struct range {
	double from, to; /* of its leaves */
};

/* A bound that no value can pass, or all do, is no question. */
static const struct wr_raw_node *asked(const struct wr_raw *r, uint32_t *at, uint32_t *depth)
{
	for (; *depth <= WR_RAW_NODES; (*depth)++) {
		const struct wr_raw_node *n = *at < r->n ? &r->node[*at] : NULL;

		if (!n || n->feature == WR_RAW_LEAF)
			return n;
		if (n->above >= 0 && n->above < wr_model_feature_most((uint32_t)n->feature))
			return n;
		*at = n->above < 0 ? n->right : n->left;
	}
	return NULL;
}

static int measure(struct wr_raw *r, uint32_t tree, uint32_t at, uint32_t level, struct range *out)
{
	uint32_t turns = 0;
	const struct wr_raw_node *n = asked(r, &at, &turns);
	int ret;

	if (!n)
		return wr_raw_wrong(r, EINVAL, "tree %u: a child that is not there", tree + 1);
	if (n->feature == WR_RAW_LEAF) {
		if (!isfinite(n->value) || fabs(n->value) > 1e6)
			return wr_raw_wrong(r, EINVAL, "tree %u: a leaf that is no number",
					    tree + 1);
		out->from = n->value < out->from ? n->value : out->from;
		out->to = n->value > out->to ? n->value : out->to;
		return 0;
	}
	if (level == WR_MODEL_DEPTH)
		return wr_raw_wrong(r, E2BIG, "tree %u: more than %d questions one after another",
				    tree + 1, WR_MODEL_DEPTH);
	ret = measure(r, tree, n->left, level + 1, out);
	return ret ? ret : measure(r, tree, n->right, level + 1, out);
}

/* Copies a tree, parents first. from: what its leaves are counted from. */
static int64_t copy(struct wr_model *m, struct wr_raw *r, uint32_t at, double from)
{
	uint32_t turns = 0;
	const struct wr_raw_node *n = asked(r, &at, &turns);
	struct wr_model_node *to;
	uint32_t me = m->n_nodes;
	int64_t left, right;

	if (me == WR_MODEL_NODES)
		return wr_raw_wrong(r, E2BIG, "more than %d nodes in all trees together",
				    WR_MODEL_NODES);
	to = &m->node[m->n_nodes++];
	to->feature = WR_MODEL_NO_FEATURE;
	if (n->feature == WR_RAW_LEAF) {
		to->value = (uint16_t)lround((n->value - from) * (r->scale ? 1 : m->scale));
		return me;
	}
	to->feature = (uint8_t)n->feature;
	to->above = (uint32_t)floor(n->above);
	left = copy(m, r, n->left, from);
	right = left < 0 ? left : copy(m, r, n->right, from);
	if (right < 0)
		return right;
	m->node[me].left = (uint16_t)left;
	m->node[me].right = (uint16_t)right;
	return me;
}

/* ---- all of them ---- */

/* Leaves of weir's own form are whole numbers already. */
static int check_whole(struct wr_raw *r, uint32_t tree, const struct range *range)
{
	if (range->from < 0 || range->to > WR_MODEL_VALUE)
		return wr_raw_wrong(r, EINVAL, "tree %u: leaves are whole numbers from 0 to %d",
				    tree + 1, WR_MODEL_VALUE);
	return 0;
}

static int measure_all(struct wr_model *m, struct wr_raw *r, struct range *range)
{
	double widest = 0;

	for (uint32_t t = 0; t < r->n_trees; t++) {
		int ret;

		range[t] = (struct range){INFINITY, -INFINITY};
		ret = measure(r, t, r->root[t], 0, &range[t]);
		if (!ret && r->scale)
			ret = check_whole(r, t, &range[t]);
		if (ret)
			return ret;
		widest = fmax(widest, range[t].to - range[t].from);
	}
	m->base = r->base;
	m->scale = r->scale ? r->scale : widest > 1e-9 ? WR_MODEL_VALUE / widest : 1;
	for (uint32_t t = 0; t < r->n_trees; t++)
		m->base += r->scale ? 0 : range[t].from;
	/* Half of the least step in each tree; the logistic function is nowhere steeper than 1/4.
	 */
	m->error = r->scale ? 0 : r->n_trees * 0.5 / m->scale;
	if (m->link == WR_MODEL_LOGISTIC)
		m->error /= 4;
	return 0;
}

static int make(struct wr_model *m, struct wr_raw *r)
{
	struct range range[WR_MODEL_TREES] = {{0}};
	int ret;

	if (!r->n_trees)
		return wr_raw_wrong(r, EINVAL, "no tree is in it");
	m->link = r->link;
	m->form = r->form;
	ret = measure_all(m, r, range);
	for (uint32_t t = 0; t < r->n_trees && !ret; t++) {
		int64_t root = copy(m, r, r->root[t], r->scale ? 0 : range[t].from);

		if (root < 0)
			return (int)root;
		m->root[m->n_trees++] = (uint16_t)root;
	}
	return ret;
}

int wr_raw_make(struct wr_model **out, struct wr_raw *r)
{
	struct wr_model *m = calloc(1, sizeof(*m));
	int ret;

	if (m)
		m->node = calloc(WR_MODEL_NODES, sizeof(*m->node));
	if (!m || !m->node) {
		wr_model_free(&m);
		return wr_raw_wrong(r, ENOMEM, "out of memory");
	}
	ret = make(m, r);
	if (ret)
		wr_model_free(&m);
	*out = m;
	return ret;
}
