/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/opened.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "flow/index.h"

enum {
	PLACES = 1 << 16,
	KEY_WORDS = sizeof(struct wr_flow_key) / 8,
	LATEST_US = 60000000, /* RFC 9293: a SYN is given up sooner or later */
};

struct opened {
	uint32_t tag; /* 0: free */
	uint32_t time;
	uint32_t sent;
};

struct wr_opened {
	struct wr_hash_secret secret;
	struct opened *at; /* owned, PLACES */
};

int wr_opened_open(struct wr_opened **out, struct wr_err *err)
{
	struct wr_opened *o = calloc(1, sizeof(*o));

	if (!o)
		return wr_fail(err, ENOMEM, "no memory for round trips");
	wr_hash_secret_make(&o->secret);
	o->at = wr_mem_map(PLACES * sizeof(*o->at));
	if (!o->at) {
		wr_opened_close(&o);
		return wr_fail(err, ENOMEM, "no memory for round trips");
	}
	*out = o;
	return 0;
}

void wr_opened_close(struct wr_opened **opened)
{
	struct wr_opened *o = *opened;

	if (!o)
		return;
	if (o->at)
		wr_mem_unmap(o->at, PLACES * sizeof(*o->at));
	free(o);
	*opened = NULL;
}

/* The end is part of the tag: what the other one sends is another matter. */
static uint32_t tag_of(const struct wr_opened *o, const struct wr_flow_key *key, uint8_t from)
{
	return ((wr_hash_words(&o->secret, key, KEY_WORDS) ^ from) & ~(uint32_t)2) | 2;
}

static struct opened *place(const struct wr_opened *o, uint32_t tag)
{
	return &o->at[(uint32_t)(tag * 0x9e3779b1u) >> 16];
}

void wr_opened_syn(struct wr_opened *o, const struct wr_flow_key *key, uint8_t from, uint32_t time,
		   uint64_t sent)
{
	uint32_t tag = tag_of(o, key, from);

	*place(o, tag) = (struct opened){tag, time, (uint32_t)sent};
}

bool wr_opened_waits(const struct wr_opened *o, const struct wr_flow_key *key, uint8_t from)
{
	uint32_t tag = tag_of(o, key, from);

	return place(o, tag)->tag == tag;
}

uint32_t wr_opened_ack(struct wr_opened *o, const struct wr_flow_key *key, uint8_t from,
		       uint32_t time, uint64_t sent)
{
	uint32_t tag = tag_of(o, key, from);
	struct opened *w = place(o, tag);
	uint64_t us;

	if (w->tag != tag)
		return 0;
	us = (uint64_t)(time - w->time) * 1024 / 1000;
	w->tag = 0;
	if (w->sent != (uint32_t)sent || us > LATEST_US)
		return 0;
	return us ? (uint32_t)us : 1;
}
