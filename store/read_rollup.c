/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/read_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sql.h"

/* Roll-ups: what is folded and what is not yet, as one. */

static const uint32_t resolutions[] = {1, 60, 3600};
enum { RESOLUTIONS = 3 };

/* ---- series ---- */

static int first_column(sqlite3_stmt *st, int64_t *out)
{
	int rc = sqlite3_step(st);

	*out = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void bind_text(sqlite3_stmt *st, int i, const char *text)
{
	sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
}

/* -ENOENT, with the names of some that are there. */
static int unknown(struct wr_store_reader *r, const struct wr_store_ask *ask, struct wr_err *err)
{
	const char *kind = wr_store_kind_name(ask->kind), *before = "; there are for example ";
	sqlite3_stmt *st = r->sql[WR_READ_EXAMPLES];
	size_t n;

	wr_fail(err, ENOENT, "%s holds nothing of %s '%s'", r->path, kind, ask->key);
	bind_text(st, 1, kind);
	while (sqlite3_step(st) == SQLITE_ROW && err) {
		n = strlen(err->text);
		snprintf(err->text + n, sizeof(err->text) - n, "%s'%s'", before,
			 (const char *)sqlite3_column_text(st, 0));
		before = ", ";
	}
	sqlite3_reset(st);
	return -ENOENT;
}

static int series_of(struct wr_store_reader *r, const struct wr_store_ask *ask, int64_t *id,
		     struct wr_err *err)
{
	sqlite3_stmt *st = r->sql[WR_READ_SERIES];
	int rc;

	bind_text(st, 1, wr_store_kind_name(ask->kind));
	bind_text(st, 2, ask->key);
	rc = first_column(st, id);
	if (rc)
		return wr_read_fail(r, rc, err);
	return *id ? 0 : unknown(r, ask, err);
}

/* The first period from t on in which something is; 0 = none. */
static int first_from(struct wr_store_reader *r, int64_t series, uint32_t res, uint64_t from,
		      int64_t *t)
{
	sqlite3_stmt *st = r->sql[WR_READ_FIRST];
	int64_t recent;
	int rc;

	sqlite3_bind_int64(st, 1, series);
	sqlite3_bind_int64(st, 2, res);
	sqlite3_bind_int64(st, 3, (int64_t)from);
	rc = first_column(st, t);
	st = r->sql[WR_READ_FIRST_RECENT];
	sqlite3_bind_int64(st, 1, series);
	sqlite3_bind_int64(st, 2, (int64_t)from);
	if (!rc)
		rc = first_column(st, &recent);
	if (!rc && recent && (!*t || recent < *t))
		*t = recent - recent % res;
	return rc;
}

/* ---- resolution ---- */

/*
 * The finest with so few points. But seconds are kept for a shorter time than minutes: where the
 * coarser one begins earlier, and both should begin within the time, the finer one has been
 * deleted there.
 */
static int choose(struct wr_store_reader *r, struct wr_store_ask *ask, int64_t series)
{
	uint64_t span = ask->to_s > ask->from_s ? ask->to_s - ask->from_s : 0;
	uint32_t most = ask->points_max ? ask->points_max : WR_STORE_POINTS;
	int i = 0, rc = SQLITE_OK;
	int64_t fine = 0, coarse = 0;

	while (i < RESOLUTIONS - 1 && span / resolutions[i] > most)
		i++;
	for (; series && i < RESOLUTIONS - 1 && !rc; i++) {
		uint32_t next = resolutions[i + 1];

		rc = first_from(r, series, resolutions[i], ask->from_s - ask->from_s % next, &fine);
		if (!rc)
			rc = first_from(r, series, next, ask->from_s - ask->from_s % next, &coarse);
		if (rc || !coarse || (fine && fine - fine % next <= coarse))
			break;
	}
	ask->res_s = resolutions[i];
	return rc;
}

static int prepare(struct wr_store_reader *r, struct wr_store_ask *ask, int64_t series,
		   struct wr_err *err)
{
	int rc = SQLITE_OK;

	if (!ask->res_s)
		rc = choose(r, ask, series);
	else if (ask->res_s != 1 && ask->res_s != 60 && ask->res_s != 3600)
		return wr_fail(err, EINVAL, "there are periods of 1, 60 and 3600 seconds, not %u",
			       ask->res_s);
	ask->from_s -= ask->from_s % ask->res_s;
	if (ask->to_s > INT64_MAX / 2)
		ask->to_s = INT64_MAX / 2;
	/* Seconds that are not folded yet belong to their whole period too. */
	ask->to_s += ask->res_s - 1;
	ask->to_s -= ask->to_s % ask->res_s;
	return rc ? wr_read_fail(r, rc, err) : 0;
}

/* ---- points ---- */

static void add_counts(struct wr_store_counts *to, sqlite3_stmt *st, int i)
{
#define X(name, sep) to->name += (uint64_t)sqlite3_column_int64(st, i++);
	WR_STORE_COUNT_TABLE(X)
#undef X
}

static int fill(struct wr_store_reader *r, enum wr_read_sql which, int64_t series, uint32_t res,
		uint64_t from, uint64_t to)
{
	sqlite3_stmt *st = r->sql[which];
	int rc;

	sqlite3_bind_int64(st, 1, series);
	if (which == WR_READ_POINTS)
		sqlite3_bind_int64(st, 2, res);
	sqlite3_bind_int64(st, 3, (int64_t)from);
	sqlite3_bind_int64(st, 4, (int64_t)to);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		uint64_t i = ((uint64_t)sqlite3_column_int64(st, 0) - from) / res;

		add_counts(&r->window[i], st, 1);
		r->filled[i] = true;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Fills the window that begins with the first period from *from on; *from 0: there is none. */
static int next_window(struct wr_store_reader *r, int64_t series, const struct wr_store_ask *ask,
		       uint64_t *from, uint64_t *to)
{
	int64_t t;
	int rc = first_from(r, series, ask->res_s, *from, &t);

	*from = (uint64_t)t;
	if (rc || !t || *from >= ask->to_s) {
		*from = 0;
		return rc;
	}
	*to = *from + (uint64_t)WR_READ_WINDOW * ask->res_s;
	if (*to > ask->to_s)
		*to = ask->to_s;
	memset(r->window, 0, sizeof(r->window));
	memset(r->filled, 0, sizeof(r->filled));
	rc = fill(r, WR_READ_POINTS, series, ask->res_s, *from, *to);
	return rc ? rc : fill(r, WR_READ_POINTS_RECENT, series, ask->res_s, *from, *to);
}

/* Both tables are looked at in one transaction: what is being folded is in exactly one of them. */
static int read_window(struct wr_store_reader *r, int64_t series, const struct wr_store_ask *ask,
		       uint64_t *from, uint64_t *to)
{
	int rc = wr_sql_exec(r->db, "BEGIN");

	if (rc)
		return rc;
	rc = next_window(r, series, ask, from, to);
	wr_sql_exec(r->db, "COMMIT");
	return rc;
}

int wr_store_read_rollup(struct wr_store_reader *r, struct wr_store_ask *ask, wr_store_point_fn fn,
			 void *ctx, struct wr_err *err)
{
	struct wr_store_point p;
	uint64_t from, to;
	int64_t series;
	int ret = series_of(r, ask, &series, err), rc;

	if (!ret)
		ret = prepare(r, ask, series, err);
	if (ret)
		return ret;
	for (from = ask->from_s;; from = to) {
		rc = read_window(r, series, ask, &from, &to);
		if (rc)
			return wr_read_fail(r, rc, err);
		if (!from)
			return 0;
		for (uint64_t i = 0; i < WR_READ_WINDOW; i++) {
			if (!r->filled[i])
				continue;
			p.t_s = from + i * ask->res_s;
			p.n = r->window[i];
			if (!fn(ctx, &p))
				return 0;
		}
	}
}

/* ---- keys ---- */

int wr_store_read_top(struct wr_store_reader *r, struct wr_store_ask *ask, uint32_t most,
		      wr_store_key_fn fn, void *ctx, struct wr_err *err)
{
	sqlite3_stmt *st = r->sql[WR_READ_TOP];
	int ret = prepare(r, ask, 0, err), rc;

	if (ret)
		return ret;
	bind_text(st, 1, wr_store_kind_name(ask->kind));
	sqlite3_bind_int64(st, 2, ask->res_s);
	sqlite3_bind_int64(st, 3, (int64_t)ask->from_s);
	sqlite3_bind_int64(st, 4, (int64_t)ask->to_s);
	sqlite3_bind_int64(st, 5, most);
	sqlite3_bind_int(st, 6, wr_store_is_api(ask->kind));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct wr_store_counts n = {0};

		add_counts(&n, st, 1);
		if (!fn(ctx, (const char *)sqlite3_column_text(st, 0), &n))
			break;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : wr_read_fail(r, rc, err);
}
