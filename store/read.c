/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/read_impl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/sql.h"

/* Opening a history to read, and what is in it. */

enum { WAIT_MS = 2000 };

static const char *const sql[WR_READ_COUNT] = {
#define X(sym, text) text,
	WR_READ_SQL_TABLE(X)
#undef X
};

int wr_read_fail(struct wr_store_reader *r, int rc, struct wr_err *err)
{
	return wr_sql_fail(err, r->db, rc, r->path, "read history");
}

/* ---- open ---- */

static bool has_log(const char *path)
{
	char log[PATH_MAX + 8];
	struct stat st;

	snprintf(log, sizeof(log), "%s-wal", path);
	return !stat(log, &st) && st.st_size;
}

/* As a file that does not change (SQLite's URI): it needs no lock and nothing beside it. */
static void as_constant(char *uri, size_t size, const char *path)
{
	size_t n = (size_t)snprintf(uri, size, "file:");

	for (; *path && n + 16 < size; path++) {
		bool plain = isalnum((unsigned char)*path) || strchr("/._-", *path);

		n += (size_t)snprintf(uri + n, size - n, plain ? "%c" : "%%%02x",
				      (unsigned char)*path);
	}
	snprintf(uri + n, size - n, "?immutable=1");
}

static int try_open(struct wr_store_reader *r, const char *name, int flags)
{
	int64_t ignored;
	int rc = sqlite3_open_v2(name, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags,
				 NULL);

	if (rc)
		return rc;
	sqlite3_extended_result_codes(r->db, 1);
	sqlite3_busy_timeout(r->db, r->wait_ms);
	return wr_sql_int(r->db, "SELECT count(*) FROM sqlite_schema", &ignored, 0);
}

/*
 * Who may read the file and not write to its folder cannot make the index of the log that SQLite
 * needs. When nobody has the file open and all of the log is in the file, it can be read without.
 */
static int open_db(struct wr_store_reader *r)
{
	int rc = try_open(r, r->path, 0);
	char uri[3 * PATH_MAX];

	if (((rc & 0xff) != SQLITE_CANTOPEN && (rc & 0xff) != SQLITE_READONLY) || has_log(r->path))
		return rc;
	sqlite3_close_v2(r->db);
	as_constant(uri, sizeof(uri), r->path);
	return try_open(r, uri, SQLITE_OPEN_URI);
}

static int check(struct wr_store_reader *r, struct wr_err *err)
{
	int ret = wr_schema_check(r->db, r->path, err), rc;

	if (ret > 0)
		return wr_fail(err, ENODATA, "%s is empty: nothing was written to it", r->path);
	if (ret)
		return ret;
	rc = wr_sql_prepare(r->db, sql, r->sql, WR_READ_COUNT);
	return rc ? wr_read_fail(r, rc, err) : 0;
}

static int open_reader(struct wr_store_reader **out, const char *path, int wait_ms,
		       struct wr_err *err)
{
	struct wr_store_reader *r;
	struct stat st;
	int ret, rc;

