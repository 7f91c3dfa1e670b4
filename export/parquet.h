/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_PARQUET_H
#define WR_EXPORT_PARQUET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Apache Parquet files (parquet-format 2.10), written row by row: flat tables of numbers, times and
 * texts. Values are encoded PLAIN in one data page (version 1, with CRC) for each column of a row
 * group; what a row does not have is null, by definition levels. Pages are compressed with zstd.
 * Whole numbers and times have their least and greatest value in the footer, so that a reader can
 * leave out row groups.
 *
 * Memory: all for the rows of one group is reserved at open: rows * (8 bytes a number, 48 a text)
 * and a page as large as the largest column; it is taken when used. For the footer 40 bytes a
 * column and row group are kept, and at most 32,767 row groups can be.
 *
 * The file is there as a whole or not at all: base/newfile.h.
 */

enum wr_parquet_type {
	WR_PARQUET_TIME, /* nanoseconds since 1970, UTC */
	WR_PARQUET_U8,
	WR_PARQUET_U16,
	WR_PARQUET_U32,
	WR_PARQUET_U64,
	WR_PARQUET_REAL,
	WR_PARQUET_TEXT, /* UTF-8 */
	WR_PARQUET_TYPES
};

enum {
	WR_PARQUET_ROWS = 1 << 16,     /* in a row group, when nothing else is asked for */
	WR_PARQUET_ROWS_MAX = 1 << 20, /* that can be asked for */
	WR_PARQUET_TEXT_MAX = 1024,    /* bytes */
};

struct wr_parquet_column {
	const char *name;
	enum wr_parquet_type type;
	bool optional; /* can be null */
};

/* Key-value metadata of the file. */
struct wr_parquet_note {
	const char *key, *value;
};

/* All that it points to is borrowed until the file is closed. */
struct wr_parquet_conf {
	const char *to;	  /* PATH; "-" = standard output */
	const char *name; /* of the table */
	const struct wr_parquet_column *columns;
	uint32_t n_columns;
	const struct wr_parquet_note *notes;
	uint32_t n_notes;
	const char *created_by; /* "NAME version VERSION" */
	uint32_t rows;		/* of a row group; 0 = WR_PARQUET_ROWS */
	bool plain;		/* pages are not compressed */
};

struct wr_parquet; /* owned by the caller */

/* 0; -EINVAL, -ENOMEM, or why the file cannot be made. *out is untouched on failure. */
int wr_parquet_open(struct wr_parquet **out, const struct wr_parquet_conf *conf,
		    struct wr_err *err);

/* Values of the row that is being made, by the column's number and of its type; the first one for a
 * column stands. Texts are copied. */
void wr_parquet_number(struct wr_parquet *p, uint32_t column, uint64_t v); /* and times */
void wr_parquet_real(struct wr_parquet *p, uint32_t column, double v);
void wr_parquet_text(struct wr_parquet *p, uint32_t column, const void *text, size_t n);

/*
 * The row is complete: what was not given is null. Writes a row group when it is full. -EINVAL: a
 * column that is not optional was not given, or a text is too long; -EFBIG: no more row groups can
 * be; else why it cannot be written. After an error it returns the same again, and the file will
 * not be kept.
 */
int wr_parquet_row(struct wr_parquet *p, struct wr_err *err);

/* Writes what is left and the footer, and puts the file in its place; without keep, or after an
 * error, removes it. NULL is fine; sets NULL. */
int wr_parquet_close(struct wr_parquet **p, bool keep, struct wr_err *err);

#endif
