/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From ranges of keys to a trie of vectors: a line is swept over all keys; where a range begins or
 * ends, the set of groups that are open changes, and with it which terms match. Few sets occur,
 * however many ranges there are, so what terms match is asked once for each set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"

struct edge {
	uint64_t hi, lo;
	uint32_t group;
	bool begins;
};

/* A set of groups, by a sum of numbers that stand for each. */
struct known {
	uint64_t sum[2]; /* 0, 0 is the empty set */
	uint32_t vector;
	bool used;
};

struct sweep {
	const struct wr_wants *wants;
	struct wr_vectors *vectors;
	bool *open;	     /* by group */
	uint64_t *word;	     /* of a vector in the making */
	struct known *known; /* open addressing, a power of two */
	uint32_t n_known, room;
	uint64_t sum[2];
};

static int by_key(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static bool sorted(const struct edge *e, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_key(&e[i - 1], &e[i]) > 0)
			return false;
	return true;
}

static size_t list_edges(struct edge *e, const struct wr_group *group, uint32_t groups)
{
	size_t n = 0;

	for (uint32_t g = 0; g < groups; g++)
		for (size_t i = 0; i < group[g].n; i++) {
			const struct wr_range *r = &group[g].range[i];

			e[n++] = (struct edge){r->from_hi, r->from_lo, g, true};
			if (r->to_hi || r->to_lo)
				e[n++] = (struct edge){r->to_hi, r->to_lo, g, false};
		}
	return n;
}

static bool wanted(const struct sweep *s, uint32_t term)
{
	uint32_t from = s->wants->first[term], to = s->wants->first[term + 1];

	if (from == to)
		return true;
	for (uint32_t i = from; i < to; i++)
		if (s->open[s->wants->group[i]])
			return !s->wants->not_[term];
	return s->wants->not_[term];
}

static int64_t make_vector(struct sweep *s)
{
	memset(s->word, 0, s->vectors->words * sizeof(*s->word));
	for (uint32_t t = 0; t < s->wants->terms; t++)
		s->word[t / 64] |= (uint64_t)wanted(s, t) << (t % 64);
	return wr_vector_of(s->vectors, s->word);
}

static struct known *find_known(struct sweep *s)
{
	uint32_t at = (uint32_t)(s->sum[0] & (s->room - 1));

	while (s->known[at].used && memcmp(s->known[at].sum, s->sum, sizeof(s->sum)))
		at = (at + 1) & (s->room - 1);
	return &s->known[at];
}

static int more_known(struct sweep *s)
{
	struct sweep big = *s;

	big.room = s->room ? s->room * 2 : 64;
	big.known = calloc(big.room, sizeof(*big.known));
	if (!big.known)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->room; i++)
		if (s->known[i].used) {
			memcpy(big.sum, s->known[i].sum, sizeof(big.sum));
			*find_known(&big) = s->known[i];
		}
	free(s->known);
	s->known = big.known;
	s->room = big.room;
	return 0;
}

/* The vector of the groups that are open. */
static int64_t vector_now(struct sweep *s)
{
	struct known *k;
	int64_t v;

	if (s->n_known * 2 >= s->room && more_known(s))
		return -ENOMEM;
	k = find_known(s);
	if (k->used)
		return k->vector;
	v = make_vector(s);
	if (v < 0)
		return v;
	memcpy(k->sum, s->sum, sizeof(k->sum));
	k->vector = (uint32_t)v;
	k->used = true;
	s->n_known++;
	return v;
}

static void turn(struct sweep *s, const struct edge *e)
{
	uint64_t a = wr_mix(e->group + 1), b = wr_mix(a ^ 0x9e3779b97f4a7c15ull);

	s->open[e->group] = e->begins;
	s->sum[0] += e->begins ? a : -a;
	s->sum[1] += e->begins ? b : -b;
}

static int64_t steps_of(struct sweep *s, struct wr_step *step, const struct edge *e, size_t n)
{
	int64_t v = vector_now(s), kept = 1;

	if (v < 0)
		return v;
	step[0] = (struct wr_step){.value = (uint32_t)v};
	for (size_t i = 0; i < n;) {
		const struct edge *at = &e[i];

		while (i < n && !by_key(at, &e[i]))
			turn(s, &e[i++]);
		v = vector_now(s);
		if (v < 0)
			return v;
		if (!at->hi && !at->lo)
			step[0].value = (uint32_t)v;
		else if (step[kept - 1].value != (uint32_t)v)
			step[kept++] = (struct wr_step){at->hi, at->lo, (uint32_t)v};
	}
	return kept;
}

int wr_sweep(struct wr_image_build *b, struct wr_vectors *v, const struct wr_group *group,
	     uint32_t groups, const struct wr_wants *wants, bool six, uint32_t *ref)
{
	struct sweep s = {.wants = wants, .vectors = v};
	size_t ranges = 0, n;
	struct wr_step *step;
	struct edge *edge;
	int64_t kept = -ENOMEM;

	for (uint32_t g = 0; g < groups; g++)
		ranges += group[g].n;
	s.open = calloc(groups + 1, sizeof(*s.open));
	s.word = calloc(v->words + 1, sizeof(*s.word));
	edge = malloc((2 * ranges + 1) * sizeof(*edge));
	step = malloc((2 * ranges + 1) * sizeof(*step));
	if (s.open && s.word && edge && step) {
		n = list_edges(edge, group, groups);
		if (!sorted(edge, n))
			qsort(edge, n, sizeof(*edge), by_key);
		kept = steps_of(&s, step, edge, n);
	}
	if (kept > 0)
		*ref = wr_trie_build(b, step, (size_t)kept, six);
	free(s.open);
	free(s.word);
	free(s.known);
	free(edge);
	free(step);
	return kept < 0 ? (int)kept : b->full ? -ENOSPC : 0;
}
