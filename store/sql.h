/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_SQL_H
#define WR_STORE_SQL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A thin layer over SQLite. Not for other folders. */

/*
 * What SQLite says, as an error with the file's name and what to do. rc is an SQLite result; db may
 * be NULL. Returns a negative errno: ENOSPC, EIO, EBUSY, EROFS, EACCES, EBADMSG (damaged), ...
 */
int wr_sql_fail(struct wr_err *err, sqlite3 *db, int rc, const char *path, const char *doing)
	__attribute__((cold));

/* Runs statements that give no rows. Returns an SQLite result. */
int wr_sql_exec(sqlite3 *db, const char *sql);

/* Runs a statement with up to four integers and gives its first column (0 without a row). */
int wr_sql_int(sqlite3 *db, const char *sql, int64_t *out, int args, ...);

/* Steps a statement that gives no rows and resets it. Returns an SQLite result, SQLITE_OK when
 * done. */
int wr_sql_run(sqlite3_stmt *st);

/* Prepares sql[0..n-1] into st. Returns an SQLite result; what was prepared stays to be finished by
 * wr_sql_finish(). */
int wr_sql_prepare(sqlite3 *db, const char *const *sql, sqlite3_stmt **st, int n);
void wr_sql_finish(sqlite3_stmt **st, int n);

#endif
