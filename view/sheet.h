/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_SHEET_H
#define WR_VIEW_SHEET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "view/hide.h"

/*
 * Rows of typed columns for other programs: flows, features of flows, windows. CSV, JSON Lines and
 * Parquet are made from the same columns, so they have the same values. What a row does not have is
 * an empty field in CSV and null elsewhere, never 0.
 */
enum wr_cell_type {
	WR_CELL_TIME, /* u: nanoseconds since 1970, UTC */
	WR_CELL_U8,   /* u, as the next three */
	WR_CELL_U16,
	WR_CELL_U32,
	WR_CELL_U64,
	WR_CELL_HEX,	 /* u: eight bits, told as two hexadecimal digits */
	WR_CELL_REAL,	 /* real: finite */
	WR_CELL_TEXT,	 /* text: not empty, ended by NUL, borrowed */
	WR_CELL_ADDRESS, /* addr, borrowed; ip_v, prefix */
	WR_CELL_TYPES
};

struct wr_cell {
	union {
		uint64_t u;
		double real;
		const char *text;
		const uint8_t *addr;
	};
	uint8_t ip_v;	/* 4 or 6 */
	uint8_t prefix; /* bits; 0: it is the address of a host */
};

struct wr_column {
	const char *name;
	enum wr_cell_type type;
	bool always;	 /* each row has it */
	uint8_t digits;	 /* REAL: significant ones that text shows */
	unsigned int in; /* bits of sheets that share columns: struct wr_sheet.bit */
	const char *unit, *what;
	/* False: this row has no such fact. NULL: weir does not know it of any row; what: why. Such
	 * a column is not written. */
	bool (*get)(const void *row, struct wr_cell *v);
};

struct wr_sheet {
	const char *name;     /* "flows", "features", "nf-v3", "cic", "windows" */
	unsigned int version; /* goes up when a column goes, or means something else than before */
	unsigned int bit;
	const struct wr_column *columns;
	uint32_t n_columns; /* of the array, whatever is in this sheet of them */
};

enum { WR_SHEET_COLUMNS_MAX = 96 };

/* The column that is written behind `after` (NULL: the first one); NULL: there are no more. */
const struct wr_column *wr_sheet_next(const struct wr_sheet *s, const struct wr_column *after);

/* A value that get() gave, as text, without quotes. False: the address is not to be told. hide may
 * be NULL: addresses as they are. */
bool wr_sheet_text(struct wr_buf *b, const struct wr_column *c, const struct wr_cell *v,
		   const struct wr_hide *hide);

/* CSV (RFC 4180): a header line, then a line a row; lines end with LF. */
void wr_sheet_csv_header(struct wr_buf *b, const struct wr_sheet *s);
void wr_sheet_csv(struct wr_buf *b, const struct wr_sheet *s, const void *row,
		  const struct wr_hide *hide);

/* An object and LF. Each row has all keys. */
void wr_sheet_json(struct wr_buf *b, const struct wr_sheet *s, const void *row,
		   const struct wr_hide *hide);

/* The sheet itself: name, version, then a line a column: name, type, unit, what it means; those
 * that weir does not know last. */
void wr_sheet_list(struct wr_buf *b, const struct wr_sheet *s);
void wr_sheet_list_json(struct wr_buf *b, const struct wr_sheet *s);

#endif
