/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/table.h"

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

void wr_api_row_add(struct wr_api_row *row, const struct wr_api_request *r, uint64_t now)
{
	row->requests++;
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
