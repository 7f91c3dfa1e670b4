/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_WIRE_H
#define WR_UI_WEB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The front's end of a connection to the core: requests of one line out, lines in. An answer ends
 * with an empty line.
 */
enum {
	WR_WIRE_LINE_MAX = 4096,    /* bytes of a request, newline included */
	WR_WIRE_BACK_MAX = 1 << 18, /* bytes of a line of an answer; longer ones are left out */
};

struct wr_wire {
	int fd;
	char *in; /* owned, WR_WIRE_BACK_MAX bytes */
	size_t used;
	bool skipping;	   /* within a line that is too long */
	uint64_t left_out; /* lines that were too long */
};

typedef void (*wr_wire_line_fn)(void *ctx, const char *line, size_t n); /* without newline */

/* Takes fd (also on failure) and makes it non-blocking. 0 or -errno. */
int wr_wire_open(struct wr_wire *w, int fd, struct wr_err *err);
void wr_wire_close(struct wr_wire *w); /* one that was never opened, all 0, is fine */

/* A whole request. -EPIPE: the core does not take it. */
int wr_wire_send(struct wr_wire *w, const char *text, size_t n);

/* Reads what is there, a bounded part of it, and hands out whole lines. -EPIPE: the core is gone.
 */
int wr_wire_read(struct wr_wire *w, wr_wire_line_fn line, void *ctx);

#endif
