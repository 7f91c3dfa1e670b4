/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/apps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/index.h"

enum {
	KEY_WORDS = sizeof(struct wr_flow_key) / 8,
	BEGUN = 64,	   /* messages that wait for their next segment */
	BEGUN_BYTES = 4096 /* of each */
};

/* The beginning of a message. */
struct begun {
	struct wr_flow_key key;
	uint8_t from;
	uint16_t n; /* 0: free */
	uint8_t bytes[BEGUN_BYTES];
};

/* Rows and beginnings are used round and round: the oldest makes room. */
struct wr_apps {
	struct wr_app *rows; /* owned, WR_APPS_MAX */
	uint32_t *tags;	     /* owned, hash of each row's key */
	uint32_t used, next;
	struct wr_index index;
	struct wr_hash_secret secret;
	struct begun begun[BEGUN];
	uint32_t next_begun;
};

int wr_apps_open(struct wr_apps **out, struct wr_err *err)
{
	struct wr_apps *a = calloc(1, sizeof(*a));

	if (!a)
		return wr_fail(err, ENOMEM, "no memory for application facts");
	wr_hash_secret_make(&a->secret);
	a->rows = wr_mem_map(WR_APPS_MAX * sizeof(*a->rows));
	a->tags = wr_mem_map(WR_APPS_MAX * sizeof(*a->tags));
	if (!a->rows || !a->tags || wr_index_open(&a->index, WR_APPS_MAX)) {
		wr_apps_close(&a);
		return wr_fail(err, ENOMEM, "no memory for application facts of %d flows",
			       WR_APPS_MAX);
	}
	*out = a;
	return 0;
}

void wr_apps_close(struct wr_apps **apps)
{
	struct wr_apps *a = *apps;

	if (!a)
		return;
	wr_mem_unmap(a->rows, WR_APPS_MAX * sizeof(*a->rows));
	wr_mem_unmap(a->tags, WR_APPS_MAX * sizeof(*a->tags));
	wr_index_close(&a->index);
	free(a);
	*apps = NULL;
}

static uint32_t hash(const struct wr_apps *a, const struct wr_flow_key *key)
{
	return wr_hash_words(&a->secret, key, KEY_WORDS);
}

static bool same(const void *apps, uint32_t row, const void *key)
{
	return wr_same_words(&((const struct wr_apps *)apps)->rows[row].key, key, KEY_WORDS);
}

static uint32_t tag_of(const void *apps, uint32_t row)
{
	return ((const struct wr_apps *)apps)->tags[row];
}

/* The row; UINT32_MAX: there is none. */
static uint32_t find(const struct wr_apps *a, const struct wr_flow_key *key, uint32_t tag)
{
	return wr_index_find(&a->index, tag, same, a, key);
}

static uint32_t make(struct wr_apps *a, const struct wr_flow_key *key, uint32_t tag)
{
	uint32_t row = a->next;

	a->next = (a->next + 1) % WR_APPS_MAX;
	if (a->used < WR_APPS_MAX)
		a->used++;
	else if (a->rows[row].key.ip_v) /* it was not dropped */
		wr_index_drop(&a->index, a->tags[row], row, tag_of, a);
	a->rows[row] = (struct wr_app){.key = *key};
	a->tags[row] = tag;
	wr_index_put(&a->index, tag, row);
	return row;
}

static struct begun *begun_of(struct wr_apps *a, const struct wr_flow_key *key, uint8_t from)
{
	for (uint32_t i = 0; i < BEGUN; i++)
		if (a->begun[i].n && a->begun[i].from == from &&
		    !memcmp(&a->begun[i].key, key, sizeof(*key)))
			return &a->begun[i];
	return NULL;
}

/* Appends to what there was; what does not fit is not looked at. */
static void keep(struct begun *b, const uint8_t *payload, size_t n)
{
	size_t room = sizeof(b->bytes) - b->n;

	n = n < room ? n : room;
	memcpy(b->bytes + b->n, payload, n);
	b->n = (uint16_t)(b->n + n);
}

static void begin(struct wr_apps *a, const struct wr_flow_key *key, uint8_t from,
		  const uint8_t *payload, size_t n)
{
	struct begun *b = &a->begun[a->next_begun++ % BEGUN];

	b->key = *key;
	b->from = from;
	b->n = 0;
	keep(b, payload, n);
}

static const struct wr_app *row_of(const struct wr_apps *a, uint32_t row)
{
	return row == UINT32_MAX ? NULL : &a->rows[row];
}

const struct wr_app *wr_apps_payload(struct wr_apps *a, const struct wr_flow_key *key, uint8_t from,
				     const uint8_t *payload, size_t n, uint64_t at_ns)
{
	struct begun *b = begun_of(a, key, from);
	uint32_t tag = hash(a, key);
	uint32_t row = find(a, key, tag);
	struct wr_l7 said;
	int ret;

	if (b) {
		keep(b, payload, n);
		payload = b->bytes;
		n = b->n;
	}
	ret = wr_l7_read(&said, payload, n, key->proto, key->port[from], key->port[!from]);
	if (ret == -ENODATA && !b)
		begin(a, key, from, payload, n);
	else if (b && (ret != -ENODATA || b->n == sizeof(b->bytes)))
		b->n = 0;
	if (said.proto == WR_L7_NONE)
		return row_of(a, row);
	if (row == UINT32_MAX)
		row = make(a, key, tag);
	a->rows[row].said[from] = said;
	a->rows[row].at_ns = at_ns;
	return row_of(a, row);
}

void wr_apps_drop(struct wr_apps *a, const struct wr_flow_key *key)
{
	uint32_t tag = hash(a, key), row = find(a, key, tag);

	if (row == UINT32_MAX)
		return;
	wr_index_drop(&a->index, tag, row, tag_of, a);
	a->rows[row] = (struct wr_app){0};
}

const struct wr_app *wr_apps_find(const struct wr_apps *a, const struct wr_flow_key *key)
{
	return row_of(a, find(a, key, hash(a, key)));
}

void wr_apps_each(const struct wr_apps *a, void (*fn)(void *ctx, const struct wr_app *app),
		  void *ctx)
{
	for (uint32_t i = 0; i < a->used; i++)
		if (a->rows[i].key.ip_v)
			fn(ctx, &a->rows[i]);
}

enum wr_l7_proto wr_app_proto(const struct wr_app *app)
{
	enum wr_l7_proto p = (enum wr_l7_proto)app->said[0].proto;

	return p > WR_L7_PROXY ? p : (enum wr_l7_proto)app->said[1].proto;
}

int wr_app_client(const struct wr_app *app)
{
	for (int end = 0; end < 2; end++) {
		if (app->said[end].side == WR_L7_CLIENT)
			return end;
		if (app->said[end].side == WR_L7_SERVER)
			return !end;
	}
	return -1;
}
