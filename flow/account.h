/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_ACCOUNT_H
#define WR_FLOW_ACCOUNT_H

#include "core/account.h"
#include "flow/live.h"

/* From what the kernel counted in a window (core/account.h) to what is going on. */

/* start_ns: CLOCK_REALTIME of the window's begin. */
void wr_live_add_row(struct wr_live *live, uint32_t iface, bool out,
		     const struct wr_account_row *row, uint64_t start_ns);

/* It will be added soon; and as wr_live_near(). */
void wr_live_soon_row(struct wr_live *live, bool out, const struct wr_account_row *row,
		      uint32_t number);
/* Everything but rows: what found no row, what is no IP, sizes, flags. */
void wr_live_add_head(struct wr_live *live, uint32_t iface, bool out,
		      const struct wr_account_head *head);

#endif
