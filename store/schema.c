/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "store/sql.h"

static const char *const kind_name[WR_STORE_KINDS] = {
#define X(sym, name) name,
	WR_STORE_KIND_TABLE(X)
#undef X
};

const char *wr_store_kind_name(enum wr_store_kind kind)
{
	return kind_name[kind];
}

#define COLUMN(n, sep) sep #n " INTEGER NOT NULL DEFAULT 0"
#define COLUMNS WR_STORE_COUNT_TABLE(COLUMN)
#define RECENT(res)                                                            \
	"UNION ALL SELECT " #res ", t - t % " #res ", kind, key," WR_SQL_NAMES \
	" FROM recent JOIN series ON id = series "

static const char tables[] =
	"CREATE TABLE series(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL,"
	" seen INTEGER NOT NULL, UNIQUE(kind, key));"
	"CREATE TABLE rollup_row(series INTEGER NOT NULL, res INTEGER NOT NULL, t INTEGER NOT "
	"NULL," COLUMNS ", PRIMARY KEY(series, res, t)) WITHOUT ROWID;"
	"CREATE TABLE recent(t INTEGER NOT NULL, series INTEGER NOT NULL," COLUMNS
	", PRIMARY KEY(t, series)) WITHOUT ROWID;"
	"CREATE VIEW rollup AS SELECT res, t, kind, key," WR_SQL_NAMES
	" FROM rollup_row JOIN series ON id = series " RECENT(1) RECENT(60) RECENT(
		3600) ";"
		      "CREATE TABLE flow_block(id INTEGER PRIMARY KEY, level INTEGER NOT NULL,"
		      " first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, rows INTEGER NOT NULL,"
		      " bytes INTEGER NOT NULL);"
		      "CREATE TABLE flow_data(id INTEGER PRIMARY KEY, bloom BLOB NOT NULL, data "
		      "BLOB NOT NULL);"
		      "CREATE TABLE incident(id INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL, "
		      "end_ns INTEGER,"
		      " class TEXT NOT NULL, severity TEXT NOT NULL, target TEXT NOT NULL, text "
		      "TEXT NOT NULL,"
		      " evidence TEXT NOT NULL);"
		      "CREATE INDEX incident_start ON incident(start_ns);"
		      "CREATE TABLE rule(id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, "
		      "expires_ns INTEGER,"
		      " incident INTEGER, action TEXT NOT NULL, state TEXT NOT NULL, text TEXT NOT "
		      "NULL);"
		      "CREATE INDEX rule_at ON rule(at_ns);";

int wr_schema_check(sqlite3 *db, const char *path, struct wr_err *err)
{
	int64_t app, version, tables_n;
	int rc;

	/* The number of tables comes first: counting them reads the schema, so damage shows. */
	rc = wr_sql_int(db, "SELECT count(*) FROM sqlite_schema", &tables_n, 0);
	if (!rc)
		rc = wr_sql_int(db, "PRAGMA application_id", &app, 0);
	if (!rc)
		rc = wr_sql_int(db, "PRAGMA user_version", &version, 0);
	if (rc)
		return wr_sql_fail(err, db, rc, path, "read history");
	if (!app && !version && !tables_n)
		return 1;
	if (app != WR_SCHEMA_APP)
		return wr_fail(err, EINVAL,
			       "%s is a database of another program; name another file for history",
			       path);
	if (version > WR_SCHEMA_VERSION)
		return wr_fail(err, EOPNOTSUPP,
			       "%s was written by a newer weir (schema %" PRId64
			       ", this one knows %d); use that weir, or name another file",
			       path, version, WR_SCHEMA_VERSION);
	return 0;
}

int wr_schema_make(sqlite3 *db)
{
	char ids[128];
	int rc;

	snprintf(ids, sizeof(ids), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		 WR_SCHEMA_APP, WR_SCHEMA_VERSION);
	/* Before there is a page: afterwards it would take a VACUUM of the whole file. */
	rc = wr_sql_exec(db, "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; BEGIN");
	if (!rc)
		rc = wr_sql_exec(db, tables);
	if (!rc)
		rc = wr_sql_exec(db, ids);
	if (!rc)
		rc = wr_sql_exec(db, "COMMIT");
	if (rc && !sqlite3_get_autocommit(db))
		wr_sql_exec(db, "ROLLBACK");
	return rc;
}
