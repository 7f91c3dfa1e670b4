/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_READ_IMPL_H
#define WR_STORE_READ_IMPL_H

#include <limits.h>
#include <sqlite3.h>

#include "base/buf.h"
#include "store/block.h"
#include "store/read.h"
#include "store/schema.h"

/* What the files of the reading side share. Not for other folders. */

/* X(SYMBOL, SQL) */
#define WR_READ_SQL_TABLE(X)                                                                      \
	X(SERIES, "SELECT id FROM series WHERE kind=?1 AND key=?2")                               \
	X(EXAMPLES, "SELECT key FROM series WHERE kind=?1 ORDER BY seen DESC LIMIT 3")            \
	X(FIRST, "SELECT min(t) FROM rollup_row WHERE series=?1 AND res=?2 AND t >= ?3")          \
	X(FIRST_RECENT, "SELECT min(t) FROM recent WHERE series=?1 AND t >= ?2")                  \
	X(POINTS, "SELECT t, " WR_SQL_NAMES                                                       \
		  " FROM rollup_row WHERE series=?1 AND res=?2 AND t >= ?3 AND t < ?4")           \
	X(POINTS_RECENT,                                                                          \
	  "SELECT t, " WR_SQL_NAMES " FROM recent WHERE series=?1 AND t >= ?3 AND t < ?4")        \
	X(TOP,                                                                                    \
	  "SELECT key, " WR_SQL_SUMS ", sum(CASE WHEN ?6 THEN packets ELSE bytes END) AS "        \
	  "most FROM (SELECT series, " WR_SQL_NAMES " FROM rollup_row JOIN series ON id = series" \
	  " WHERE kind=?1 AND res=?2 AND t >= ?3 AND t < ?4 UNION ALL SELECT "                    \
	  "series, " WR_SQL_NAMES                                                                 \
	  " FROM recent WHERE t >= ?3 AND t < ?4) JOIN series ON id = series"                     \
	  " WHERE kind=?1 GROUP BY series ORDER BY most DESC, key LIMIT ?5")                      \
	X(BLOCK_WITH, "SELECT id, rows FROM flow_block WHERE id < ?1 ORDER BY id DESC LIMIT 1")   \
	X(BLOCK, "SELECT id, rows FROM flow_block WHERE id >= ?1 AND last_ns >= ?2 AND"           \
		 " first_ns < ?3 ORDER BY id LIMIT 1")                                            \
	X(DATA, "SELECT bloom, data FROM flow_data WHERE id=?1")                                  \
	X(INCIDENTS,                                                                              \
	  "SELECT id, start_ns, end_ns, class, severity, target, text,"                           \
	  " CASE WHEN evidence = '' THEN '' WHEN json_valid(evidence) THEN json(evidence)"        \
	  " ELSE json_quote(evidence) END"                                                        \
	  " FROM incident WHERE start_ns < ?2 AND (end_ns IS NULL OR end_ns >= ?1)"               \
	  " ORDER BY start_ns, id")                                                               \
	X(RULES, "SELECT id, at_ns, expires_ns, incident, action, state, text FROM rule"          \
		 " WHERE at_ns >= ?1 AND at_ns < ?2 ORDER BY at_ns, id")

enum wr_read_sql {
#define X(sym, sql) WR_READ_##sym,
	WR_READ_SQL_TABLE(X)
#undef X
		WR_READ_COUNT
};

enum { WR_READ_WINDOW = 1024 };

struct wr_store_reader {
	char path[PATH_MAX];
	int wait_ms; /* for who holds it locked */
	sqlite3 *db;
	sqlite3_stmt *sql[WR_READ_COUNT];
	struct wr_block block; /* opened when flows are asked for */
	bool has_block;
	struct wr_store_counts window[WR_READ_WINDOW];
	bool filled[WR_READ_WINDOW];
};

/* Makes an error of an SQLite result. */
int wr_read_fail(struct wr_store_reader *r, int rc, struct wr_err *err);

#endif
