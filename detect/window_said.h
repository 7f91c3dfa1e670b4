/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_WINDOW_SAID_H
#define WR_DETECT_WINDOW_SAID_H

#include "detect/window.h"

/* What one payload says. Inside detect/. */

/* The count that it is one more of, or WR_WINDOW_COUNTS: of none. *answers: it is a server's. */
enum wr_window_count window_said(const struct wr_packet *pkt, const struct wr_hdr *h,
				 bool *answers);

#endif
