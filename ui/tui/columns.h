/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_COLUMNS_H
#define WR_UI_TUI_COLUMNS_H

#include "base/buf.h"
#include "ui/tui/model.h"

/* What stands where in a panel: tables, no terminal. */

/* How something looks, whatever the terminal can do. */
enum wr_tui_ink {
	WR_TUI_PLAIN,
	WR_TUI_DIM,   /* headings, hints */
	WR_TUI_BOLD,  /* names */
	WR_TUI_IN,    /* what arrives */
	WR_TUI_OUT,   /* what leaves */
	WR_TUI_ALARM, /* what should not be; always with a word that says so */
	WR_TUI_CHOSEN,
	WR_TUI_INKS
};

/* What cells need to know besides their row. */
struct wr_tui_style {
	bool utf8;
	bool bytes; /* rates in B/s, else in bit/s */
	bool out;   /* what leaves is watched */
	uint64_t now_ns;
	struct wr_count now; /* of all rows, in the newest window */
};

struct wr_tui_column {
	const char *head; /* '%' stands for the unit of rates, '#' for the columns of a chart */
	int width;	  /* with the blanks in front of it; 0: takes what is left */
	int from;	  /* columns of the narrowest screen that has it */
	enum {
		WR_TUI_RIGHT,
		WR_TUI_LEFT,
		WR_TUI_TEXT,
		WR_TUI_SPARK
	} how; /* text: cut at its end */
	enum wr_tui_ink ink;
	enum { WR_TUI_ALWAYS, WR_TUI_WITH_OUT, WR_TUI_WITHOUT_OUT } when;
	int order; /* enum wr_tui_order that shows here; -1: none */
	/* Appends the text; at most `width` columns of it are shown. NULL: a chart. */
	void (*cell)(struct wr_buf *b, const struct wr_tui_row *r, const struct wr_tui_style *s,
		     int width);
};

struct wr_tui_panel_def {
	const char *name;
	const struct wr_tui_column *columns; /* ended by head NULL */
	const enum wr_tui_order *orders;     /* the first is where it begins */
	int n_orders;
	int label_max;	   /* columns; beyond that charts are worth more than room behind names */
	const char *empty; /* said when there is no row */
};

const struct wr_tui_panel_def *wr_tui_panel_def(enum wr_tui_panel panel);
const char *wr_tui_order_name(enum wr_tui_order order);

/* A column on the screen. */
struct wr_tui_spot {
	const struct wr_tui_column *column;
	int x, width;
};

enum { WR_TUI_SPOTS = 12 };

/* Puts the panel's columns on a screen so wide. Returns how many there are. */
int wr_tui_layout(const struct wr_tui_panel_def *def, int width, const struct wr_tui_style *s,
		  struct wr_tui_spot spot[WR_TUI_SPOTS]);

/* What a column is headed by and what it says of a row, exactly as wide as the spot. */
void wr_tui_head(struct wr_buf *b, const struct wr_tui_spot *spot, const struct wr_tui_style *s,
		 bool sorted);
void wr_tui_cell(struct wr_buf *b, const struct wr_tui_spot *spot, const struct wr_tui_row *r,
		 const struct wr_tui_style *s);

/* "12.3 Mbit/s", "1.5 MB/s"; "12.3 k pkt/s" */
void wr_tui_rate(struct wr_buf *b, double bytes, const struct wr_tui_style *s);
void wr_tui_packet_rate(struct wr_buf *b, double packets);

#endif
