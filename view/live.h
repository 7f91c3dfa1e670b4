/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_LIVE_H
#define WR_VIEW_LIVE_H

#include "base/buf.h"
#include "flow/live.h"

/*
 * What is going on now (flow/live.h), as text for people and as the JSON objects of docs/events.md.
 * Each function appends to b and asks only what is borrowed until the next window begins.
 */

enum { WR_VIEW_SERIES_MAX = WR_LIVE_CELLS - 2 };

struct wr_view_live {
	enum wr_live_order order;
	uint32_t top;	 /* rows to give */
	uint32_t series; /* JSON: last windows of each row, at most WR_VIEW_SERIES_MAX; fewer when
			    fewer have been. 0: none */
	bool color;	 /* text */
};

/* ---- JSON Lines: view/live_json.c ---- */

/* {"event_type":"stats",…}: totals, the newest whole window, packet sizes, TCP flags. */
void wr_view_stats_json(struct wr_buf *b, struct wr_live *live, const struct wr_view_live *how);
/* Rows of a kind, then "other":true with what found no row or made room, when there was any. */
void wr_view_rows_json(struct wr_buf *b, struct wr_live *live, enum wr_live_kind kind,
		       const struct wr_view_live *how);
/* Flows as view/flow_json.h has them, in the order given, with the interface's name. */
void wr_view_flows_json(struct wr_buf *b, struct wr_live *live, const struct wr_flow *flows,
			uint32_t n);

/* ---- tables of 80 columns, without empty lines: view/live_text.c ---- */

void wr_view_stats_text(struct wr_buf *b, struct wr_live *live, const struct wr_view_live *how);
void wr_view_rows_text(struct wr_buf *b, struct wr_live *live, enum wr_live_kind kind,
		       const struct wr_view_live *how);
/* n flows of of_n that there are. */
void wr_view_flows_text(struct wr_buf *b, const struct wr_flow *flows, uint32_t n, uint32_t of_n,
			bool color);

#endif
