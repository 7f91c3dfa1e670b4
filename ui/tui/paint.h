/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_PAINT_H
#define WR_UI_TUI_PAINT_H

#include "base/buf.h"
#include "ui/tui/columns.h"
#include "view/text.h"

/* Text in its colours on the screen. All of it goes through wr_view_fit(), so that nothing that
 * comes from a packet can steer the terminal. */

/* color: the terminal's colours may be used. utf8: and its characters. */
void wr_paint_open(bool color, bool utf8);

/* Exactly `width` columns at x, cut or filled up. */
void wr_paint(int y, int x, int width, enum wr_tui_ink ink, const char *text);
void wr_paint_cut(int y, int x, int width, enum wr_tui_ink ink, const char *text,
		  enum wr_view_cut cut);
/* As much as fits before column `end`. Returns the column behind it. */
int wr_paint_some(int y, int x, int end, enum wr_tui_ink ink, const char *text);

#endif
