/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/stats.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mem.h"

enum { TRIES = 4 /* parts of one name that become {any} at once */ };

struct wr_api_stats {
	struct wr_api_row *rows; /* owned, of all tables */
	struct wr_api_table table[WR_API_BY];
	struct wr_api_wide wide;
	struct wr_api_row total;
	uint64_t unread, lost, first_ns, last_ns;
	uint64_t seconds;
	char route[WR_API_ROUTE]; /* of the last request */
};

static size_t rows_bytes(void)
{
	return (size_t)WR_API_BY * WR_API_ROWS * sizeof(struct wr_api_row);
}

int wr_api_stats_open(struct wr_api_stats **out, struct wr_err *err)
{
	struct wr_api_stats *s = calloc(1, sizeof(*s));
	struct wr_api_key secret = {{0}};

	if (s)
		s->rows = wr_mem_map(rows_bytes());
	if (!s || !s->rows || getrandom(&secret, sizeof(secret), 0) != sizeof(secret)) {
		wr_api_stats_close(&s);
		return wr_fail(err, ENOMEM, "no memory for the tables of the API");
	}
	for (size_t i = 0; i < WR_API_BY; i++)
		wr_api_table_init(&s->table[i], s->rows + i * WR_API_ROWS, WR_API_ROWS, &secret);
	s->table[WR_API_ROUTES].fixed = WR_API_FIXED;
	*out = s;
	return 0;
}

void wr_api_stats_close(struct wr_api_stats **out)
{
	struct wr_api_stats *s = *out;

	if (!s)
		return;
	wr_mem_unmap(s->rows, rows_bytes());
	free(s);
	*out = NULL;
}

/* ---- routes ---- */

static bool same_part(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");

	return n == strcspn(b, "/") && !memcmp(a, b, n);
}

static bool has_succeeded(const struct wr_api_row *row)
{
	return row->classes[1] || row->classes[2];
}

/* Routes that are as `name` up to n bytes: how many values have they got there? Those that only
 * failed may have been invented. */
static int values_at(const struct wr_api_table *t, const char *name, uint16_t n)
{
	const char *seen[WR_API_FAN];
	int have = 0, k;

	for (uint32_t i = 0; i < t->room && have < WR_API_FAN; i++) {
		const char *key = t->rows[i].key;

		if (!t->rows[i].used || !has_succeeded(&t->rows[i]) || memcmp(key, name, n) ||
		    key[n] == '{')
			continue;
		for (k = 0; k < have && !same_part(seen[k], key + n); k++)
			;
		if (k == have)
			seen[have++] = key + n;
	}
	return have;
}

/* All values there become {any}, and what is then the same becomes one. */
static void join_at(struct wr_api_table *t, const char *name, uint16_t n)
{
	char to[WR_API_ROUTE];

	for (uint32_t i = 0; i < t->room; i++) {
		struct wr_api_row *row = &t->rows[i];

		if (!row->used || memcmp(row->key, name, n))
			continue;
		wr_api_route_any(row->key, n, to);
		wr_api_table_rename(t, row, to);
	}
}

/* A part of this new name has too many values: it is {any} from now on. */
static bool widen(struct wr_api_stats *s, const char *name)
{
	struct wr_api_table *t = &s->table[WR_API_ROUTES];
	uint16_t at[WR_API_DEPTH + 2];
	int n = wr_api_route_parts(name, at);

	for (int i = 0; i < n; i++) {
		if (name[at[i]] == '{' || values_at(t, name, at[i]) < WR_API_FAN ||
		    !wr_api_route_widen(&s->wide, name, at[i]))
			continue;
		join_at(t, name, at[i]);
		return true;
	}
	return false;
}

/* A gateway without a backend answers 503 for whatever is asked: failures alone fill half of the
 * table at most, so what works always finds a place. */
static bool may_be_route(const struct wr_api_table *t, const struct wr_api_request *r)
{
	return wr_api_route_is_known(r) && (r->status < 500 || t->n < t->room / 2);
}

static struct wr_api_row *new_route(struct wr_api_stats *s, const struct wr_api_request *r,
				    char name[WR_API_ROUTE])
{
	struct wr_api_table *t = &s->table[WR_API_ROUTES];
	struct wr_api_row *row;

	if (!may_be_route(t, r)) {
		memset(name, 0, WR_API_ROUTE);
		memcpy(name, WR_API_UNKNOWN, sizeof(WR_API_UNKNOWN));
		row = wr_api_table_find(t, name);
		return row ? row : wr_api_table_add(t, name);
	}
	wr_api_table_age(t, s->total.requests);
	for (int i = 0; i < TRIES && t->n < t->room && widen(s, name); i++)
		wr_api_route_name(&s->wide, r, name);
	row = wr_api_table_find(t, name);
	return row ? row : wr_api_table_add(t, name);
}

