/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_impl.h"

enum { ALL = 2 * WR_TRAIN_ROWS, LEAST = 5 /* packets at the end of a way */ };

/* splitmix64 (Steele, Lea, Flood, 2014). */
static uint64_t chance(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint64_t n)
{
	return (uint32_t)(chance(state) % n);
}

/* ---- packets ---- */

int wr_train_open(struct wr_train_set *s, uint64_t seed)
{
	*s = (struct wr_train_set){.chance = seed};
	for (int k = 0; k < 2; k++) {
		s->row[k] = aligned_alloc(64, WR_TRAIN_ROWS * sizeof(*s->row[k]));
		if (!s->row[k]) {
			wr_train_close(s);
			return -ENOMEM;
		}
	}
	return 0;
}

void wr_train_close(struct wr_train_set *s)
{
	free(s->row[0]);
	free(s->row[1]);
	*s = (struct wr_train_set){0};
}

void wr_train_add(struct wr_train_set *s, const struct wr_model_values *v, bool attack)
{
	uint64_t at = s->seen[attack]++;

	if (at < WR_TRAIN_ROWS)
		s->n[attack]++;
	else
		at = chance(&s->chance) % (at + 1);
	if (at < WR_TRAIN_ROWS)
		s->row[attack][at] = *v;
}

/* ---- a tree ---- */

struct growing {
	const struct wr_train_set *s;
	const struct wr_train_conf *conf;
	uint64_t chance;
	double weight[2];    /* of one packet of a kind */
	uint32_t draw[ALL];  /* packets of the tree: number << 1 | kind */
	uint64_t value[ALL]; /* of those at one place: value << 1 | kind, sorted */
	uint32_t feature[WR_MODEL_FEATURES], n_features;
	struct wr_raw raw;
};

static uint32_t value_of(const struct growing *g, uint32_t draw, uint32_t feature)
{
	return wr_model_value(&g->s->row[draw & 1][draw >> 1], feature);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct split {
	double worth; /* the less, the better */
	uint32_t feature, above;
};

/* Gini times weight: 2 p (1 - p) n. */
static double mixed(const double w[2])
{
	double n = w[0] + w[1];

	return n > 0 ? 2 * w[0] * w[1] / n : 0;
}

static void try_feature(struct growing *g, uint32_t from, uint32_t to, uint32_t feature,
			struct split *best)
{
	double left[2] = {0}, right[2] = {0};
	uint32_t n = to - from;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t kind = g->draw[from + i] & 1;

		g->value[i] = (uint64_t)value_of(g, g->draw[from + i], feature) << 1 | kind;
		right[kind] += g->weight[kind];
	}
	qsort(g->value, n, sizeof(*g->value), by_value);
	for (uint32_t i = 0; i + 1 < n; i++) {
		uint32_t kind = g->value[i] & 1, here = (uint32_t)(g->value[i] >> 1);
		uint32_t next = (uint32_t)(g->value[i + 1] >> 1);
		double worth;

		left[kind] += g->weight[kind];
		right[kind] -= g->weight[kind];
		if (here == next || i + 1 < LEAST || n - i - 1 < LEAST)
			continue;
		worth = mixed(left) + mixed(right);
		if (worth < best->worth)
			*best = (struct split){worth, feature, here + (next - here) / 2};
	}
}

static void share(const struct growing *g, uint32_t from, uint32_t to, double w[2])
{
	w[0] = w[1] = 0;
	for (uint32_t i = from; i < to; i++)
		w[g->draw[i] & 1] += g->weight[g->draw[i] & 1];
}

/* A few features, drawn by chance: the square root of all, and one more. */
static struct split find(struct growing *g, uint32_t from, uint32_t to, const double w[2])
{
	struct split best = {.worth = mixed(w) * (1 - 1e-9), .feature = WR_MODEL_NO_FEATURE};
	uint32_t few = 2;

