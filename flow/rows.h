/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_ROWS_H
#define WR_FLOW_ROWS_H

#include <stdint.h>
#include <string.h>

#include "flow/index.h"

/*
 * Rows that are found by a key of three words, which each row begins with. Memory is fixed; when it
 * is full the lightest of the next few rows (a hand goes round) makes room.
 */
struct wr_rows {
	uint8_t *rows;	/* owned, max * size */
	uint32_t *tags; /* owned, hash of each row's key */
	size_t size;	/* bytes of a row */
	uint32_t used, max;
	uint32_t hand, next; /* where rows are compared; which one makes room next */
	uint64_t displaced;
	struct wr_index index;
	struct wr_hash_secret secret;
};

enum { WR_ROWS_KEY_WORDS = 3, WR_ROWS_LOOK = 8 /* rows that are compared when one must go */ };

/* Every row that is light goes sooner; one of UINT64_MAX stays as long as there is another. */
typedef uint64_t (*wr_rows_weigh_fn)(const void *ctx, const void *row);
typedef void (*wr_rows_gone_fn)(void *ctx, const void *row);

static inline void wr_rows_close(struct wr_rows *r)
{
	wr_mem_unmap(r->rows, r->max * r->size);
	wr_mem_unmap(r->tags, r->max * sizeof(*r->tags));
	wr_index_close(&r->index);
	r->rows = NULL;
	r->tags = NULL;
}

/* 0 or -ENOMEM. */
static inline int wr_rows_open(struct wr_rows *r, size_t size, uint32_t max)
{
	memset(r, 0, sizeof(*r));
	r->size = size;
	r->max = max;
	wr_hash_secret_make(&r->secret);
	r->rows = wr_mem_map(max * size);
	r->tags = wr_mem_map(max * sizeof(*r->tags));
	if (r->rows && r->tags && !wr_index_open(&r->index, max))
		return 0;
	wr_rows_close(r);
	return -ENOMEM;
}

static inline void wr_rows_clear(struct wr_rows *r)
{
	wr_index_clear(&r->index);
	r->used = 0;
}

static inline void *wr_rows_at(const struct wr_rows *r, uint32_t row)
{
	return r->rows + row * r->size;
}

static inline uint32_t wr_rows_hash(const struct wr_rows *r, const void *key)
{
	return wr_hash_words(&r->secret, key, WR_ROWS_KEY_WORDS);
}

static inline bool wr_rows_same(const void *rows, uint32_t row, const void *key)
{
	return wr_same_words(wr_rows_at(rows, row), key, WR_ROWS_KEY_WORDS);
}

static inline uint32_t wr_rows_tag(const void *rows, uint32_t row)
{
	return ((const struct wr_rows *)rows)->tags[row];
}

static inline void *wr_rows_find(const struct wr_rows *r, const void *key, uint32_t tag)
{
	uint32_t row = wr_index_find(&r->index, tag, wr_rows_same, r, key);

	return row == UINT32_MAX ? NULL : wr_rows_at(r, row);
}

/* As wr_index_ask(): a row that will be looked for soon. */
WR_ASK void wr_rows_ask(const struct wr_rows *r, uint32_t tag)
{
	wr_index_ask(&r->index, tag);
}

/* What was asked for has come: the row itself, if it is there, from so many bytes on. */
WR_ASK void wr_rows_ask_row(const struct wr_rows *r, uint32_t tag, size_t from, size_t bytes)
{
	uint32_t row = wr_index_guess(&r->index, tag);

	if (row == UINT32_MAX)
		return;
	for (size_t at = from; at < from + bytes; at += 64)
		__builtin_prefetch((const uint8_t *)wr_rows_at(r, row) + at, 1);
}

/*
 * The lightest of the next few rows, but not the one that is being filled. Those that weigh
 * UINT64_MAX stay: it is looked on until there is another one, and only where there is none one of
 * them goes.
 */
static inline uint32_t wr_rows_lightest(struct wr_rows *r, uint32_t filling, wr_rows_weigh_fn weigh,
					const void *ctx)
{
	uint64_t weight, least = UINT64_MAX;
	uint32_t row = UINT32_MAX, i;

	for (i = 0; i < WR_ROWS_LOOK || (least == UINT64_MAX && i < r->max); i++) {
		r->hand = r->hand + 1 < r->max ? r->hand + 1 : 0;
		if (r->hand == filling)
			continue;
		weight = weigh(ctx, wr_rows_at(r, r->hand));
		if (weight < least || row == UINT32_MAX) {
			least = weight;
			row = r->hand;
		}
	}
	return row == UINT32_MAX ? 0 : row;
}

/* Makes room. Who is next is known one turn ahead, so that its cell can be on its way; it may have
 * come to stay since. */
static inline uint32_t wr_rows_displace(struct wr_rows *r, wr_rows_weigh_fn weigh,
					wr_rows_gone_fn gone, void *ctx)
{
	bool known = r->displaced && weigh(ctx, wr_rows_at(r, r->next)) != UINT64_MAX;
	uint32_t row = known ? r->next : wr_rows_lightest(r, r->max, weigh, ctx);

	gone(ctx, wr_rows_at(r, row));
	r->displaced++;
	wr_index_drop(&r->index, r->tags[row], row, wr_rows_tag, r);
	r->next = wr_rows_lightest(r, row, weigh, ctx);
	wr_index_ask(&r->index, r->tags[r->next]);
	__builtin_prefetch(wr_rows_at(r, r->next), 1); /* it is read, and then written, next */
	__builtin_prefetch((const uint8_t *)wr_rows_at(r, r->next) + 64, 1);
	return row;
}

/* The row of a key that is not there yet; only the key is written. */
static inline void *wr_rows_make(struct wr_rows *r, const void *key, uint32_t tag,
				 wr_rows_weigh_fn weigh, wr_rows_gone_fn gone, void *ctx)
{
	uint32_t row = r->used < r->max ? r->used++ : wr_rows_displace(r, weigh, gone, ctx);

	memcpy(wr_rows_at(r, row), key, WR_ROWS_KEY_WORDS * 8);
	r->tags[row] = tag;
	wr_index_put(&r->index, tag, row);
	return wr_rows_at(r, row);
}

#endif
