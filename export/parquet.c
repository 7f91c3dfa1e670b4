/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/newfile.h"
#include "export/parquet_impl.h"

enum {
	GROUPS_MAX = INT16_MAX, /* RowGroup.ordinal */
	TEXT_ROOM = 48,		/* bytes a row: an IPv6 address with its length */
	LENGTH = 4,		/* in front of a text, and of levels */
	VARINT_MAX = 5,
	ZSTD_LEVEL = 3,
};

const struct wr_parquet_layout wr_parquet_layout[WR_PARQUET_TYPES] = {
	[WR_PARQUET_TIME] = {PHYSICAL_INT64, 8, 0, true},
	[WR_PARQUET_U8] = {PHYSICAL_INT32, 4, 8, true},
	[WR_PARQUET_U16] = {PHYSICAL_INT32, 4, 16, true},
	[WR_PARQUET_U32] = {PHYSICAL_INT32, 4, 32, true},
	[WR_PARQUET_U64] = {PHYSICAL_INT64, 8, 64, true},
	[WR_PARQUET_REAL] = {PHYSICAL_DOUBLE, 8, 0, false},
	[WR_PARQUET_TEXT] = {PHYSICAL_BYTES, 0, 0, false},
};

struct column {
	const struct wr_parquet_column *is;
	uint8_t *memory; /* owned: room for levels, then the values */
	uint8_t *values;
	size_t used, room;
	uint8_t *there; /* owned: a bit a row; NULL: not optional */
	uint32_t n;	/* values */
	bool given;	/* in the row that is being made */
	bool too_long;
	uint64_t least, most;
};

struct wr_parquet {
	struct wr_parquet_conf conf;
	struct wr_newfile file;
	struct column *columns;		 /* owned, as all below */
	struct wr_parquet_chunk *chunks; /* of all groups that are written */
	uint32_t *group_rows;		 /* of the same */
	uint8_t *page;			 /* compressed */
	size_t page_room;
	ZSTD_CCtx *zstd; /* NULL: plain */
	struct wr_buf head;
	uint32_t rows, rows_max; /* of this group */
	uint32_t groups;
	uint64_t at; /* bytes written */
	struct wr_err failed;
};

/* ---- open ---- */

static size_t levels_max(const struct wr_parquet *p)
{
	return LENGTH + VARINT_MAX + (p->rows_max + 7) / 8;
}

static int open_column(struct wr_parquet *p, struct column *c, const struct wr_parquet_column *is)
{
	uint8_t bytes = wr_parquet_layout[is->type].bytes;

	c->is = is;
	c->room = bytes ? (size_t)p->rows_max * bytes
			: (size_t)p->rows_max * TEXT_ROOM + LENGTH + WR_PARQUET_TEXT_MAX;
	c->memory = malloc(levels_max(p) + c->room);
	if (is->optional)
		c->there = calloc(1, (p->rows_max + 7) / 8);
	if (!c->memory || (is->optional && !c->there))
		return -ENOMEM;
	c->values = c->memory + levels_max(p);
	if (p->page_room < levels_max(p) + c->room)
		p->page_room = levels_max(p) + c->room;
	return 0;
}

static int open_memory(struct wr_parquet *p)
{
	const struct wr_parquet_conf *conf = &p->conf;
	int ret = 0;

	p->columns = calloc(conf->n_columns, sizeof(*p->columns));
	p->chunks = malloc((size_t)GROUPS_MAX * conf->n_columns * sizeof(*p->chunks));
	p->group_rows = malloc(GROUPS_MAX * sizeof(*p->group_rows));
	if (!p->columns || !p->chunks || !p->group_rows)
		return -ENOMEM;
	for (uint32_t i = 0; i < conf->n_columns && !ret; i++)
		ret = open_column(p, &p->columns[i], &conf->columns[i]);
	if (ret || conf->plain)
		return ret;
	p->page_room = ZSTD_compressBound(p->page_room);
	p->page = malloc(p->page_room);
	p->zstd = ZSTD_createCCtx();
	if (!p->page || !p->zstd)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	return 0;
}

static void free_all(struct wr_parquet *p)
{
	for (uint32_t i = 0; p->columns && i < p->conf.n_columns; i++) {
		free(p->columns[i].memory);
		free(p->columns[i].there);
	}
	free(p->columns);
	free(p->chunks);
	free(p->group_rows);
	free(p->page);
	ZSTD_freeCCtx(p->zstd);
	wr_buf_free(&p->head);
	free(p);
}

