/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_FEED_H
#define WR_TESTS_FEED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow/live.h"

/* A small host for tests of views: 10.0.0.1 with services at eth0 (interface 0). */

#define FEED_SECOND 1000000000ull
#define FEED_START (1700000000 * FEED_SECOND) /* 2023-11-14T22:13:20Z */

/* `packets` of 100 bytes each between client 10.1.x.y and port `dport` of 10.0.0.1. */
static struct wr_live_part feed_part(uint32_t client, uint16_t sport, uint16_t dport, bool out,
				     uint64_t packets, uint64_t ns)
{
	const uint8_t server[4] = {10, 0, 0, 1};
	const uint8_t from[4] = {10, 1, (uint8_t)(client >> 8), (uint8_t)client};
	struct wr_live_part p = {.out = out};
	struct wr_rec rec = {0};
	struct wr_hdr *h = &rec.hdr[0];

	h->has = WR_H_IP | WR_H_PROTO | WR_H_PORTS;
	h->ip_v = 4;
	h->proto = dport == 53 ? 17 : 6;
	memcpy(h->src, out ? server : from, 4);
	memcpy(h->dst, out ? from : server, 4);
	h->sport = out ? dport : sport;
	h->dport = out ? sport : dport;
	p.flow.from = wr_flow_key_make(&p.flow.key, &rec);
	p.flow.n = (struct wr_count){packets, packets * 100};
	p.flow.first_ns = p.flow.last_ns = ns;
	p.flow.tcp_flags = h->proto == 6 ? (out ? 0x12 : 0x02) : 0;
	return p;
}

__attribute__((unused)) static struct wr_live *feed_open(uint32_t flows_max)
{
	struct wr_live_conf conf = {.flows_max = flows_max};
	struct wr_live *l = NULL;

	if (wr_live_open(&l, &conf, NULL))
		abort();
	wr_live_iface(l, "eth0");
	return l;
}

__attribute__((unused)) static void feed_add(struct wr_live *l, uint32_t client, uint16_t dport,
					     bool out, uint64_t packets, uint64_t ns)
{
	struct wr_live_part p =
		feed_part(client, (uint16_t)(30000 + client), dport, out, packets, ns);

	wr_live_add(l, &p);
}

#endif
