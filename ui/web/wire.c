/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int wr_wire_open(struct wr_wire *w, int fd, struct wr_err *err)
{
	*w = (struct wr_wire){.fd = fd, .in = malloc(WR_WIRE_BACK_MAX)};
	if (!w->in) {
		wr_wire_close(w);
		return wr_fail(err, ENOMEM, "no memory for the connection to the core");
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK)) {
		int code = errno;

		wr_wire_close(w);
		return wr_fail(err, code, "the connection to the core: %s", strerror(code));
	}
	return 0;
}

void wr_wire_close(struct wr_wire *w)
{
	if (w->in || w->fd > 0)
		close(w->fd);
	free(w->in);
	*w = (struct wr_wire){0};
}

/* Never more than one request is under way, and the socket's buffer holds many times that: what
 * does not fit now will not fit later. */
int wr_wire_send(struct wr_wire *w, const char *text, size_t n)
{
	ssize_t sent = send(w->fd, text, n, MSG_NOSIGNAL);

	return sent == (ssize_t)n ? 0 : -EPIPE;
}

static void hand_out(struct wr_wire *w, wr_wire_line_fn line, void *ctx)
{
	char *at = w->in, *end = w->in + w->used, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		if (!w->skipping)
			line(ctx, at, (size_t)(newline - at));
		w->skipping = false;
		at = newline + 1;
	}
	w->used = (size_t)(end - at);
	memmove(w->in, at, w->used);
	if (w->used < WR_WIRE_BACK_MAX)
		return;
	w->left_out += !w->skipping;
	w->skipping = true;
	w->used = 0;
}

int wr_wire_read(struct wr_wire *w, wr_wire_line_fn line, void *ctx)
{
	int turns;

	for (turns = 0; turns < 16; turns++) {
		ssize_t n = recv(w->fd, w->in + w->used, WR_WIRE_BACK_MAX - w->used, 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
		if (!n)
			return -EPIPE;
		w->used += (size_t)n;
		hand_out(w, line, ctx);
	}
	return 0;
}
