/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/read_impl.h"

#include <errno.h>

#include "store/sql.h"

/* Flows, block by block, by the number of the next row: see store/store.h. */

struct step {
	int64_t row;  /* the next one wanted */
	int64_t id;   /* of the block that was found: the number of its first row */
	int64_t rows; /* in it; 0 = there is no more */
	int chosen;   /* rows in r->block; 0 = none is wanted; -EBADMSG = damaged */
};

static int look(sqlite3_stmt *st, struct step *s)
{
	int rc = sqlite3_step(st);

	s->rows = 0;
	if (rc == SQLITE_ROW) {
		s->id = sqlite3_column_int64(st, 0);
		s->rows = sqlite3_column_int64(st, 1);
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int64_t most(uint64_t v)
{
	return v < INT64_MAX ? (int64_t)v : INT64_MAX;
}

/* The block that has the next row, else the next one whose time may fit. */
static int find_block(struct wr_store_reader *r, const struct wr_store_filter *f, struct step *s)
{
	sqlite3_stmt *st = r->sql[WR_READ_BLOCK_WITH];
	int rc;

	sqlite3_bind_int64(st, 1, s->row);
	rc = look(st, s);
	if (rc || (s->rows && s->id + s->rows > s->row))
		return rc;
	st = r->sql[WR_READ_BLOCK];
	sqlite3_bind_int64(st, 1, s->row);
	sqlite3_bind_int64(st, 2, most(f->from_ns));
	sqlite3_bind_int64(st, 3, f->to_ns ? most(f->to_ns) : INT64_MAX);
	return look(st, s);
}

static int read_block(struct wr_store_reader *r, const struct wr_store_filter *f, struct step *s)
{
	sqlite3_stmt *st = r->sql[WR_READ_DATA];
	int rc;

	s->chosen = -EBADMSG;
	sqlite3_bind_int64(st, 1, s->id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const void *bloom = sqlite3_column_blob(st, 0);
		size_t size = (size_t)sqlite3_column_bytes(st, 0);

		s->chosen = 0;
		if (wr_block_may_have(bloom, size, f))
			s->chosen = wr_block_get(&r->block, sqlite3_column_blob(st, 1),
						 (size_t)sqlite3_column_bytes(st, 1), f);
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int next(struct wr_store_reader *r, const struct wr_store_filter *f, struct step *s)
{
	int rc = wr_sql_exec(r->db, "BEGIN");

	if (!rc)
		rc = find_block(r, f, s);
	if (!rc && s->rows)
		rc = read_block(r, f, s);
	wr_sql_exec(r->db, "COMMIT");
	/* A page that is damaged: the block is lost, the others are not. */
	if ((rc & 0xff) == SQLITE_CORRUPT && s->rows) {
		s->chosen = -EBADMSG;
		rc = SQLITE_OK;
	}
	return rc;
}

static bool give(struct wr_store_reader *r, const struct step *s, wr_store_flow_fn fn, void *ctx)
{
	for (int64_t i = s->row > s->id ? s->row - s->id : 0; i < s->chosen; i++)
		if (r->block.chosen[i] && !fn(ctx, &r->block.row[i]))
			return false;
	return true;
}

int wr_store_read_flows(struct wr_store_reader *r, const struct wr_store_filter *f,
			wr_store_flow_fn fn, void *ctx, uint64_t *damaged, struct wr_err *err)
{
	struct step s = {0};
	int rc;

	if (!r->has_block && wr_block_open(&r->block))
		return wr_fail(err, ENOMEM, "no memory");
	r->has_block = true;
	if (damaged)
		*damaged = 0;
	for (;;) {
		rc = next(r, f, &s);
		if (rc)
			return wr_read_fail(r, rc, err);
		if (!s.rows || !give(r, &s, fn, ctx))
			return 0;
		if (s.chosen < 0 && damaged)
			++*damaged;
		s.row = s.id + s.rows;
	}
}
