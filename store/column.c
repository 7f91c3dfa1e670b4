/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/column.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/mem.h"

enum { LEVEL = 1 }; /* level 3 saves 2 % and costs as much again */

int wr_column_open(struct wr_column *c, uint32_t rows_max)
{
	size_t cells = 16;

	while (cells < 2 * (size_t)rows_max)
		cells *= 2;
	memset(c, 0, sizeof(*c));
	c->rows_max = rows_max;
	c->cell_mask = (uint32_t)cells - 1;
	/* The largest thing packed at once: the bytes of distinct texts. */
	c->packed_max = ZSTD_compressBound((size_t)rows_max * WR_COLUMN_TEXT_MAX);
	c->zip = ZSTD_createCCtx();
	c->unzip = ZSTD_createDCtx();
	c->number = calloc(rows_max, sizeof(*c->number));
	c->plane = calloc(rows_max, 1);
	c->packed = wr_mem_map(c->packed_max);
	c->cell = calloc(cells, sizeof(*c->cell));
	c->text = calloc(rows_max, sizeof(*c->text));
	c->len = calloc(rows_max, 1);
	c->bytes = wr_mem_map((size_t)rows_max * WR_COLUMN_TEXT_MAX);
	if (getrandom(&c->secret, sizeof(c->secret), GRND_NONBLOCK) != (ssize_t)sizeof(c->secret))
		c->secret = (uint64_t)time(NULL) ^ (uintptr_t)c;
	if (c->zip && c->unzip && c->number && c->plane && c->packed && c->cell && c->text &&
	    c->len && c->bytes)
		return 0;
	wr_column_close(c);
	return -ENOMEM;
}

void wr_column_close(struct wr_column *c)
{
	ZSTD_freeCCtx(c->zip);
	ZSTD_freeDCtx(c->unzip);
	free(c->number);
	free(c->plane);
	wr_mem_unmap(c->packed, c->packed_max);
	free(c->cell);
	free(c->text);
	free(c->len);
	wr_mem_unmap(c->bytes, (size_t)c->rows_max * WR_COLUMN_TEXT_MAX);
	memset(c, 0, sizeof(*c));
}

/* ---- bytes ---- */

void wr_column_put_varint(struct wr_buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		wr_buf_char(out, (char)(v | 0x80));
	wr_buf_char(out, (char)v);
}

bool wr_column_get_varint(struct wr_column_in *in, uint64_t *v)
{
	unsigned int shift = 0;

	for (*v = 0; in->at < in->end && shift < 64; shift += 7) {
		uint8_t b = *in->at++;

		*v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return true;
	}
	return false;
}

/* n bytes, packed when that makes them fewer. A stored length of n says that they are not. */
static void put_bytes(struct wr_column *c, struct wr_buf *out, const uint8_t *bytes, size_t n)
{
	size_t size = ZSTD_compressCCtx(c->zip, c->packed, c->packed_max, bytes, n, LEVEL);

	if (ZSTD_isError(size) || size >= n) {
		wr_column_put_varint(out, n);
		wr_buf_add(out, bytes, n);
	} else {
		wr_column_put_varint(out, size);
		wr_buf_add(out, c->packed, size);
	}
}

static bool get_bytes(struct wr_column *c, struct wr_column_in *in, uint8_t *bytes, size_t n)
{
	uint64_t size;

	if (!wr_column_get_varint(in, &size) || size > n || size > (size_t)(in->end - in->at))
		return false;
	if (size == n)
		memcpy(bytes, in->at, n);
	else if (ZSTD_decompressDCtx(c->unzip, bytes, n, in->at, size) != n)
		return false;
	in->at += size;
	return true;
}

/* ---- numbers ---- */

/* Small in both directions: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... */
static uint64_t zigzag(uint64_t d)
{
	return d << 1 ^ (uint64_t) - (int64_t)(d >> 63);
}

static uint64_t unzigzag(uint64_t z)
{
	return z >> 1 ^ (uint64_t) - (int64_t)(z & 1);
}

/* Makes v relative. Returns what to. */
static uint64_t relative(uint64_t *v, uint32_t rows, bool delta)
{
	uint64_t base = v[0], before = v[0];

	for (uint32_t i = 0; delta && i < rows; i++) {
		uint64_t now = v[i];

		v[i] = zigzag(now - before);
		before = now;
	}
	if (delta)
		return base;
	for (uint32_t i = 1; i < rows; i++)
		base = v[i] < base ? v[i] : base;
	for (uint32_t i = 0; i < rows; i++)
		v[i] -= base;
	return base;
}

