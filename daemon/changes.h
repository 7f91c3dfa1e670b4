/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_CHANGES_H
#define WR_DAEMON_CHANGES_H

#include <stdint.h>

/* How often rules are changed, so that a program gone wild, or somebody with a stolen token, cannot
 * turn them over without an end: at most so many changes in any minute. */
enum { WR_CHANGES_MOST = 1000 }; /* that can be said: as many times are kept */

/* Who changes them. Each has a minute of its own, so that a stolen token does not hold up who would
 * mend it; root is told and not held back. */
enum wr_changer {
	WR_CHANGER_PAGE,
	WR_CHANGER_GROUP, /* of the control socket */
	WR_CHANGER_DETECTION,
	WR_CHANGER_ROOT,
	WR_CHANGERS
};

/* A zeroed one: nothing has been changed yet. Pure. */
struct wr_changes {
	uint64_t at_ns[WR_CHANGES_MOST]; /* the last n of them, oldest at `next` once it is full */
	uint32_t n, next;
};

void wr_changes_note(struct wr_changes *c, uint64_t now_ns);
/* How long it is until one more is no more than `most` in a minute; 0: it is not now. most 0: there
 * is no bound. */
uint64_t wr_changes_wait_ns(const struct wr_changes *c, uint32_t most, uint64_t now_ns);

#endif
