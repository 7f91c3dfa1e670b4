/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/table.h"

#include <stdlib.h>
#include <string.h>

enum { LOOKS = 8, IDLE = 4096 };

/* ---- a row ---- */

static void count_code(struct wr_api_row *row, uint16_t status, uint64_t n)
{
	for (int i = 0; i < WR_API_CODES; i++) {
		if (row->codes[i].n && row->codes[i].status != status)
			continue;
		row->codes[i].status = status;
		row->codes[i].n += n;
		return;
	}
	row->more_codes += n;
}

static bool is_failure(const struct wr_api_request *r)
{
	return r->status < 100 || r->status >= 500;
}

/* A gateway that refuses by itself has no time of a server to tell. */
static bool is_turned_away(const struct wr_api_request *r)
{
	return (r->status == 403 || r->status == 429) && !(r->has & WR_API_HAS_FIRST);
}

static void add_now(struct wr_api_now *n, const struct wr_api_request *r)
{
	n->requests++;
	n->failed += is_failure(r);
	n->refused += r->status >= 400 && r->status < 500;
	n->bytes_in += r->has & WR_API_HAS_IN ? r->bytes_in : 0;
	n->bytes_out += r->has & WR_API_HAS_OUT ? r->bytes_out : 0;
	n->tokens += r->has & WR_API_HAS_TOKENS ? r->tokens_in + r->tokens_out : 0;
	n->time_us += r->has & WR_API_HAS_TOTAL ? r->total_ns / 1000 : 0;
}

static void add_failure(struct wr_api_row *row, uint64_t at_ns)
{
	/* Times of several gateways come in no order. */
	if (at_ns > row->failed_ns + WR_API_FINE_NS || !row->failing_ns)
		row->failing_ns = at_ns;
	if (at_ns < row->failing_ns && row->failing_ns - at_ns < WR_API_FINE_NS)
		row->failing_ns = at_ns;
	if (at_ns > row->failed_ns)
		row->failed_ns = at_ns;
}

static void add_top(struct wr_api_row *row, const struct wr_api_top *who)
{
	struct wr_api_top *least = &row->top[0];

	for (int i = 0; i < WR_API_TOPS; i++) {
		struct wr_api_top *t = &row->top[i];

		if (t->ip_v == who->ip_v && !memcmp(t->addr, who->addr, sizeof(t->addr))) {
			t->n += who->n;
			t->over += who->over;
			return;
		}
		if (t->n < least->n)
			least = t;
	}
	least->over = least->n + who->over;
	least->n += who->n;
	least->ip_v = who->ip_v;
	memcpy(least->addr, who->addr, sizeof(least->addr));
}

static void add_asker(struct wr_api_row *row, const struct wr_api_request *r)
{
	struct wr_api_top who = {.ip_v = r->ip_v, .n = 1};

	memcpy(who.addr, r->addr, sizeof(who.addr));
	if (r->ip_v)
		add_top(row, &who);
}

