/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/rows.h"

enum { ROWS_MAX = 1 << 28 };

struct wr_talk {
	enum wr_talk_kind kind;
	struct wr_rows rows; /* struct wr_talk_row */
	struct wr_talk_row other;
};

int wr_talk_open(struct wr_talk **out, enum wr_talk_kind kind, uint32_t rows_max,
		 struct wr_err *err)
{
	struct wr_talk *t;

	if (rows_max > ROWS_MAX)
		return wr_fail(err, EINVAL, "a table of %u addresses: at most %u are possible",
			       rows_max, ROWS_MAX);
	t = calloc(1, sizeof(*t));
	if (!t)
		return wr_fail(err, ENOMEM, "no memory for a table of addresses");
	t->kind = kind;
	rows_max = rows_max ? rows_max : WR_TALK_MAX_DEFAULT;
	if (wr_rows_open(&t->rows, sizeof(struct wr_talk_row), rows_max)) {
		free(t);
		return wr_fail(err, ENOMEM, "no memory for a table of %u addresses: ask for fewer",
			       rows_max);
	}
	*out = t;
	return 0;
}

void wr_talk_close(struct wr_talk **t)
{
	if (!*t)
		return;
	wr_rows_close(&(*t)->rows);
	free(*t);
	*t = NULL;
}

static void count(struct wr_count *to, const struct wr_count *more)
{
	to->packets += more->packets;
	to->bytes += more->bytes;
}

/* Adds `more` to a row that may still be empty. */
static void join(struct wr_talk_row *to, const struct wr_talk_row *more)
{
	if (!to->flows || more->first_ns < to->first_ns)
		to->first_ns = more->first_ns;
	if (more->last_ns > to->last_ns)
		to->last_ns = more->last_ns;
	count(&to->out, &more->out);
	count(&to->in, &more->in);
	to->flows += more->flows;
}

static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_talk_row *r = row;

	(void)ctx;
	return r->out.bytes + r->in.bytes;
}

static void gone(void *ctx, const void *row)
{
	struct wr_talk *t = ctx;

	join(&t->other, row);
}

static struct wr_talk_row *find_or_make(struct wr_talk *t, const struct wr_talk_key *k)
{
	uint32_t tag = wr_rows_hash(&t->rows, k);
	struct wr_talk_row *row = wr_rows_find(&t->rows, k, tag);

	if (row)
		return row;
	row = wr_rows_make(&t->rows, k, tag, weigh, gone, t);
	*row = (struct wr_talk_row){.key = *k};
	return row;
}

static void make_key(struct wr_talk_key *k, enum wr_talk_kind kind, const struct wr_flow *f,
		     int end)
{
	bool service = kind == WR_TALK_SERVICES;

	*k = (struct wr_talk_key){
		.port = service ? f->key.port[end] : 0,
		.tag = service ? f->key.tag & WR_FLOW_NO_PROTO : 0,
		.proto = service ? f->key.proto : 0,
		.ip_v = f->key.ip_v,
	};
	memcpy(k->addr, f->key.addr[end], 16);
}

static void add_end(struct wr_talk *t, const struct wr_flow *f, int end)
{
	struct wr_talk_row more = {
		.flows = 1,
		.out = f->sent[end],
		.in = f->sent[!end],
		.first_ns = f->first_ns,
		.last_ns = f->last_ns,
	};
	struct wr_talk_key k;

	make_key(&k, t->kind, f, end);
	join(find_or_make(t, &k), &more);
}

WR_ASK void ask_end(const struct wr_talk *t, const struct wr_flow *f, int end)
{
	struct wr_talk_key k;

	make_key(&k, t->kind, f, end);
	wr_index_ask(&t->rows.index, wr_rows_hash(&t->rows, &k));
}

void wr_talk_ask(const struct wr_talk *t, const struct wr_flow *f)
{
	int end;

	if (t->kind == WR_TALK_SERVICES) {
		ask_end(t, f, wr_flow_server(f));
		return;
	}
	for (end = 0; end < 2; end++)
		if (f->sent[end].packets)
			ask_end(t, f, end);
}

void wr_talk_add(struct wr_talk *t, const struct wr_flow *f)
{
	int end;

	if (t->kind == WR_TALK_SERVICES) {
		add_end(t, f, wr_flow_server(f));
		return;
	}
	for (end = 0; end < 2; end++)
		if (f->sent[end].packets)
			add_end(t, f, end);
}

uint32_t wr_talk_rows(const struct wr_talk *t)
{
	return t->rows.used;
}

const struct wr_talk_row *wr_talk_row(const struct wr_talk *t, uint32_t row)
{
	return wr_rows_at(&t->rows, row);
}

const struct wr_talk_row *wr_talk_other(const struct wr_talk *t, uint64_t *displaced)
{
	if (displaced)
		*displaced = t->rows.displaced;
	return &t->other;
}
