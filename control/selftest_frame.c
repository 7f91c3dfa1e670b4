/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/selftest_frame.h"

#include <stddef.h>
#include <string.h>

enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58, GRE = 47, VXLAN = 4789 };

/* splitmix64: every number has its own, and neighbours have nothing in common. */
static uint64_t next(struct wr_frame *f)
{
	uint64_t z = f->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t below(struct wr_frame *f, uint32_t n)
{
	return (uint32_t)(next(f) % n);
}

static void put8(struct wr_frame *f, uint32_t v)
{
	if (f->n < WR_FRAME_MOST)
		f->at[f->n++] = (uint8_t)v;
}

static void put16(struct wr_frame *f, uint32_t v)
{
	put8(f, v >> 8);
	put8(f, v);
}

static void put32(struct wr_frame *f, uint32_t v)
{
	put16(f, v >> 16);
	put16(f, v);
}

static void fill(struct wr_frame *f, uint32_t n)
{
	while (n--)
		put8(f, below(f, 256));
}

/* A length that is known when all is there. */
static void set16(struct wr_frame *f, uint32_t at, uint32_t v)
{
	if (at + 1 >= WR_FRAME_MOST)
		return;
	f->at[at] = (uint8_t)(v >> 8);
	f->at[at + 1] = (uint8_t)v;
}

static uint32_t port(struct wr_frame *f)
{
	static const uint16_t some[] = {22, 53, 80, 123, 443, 1900, 8080, VXLAN, 40000};

	return below(f, 4) ? some[below(f, sizeof(some) / sizeof(some[0]))] : below(f, 65536);
}

static void tcp(struct wr_frame *f)
{
	uint32_t options = below(f, 2);

	put16(f, 1024 + below(f, 60000));
	put16(f, port(f));
	put32(f, (uint32_t)next(f));
	put32(f, (uint32_t)next(f));
	put16(f, (options ? 10u : 5u) << 12 | (below(f, 3) ? 0x10 : 0x02));
	put16(f, 64240);
	put32(f, 0);
	if (options) { /* MSS, SACK permitted, timestamps, no-operation, window scale */
		put32(f, 0x020405b4);
		put16(f, 0x0402);
		put16(f, 0x080a);
		put32(f, (uint32_t)next(f));
		put32(f, 0);
		put32(f, 0x01030307);
	}
	fill(f, below(f, 40));
}

static void inner(struct wr_frame *f, uint32_t depth);

static void udp(struct wr_frame *f, uint32_t depth)
{
	uint32_t start = f->n, to = depth < 2 && !below(f, 6) ? VXLAN : port(f);

	put16(f, 1024 + below(f, 60000));
	put16(f, to);
	put16(f, 0);
	put16(f, 0);
	if (to == VXLAN && depth < 2) {
		put32(f, 0x08000000);
		put32(f, below(f, 1 << 24) << 8);
		inner(f, depth + 1);
	} else {
		fill(f, below(f, 60));
	}
	set16(f, start + 4, f->n - start);
}

static void ip(struct wr_frame *f, uint32_t depth);

static void gre(struct wr_frame *f, uint32_t depth)
{
	put16(f, 0);
	put16(f, 0x0800);
	ip(f, depth + 1);
}

static void payload(struct wr_frame *f, uint32_t proto, uint32_t depth)
{
	if (proto == TCP)
		tcp(f);
	else if (proto == UDP)
		udp(f, depth);
	else if (proto == GRE && depth < 2)
		gre(f, depth);
	else
		fill(f, 8 + below(f, 40));
}

static uint32_t pick(struct wr_frame *f, uint32_t icmp)
{
	const uint32_t all[] = {TCP, TCP, TCP, UDP, UDP, UDP, icmp, GRE, 50, below(f, 256)};

	return all[below(f, sizeof(all) / sizeof(all[0]))];
}

/* 198.18.0.0/15 is for measurements (RFC 2544). */
static void ip(struct wr_frame *f, uint32_t depth)
{
	uint32_t start = f->n, options = below(f, 8) ? 0 : 1 + below(f, 3), proto = pick(f, ICMP);
	uint32_t frag = below(f, 8) ? 0 : below(f, 2) ? 0x2000 : 0x0010;

	put16(f, (0x45 + options) << 8 | below(f, 256));
	put16(f, 0);
	put16(f, below(f, 65536));
	put16(f, frag);
	put8(f, 1 + below(f, 255));
	put8(f, proto);
	put16(f, 0);
	put32(f, 0xc6120000 | below(f, 16) << 8 | below(f, 40));
	put32(f, 0x0a4d0000 | below(f, 4));
	for (uint32_t i = 0; i < options; i++)
		put32(f, 0x01010101);
	payload(f, proto, depth);
	set16(f, start + 2, f->n - start);
}

static void ip6(struct wr_frame *f, uint32_t depth)
{
	uint32_t start = f->n, proto = pick(f, ICMP6), ext = below(f, 4) ? 0 : 1 + below(f, 2);
	static const uint8_t kinds[] = {0, 60};

	put32(f, 0x60000000 | below(f, 1 << 20));
	put16(f, 0);
	put8(f, ext ? kinds[ext - 1] : proto);
	put8(f, 64);
	put32(f, 0x20010db8);
	put32(f, below(f, 4) << 16);
	put32(f, 0);
	put32(f, below(f, 40));
	put32(f, 0xfd770000);
	put32(f, 0);
	put32(f, 0);
	put32(f, 2);
	if (ext) { /* eight bytes, of which six are padding */
		put8(f, proto);
		put8(f, 0);
		put16(f, 0x0104);
		put32(f, 0);
	}
	payload(f, proto, depth);
	set16(f, start + 4, f->n - start - 40);
}

static void arp(struct wr_frame *f)
{
	put32(f, 0x00010800);
	put32(f, 0x06040001);
	fill(f, 20);
}

static void inner(struct wr_frame *f, uint32_t depth)
{
	uint32_t tags = below(f, 4) ? 0 : 1 + below(f, 2), kind = below(f, 12);

	put32(f, 0x02770000);
	put32(f, 0x00020277);
	put32(f, 0x00000001);
	for (uint32_t i = 0; i < tags; i++) {
		put16(f, i + 1 < tags ? 0x88a8 : 0x8100);
		put16(f, below(f, 4096));
	}
	put16(f, kind < 6 ? 0x0800 : kind < 10 ? 0x86dd : kind == 10 ? 0x0806 : below(f, 65536));
	if (kind < 6)
		ip(f, depth);
	else if (kind < 10)
		ip6(f, depth);
	else if (kind == 10)
		arp(f);
	else
		fill(f, 46);
}

void wr_frame_make(struct wr_frame *f, uint32_t number)
{
	uint32_t wrong, cut;

	f->n = 0;
	f->state = number;
	inner(f, 0);
	wrong = below(f, 3) ? 0 : 1 + below(f, 3);
	for (uint32_t i = 0; i < wrong; i++)
		f->at[below(f, f->n < 80 ? f->n : 80)] = (uint8_t)below(f, 256);
	cut = below(f, 6) ? f->n : WR_FRAME_LEAST + below(f, 60);
	if (cut < f->n)
		f->n = cut;
	while (f->n < WR_FRAME_LEAST)
		put8(f, 0);
}
