/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_FLOWS_H
#define WR_TESTS_FLOWS_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/rows.h"

/*
 * Flows as a busy server has them, the same for the same seed: 50 services, some thousand clients
 * of which few are frequent, client ports and times without order, lengths over some magnitudes.
 */

struct flows {
	uint64_t seed;
	uint64_t now_ns;
	uint64_t step_ns; /* between two flows, on average */
};

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t flows_random(struct flows *g)
{
	uint64_t z = g->seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 .. most-1; small numbers come far more often: about as Zipf (1935) has it. */
static uint64_t flows_skewed(struct flows *g, uint64_t most)
{
	unsigned int bits = 63 - (unsigned int)__builtin_clzll(most);
	uint64_t below = 1ull << flows_random(g) % (bits + 1);

	return flows_random(g) % below;
}

enum { FLOWS_SERVICES = 50 };

static void flows_address(uint8_t addr[16], uint64_t number, int ip_v)
{
	uint64_t h = (number + 1) * 0x9e3779b97f4a7c15u;

	memset(addr, 0, 16);
	memcpy(addr, &h, ip_v == 4 ? 4 : 8);
	if (ip_v == 6)
		memcpy(addr, "\x20\x01\x0d\xb8", 4);
}

static void flows_next(struct flows *g, struct wr_store_flow *f)
{
	static const uint16_t ports[] = {443, 80, 53, 22, 5432, 8443, 25, 123, 6379, 3306};
	unsigned int service = (unsigned int)flows_skewed(g, 64) % FLOWS_SERVICES;
	uint64_t client = flows_skewed(g, 16384), packets = 1 + flows_skewed(g, 4096);

	memset(f, 0, sizeof(*f));
	g->now_ns += flows_random(g) % (2 * g->step_ns + 1);
	f->end_ns = g->now_ns;
	f->start_ns = f->end_ns - flows_skewed(g, 1ull << 36);
	f->ip_v = client % 5 ? 4 : 6;
	flows_address(f->src, client, f->ip_v);
	flows_address(f->dst, 1000000 + service, f->ip_v);
	f->dport = ports[service % 10];
	f->sport = (uint16_t)(32768 + flows_random(g) % 28232);
	f->proto = f->dport == 53 || f->dport == 123 ? 17 : 6;
	f->packets[0] = packets;
	f->packets[1] = packets * 4 / 5;
	f->bytes[0] = packets * 60 + flows_random(g) % (packets * 400);
	f->bytes[1] = packets * 60 + flows_random(g) % (packets * 1300);
	f->tcp_flags = f->proto == 6 ? (flows_random(g) % 8 ? 0x1b : 0x16) : 0;
	f->rtt_us = f->proto == 6 ? (uint32_t)(200 + flows_skewed(g, 65536)) : 0;
	f->end = f->proto == 6 ? WR_STORE_END_OVER : WR_STORE_END_IDLE;
	f->vlan = service % 7 ? 0 : WR_STORE_VLAN | 77;
	f->l7 = (uint16_t)(service % 10 + 1);
	strcpy(f->iface, service % 3 ? "eth0" : "eth1");
	if (f->dport == 443)
		snprintf(f->host, sizeof(f->host), "api-%u.example.net",
			 (unsigned int)flows_skewed(g, 128));
}

#endif
