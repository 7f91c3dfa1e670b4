/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_FRAMES_H
#define WR_UI_CLI_FRAMES_H

#include "base/buf.h"
#include "capture/capture.h"
#include "daemon/ask.h"
#include "export/frame.h"

/* The last packets of the running daemon, a piece of its ring at a time, with what it decided of
 * each. ask is the caller's, and connected; a zeroed one begins with the oldest. */
struct wr_frames {
	struct wr_ask *ask;
	uint64_t next, newest; /* numbers: where the next piece begins; the newest there is */
	uint64_t passed_over, rate, sample; /* what was not kept, and why (weir dump) */
	uint64_t missed;     /* wanted, and written over before they were asked for */
	struct wr_buf state; /* owned: the daemon's last object, with newline */
	/* pkt is borrowed for the call; other than 0 ends the piece, and is what asking returns. */
	int (*fn)(void *ctx, const struct wr_packet *pkt);
	void *ctx;
	struct wr_err err; /* of a line that is not as it should be */
	struct wr_frame frame;
};

struct wr_frames_want {
	const char *filter, *last; /* pcap-filter expression, span; NULL: all */
	uint64_t to, count;	   /* not behind that number; the newest so many only; 0: all */
	uint64_t incident;	   /* the first of that one; 0: the last of all */
};

/* As wr_ask_answer(); -EINVAL: the filter is wrong, or the last packets are not kept. */
int wr_frames_ask(struct wr_frames *f, const struct wr_frames_want *want, struct wr_err *err);
/* The next piece begins behind the newest. */
int wr_frames_newest(struct wr_frames *f, struct wr_err *err);
void wr_frames_free(struct wr_frames *f); /* what is owned; ask stays */

#endif
