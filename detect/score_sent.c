/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/score_sent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "flow/rows.h"
#include "flow/talk.h"

enum { ROWS = 1 << 17 };

struct sent {
	struct wr_talk_key key; /* its port is the label */
	uint64_t packets;
};

struct wr_sent {
	struct wr_rows rows;
};

int wr_sent_open(struct wr_sent **out)
{
	struct wr_sent *s = calloc(1, sizeof(*s));

	if (!s || wr_rows_open(&s->rows, sizeof(struct sent), ROWS)) {
		free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void wr_sent_close(struct wr_sent **s)
{
	if (!*s)
		return;
	wr_rows_close(&(*s)->rows);
	free(*s);
	*s = NULL;
}

static uint64_t weigh(const void *ctx, const void *row)
{
	(void)ctx;
	return ((const struct sent *)row)->packets;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

void wr_sent_packet(struct wr_sent *s, uint8_t label, const uint8_t *src)
{
	struct wr_talk_key key = {.port = label};
	struct sent *row;
	uint32_t tag;

	memcpy(key.addr, src, sizeof(key.addr));
	tag = wr_rows_hash(&s->rows, &key);
	row = wr_rows_find(&s->rows, &key, tag);
	if (!row) {
		row = wr_rows_make(&s->rows, &key, tag, weigh, gone, s);
		row->packets = 0;
	}
	row->packets++;
}

static bool is_named(const struct wr_finding_source *named, uint32_t n, const uint8_t *addr)
{
	for (uint32_t i = 0; i < n; i++)
		if (!memcmp(named[i].addr, addr, sizeof(named[i].addr)))
			return true;
	return false;
}

uint32_t wr_sent_name(struct wr_finding_source named[WR_SENT_NAMED], uint32_t n,
		      const struct wr_finding *f)
{
	for (uint32_t i = 0; i < f->n_sources && n < WR_SENT_NAMED; i++)
		if (!is_named(named, n, f->source[i].addr))
			named[n++] = f->source[i];
	return n;
}

/* Puts it among the top ones, most packets first, when it belongs there. */
static uint32_t rank(const struct sent *top[WR_SENT_TOP], uint32_t n, const struct sent *row)
{
	uint32_t at = n < WR_SENT_TOP ? n++ : WR_SENT_TOP;

	for (; at && top[at - 1] && top[at - 1]->packets < row->packets; at--)
		if (at < WR_SENT_TOP)
			top[at] = top[at - 1];
	if (at < WR_SENT_TOP)
		top[at] = row;
	return n;
}

void wr_sent_score(const struct wr_sent *s, uint8_t label, const uint8_t *victim,
		   const struct wr_finding_source *named, uint32_t n, struct wr_score_sources *out)
{
	const struct sent *top[WR_SENT_TOP] = {NULL};

	*out = (struct wr_score_sources){.named = n};
	for (uint32_t i = 0; i < s->rows.used; i++) {
		const struct sent *row = wr_rows_at(&s->rows, i);

		if (row->key.port != label || !memcmp(row->key.addr, victim, sizeof(row->key.addr)))
			continue;
		out->all++;
		out->right += is_named(named, n, row->key.addr);
		out->top = rank(top, out->top, row);
	}
	for (uint32_t i = 0; i < out->top && top[i]; i++)
		out->top_named += is_named(named, n, top[i]->key.addr);
}
