/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "bench/day.h"

/*
 * Frames by which one gets on the network: what a DHCP server answers (RFC 2131), what routers and
 * neighbours say of themselves (RFC 4861). Stations are those of who says it, whatever --mac says
 * of those who are told it.
 */

enum {
	ETHER = 14,
	IP6 = 40,
	HOPS = 255, /* with fewer nobody takes it */
	ROUTER = 134,
	NEIGHBOUR = 136,
	GLOBAL = 0x20010db8, /* 2001:db8:: */
	LOCAL = 0xfe800000,
	DHCP_N = 300,
	LEASE_S = 3600,
	ROUTER_S = 1800,
	PREFIX_S = 86400,
};

static void mac_of(uint8_t *at, uint32_t addr)
{
	put16(at, 0x0220);
	put32(at + 2, addr);
}

static void addr6(uint8_t *at, uint32_t net, uint32_t host)
{
	memset(at, 0, 16);
	put32(at, net);
	put32(at + 12, host);
}

/* ---- DHCP ---- */

/* Behind the last option. */
static uint8_t *option(uint8_t *p, uint8_t code, uint32_t v)
{
	p[0] = code;
	p[1] = 4;
	put32(p + 2, v);
	return p + 6;
}

void day_offer(struct day *d, uint32_t server, uint32_t client, bool ack)
{
	const struct actor a = {.from = server, .to = client, .sport = 67, .dport = 68, .ttl = 64};
	uint32_t is = day_written(d, server);
	uint8_t b[DHCP_N] = {2, 1, 6, 0}, *p = b + 240;

	put32(b + 4, client);
	put32(b + 16, day_written(d, client));
	put32(b + 20, is);
	mac_of(b + 28, client);
	put32(b + 236, 0x63825363); /* magic, and then options (RFC 2132) */
	memcpy(p, (const uint8_t[]){53, 1, ack ? 5 : 2}, 3);
	p = option(p + 3, 54, is);
	p = option(p, 51, LEASE_S);
	p = option(p, 1, 0xffff0000);
	p = option(p, 3, is); /* the router */
	p = option(p, 6, is); /* who resolves names */
	*p = 255;
	day_udp(d, &a, true, b, sizeof(b), sizeof(b));
}

/* ---- routers and neighbours ---- */

static uint32_t add(uint32_t sum, const uint8_t *at, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	return sum;
}

/* Of an IPv6 frame that has all else: hosts look at it. n: bytes behind the IPv6 header, even. */
static void seal(uint8_t *f, uint32_t n)
{
	uint32_t sum = add(WR_IP_ICMP6 + n, f + ETHER + 8, 32 + n);

	sum = (sum & 0xffff) + (sum >> 16);
	put16(f + ETHER + IP6 + 2, ~(sum + (sum >> 16)));
}

/* Ethernet from a station, and an IPv6 header whose addresses are the caller's. */
static uint8_t *icmp6(uint8_t *f, uint32_t station, uint8_t type, uint32_t n)
{
	uint8_t *h = f + ETHER;

	mac_of(f + 6, station);
	put16(f + 12, 0x86dd);
	h[0] = 0x60;
	put16(h + 4, n);
	h[6] = WR_IP_ICMP6;
	h[7] = HOPS;
	h[IP6] = type;
	return h + IP6;
}

void day_router(struct day *d, uint32_t router)
{
	enum { N = 16 + 8 + 32 };
	uint32_t is = day_written(d, router);
	uint8_t f[ETHER + IP6 + N] = {0x33, 0x33, 0, 0, 0, 1}, *p = icmp6(f, is, ROUTER, N);

	addr6(f + ETHER + 8, LOCAL, is);
	addr6(f + ETHER + 24, 0xff020000, 1); /* all that are on the link */
	p[4] = 64;
	put16(p + 6, ROUTER_S);
	p += 16;
	p[0] = p[1] = 1; /* its station */
	mac_of(p + 2, is);
	p += 8;
	memcpy(p, (const uint8_t[]){3, 4, 64, 0xc0}, 4); /* a /64, to make addresses of */
	put32(p + 4, PREFIX_S);
	put32(p + 8, PREFIX_S);
	put32(p + 16, GLOBAL);
	put32(p + 20, is);
	seal(f, N);
	day_frame(d, f, sizeof(f));
}

void day_neighbour(struct day *d, uint32_t addr, uint32_t station, uint32_t told)
{
	enum { N = 24 + 8 };
	uint8_t f[ETHER + IP6 + N] = {0}, *p = icmp6(f, station, NEIGHBOUR, N);
	static const uint8_t none[6];

	mac_of(f, told);
	if (memcmp(d->mac, none, 6) != 0)
		memcpy(f, d->mac, 6);
	addr6(f + ETHER + 8, GLOBAL, day_written(d, addr));
	addr6(f + ETHER + 24, GLOBAL, day_written(d, told));
	p[4] = 0x60; /* asked for, and in place of what was known */
	addr6(p + 8, GLOBAL, day_written(d, addr));
	p[24] = 2; /* its station */
	p[25] = 1;
	mac_of(p + 26, station);
	seal(f, N);
	day_frame(d, f, sizeof(f));
}
