/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/requests_join.h"

#include <string.h>

#include "daemon/findings.h"

enum {
	SLOTS = 2 * WR_API_ROWS, /* a power of two */
	ROWS_A_WINDOW = 50000,	 /* of flows: a walk through so many is paid by a window */
};

#define NEAR_NS 600000000000ull

#define API_CLASSES                                                                             \
	(1ull << WR_CLASS_API_ERRORS | 1ull << WR_CLASS_API_SLOW | 1ull << WR_CLASS_API_TRIES | \
	 1ull << WR_CLASS_API_SCRAPING | 1ull << WR_CLASS_API_TOKENS)

/* What flows say of a client. */
struct of {
	uint8_t addr[16];
	uint8_t ip_v; /* 0: free */
	uint16_t port;
	bool by_port;
	uint32_t flows, least_us, most_us;
	uint64_t sum_us;
};

static struct {
	const struct wr_api_host *host;
	uint64_t again; /* not before this window */
	struct of of[SLOTS];
} join; /* one daemon in a process */

static struct of *slot(const uint8_t addr[16], uint8_t ip_v, bool make)
{
	uint64_t word[2], hash;
	uint32_t i;

	memcpy(word, addr, sizeof(word));
	hash = (word[0] ^ (word[1] + ip_v) * 0x9e3779b97f4a7c15ull) * 0xbf58476d1ce4e5b9ull;
	/* At most half are taken, by addresses that stand in a table of this size: a chain ends. */
	for (i = (uint32_t)(hash >> 40) % SLOTS; join.of[i].ip_v; i = (i + 1) % SLOTS)
		if (join.of[i].ip_v == ip_v && !memcmp(join.of[i].addr, addr, 16))
			return &join.of[i];
	if (!make)
		return NULL;
	join.of[i].ip_v = ip_v;
	memcpy(join.of[i].addr, addr, 16);
	return &join.of[i];
}

static void add_flow(const struct wr_flow *f)
{
	int client = !wr_flow_server(f);
	struct of *o = slot(f->key.addr[client], f->key.ip_v, false);

	if (!o)
		return;
	o->by_port |= o->port && f->key.port[client] == o->port;
	if (!f->rtt_us)
		return;
	o->least_us = !o->flows || f->rtt_us < o->least_us ? f->rtt_us : o->least_us;
	o->most_us = f->rtt_us > o->most_us ? f->rtt_us : o->most_us;
	o->sum_us += f->rtt_us;
	o->flows++;
}

static void walk(const struct wr_api_host *h)
{
	const struct wr_api_table *t = wr_api_stats_table(h->requests, WR_API_CLIENTS);
	struct wr_flow_table *flows = wr_live_flows(h->live);
	uint64_t window = wr_live_totals(h->live)->window;
	uint32_t n = wr_flow_rows(flows);
	struct wr_flow f;

	if (join.host == h && window < join.again)
		return;
	join.host = h;
	join.again = window + 1 + n / ROWS_A_WINDOW;
	memset(join.of, 0, sizeof(join.of));
	for (uint32_t i = 0; i < t->room; i++) {
		const struct wr_api_row *row = &t->rows[i];

		if (row->used)
			slot((const uint8_t *)row->key + 1, (uint8_t)row->key[0], true)->port =
				row->port;
	}
	for (uint32_t i = 0; i < n; i++) {
		f = wr_flow_row(flows, i);
		add_flow(&f);
	}
}

static bool client(void *ctx, const struct wr_api_row *row, struct wr_requests_packets *out)
{
	const struct wr_api_host *h = ctx;
	struct wr_talk_key key = {.ip_v = (uint8_t)row->key[0]};
	const struct wr_live_row *talker;
	const struct of *o;

	memcpy(key.addr, row->key + 1, sizeof(key.addr));
	talker = wr_live_find(h->live, WR_LIVE_TALKERS, &key);
	o = slot(key.addr, key.ip_v, false);
	*out = (struct wr_requests_packets){0};
	if (talker) {
		out->in = talker->in;
		out->out = talker->out;
	}
	if (o && o->ip_v) {
		out->by_port = o->by_port;
		out->flows = o->flows;
		out->rtt_least_us = o->least_us;
		out->rtt_most_us = o->most_us;
		out->rtt_mean_us = o->flows ? (uint32_t)(o->sum_us / o->flows) : 0;
	}
	return talker || out->by_port || out->flows;
}

/* The one that began last before it failed and went on till shortly before; else the first after.
 */
static bool near_incident(void *ctx, uint64_t failing_ns, struct wr_requests_near *out)
{
	const struct wr_api_host *h = ctx;
	const struct wr_incident *best = NULL;
	struct wr_incident *rows[WR_INCIDENTS];
	uint32_t n = wr_incidents_list(wr_findings_incidents(h->findings), rows, WR_INCIDENTS);

	for (uint32_t i = 0; i < n; i++) {
		const struct wr_incident *x = rows[i];
		bool before = x->start_ns <= failing_ns;

		if (!(x->classes & ~API_CLASSES) || x->start_ns > failing_ns + NEAR_NS ||
		    x->start_ns + NEAR_NS < failing_ns ||
		    (before && x->end_ns && x->end_ns + WR_API_FINE_NS < failing_ns))
			continue;
		if (!best || (before ? best->start_ns > failing_ns || x->start_ns > best->start_ns
				     : best->start_ns > x->start_ns))
			best = x;
	}
	if (!best)
		return false;
	out->incident = best->id;
	out->klass = wr_class_name((enum wr_finding_class)best->strongest.klass);
	out->lead_ns = (int64_t)(failing_ns - best->start_ns);
	return true;
}

struct wr_requests_joined wr_requests_join(const struct wr_api_host *h)
{
	struct wr_requests_joined j = {.ctx = (void *)(uintptr_t)h};

	if (h->live) {
		walk(h);
		j.client = client;
	}
	if (h->findings)
		j.near = near_incident;
	return j;
}
