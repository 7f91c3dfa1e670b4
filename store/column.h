/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_COLUMN_H
#define WR_STORE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A column of a block: numbers or texts, made small. Not for other folders.
 *
 * Numbers are taken relative to the smallest one, or each to the one before it, and laid out byte
 * by byte: first the lowest byte of all of them, then the next. Each such plane is packed for
 * itself by zstd, level 1, or stands as it is when that is no gain: the low bytes of times and
 * counters are noise, the high ones nearly constant, and one entropy table for both would serve
 * neither.
 *
 * Texts are the distinct ones in order of appearance (lengths, then bytes) and a column of numbers
 * that says which row has which.
 */

enum { WR_COLUMN_TEXT_MAX = 255 };

/* Memory for both ways; one thread at a time. */
struct wr_column {
	ZSTD_CCtx *zip;
	ZSTD_DCtx *unzip;
	uint64_t *number; /* rows_max */
	uint8_t *plane;	  /* rows_max */
	uint8_t *packed;  /* packed_max: worst case of zstd */
	size_t packed_max;
	uint32_t *cell; /* hash table: text number + 1, 0 = empty */
	uint32_t cell_mask;
	const uint8_t **text; /* rows_max: distinct texts; borrowed */
	uint8_t *len;	      /* rows_max: their lengths */
	uint8_t *bytes;	      /* rows_max * WR_COLUMN_TEXT_MAX: of all distinct texts */
	uint64_t secret;      /* strangers choose the texts: they shall not choose collisions */
	uint32_t rows_max;
	uint32_t texts; /* distinct texts of the last column of texts */
};

/* Takes all memory for blocks of rows_max rows. 0 or -ENOMEM. */
int wr_column_open(struct wr_column *c, uint32_t rows_max);
void wr_column_close(struct wr_column *c); /* zeroed is fine */

/* Appends a column of numbers to out; v is overwritten. delta: each relative to the one before. */
void wr_column_put(struct wr_column *c, struct wr_buf *out, uint64_t *v, uint32_t rows, bool delta);

/* Appends a column of texts; at(ctx, row, &len) gives them. Afterwards c->text[0 .. c->texts-1] are
 * the distinct ones. */
typedef const uint8_t *(*wr_column_at_fn)(const void *ctx, uint32_t row, uint8_t *len);
void wr_column_put_text(struct wr_column *c, struct wr_buf *out, wr_column_at_fn at,
			const void *ctx, uint32_t rows);

/* What is read: borrowed bytes and how far. */
struct wr_column_in {
	const uint8_t *at, *end;
};

/* Reads what wr_column_put() wrote into v. False: damaged. */
bool wr_column_get(struct wr_column *c, struct wr_column_in *in, uint64_t *v, uint32_t rows,
		   bool delta);

/* Reads a column of texts: row i has c->text[v[i]], c->len[v[i]] bytes, until the next call. False:
 * damaged. */
bool wr_column_get_text(struct wr_column *c, struct wr_column_in *in, uint64_t *v, uint32_t rows);

/* Seven bits a byte, the lowest first, the eighth says that more follow (LEB128). */
void wr_column_put_varint(struct wr_buf *out, uint64_t v);
bool wr_column_get_varint(struct wr_column_in *in, uint64_t *v);

#endif
