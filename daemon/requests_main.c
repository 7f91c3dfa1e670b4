/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "daemon/requests_impl.h"

/*
 * The process that reads lines of gateways: one a datagram. It has the sockets from the core and
 * nothing else. Lines wait here while the core does not take them; what finds no room is counted as
 * lost, and so is what the system says it had no room for (UDP; a sender to the unix socket is told
 * by the system that there is none).
 */

enum {
	DATAGRAMS = 256, /* of a socket, until the other one has its turn */
	BATCHES = 256,	 /* that wait for the core, 2 MB */
};

enum { UNIX, UDP, CORE, SEND, POLLS };

struct reader {
	const struct wr_requests *own;
	int fd[2];
	uint32_t overflows; /* as the system counts them; the core takes the difference */
	uint64_t lost;	    /* not told yet */
	uint32_t head, n;   /* batches: the oldest, and how many; the last one is being filled */
	struct wr_requests_batch batch[BATCHES];
	char line[WR_API_LINE + 1];
};

static bool is_empty(const struct wr_requests_batch *b)
{
	return !b->n && !b->unread && !b->lost;
}

/* -EPIPE: the core has ended. */
static int send_one(struct reader *r, const struct wr_requests_batch *b)
{
	size_t bytes = offsetof(struct wr_requests_batch, request) + b->n * sizeof(b->request[0]);

	if (send(r->own->reader_fd, b, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? -EAGAIN : -EPIPE;
}

/* As much as the core takes now. -EPIPE */
static int flush(struct reader *r)
{
	struct wr_requests_batch *b;
	int ret;

	while (r->n) {
		b = &r->batch[r->head];
		if (r->n == 1) {
			b->lost += r->lost;
			r->lost = 0;
		}
		b->overflows = r->overflows;
		ret = is_empty(b) ? 0 : send_one(r, b);
		if (ret)
			return ret == -EAGAIN ? 0 : ret;
		r->head = (r->head + 1) % BATCHES;
		r->n--;
	}
	return 0;
}

/* The one that is filled. NULL: there is no room. */
static struct wr_requests_batch *room(struct reader *r)
{
	struct wr_requests_batch *b;

	if (r->n) {
		b = &r->batch[(r->head + r->n - 1) % BATCHES];
		if (b->n < WR_REQUESTS_BATCH)
			return b;
	}
	if (r->n == BATCHES)
		return NULL;
	b = &r->batch[(r->head + r->n++) % BATCHES];
	b->n = b->unread = 0;
	b->lost = 0;
	return b;
}

static void take(struct reader *r, size_t n)
{
	struct wr_requests_batch *b = room(r);
	struct wr_api_request *to;

	if (!b) {
		r->lost++;
		return;
	}
	to = &b->request[b->n];
	if (n > WR_API_LINE || wr_api_line_read(&r->own->how, r->line, n, to, NULL)) {
		b->unread++;
		return;
	}
	if (!(to->has & WR_API_HAS_TIME)) {
		to->time_ns = wr_when_now();
		to->has |= WR_API_HAS_TIME;
	}
	b->n++;
}

static void take_overflows(struct reader *r, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
			continue;
		memcpy(&r->overflows, CMSG_DATA(c), sizeof(r->overflows));
	}
}

static void read_socket(struct reader *r, int fd)
{
	char control[CMSG_SPACE(sizeof(uint32_t))];
	struct iovec v = {r->line, sizeof(r->line)};

	for (int i = 0; i < DATAGRAMS; i++) {
		struct msghdr m = {.msg_iov = &v,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

		if (n < 0)
			return;
		take_overflows(r, &m);
		take(r, (size_t)n);
	}
}

static int serve(struct reader *r, int core_fd)
{
	struct pollfd p[POLLS] = {[UNIX] = {.fd = r->fd[UNIX], .events = POLLIN},
				  [UDP] = {.fd = r->fd[UDP], .events = POLLIN},
				  [CORE] = {.fd = core_fd},
				  [SEND] = {.fd = r->own->reader_fd}};

	for (;;) {
		p[SEND].events = r->n ? POLLOUT : 0;
		if (poll(p, POLLS, -1) < 0 && errno != EINTR)
			return -errno;
		if (p[CORE].revents)
			return 0;
		for (int i = UNIX; i <= UDP; i++)
			if (p[i].revents)
				read_socket(r, r->fd[i]);
		if (flush(r))
			return 0;
	}
}

int wr_requests_main(const struct wr_front_start *start, struct wr_err *err)
{
	static struct reader r; /* large */
	int ret;

	r.own = start->own;
	r.fd[UNIX] = r.own->door.fd;
	r.fd[UDP] = r.own->udp_fd;
	/* What the libraries read from files, while there are files. */
	tzset();
	json_object_seed(0);
	ret = start->confine(start->ctx, err);
	if (ret)
		return ret;
	ret = serve(&r, start->core_fd);
	return ret ? wr_fail(err, -ret, "waiting for lines: %s", strerror(-ret)) : 0;
}
