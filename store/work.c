/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store/sql.h"

/* What is done once a second: in the thread of the store, or in the caller's. */

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* One transaction. */
static int within(struct wr_store *s, int (*what)(struct wr_store *))
{
	int rc = wr_sql_exec(s->db, "BEGIN IMMEDIATE");

	if (!rc)
		rc = what(s);
	if (!rc)
		rc = wr_sql_exec(s->db, "COMMIT");
	if (rc && !sqlite3_get_autocommit(s->db))
		wr_sql_exec(s->db, "ROLLBACK");
	return rc;
}

static int write_batch(struct wr_store *s)
{
	return wr_store_write(s, s->write);
}

static int keep_house(struct wr_store *s)
{
	int64_t now_s = (int64_t)(s->now_ns / 1000000000);
	int rc = wr_store_fold(s, now_s);

	if (!rc)
		rc = wr_store_retain(s, now_s);
	return rc ? rc : wr_store_take_stock(s);
}

/* ---- what can go wrong ---- */

/* Another attempt may succeed. What cannot succeed must not stand in the way for ever. */
static bool may_pass(int code)
{
	static const int passing[] = {ENOSPC, EIO, EBUSY, EROFS, EACCES, ENOENT, ENOMEM, EBADMSG};

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (passing[i] == -code)
			return true;
	return false;
}

static uint32_t events(const struct wr_batch *b)
{
	return b->incidents + b->rules;
}

static void clear(struct wr_batch *b)
{
	b->flows = b->counts = b->incidents = b->rules = 0;
}

/* After a failure: what is known by heart is learned again, or the file is opened again. */
static int recover(struct wr_store *s, int rc, const char *doing, struct wr_err *err)
{
	struct wr_err ignored;
	int ret = wr_sql_fail(err, s->db, rc, s->path, doing);

	if (ret == -EBADMSG) {
		wr_store_detach(s);
		wr_store_set_aside(s, err->text, &ignored);
	} else if (wr_store_load(s)) {
		wr_store_detach(s);
	}
	return ret;
}

static void wrote(struct wr_store *s, uint64_t took_ns)
{
	pthread_mutex_lock(&s->lock);
	s->stats.flows += s->write->flows;
	s->stats.counts += s->write->counts;
	s->stats.events += events(s->write);
	s->stats.commits++;
	s->stats.used_bytes = s->used_bytes;
	s->stats.commit_ns = took_ns;
	if (took_ns > s->stats.commit_most_ns)
		s->stats.commit_most_ns = took_ns;
	s->stats.failing_since_ns = 0;
	pthread_mutex_unlock(&s->lock);
	clear(s->write);
}

static void failed(struct wr_store *s, int code)
{
	pthread_mutex_lock(&s->lock);
	s->stats.failed++;
	if (!s->stats.failing_since_ns)
		s->stats.failing_since_ns = s->now_ns;
	if (!may_pass(code)) {
		s->stats.flows_lost += s->write->flows;
		s->stats.counts_lost += s->write->counts;
		s->stats.events_lost += events(s->write);
		clear(s->write);
	}
	pthread_mutex_unlock(&s->lock);
}

static int open_again(struct wr_store *s, struct wr_err *err)
{
	if (s->db && wr_store_was_moved(s)) {
		wr_store_detach(s);
		snprintf(s->notice, sizeof(s->notice),
			 "%s was moved or deleted; a new history is begun there", s->path);
	}
	return s->db ? 0 : wr_store_attach(s, err);
}

static int attempt(struct wr_store *s, struct wr_err *err)
{
	uint64_t start_ns = clock_ns();
	int ret = open_again(s, err), rc;

	if (ret)
		return ret;
	rc = s->settled ? SQLITE_OK : wr_store_settle(s);
	if (!rc)
		rc = within(s, write_batch);
	if (rc)
		return recover(s, rc, "write history", err);
	wrote(s, clock_ns() - start_ns);
	rc = within(s, keep_house);
	return rc ? recover(s, rc, "fold and clear history", err) : 0;
}

int wr_store_work(struct wr_store *s, struct wr_err *err)
{
	int ret = attempt(s, err);

	/* A damaged file was set aside: on with a new one. */
	if (ret == -EBADMSG)
		ret = attempt(s, err);
	if (ret)
		failed(s, ret);
	return ret;
}
