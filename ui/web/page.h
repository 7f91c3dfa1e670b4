/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_PAGE_H
#define WR_UI_WEB_PAGE_H

#include "daemon/front.h"

/* The web page as the daemon's front: ui/web/front.h by the values of [page]. */
extern const struct wr_front wr_web_page;

#endif
