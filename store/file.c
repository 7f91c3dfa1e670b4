/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/schema.h"
#include "store/sql.h"

/* From a name to an open file, and back. */

static const char *const sql[WR_SQL_COUNT] = {
#define X(sym, text) text,
	WR_STORE_SQL_TABLE(X)
#undef X
};

/* ---- one writer ---- */

/*
 * The mark of the writer is a lock on a byte far behind what SQLite locks, on a descriptor of our
 * own. That one is opened before SQLite opens the file and closed after it: closing any descriptor
 * of a file drops the locks that SQLite has on it (fcntl(2)).
 */
static int take(struct wr_store *s, struct wr_err *err)
{
	struct flock mark = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1ll << 62, .l_len = 1};
	struct stat st;

	s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	if (s->lock_fd < 0)
		return wr_fail(err, errno, "%s: cannot write history: %s", s->path,
			       strerror(errno));
	if (fstat(s->lock_fd, &st) || !S_ISREG(st.st_mode))
		return wr_fail(err, EINVAL, "%s is no regular file; name another one for history",
			       s->path);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	if (!fcntl(s->lock_fd, F_OFD_SETLK, &mark))
		return 0;
	return wr_fail(err, EBUSY,
		       "%s: another weir writes history there; stop it, or name another file",
		       s->path);
}

bool wr_store_was_moved(const struct wr_store *s)
{
	struct stat st;

	return stat(s->path, &st) || st.st_dev != s->dev || st.st_ino != s->ino;
}

/* A file that is not even a database may be anything: one that is called FILE.db is ours. */
static bool may_be_ours(const struct wr_store *s)
{
	static const char magic[16] = "SQLite format 3";
	size_t n = strlen(s->path);
	char head[16] = {0};

	if (pread(s->lock_fd, head, sizeof(head), 0) == sizeof(head) &&
	    !memcmp(head, magic, sizeof(magic)))
		return true;
	return n > 3 && !strcmp(s->path + n - 3, ".db");
}

/* ---- open ---- */

int wr_store_settle(struct wr_store *s)
{
	char text[256];
	int rc;

	snprintf(text, sizeof(text),
		 "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=OFF;"
		 "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-1024;"
		 "PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%lld",
		 (int)wr_store_log_pages(s), (long long)wr_store_log_pages(s) * WR_STORE_PAGE);
	rc = wr_sql_exec(s->db, text);
	s->settled = !rc;
	return rc;
}

static int open_db(struct wr_store *s, struct wr_err *err)
{
	int rc, ret;

	rc = sqlite3_open_v2(s->path, &s->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			     NULL);
	if (rc)
		return wr_sql_fail(err, s->db, rc, s->path, "open history");
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, 1000);
	ret = wr_schema_check(s->db, s->path, err);
	if (ret < 0)
		return ret;
	rc = ret ? wr_schema_make(s->db) : SQLITE_OK;
	if (!rc)
		rc = wr_store_settle(s);
	if (!rc)
		rc = wr_sql_prepare(s->db, sql, s->sql, WR_SQL_COUNT);
	if (!rc)
		rc = wr_store_load(s);
	return rc ? wr_sql_fail(err, s->db, rc, s->path, "open history") : 0;
}

int wr_store_attach(struct wr_store *s, struct wr_err *err)
{
	struct wr_err why = {0};
	int ret = take(s, err);

	if (!ret)
		ret = open_db(s, &why);
	if (ret == -EBADMSG && !may_be_ours(s))
		ret = wr_fail(&why, EINVAL, "%s is no history of weir; name another file", s->path);
	if (ret == -EBADMSG) {
		wr_store_detach(s);
		ret = wr_store_set_aside(s, why.text, err);
		why.code = 0;
		if (!ret)
			ret = take(s, err);
		if (!ret)
			ret = open_db(s, &why);
	}
	if (ret && why.code && err)
		*err = why;
	if (ret)
		wr_store_detach(s);
	return ret;
}

void wr_store_detach(struct wr_store *s)
{
	wr_sql_finish(s->sql, WR_SQL_COUNT);
	sqlite3_close_v2(s->db);
	s->db = NULL;
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	s->lock_fd = -1;
}

/* ---- a damaged file ---- */

static int move(const char *from, const char *to, const char *end, struct wr_err *err)
{
	char a[PATH_MAX + 8], b[PATH_MAX + 64];

	snprintf(a, sizeof(a), "%s%s", from, end);
	snprintf(b, sizeof(b), "%s%s", to, end);
	if (!rename(a, b) || (*end && errno == ENOENT))
		return 0;
	return wr_fail(err, errno, "%s is damaged and cannot be renamed: %s", a, strerror(errno));
}

int wr_store_set_aside(struct wr_store *s, const char *why, struct wr_err *err)
{
	char to[PATH_MAX + 40], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	size_t n;
	int ret;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	snprintf(to, sizeof(to), "%s.corrupt-%s", s->path, stamp);
	n = strlen(to);
	for (int i = 2; i < 100 && !access(to, F_OK); i++)
		snprintf(to + n, sizeof(to) - n, "-%d", i);
	/* The log belongs to the file: without it the newest seconds would be missing. */
	ret = move(s->path, to, "", err);
	if (!ret)
		ret = move(s->path, to, "-wal", err);
	if (!ret)
		ret = move(s->path, to, "-shm", err);
	if (!ret)
		snprintf(s->notice, sizeof(s->notice),
			 "%s; it is kept as %s and a new one is begun", why, to);
	return ret;
}