static void absolute(uint64_t *v, uint32_t rows, bool delta, uint64_t base)
{
	for (uint32_t i = 0; i < rows; i++) {
		v[i] = base + (delta ? unzigzag(v[i]) : v[i]);
		if (delta)
			base = v[i];
	}
}

void wr_column_put(struct wr_column *c, struct wr_buf *out, uint64_t *v, uint32_t rows, bool delta)
{
	uint64_t base = relative(v, rows, delta), any = 0;
	unsigned int planes = 0;

	for (uint32_t i = 0; i < rows; i++)
		any |= v[i];
	for (; any; any >>= 8)
		planes++;
	wr_column_put_varint(out, base);
	wr_buf_char(out, (char)planes);
	for (unsigned int p = 0; p < planes; p++) {
		for (uint32_t i = 0; i < rows; i++)
			c->plane[i] = (uint8_t)(v[i] >> 8 * p);
		put_bytes(c, out, c->plane, rows);
	}
}

bool wr_column_get(struct wr_column *c, struct wr_column_in *in, uint64_t *v, uint32_t rows,
		   bool delta)
{
	unsigned int planes;
	uint64_t base;

	if (!wr_column_get_varint(in, &base) || in->at == in->end || *in->at > 8)
		return false;
	planes = *in->at++;
	memset(v, 0, rows * sizeof(*v));
	for (unsigned int p = 0; p < planes; p++) {
		if (!get_bytes(c, in, c->plane, rows))
			return false;
		for (uint32_t i = 0; i < rows; i++)
			v[i] |= (uint64_t)c->plane[i] << 8 * p;
	}
	absolute(v, rows, delta, base);
	return true;
}

/* ---- texts ---- */

static uint32_t hash(const struct wr_column *c, const uint8_t *text, uint8_t len)
{
	uint64_t h = c->secret ^ len, w;

	for (unsigned int i = 0; i < len; i += 8) {
		w = 0;
		memcpy(&w, text + i, len - i < 8 ? len - i : 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return (uint32_t)(h ^ h >> 32);
}

/* The number of a text; a new one gets the next. */
static uint32_t number_of(struct wr_column *c, const uint8_t *text, uint8_t len)
{
	uint32_t i = hash(c, text, len) & c->cell_mask, n;

	for (; (n = c->cell[i]); i = (i + 1) & c->cell_mask)
		if (c->len[n - 1] == len && !memcmp(c->text[n - 1], text, len))
			return n - 1;
	c->text[c->texts] = text;
	c->len[c->texts] = len;
	c->cell[i] = ++c->texts;
	return c->texts - 1;
}

void wr_column_put_text(struct wr_column *c, struct wr_buf *out, wr_column_at_fn at,
			const void *ctx, uint32_t rows)
{
	size_t used = 0;

	c->texts = 0;
	memset(c->cell, 0, (c->cell_mask + (size_t)1) * sizeof(*c->cell));
	for (uint32_t i = 0; i < rows; i++) {
		uint8_t len;
		const uint8_t *text = at(ctx, i, &len);

		c->number[i] = number_of(c, text, len);
	}
	for (uint32_t i = 0; i < c->texts; used += c->len[i++])
		memcpy(c->bytes + used, c->text[i], c->len[i]);
	wr_column_put_varint(out, c->texts);
	put_bytes(c, out, c->len, c->texts);
	put_bytes(c, out, c->bytes, used);
	wr_column_put(c, out, c->number, rows, false);
}

bool wr_column_get_text(struct wr_column *c, struct wr_column_in *in, uint64_t *v, uint32_t rows)
{
	uint64_t texts;
	size_t used = 0;

	if (!wr_column_get_varint(in, &texts) || !texts || texts > rows)
		return false;
	c->texts = (uint32_t)texts;
	if (!get_bytes(c, in, c->len, texts))
		return false;
	for (uint32_t i = 0; i < texts; used += c->len[i++])
		c->text[i] = c->bytes + used;
	if (!get_bytes(c, in, c->bytes, used) || !wr_column_get(c, in, v, rows, false))
		return false;
	for (uint32_t i = 0; i < rows; i++)
		if (v[i] >= texts)
			return false;
	return true;
}
