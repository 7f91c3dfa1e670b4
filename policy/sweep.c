/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From ranges of keys to a trie of vectors: a line is swept over all keys; where a range begins or
 * ends, the set of groups that are open changes, and with it which terms match. Few sets occur,
 * however many ranges there are, so what terms match is asked once for each set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
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

static bool before(const struct edge *x, const struct edge *y)
{
	return x->hi != y->hi ? x->hi < y->hi : x->lo < y->lo;
}

static bool same_key(const struct edge *x, const struct edge *y)
{
	return x->hi == y->hi && x->lo == y->lo;
}

/* ---- all edges in rising order ---- */

/*
 * Those of a group are in order already; the groups are merged. The edge that comes next of each
 * lies in a heap. As long as one group goes on below all others' next, as a million prefixes in
 * front of a few rules do, that costs a comparison or two each.
 */
struct merge {
	const struct wr_group *group;
	struct edge *heap; /* the least of all at 1 */
	size_t *range;	   /* by group: where its edge in the heap is from */
	uint32_t n;
};

/* The edge of a range, or the one behind it. A range to the end of all keys has no end. */
static bool next_edge(struct merge *m, struct edge *e)
{
	const struct wr_group *g = &m->group[e->group];
	const struct wr_range *r = &g->range[m->range[e->group]];

	if (e->begins) {
		*e = (struct edge){r->to_hi, r->to_lo, e->group, false};
		return r->to_hi || r->to_lo;
	}
	if (++m->range[e->group] == g->n)
		return false;
	*e = (struct edge){r[1].from_hi, r[1].from_lo, e->group, true};
	return true;
}

static void sink(struct merge *m, uint32_t at)
{
	struct edge e = m->heap[at];

	for (uint32_t down = 2 * at; down <= m->n; at = down, down *= 2) {
		down += down < m->n && before(&m->heap[down + 1], &m->heap[down]);
		if (!before(&m->heap[down], &e))
			break;
		m->heap[at] = m->heap[down];
	}
	m->heap[at] = e;
}

static void merge_begin(struct merge *m, uint32_t groups)
{
	for (uint32_t g = 0; g < groups; g++)
		if (m->group[g].n)
			m->heap[++m->n] = (struct edge){m->group[g].range[0].from_hi,
							m->group[g].range[0].from_lo, g, true};
	for (uint32_t i = m->n / 2; i; i--)
		sink(m, i);
}

static void merge_next(struct merge *m)
{
	if (!next_edge(m, &m->heap[1]))
		m->heap[1] = m->heap[m->n--];
	if (m->n)
		sink(m, 1);
}

/* ---- which terms match ---- */

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

static int64_t steps_of(struct sweep *s, struct wr_step *step, struct merge *m)
{
	int64_t v = vector_now(s), kept = 1;

	if (v < 0)
		return v;
	step[0] = (struct wr_step){.value = (uint32_t)v};
	while (m->n) {
		struct edge at = m->heap[1];

		while (m->n && same_key(&at, &m->heap[1])) {
			turn(s, &m->heap[1]);
			merge_next(m);
		}
		v = vector_now(s);
		if (v < 0)
			return v;
		if (!at.hi && !at.lo)
			step[0].value = (uint32_t)v;
		else if (step[kept - 1].value != (uint32_t)v)
			step[kept++] = (struct wr_step){at.hi, at.lo, (uint32_t)v};
	}
	return kept;
}

int wr_sweep(struct wr_image_build *b, struct wr_vectors *v, const struct wr_group *group,
	     uint32_t groups, const struct wr_wants *wants, bool six, uint32_t *ref)
{
	struct sweep s = {.wants = wants, .vectors = v};
	struct merge m = {.group = group};
	size_t ranges = 0;
	struct wr_step *step;
	int64_t kept = -ENOMEM;

	for (uint32_t g = 0; g < groups; g++)
		ranges += group[g].n;
	s.open = calloc(groups + 1, sizeof(*s.open));
	s.word = calloc(v->words + 1, sizeof(*s.word));
	m.heap = malloc((groups + 1) * sizeof(*m.heap));
	m.range = calloc(groups + 1, sizeof(*m.range));
	step = wr_mem_more(NULL, (2 * ranges + 1) * sizeof(*step));
	if (s.open && s.word && m.heap && m.range && step) {
		merge_begin(&m, groups);
		kept = steps_of(&s, step, &m);
	}
	if (kept > 0)
		*ref = wr_trie_build(b, step, (size_t)kept, six);
	free(s.open);
	free(s.word);
	free(s.known);
	free(m.heap);
	free(m.range);
	free(step);
	return kept < 0 ? (int)kept : b->full ? -ENOSPC : 0;
}
