/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include <string.h>

#include "store/schema.h"
#include "store/sql.h"

/* From a key to the number of its series. */

enum { EVICT = 64 };

void wr_store_forget_series(struct wr_store *s)
{
	memset(s->slot, 0, WR_SERIES_SLOTS * sizeof(*s->slot));
}

/* FNV-1a (Fowler, Noll, Vo 1991): a collision only costs a look-up in the table. */
static struct wr_series_slot *slot_of(struct wr_store *s, enum wr_store_kind kind, const char *key)
{
	uint32_t h = 2166136261u ^ kind;

	for (; *key; key++)
		h = (h ^ (uint8_t)*key) * 16777619u;
	return &s->slot[(h ^ h >> 16) % WR_SERIES_SLOTS];
}

static int find(struct wr_store *s, const char *kind, const char *key, int64_t *id)
{
	sqlite3_stmt *st = s->sql[WR_SQL_SERIES_FIND];
	int rc;

	sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	*id = rc == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int make(struct wr_store *s, const char *kind, const char *key, uint64_t t_s, int64_t *id)
{
	sqlite3_stmt *st = s->sql[WR_SQL_SERIES_ADD];
	int rc;

	sqlite3_bind_text(st, 1, kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (int64_t)t_s);
	rc = wr_sql_run(st);
	*id = sqlite3_last_insert_rowid(s->db);
	s->series_n += !rc;
	return rc;
}

static int find_or_make(struct wr_store *s, const char *kind, const char *key, uint64_t t_s,
			int64_t *id)
{
	int rc = find(s, kind, key, id);

	return rc || *id ? rc : make(s, kind, key, t_s, id);
}

/* All rows of a series are added to another one. */
static int pour(struct wr_store *s, int64_t from, int64_t to)
{
	int rc;

	sqlite3_bind_int64(s->sql[WR_SQL_ROLLUP_POUR], 1, from);
	sqlite3_bind_int64(s->sql[WR_SQL_ROLLUP_POUR], 2, to);
	rc = wr_sql_run(s->sql[WR_SQL_ROLLUP_POUR]);
	sqlite3_bind_int64(s->sql[WR_SQL_ROLLUP_DROP], 1, from);
	if (!rc)
		rc = wr_sql_run(s->sql[WR_SQL_ROLLUP_DROP]);
	sqlite3_bind_int64(s->sql[WR_SQL_SERIES_DROP], 1, from);
	if (!rc)
		rc = wr_sql_run(s->sql[WR_SQL_SERIES_DROP]);
	s->series_n -= !rc;
	return rc;
}

/* The series that were quiet for the longest make room. The list is read before anything changes.
 */
static int evict(struct wr_store *s, uint64_t t_s)
{
	sqlite3_stmt *st = s->sql[WR_SQL_SERIES_QUIET];
	int64_t id[EVICT], other;
	char kind[EVICT][16];
	int n = 0, rc;

	sqlite3_bind_int64(st, 1, EVICT);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW && n < EVICT) {
		id[n] = sqlite3_column_int64(st, 0);
		strncpy(kind[n], (const char *)sqlite3_column_text(st, 1), sizeof(kind[0]) - 1);
		kind[n++][sizeof(kind[0]) - 1] = 0;
	}
	sqlite3_reset(st);
	rc = rc == SQLITE_DONE ? SQLITE_OK : rc;
	for (int i = 0; i < n && !rc; i++) {
		rc = find_or_make(s, kind[i], WR_STORE_OTHER, t_s, &other);
		if (!rc)
			rc = pour(s, id[i], other);
	}
	wr_store_forget_series(s);
	return rc;
}

int wr_store_series(struct wr_store *s, enum wr_store_kind kind, const char *key, uint64_t t_s,
		    int64_t *id)
{
	struct wr_series_slot *slot = slot_of(s, kind, key);
	const char *name = wr_store_kind_name(kind);
	int rc;

	if (slot->id && slot->kind == kind && !strcmp(slot->key, key)) {
		*id = slot->id;
		return SQLITE_OK;
	}
	rc = find(s, name, key, id);
	if (!rc && !*id && s->series_n >= s->conf.series_max)
		rc = evict(s, t_s);
	if (rc)
		return rc;
	/* All series have rows in `recent`: then the new one has no room for itself. */
	if (!*id && s->series_n >= s->conf.series_max)
		key = WR_STORE_OTHER;
	if (!*id)
		rc = find_or_make(s, name, key, t_s, id);
	if (rc)
		return rc;
	slot = slot_of(s, kind, key);
	slot->id = *id;
	slot->kind = kind;
	strcpy(slot->key, key);
	return SQLITE_OK;
}
