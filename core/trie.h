/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_TRIE_H
#define WR_CORE_TRIE_H

#include "core/image.h"
#include "core/window.h"

/*
 * From a key to a value, where values change at a few boundaries: prefixes, ranges of ports. Keys
 * are 128 bits from the left: IPv6 addresses; of IPv4 addresses and services the first 32.
 *
 * It lies in an image: lines of 64 bytes that refer to each other by number, so that it can be
 * copied into a map and read there, by the same code on the host. A node looks at the next bits
 * that differ at all (path compression) and at as many of them as there are boundaries to tell
 * apart (level compression; Nilsson, Karlsson, IP-Address Lookup Using LC-Tries, 1999); where few
 * are left they stand in one line. A key takes three lines as a rule, however many boundaries there
 * are. In front of a million of them lies a gate: a bitmap of where there are any at all.
 */

/* How a line is found: in the kernel in a map, on the host in an array. */
#ifdef __bpf__
typedef __u32 wr_image; /* the line where it begins */
static __attribute__((always_inline)) const struct wr_line *wr_line_at(wr_image image, __u32 n);
#else
typedef const struct wr_image_mem {
	struct wr_line *at;
	__u32 n;
} * wr_image;

static inline struct wr_line *wr_line_at(wr_image image, __u32 n)
{
	return n < image->n ? image->at + n : 0;
}
#endif

/* 1 when key >= from, without a branch: what comes next cannot be foretold. */
wr_inline __u32 wr_reaches4(__u32 key, __u32 from)
{
	return 1 - (__u32)(((__u64)key - from) >> 63);
}

wr_inline __u32 wr_trie_few4(const struct wr_line *line, __u32 key)
{
	const struct wr_trie_few4 *f = (const void *)line;
	__u32 n = wr_reaches4(key, f->key[0]) + wr_reaches4(key, f->key[1]) +
		  wr_reaches4(key, f->key[2]) + wr_reaches4(key, f->key[3]) +
		  wr_reaches4(key, f->key[4]) + wr_reaches4(key, f->key[5]) +
		  wr_reaches4(key, f->key[6]);

	return f->value[n & WR_FEW4];
}

/* 1 when a < b (Hacker's Delight, 2-12). */
wr_inline __u64 wr_below(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

wr_inline __u32 wr_reaches6(__u64 hi, __u64 lo, __u64 from_hi, __u64 from_lo)
{
	__u64 differ = hi ^ from_hi;

	return (__u32)(1 - (wr_below(hi, from_hi) |
			    ((1 - ((differ | (0 - differ)) >> 63)) & wr_below(lo, from_lo))));
}

wr_inline __u32 wr_trie_few6(const struct wr_line *line, __u64 hi, __u64 lo)
{
	const struct wr_trie_few6 *f = (const void *)line;
	__u32 n = wr_reaches6(hi, lo, f->key[0].hi, f->key[0].lo) +
		  wr_reaches6(hi, lo, f->key[1].hi, f->key[1].lo) +
		  wr_reaches6(hi, lo, f->key[2].hi, f->key[2].lo);

	return f->value[n & WR_FEW6];
}

/* Do both begin with the same n bits, 1 to 127? */
wr_inline int wr_same_bits(__u64 hi, __u64 lo, __u64 hi2, __u64 lo2, __u32 n)
{
	if (n <= 64)
		return !((hi ^ hi2) >> (64 - n));
	return hi == hi2 && !((lo ^ lo2) >> (128 - n));
}

/* The bits of a key from `skip` on, the first of them highest. */
wr_inline __u64 wr_bits_from(__u64 hi, __u64 lo, __u32 skip)
{
	if (!skip)
		return hi;
	return skip < 64 ? hi << skip | lo >> (64 - skip) : lo << (skip - 64);
}

wr_inline __u32 wr_trie_step(wr_image image, const struct wr_line *line, __u64 hi, __u64 lo)
{
	const struct wr_trie_node *n = (const void *)line;
	__u32 skip = n->skip & 127, bits = n->bits & 31;
	__u64 at;

	if (skip && !wr_same_bits(hi, lo, n->hi, n->lo, skip))
		return wr_reaches6(hi, lo, n->hi, n->lo) ? n->above : n->below;
	at = wr_bits_from(hi, lo, skip) >> (64 - bits);
	line = wr_line_at(image, n->table + (__u32)(at >> 4));
	if (!line)
		return 0;
	wr_keep(line); /* or the offset is added before it is known that there is a line */
	return ((const __u32 *)line)[at & 15];
}

/* What stands behind the gate, or its value. */
wr_inline __u32 wr_trie_gate(wr_image image, __u32 ref, __u64 hi, __u64 lo)
{
	const struct wr_line *line = wr_line_at(image, ref & WR_REF_MASK);
	const struct wr_trie_gate *g = (const void *)line;
	__u32 skip, value;
	__u64 at;

	if (!line)
		return 0;
	ref = g->below;
	skip = g->skip & 127;
	if (skip && !wr_same_bits(hi, lo, g->hi, g->lo, skip))
		return ref;
	at = wr_bits_from(hi, lo, skip) >> (64 - (g->bits & 31));
	value = g->value;
	line = wr_line_at(image, g->map + (__u32)(at >> 9));
	if (!line)
		return 0;
	wr_keep(line); /* as above */
	return line->word[at >> 6 & 7] >> (at & 63) & 1 ? ref : value;
}

/* The value of a key. 0 also when the image is broken. six: keys have 128 bits. */
wr_inline __u32 wr_trie_find(wr_image image, __u32 ref, __u64 hi, __u64 lo, int six)
{
	const struct wr_line *line;
	__u32 turn;

	if (ref >> WR_REF_BITS == WR_REF_GATE)
		ref = wr_trie_gate(image, ref, hi, lo);
	for (turn = 0; turn < WR_TRIE_DEPTH && ref >> WR_REF_BITS == WR_REF_NODE; turn++) {
		line = wr_line_at(image, ref & WR_REF_MASK);
		if (!line)
			return 0;
		ref = wr_trie_step(image, line, hi, lo);
	}
	if (ref >> WR_REF_BITS != WR_REF_FEW)
		return ref >> WR_REF_BITS == WR_REF_VALUE ? ref : 0;
	line = wr_line_at(image, ref & WR_REF_MASK);
	if (!line)
		return 0;
	return six ? wr_trie_few6(line, hi, lo) : wr_trie_few4(line, (__u32)(hi >> 32));
}

#endif
