/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_INDEX_H
#define WR_FLOW_INDEX_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"

/*
 * From a key's hash to the number of a row: open addressing, linear probing, at most half full, no
 * tombstones. The keys stay in the rows. A cell has 32 bits: the row's number + 1 (0 = empty), how
 * far the cell is from its home, and what is left of them for the top bits of the hash, so that a
 * row is touched only when it is very likely the right one.
 */

enum { WR_INDEX_FAR = 7 /* so far from home or farther: how far is told by the row's hash */ };

struct wr_index {
	uint32_t *cells; /* owned */
	uint32_t mask;	 /* of a home, and of a row's number in a cell */
	uint32_t bits;	 /* in mask */
};

/* The hash of a row's key. */
typedef uint32_t (*wr_index_hash_fn)(const void *ctx, uint32_t row);
typedef bool (*wr_index_same_fn)(const void *ctx, uint32_t row, const void *key);

/* Functions that only prefetch must be inlined: gcc takes them for pure and drops calls of them. */
#define WR_ASK static inline __attribute__((always_inline))

/* Room for `rows` rows (at most 2^28). 0 or -ENOMEM. */
static inline int wr_index_open(struct wr_index *x, uint32_t rows)
{
	x->bits = 4;
	while (1u << x->bits < 2 * (uint64_t)rows)
		x->bits++;
	x->mask = (1u << x->bits) - 1;
	x->cells = wr_mem_map((x->mask + (size_t)1) * sizeof(*x->cells));
	return x->cells ? 0 : -ENOMEM;
}

static inline void wr_index_close(struct wr_index *x)
{
	wr_mem_unmap(x->cells, (x->mask + (size_t)1) * sizeof(*x->cells));
	x->cells = NULL;
}

static inline void wr_index_clear(struct wr_index *x)
{
	memset(x->cells, 0, (x->mask + (size_t)1) * sizeof(*x->cells));
}

/* A cell that will be needed soon comes nearer. */
WR_ASK void wr_index_ask(const struct wr_index *x, uint32_t tag)
{
	__builtin_prefetch(&x->cells[tag & x->mask], 1);
}

/* The row that is most likely the one, UINT32_MAX: none. */
static inline uint32_t wr_index_guess(const struct wr_index *x, uint32_t tag)
{
	return (x->cells[tag & x->mask] & x->mask) - 1;
}

/* All of a cell but the row. */
static inline uint32_t wr_index_look(const struct wr_index *x, uint32_t tag, uint32_t away)
{
	uint32_t low = (uint32_t)(((uint64_t)WR_INDEX_FAR + 1) << x->bits) - 1;

	return (tag & ~low) | (away < WR_INDEX_FAR ? away : WR_INDEX_FAR) << x->bits;
}

/* UINT32_MAX: the key is not there. */
WR_ASK uint32_t wr_index_find(const struct wr_index *x, uint32_t tag, wr_index_same_fn same,
			      const void *ctx, const void *key)
{
	uint32_t away, cell;

	for (away = 0; (cell = x->cells[(tag + away) & x->mask]); away++)
		if (!((cell ^ wr_index_look(x, tag, away)) & ~x->mask) &&
		    same(ctx, (cell & x->mask) - 1, key))
			return (cell & x->mask) - 1;
	return UINT32_MAX;
}

/* The key must not be there yet. */
static inline void wr_index_put(struct wr_index *x, uint32_t tag, uint32_t row)
{
	uint32_t away = 0;

	while (x->cells[(tag + away) & x->mask])
		away++;
	x->cells[(tag + away) & x->mask] = wr_index_look(x, tag, away) | (row + 1);
}

/* The cell of a row. */
static inline uint32_t wr_index_cell(const struct wr_index *x, uint32_t tag, uint32_t row)
{
	uint32_t i = tag & x->mask;

	while ((x->cells[i] & x->mask) != row + 1)
		i = (i + 1) & x->mask;
	return i;
}

