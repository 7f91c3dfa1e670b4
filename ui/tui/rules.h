/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_RULES_H
#define WR_UI_TUI_RULES_H

#include "ui/tui/model.h"

/* Rules of a running weir, window by window, so that each has a chart. A zeroed one is empty. */
struct wr_tui_rules {
	struct {
		struct wr_tui_rule rule;
		double series[WR_TUI_SERIES]; /* packets stopped; of a shadow: that would be */
	} at[WR_TUI_RULES_MAX];
	uint32_t n;
	bool any_now; /* something was stopped in the newest window */
};

void wr_tui_rules_add(struct wr_tui_rules *r, const struct wr_tui_rule *rules, uint32_t n);
/* In the order in which packets meet them. Returns how many were written to rows; what they point
 * to is borrowed until the next add. */
uint32_t wr_tui_rules_rows(const struct wr_tui_rules *r, struct wr_tui_row *rows);
/* For the drops panel: those that have kept something out, at most `room`. */
uint32_t wr_tui_rules_drops(const struct wr_tui_rules *r, struct wr_tui_row *rows, uint32_t room);
uint32_t wr_tui_rules_dropping(const struct wr_tui_rules *r); /* how many those are */

#endif
