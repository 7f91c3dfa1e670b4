/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/sql.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const struct trouble {
	int rc;
	int code;
	const char *what, *mend;
} troubles[] = {
	{SQLITE_FULL, ENOSPC, "no space left on the disk",
	 "make room there, or lower the size that history may have"},
	{SQLITE_IOERR, EIO, "the disk reports an error", "look at the kernel's log (dmesg)"},
	{SQLITE_BUSY, EBUSY, "another program is writing to it",
	 "is an sqlite3 shell in a transaction?"},
	{SQLITE_PROTOCOL, EBUSY, "other programs keep it busy", "is it on a network disk?"},
	{SQLITE_READONLY, EROFS, "it cannot be written", "look at its rights and at the mount"},
	{SQLITE_PERM, EACCES, "no permission", "look at the rights of the file and its folder"},
	{SQLITE_CANTOPEN, EACCES, "it cannot be opened",
	 "look at the rights of the file and its folder"},
	{SQLITE_CORRUPT, EBADMSG, "the file is damaged", "sqlite3 FILE .recover may save rows"},
	{SQLITE_NOTADB, EBADMSG, "the file is damaged", "sqlite3 FILE .recover may save rows"},
	{SQLITE_NOMEM, ENOMEM, "no memory", "is the memory of this service limited?"},
	{SQLITE_ERROR, EINVAL, "it is not as weir made it",
	 "was it changed by another program? name another file"},
};

int wr_sql_fail(struct wr_err *err, sqlite3 *db, int rc, const char *path, const char *doing)
{
	const struct trouble *t = troubles;
	int os = db ? sqlite3_system_errno(db) : 0;

	while (t->rc != (rc & 0xff) && t->rc != SQLITE_ERROR)
		t++;
	/* The system's own word is better, where there is one for this call. */
	if (t->rc == SQLITE_IOERR && (os == ENOSPC || os == EDQUOT))
		t = troubles;
	if (t->rc == SQLITE_CANTOPEN && os == ENOENT)
		return wr_fail(err, ENOENT, "%s: cannot %s: %s", path, doing, strerror(os));
	return wr_fail(err, t->code, "%s: cannot %s: %s (%s); %s", path, doing, t->what,
		       t->rc == SQLITE_ERROR && db ? sqlite3_errmsg(db) : sqlite3_errstr(rc),
		       t->mend);
}

int wr_sql_exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int wr_sql_int(sqlite3 *db, const char *sql, int64_t *out, int args, ...)
{
	sqlite3_stmt *st;
	va_list ap;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	*out = 0;
	if (rc)
		return rc;
	va_start(ap, args);
	for (int i = 1; i <= args; i++)
		sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
	va_end(ap);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	rc = sqlite3_finalize(st);
	return rc;
}

int wr_sql_run(sqlite3_stmt *st)
{
	int rc;

	do {
		rc = sqlite3_step(st);
	} while (rc == SQLITE_ROW);
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int wr_sql_prepare(sqlite3 *db, const char *const *sql, sqlite3_stmt **st, int n)
{
	int rc = SQLITE_OK;

	for (int i = 0; i < n && !rc; i++)
		rc = sqlite3_prepare_v3(db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &st[i], NULL);
	return rc;
}

void wr_sql_finish(sqlite3_stmt **st, int n)
{
	for (int i = 0; i < n; i++) {
		sqlite3_finalize(st[i]);
		st[i] = NULL;
	}
}
