/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_KEYS_H
#define WR_UI_TUI_KEYS_H

#include "ui/tui/state.h"

/* What keys do: one table, which the help screen and the hints are made from. */
struct wr_tui_key {
	const char *name; /* as people call it; NULL: the end */
	const char *help;
	const char *hint; /* one word for the bottom line, NULL = not there */
	int code[4];	  /* of curses; 0 = none */
	void (*press)(struct wr_tui *t, int arg);
	int arg;
};

extern const struct wr_tui_key wr_tui_keys[];

/* A key was pressed. */
void wr_tui_press(struct wr_tui *t, int code);

#endif
