/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_WINDOW_COLUMNS_H
#define WR_VIEW_WINDOW_COLUMNS_H

#include "detect/window.h"
#include "view/sheet.h"

/* The sheet of windows; its rows are struct wr_window. */
const struct wr_sheet *wr_window_sheet(void);

#endif
