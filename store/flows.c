/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include <string.h>

#include "store/sql.h"

/* Flows to blocks, and small blocks to larger ones. */

enum { FINAL = WR_RUN_LEVELS };

static void clear_runs(struct wr_store *s)
{
	memset(s->run, 0, sizeof(s->run));
}

static uint32_t run_rows(const struct wr_store *s)
{
	uint32_t n = 0;

	for (int i = 0; i < WR_RUN_LEVELS; i++)
		n += s->run[i].rows;
	return n;
}

static int put_block(struct wr_store *s, int64_t id, const struct wr_store_flow *rows, uint32_t n,
		     int level)
{
	uint64_t first_ns = UINT64_MAX, last_ns = 0;
	sqlite3_stmt *st;
	int rc;

	for (uint32_t i = 0; i < n; i++) {
		first_ns = rows[i].start_ns < first_ns ? rows[i].start_ns : first_ns;
		last_ns = rows[i].end_ns > last_ns ? rows[i].end_ns : last_ns;
	}
	if (!wr_block_put(&s->block, rows, n, &s->data, &s->bloom))
		return SQLITE_NOMEM;
	st = s->sql[WR_SQL_BLOCK_ADD];
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, level);
	sqlite3_bind_int64(st, 3, (int64_t)first_ns);
	sqlite3_bind_int64(st, 4, (int64_t)last_ns);
	sqlite3_bind_int64(st, 5, n);
	sqlite3_bind_int64(st, 6, (int64_t)(s->data.used + s->bloom.used));
	rc = wr_sql_run(st);
	if (rc)
		return rc;
	st = s->sql[WR_SQL_DATA_ADD];
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_blob64(st, 2, s->bloom.at, s->bloom.used, SQLITE_STATIC);
	sqlite3_bind_blob64(st, 3, s->data.at, s->data.used, SQLITE_STATIC);
	rc = wr_sql_run(st);
	sqlite3_clear_bindings(st);
	s->flow_bytes += (int64_t)(s->data.used + s->bloom.used);
	return rc;
}

/* ---- merging ---- */

/* The rows of all blocks from *first on, to s->merge; *first becomes the id of the first of them.
 * *rows 0: one of them is damaged; then they stay as they are. */
static int gather(struct wr_store *s, int64_t *first, uint32_t *rows)
{
	sqlite3_stmt *st = s->sql[WR_SQL_BLOCK_SMALL];
	uint32_t used = 0;
	int rc, n;

	*rows = 0;
	sqlite3_bind_int64(st, 1, *first);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (!used)
			*first = sqlite3_column_int64(st, 0);
		n = wr_block_get(&s->block, sqlite3_column_blob(st, 1),
				 (size_t)sqlite3_column_bytes(st, 1), NULL);
		if (n <= 0 || used + (uint32_t)n > 2 * WR_RUN_ROWS)
			break;
		memcpy(s->merge + used, s->block.row, (uint32_t)n * sizeof(*s->merge));
		used += (uint32_t)n;
	}
	sqlite3_reset(st);
	if (rc == SQLITE_ROW)
		return SQLITE_OK;
	*rows = used;
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int drop_from(struct wr_store *s, int64_t first)
{
	int64_t bytes;
	int rc = wr_sql_int(s->db, "SELECT sum(bytes) FROM flow_block WHERE id >= ?1", &bytes, 1,
			    first);

	s->flow_bytes -= bytes;
	sqlite3_bind_int64(s->sql[WR_SQL_BLOCK_DROP], 1, first);
	sqlite3_bind_int64(s->sql[WR_SQL_DATA_DROP], 1, first);
	if (!rc)
		rc = wr_sql_run(s->sql[WR_SQL_BLOCK_DROP]);
	return rc ? rc : wr_sql_run(s->sql[WR_SQL_DATA_DROP]);
}

/* All blocks from `first` to the end become one. */
static int merge(struct wr_store *s, int64_t first, int level)
{
	uint32_t rows;
	int rc = gather(s, &first, &rows);

	if (!rc && !rows)
		clear_runs(s);
	if (rc || !rows)
		return rc;
	rc = drop_from(s, first);
	return rc ? rc : put_block(s, first, s->merge, rows, level);
}

static int merge_all(struct wr_store *s)
{
	int i = WR_RUN_LEVELS - 1, rc;

	while (i > 0 && !s->run[i].blocks)
		i--;
	rc = merge(s, s->run[i].first, FINAL);
	clear_runs(s);
	return rc;
}

static void add_to_run(struct wr_run *r, int64_t id, uint32_t rows)
{
	if (!r->blocks)
		r->first = id;
	r->blocks++;
	r->rows += rows;
}

static int merge_some(struct wr_store *s)
{
	int rc = SQLITE_OK;

	if (run_rows(s) >= WR_RUN_ROWS || s->run[WR_RUN_LEVELS - 1].blocks >= WR_RUN_BLOCKS)
		return merge_all(s);
	for (int i = 0; i < WR_RUN_LEVELS - 1 && !rc && s->run[i].blocks >= WR_RUN_BLOCKS; i++) {
		struct wr_run r = s->run[i];

		s->run[i] = (struct wr_run){0};
		add_to_run(&s->run[i + 1], r.first, r.rows);
		rc = merge(s, r.first, i + 1);
	}
	return rc;
}

/* ---- in and out ---- */

/* A block of this second. */
static int add(struct wr_store *s, const struct wr_store_flow *rows, uint32_t n)
{
	bool large = n >= WR_RUN_ROWS;
	int rc = SQLITE_OK;

	/* What lies before a block that is large enough would never be merged. */
	if (large && run_rows(s))
		rc = merge_all(s);
	if (!rc)
		rc = put_block(s, s->next_row, rows, n, large ? FINAL : 0);
	if (rc)
		return rc;
	if (!large)
		add_to_run(&s->run[0], s->next_row, n);
	s->next_row += n;
	return large ? SQLITE_OK : merge_some(s);
}

int wr_store_write_flows(struct wr_store *s, const struct wr_store_flow *rows, uint32_t n)
{
	int rc = SQLITE_OK;

	for (uint32_t part; n && !rc; rows += part, n -= part) {
		part = n < WR_BLOCK_ROWS ? n : WR_BLOCK_ROWS;
		rc = add(s, rows, part);
	}
	return rc;
}

int wr_store_load_flows(struct wr_store *s)
{
	sqlite3_stmt *st;
	int rc = sqlite3_prepare_v2(
		s->db, "SELECT id, rows, level FROM flow_block ORDER BY id DESC LIMIT 64", -1, &st,
		NULL);

	clear_runs(s);
	s->next_row = 1;
	if (rc)
		return rc;
	for (int i = 0; sqlite3_step(st) == SQLITE_ROW; i++) {
		int64_t id = sqlite3_column_int64(st, 0);
		int level = sqlite3_column_int(st, 2);

		if (!i)
			s->next_row = id + sqlite3_column_int64(st, 1);
		if (level < 0 || level >= FINAL)
			break;
		s->run[level].first = id;
		s->run[level].blocks++;
		s->run[level].rows += (uint32_t)sqlite3_column_int(st, 1);
	}
	rc = sqlite3_finalize(st);
	return rc ? rc : wr_sql_int(s->db, "SELECT sum(bytes) FROM flow_block", &s->flow_bytes, 0);
}
