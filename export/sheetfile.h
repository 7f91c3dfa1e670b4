/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_SHEETFILE_H
#define WR_EXPORT_SHEETFILE_H

#include <stdbool.h>

#include "base/err.h"
#include "view/sheet.h"

/*
 * Rows of a sheet as a file that is there as a whole or not at all (base/newfile.h).
 * X(symbol, name, which is what the file's name ends with)
 */
#define WR_SHEETFILE_TABLE(X) \
	X(CSV, "csv")         \
	X(JSONL, "jsonl")     \
	X(PARQUET, "parquet")

enum wr_sheetfile_format {
#define X(sym, name) WR_SHEETFILE_##sym,
	WR_SHEETFILE_TABLE(X)
#undef X
		WR_SHEETFILE_FORMATS
};

const char *wr_sheetfile_name(enum wr_sheetfile_format format);

struct wr_sheetfile_conf {
	const char *to; /* PATH; "-" = standard output */
	enum wr_sheetfile_format format;
	const struct wr_sheet *sheet;
	const struct wr_hide *hide; /* may be NULL; borrowed until closed, as `to` and `sheet` */
	uint32_t rows;		    /* Parquet: of a row group; 0 = WR_PARQUET_ROWS */
};

struct wr_sheetfile; /* owned by the caller */

/* 0, or why it cannot be made. *out is untouched on failure. */
int wr_sheetfile_open(struct wr_sheetfile **out, const struct wr_sheetfile_conf *conf,
		      struct wr_err *err);

/* 0, or why it cannot be written: then the file will not be kept, and nothing more is written. */
int wr_sheetfile_add(struct wr_sheetfile *f, const void *row, struct wr_err *err);

/* Rows that were added, and bytes of the file; of Parquet before they are compressed: 8 a cell. */
uint64_t wr_sheetfile_rows(const struct wr_sheetfile *f);
uint64_t wr_sheetfile_bytes(const struct wr_sheetfile *f);

/* Puts it in its place; without keep, or after an error, removes it. NULL is fine; sets NULL. */
int wr_sheetfile_close(struct wr_sheetfile **f, bool keep, struct wr_err *err);

#endif
