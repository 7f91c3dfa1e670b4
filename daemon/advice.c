/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/when.h"
#include "daemon/advice_conf.h"
#include "daemon/advice_impl.h"

enum { READS = 256 /* scores at a time */ };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- open, close ---- */

static const char *wanted(const struct wr_daemon_conf *conf)
{
	return wr_advice_wanted(conf) ? "advice" : "";
}

static const uint16_t *connects(const struct wr_daemon_conf *conf)
{
	static uint16_t ports[WR_ADVICE_PORTS];

	wr_advice_ports(conf, ports);
	return ports;
}

static int open_fds(struct wr_advice *a, struct wr_err *err)
{
	int pair[2];

	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->wake_fd < 0)
		return wr_fail(err, errno, "advice: eventfd: %s", strerror(errno));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return wr_fail(err, errno, "advice: socketpair: %s", strerror(errno));
	a->core_fd = pair[0];
	a->other_fd = pair[1];
	if (fcntl(a->core_fd, F_SETFL, O_NONBLOCK))
		return wr_fail(err, errno, "advice: fcntl: %s", strerror(errno));
	return 0;
}

int wr_advice_open(struct wr_advice **out, const struct wr_daemon_conf *conf, struct wr_err *err)
{
	struct wr_advice *a;
	int ret;

	if (!wr_advice_wanted(conf))
		return 0;
	a = calloc(1, sizeof(*a));
	if (!a)
		return wr_fail(err, ENOMEM, "no memory for advice");
	a->bytes = sizeof(*a->shared) + wr_queue_bytes(WR_ADVICE_QUEUE);
	a->shared = wr_mem_share(a->bytes);
	if (!a->shared) {
		free(a);
		return wr_fail(err, ENOMEM, "no memory for advice");
	}
	a->wake_fd = a->core_fd = a->other_fd = -1;
	ret = open_fds(a, err);
	if (ret) {
		wr_advice_close(&a);
		return ret;
	}
	wr_queue_write_to(&a->queue, a->shared->queue, WR_ADVICE_QUEUE);
	for (int k = 0; k < WR_WINDOW_KINDS; k++)
		a->kinds[k] = wr_advice_wants_kind(conf, (enum wr_window_kind)k);
	a->front = (struct wr_front){
		.name = "advice",
		.listen = wanted,
		.connects = connects,
		.main = wr_advice_main,
		.own = a,
		.alone = true,
		.keep_fds = {a->wake_fd, a->other_fd},
	};
	*out = a;
	return 0;
}

void wr_advice_close(struct wr_advice **out)
{
	struct wr_advice *a = *out;

	if (!a)
		return;
	close_fd(&a->wake_fd);
	close_fd(&a->core_fd);
	close_fd(&a->other_fd);
	wr_mem_unmap(a->shared, a->bytes);
	free(a);
	*out = NULL;
}

const struct wr_front *wr_advice_front(const struct wr_advice *a)
{
	return &a->front;
}

/* Its keeper, which forks it again, has been forked before this; those that are forked later have
 * nothing of what both share. */
void wr_advice_forked(struct wr_advice *a)
{
	close_fd(&a->other_fd);
	madvise(a->shared, a->bytes, MADV_DONTFORK);
}

/* ---- in ---- */

void wr_advice_row(struct wr_advice *a, const struct wr_window *w)
{
	struct wr_window *to;

	if (!a || w->kind >= WR_WINDOW_KINDS || !a->kinds[w->kind] || w->other)
		return;
	a->rows++;
	to = wr_queue_room(&a->queue, sizeof(*w), 0);
	if (!to) {
		a->lost++;
		return;
	}
	memcpy(to, w, sizeof(*w));
	wr_queue_put(&a->queue, 0, sizeof(*w));
	a->waits = true;
}

void wr_advice_window(struct wr_advice *a)
{
	const uint64_t one = 1;

	if (!a || !a->waits)
		return;
	a->waits = false;
	if (write(a->wake_fd, &one, sizeof(one)) < 0)
		return; /* it has been told so often that the number is full */
}

/* ---- out ---- */

int wr_advice_fd(const struct wr_advice *a)
{
	return a->core_fd;
}

/* The process reads strangers' text and can have been taken over: all that it can do with this is
 * to say that a row is over. */
static bool can_be(const struct wr_advice *a, const struct wr_advice_told *t, uint64_t now_ns)
{
	if (t->start_ns > now_ns || t->length_ns > WR_LIVE_WINDOW_NS)
		return false;
	if (t->kind >= WR_WINDOW_KINDS || !a->kinds[t->kind] || !isfinite(t->score) ||
	    (t->key.ip_v != 4 && t->key.ip_v != 6) || t->n_by > WR_FINDING_BY)
		return false;
	if (t->kind == WR_WINDOW_PREFIX && t->key.tag > (t->key.ip_v == 4 ? 32 : 128))
		return false;
	for (uint32_t k = 0; k < t->n_by; k++)
		if (!wr_advice_column_at(t->by[k].column) || !isfinite(t->by[k].value) ||
		    !isfinite(t->by[k].usual))
			return false;
	return true;
}

int wr_advice_read(struct wr_advice *a, wr_advice_fn tell, void *ctx)
{
	struct wr_advice_told t;
	ssize_t n;

	for (int i = 0; i < READS; i++) {
		n = recv(a->core_fd, &t, sizeof(t), 0);
		if (!n)
			return -EPIPE;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -EPIPE;
		if (n == sizeof(t) && can_be(a, &t, wr_when_now()))
			tell(ctx, &t);
	}
	return 0;
}

struct wr_advice_count wr_advice_counts(const struct wr_advice *a)
{
	struct wr_advice_count n = a->shared->n;

	n.rows = a->rows;
	n.lost += a->lost;
	return n;
}

static const char *mended(char *to, const char *from, size_t room)
{
	memcpy(to, from, room);
	to[room - 1] = 0;
	for (char *c = to; *c; c++)
		*c = *c < ' ' || *c > '~' ? '?' : *c;
	return to;
}

const char *wr_advice_trouble(struct wr_advice *a)
{
	return mended(a->trouble, a->shared->trouble, sizeof(a->trouble));
}

const char *wr_advice_version(struct wr_advice *a)
{
	return mended(a->version, a->shared->version, sizeof(a->version));
}
