/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The structs of parquet.thrift, field by field. */
#include <endian.h>
#include <string.h>

#include "export/parquet_impl.h"
#include "export/thrift.h"

/* ---- numbers of the format ---- */

enum { VERSION = 2 };
enum { PAGE_DATA = 0 };
enum { REQUIRED = 0, OPTIONAL = 1 };
enum { CONVERTED_UTF8 = 0, CONVERTED_U8 = 11 };

enum { PAGE_TYPE = 1, PAGE_PLAIN, PAGE_SIZE, PAGE_CRC, PAGE_DATA_HEADER };
enum { DATA_VALUES = 1, DATA_ENCODING, DATA_DEFINITION, DATA_REPETITION };
enum { FILE_VERSION = 1, FILE_SCHEMA, FILE_ROWS, FILE_GROUPS, FILE_NOTES, FILE_BY, FILE_ORDERS };
enum {
	ELEMENT_TYPE = 1,
	ELEMENT_REPETITION = 3,
	ELEMENT_NAME = 4,
	ELEMENT_CHILDREN = 5,
	ELEMENT_CONVERTED = 6,
	ELEMENT_LOGICAL = 10,
};
enum { LOGICAL_STRING = 1, LOGICAL_TIMESTAMP = 8, LOGICAL_INTEGER = 10 };
enum { TIMESTAMP_UTC = 1, TIMESTAMP_UNIT, UNIT_NANOS = 3, INTEGER_BITS = 1, INTEGER_SIGNED };
enum { NOTE_KEY = 1, NOTE_VALUE, ORDER_TYPE = 1 };
enum {
	GROUP_COLUMNS = 1,
	GROUP_PLAIN = 2,
	GROUP_ROWS = 3,
	GROUP_AT = 5,
	GROUP_SIZE = 6,
	GROUP_ORDINAL = 7,
};
enum { CHUNK_AT = 2, CHUNK_META = 3 };
enum {
	META_TYPE = 1,
	META_ENCODINGS,
	META_PATH,
	META_CODEC,
	META_VALUES,
	META_PLAIN,
	META_SIZE,
	META_PAGE_AT = 9,
	META_STATISTICS = 12,
};
enum { STAT_NULLS = 3, STAT_MOST = 5, STAT_LEAST = 6 };

/* ---- pages ---- */

void wr_parquet_page_header(struct wr_buf *to, uint32_t plain, uint32_t size, uint32_t crc,
			    uint32_t rows)
{
	struct wr_thrift t = {.to = to};

	wr_thrift_item(&t);
	wr_thrift_i32(&t, PAGE_TYPE, PAGE_DATA);
	wr_thrift_i32(&t, PAGE_PLAIN, (int32_t)plain);
	wr_thrift_i32(&t, PAGE_SIZE, (int32_t)size);
	wr_thrift_i32(&t, PAGE_CRC, (int32_t)crc);
	wr_thrift_struct(&t, PAGE_DATA_HEADER);
	wr_thrift_i32(&t, DATA_VALUES, (int32_t)rows);
	wr_thrift_i32(&t, DATA_ENCODING, ENCODING_PLAIN);
	wr_thrift_i32(&t, DATA_DEFINITION, ENCODING_RLE);
	wr_thrift_i32(&t, DATA_REPETITION, ENCODING_RLE);
	wr_thrift_end(&t);
	wr_thrift_end(&t);
}

/* ---- the schema ---- */

static void logical_type(struct wr_thrift *t, const struct wr_parquet_column *c)
{
	const struct wr_parquet_layout *l = &wr_parquet_layout[c->type];

	if (c->type == WR_PARQUET_REAL)
		return;
	wr_thrift_struct(t, ELEMENT_LOGICAL);
	if (c->type == WR_PARQUET_TEXT) {
		wr_thrift_empty(t, LOGICAL_STRING);
	} else if (c->type == WR_PARQUET_TIME) {
		wr_thrift_struct(t, LOGICAL_TIMESTAMP);
		wr_thrift_bool(t, TIMESTAMP_UTC, true);
		wr_thrift_struct(t, TIMESTAMP_UNIT);
		wr_thrift_empty(t, UNIT_NANOS);
		wr_thrift_end(t);
		wr_thrift_end(t);
	} else {
		wr_thrift_struct(t, LOGICAL_INTEGER);
		wr_thrift_i8(t, INTEGER_BITS, (int8_t)l->bits);
		wr_thrift_bool(t, INTEGER_SIGNED, false);
		wr_thrift_end(t);
	}
	wr_thrift_end(t);
}

static void element(struct wr_thrift *t, const struct wr_parquet_column *c)
{
	wr_thrift_item(t);
	wr_thrift_i32(t, ELEMENT_TYPE, wr_parquet_layout[c->type].physical);
	wr_thrift_i32(t, ELEMENT_REPETITION, c->optional ? OPTIONAL : REQUIRED);
	wr_thrift_text(t, ELEMENT_NAME, c->name);
	/* For readers that do not know logical types; of nanoseconds there is no older form. */
	if (c->type == WR_PARQUET_TEXT)
		wr_thrift_i32(t, ELEMENT_CONVERTED, CONVERTED_UTF8);
	else if (wr_parquet_layout[c->type].bits)
		wr_thrift_i32(t, ELEMENT_CONVERTED, CONVERTED_U8 + ((int)c->type - WR_PARQUET_U8));
	logical_type(t, c);
	wr_thrift_end(t);
}

