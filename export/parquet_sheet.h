/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_PARQUET_SHEET_H
#define WR_EXPORT_PARQUET_SHEET_H

#include <stdbool.h>

#include "base/err.h"
#include "view/sheet.h"

/*
 * A sheet (view/sheet.h) as a Parquet file: the columns and values that CSV has. What not each row
 * has can be null; an address can when addresses are hidden. Its metadata: weir.columns (the
 * sheet's name), weir.columns_version, weir.version.
 */
struct wr_parquet_sheet; /* owned by the caller */

/* to: PATH, or "-" for standard output; borrowed until closed, as s and hide (which may be NULL).
 * Memory as wr_parquet_open(), for `rows` of a group (0: WR_PARQUET_ROWS). Errors as that. */
int wr_parquet_sheet_open(struct wr_parquet_sheet **out, const char *to, const struct wr_sheet *s,
			  const struct wr_hide *hide, uint32_t rows, struct wr_err *err);

/* As wr_parquet_row(), or -ENOMEM. */
int wr_parquet_sheet_add(struct wr_parquet_sheet *p, const void *row, struct wr_err *err);

/* As wr_parquet_close(). */
int wr_parquet_sheet_close(struct wr_parquet_sheet **p, bool keep, struct wr_err *err);

#endif