static void add_route(struct wr_api_stats *s, const struct wr_api_request *r)
{
	struct wr_api_table *t = &s->table[WR_API_ROUTES];
	char *name = s->route;
	struct wr_api_row *row;

	wr_api_route_name(&s->wide, r, name);
	row = wr_api_table_find(t, name);
	if (!row)
		row = new_route(s, r, name);
	wr_api_row_add(row ? row : &t->other, r, s->total.requests);
}

/* ---- who ---- */

static void add_who(struct wr_api_stats *s, enum wr_api_by by, const char *key,
		    const struct wr_api_request *r)
{
	struct wr_api_table *t = &s->table[by];
	struct wr_api_row *row = key ? wr_api_table_find(t, key) : &t->none;

	if (!row) {
		wr_api_table_age(t, s->total.requests);
		row = wr_api_table_add(t, key);
	}
	wr_api_row_add(row ? row : &t->other, r, s->total.requests);
}

static void add_consumer(struct wr_api_stats *s, const struct wr_api_request *r)
{
	char key[WR_API_ROUTE] = {0};

	memcpy(key, &r->consumer, sizeof(r->consumer));
	add_who(s, WR_API_CONSUMERS, r->has & WR_API_HAS_CONSUMER ? key : NULL, r);
}

static void add_client(struct wr_api_stats *s, const struct wr_api_request *r)
{
	char key[WR_API_ROUTE] = {0};

	key[0] = (char)r->ip_v;
	memcpy(key + 1, r->addr, sizeof(r->addr));
	add_who(s, WR_API_CLIENTS, r->ip_v ? key : NULL, r);
}

const char *wr_api_stats_add(struct wr_api_stats *s, const struct wr_api_request *r)
{
	wr_api_row_add(&s->total, r, s->total.requests + 1);
	if (r->has & WR_API_HAS_TIME) {
		if (!s->first_ns || r->time_ns < s->first_ns)
			s->first_ns = r->time_ns;
		if (r->time_ns > s->last_ns)
			s->last_ns = r->time_ns;
	}
	add_route(s, r);
	add_consumer(s, r);
	add_client(s, r);
	return s->route;
}

void wr_api_stats_unread(struct wr_api_stats *s, uint64_t lines)
{
	s->unread += lines;
}

void wr_api_stats_lost(struct wr_api_stats *s, uint64_t requests)
{
	s->lost += requests;
}

void wr_api_stats_second(struct wr_api_stats *s)
{
	uint64_t t = s->seconds++;

	wr_api_row_second(&s->total, t);
	for (int k = 0; k < WR_API_BY; k++) {
		struct wr_api_table *table = &s->table[k];

		for (uint32_t i = 0; i < table->room; i++)
			if (table->rows[i].used)
				wr_api_row_second(&table->rows[i], t);
		wr_api_row_second(&table->other, t);
		wr_api_row_second(&table->none, t);
	}
}

double wr_api_stats_rate(const struct wr_api_stats *s, const struct wr_api_row *row)
{
	uint64_t n = 0, of = s->seconds < WR_API_SECONDS ? s->seconds : WR_API_SECONDS;

	if (!of)
		return -1;
	for (int i = 0; i < WR_API_SECONDS; i++)
		n += row->recent[i];
	return (double)n / (double)of;
}

/* ---- answers ---- */

const struct wr_api_row *wr_api_stats_total(const struct wr_api_stats *s)
{
	return &s->total;
}

uint64_t wr_api_stats_unread_lines(const struct wr_api_stats *s)
{
	return s->unread;
}

uint64_t wr_api_stats_lost_requests(const struct wr_api_stats *s)
{
	return s->lost;
}

void wr_api_stats_span(const struct wr_api_stats *s, uint64_t *first_ns, uint64_t *last_ns)
{
	*first_ns = s->first_ns;
	*last_ns = s->last_ns;
}

const struct wr_api_table *wr_api_stats_table(const struct wr_api_stats *s, enum wr_api_by by)
{
	return &s->table[by];
}

static int most_first(const void *a, const void *b)
{
	const struct wr_api_row *x = *(const struct wr_api_row *const *)a;
	const struct wr_api_row *y = *(const struct wr_api_row *const *)b;

	if (x->requests != y->requests)
		return x->requests < y->requests ? 1 : -1;
	return memcmp(x->key, y->key, WR_API_ROUTE);
}

uint32_t wr_api_stats_rows(const struct wr_api_stats *s, enum wr_api_by by,
			   const struct wr_api_row **rows, uint32_t n, uint32_t *of)
{
	const struct wr_api_row *all[WR_API_ROWS] = {NULL};
	const struct wr_api_table *t = &s->table[by];
	uint32_t have = 0;

	for (uint32_t i = 0; i < t->room; i++)
		if (t->rows[i].used)
			all[have++] = &t->rows[i];
	qsort(all, have, sizeof(all[0]), most_first);
	*of = have;
	n = n < have ? n : have;
	for (uint32_t i = 0; i < n; i++)
		rows[i] = all[i];
	return n;
}
