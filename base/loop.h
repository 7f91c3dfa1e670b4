/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_LOOP_H
#define WR_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

/*
 * One thread that waits for descriptors, times and signals (epoll(7), timerfd_create(2),
 * signalfd(2)). Nothing is asked twice for: descriptors are level-triggered.
 */
struct wr_loop;

enum { WR_LOOP_WATCHES = 2048 }; /* descriptors at most */

/* 0 or -errno; *out is untouched on failure. */
int wr_loop_open(struct wr_loop **out, struct wr_err *err);
void wr_loop_close(struct wr_loop **loop); /* NULL is fine; descriptors that were added stay open */

/* events: EPOLLIN, EPOLLOUT. fn may add and remove any descriptor, also its own, and close it after
 * that. -ENOSPC: WR_LOOP_WATCHES are there. */
typedef void (*wr_loop_fn)(void *ctx, uint32_t events);
int wr_loop_add(struct wr_loop *loop, int fd, uint32_t events, wr_loop_fn fn, void *ctx);
void wr_loop_change(struct wr_loop *loop, int fd, uint32_t events);
void wr_loop_remove(struct wr_loop *loop, int fd); /* before it is closed; unknown ones are fine */

/* A time: owned by the caller, zeroed, its fields set once. */
struct wr_timer {
	void (*fn)(void *ctx);
	void *ctx;
	uint64_t due_ns; /* CLOCK_MONOTONIC; 0 = not set */
	struct wr_timer *next;
	bool listed;
};
/* Calls timer->fn once, in_ms from now; again sets it anew. */
void wr_loop_in(struct wr_loop *loop, struct wr_timer *timer, uint64_t in_ms);

/* From now on the signal is blocked and fn is told of it. A bounded number of kinds: 8. */
int wr_loop_signal(struct wr_loop *loop, int signal, void (*fn)(void *ctx, int signal), void *ctx,
		   struct wr_err *err);

/* Until wr_loop_stop(). 0 or -errno of the waiting. */
int wr_loop_run(struct wr_loop *loop, struct wr_err *err);
void wr_loop_stop(struct wr_loop *loop);
/* What is ready now, or after at most wait_ms. For tests, and for loops within. */
int wr_loop_once(struct wr_loop *loop, int wait_ms, struct wr_err *err);

uint64_t wr_loop_now_ns(void); /* CLOCK_MONOTONIC */

#endif