	if (stat(path, &st))
		return errno == ENOENT || errno == ENOTDIR
			       ? wr_fail(err, ENOENT,
					 "no history at %s: the daemon `weir run` writes it", path)
			       : wr_fail(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return wr_fail(err, EINVAL, "%s is no history of weir", path);
	r = calloc(1, sizeof(*r));
	if (!r)
		return wr_fail(err, ENOMEM, "no memory");
	snprintf(r->path, sizeof(r->path), "%s", path);
	r->wait_ms = wait_ms;
	rc = open_db(r);
	if (rc == SQLITE_NOTADB)
		ret = wr_fail(err, EBADMSG, "%s is no history of weir, or its beginning is damaged",
			      path);
	else
		ret = rc ? wr_read_fail(r, rc, err) : check(r, err);
	if (ret)
		wr_store_read_close(&r);
	else
		*out = r;
	return ret;
}

int wr_store_read_open(struct wr_store_reader **out, const char *path, struct wr_err *err)
{
	return open_reader(out, path, WAIT_MS, err);
}

int wr_store_read_open_now(struct wr_store_reader **out, const char *path, struct wr_err *err)
{
	return open_reader(out, path, 0, err);
}

void wr_store_read_close(struct wr_store_reader **reader)
{
	struct wr_store_reader *r = *reader;

	*reader = NULL;
	if (!r)
		return;
	wr_sql_finish(r->sql, WR_READ_COUNT);
	sqlite3_close_v2(r->db);
	wr_block_close(&r->block);
	free(r);
}

/* ---- incidents and rules ---- */

static void text(sqlite3_stmt *st, int i, char *to, size_t size)
{
	const unsigned char *from = sqlite3_column_text(st, i);

	snprintf(to, size, "%s", from ? (const char *)from : "");
}

static uint64_t number(sqlite3_stmt *st, int i)
{
	return (uint64_t)sqlite3_column_int64(st, i);
}

static sqlite3_stmt *between(struct wr_store_reader *r, enum wr_read_sql which, uint64_t from_ns,
			     uint64_t to_ns)
{
	sqlite3_stmt *st = r->sql[which];

	sqlite3_bind_int64(st, 1, (int64_t)from_ns);
	sqlite3_bind_int64(st, 2, to_ns && to_ns < INT64_MAX ? (int64_t)to_ns : INT64_MAX);
	return st;
}

int wr_store_read_incidents(struct wr_store_reader *r, uint64_t from_ns, uint64_t to_ns,
			    wr_store_incident_fn fn, void *ctx, struct wr_err *err)
{
	sqlite3_stmt *st = between(r, WR_READ_INCIDENTS, from_ns, to_ns);
	struct wr_store_incident in;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		memset(&in, 0, sizeof(in));
		in.id = number(st, 0);
		in.start_ns = number(st, 1);
		in.end_ns = number(st, 2);
		text(st, 3, in.class, sizeof(in.class));
		text(st, 4, in.severity, sizeof(in.severity));
		text(st, 5, in.target, sizeof(in.target));
		text(st, 6, in.text, sizeof(in.text));
		text(st, 7, in.evidence, sizeof(in.evidence));
		if (!fn(ctx, &in))
			break;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : wr_read_fail(r, rc, err);
}

int wr_store_read_rules(struct wr_store_reader *r, uint64_t from_ns, uint64_t to_ns,
			wr_store_rule_fn fn, void *ctx, struct wr_err *err)
{
	sqlite3_stmt *st = between(r, WR_READ_RULES, from_ns, to_ns);
	struct wr_store_rule rule;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		memset(&rule, 0, sizeof(rule));
		rule.id = number(st, 0);
		rule.at_ns = number(st, 1);
		rule.expires_ns = number(st, 2);
		rule.incident = number(st, 3);
		text(st, 4, rule.action, sizeof(rule.action));
		text(st, 5, rule.state, sizeof(rule.state));
		text(st, 6, rule.text, sizeof(rule.text));
		if (!fn(ctx, &rule))
			break;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : wr_read_fail(r, rc, err);
}

/* ---- what there is ---- */

int wr_store_read_info(struct wr_store_reader *r, struct wr_store_info *info, struct wr_err *err)
{
	/* The total is counted in every second that anything is. */
	static const char first[] =
		"SELECT min(t) FROM rollup WHERE kind='total' AND key='' AND res=3600";
	const struct {
		const char *sql;
		uint64_t *to;
	} facts[] = {
		{"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		 &info->bytes},
		{"SELECT sum(rows) FROM flow_block", &info->flows},
		{"SELECT sum(bytes) FROM flow_block", &info->flow_bytes},
		{"SELECT min(first_ns) FROM flow_block", &info->flow_first_ns},
		{"SELECT max(last_ns) FROM flow_block", &info->flow_last_ns},
		{first, &info->first_s},
		{"SELECT max(seen) FROM series", &info->last_s},
		{"SELECT count(*) FROM series", &info->series},
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]) && !rc; i++)
		rc = wr_sql_int(r->db, facts[i].sql, (int64_t *)facts[i].to, 0);
	return rc ? wr_read_fail(r, rc, err) : 0;
}
