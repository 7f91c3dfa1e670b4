/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_CORE_H
#define WR_UI_WEB_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "ui/web/wire.h"

/*
 * Questions to the core, answered one after the other over one connection. Each has a time limit,
 * counted from when it was asked; an answer that comes too late is thrown away.
 */
enum {
	WR_WEB_ASKS = 32,	     /* under way at most */
	WR_WEB_ANSWER_MAX = 8 << 20, /* bytes of one answer */
	WR_WEB_PATIENCE_MS = 10 * 1000,
};

enum wr_web_outcome {
	WR_WEB_WAITING,
	WR_WEB_ANSWERED, /* the core may have answered with an error object */
	WR_WEB_LATE,
	WR_WEB_TOO_LARGE,
};

struct wr_web_core;

struct wr_web_ask {
	enum wr_web_outcome outcome;
	struct wr_buf answer; /* lines; a caller may take the memory and leave {0} */
	void *who;	      /* the caller's */

	struct wr_web_core *core; /* from here on: core.c's */
	struct wr_web_ask *next;
	bool used, sent;
	uint64_t until_ms;
	char line[WR_WIRE_LINE_MAX];
	size_t n;
};

struct wr_web_core {
	struct wr_wire wire;
	struct wr_web_ask *asks;	  /* owned, WR_WEB_ASKS */
	struct wr_web_ask *first, **last; /* in the order in which they were asked */
	bool stale; /* an answer is under way that nobody waits for any more */
	void (*answered)(struct wr_web_ask *ask); /* outcome is known */
};

/* Takes all memory, and fd. 0 or -errno. */
int wr_web_core_open(struct wr_web_core *c, int fd, void (*answered)(struct wr_web_ask *ask),
		     struct wr_err *err);
void wr_web_core_close(struct wr_web_core *c); /* questions that wait are never answered */

/* Asks; line ends with a newline and is copied. NULL: too many are under way. Give it back by
 * wr_web_ask_end() when it was answered. -> answered(), never from within this call. */
struct wr_web_ask *wr_web_core_ask(struct wr_web_core *c, const char *line, size_t n, void *who);
void wr_web_ask_end(struct wr_web_ask *ask);

/* Call it when the connection can be read, and when the time is over. -EPIPE: the core is gone. */
int wr_web_core_step(struct wr_web_core *c);
int wr_web_core_wait_ms(const struct wr_web_core *c); /* until the time is over; -1 = no limit */

#endif