static void schema(struct wr_thrift *t, const struct wr_parquet_conf *conf)
{
	wr_thrift_list(t, FILE_SCHEMA, WR_THRIFT_STRUCT, conf->n_columns + 1);
	wr_thrift_item(t);
	wr_thrift_text(t, ELEMENT_NAME, conf->name);
	wr_thrift_i32(t, ELEMENT_CHILDREN, (int32_t)conf->n_columns);
	wr_thrift_end(t);
	for (uint32_t i = 0; i < conf->n_columns; i++)
		element(t, &conf->columns[i]);
}

/* ---- row groups ---- */

static void statistics(struct wr_thrift *t, const struct wr_parquet_chunk *c,
		       const struct wr_parquet_layout *l)
{
	uint64_t most = htole64(c->most), least = htole64(c->least);

	wr_thrift_struct(t, META_STATISTICS);
	wr_thrift_i64(t, STAT_NULLS, c->nulls);
	if (l->range && c->values) {
		wr_thrift_binary(t, STAT_MOST, &most, l->bytes);
		wr_thrift_binary(t, STAT_LEAST, &least, l->bytes);
	}
	wr_thrift_end(t);
}

static void chunk(struct wr_thrift *t, const struct wr_parquet_chunk *c,
		  const struct wr_parquet_column *column, bool plain)
{
	const struct wr_parquet_layout *l = &wr_parquet_layout[column->type];

	wr_thrift_item(t);
	wr_thrift_i64(t, CHUNK_AT, (int64_t)c->at);
	wr_thrift_struct(t, CHUNK_META);
	wr_thrift_i32(t, META_TYPE, l->physical);
	wr_thrift_list(t, META_ENCODINGS, WR_THRIFT_I32, 2);
	wr_thrift_item_i32(t, ENCODING_PLAIN);
	wr_thrift_item_i32(t, ENCODING_RLE);
	wr_thrift_list(t, META_PATH, WR_THRIFT_BINARY, 1);
	wr_thrift_item_text(t, column->name);
	wr_thrift_i32(t, META_CODEC, plain ? CODEC_NONE : CODEC_ZSTD);
	wr_thrift_i64(t, META_VALUES, (int64_t)c->values + c->nulls);
	wr_thrift_i64(t, META_PLAIN, c->plain);
	wr_thrift_i64(t, META_SIZE, c->size);
	wr_thrift_i64(t, META_PAGE_AT, (int64_t)c->at);
	statistics(t, c, l);
	wr_thrift_end(t);
	wr_thrift_end(t);
}

static void group(struct wr_thrift *t, const struct wr_parquet_footer *f, uint32_t g)
{
	const struct wr_parquet_conf *conf = f->conf;
	const struct wr_parquet_chunk *c = f->chunks + (size_t)g * conf->n_columns;
	int64_t plain = 0, size = 0;

	wr_thrift_item(t);
	wr_thrift_list(t, GROUP_COLUMNS, WR_THRIFT_STRUCT, conf->n_columns);
	for (uint32_t i = 0; i < conf->n_columns; i++) {
		chunk(t, &c[i], &conf->columns[i], conf->plain);
		plain += c[i].plain;
		size += c[i].size;
	}
	wr_thrift_i64(t, GROUP_PLAIN, plain);
	wr_thrift_i64(t, GROUP_ROWS, f->rows[g]);
	wr_thrift_i64(t, GROUP_AT, (int64_t)c->at);
	wr_thrift_i64(t, GROUP_SIZE, size);
	wr_thrift_i16(t, GROUP_ORDINAL, (int16_t)g);
	wr_thrift_end(t);
}

/* ---- the file ---- */

static void notes(struct wr_thrift *t, const struct wr_parquet_conf *conf)
{
	if (!conf->n_notes)
		return;
	wr_thrift_list(t, FILE_NOTES, WR_THRIFT_STRUCT, conf->n_notes);
	for (uint32_t i = 0; i < conf->n_notes; i++) {
		wr_thrift_item(t);
		wr_thrift_text(t, NOTE_KEY, conf->notes[i].key);
		wr_thrift_text(t, NOTE_VALUE, conf->notes[i].value);
		wr_thrift_end(t);
	}
}

/* Least and greatest count only where the order is told: that of the types. */
static void orders(struct wr_thrift *t, uint32_t n)
{
	wr_thrift_list(t, FILE_ORDERS, WR_THRIFT_STRUCT, n);
	while (n--) {
		wr_thrift_item(t);
		wr_thrift_empty(t, ORDER_TYPE);
		wr_thrift_end(t);
	}
}

void wr_parquet_footer(struct wr_buf *to, const struct wr_parquet_footer *f)
{
	struct wr_thrift t = {.to = to};
	int64_t rows = 0;
	size_t from = to->used;
	uint32_t length;

	for (uint32_t g = 0; g < f->groups; g++)
		rows += f->rows[g];
	wr_thrift_item(&t);
	wr_thrift_i32(&t, FILE_VERSION, VERSION);
	schema(&t, f->conf);
	wr_thrift_i64(&t, FILE_ROWS, rows);
	wr_thrift_list(&t, FILE_GROUPS, WR_THRIFT_STRUCT, f->groups);
	for (uint32_t g = 0; g < f->groups; g++)
		group(&t, f, g);
	notes(&t, f->conf);
	wr_thrift_text(&t, FILE_BY, f->conf->created_by);
	orders(&t, f->conf->n_columns);
	wr_thrift_end(&t);
	length = htole32((uint32_t)(to->used - from));
	wr_buf_add(to, &length, sizeof(length));
	wr_buf_add(to, wr_parquet_magic, MAGIC);
}