/* ---- writing ---- */

/* The first error stands. */
static int fail(struct wr_parquet *p, int code, const char *what, const char *why)
{
	if (!p->failed.code)
		wr_fail(&p->failed, code, "%s: %s", what, why);
	return -p->failed.code;
}

static int put(struct wr_parquet *p, const void *bytes, size_t n)
{
	struct wr_buf all = {.at = (char *)bytes, .used = n, .room = n};
	int ret = wr_buf_flush(&all, p->file.fd);

	p->at += n;
	return ret ? fail(p, -ret, p->conf.to, strerror(-ret)) : 0;
}

static int put_head(struct wr_parquet *p)
{
	int ret = p->head.failed ? fail(p, ENOMEM, p->conf.to, "no memory for a header")
				 : put(p, p->head.at, p->head.used);

	wr_buf_clear(&p->head);
	return ret;
}

int wr_parquet_open(struct wr_parquet **out, const struct wr_parquet_conf *conf, struct wr_err *err)
{
	struct wr_parquet *p;
	int ret;

	if (!conf->n_columns || conf->rows > WR_PARQUET_ROWS_MAX)
		return wr_fail(err, EINVAL, "%s: a table of %u columns, %u rows a group", conf->to,
			       conf->n_columns, conf->rows);
	p = calloc(1, sizeof(*p));
	if (!p)
		return wr_fail(err, ENOMEM, "%s: no memory", conf->to);
	p->conf = *conf;
	p->rows_max = conf->rows ? conf->rows : WR_PARQUET_ROWS;
	ret = open_memory(p);
	if (ret)
		wr_fail(err, ENOMEM, "%s: no memory for %u rows: ask for smaller row groups",
			conf->to, p->rows_max);
	else
		ret = wr_newfile_open(&p->file, conf->to, err);
	if (ret) {
		free_all(p);
		return ret;
	}
	put(p, wr_parquet_magic, MAGIC); /* fails again with what follows */
	*out = p;
	return 0;
}

/* ---- values ---- */

/* Where the value goes; NULL: there is one already. Room is left after each row. */
static uint8_t *give(struct wr_parquet *p, struct column *c, size_t bytes)
{
	uint8_t *to = c->values + c->used;

	if (c->given || p->failed.code)
		return NULL;
	c->given = true;
	c->used += bytes;
	c->n++;
	if (c->there)
		c->there[p->rows / 8] |= (uint8_t)(1u << p->rows % 8);
	return to;
}

void wr_parquet_number(struct wr_parquet *p, uint32_t column, uint64_t v)
{
	struct column *c = &p->columns[column];
	uint8_t bytes = wr_parquet_layout[c->is->type].bytes, *to = give(p, c, bytes);
	uint64_t little = htole64(v);

	if (!to)
		return;
	memcpy(to, &little, bytes);
	if (c->n == 1 || v < c->least)
		c->least = v;
	if (c->n == 1 || v > c->most)
		c->most = v;
}

void wr_parquet_real(struct wr_parquet *p, uint32_t column, double v)
{
	uint8_t *to = give(p, &p->columns[column], sizeof(v));
	uint64_t bits;

	if (!to)
		return;
	memcpy(&bits, &v, sizeof(bits));
	bits = htole64(bits);
	memcpy(to, &bits, sizeof(bits));
}

void wr_parquet_text(struct wr_parquet *p, uint32_t column, const void *text, size_t n)
{
	struct column *c = &p->columns[column];
	uint32_t length = htole32((uint32_t)n);
	uint8_t *to;

	if (n > WR_PARQUET_TEXT_MAX) {
		c->too_long = true;
		return;
	}
	to = give(p, c, LENGTH + n);
	if (!to)
		return;
	memcpy(to, &length, LENGTH);
	memcpy(to + LENGTH, text, n);
}

/* ---- row groups ---- */

/* Definition levels of a flat column are a bit a row: one bit-packed run, in front of the values.
 * Returns where they begin. (Encodings.md, "Run Length Encoding / Bit-Packing Hybrid") */
