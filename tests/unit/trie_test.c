/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries of random and of awkward boundaries against a search in the list of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"
#include "tests/tap.h"

static uint64_t state = 88172645463325252ull;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static int by_key(const void *a, const void *b)
{
	const struct wr_step *x = a, *y = b;

	if (x->hi != y->hi)
		return x->hi < y->hi ? -1 : 1;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static uint32_t search(const struct wr_step *s, size_t n, uint64_t hi, uint64_t lo)
{
	size_t from = 0, to = n;

	while (to - from > 1) {
		size_t mid = from + (to - from) / 2;

		if (wr_reaches6(hi, lo, s[mid].hi, s[mid].lo))
			from = mid;
		else
			to = mid;
	}
	return s[from].value;
}

/* How the boundaries lie. */
enum shape { SPREAD, CLUSTER, CHAIN, NEIGHBOURS, SHAPES };
static const char *const shapes[] = {"spread", "clustered", "each in half of the rest",
				     "neighbours"};

static void key_of(enum shape shape, size_t i, bool six, struct wr_step *s)
{
	uint64_t hi = rnd(), lo = rnd();

	if (shape == CLUSTER) {
		hi = (hi & 0xffffff) | 0x20010db8ull << 32;
	} else if (shape == CHAIN) {
		uint32_t bit = (uint32_t)(i % (six ? 128 : 32));

		hi = bit < 64 ? 1ull << (63 - bit) : 0;
		lo = bit < 64 ? 0 : 1ull << (127 - bit);
		if (i >= 128)
			hi |= rnd() & 0xff00000000ull;
	} else if (shape == NEIGHBOURS) {
		hi = 0xc000020000000000ull;
		lo = i;
		if (!six)
			hi |= (uint64_t)i << 32;
	}
	*s = (struct wr_step){.hi = six ? hi : hi & ~0xffffffffull, .lo = six ? lo : 0};
}

static size_t make(struct wr_step *s, size_t n, enum shape shape, bool six)
{
	size_t kept = 1;

	for (size_t i = 1; i < n; i++)
		key_of(shape, i, six, &s[i]);
	s[0] = (struct wr_step){0};
	qsort(s, n, sizeof(*s), by_key);
	for (size_t i = 1; i < n; i++)
		if (by_key(&s[i], &s[kept - 1]))
			s[kept++] = s[i];
	for (size_t i = 0; i < kept; i++)
		s[i].value = (uint32_t)(rnd() & WR_REF_MASK);
	return kept;
}

/* The value at a key, on both sides of boundaries and anywhere. */
static size_t wrong(struct wr_image_build *b, uint32_t root, const struct wr_step *s, size_t n,
		    bool six)
{
	size_t bad = 0;

	for (size_t i = 0; i < 4 * n + 1000; i++) {
		const struct wr_step *at = &s[rnd() % n];
		uint64_t hi = at->hi, lo = at->lo;
		uint64_t kind = rnd() & 7;

		if (kind == 0)
			hi = rnd(), lo = rnd();
		else if (kind <= 2 && six)
			hi -= !lo--;
		else if (kind <= 2)
			hi -= 1ull << 32;
		else if (kind == 3)
			lo ^= 1ull << (rnd() & 63);
		else if (kind == 4)
			hi ^= 1ull << (rnd() & 63);
		if (!six)
			hi &= ~0xffffffffull, lo = 0;
		bad += wr_trie_find(&b->mem, root, hi, lo, six) != search(s, n, hi, lo);
	}
	return bad;
}

/* Single keys and short prefixes, all else of one value: there a gate spares the way. within: bits
 * that all keys begin with. */
static size_t make_sparse(struct wr_step *s, size_t n, uint32_t within, bool six)
{
	size_t kept = 1, used = 1;

	s[0] = (struct wr_step){0};
	for (size_t i = 1; i < n / 2; i++) {
		s[i] = (struct wr_step){.hi = rnd(), .lo = six ? rnd() : 0, .value = 1 + rnd() % 9};
		if (within)
			s[i].hi = 0x2a0c000000000000ull | s[i].hi >> within;
		if (!six)
			s[i].hi &= ~0xffffffffull;
		if (i < 4) /* some that are wide */
			s[i].hi = s[i].hi >> 44 << 44, s[i].lo = 0;
	}
	qsort(s, n / 2, sizeof(*s), by_key);
	for (size_t i = 1; i < n / 2; i++)
		if (by_key(&s[i], &s[kept - 1]))
			s[kept++] = s[i];
	memmove(s + n - kept, s, kept * sizeof(*s));
	for (size_t i = n - kept + 1; i < n; i++) { /* and where each ends */
		struct wr_step from = s[i], end = {.hi = from.hi, .lo = from.lo};

		if (six && from.lo)
			end.hi += !++end.lo;
		else
			end.hi += !six && from.hi << 20 ? 1ull << 32 : 1ull << 44;
		s[used++] = from;
		if (i + 1 == n || by_key(&end, &s[i + 1]) < 0)
			s[used++] = end;
	}
	return used;
}

static void test_gate(void)
{
	static struct wr_step steps[60000];

	for (int six = 0; six < 2; six++)
		for (uint32_t within = 0; within <= 8; within += 8) {
			struct wr_image_build b = {.most = 1 << 22};
			size_t n = make_sparse(steps, 60000, within, six);
			uint32_t root = wr_trie_build(&b, steps, n, six), lines = b.mem.n;

			is_int(root >> WR_REF_BITS, WR_REF_GATE, "IPv%d: a gate", six ? 6 : 4);
			is_int((long long)wrong(&b, root, steps, n, six), 0,
			       "IPv%d, keys begin with %u bits: as a search in the list says",
			       six ? 6 : 4, within);
			wr_image_free(&b);
			b.most = lines - 1;
			root = wr_trie_build(&b, steps, n, six);
			is_int(root >> WR_REF_BITS, WR_REF_NODE,
			       "IPv%d: no gate where there is no room for it", six ? 6 : 4);
			is_int(b.full, 0, "and that is no failure");
			is_int((long long)wrong(&b, root, steps, n, six), 0,
			       "as the list says without it, too");
			wr_image_free(&b);
		}
}

int main(void)
{
	static const size_t sizes[] = {1, 2, 4, 5, 8, 9, 60, 1000, 60000};
	static struct wr_step steps[60000];

	for (int six = 0; six < 2; six++)
		for (enum shape shape = 0; shape < SHAPES; shape++) {
			size_t bad = 0, lines = 0;

			for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
				struct wr_image_build b = {.most = 1 << 22};
				size_t n = make(steps, sizes[k], shape, six);
				uint32_t root = wr_trie_build(&b, steps, n, six);

				bad += b.full + wrong(&b, root, steps, n, six);
				lines = b.mem.n;
				wr_image_free(&b);
			}
			is_int((long long)bad, 0, "IPv%d, %s: as a search in the list says",
			       six ? 6 : 4, shapes[shape]);
			note("%zu lines for the last", lines);
		}
	test_gate();
	struct wr_image_build small = {.most = 20};
	size_t n = make(steps, 1000, SPREAD, true);

	wr_trie_build(&small, steps, n, true);
	ok(small.full, "where there is no room, it is said");
	wr_image_free(&small);
	return done();
}
