/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_PACE_H
#define WR_DAEMON_PACE_H

#include <stdbool.h>

#include "capture/account.h"

/*
 * How soon the kernel's windows are drained while detection waits for them. Ten times a second,
 * unless that is dear and would tell nothing: many flows, of which each drain hands out most again,
 * and as many packets and SYNs as a moment ago. Then once a second. Pure.
 */
struct wr_pace {
	double packets, bytes, syns; /* of a step, usually: exponentially weighted */
	struct wr_account_look last; /* of this window, at the last look */
	uint32_t hold;		     /* steps that are drained in any case */
	bool known;		     /* a step has been looked at */
};

enum {
	WR_PACE_ROWS = 2000,   /* that are dear */
	WR_PACE_HOLD = 10,     /* steps after something unusual */
	WR_PACE_MEMORY = 16,   /* steps */
	WR_PACE_PACKETS = 200, /* more than usual that are nothing yet, */
	WR_PACE_BYTES = 100000,
	WR_PACE_SYNS = 20,
};

/* A step is over in which the window that is being filled came to `now`. Shall it be drained? */
static inline bool wr_pace_drains(struct wr_pace *p, const struct wr_account_look *now)
{
	double packets = (double)(now->packets - p->last.packets);
	double bytes = (double)(now->bytes - p->last.bytes);
	double syns = (double)(now->syns - p->last.syns);
	bool unusual = p->known &&
		       (packets > 2 * p->packets + WR_PACE_PACKETS ||
			bytes > 2 * p->bytes + WR_PACE_BYTES || syns > 2 * p->syns + WR_PACE_SYNS);
	double a = p->known ? 1.0 / WR_PACE_MEMORY : 1;

	p->packets += a * (packets - p->packets);
	p->bytes += a * (bytes - p->bytes);
	p->syns += a * (syns - p->syns);
	p->known = true;
	p->last = *now;
	if (unusual)
		p->hold = WR_PACE_HOLD;
	else if (p->hold)
		p->hold--;
	return p->hold || now->rows < WR_PACE_ROWS;
}

/* Another window is being filled. */
static inline void wr_pace_begin(struct wr_pace *p)
{
	p->last = (struct wr_account_look){0};
}

#endif
