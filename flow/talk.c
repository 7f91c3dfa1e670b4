/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/index.h"

enum {
	KEY_WORDS = sizeof(struct wr_talk_key) / 8,
	ROWS_MAX = 1 << 28,
	LOOK = 8, /* rows that are compared when one must go */
};

struct wr_talk {
	enum wr_talk_kind kind;
	struct wr_talk_row *rows; /* owned, max */
	uint32_t *tags;		  /* owned, hash of each row's key */
	uint32_t used, max;
	uint32_t hand, next; /* where rows are compared; which one makes room next */
	struct wr_index index;
	struct wr_hash_secret secret;
	struct wr_talk_row other;
	uint64_t displaced;
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
	t->max = rows_max ? rows_max : WR_TALK_MAX_DEFAULT;
	wr_hash_secret_make(&t->secret);
	t->rows = wr_mem_map(t->max * sizeof(*t->rows));
	t->tags = wr_mem_map(t->max * sizeof(*t->tags));
	if (!t->rows || !t->tags || wr_index_open(&t->index, t->max) < 0) {
		rows_max = t->max;
		wr_talk_close(&t);
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
	wr_mem_unmap((*t)->rows, (*t)->max * sizeof(*(*t)->rows));
	wr_mem_unmap((*t)->tags, (*t)->max * sizeof(*(*t)->tags));
	wr_index_close(&(*t)->index);
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

/* The smallest of the next few rows, but not the one that is being filled. */
static uint32_t smallest(struct wr_talk *t, uint32_t filling)
{
	uint64_t bytes, least = UINT64_MAX;
	uint32_t row = 0, i;

	for (i = 0; i < LOOK; i++) {
		t->hand = t->hand + 1 < t->max ? t->hand + 1 : 0;
		bytes = t->rows[t->hand].out.bytes + t->rows[t->hand].in.bytes;
		if (bytes < least && t->hand != filling) {
			least = bytes;
			row = t->hand;
		}
	}
	return row;
}

/* Makes room. Who is next is known one turn ahead, so that its cell can be on its way. */
static uint32_t displace(struct wr_talk *t)
{
	uint32_t row = t->displaced ? t->next : smallest(t, t->max);

	join(&t->other, &t->rows[row]);
	t->displaced++;
	wr_index_drop(&t->index, t->tags[row], row);
	t->next = smallest(t, row);
	wr_index_ask(&t->index, t->tags[t->next]);
	return row;
}

static struct wr_talk_row *find_or_make(struct wr_talk *t, const struct wr_talk_key *k)
{
	uint32_t tag = wr_hash_words(&t->secret, k, KEY_WORDS), i, row;
	const struct wr_index *x = &t->index;

	for (i = tag & x->mask; x->cells[i].row; i = (i + 1) & x->mask) {
		row = x->cells[i].row - 1;
		if (x->cells[i].tag == tag && wr_same_words(&t->rows[row].key, k, KEY_WORDS))
			return &t->rows[row];
	}
	row = t->used < t->max ? t->used++ : displace(t);
	t->rows[row] = (struct wr_talk_row){.key = *k};
	t->tags[row] = tag;
	wr_index_put(&t->index, tag, row);
	return &t->rows[row];
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
	wr_index_ask(&t->index, wr_hash_words(&t->secret, &k, KEY_WORDS));
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
	return t->used;
}

const struct wr_talk_row *wr_talk_row(const struct wr_talk *t, uint32_t row)
{
	return &t->rows[row];
}

const struct wr_talk_row *wr_talk_other(const struct wr_talk *t, uint64_t *displaced)
{
	if (displaced)
		*displaced = t->displaced;
	return &t->other;
}