static int most_first(const void *a, const void *b)
{
	const struct wr_api_top *x = a, *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

uint32_t wr_api_row_tops(const struct wr_api_row *row, struct wr_api_top tops[WR_API_TOPS])
{
	uint32_t n = 0;

	for (int i = 0; i < WR_API_TOPS; i++)
		if (row->top[i].ip_v)
			tops[n++] = row->top[i];
	qsort(tops, n, sizeof(tops[0]), most_first);
	return n;
}

void wr_api_row_second(struct wr_api_row *row, uint64_t t)
{
	uint64_t n = row->now.requests;

	row->recent[t % WR_API_SECONDS] = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	if (n)
		memset(&row->now, 0, sizeof(row->now));
}

void wr_api_row_add(struct wr_api_row *row, const struct wr_api_request *r, uint64_t now)
{
	row->requests++;
	row->turned_away += is_turned_away(r);
	row->turned_by_us += is_turned_away(r) && r->has & WR_API_HAS_OURS;
	if (r->port)
		row->port = r->port;
	add_now(&row->now, r);
	add_asker(row, r);
	if (is_failure(r) && r->has & WR_API_HAS_TIME)
		add_failure(row, r->time_ns);
	row->seen = now;
	row->classes[r->status >= 100 && r->status < 600 ? r->status / 100 : 0]++;
	count_code(row, r->status, 1);
	row->bytes_in += r->has & WR_API_HAS_IN ? r->bytes_in : 0;
	row->bytes_out += r->has & WR_API_HAS_OUT ? r->bytes_out : 0;
	if (r->has & WR_API_HAS_TOKENS) {
		row->with_tokens++;
		row->tokens_in += r->tokens_in;
		row->tokens_out += r->tokens_out;
	}
	if (r->has & WR_API_HAS_TOTAL)
		wr_api_hist_add(&row->total, r->total_ns);
	if (r->has & WR_API_HAS_FIRST)
		wr_api_hist_add(&row->first, r->first_ns);
	row->model = (uint8_t)wr_api_model_of(r);
	if (r->backend[0])
		memcpy(row->backend, r->backend, sizeof(row->backend));
}

static void join_now(struct wr_api_now *to, const struct wr_api_now *from)
{
	to->requests += from->requests;
	to->failed += from->failed;
	to->refused += from->refused;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
	to->tokens += from->tokens;
	to->time_us += from->time_us;
}

void wr_api_row_join(struct wr_api_row *to, const struct wr_api_row *from)
{
	to->requests += from->requests;
	to->seen = to->seen > from->seen ? to->seen : from->seen;
	for (int i = 0; i < 6; i++)
		to->classes[i] += from->classes[i];
	for (int i = 0; i < WR_API_CODES; i++)
		if (from->codes[i].n)
			count_code(to, from->codes[i].status, from->codes[i].n);
	to->more_codes += from->more_codes;
	to->bytes_in += from->bytes_in;
	to->bytes_out += from->bytes_out;
	to->with_tokens += from->with_tokens;
	to->tokens_in += from->tokens_in;
	to->tokens_out += from->tokens_out;
	to->turned_away += from->turned_away;
	to->turned_by_us += from->turned_by_us;
	if (from->failing_ns && (!to->failing_ns || from->failing_ns < to->failing_ns))
		to->failing_ns = from->failing_ns;
	if (from->failed_ns > to->failed_ns)
		to->failed_ns = from->failed_ns;
	join_now(&to->now, &from->now);
	for (int i = 0; i < WR_API_SECONDS; i++)
		to->recent[i] += from->recent[i];
	for (int i = 0; i < WR_API_TOPS; i++)
		if (from->top[i].ip_v)
			add_top(to, &from->top[i]);
	wr_api_hist_join(&to->total, &from->total);
	wr_api_hist_join(&to->first, &from->first);
}

/* ---- the table ---- */

void wr_api_table_init(struct wr_api_table *t, struct wr_api_row *rows, uint32_t room,
		       const struct wr_api_key *secret)
{
	memset(t, 0, sizeof(*t));
	t->rows = rows;
	t->room = room;
	t->secret = *secret;
}

static uint32_t hash_of(const struct wr_api_table *t, const char *key)
{
	return (uint32_t)wr_api_sip(&t->secret, key, WR_API_ROUTE);
}

struct wr_api_row *wr_api_table_find(struct wr_api_table *t, const char *key)
{
	uint32_t hash = hash_of(t, key), at = t->heads[hash % WR_API_HEADS];

	for (; at; at = t->rows[at - 1].next)
		if (t->rows[at - 1].hash == hash && !memcmp(t->rows[at - 1].key, key, WR_API_ROUTE))
			return &t->rows[at - 1];
	return NULL;
}

static void put(struct wr_api_table *t, struct wr_api_row *row, const char *key)
{
	uint32_t *head;

	memcpy(row->key, key, WR_API_ROUTE);
	row->hash = hash_of(t, key);
	head = &t->heads[row->hash % WR_API_HEADS];
	row->next = *head;
	*head = (uint32_t)(row - t->rows) + 1;
}

static void take(struct wr_api_table *t, const struct wr_api_row *row)
{
	uint32_t *at = &t->heads[row->hash % WR_API_HEADS];

	while (*at && &t->rows[*at - 1] != row)
		at = &t->rows[*at - 1].next;
	if (*at)
		*at = row->next;
}

static void clear(struct wr_api_table *t, struct wr_api_row *row)
{
	take(t, row);
	memset(row, 0, sizeof(*row));
	t->n--;
}

struct wr_api_row *wr_api_table_add(struct wr_api_table *t, const char *key)
{
	/* They fill from the front, so this is a look only after some were taken away. */
	for (uint32_t i = 0; t->n < t->room && i < t->room; i++) {
		struct wr_api_row *row = &t->rows[(t->n + i) % t->room];

		if (row->used)
			continue;
		row->used = true;
		put(t, row, key);
		t->n++;
		return row;
	}
	return NULL;
}

void wr_api_table_age(struct wr_api_table *t, uint64_t now)
{
	struct wr_api_row *least = NULL;
	uint32_t from = (uint32_t)(now * 2654435761u);

	if (t->n < t->room)
		return;
	for (uint32_t i = 0; i < LOOKS; i++) {
		struct wr_api_row *row = &t->rows[(from + i) % t->room];

		if ((from + i) % t->room < t->fixed)
			continue;
		if (!least || row->requests < least->requests)
			least = row;
	}
	if (!least || now - least->seen < IDLE)
		return;
	wr_api_row_join(&t->other, least);
	clear(t, least);
}

void wr_api_table_rename(struct wr_api_table *t, struct wr_api_row *row, const char *key)
{
	struct wr_api_row *there = wr_api_table_find(t, key);

	if (there == row)
		return;
	if (there) {
		wr_api_row_join(there, row);
		clear(t, row);
		return;
	}
	take(t, row);
	put(t, row, key);
}
