/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_CLASSES_H
#define WR_UI_TUI_CLASSES_H

#include "ui/tui/model.h"

/* Classes and links of a running weir, window by window, so that each has a chart. A zeroed one is
 * empty. */
struct wr_tui_classes {
	struct {
		struct wr_tui_class klass;
		double series[WR_TUI_SERIES]; /* bytes that passed */
	} at[WR_TUI_CLASSES_MAX];
	uint32_t n;
};

void wr_tui_classes_add(struct wr_tui_classes *c, const struct wr_tui_class *classes, uint32_t n);
/* In the order of the policy, links behind them. Returns how many were written to rows; what they
 * point to is borrowed until the next add. */
uint32_t wr_tui_classes_rows(const struct wr_tui_classes *c, struct wr_tui_row *rows);

#endif
