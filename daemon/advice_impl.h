/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ADVICE_IMPL_H
#define WR_DAEMON_ADVICE_IMPL_H

#include "daemon/advice.h"
#include "daemon/queue.h"

/* What daemon/advice.c and daemon/advice_main.c share. */

enum {
	WR_ADVICE_QUEUE = 2 << 20, /* some thousand rows: more than a window of one kind has */
	WR_ADVICE_TEXT = 400,
};

/* The process may write all of it: the core mends what it takes from there. */
struct wr_advice_shared {
	struct wr_advice_count n; /* but rows */
	char trouble[WR_ADVICE_TEXT];
	char version[WR_FINDING_MODEL];
	uint8_t queue[] __attribute__((aligned(64)));
};

struct wr_advice {
	struct wr_advice_shared *shared; /* owned */
	size_t bytes;			 /* of it */
	int wake_fd;			 /* eventfd: there is something in the queue */
	int core_fd, other_fd;		 /* scores, between both processes */
	struct wr_front front;
	/* of the core */
	struct wr_queue_writer queue;
	bool kinds[WR_WINDOW_KINDS];
	bool waits; /* rows that the process has not been told of */
	uint64_t rows, lost;
	char trouble[WR_ADVICE_TEXT], version[WR_FINDING_MODEL];
};

/* The process: a main of struct wr_front; start->own is the struct wr_advice. */
int wr_advice_main(const struct wr_front_start *start, struct wr_err *err);

#endif
