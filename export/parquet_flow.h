/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_PARQUET_FLOW_H
#define WR_EXPORT_PARQUET_FLOW_H

#include <stdbool.h>

#include "base/err.h"
#include "flow/flow.h"
#include "view/flow_columns.h"

/*
 * Flows as a Parquet file: the columns and values of view/flow_columns.h, as CSV has them. Facts
 * that not each flow has can be null. Its metadata: weir.columns ("flows" or "features"),
 * weir.columns_version, weir.version.
 */
struct wr_parquet_flow; /* owned by the caller */

/* to: PATH, or "-" for standard output; borrowed until closed, as style's functions. Reserves at
 * most 34 MiB, taken as they are used, and later 880 bytes for each 65,536 flows. Errors as
 * wr_parquet_open(). */
int wr_parquet_flow_open(struct wr_parquet_flow **out, const char *to, enum wr_flow_columns which,
			 const struct wr_flow_style *style, struct wr_err *err);

/* As wr_parquet_row(), or -ENOMEM. */
int wr_parquet_flow_add(struct wr_parquet_flow *p, const struct wr_flow *f, struct wr_err *err);

/* As wr_parquet_close(). */
int wr_parquet_flow_close(struct wr_parquet_flow **p, bool keep, struct wr_err *err);

#endif
