/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_REASONS_H
#define WR_UI_TUI_REASONS_H

#include "ui/tui/model.h"

/* Why packets were broken, lost or dropped, over all rows of the ledger, window by window. A zeroed
 * one is empty. */
struct wr_tui_reasons {
	struct {
		uint64_t total, now;
		double series[WR_TUI_SERIES];
	} at[WR_TUI_REASONS];
	uint32_t n;   /* reasons that occurred */
	bool any_now; /* in the newest window */
	bool begun;
};

void wr_tui_reasons_add(struct wr_tui_reasons *r, const struct wr_ledger *rows, int n);

/* Those that occurred: the most packets first. Returns how many were written to rows (at most
 * WR_TUI_REASONS). */
uint32_t wr_tui_reasons_rows(const struct wr_tui_reasons *r, struct wr_tui_row *rows);

#endif
