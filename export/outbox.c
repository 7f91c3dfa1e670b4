/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/outbox.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	ROOM_MIN = 1 << 16,
	ROOM_MAX = 1 << 30,
	BATCH = 64, /* messages in one call */
	ALIGN = 16,
};

/* Messages lie one behind the other and never across the end: what is left there is passed over. */
static const uint32_t passed_over = UINT32_MAX;

static size_t size_of(uint32_t n)
{
	return (sizeof(struct wr_outbox_message) + n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct wr_outbox_message *at(const struct wr_outbox *o, size_t where)
{
	return (struct wr_outbox_message *)(void *)(o->at + where);
}

int wr_outbox_open(struct wr_outbox *o, size_t bytes, struct wr_err *err)
{
	memset(o, 0, sizeof(*o));
	if (bytes < ROOM_MIN || bytes > ROOM_MAX)
		return wr_fail(err, EINVAL, "a buffer of %zu bytes: it may have %d to %d", bytes,
			       ROOM_MIN, ROOM_MAX);
	o->room = bytes & ~(size_t)(ALIGN - 1);
	o->at = wr_mem_map(o->room);
	return o->at ? 0 : wr_fail(err, ENOMEM, "no memory for a buffer of %zu bytes", bytes);
}

void wr_outbox_close(struct wr_outbox *o)
{
	wr_mem_unmap(o->at, o->room);
	o->at = NULL;
}

/* The things in the messages that wait; UINT64_MAX: they do not lie as they should. */
static uint64_t walk(const struct wr_outbox *o)
{
	size_t where = o->head, next;
	uint64_t holds = 0;

	if (where % ALIGN || o->messages > o->room / ALIGN)
		return UINT64_MAX;
	for (uint32_t i = 0; i < o->messages; i++) {
		if (where >= o->room || at(o, where)->bytes == passed_over)
			where = 0;
		next = where + size_of(at(o, where)->bytes);
		if (next > o->room)
			return UINT64_MAX;
		holds += at(o, where)->holds;
		where = next;
	}
	return !o->messages || where == o->tail ? holds : UINT64_MAX;
}

void wr_outbox_adopt(struct wr_outbox *o, void *memory, size_t bytes)
{
	size_t room = bytes & ~(size_t)(ALIGN - 1);
	uint64_t waiting = o->at == memory && o->room == room ? walk(o) : UINT64_MAX;

	o->at = memory;
	o->room = room;
	o->last = 0;
	if (waiting == UINT64_MAX)
		wr_outbox_drop(o);
	else
		o->n.given = o->n.sent + o->n.lost + waiting;
}

/* Where `size` bytes in a row are free, or SIZE_MAX. */
static size_t place(const struct wr_outbox *o, size_t size)
{
	if (!o->messages)
		return size <= o->room ? 0 : SIZE_MAX;
	if (o->tail <= o->head)
		return o->head - o->tail >= size ? o->tail : SIZE_MAX;
	if (o->room - o->tail >= size)
		return o->tail;
	return o->head >= size ? 0 : SIZE_MAX;
}

bool wr_outbox_fits(const struct wr_outbox *o, uint32_t n)
{
	return n < ROOM_MAX && place(o, size_of(n)) != SIZE_MAX;
}

bool wr_outbox_put(struct wr_outbox *o, const void *message, uint32_t n, uint32_t holds,
		   uint32_t mark)
{
	size_t where = n < ROOM_MAX ? place(o, size_of(n)) : SIZE_MAX;

	o->n.given += holds;
	if (where == SIZE_MAX) {
		o->n.lost += holds;
		return false;
	}
	if (!o->messages)
		o->head = 0;
	else if (!where && o->tail && o->tail < o->room)
		at(o, o->tail)->bytes = passed_over;
	*at(o, where) = (struct wr_outbox_message){.bytes = n, .holds = holds, .mark = mark};
	memcpy(at(o, where)->data, message, n);
	o->tail = where + size_of(n);
	o->messages++;
	return true;
}

/* The place of a message that is not there is where the first one begins. */
static size_t skip(const struct wr_outbox *o, size_t where)
{
	return where >= o->room || at(o, where)->bytes == passed_over ? 0 : where;
}

struct wr_outbox_message *wr_outbox_next(const struct wr_outbox *o,
					 const struct wr_outbox_message *m)
{
	size_t where = o->head;

	if (!o->messages)
		return NULL;
	if (m) {
		where = (size_t)((const uint8_t *)m - o->at) + size_of(m->bytes);
		if (where == o->tail)
			return NULL;
	}
	return at(o, skip(o, where));
}

static void take_first(struct wr_outbox *o)
{
	const struct wr_outbox_message *m = wr_outbox_next(o, NULL);

	o->head = (size_t)((const uint8_t *)m - o->at) + size_of(m->bytes);
	o->part = 0;
	o->messages--;
	if (o->messages)
		o->head = skip(o, o->head);
}

void wr_outbox_again(struct wr_outbox *o)
{
	o->part = 0;
}

void wr_outbox_done(struct wr_outbox *o, uint32_t lost)
{
	const struct wr_outbox_message *m = wr_outbox_next(o, NULL);

	if (!m)
		return;
	lost = lost < m->holds ? lost : m->holds;
	o->n.lost += lost;
	o->n.sent += m->holds - lost;
	take_first(o);
}

void wr_outbox_drop(struct wr_outbox *o)
{
	o->n.lost += wr_outbox_waiting(o);
	o->messages = 0;
	o->part = 0;
}

/* n more bytes are out. */
static void went(struct wr_outbox *o, size_t n)
{
	const struct wr_outbox_message *m;

	n += o->part;
	while ((m = wr_outbox_next(o, NULL)) && n >= m->bytes) {
		n -= m->bytes;
		wr_outbox_done(o, 0);
	}
	o->part = (uint32_t)n;
}

static int gather(const struct wr_outbox *o, struct iovec *v)
{
	struct wr_outbox_message *m = NULL;
	int n = 0;

	while (n < BATCH && (m = wr_outbox_next(o, m)))
		v[n++] = (struct iovec){m->data, m->bytes};
	if (n) {
		v[0].iov_base = (uint8_t *)v[0].iov_base + o->part;
		v[0].iov_len -= o->part;
	}
	return n;
}

static ssize_t to_file(const struct wr_outbox *o, int fd)
{
	struct iovec v[BATCH];

	return writev(fd, v, gather(o, v));
}

/* Whether a pipe is ours alone is not known, so it is not made non-blocking: it is asked first, and
 * takes PIPE_BUF bytes without waiting when it says so. */
static ssize_t to_pipe(const struct wr_outbox *o, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	struct iovec v[BATCH];

	if (poll(&p, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	gather(o, v);
	return write(fd, v[0].iov_base, v[0].iov_len < PIPE_BUF ? v[0].iov_len : PIPE_BUF);
}

static ssize_t to_socket(const struct wr_outbox *o, int fd)
{
	struct iovec v[BATCH];
	struct msghdr h = {.msg_iov = v};

	h.msg_iovlen = (size_t)gather(o, v);
	return sendmsg(fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The error of a datagram that nobody listened to comes with the one after it. */
static void refused(struct wr_outbox *o)
{
	o->n.sent -= o->last;
	o->n.lost += o->last;
	o->last = 0;
}

static int datagram(struct wr_outbox *o, int fd, bool local)
{
	const struct wr_outbox_message *m = wr_outbox_next(o, NULL);
	ssize_t n = send(fd, m->data, m->bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	int ret = 0;

	if (n < 0 && errno == ECONNREFUSED && !local) {
		ret = -errno;
		refused(o);
		n = send(fd, m->data, m->bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (n < 0 && errno != EMSGSIZE)
		return -errno;
	o->last = n < 0 ? 0 : m->holds;
	if (n >= 0) {
		went(o, m->bytes);
		return ret;
	}
	wr_outbox_done(o, m->holds);
	return -EMSGSIZE;
}

static int bytes(struct wr_outbox *o, int fd, enum wr_outbox_how how)
{
	static ssize_t (*const send_some[])(const struct wr_outbox *, int) = {
		[WR_OUTBOX_FILE] = to_file,
		[WR_OUTBOX_PIPE] = to_pipe,
		[WR_OUTBOX_STREAM] = to_socket,
	};
	ssize_t n = send_some[how](o, fd);

	if (n < 0)
		return -errno;
	went(o, (size_t)n);
	return n ? 0 : -EAGAIN;
}

int wr_outbox_send(struct wr_outbox *o, int fd, enum wr_outbox_how how)
{
	int ret, first = 0;

	while (o->messages) {
		uint32_t before = o->messages;

		ret = how >= WR_OUTBOX_DATAGRAM ? datagram(o, fd, how == WR_OUTBOX_LOCAL)
						: bytes(o, fd, how);
		if (!ret || ret == -EINTR)
			continue;
		if (ret != -EAGAIN && !first)
			first = ret;
		if (o->messages == before)
			return first ? first : ret;
	}
	return first;
}
