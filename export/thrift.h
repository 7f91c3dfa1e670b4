/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_THRIFT_H
#define WR_EXPORT_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Apache Thrift, compact protocol (thrift-compact-protocol.md): what the headers and the footer of
 * Parquet are written in. Fields of a struct are written in the order of their numbers. Errors stay
 * in the buffer (wr_buf.failed).
 */

enum wr_thrift_type { /* of the items of a list */
		      WR_THRIFT_I32 = 5,
		      WR_THRIFT_BINARY = 8,
		      WR_THRIFT_STRUCT = 12,
};

enum { WR_THRIFT_DEPTH = 8 };

struct wr_thrift {
	struct wr_buf *to; /* borrowed */
	int16_t last[WR_THRIFT_DEPTH];
	int depth;
};

/* A message is a struct: begin it with wr_thrift_item() and end it with wr_thrift_end(). */
void wr_thrift_item(struct wr_thrift *t);		   /* a struct that is an item of a list */
void wr_thrift_struct(struct wr_thrift *t, int16_t field); /* one that is a field */
void wr_thrift_end(struct wr_thrift *t);		   /* of either */
void wr_thrift_list(struct wr_thrift *t, int16_t field, enum wr_thrift_type of, uint32_t n);

void wr_thrift_bool(struct wr_thrift *t, int16_t field, bool v);
void wr_thrift_i8(struct wr_thrift *t, int16_t field, int8_t v);
void wr_thrift_i16(struct wr_thrift *t, int16_t field, int16_t v);
void wr_thrift_i32(struct wr_thrift *t, int16_t field, int32_t v);
void wr_thrift_i64(struct wr_thrift *t, int16_t field, int64_t v);
void wr_thrift_binary(struct wr_thrift *t, int16_t field, const void *bytes, size_t n);
void wr_thrift_text(struct wr_thrift *t, int16_t field, const char *text);
void wr_thrift_empty(struct wr_thrift *t, int16_t field); /* a struct of nothing */

/* Items of a list that are no structs. */
void wr_thrift_item_i32(struct wr_thrift *t, int32_t v);
void wr_thrift_item_text(struct wr_thrift *t, const char *text);

#endif
