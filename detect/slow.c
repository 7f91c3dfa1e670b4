/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"

/*
 * Connections that are held open without a request that can be answered (Slowloris, slow POST): the
 * server has nothing to say to them. The table of flows is looked through in ten seconds, a piece
 * in each step, so that it costs the same whatever arrives.
 */

enum {
	ROUND = 10 * STEPS,
	SERVICES = 256,
	HELD = 40,
	FEW_ROUNDS = 6, /* of which is known how many are held: that is little */
	HELD_NS = 10,
	HEADERS = 80, /* bytes of a packet that carries nothing: link, IP and TCP with options */
	SERVER_MOST = 60,   /* payload of the server's */
	CLIENT_MOST = 4000, /* of the client's: beyond it something is sent, and not held back */
};

struct held {
	struct wr_talk_key key;
	uint32_t n, before; /* in this round, and in the one before */
	uint64_t first_ns;
	struct wr_norm norm; /* of n, a round is a second */
	uint32_t round;
	struct wr_finding_source top[4];
};

struct slow {
	struct wr_rows rows;
	uint32_t next, round;
	uint32_t since; /* the round in which a row last had to make room, or the first one */
	uint64_t displaced;
};

int slow_open(struct wr_detect *d)
{
	d->slow = calloc(1, sizeof(*d->slow));
	if (!d->slow)
		return -1;
	d->slow->round = d->slow->since = 1;
	return wr_rows_open(&d->slow->rows, sizeof(struct held), SERVICES);
}

void slow_close(struct wr_detect *d)
{
	if (d->slow)
		wr_rows_close(&d->slow->rows);
	free(d->slow);
}