	while (few < g->n_features && (few - 1) * (few - 1) < g->n_features)
		few++;
	for (uint32_t i = 0; i < few && i < g->n_features; i++) {
		uint32_t k = i + below(&g->chance, g->n_features - i), f = g->feature[k];

		g->feature[k] = g->feature[i];
		g->feature[i] = f;
		try_feature(g, from, to, f, &best);
	}
	return best;
}

/* Those that go left to the front. Returns where the others begin. */
static uint32_t part(struct growing *g, uint32_t from, uint32_t to, const struct split *s)
{
	for (uint32_t i = from; i < to; i++)
		if (value_of(g, g->draw[i], s->feature) <= s->above) {
			uint32_t draw = g->draw[i];

			g->draw[i] = g->draw[from];
			g->draw[from++] = draw;
		}
	return from;
}

static int64_t grow(struct growing *g, uint32_t from, uint32_t to, uint32_t levels)
{
	int64_t me = wr_raw_node(&g->raw), left, right;
	struct split s = {.feature = WR_MODEL_NO_FEATURE};
	uint32_t middle;
	double w[2];

	if (me < 0)
		return me;
	share(g, from, to, w);
	if (levels && w[0] > 0 && w[1] > 0)
		s = find(g, from, to, w);
	if (s.feature == WR_MODEL_NO_FEATURE) {
		g->raw.node[me].feature = WR_RAW_LEAF;
		g->raw.node[me].value = w[1] / (w[0] + w[1]) / g->conf->trees;
		return me;
	}
	middle = part(g, from, to, &s);
	left = grow(g, from, middle, levels - 1);
	right = left < 0 ? left : grow(g, middle, to, levels - 1);
	if (right < 0)
		return right;
	g->raw.node[me].feature = (int)s.feature;
	g->raw.node[me].above = s.above;
	g->raw.node[me].left = (uint32_t)left;
	g->raw.node[me].right = (uint32_t)right;
	return me;
}

/* ---- all of them ---- */

static int grow_all(struct growing *g)
{
	const uint32_t *n = g->s->n;

	for (uint32_t t = 0; t < g->conf->trees; t++) {
		int64_t root;
		int ret;

		for (uint32_t i = 0; i < n[0] + n[1]; i++) {
			uint32_t at = below(&g->chance, n[0] + n[1]);

			g->draw[i] = at < n[0] ? at << 1 : (at - n[0]) << 1 | 1;
		}
		root = grow(g, 0, n[0] + n[1], g->conf->levels);
		ret = root < 0 ? (int)root : wr_raw_tree(&g->raw, (uint32_t)root);
		if (ret)
			return ret;
	}
	return 0;
}

int wr_train(struct wr_model **out, const struct wr_train_set *s, const struct wr_train_conf *conf,
	     struct wr_err *err)
{
	struct growing *g;
	int ret;

	*out = NULL;
	if (!s->n[0] || !s->n[1])
		return wr_fail(err, EINVAL, "%s to learn from",
			       s->n[0] ? "no packets of attacks" : "no usual packets");
	g = calloc(1, sizeof(*g));
	if (!g)
		return wr_fail(err, ENOMEM, "out of memory");
	g->s = s;
	g->conf = conf;
	g->chance = conf->seed;
	g->weight[0] = 1.0 / s->n[0];
	g->weight[1] = 1.0 / s->n[1];
	g->raw = (struct wr_raw){.name = "the model", .form = "weir", .err = err};
	for (uint32_t f = 0; f < WR_MODEL_FEATURE_COUNT; f++)
		if (conf->features >> f & 1)
			g->feature[g->n_features++] = f;
	ret = g->n_features ? grow_all(g) : wr_fail(err, EINVAL, "no feature to ask about");
	if (!ret)
		ret = wr_raw_make(out, &g->raw);
	wr_raw_free(&g->raw);
	free(g);
	return ret;
}

uint32_t wr_train_over(const struct wr_model *m, const struct wr_train_set *s, bool attack,
		       uint32_t permille)
{
	uint32_t least = wr_model_least(m, permille), over = 0;

	for (uint32_t i = 0; i < s->n[attack]; i++)
		over += wr_model_walk(m, &s->row[attack][i]) >= least;
	return over;
}