static uint8_t *levels(const struct wr_parquet *p, const struct column *c)
{
	uint32_t eights = (p->rows + 7) / 8, run = eights << 1 | 1, length;
	uint8_t head[LENGTH + VARINT_MAX], *at;
	size_t n = LENGTH;

	for (; run > 0x7f; run >>= 7)
		head[n++] = (uint8_t)(run | 0x80);
	head[n++] = (uint8_t)run;
	length = htole32((uint32_t)(n - LENGTH) + eights);
	memcpy(head, &length, LENGTH);
	at = c->values - eights - n;
	memcpy(at, head, n);
	memcpy(at + n, c->there, eights);
	return at;
}

static int put_page(struct wr_parquet *p, struct column *c, struct wr_parquet_chunk *to)
{
	const uint8_t *body = c->there ? levels(p, c) : c->values, *page = body;
	size_t plain = (size_t)(c->values + c->used - body), size = plain;
	uint32_t crc;
	int ret;

	if (p->zstd) {
		page = p->page;
		size = ZSTD_compress2(p->zstd, p->page, p->page_room, body, plain);
		if (ZSTD_isError(size))
			return fail(p, EIO, p->conf.to, ZSTD_getErrorName(size));
	}
	crc = (uint32_t)crc32(0, page, (unsigned int)size);
	wr_parquet_page_header(&p->head, (uint32_t)plain, (uint32_t)size, crc, p->rows);
	*to = (struct wr_parquet_chunk){
		.at = p->at,
		.least = c->least,
		.most = c->most,
		.plain = (uint32_t)(p->head.used + plain),
		.size = (uint32_t)(p->head.used + size),
		.nulls = p->rows - c->n,
		.values = c->n,
	};
	ret = put_head(p);
	return ret ? ret : put(p, page, size);
}

static void begin_again(struct wr_parquet *p, struct column *c)
{
	c->used = c->n = 0;
	if (c->there)
		memset(c->there, 0, (p->rows_max + 7) / 8);
}

static int put_group(struct wr_parquet *p)
{
	uint32_t n = p->conf.n_columns;
	struct wr_parquet_chunk *to = p->chunks + (size_t)p->groups * n;

	if (p->groups == GROUPS_MAX)
		return fail(p, EFBIG, p->conf.to,
			    "no more rows can be in one file: choose fewer, or several files");
	for (uint32_t i = 0; i < n; i++) {
		int ret = put_page(p, &p->columns[i], &to[i]);

		if (ret)
			return ret;
		begin_again(p, &p->columns[i]);
	}
	p->group_rows[p->groups++] = p->rows;
	p->rows = 0;
	return 0;
}

static bool full(const struct wr_parquet *p)
{
	if (p->rows == p->rows_max)
		return true;
	for (uint32_t i = 0; i < p->conf.n_columns; i++) {
		const struct column *c = &p->columns[i];

		if (c->is->type == WR_PARQUET_TEXT &&
		    c->room - c->used < LENGTH + WR_PARQUET_TEXT_MAX)
			return true;
	}
	return false;
}

int wr_parquet_row(struct wr_parquet *p, struct wr_err *err)
{
	for (uint32_t i = 0; i < p->conf.n_columns; i++) {
		struct column *c = &p->columns[i];

		if (c->too_long)
			fail(p, EINVAL, c->is->name, "a text is longer than 1024 bytes");
		else if (!c->given && !c->is->optional)
			fail(p, EINVAL, c->is->name, "each row needs a value");
		c->given = false;
	}
	p->rows++;
	if (!p->failed.code && full(p))
		put_group(p);
	if (p->failed.code && err)
		*err = p->failed;
	return -p->failed.code;
}

int wr_parquet_close(struct wr_parquet **out, bool keep, struct wr_err *err)
{
	struct wr_parquet *p = *out;
	int ret;

	if (!p)
		return 0;
	*out = NULL;
	if (keep && !p->failed.code && p->rows)
		put_group(p);
	if (keep && !p->failed.code) {
		struct wr_parquet_footer f = {&p->conf, p->chunks, p->group_rows, p->groups};

		wr_parquet_footer(&p->head, &f);
		put_head(p);
	}
	ret = -p->failed.code;
	if (ret && err)
		*err = p->failed;
	if (keep && !ret)
		ret = wr_newfile_keep(&p->file, err);
	else
		wr_newfile_drop(&p->file);
	free_all(p);
	return ret;
}
