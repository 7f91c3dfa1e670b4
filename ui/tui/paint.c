/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/paint.h"

#include <curses.h>

/*
 * Blue and orange are told apart with every kind of colour blindness (Okabe and Ito, "Color
 * Universal Design", 2008) and both can be read on black and on white. Where there are eight
 * colours cyan and yellow stand for them. Nothing is said by colour alone.
 */
enum { BLUE_256 = 33, ORANGE_256 = 208, BLUE_PAIR = 1, ORANGE_PAIR = 2 };

static attr_t inks[WR_TUI_INKS];
static bool in_utf8;

void wr_paint_open(bool color, bool utf8)
{
	attr_t blue = 0, orange = 0;

	in_utf8 = utf8;
	if (color && has_colors() && start_color() == OK) {
		use_default_colors();
		init_pair(BLUE_PAIR, COLORS >= 256 ? BLUE_256 : COLOR_CYAN, -1);
		init_pair(ORANGE_PAIR, COLORS >= 256 ? ORANGE_256 : COLOR_YELLOW, -1);
		blue = COLOR_PAIR(BLUE_PAIR);
		orange = COLOR_PAIR(ORANGE_PAIR);
	}
	inks[WR_TUI_PLAIN] = A_NORMAL;
	inks[WR_TUI_DIM] = A_DIM;
	inks[WR_TUI_BOLD] = A_BOLD;
	inks[WR_TUI_IN] = blue;
	inks[WR_TUI_OUT] = orange;
	inks[WR_TUI_ALARM] = A_BOLD | orange;
	inks[WR_TUI_CHOSEN] = A_REVERSE;
}

void wr_paint_cut(int y, int x, int width, enum wr_tui_ink ink, const char *text,
		  enum wr_view_cut cut)
{
	static struct wr_buf b;

	if (width <= 0 || y < 0 || y >= LINES || x >= COLS)
		return;
	if (x + width > COLS)
		width = COLS - x;
	wr_buf_clear(&b);
	wr_view_fit(&b, text, width, cut, in_utf8);
	attrset(inks[ink]);
	mvaddstr(y, x, wr_buf_text(&b));
	attrset(A_NORMAL);
}

void wr_paint(int y, int x, int width, enum wr_tui_ink ink, const char *text)
{
	wr_paint_cut(y, x, width, ink, text, WR_VIEW_CUT_END);
}

int wr_paint_some(int y, int x, int end, enum wr_tui_ink ink, const char *text)
{
	int width = wr_view_columns(text, in_utf8);

	if (x + width > end)
		width = end - x;
	wr_paint(y, x, width, ink, text);
	return x + (width > 0 ? width : 0);
}
