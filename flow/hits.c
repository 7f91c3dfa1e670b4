/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/hits.h"

#include <stdlib.h>
#include <string.h>

#include "core/proto.h"
#include "flow/distinct.h"

static void add(struct wr_count *to, const struct wr_count *n)
{
	to->packets += n->packets;
	to->bytes += n->bytes;
}

static struct wr_hit *find(struct wr_hit_table *t, const struct wr_hit *x)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (t->at[i].answers == x->answers &&
		    !memcmp(&t->at[i].key, &x->key, sizeof(x->key)))
			return &t->at[i];
	return NULL;
}

static struct wr_hit *smallest(struct wr_hit_table *t)
{
	struct wr_hit *least = &t->at[0];

	for (uint32_t i = 1; i < t->n; i++)
		if (t->at[i].n.packets < least->n.packets)
			least = &t->at[i];
	return least;
}

static void count(struct wr_hit_table *t, const struct wr_hit *x, const struct wr_count *n)
{
	struct wr_hit *row = find(t, x);
	struct wr_count had = {0};

	if (!row && t->n < WR_HITS_ROWS) {
		row = &t->at[t->n++];
		*row = *x;
	} else if (!row) {
		row = smallest(t);
		had = row->n;
		*row = *x;
		row->n = row->over = had;
	}
	add(&row->n, n);
}

static void copy_end(struct wr_hit *x, const struct wr_flow_key *k, int end, bool ports)
{
	x->key.ip_v = k->ip_v;
	memcpy(x->key.addr[0], k->addr[end], sizeof(x->key.addr[0]));
	if (!ports)
		return;
	x->key.port[0] = k->port[end];
	x->key.proto = k->proto;
	x->key.tag = k->tag & WR_FLOW_NO_PROTO;
}

/* Who was there before, and is in the table of known-good ones, stays good: a long flow is told in
 * parts and begins anew with each of them. */
static bool is_good(struct wr_hits *h, const struct wr_flow *f, const struct wr_hit *x, int local)
{
	if ((f->tcp_flags[0] | f->tcp_flags[1]) & WR_TCP_RST)
		return false;
	if (find(&h->flows, x))
		return true;
	if (f->first_ns >= h->since_ns)
		return false;
	if (f->key.proto == WR_IP_TCP)
		return f->tcp_flags[!local] & WR_TCP_ACK;
	return f->sent[0].packets && f->sent[1].packets;
}

void wr_hits_begin(struct wr_hits *h, uint64_t since_ns)
{
	*h = (struct wr_hits){.since_ns = since_ns};
}

void wr_hits_add(struct wr_hits *h, const struct wr_live_part *p, const struct wr_flow *f)
{
	const struct wr_flow_key *k = &p->flow.key;
	int from = p->flow.from, local = p->out ? from : !from;
	int server = f ? wr_flow_server(f) : local;
	struct wr_hit source = {0}, service = {.answers = server != local}, flow = {.key = *k};
	uint64_t a, b;

	copy_end(&source, k, from, false);
	copy_end(&service, k, server, true);
	flow.server = (uint8_t)server;
	add(&h->all, &p->flow.n);
	count(&h->sources, &source, &p->flow.n);
	count(&h->services, &service, &p->flow.n);
	memcpy(&a, k->addr[from], sizeof(a));
	memcpy(&b, k->addr[from] + sizeof(a), sizeof(b));
	wr_sketch_add(h->seen, wr_sketch_hash(h->since_ns, a, b));
	if (!f || !is_good(h, f, &flow, local))
		return;
	add(&h->good, &p->flow.n);
	count(&h->flows, &flow, &p->flow.n);
}

uint32_t wr_hits_sources(const struct wr_hits *h)
{
	return wr_distinct_estimate(h->seen);
}

static int by_packets(const void *a, const void *b)
{
	const struct wr_hit *x = *(const struct wr_hit *const *)a,
			    *y = *(const struct wr_hit *const *)b;

	if (x->n.packets != y->n.packets)
		return x->n.packets < y->n.packets ? 1 : -1;
	return memcmp(&x->key, &y->key, sizeof(x->key));
}

uint32_t wr_hits_top(const struct wr_hit_table *t, const struct wr_hit **out, uint32_t n)
{
	const struct wr_hit *all[WR_HITS_ROWS] = {NULL};

	for (uint32_t i = 0; i < t->n; i++)
		all[i] = &t->at[i];
	qsort(all, t->n, sizeof(all[0]), by_packets);
	n = n < t->n ? n : t->n;
	memcpy(out, all, n * sizeof(all[0]));
	return n;
}
