/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FLOW_COLUMNS_H
#define WR_VIEW_FLOW_COLUMNS_H

#include "flow/flow.h"
#include "view/flow_json.h"
#include "view/sheet.h"

/* Flows as rows of a sheet: what the JSON object holds; numbers for learning; and the latter under
 * the names that others' data sets have. */

/* X(symbol, name of the sheet, name for --schema) */
#define WR_FLOW_SHEET_TABLE(X)          \
	X(FLOWS, "flows", NULL)         \
	X(FEATURES, "features", "weir") \
	X(NF_V3, "nf-v3", "nf-v3")      \
	X(CIC, "cic", "cic")

enum wr_flow_sheet {
#define X(sym, name, schema) WR_FLOW_SHEET_##sym,
	WR_FLOW_SHEET_TABLE(X)
#undef X
		WR_FLOW_SHEETS
};

const struct wr_sheet *wr_flow_sheet(enum wr_flow_sheet which);

/* By its name for --schema. -EINVAL: there is none. */
int wr_flow_schema(const char *name, enum wr_flow_sheet *which, struct wr_err *err);

/* A flow as columns see it, the row of these sheets: client and server are ends (wr_flow_server()).
 */
struct wr_flow_told {
	const struct wr_flow *f;
	const struct wr_flow_style *style;
	int client, server;
};

/* style may be NULL; both are borrowed. */
struct wr_flow_told wr_flow_told(const struct wr_flow *f, const struct wr_flow_style *style);

/* Columns of others' names (view/flow_schemas.c). */
extern const struct wr_column wr_flow_nf_v3[], wr_flow_cic[];
extern const uint32_t wr_flow_nf_v3_n, wr_flow_cic_n;

#endif
