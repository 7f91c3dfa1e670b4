/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_PACKETS_H
#define WR_UI_TUI_PACKETS_H

#include "ui/tui/tui.h"

/* The last packets of a source as lines. Their number and their length are fixed; those that came
 * too fast to be read by anybody are counted and not shown. */
enum { WR_TUI_LINES = 512, WR_TUI_LINE = 400 };

struct wr_tui_packets {
	char line[WR_TUI_LINES][WR_TUI_LINE];
	uint64_t shown;	  /* ever; the last WR_TUI_LINES of them are here */
	uint64_t skipped; /* seen, not shown */
	uint64_t lost;	  /* the source had no room for them */
	bool several;	  /* interfaces: lines tell which */
	struct wr_source *source;
};

/* conf->packets with the expression. 0 or -errno; *out is untouched on failure. */
int wr_tui_packets_open(struct wr_tui_packets **out, const struct wr_tui_conf *conf,
			const char *filter, bool several, struct wr_err *err);
void wr_tui_packets_close(struct wr_tui_packets **p); /* NULL is fine; sets NULL */

/* Takes what has come. still: lines stay as they are, and what comes is only counted. True: there
 * is something new. */
bool wr_tui_packets_read(struct wr_tui_packets *p, bool still);

/* Line i of those that are here, the oldest is 0. */
uint32_t wr_tui_packets_lines(const struct wr_tui_packets *p);
const char *wr_tui_packets_line(const struct wr_tui_packets *p, uint32_t i);

#endif