static uint64_t weigh(const void *ctx, const void *row)
{
	(void)ctx;
	return ((const struct held *)row)->n;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

/*
 * As long as the address was known, none was held there. Else those that begin to be held would be
 * what is usual, and with the margin of what is known since a moment ago. What was learned before
 * this process began tells nothing of what was held, and a row that had to make room may have been
 * this one: it counts since then.
 */
static void had_none(const struct wr_detect *d, struct held *h)
{
	const struct slow *s = d->slow;
	uint32_t rounds = learned_s(d, h->key.addr, h->key.ip_v) / (ROUND / STEPS);

	rounds = rounds < s->round - s->since ? rounds : s->round - s->since;
	h->norm.seconds = rounds;
	h->norm.times[0] = rounds < UINT16_MAX ? (uint16_t)rounds : UINT16_MAX;
}

static struct held *held_of(struct wr_detect *d, const struct wr_flow *f)
{
	struct slow *s = d->slow;
	int server = !f->caller;
	struct wr_talk_key key = {
		.port = f->key.port[server], .proto = f->key.proto, .ip_v = f->key.ip_v};
	struct held *h;
	uint32_t tag;

	memcpy(key.addr, f->key.addr[server], 16);
	tag = wr_rows_hash(&s->rows, &key);
	h = wr_rows_find(&s->rows, &key, tag);
	if (!h) {
		h = wr_rows_make(&s->rows, &key, tag, weigh, gone, s);
		memset(&h->n, 0, sizeof(*h) - offsetof(struct held, n));
		if (s->displaced != s->rows.displaced)
			s->since = s->round;
		s->displaced = s->rows.displaced;
		had_none(d, h);
	}
	if (h->round != s->round) {
		h->round = s->round;
		h->n = 0;
		memset(h->top, 0, sizeof(h->top));
	}
	return h;
}

/* Space-Saving (Metwally, Agrawal, El Abbadi 2005) of four. */
static void add_source(struct held *h, const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_finding_source *least = h->top;

	for (int i = 0; i < 4; i++) {
		if (h->top[i].packets && !memcmp(h->top[i].addr, addr, 16)) {
			h->top[i].packets++;
			return;
		}
		if (h->top[i].packets < least->packets)
			least = &h->top[i];
	}
	memcpy(least->addr, addr, 16);
	least->ip_v = ip_v;
	least->packets++;
}

/* Has it said something before its counters began anew, as those of a flow that lasts do? */
static bool said_before(const struct wr_flow *f)
{
	return f->told_ns != f->first_ns && f->tcp_flags[!f->caller] & WR_TCP_PSH;
}

static bool is_held(const struct wr_detect *d, const struct wr_flow *f)
{
	const struct wr_count *client, *server;

	if (f->key.proto != WR_IP_TCP || f->caller == WR_FLOW_CALLER_UNKNOWN)
		return false;
	client = &f->sent[f->caller];
	server = &f->sent[!f->caller];
	return f->tcp_flags[f->caller] & WR_TCP_ACK && !said_before(f) &&
	       !((f->tcp_flags[0] | f->tcp_flags[1]) & (WR_TCP_FIN | WR_TCP_RST)) &&
	       d->step_ns - f->first_ns > HELD_NS * 1000000000ull && f->first_ns < d->step_ns &&
	       client->packets >= 2 && client->bytes < client->packets * HEADERS + CLIENT_MOST &&
	       server->bytes < server->packets * HEADERS + SERVER_MOST;
}

static void add_held(struct held *h, const struct wr_flow *f)
{
	if (!h->n++ || f->first_ns < h->first_ns)
		h->first_ns = f->first_ns;
	add_source(h, f->key.addr[f->caller], f->key.ip_v);
}

static bool is_of(const struct held *h, const struct wr_flow *f)
{
	return f->key.port[!f->caller] == h->key.port && f->key.ip_v == h->key.ip_v &&
	       !memcmp(f->key.addr[!f->caller], h->key.addr, sizeof(h->key.addr));
}

static int by_count(const void *a, const void *b)
{
	const struct wr_finding_source *x = a, *y = b;

	return x->packets < y->packets ? 1 : x->packets > y->packets ? -1 : 0;
}

/* All of them at once, for what is told: a round takes its time. */
static void count_all(struct wr_detect *d, struct held *h)
{
	struct wr_flow_table *t = wr_live_flows(d->conf.live);
	uint32_t rows = wr_flow_rows(t);

	h->n = 0;
	memset(h->top, 0, sizeof(h->top));
	for (uint32_t i = 0; i < rows; i++) {
		struct wr_flow f = wr_flow_row(t, i);

		if (is_held(d, &f) && is_of(h, &f))
			add_held(h, &f);
	}
	qsort(h->top, 4, sizeof(*h->top), by_count);
}

/* As many as are usual. Where little is known, those that have begun to be held before an attack
 * was told would be so, with the wide margin of what is new: as many more as are one say that it
 * is. */
static double most_of(const struct held *h)
{
	double most = wr_norm_most(&h->norm, 5);

	return h->norm.seconds < FEW_ROUNDS ? fmin(most, h->before + HELD - 1.0) : most;
}

static struct wr_victim service_of(const struct held *h)
{
	struct wr_victim v = victim_of(h->key.addr, h->key.ip_v);

	v.port = h->key.port;
	v.proto = h->key.proto;
	return v;
}

static bool are_too_many(const struct wr_detect *d, const struct held *h)
{
	struct wr_victim v = service_of(h);
	const struct wr_detect_fixed *set = fixed_of(d, WR_CLASS_SLOW_HTTP, &v);

	return set ? h->n >= set->at : h->n >= HELD && h->n > most_of(h);
}

static void look(struct wr_detect *d, struct held *h)
{
	struct wr_victim v = service_of(h);
	struct wr_finding *f;
	bool is_new;

	if (!are_too_many(d, h))
		return;
	f = find(d, WR_CLASS_SLOW_HTTP, &v, &is_new);
	if (!f || !is_new)
		return;
	count_all(d, h);
	evidence(f, WR_FEATURE_HELD, h->n, &h->norm, ROUND / STEPS);
	evidence_only(f, WR_FEATURE_TOP_SHARE, (double)h->top[0].packets / h->n);
	for (int i = 0; i < 4 && h->top[i].packets; i++)
		f->source[f->n_sources++] = h->top[i];
	f->start_ns = h->first_ns;
	tell(d, f);
}

static void end_round(struct wr_detect *d)
{
	struct slow *s = d->slow;

	for (uint32_t i = 0; i < s->rows.used; i++) {
		struct held *h = wr_rows_at(&s->rows, i);

		if (h->round != s->round)
			h->n = 0;
		if (!are_too_many(d, h))
			wr_norm_learn(&h->norm, h->n);
		h->before = h->n;
	}
	s->round++;
	s->next = 0;
}

void end_step_slow(struct wr_detect *d)
{
	struct slow *s = d->slow;
	struct wr_flow_table *t = d->conf.live ? wr_live_flows(d->conf.live) : NULL;
	uint32_t rows = t ? wr_flow_rows(t) : 0;
	uint32_t until = (uint32_t)((uint64_t)rows * (d->step % ROUND + 1) / ROUND);

	for (; s->next < until; s->next++) {
		struct wr_flow f = wr_flow_row(t, s->next);
		struct held *h;

		if (!is_held(d, &f))
			continue;
		h = held_of(d, &f);
		add_held(h, &f);
		look(d, h);
	}
	if (d->step % ROUND == ROUND - 1)
		end_round(d);
}
