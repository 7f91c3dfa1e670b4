/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include "store/sql.h"

/*
 * Seconds of minutes that are over go from `recent` to their series, and their sums to minute and
 * hour. Many rows are done in slices, one at each commit: a slice is the series whose number leaves
 * the same rest, so each series is touched once. What comes later for such a second is folded next
 * time and adds up.
 */

enum { SLICE_ROWS = 20000, SLICES_MAX = 50, PAGES_PER_SERIES = 4 };

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A slice shall neither take long nor write more than the log is meant to hold. */
static int begin(struct wr_store *s, int64_t minute)
{
	int64_t rows, series;
	int rc = wr_sql_int(s->db, "SELECT count(*) FROM recent WHERE t < ?1", &rows, 1, minute);

	if (!rc)
		rc = wr_sql_int(s->db, "SELECT count(DISTINCT series) FROM recent WHERE t < ?1",
				&series, 1, minute);
	if (rc)
		return rc;
	s->minute_of_fold = minute;
	s->fold_slice = 0;
	s->fold_slices = larger((rows + SLICE_ROWS - 1) / SLICE_ROWS,
				series * PAGES_PER_SERIES / wr_store_log_pages(s) + (rows > 0));
	if (s->fold_slices > SLICES_MAX)
		s->fold_slices = SLICES_MAX;
	return SQLITE_OK;
}

static int step(struct wr_store *s, enum wr_store_sql which, int64_t res)
{
	sqlite3_stmt *st = s->sql[which];

	sqlite3_bind_int64(st, 1, s->minute_of_fold);
	sqlite3_bind_int64(st, 2, s->fold_slices);
	sqlite3_bind_int64(st, 3, s->fold_slice);
	if (which == WR_SQL_FOLD_PERIODS)
		sqlite3_bind_int64(st, 4, res);
	return wr_sql_run(st);
}

int wr_store_fold(struct wr_store *s, int64_t now_s)
{
	int64_t minute = now_s - now_s % 60;
	int rc = SQLITE_OK;

	if (s->fold_slice == s->fold_slices && minute != s->minute_of_fold)
		rc = begin(s, minute);
	if (rc || s->fold_slice == s->fold_slices)
		return rc;
	rc = step(s, WR_SQL_SERIES_SEEN, 0);
	if (!rc)
		rc = step(s, WR_SQL_FOLD_SECONDS, 0);
	if (!rc)
		rc = step(s, WR_SQL_FOLD_PERIODS, 60);
	if (!rc)
		rc = step(s, WR_SQL_FOLD_PERIODS, 3600);
	if (!rc)
		rc = step(s, WR_SQL_FOLD_DROP, 0);
	s->fold_slice++;
	return rc;
}
