/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/thrift.h"

#include <string.h>

/* Types of fields; those of items have the same numbers. */
enum { STOP, TRUE, FALSE, I8, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT };
_Static_assert((int)WR_THRIFT_I32 == I32 && (int)WR_THRIFT_BINARY == BINARY &&
		       (int)WR_THRIFT_STRUCT == STRUCT,
	       "one numbering");

enum { LONG_LIST = 15 };

static void byte(struct wr_thrift *t, unsigned int v)
{
	wr_buf_char(t->to, (char)v);
}

/* Seven bits a byte, the lowest first. */
static void varint(struct wr_thrift *t, uint64_t v)
{
	for (; v > 0x7f; v >>= 7)
		byte(t, (unsigned int)(v & 0x7f) | 0x80);
	byte(t, (unsigned int)v);
}

/* The sign moves to the lowest bit, so that small numbers of either sign are short. */
static void zigzag(struct wr_thrift *t, int64_t v)
{
	varint(t, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static void field(struct wr_thrift *t, int16_t id, unsigned int type)
{
	int16_t *last = &t->last[t->depth - 1];

	if (id > *last && id - *last <= 15) {
		byte(t, (unsigned int)(id - *last) << 4 | type);
	} else {
		byte(t, type);
		zigzag(t, id);
	}
	*last = id;
}

void wr_thrift_item(struct wr_thrift *t)
{
	t->last[t->depth++] = 0;
}

void wr_thrift_struct(struct wr_thrift *t, int16_t id)
{
	field(t, id, STRUCT);
	wr_thrift_item(t);
}

void wr_thrift_end(struct wr_thrift *t)
{
	byte(t, STOP);
	t->depth--;
}

void wr_thrift_list(struct wr_thrift *t, int16_t id, enum wr_thrift_type of, uint32_t n)
{
	field(t, id, LIST);
	byte(t, (n < LONG_LIST ? n : LONG_LIST) << 4 | of);
	if (n >= LONG_LIST)
		varint(t, n);
}

void wr_thrift_bool(struct wr_thrift *t, int16_t id, bool v)
{
	field(t, id, v ? TRUE : FALSE);
}

void wr_thrift_i8(struct wr_thrift *t, int16_t id, int8_t v)
{
	field(t, id, I8);
	byte(t, (uint8_t)v);
}

void wr_thrift_i16(struct wr_thrift *t, int16_t id, int16_t v)
{
	field(t, id, I16);
	zigzag(t, v);
}

void wr_thrift_i32(struct wr_thrift *t, int16_t id, int32_t v)
{
	field(t, id, I32);
	zigzag(t, v);
}

void wr_thrift_i64(struct wr_thrift *t, int16_t id, int64_t v)
{
	field(t, id, I64);
	zigzag(t, v);
}

void wr_thrift_binary(struct wr_thrift *t, int16_t id, const void *bytes, size_t n)
{
	field(t, id, BINARY);
	varint(t, n);
	wr_buf_add(t->to, bytes, n);
}

void wr_thrift_text(struct wr_thrift *t, int16_t id, const char *text)
{
	wr_thrift_binary(t, id, text, strlen(text));
}

void wr_thrift_empty(struct wr_thrift *t, int16_t id)
{
	field(t, id, STRUCT);
	byte(t, STOP);
}

void wr_thrift_item_i32(struct wr_thrift *t, int32_t v)
{
	zigzag(t, v);
}

void wr_thrift_item_text(struct wr_thrift *t, const char *text)
{
	varint(t, strlen(text));
	wr_buf_str(t->to, text);
}
