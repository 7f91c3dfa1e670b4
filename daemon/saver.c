/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/saver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/keep.h"
#include "base/loop.h"

struct file {
	char path[PATH_MAX]; /* "": free */
	struct wr_buf waits; /* what is to be written next */
	bool is_due;	     /* waits is; it may be empty */
	bool flies;	     /* the thread writes it */
	bool late;	     /* nobody waits: its end is told */
	bool ended;
	int error;
	uint64_t since_ns, took_ms;
	uint64_t asked, done; /* which write was asked for, and which is through */
	uint64_t from_ns;     /* since then one is not through */
};

struct wr_saver {
	pthread_mutex_t lock;
	pthread_cond_t change;
	pthread_t thread;
	bool runs, stops, joined;
	struct file file[WR_SAVER_FILES];
};

int wr_saver_open(struct wr_saver **out)
{
	struct wr_saver *k = calloc(1, sizeof(*k));
	pthread_condattr_t attr;

	*out = k;
	if (!k)
		return -ENOMEM;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->change, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

/* ---- the thread ---- */

static struct file *next_due(struct wr_saver *k)
{
	struct file *first = NULL;

	for (struct file *f = k->file; f < k->file + WR_SAVER_FILES; f++)
		if (f->is_due && (!first || f->since_ns < first->since_ns))
			first = f;
	return first;
}

/* Locked; not while the disk is asked. */
static void write_one(struct wr_saver *k, struct file *f)
{
	struct wr_buf b = f->waits;
	uint64_t number = f->asked, since_ns = f->since_ns;
	int error;

	f->waits = (struct wr_buf){0};
	f->is_due = false;
	f->flies = true;
	pthread_mutex_unlock(&k->lock);
	error = wr_keep_write(&b, f->path); /* its path stays while it flies */
	wr_buf_free(&b);
	pthread_mutex_lock(&k->lock);
	f->flies = false;
	f->done = number;
	f->error = error;
	f->took_ms = (wr_loop_now_ns() - since_ns) / 1000000;
	f->ended = f->late && !f->is_due;
	pthread_cond_broadcast(&k->change);
}

static void *work(void *saver)
{
	struct wr_saver *k = saver;
	struct file *f;

	pthread_mutex_lock(&k->lock);
	while ((f = next_due(k)) || !k->stops) {
		if (f)
			write_one(k, f);
		else
			pthread_cond_wait(&k->change, &k->lock);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* Signals are the loop's. */
static int begin(struct wr_saver *k)
{
	sigset_t all, before;
	int rc;

	if (k->runs)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&k->thread, NULL, work, k);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return -rc;
	pthread_setname_np(k->thread, "weir-saver");
	k->runs = true;
	return 0;
}

void wr_saver_finish(struct wr_saver *k)
{
	if (!k || !k->runs || k->joined)
		return;
	pthread_mutex_lock(&k->lock);
	k->stops = true;
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	k->joined = true;
}

void wr_saver_close(struct wr_saver **saver)
{
	struct wr_saver *k = *saver;

	*saver = NULL;
	if (!k)
		return;
	wr_saver_finish(k);
	for (struct file *f = k->file; f < k->file + WR_SAVER_FILES; f++)
		wr_buf_free(&f->waits);
	pthread_cond_destroy(&k->change);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

/* ---- the loop ---- */

/* Its own, else a free one: one that is neither waited for nor to be told of any more. */
static struct file *slot_of(struct wr_saver *k, const char *path)
{
	struct file *unused = NULL;

	for (struct file *f = k->file; f < k->file + WR_SAVER_FILES; f++) {
		if (!strcmp(f->path, path))
			return f;
		if (!f->is_due && !f->flies && !f->ended)
			unused = f;
	}
	if (unused)
		snprintf(unused->path, sizeof(unused->path), "%s", path);
	return unused;
}

/* So long behind the first of those that are not through: when one has waited for a disk that
 * hangs, the next one need not. */
static int wait_for(struct wr_saver *k, struct file *f, uint64_t number, int wait_ms)
{
	uint64_t end_ns = f->from_ns + (uint64_t)wait_ms * 1000000;
	const struct timespec end = {.tv_sec = (time_t)(end_ns / 1000000000),
				     .tv_nsec = (long)(end_ns % 1000000000)};

	while (f->done < number)
		if (pthread_cond_timedwait(&k->change, &k->lock, &end) == ETIMEDOUT)
			break;
	if (f->done >= number)
		return f->error;
	f->late = true;
	return -EINPROGRESS;
}

int wr_saver_write(struct wr_saver *k, const char *path, struct wr_buf *b, int wait_ms)
{
	struct file *f;
	int ret;

	if (!k)
		return wr_keep_write(b, path);
	if (b->failed || strlen(path) >= PATH_MAX)
		return b->failed ? -ENOMEM : -ENAMETOOLONG;
	pthread_mutex_lock(&k->lock);
	ret = begin(k);
	f = ret ? NULL : slot_of(k, path);
	if (f) {
		wr_buf_free(&f->waits);
		f->waits = *b;
		*b = (struct wr_buf){0};
		f->since_ns = f->is_due ? f->since_ns : wr_loop_now_ns();
		f->is_due = true;
		if (f->asked == f->done)
			f->from_ns = wr_loop_now_ns();
		f->ended = f->late = false;
		f->asked++;
		pthread_cond_broadcast(&k->change);
		ret = wait_for(k, f, f->asked, wait_ms);
	} else if (!ret) {
		ret = -EBUSY;
	}
	pthread_mutex_unlock(&k->lock);
	return ret;
}

bool wr_saver_ended(struct wr_saver *k, struct wr_saver_end *end)
{
	struct file *f;

	if (!k || !k->runs)
		return false;
	pthread_mutex_lock(&k->lock);
	for (f = k->file; f < k->file + WR_SAVER_FILES && !f->ended; f++)
		;
	if (f < k->file + WR_SAVER_FILES) {
		snprintf(end->path, sizeof(end->path), "%s", f->path);
		end->error = f->error;
		end->took_ms = f->took_ms;
		f->ended = f->late = false;
	}
	pthread_mutex_unlock(&k->lock);
	return f < k->file + WR_SAVER_FILES;
}
