/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/store_impl.h"

#include "store/schema.h"
#include "store/sql.h"

/* A batch to the tables. */

static int write_count(struct wr_store *s, const struct wr_batch_count *c)
{
	sqlite3_stmt *st = s->sql[WR_SQL_RECENT_ADD];
	int64_t id;
	int i = 1, rc = wr_store_series(s, c->kind, c->key, c->t_s, &id);

	if (rc)
		return rc;
	sqlite3_bind_int64(st, i++, (int64_t)c->t_s);
	sqlite3_bind_int64(st, i++, id);
#define X(name, sep) sqlite3_bind_int64(st, i++, (int64_t)c->n.name);
	WR_STORE_COUNT_TABLE(X)
#undef X
	return wr_sql_run(st);
}

static void text(sqlite3_stmt *st, int i, const char *s)
{
	sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
}

/* 0 is told as NULL: there is none. */
static void number_or_null(sqlite3_stmt *st, int i, uint64_t v)
{
	if (v)
		sqlite3_bind_int64(st, i, (int64_t)v);
	else
		sqlite3_bind_null(st, i);
}

static int write_incident(struct wr_store *s, const struct wr_store_incident *in)
{
	sqlite3_stmt *st = s->sql[WR_SQL_INCIDENT_PUT];

	sqlite3_bind_int64(st, 1, (int64_t)in->id);
	sqlite3_bind_int64(st, 2, (int64_t)in->start_ns);
	number_or_null(st, 3, in->end_ns);
	text(st, 4, in->class);
	text(st, 5, in->severity);
	text(st, 6, in->target);
	text(st, 7, in->text);
	text(st, 8, in->evidence);
	return wr_sql_run(st);
}

static int write_rule(struct wr_store *s, const struct wr_store_rule *r)
{
	sqlite3_stmt *st = s->sql[WR_SQL_RULE_PUT];

	sqlite3_bind_int64(st, 1, (int64_t)r->id);
	sqlite3_bind_int64(st, 2, (int64_t)r->at_ns);
	number_or_null(st, 3, r->expires_ns);
	number_or_null(st, 4, r->incident);
	text(st, 5, r->action);
	text(st, 6, r->state);
	text(st, 7, r->text);
	return wr_sql_run(st);
}

int wr_store_write(struct wr_store *s, const struct wr_batch *b)
{
	int rc = wr_store_write_flows(s, b->flow, b->flows);

	for (uint32_t i = 0; i < b->counts && !rc; i++)
		rc = write_count(s, &b->count[i]);
	for (uint32_t i = 0; i < b->incidents && !rc; i++)
		rc = write_incident(s, &b->incident[i]);
	for (uint32_t i = 0; i < b->rules && !rc; i++)
		rc = write_rule(s, &b->rule[i]);
	return rc;
}

/* What is known of the file by heart; after a transaction that failed it is learned again. */
int wr_store_load(struct wr_store *s)
{
	int64_t incident = 0, rule = 0;
	int rc = wr_store_load_flows(s);

	wr_store_forget_series(s);
	s->fold_slices = s->fold_slice = 0;
	s->minute_of_fold = 0;
	if (!rc)
		rc = wr_sql_int(s->db, "SELECT count(*) FROM series", &s->series_n, 0);
	if (!rc)
		rc = wr_sql_int(s->db, "SELECT max(id) FROM incident", &incident, 0);
	if (!rc)
		rc = wr_sql_int(s->db, "SELECT max(id) FROM rule", &rule, 0);
	/* Ids that were given away and are not written yet stay given away. */
	if ((uint64_t)incident >= s->next_incident)
		s->next_incident = (uint64_t)incident + 1;
	if ((uint64_t)rule >= s->next_rule)
		s->next_rule = (uint64_t)rule + 1;
	return rc;
}
