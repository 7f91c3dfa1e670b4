/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_TOP_RULES_H
#define WR_UI_CLI_TOP_RULES_H

#include "daemon/ask.h"
#include "ui/tui/model.h"

/* The rules of the weir that runs on this host, asked over its control socket once a second. A
 * zeroed one is not connected. */
struct wr_top_rules {
	const char *conf, *socket; /* as for wr_cli_connect() */
	struct wr_ask ask;
	bool open;
	int wait; /* seconds before the next try */
};

/* At most n, in their order. Returns how many; -ENODATA: no weir runs here, it has no policy, or it
 * may not be asked. */
int wr_top_rules(struct wr_top_rules *r, struct wr_tui_rule *rows, int n);
void wr_top_rules_close(struct wr_top_rules *r);

#endif
