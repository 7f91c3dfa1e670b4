/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "policy/image.h"

enum { FIRST = 1 };

/*
 * Pages of the kernel are zeros already, and those that are not used cost nothing: of an image for
 * a million IPv6 prefixes, clearing took a quarter of the time.
 */
static struct wr_line *more_lines(struct wr_line *old, uint32_t had, uint32_t room)
{
	size_t bytes = (size_t)room * sizeof(*old);
	void *at;

	if (old)
		at = mremap(old, (size_t)had * sizeof(*old), bytes, MREMAP_MAYMOVE);
	else
		at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	wr_mem_hint(at, bytes);
	return at;
}

uint32_t wr_image_lines(struct wr_image_build *b, uint32_t n)
{
	uint32_t at = b->mem.n ? b->mem.n : FIRST, want = at + n;
	struct wr_line *more;

	if (b->full || want > b->most || want < at) {
		b->full = true;
		return 0;
	}
	if (want > b->room) {
		uint32_t room = b->room ? b->room : 64;

		while (room < want)
			room *= 2;
		more = more_lines(b->mem.at, b->room, room);
		if (!more) {
			b->full = true;
			return 0;
		}
		b->mem.at = more;
		b->room = room;
	}
	b->mem.n = want;
	return at;
}

void wr_image_free(struct wr_image_build *b)
{
	if (b->mem.at)
		munmap(b->mem.at, (size_t)b->room * sizeof(*b->mem.at));
	*b = (struct wr_image_build){0};
}

/* ---- the trie ---- */

static uint32_t ref(uint32_t kind, uint32_t n)
{
	return kind << WR_REF_BITS | n;
}

/* The value in front of steps[0] and those of n steps. */
static uint32_t build_few(struct wr_image_build *b, uint32_t before, const struct wr_step *step,
			  uint32_t n, bool six)
{
	uint32_t at = wr_image_lines(b, 1), most = six ? WR_FEW6 : WR_FEW4;
	struct wr_trie_few4 four = {.value[0] = before};
	struct wr_trie_few6 few = {.value[0] = before};

	if (!at)
		return 0;
	for (uint32_t i = 0; i < most; i++) {
		const struct wr_step *s = &step[i < n ? i : n - 1];

		if (six) {
			few.key[i].hi = s->hi;
			few.key[i].lo = s->lo;
			few.value[i + 1] = s->value;
		} else {
			four.key[i] = (uint32_t)(s->hi >> 32);
			four.value[i + 1] = s->value;
		}
	}
	memcpy(&b->mem.at[at], six ? (void *)&few : (void *)&four, sizeof(b->mem.at[at]));
	return ref(WR_REF_FEW, at);
}

/* How many bits all n keys, sorted, have in common. */
static uint32_t common_bits(const struct wr_step *step, size_t n)
{
	uint64_t hi = step[0].hi ^ step[n - 1].hi, lo = step[0].lo ^ step[n - 1].lo;

	if (hi)
		return (uint32_t)__builtin_clzll(hi);
	return lo ? 64 + (uint32_t)__builtin_clzll(lo) : 127;
}

/* Half to a quarter as many places as steps: of those that share one, most are few enough for a
 * line. Never less than gets through a key in WR_TRIE_DEPTH turns, whatever the steps are. */
static uint32_t table_bits(size_t n, bool six)
{
	uint32_t bits = 64 - (uint32_t)__builtin_clzll(n), less = six ? 1 : 2, least = six ? 6 : 4;

	bits = bits > less + least ? bits - less : least;
	return bits < WR_TRIE_BITS ? bits : WR_TRIE_BITS;
}

static uint32_t build(struct wr_image_build *b, uint32_t before, const struct wr_step *step,
		      size_t n, bool six);

/* Are all bits of a key from n on 0? */
static bool zero_from(const struct wr_step *s, uint32_t n)
{
	if (n < 64)
		return !(s->hi << n) && !s->lo;
	return n >= 128 || !(s->lo << (n - 64));
}

/* What stands in a place of the table: the steps from *i on whose next bits are its number. *value
 * is the one in front of it, and becomes the one behind it. */
static uint32_t build_place(struct wr_image_build *b, uint32_t *value, const struct wr_step *step,
			    size_t n, uint32_t skip, uint32_t bits, uint64_t place, size_t *i,
			    bool six)
{
	size_t from = *i, to = from;
	uint32_t before = *value;

	while (to < n && wr_bits_from(step[to].hi, step[to].lo, skip) >> (64 - bits) == place)
		to++;
	*i = to;
	if (to > from)
		*value = step[to - 1].value;
	if (to > from && zero_from(&step[from], skip + bits)) /* the first key of the place */
		before = step[from++].value;
	return build(b, before, step + from, to - from, six);
}

