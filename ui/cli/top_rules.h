/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_TOP_RULES_H
#define WR_UI_CLI_TOP_RULES_H

#include "ui/cli/top_ask.h"
#include "ui/tui/model.h"

/* The rules of the weir that runs on this host, at most n, in their order; and its classes, with
 * their links behind them. Each has a connection of its own. Returns how many; -ENODATA: no weir
 * runs here, it has no policy, or no classes, or it may not be asked. */
int wr_top_rules(struct wr_top_ask *a, struct wr_tui_rule *rows, int n);
int wr_top_classes(struct wr_top_ask *a, struct wr_tui_class *rows, int n);

#endif
