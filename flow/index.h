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
 * tombstones. The keys stay in the rows; a cell holds 32 bits of the hash, so that a row is touched
 * only when it is very likely the right one.
 */

struct wr_index_cell {
	uint32_t tag; /* low bits of the hash; its home is tag & mask */
	uint32_t row; /* row number + 1; 0 = empty */
};

struct wr_index {
	struct wr_index_cell *cells; /* owned */
	uint32_t mask;
};

/* Room for `rows` rows (at most 2^30). 0 or -ENOMEM. */
static inline int wr_index_open(struct wr_index *x, uint32_t rows)
{
	uint32_t cells = 16;

	while (cells < 2 * (uint64_t)rows)
		cells *= 2;
	x->cells = wr_mem_map(cells * sizeof(*x->cells));
	x->mask = cells - 1;
	return x->cells ? 0 : -ENOMEM;
}

static inline void wr_index_close(struct wr_index *x)
{
	wr_mem_unmap(x->cells, (x->mask + (size_t)1) * sizeof(*x->cells));
	x->cells = NULL;
}

/* Functions that only prefetch must be inlined: gcc takes them for pure and drops calls of them. */
#define WR_ASK static inline __attribute__((always_inline))

/* A cell that will be needed soon comes nearer. */
WR_ASK void wr_index_ask(const struct wr_index *x, uint32_t tag)
{
	__builtin_prefetch(&x->cells[tag & x->mask], 1);
}

/* The key must not be there yet. */
static inline void wr_index_put(struct wr_index *x, uint32_t tag, uint32_t row)
{
	uint32_t i = tag & x->mask;

	while (x->cells[i].row)
		i = (i + 1) & x->mask;
	x->cells[i].tag = tag;
	x->cells[i].row = row + 1;
}

/* The key's row has got another number. */
static inline void wr_index_move(struct wr_index *x, uint32_t tag, uint32_t from, uint32_t to)
{
	uint32_t i = tag & x->mask;

	while (x->cells[i].row != from + 1)
		i = (i + 1) & x->mask;
	x->cells[i].row = to + 1;
}

/* The key must be there. What stands behind it moves up, so that no probe ends too early. */
static inline void wr_index_drop(struct wr_index *x, uint32_t tag, uint32_t row)
{
	uint32_t hole = tag & x->mask, i;

	while (x->cells[hole].row != row + 1)
		hole = (hole + 1) & x->mask;
	for (i = (hole + 1) & x->mask; x->cells[i].row; i = (i + 1) & x->mask) {
		/* A cell may move to the hole when its home is not between the two. */
		if (((i - x->cells[i].tag) & x->mask) < ((i - hole) & x->mask))
			continue;
		x->cells[hole] = x->cells[i];
		hole = i;
	}
	x->cells[hole].row = 0;
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