static uint32_t build_node(struct wr_image_build *b, uint32_t before, const struct wr_step *step,
			   size_t n, bool six)
{
	uint32_t skip = common_bits(step, n), bits = table_bits(n, six), width = six ? 128 : 32;
	uint32_t line = wr_image_lines(b, 1), table, value = before;
	struct wr_trie_node node = {.below = before, .above = step[n - 1].value};
	size_t i = 0;

	if (skip >= width) /* cannot be: they differ in one of these bits */
		skip = width - 1;
	if (skip + bits > width)
		bits = width - skip;
	if (bits < 1 || bits > WR_TRIE_BITS)
		bits = 1;
	table = wr_image_lines(b, ((1u << bits) + 15) >> 4);
	if (!line || !table)
		return 0;
	node.table = table;
	node.skip = (uint8_t)skip;
	node.bits = (uint8_t)bits;
	if (skip) {
		node.hi = skip >= 64 ? step[0].hi : step[0].hi >> (64 - skip) << (64 - skip);
		node.lo = skip > 64 ? step[0].lo >> (128 - skip) << (128 - skip) : 0;
	}
	memcpy(&b->mem.at[line], &node, sizeof(node));
	for (uint32_t place = 0; place < 1u << bits; place++) {
		uint32_t got = build_place(b, &value, step, n, skip, bits, place, &i, six);

		if (b->full)
			return 0;
		((uint32_t *)&b->mem.at[table + (place >> 4)])[place & 15] = got;
	}
	return ref(WR_REF_NODE, line);
}

static uint32_t build(struct wr_image_build *b, uint32_t before, const struct wr_step *step,
		      size_t n, bool six)
{
	if (!n)
		return before;
	if (n <= (six ? WR_FEW6 : WR_FEW4))
		return build_few(b, before, step, (uint32_t)n, six);
	return build_node(b, before, step, n, six);
}

/* ---- the gate ---- */

enum { GATE_LEAST = 1 << 15, GATE_PLACES = 3, GATE_BITS = 26, LINE_BITS = 9 };

struct gate {
	const struct wr_step *step;
	size_t n;
	uint32_t skip, bits, value;
};

/* What more than half of all keys have, where there is such a value (Boyer, Moore, MJRTY, 1981). */
static uint32_t most_have(const struct wr_step *step, size_t n)
{
	uint32_t value = 0;
	uint64_t lead = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t wide = (i + 1 < n ? step[i + 1].hi : 0) - step[i].hi;

		wide >>= 1; /* so that no sum of them is too large */
		if (step[i].value == value) {
			lead += wide;
		} else if (wide > lead) {
			value = step[i].value;
			lead = wide - lead;
		} else {
			lead -= wide;
		}
	}
	return value;
}

static uint64_t place_of(const struct gate *g, uint64_t hi, uint64_t lo)
{
	return wr_bits_from(hi, lo, g->skip) >> ((64 - g->bits) & 63);
}

/* Sets the bits of all keys that have another value; map NULL: how many there are. */
static uint64_t gate_fill(const struct gate *g, struct wr_line *map)
{
	uint64_t next = 0, count = 0;

	for (size_t i = 0; i < g->n; i++) {
		const struct wr_step *s = &g->step[i], *end = s + 1;
		uint64_t from = i ? place_of(g, s->hi, s->lo) : 0,
			 to = (1ull << (g->bits & 63)) - 1;

		/* In front of the first boundary there may be no key of this part at all. */
		if (s->value == g->value || (!i && zero_from(end, g->skip)))
			continue;
		if (i + 1 < g->n)
			to = place_of(g, end->hi - !end->lo, end->lo - 1);
		if (from < next)
			from = next;
		for (uint64_t at = from; at <= to; at++, count++)
			if (map)
				map[at >> 9].word[at >> 6 & 7] |= 1ull << (at & 63);
		if (to + 1 > next)
			next = to + 1;
	}
	return count;
}

/* In front of the trie, where it spares most keys the way through it and there is room for it. */
static uint32_t build_gate(struct wr_image_build *b, const struct wr_step *step, size_t n, bool six,
			   uint32_t below)
{
	struct gate g = {step, n, common_bits(step + 1, n - 1), 0, most_have(step, n)};
	uint32_t width = six ? 128 : 32, line, map, lines;
	struct wr_trie_gate put;

	if (g.skip > width - LINE_BITS)
		return below;
	g.bits = 64 - (uint32_t)__builtin_clzll(n) + GATE_PLACES;
	if (g.bits > GATE_BITS)
		g.bits = GATE_BITS;
	if (g.bits > width - g.skip)
		g.bits = width - g.skip;
	if (g.bits < LINE_BITS)
		return below;
	lines = 1u << (g.bits - LINE_BITS);
	if (gate_fill(&g, NULL) > 1ull << (g.bits & 63) >> 2 || b->mem.n + lines + 1 > b->most)
		return below;
	line = wr_image_lines(b, 1);
	map = wr_image_lines(b, lines);
	if (!line || !map)
		return 0;
	put = (struct wr_trie_gate){.value = g.value,
				    .below = below,
				    .map = map,
				    .skip = (uint8_t)g.skip,
				    .bits = (uint8_t)g.bits};
	if (g.skip) {
		put.hi = g.skip >= 64 ? step[1].hi : step[1].hi >> (64 - g.skip) << (64 - g.skip);
		put.lo = g.skip > 64 ? step[1].lo >> (128 - g.skip) << (128 - g.skip) : 0;
	}
	memcpy(&b->mem.at[line], &put, sizeof(put));
	gate_fill(&g, b->mem.at + map);
	return ref(WR_REF_GATE, line);
}

uint32_t wr_trie_build(struct wr_image_build *b, const struct wr_step *step, size_t n, bool six)
{
	uint32_t root = build(b, step[0].value, step + 1, n - 1, six);

	if (n < GATE_LEAST || b->full)
		return root;
	return build_gate(b, step, n, six, root);
}
