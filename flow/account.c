/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/account.h"

#include <string.h>

static bool is_higher(const struct wr_account_key *k)
{
	int order = memcmp(k->src, k->dst, 16);

	return order > 0 || (!order && k->sport > k->dport);
}

/* Ends in canonical order; returns the one that sent. */
static uint8_t flow_key(struct wr_flow_key *to, const struct wr_account_key *k)
{
	uint8_t from = is_higher(k);

	memcpy(to->addr[from], k->src, 16);
	memcpy(to->addr[!from], k->dst, 16);
	to->port[from] = k->sport;
	to->port[!from] = k->dport;
	to->tag = k->tag & (uint16_t)~WR_KEY_FACTS;
	to->proto = k->proto;
	to->ip_v = k->ip_v;
	return from;
}

_Static_assert((int)WR_KEY_VLAN == (int)WR_FLOW_VLAN &&
		       (int)WR_KEY_NO_PROTO == (int)WR_FLOW_NO_PROTO,
	       "tags of kernel and host are the same");

static uint64_t row_time(uint64_t start_ns, uint16_t t)
{
	return start_ns + ((uint64_t)t << WR_ACCOUNT_TIME_SHIFT);
}

/* Told in units of 1.024 us; 0 would mean that it is not known. */
static uint32_t rtt_us(const struct wr_account_row *row)
{
	uint32_t us = (uint32_t)((uint64_t)row->time_us * 1024 / 1000);

	if (!(row->tcp_flags & WR_ROW_RTT))
		return 0;
	return us ? us : 1;
}

static void take_flags(struct wr_live_part *p, const struct wr_account_row *row)
{
	if (!wr_has_tcp_flags(row->key.proto)) {
		p->facts = row->tcp_flags & 0xfff;
		return;
	}
	p->facts = row->key.tag >> WR_KEY_FACT_SHIFT;
	p->flow.tcp_flags = row->tcp_flags & 0xfff;
	p->flow.syn = (uint8_t)((row->tcp_flags & WR_ROW_SYN ? WR_FLOW_SYN : 0) |
				(row->tcp_flags & WR_ROW_SYN_ACK ? WR_FLOW_SYN_ACK : 0));
	p->flow.rtt_us = rtt_us(row);
	if (row->tcp_flags & WR_ROW_RTT)
		return;
	if (row->tcp_flags & WR_ROW_SYN)
		p->syn_time = row->time_us | 1;
	else
		p->ack_time = row->time_us;
}

void wr_live_add_row(struct wr_live *live, uint32_t iface, bool out,
		     const struct wr_account_row *row, uint64_t start_ns)
{
	struct wr_live_part p = {.iface = iface, .out = out};

	p.flow.from = flow_key(&p.flow.key, &row->key);
	p.flow.n = (struct wr_count){row->packets, row->bytes};
	p.flow.first_ns = row_time(start_ns, row->first);
	/* A row that has changed hands while its window's begin was written may end before that. */
	p.flow.last_ns = row_time(start_ns, row->last > row->first ? row->last : row->first);
	p.flow.iface = (uint8_t)iface; /* of wr_live_iface() */
	take_flags(&p, row);
	wr_live_add(live, &p);
}

void wr_live_soon_row(struct wr_live *live, bool out, const struct wr_account_row *row,
		      uint32_t number)
{
	struct wr_flow_key key;
	struct wr_live_soon soon = {.key = &key, .out = out, .number = number};

	soon.from = flow_key(&key, &row->key);
	wr_live_soon(live, &soon);
}

static struct wr_count count_of(const struct wr_account_n *n)
{
	return (struct wr_count){n->packets, n->bytes};
}

static void add_services(struct wr_live *live, const struct wr_account_head *h)
{
	for (int i = 0; i < WR_ACCOUNT_SERVICES; i++) {
		const struct wr_account_service *s = &h->service[i];
		struct wr_talk_key key = {.port = s->dport, .proto = s->proto, .ip_v = s->ip_v};
		struct wr_count n = {s->packets, s->bytes};

		if (!s->packets)
			continue;
		memcpy(key.addr, s->dst, 16);
		wr_live_add_service(live, &key, &n, s->sources);
	}
}

static void add_sources(struct wr_live *live, const struct wr_account_head *h)
{
	for (int i = 0; i < WR_ACCOUNT_SOURCES; i++) {
		const struct wr_account_source *s = &h->source[i];
		struct wr_talk_key key = {.ip_v = s->ip_v};
		struct wr_count n = {s->packets, s->bytes};

		if (!s->packets)
			continue;
		memcpy(key.addr, s->src, 16);
		wr_live_add_talker(live, &key, &n);
	}
}

void wr_live_add_head(struct wr_live *live, uint32_t iface, bool out,
		      const struct wr_account_head *h)
{
	struct wr_live_rest rest = {.other = count_of(&h->other),
				    .not_ip = count_of(&h->not_ip),
				    .displaced = h->displaced,
				    .unread = h->unpeeked};

	for (int i = 0; i < WR_LIVE_SIZES; i++)
		rest.sizes[i] = count_of(&h->sizes[i]);
	memcpy(rest.tcp_flags, h->tcp_flags, sizeof(rest.tcp_flags));
	wr_live_add_rest(live, iface, out, &rest);
	/* On the way out source and destination have other parts: those stay others'. */
	if (out || !h->other.packets)
		return;
	add_services(live, h);
	add_sources(live, h);
}
