/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include <stdio.h>

#include "store/sql.h"

/*
 * What is too old, or too much, is deleted a little at each commit, so that nobody waits.
 *
 * Too much: flows may have half of the size, or all of it when nobody else needs it. When flows are
 * within their half, the oldest sixteenth of the seconds goes, then flows, minutes and at last
 * hours.
 */

enum { BLOCKS = 32 };

static const int64_t res_s[WR_RES_COUNT] = {1, 60, 3600};

static int64_t age_of(const struct wr_store *s, int i)
{
	const uint32_t age[WR_RES_COUNT] = {s->conf.second_age_s, s->conf.minute_age_s,
					    s->conf.hour_age_s};

	return age[i];
}

/* ---- size ---- */

struct size {
	int64_t used, pages; /* of the file */
	int64_t most, start; /* it shall stay below `most`; deleting begins at `start` */
};

static int size_of(struct wr_store *s, struct size *z)
{
	int64_t unused = 0;
	int rc = wr_sql_int(s->db, "PRAGMA page_count", &z->pages, 0);

	if (!rc)
		rc = wr_sql_int(s->db, "PRAGMA freelist_count", &unused, 0);
	z->used = z->pages - unused;
	z->most = (int64_t)(s->conf.max_bytes / WR_STORE_PAGE) - 2 * wr_store_log_pages(s);
	z->start = z->most - z->most / 16;
	s->used_bytes = (uint64_t)z->used * WR_STORE_PAGE;
	return rc;
}

/* Pages that are free go back to the disk when there are many, or when the file is too large. */
static int shrink(struct wr_store *s, const struct size *z)
{
	int64_t unused = z->pages - z->used, n = wr_store_log_pages(s) / 4;
	char sql[64];

	if (!unused || (z->pages <= z->most && (unused < n || unused < z->pages / 4)))
		return SQLITE_OK;
	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)", (int)n);
	return wr_sql_exec(s->db, sql);
}

/* ---- flows ---- */

struct oldest {
	int64_t id; /* 0 = there is none */
	int64_t last_ns, bytes;
};

