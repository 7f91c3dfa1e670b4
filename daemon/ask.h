/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ASK_H
#define WR_DAEMON_ASK_H

#include <stddef.h>

#include "base/err.h"

/* The other end of the control socket (daemon/api.h): a program that asks a running daemon. */
struct wr_ask {
	int fd;
	char *in; /* owned */
	size_t used, done, room;
};

/* -ENOENT, -ECONNREFUSED: no daemon runs there (err says how one is started); -EACCES. */
int wr_ask_open(struct wr_ask *ask, const char *path, struct wr_err *err);
void wr_ask_close(struct wr_ask *ask); /* one that was never opened, all 0, is fine */

int wr_ask_send(struct wr_ask *ask, const char *request, struct wr_err *err); /* without newline */

/*
 * Hands out the lines of one answer, or of one round of a subscription, without their newlines.
 * Returns 0; -EINVAL or -EIO with the daemon's own words when it answered with an error; -EPIPE
 * when it is gone; -ETIMEDOUT when it says nothing for 10 s; what fn returned when that is not 0.
 */
int wr_ask_answer(struct wr_ask *ask, int (*fn)(void *ctx, const char *line, size_t n), void *ctx,
		  struct wr_err *err);

#endif
