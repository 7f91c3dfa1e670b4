/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "daemon/door.h"

enum { LINE_MAX_BYTES = 1 << 24, PATIENCE_S = 10 };

int wr_ask_open(struct wr_ask *a, const char *path, struct wr_err *err)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};

	*a = (struct wr_ask){.fd = wr_door_knock(path, err)};
	if (a->fd == -ENOENT || a->fd == -ECONNREFUSED)
		return wr_fail(err, -a->fd, "no weir runs here: nothing answers at '%s' (weir run)",
			       path);
	if (a->fd < 0)
		return a->fd;
	setsockopt(a->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(a->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return 0;
}

void wr_ask_close(struct wr_ask *a)
{
	if (a->fd > 0)
		close(a->fd);
	free(a->in);
	*a = (struct wr_ask){0};
}

int wr_ask_send(struct wr_ask *a, const char *request, struct wr_err *err)
{
	char line[8192];
	int n = snprintf(line, sizeof(line), "%s\n", request), done = 0;

	if (n >= (int)sizeof(line))
		return wr_fail(err, EINVAL, "the request is too long");
	while (done < n) {
		ssize_t k = send(a->fd, line + done, (size_t)(n - done), MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return wr_fail(err, EPIPE, "weir does not take the request: %s",
				       strerror(errno));
		done += (int)k;
	}
	return 0;
}

/* ---- an answer ---- */

static int more(struct wr_ask *a, struct wr_err *err)
{
	ssize_t n;

	if (a->in && a->done) {
		memmove(a->in, a->in + a->done, a->used - a->done);
		a->used -= a->done;
		a->done = 0;
	}
	if (a->used == a->room) {
		size_t room = a->room ? 2 * a->room : 65536;
		char *in = room > LINE_MAX_BYTES ? NULL : realloc(a->in, room);

		if (!in)
			return wr_fail(err, ENOMEM, "a line of the answer is too long");
		a->in = in;
		a->room = room;
	}
	n = recv(a->fd, a->in + a->used, a->room - a->used, 0);
	if (n > 0) {
		a->used += (size_t)n;
		return 0;
	}
	if (n < 0 && errno == EINTR)
		return -EINTR;
	if (n < 0 && errno == EAGAIN)
		return wr_fail(err, ETIMEDOUT, "weir does not answer");
	return wr_fail(err, EPIPE, "weir has ended, or closed the connection");
}

/* The text of an error object as it was before it became JSON (RFC 8259, 7): ours holds no
 * characters beyond those escapes. */
static int told(const char *line, size_t n, struct wr_err *err)
{
	static const char key[] = "\"error\":\"";
	const char *s = memmem(line, n, key, sizeof(key) - 1), *end = line + n;
	char text[sizeof(err->text)];
	unsigned int code;
	size_t to = 0;

	for (s = s ? s + sizeof(key) - 1 : end; s < end && *s != '"'; s++) {
		char c = *s;

		if (c == '\\' && s + 1 < end)
			c = *++s;
		if (c == 'u' && s[-1] == '\\' && s + 4 < end && sscanf(s + 1, "%4x", &code) == 1) {
			c = '?';
			s += 4;
		}
		if (to + 1 < sizeof(text))
			text[to++] = c;
	}
	text[to] = 0;
	return wr_fail(err,
		       memmem(line, n, "\"status\":2", 10)   ? EINVAL
		       : memmem(line, n, "\"status\":3", 10) ? EOPNOTSUPP
							     : EIO,
		       "%s", text);
}

int wr_ask_answer(struct wr_ask *a, int (*fn)(void *ctx, const char *line, size_t n), void *ctx,
		  struct wr_err *err)
{
	static const char error[] = "{\"event_type\":\"error\"";
	int ret = 0, failed = 0;

	for (;;) {
		const char *line = a->in ? a->in + a->done : NULL;
		const char *end =
			line && a->used > a->done ? memchr(line, '\n', a->used - a->done) : NULL;
		size_t n;

		if (!end) {
			ret = more(a, err);
			if (ret && ret != -EINTR)
				return ret;
			continue;
		}
		n = (size_t)(end - line);
		a->done += n + 1;
		if (!n)
			return failed;
		if (n >= sizeof(error) - 1 && !memcmp(line, error, sizeof(error) - 1))
			failed = told(line, n, err);
		else
			ret = fn(ctx, line, n);
		if (ret && ret != -EINTR)
			return ret;
	}
}
