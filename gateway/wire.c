/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "gateway/gateway_impl.h"

/* A line to a unix socket, an answer up to its end, and never longer than a deadline. */

uint64_t wr_gateway_deadline_ns(const struct wr_gateway *g)
{
	return wr_loop_now_ns() + g->conf.timeout_ns;
}

int wr_gateway_left_ms(uint64_t deadline_ns)
{
	uint64_t now_ns = wr_loop_now_ns();

	return now_ns < deadline_ns ? (int)((deadline_ns - now_ns) / 1000000) + 1 : 0;
}

static int too_slow(const char *path, struct wr_err *err)
{
	return wr_fail(err, ETIMEDOUT,
		       "%s does not answer in time (gateway.timeout): is the gateway stuck?", path);
}

static int connect_to(const char *path, struct wr_err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), code;

	if (fd < 0)
		return wr_fail(err, errno, "socket: %s", strerror(errno));
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	code = errno;
	close(fd);
	if (code == EACCES || code == EPERM)
		return wr_fail(err, code, "%s: %s; run as its user, or as root", path,
			       strerror(code));
	/* A full queue of a unix socket: who listens does not accept. */
	if (code == EAGAIN)
		return too_slow(path, err);
	return wr_fail(err, ECONNREFUSED,
		       "%s: nobody listens there (%s); is the gateway running, and is this its "
		       "socket?",
		       path, strerror(code));
}

/* Reading while writing: who is sent much may answer before all is there. Returns 1: the end. */
static int turn(int fd, const char **bytes, size_t *n, struct wr_buf *answer, size_t max,
		short events)
{
	char *room;
	ssize_t k;

	if (*n && (events & POLLOUT)) {
		k = send(fd, *bytes, *n, MSG_NOSIGNAL);
		if (k < 0 && errno != EAGAIN && errno != EINTR)
			return errno == EPIPE ? 1 : -errno;
		if (k > 0) {
			*bytes += k;
			*n -= (size_t)k;
		}
	}
	if (!(events & (POLLIN | POLLHUP | POLLERR)))
		return 0;
	room = wr_buf_room(answer, 65536);
	if (!room)
		return -ENOMEM;
	k = recv(fd, room, 65536, 0);
	if (k < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	answer->used += (size_t)k;
	if (answer->used > max)
		return -EMSGSIZE;
	return k == 0;
}

int wr_gateway_ask(const struct wr_gateway *g, const char *path, const char *bytes, size_t n,
		   struct wr_buf *answer, struct wr_err *err)
{
	uint64_t deadline_ns = wr_gateway_deadline_ns(g);
	int fd = connect_to(path, err), ret = 0;

	if (fd < 0)
		return fd;
	while (!ret) {
		struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (n ? POLLOUT : 0))};
		int left_ms = wr_gateway_left_ms(deadline_ns);

		if (!left_ms)
			ret = -ETIMEDOUT;
		else if (poll(&p, 1, left_ms) > 0)
			ret = turn(fd, &bytes, &n, answer, g->conf.answer_bytes, p.revents);
	}
	close(fd);
	if (ret == -ETIMEDOUT)
		return too_slow(path, err);
	if (ret == -EMSGSIZE)
		return wr_fail(err, EMSGSIZE,
			       "%s answers with more than gateway.answer allows: is this the "
			       "gateway's socket?",
			       path);
	if (ret < 0)
		return wr_fail(err, EIO, "%s: %s", path, strerror(-ret));
	if (n)
		return wr_fail(err, EIO, "%s: it closed before it had heard all; is it going down?",
			       path);
	return 0;
}