static int oldest_block(struct wr_store *s, struct oldest *o)
{
	sqlite3_stmt *st = s->sql[WR_SQL_BLOCK_OLDEST];
	int rc = sqlite3_step(st);

	*o = (struct oldest){0};
	if (rc == SQLITE_ROW)
		*o = (struct oldest){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
				     sqlite3_column_int64(st, 2)};
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int drop_block(struct wr_store *s, const struct oldest *o)
{
	int rc;

	sqlite3_bind_int64(s->sql[WR_SQL_BLOCK_DROP_ONE], 1, o->id);
	rc = wr_sql_run(s->sql[WR_SQL_BLOCK_DROP_ONE]);
	sqlite3_bind_int64(s->sql[WR_SQL_DATA_DROP_ONE], 1, o->id);
	s->flow_bytes -= o->bytes;
	return rc ? rc : wr_sql_run(s->sql[WR_SQL_DATA_DROP_ONE]);
}

/* Blocks that ended before a time, and so many pages more. */
static int drop_flows(struct wr_store *s, int64_t before_ns, int64_t pages)
{
	struct oldest o;
	int rc;

	for (int i = 0; i < BLOCKS; i++) {
		rc = oldest_block(s, &o);
		if (rc || !o.id || (o.last_ns >= before_ns && pages <= 0))
			return rc;
		rc = drop_block(s, &o);
		if (rc)
			return rc;
		pages -= o.bytes / WR_STORE_PAGE + 1;
	}
	return SQLITE_OK;
}

/* ---- roll-ups ---- */

static void begin_sweep(struct wr_store *s, int i, int64_t before_s)
{
	s->sweep = (struct wr_sweep){.res = i, .before_s = before_s, .active = true};
}

static int next_series(struct wr_store *s, int64_t *id)
{
	sqlite3_stmt *st = s->sql[WR_SQL_SERIES_NEXT];
	int rc;

	sqlite3_bind_int64(st, 1, *id);
	rc = sqlite3_step(st);
	*id = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A series of which nothing is left goes too. */
static int drop_series(struct wr_store *s, int64_t id, int64_t before_s)
{
	sqlite3_stmt *st = s->sql[WR_SQL_SERIES_DROP_EMPTY];
	int rc;

	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, before_s);
	rc = wr_sql_run(st);
	if (rc || !sqlite3_changes(s->db))
		return rc;
	s->series_n--;
	wr_store_forget_series(s);
	return SQLITE_OK;
}

static int sweep(struct wr_store *s)
{
	sqlite3_stmt *st = s->sql[WR_SQL_ROLLUP_OLD];
	struct wr_sweep *w = &s->sweep;
	/* So that the log holds what is changed: a series is a page or two, a page 130 rows. */
	int64_t series = wr_store_log_pages(s) / 4, rows = 20 * wr_store_log_pages(s);
	int rc;

	for (; series > 0 && rows > 0; series--) {
		rc = next_series(s, &w->series);
		if (rc)
			return rc;
		if (!w->series) {
			w->active = false;
			s->swept_s[w->res] = w->before_s;
			return SQLITE_OK;
		}
		sqlite3_bind_int64(st, 1, w->series);
		sqlite3_bind_int64(st, 2, res_s[w->res]);
		sqlite3_bind_int64(st, 3, w->before_s);
		rc = wr_sql_run(st);
		rows -= sqlite3_changes(s->db);
		if (!rc && w->res == WR_RES_COUNT - 1)
			rc = drop_series(s, w->series, w->before_s);
		if (rc)
			return rc;
	}
	return SQLITE_OK;
}

/* A sweep when a part of what is kept has become too old: few of them, of whole pages. */
static void sweep_by_age(struct wr_store *s, int64_t now_s)
{
	for (int i = 0; i < WR_RES_COUNT && !s->sweep.active; i++) {
		int64_t before_s = now_s - age_of(s, i);

		before_s -= before_s % res_s[i];
		if (before_s > 0 && before_s - s->swept_s[i] >= age_of(s, i) / 32)
			begin_sweep(s, i, before_s);
	}
}

/* The oldest sixteenth; not the last minutes. False: there is nothing old. */
static int sweep_by_size(struct wr_store *s, int i, int64_t now_s, bool *found)
{
	int64_t oldest, before_s;
	int rc = wr_sql_int(s->db,
			    "SELECT min((SELECT min(t) FROM rollup_row WHERE series = id AND"
			    " res = ?1)) FROM series",
			    &oldest, 1, res_s[i]);

	before_s = oldest + (now_s - oldest) / 16;
	before_s += res_s[i] - before_s % res_s[i];
	*found = !rc && oldest && before_s < now_s - 10 * res_s[i];
	if (*found)
		begin_sweep(s, i, before_s);
	return rc;
}

/* ---- all ---- */

static int make_room(struct wr_store *s, const struct size *z, int64_t now_s)
{
	bool half = s->flow_bytes / WR_STORE_PAGE > z->most / 2, found = false;
	int64_t over = z->used - z->start, before = s->flow_bytes;
	int rc = SQLITE_OK;

	if (over <= 0)
		return SQLITE_OK;
	/* Above the limit flows go in any case: nothing else goes as fast. */
	if (half || z->used > z->most)
		rc = drop_flows(s, 0, over);
	if (rc || s->flow_bytes != before || s->sweep.active)
		return rc;
	rc = sweep_by_size(s, 0, now_s, &found);
	if (!rc && !found)
		rc = drop_flows(s, 0, over);
	for (int i = 1; i < WR_RES_COUNT && !rc && !found && s->flow_bytes == before; i++)
		rc = sweep_by_size(s, i, now_s, &found);
	return rc;
}

static int drop_events(struct wr_store *s, int64_t before_ns)
{
	int rc;

	sqlite3_bind_int64(s->sql[WR_SQL_INCIDENT_OLD], 1, before_ns);
	sqlite3_bind_int64(s->sql[WR_SQL_RULE_OLD], 1, before_ns);
	rc = wr_sql_run(s->sql[WR_SQL_INCIDENT_OLD]);
	return rc ? rc : wr_sql_run(s->sql[WR_SQL_RULE_OLD]);
}

/* The first column, and the second; 0 where there is none. */
static int two_of(sqlite3_stmt *st, int64_t out[2])
{
	int rc = sqlite3_step(st);

	for (int i = 0; i < 2; i++)
		out[i] = rc == SQLITE_ROW ? sqlite3_column_int64(st, i) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A block's id is the number of its first row, and nothing but the oldest goes. */
int wr_store_take_stock(struct wr_store *s)
{
	int64_t block[2], oldest[2];
	int rc = two_of(s->sql[WR_SQL_BLOCK_FIRST], block);

	if (!rc)
		rc = two_of(s->sql[WR_SQL_OLDEST], oldest);
	if (rc)
		return rc;
	oldest[0] *= 1000000000;
	if (!oldest[0] || (block[1] && block[1] < oldest[0]))
		oldest[0] = block[1];
	pthread_mutex_lock(&s->lock);
	s->stats.flows_there = block[0] ? (uint64_t)(s->next_row - block[0]) : 0;
	s->stats.oldest_ns = (uint64_t)oldest[0];
	pthread_mutex_unlock(&s->lock);
	return SQLITE_OK;
}

int wr_store_retain(struct wr_store *s, int64_t now_s)
{
	const int64_t ns = 1000000000;
	struct size z;
	int rc = size_of(s, &z);

	if (!rc)
		rc = make_room(s, &z, now_s);
	if (!rc)
		rc = drop_flows(s, (now_s - s->conf.flow_age_s) * ns, 0);
	if (!rc)
		rc = drop_events(s, (now_s - s->conf.event_age_s) * ns);
	sweep_by_age(s, now_s);
	if (!rc && s->sweep.active)
		rc = sweep(s);
	return rc ? rc : shrink(s, &z);
}
