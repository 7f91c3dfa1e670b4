/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_SCHEMA_H
#define WR_STORE_SCHEMA_H

#include <sqlite3.h>

#include "base/err.h"
#include "store/rows.h"

/* The tables (docs/history.md) and the look at what a file is. Not for other folders. */

enum {
	WR_SCHEMA_VERSION = 1,	    /* PRAGMA user_version */
	WR_SCHEMA_APP = 0x77656972, /* PRAGMA application_id: "weir" */
};

/* Lists of the counted columns, for statements. */
#define WR_SQL_NAME(n, sep) sep #n
#define WR_SQL_MARK(n, sep) sep "?"
#define WR_SQL_SUM(n, sep) sep "sum(" #n ")"
#define WR_SQL_ADD(n, sep) sep #n "=" #n "+excluded." #n
#define WR_SQL_NAMES WR_STORE_COUNT_TABLE(WR_SQL_NAME)
#define WR_SQL_MARKS WR_STORE_COUNT_TABLE(WR_SQL_MARK)
#define WR_SQL_SUMS WR_STORE_COUNT_TABLE(WR_SQL_SUM)
#define WR_SQL_ADDS WR_STORE_COUNT_TABLE(WR_SQL_ADD)

/*
 * What an opened file is. 1: empty, 0: a history that this weir reads, else -EOPNOTSUPP: from a
 * newer weir, -EINVAL: of something else, -EBADMSG: damaged, or another error of SQLite.
 */
int wr_schema_check(sqlite3 *db, const char *path, struct wr_err *err);

/* Makes the tables in an empty file. Returns an SQLite result. */
int wr_schema_make(sqlite3 *db);

#endif
