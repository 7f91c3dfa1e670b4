/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, SIGNALS = 8 };

struct watch {
	int fd;		/* -1 = free */
	uint32_t times; /* that this place was given: an event of an earlier one is not ours */
	wr_loop_fn fn;
	void *ctx;
};

struct on_signal {
	int signal;
	void (*fn)(void *ctx, int signal);
	void *ctx;
};

struct wr_loop {
	int epoll_fd, timer_fd, signal_fd;
	bool stopped;
	struct watch watch[WR_LOOP_WATCHES];
	struct wr_timer *timers; /* those that were ever set; few */
	struct on_signal on_signal[SIGNALS];
	int n_signals;
	sigset_t signals;
};

uint64_t wr_loop_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- descriptors ---- */

static struct watch *find(struct wr_loop *l, int fd)
{
	for (int i = 0; i < WR_LOOP_WATCHES; i++)
		if (l->watch[i].fd == fd)
			return &l->watch[i];
	return NULL;
}

static struct epoll_event event_of(const struct wr_loop *l, const struct watch *w, uint32_t events)
{
	return (struct epoll_event){
		.events = events, .data.u64 = (uint64_t)w->times << 32 | (uint32_t)(w - l->watch)};
}

int wr_loop_add(struct wr_loop *l, int fd, uint32_t events, wr_loop_fn fn, void *ctx)
{
	struct watch *w = find(l, -1);
	struct epoll_event e;

	if (!w)
		return -ENOSPC;
	w->times++;
	e = event_of(l, w, events);
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e))
		return -errno;
	w->fd = fd;
	w->fn = fn;
	w->ctx = ctx;
	return 0;
}

void wr_loop_change(struct wr_loop *l, int fd, uint32_t events)
{
	struct watch *w = find(l, fd);
	struct epoll_event e;

	if (!w)
		return;
	e = event_of(l, w, events);
	epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, fd, &e);
}

void wr_loop_remove(struct wr_loop *l, int fd)
{
	struct watch *w = fd < 0 ? NULL : find(l, fd);

	if (!w)
		return;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	w->fd = -1;
}

/* ---- times ---- */

/* One descriptor for all of them, set to the next that is due. */
static void arm(struct wr_loop *l)
{
	struct itimerspec next = {0};
	uint64_t due = 0;

	for (struct wr_timer *t = l->timers; t; t = t->next)
		if (t->due_ns && (!due || t->due_ns < due))
			due = t->due_ns;
	next.it_value.tv_sec = (time_t)(due / 1000000000);
	next.it_value.tv_nsec = (long)(due % 1000000000);
	timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &next, NULL);
}

void wr_loop_in(struct wr_loop *l, struct wr_timer *t, uint64_t in_ms)
{
	if (!t->listed) {
		t->listed = true;
		t->next = l->timers;
		l->timers = t;
	}
	t->due_ns = wr_loop_now_ns() + in_ms * 1000000;
	arm(l);
}

static void on_time(void *ctx, uint32_t events)
{
	struct wr_loop *l = ctx;
	uint64_t times, now;

	(void)events;
	if (read(l->timer_fd, &times, sizeof(times)) < 0 && errno != EAGAIN)
		return;
	now = wr_loop_now_ns();
	for (struct wr_timer *t = l->timers; t; t = t->next) {
		if (!t->due_ns || t->due_ns > now)
			continue;
		t->due_ns = 0;
		t->fn(t->ctx);
	}
	arm(l);
}

/* ---- signals ---- */

static void on_signal(void *ctx, uint32_t events)
{
	struct wr_loop *l = ctx;
	struct signalfd_siginfo s;

	(void)events;
	while (read(l->signal_fd, &s, sizeof(s)) == sizeof(s))
		for (int i = 0; i < l->n_signals; i++)
			if (l->on_signal[i].signal == (int)s.ssi_signo)
				l->on_signal[i].fn(l->on_signal[i].ctx, (int)s.ssi_signo);
}

int wr_loop_signal(struct wr_loop *l, int signal, void (*fn)(void *ctx, int signal), void *ctx,
		   struct wr_err *err)
{
	int fd;

	if (l->n_signals == SIGNALS)
		return wr_fail(err, ENOSPC, "more than %d signals to wait for", SIGNALS);
	sigaddset(&l->signals, signal);
	fd = signalfd(l->signal_fd, &l->signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return wr_fail(err, errno, "waiting for signals: %s", strerror(errno));
	if (l->signal_fd < 0 && wr_loop_add(l, fd, EPOLLIN, on_signal, l)) {
		close(fd);
		return wr_fail(err, ENOSPC, "waiting for signals: no room");
	}
	l->signal_fd = fd;
	sigprocmask(SIG_BLOCK, &l->signals, NULL);
	l->on_signal[l->n_signals++] = (struct on_signal){signal, fn, ctx};
	return 0;
}

/* ---- open, run, close ---- */

int wr_loop_open(struct wr_loop **out, struct wr_err *err)
{
	struct wr_loop *l = calloc(1, sizeof(*l));
	int ret;

	if (!l)
		return wr_fail(err, ENOMEM, "out of memory");
	sigemptyset(&l->signals);
	for (int i = 0; i < WR_LOOP_WATCHES; i++)
		l->watch[i].fd = -1;
	l->signal_fd = l->timer_fd = -1;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd >= 0)
		l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer_fd < 0 || wr_loop_add(l, l->timer_fd, EPOLLIN, on_time, l)) {
		ret = wr_fail(err, errno, "event loop: %s", strerror(errno));
		wr_loop_close(&l);
		return ret;
	}
	*out = l;
	return 0;
}

void wr_loop_close(struct wr_loop **out)
{
	struct wr_loop *l = *out;

	if (!l)
		return;
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	free(l);
	*out = NULL;
}

int wr_loop_once(struct wr_loop *l, int wait_ms, struct wr_err *err)
{
	struct epoll_event e[BATCH];
	int n = epoll_wait(l->epoll_fd, e, BATCH, wait_ms);

	if (n < 0 && errno != EINTR)
		return wr_fail(err, errno, "event loop: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		struct watch *w = &l->watch[(uint32_t)e[i].data.u64];

		if (w->fd >= 0 && w->times == e[i].data.u64 >> 32)
			w->fn(w->ctx, e[i].events);
	}
	return 0;
}

int wr_loop_run(struct wr_loop *l, struct wr_err *err)
{
	int ret = 0;

	l->stopped = false;
	while (!ret && !l->stopped)
		ret = wr_loop_once(l, -1, err);
	return ret;
}

void wr_loop_stop(struct wr_loop *l)
{
	l->stopped = true;
}