/* The key's row has got another number. */
static inline void wr_index_move(struct wr_index *x, uint32_t tag, uint32_t from, uint32_t to)
{
	uint32_t i = wr_index_cell(x, tag, from);

	x->cells[i] = (x->cells[i] & ~x->mask) | (to + 1);
}

/* The key must be there. What stands behind it moves up, so that no probe ends too early. */
WR_ASK void wr_index_drop(struct wr_index *x, uint32_t tag, uint32_t row, wr_index_hash_fn hash,
			  const void *ctx)
{
	const uint32_t far = (uint32_t)WR_INDEX_FAR << x->bits;
	uint32_t hole = wr_index_cell(x, tag, row), i, away, gap, cell;

	for (i = (hole + 1) & x->mask; (cell = x->cells[i]); i = (i + 1) & x->mask) {
		away = (cell & far) >> x->bits;
		if (away == WR_INDEX_FAR)
			away = (i - hash(ctx, (cell & x->mask) - 1)) & x->mask;
		gap = (i - hole) & x->mask;
		/* A cell may move to the hole when its home is not between the two. */
		if (away < gap)
			continue;
		away -= gap;
		x->cells[hole] = (cell & ~far) | (away < WR_INDEX_FAR ? away : WR_INDEX_FAR)
							 << x->bits;
		hole = i;
	}
	x->cells[hole] = 0;
}

/*
 * The hash: products of 64-bit words folded to 64 bits, as in Wang Yi's wyhash. Strangers choose
 * the keys, so the words are mixed with a secret that is new in every table: without it nobody can
 * prepare keys that collide.
 */
struct wr_hash_secret {
	uint64_t word[6];
};

static inline void wr_hash_secret_make(struct wr_hash_secret *s)
{
	size_t i;

	if (getrandom(s, sizeof(*s), GRND_NONBLOCK) != (ssize_t)sizeof(*s))
		for (i = 0; i < 6; i++)
			s->word[i] =
				((uint64_t)time(NULL) + i) * 0x9e3779b97f4a7c15u ^ (uintptr_t)s;
	s->word[5] |= 1;
}

static inline uint64_t wr_hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint64_t wr_hash_word(const void *key, int i)
{
	uint64_t w;

	memcpy(&w, (const uint8_t *)key + 8 * i, 8);
	return w;
}

/* Where a field of n bytes at byte `at` of a word belongs: keys are made in registers, since
 * reading as words what was just written as bytes stalls the processor. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WR_FIELD(v, at, n) ((uint64_t)(v) << 8 * (at))
#else
#define WR_FIELD(v, at, n) ((uint64_t)(v) << 8 * (8 - (at) - (n)))
#endif

/* words is a constant: 3 or 5 */
static inline uint32_t wr_hash_words(const struct wr_hash_secret *s, const void *key, int words)
{
	uint64_t h =
		wr_hash_fold(wr_hash_word(key, 0) ^ s->word[0], wr_hash_word(key, 1) ^ s->word[1]);

	if (words > 3)
		h ^= wr_hash_fold(wr_hash_word(key, 2) ^ s->word[2],
				  wr_hash_word(key, 3) ^ s->word[3]);
	h = wr_hash_fold(h ^ s->word[4], wr_hash_word(key, words - 1) ^ s->word[5]);
	return (uint32_t)(h ^ h >> 32);
}

static inline bool wr_same_words(const void *a, const void *b, int words)
{
	uint64_t differ = (wr_hash_word(a, 0) ^ wr_hash_word(b, 0)) |
			  (wr_hash_word(a, 1) ^ wr_hash_word(b, 1)) |
			  (wr_hash_word(a, 2) ^ wr_hash_word(b, 2));

	if (words > 3)
		differ |= (wr_hash_word(a, 3) ^ wr_hash_word(b, 3)) |
			  (wr_hash_word(a, 4) ^ wr_hash_word(b, 4));
	return !differ;
}

#endif
