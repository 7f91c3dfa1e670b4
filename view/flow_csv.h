/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FLOW_CSV_H
#define WR_VIEW_FLOW_CSV_H

#include "base/buf.h"
#include "flow/flow.h"
#include "view/flow_columns.h"

/*
 * Flows as CSV (RFC 4180): a header line, then a line a flow. A fact that a flow does not have is
 * an empty field, never 0; a rate of a flow without duration is empty too.
 */
void wr_view_flow_csv_header(struct wr_buf *b, enum wr_flow_columns columns);
void wr_view_flow_csv(struct wr_buf *b, enum wr_flow_columns columns, const struct wr_flow *f,
		      const struct wr_flow_style *style); /* style may be NULL */

#endif
