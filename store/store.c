/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/when.h"

/* What callers see: rows go to a batch, and a full batch to whoever writes. */

enum { RETRY_S = 5 };

#define MIN_BYTES (8ull << 20)

/* ---- open ---- */

static int check(struct wr_store_conf *c, struct wr_err *err)
{
	const struct {
		uint32_t *value;
		uint32_t otherwise;
	} defaults[] = {
		{&c->flow_age_s, 7 * 86400},	{&c->second_age_s, 86400},
		{&c->minute_age_s, 30 * 86400}, {&c->hour_age_s, 730 * 86400},
		{&c->event_age_s, 730 * 86400}, {&c->flows_max, 65536},
		{&c->counts_max, 16384},	{&c->series_max, 50000},
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (!*defaults[i].value)
			*defaults[i].value = defaults[i].otherwise;
	if (!c->max_bytes)
		c->max_bytes = 2ull << 30;
	if (c->max_bytes < MIN_BYTES || c->max_bytes > INT64_MAX)
		return wr_fail(err, EINVAL, "history needs room for at least %llu bytes (8 MiB)",
			       MIN_BYTES);
	/* Their names alone must not fill the file. */
	if (c->series_max > c->max_bytes / 1024)
		c->series_max = (uint32_t)(c->max_bytes / 1024);
	return 0;
}

static int batch_open(struct wr_batch *b, const struct wr_store_conf *c)
{
	b->flow = wr_mem_map(c->flows_max * sizeof(*b->flow));
	b->count = wr_mem_map(c->counts_max * sizeof(*b->count));
	b->incident = wr_mem_map(WR_BATCH_EVENTS * sizeof(*b->incident));
	b->rule = wr_mem_map(WR_BATCH_EVENTS * sizeof(*b->rule));
	return b->flow && b->count && b->incident && b->rule ? 0 : -ENOMEM;
}

static void batch_close(struct wr_batch *b, const struct wr_store_conf *c)
{
	wr_mem_unmap(b->flow, c->flows_max * sizeof(*b->flow));
	wr_mem_unmap(b->count, c->counts_max * sizeof(*b->count));
	wr_mem_unmap(b->incident, WR_BATCH_EVENTS * sizeof(*b->incident));
	wr_mem_unmap(b->rule, WR_BATCH_EVENTS * sizeof(*b->rule));
}

static bool batch_empty(const struct wr_batch *b)
{
	return !b->flows && !b->counts && !b->incidents && !b->rules;
}

static int memory(struct wr_store *s)
{
	s->slot = calloc(WR_SERIES_SLOTS, sizeof(*s->slot));
	s->merge = wr_mem_map(2 * WR_RUN_ROWS * sizeof(*s->merge));
	if (!s->slot || !s->merge || batch_open(&s->batch[0], &s->conf) ||
	    batch_open(&s->batch[1], &s->conf))
		return -ENOMEM;
	return wr_block_open(&s->block);
}

static void release(struct wr_store *s)
{
	wr_store_detach(s);
	wr_block_close(&s->block);
	batch_close(&s->batch[0], &s->conf);
	batch_close(&s->batch[1], &s->conf);
	wr_buf_free(&s->data);
	wr_buf_free(&s->bloom);
	free(s->slot);
	wr_mem_unmap(s->merge, 2 * WR_RUN_ROWS * sizeof(*s->merge));
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* The path without links, so that a damaged file can be renamed; its folder is made. */
static int path_of(struct wr_store *s, const char *path, struct wr_err *err)
{
	char *slash;

	if (strlen(path) >= sizeof(s->path))
		return wr_fail(err, ENAMETOOLONG, "%.64s...: name is too long", path);
	if (realpath(path, s->path))
		return 0;
	strcpy(s->path, path);
	slash = strrchr(s->path, '/');
	if (slash && slash != s->path) {
		*slash = 0;
		mkdir(s->path, 0750);
		*slash = '/';
	}
	return 0;
}

/* ---- the thread ---- */

static void *work(void *ctx)
{
	struct wr_store *s = ctx;
	struct wr_err err;

	pthread_mutex_lock(&s->lock);
	while (!s->quit) {
		if (!s->busy) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		err.code = 0;
		wr_store_work(s, &err);
		pthread_mutex_lock(&s->lock);
		s->err = err;
		s->busy = false;
		pthread_cond_broadcast(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int begin_thread(struct wr_store *s, struct wr_err *err)
{
	sigset_t all, before;
	int rc;

	/* Signals are for the threads that wait for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		return wr_fail(err, rc, "no thread for history: %s", strerror(rc));
	s->has_thread = true;
	pthread_setname_np(s->thread, "weir-store");
	return 0;
}

static void end_thread(struct wr_store *s)
{
	if (!s->has_thread)
		return;
	pthread_mutex_lock(&s->lock);
	while (s->busy)
		pthread_cond_wait(&s->wake, &s->lock);
	s->quit = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->has_thread = false;
}

/* The errors of open that another attempt may mend. */
static bool may_pass(int ret)
{
	return ret == -ENOSPC || ret == -EDQUOT || ret == -EIO;
}

int wr_store_open(struct wr_store **out, const char *path, const struct wr_store_conf *conf,
		  struct wr_err *err)
{
	struct wr_store *s = calloc(1, sizeof(*s));
	struct wr_err why = {0};
	int ret;

	if (!s)
		return wr_fail(err, ENOMEM, "no memory for history");
	s->lock_fd = -1;
	s->fill = &s->batch[0];
	s->write = &s->batch[1];
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->wake, NULL);
	if (conf)
		s->conf = *conf;
	ret = check(&s->conf, err);
	if (!ret)
		ret = path_of(s, path, err);
	if (!ret && memory(s))
		ret = wr_fail(err, ENOMEM, "no memory for history");
	if (ret)
		goto fail;
	ret = wr_store_attach(s, &why);
	if (ret && !may_pass(ret)) {
		if (err)
			*err = why;
		goto fail;
	}
	s->err = why;
	ret = s->conf.thread ? begin_thread(s, err) : 0;
	if (ret)
		goto fail;
	*out = s;
	return 0;
fail:
	release(s);
	return ret;
}

int wr_store_limits(struct wr_store *s, const struct wr_store_conf *conf, struct wr_err *err)
{
	struct wr_store_conf c = *conf;
	int ret = check(&c, err);

	if (ret)
		return ret;
	pthread_mutex_lock(&s->lock);
	s->limits = c;
	s->limited = true;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

/* ---- adding ---- */

static bool lost(struct wr_store *s, uint64_t *counter)
{
	pthread_mutex_lock(&s->lock);
	++*counter;
	pthread_mutex_unlock(&s->lock);
	return false;
}

bool wr_store_flow(struct wr_store *s, const struct wr_store_flow *f)
{
	struct wr_batch *b = s->fill;

	if (b->flows == s->conf.flows_max)
		return lost(s, &s->stats.flows_lost);
	b->flow[b->flows++] = *f;
	return true;
}

bool wr_store_count(struct wr_store *s, enum wr_store_kind kind, const char *key, uint64_t t_s,
		    const struct wr_store_counts *c)
{
	struct wr_batch *b = s->fill;
	struct wr_batch_count *row;

	if (b->counts == s->conf.counts_max)
		return lost(s, &s->stats.counts_lost);
	row = &b->count[b->counts++];
	row->t_s = t_s;
	row->kind = kind;
	row->n = *c;
	snprintf(row->key, sizeof(row->key), "%s", key);
	return true;
}

/* An id for a new event; 0 when the file was never open: its ids are not known then. */
static uint64_t new_id(_Atomic uint64_t *next)
{
	return *next ? (*next)++ : 0;
}

uint64_t wr_store_incident(struct wr_store *s, const struct wr_store_incident *i)
{
	uint64_t id = i->id ? i->id : new_id(&s->next_incident);
	struct wr_batch *b = s->fill;

	if (!id || b->incidents == WR_BATCH_EVENTS)
		return lost(s, &s->stats.events_lost);
	b->incident[b->incidents] = *i;
	b->incident[b->incidents++].id = id;
	return id;
}

uint64_t wr_store_rule(struct wr_store *s, const struct wr_store_rule *r)
{
	uint64_t id = r->id ? r->id : new_id(&s->next_rule);
	struct wr_batch *b = s->fill;

	if (!id || b->rules == WR_BATCH_EVENTS)
		return lost(s, &s->stats.events_lost);
	b->rule[b->rules] = *r;
	b->rule[b->rules++].id = id;
	return id;
}

/* ---- writing ---- */

/* New limits, while nobody goes by the old ones. With the lock held. */
static void take_limits(struct wr_store *s)
{
	const struct wr_store_conf *c = &s->limits;

	if (!s->limited)
		return;
	s->limited = false;
	s->settled = false;
	s->conf.max_bytes = c->max_bytes;
	s->conf.series_max = c->series_max;
	s->conf.flow_age_s = c->flow_age_s;
	s->conf.second_age_s = c->second_age_s;
	s->conf.minute_age_s = c->minute_age_s;
	s->conf.hour_age_s = c->hour_age_s;
	s->conf.event_age_s = c->event_age_s;
}

/* What was added becomes what is to be written, unless that is still there from a failure. */
static void hand_over(struct wr_store *s)
{
	struct wr_batch *b = s->write;

	if (!batch_empty(b))
		return;
	s->write = s->fill;
	s->fill = b;
}

/* The error of the last attempt, once. With the lock held. */
static int tell(struct wr_store *s, struct wr_err *err)
{
	int code = s->err.code;

	if (code && err)
		*err = s->err;
	s->err.code = 0;
	return -code;
}

/* A second has begun, and after a failure a few of them. Clocks may jump back. */
static bool is_due(struct wr_store *s, uint64_t now_s)
{
	uint64_t wait_s = s->stats.failing_since_ns ? RETRY_S : 1;

	if (now_s >= s->last_tick_s && now_s - s->last_tick_s < wait_s)
		return false;
	s->last_tick_s = now_s;
	return true;
}

int wr_store_tick(struct wr_store *s, uint64_t now_ns, struct wr_err *err)
{
	bool mine;
	int ret;

	pthread_mutex_lock(&s->lock);
	if (s->busy) {
		pthread_mutex_unlock(&s->lock);
		return 0;
	}
	ret = tell(s, err);
	mine = is_due(s, now_ns / 1000000000);
	if (mine) {
		take_limits(s);
		hand_over(s);
		s->now_ns = now_ns;
	}
	if (mine && s->has_thread) {
		s->busy = true;
		pthread_cond_broadcast(&s->wake);
		mine = false;
	}
	pthread_mutex_unlock(&s->lock);
	return mine ? wr_store_work(s, err) : ret;
}

int wr_store_commit(struct wr_store *s, uint64_t now_ns, struct wr_err *err)
{
	struct wr_err own = {0};
	int ret;

	pthread_mutex_lock(&s->lock);
	while (s->busy)
		pthread_cond_wait(&s->wake, &s->lock);
	s->err.code = 0;
	take_limits(s);
	pthread_mutex_unlock(&s->lock);
	s->now_ns = now_ns;
	s->last_tick_s = now_ns / 1000000000;
	/* Twice when the first is what could not be written before. */
	do {
		hand_over(s);
		ret = wr_store_work(s, &own);
	} while (!ret && !batch_empty(s->fill));
	if (ret && err)
		*err = own;
	return ret;
}

bool wr_store_notice(struct wr_store *s, char *text, size_t size)
{
	bool any;

	pthread_mutex_lock(&s->lock);
	any = !s->busy && s->notice[0];
	if (any) {
		snprintf(text, size, "%s", s->notice);
		s->notice[0] = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return any;
}

struct wr_store_stats wr_store_stats(struct wr_store *s)
{
	struct wr_store_stats copy;

	pthread_mutex_lock(&s->lock);
	copy = s->stats;
	pthread_mutex_unlock(&s->lock);
	return copy;
}

int wr_store_close(struct wr_store **store, struct wr_err *err)
{
	struct wr_store *s = *store;
	int ret;

	*store = NULL;
	if (!s)
		return 0;
	end_thread(s);
	ret = wr_store_commit(s, s->now_ns ? s->now_ns : wr_when_now(), err);
	release(s);
	return ret;
}
