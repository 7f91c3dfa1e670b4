/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_STATE_H
#define WR_UI_TUI_STATE_H

#include "ui/tui/columns.h"
#include "ui/tui/packets.h"
#include "ui/tui/tui.h"

/* Where the user is, and what the keys have changed. */

enum { WR_TUI_LEVELS = 6, WR_TUI_MIN_COLS = 80, WR_TUI_MIN_ROWS = 24, WR_TUI_INPUT = 512 };

enum wr_tui_what {
	WR_TUI_LIST,	     /* the rows of a panel */
	WR_TUI_PACKET_LINES, /* packets as they arrive */
	WR_TUI_BOOK,	     /* the ledger in words */
};

/* One step of going deeper. */
struct wr_tui_level {
	enum wr_tui_what what;
	enum wr_tui_panel panel;
	struct wr_tui_scope scope;
	uint64_t chosen[5]; /* id of the row under the bar, which it stays on */
	/* Its place, and the first one on the screen. Lines of packets: lines back from the newest.
	 * The ledger in words: first line. */
	uint32_t at, first;
};

struct wr_tui {
	const struct wr_tui_conf *conf;
	struct wr_tui_model *m;		/* owned */
	struct wr_tui_packets *packets; /* owned; NULL = none are watched */
	struct wr_tui_level level[WR_TUI_LEVELS];
	int depth; /* of the level that is shown */
	enum wr_tui_order order[WR_TUI_PANELS];
	struct wr_tui_style style;
	bool frozen; /* the screen stands still */
	bool hold;   /* rows stay where they are */
	bool help;
	uint32_t help_first;
	bool typing; /* a filter */
	char input[WR_TUI_INPUT];
	char said[WR_TUI_INPUT]; /* "" = nothing to say */
	bool alarm;		 /* it is bad news */
	int said_for;		 /* windows that it stays */
	uint32_t list_rows;	 /* rows of the list that fit */
	uint32_t text_lines;	 /* of the help, or of the ledger in words */
	bool quit;
};

static inline struct wr_tui_level *wr_tui_here(struct wr_tui *t)
{
	return &t->level[t->depth];
}

/* Makes the model anew for the level that is shown. */
void wr_tui_renew(struct wr_tui *t);

/* A line for the user, until it was there long enough to be read. */
void wr_tui_say(struct wr_tui *t, bool alarm, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The row under the bar, NULL: there is none. */
const struct wr_tui_row *wr_tui_chosen(struct wr_tui *t);

/* The whole screen. */
void wr_tui_draw(struct wr_tui *t);

#endif
