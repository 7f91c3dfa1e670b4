/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_GEN_H
#define WR_TESTS_GEN_H

/*
 * Packets from a seed: every header that the parser knows, stacked as real ones are, then broken.
 *The same seed gives the same packets, so a failure can be had again from the number of the packet
 *alone.
 *
 *	struct gen g;
 *	gen_packet(&g, seed);	well-formed, g.n bytes at g.b
 *	gen_mutate(&g);		broken a little
 */

#include <stdint.h>
#include <string.h>

enum { GEN_MAX = 1514, GEN_LENGTHS = 64, GEN_NEST = 6 };

struct gen {
	uint64_t state;
	uint32_t n;		      /* bytes in b */
	uint32_t nest;		      /* how much more may be put into each other */
	uint32_t nlength;	      /* length fields in the packet, to be lied about */
	uint16_t length[GEN_LENGTHS]; /* where */
	uint8_t width[GEN_LENGTHS];   /* bytes */
	uint8_t b[GEN_MAX];
};

typedef void (*gen_fn)(struct gen *g);

/* xorshift64* (Vigna 2016) */
static uint32_t gen_u32(struct gen *g)
{
	g->state ^= g->state >> 12;
	g->state ^= g->state << 25;
	g->state ^= g->state >> 27;
	return (uint32_t)((g->state * 0x2545f4914f6cdd1dull) >> 32);
}

static uint32_t gen_below(struct gen *g, uint32_t n)
{
	return (uint32_t)(((uint64_t)gen_u32(g) * n) >> 32);
}

static int gen_one_in(struct gen *g, uint32_t n)
{
	return !gen_below(g, n);
}

/* What does not fit is left out: the packet is then cut, which is a case of its own. */
static void gen_8(struct gen *g, uint32_t v)
{
	if (g->n < GEN_MAX)
		g->b[g->n++] = (uint8_t)v;
}

static void gen_16(struct gen *g, uint32_t v)
{
	gen_8(g, v >> 8);
	gen_8(g, v);
}

static void gen_32(struct gen *g, uint32_t v)
{
	gen_16(g, v >> 16);
	gen_16(g, v);
}

static void gen_bytes(struct gen *g, const void *from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		gen_8(g, ((const uint8_t *)from)[i]);
}

static void gen_random(struct gen *g, uint32_t n)
{
	while (n--)
		gen_8(g, gen_u32(g));
}

static void gen_zero(struct gen *g, uint32_t n)
{
	while (n--)
		gen_8(g, 0);
}

static void gen_set_8(struct gen *g, uint32_t at, uint32_t v)
{
	if (at < g->n)
		g->b[at] = (uint8_t)v;
}

static void gen_set_16(struct gen *g, uint32_t at, uint32_t v)
{
	gen_set_8(g, at, v >> 8);
	gen_set_8(g, at + 1, v);
}

/* A length of `width` bytes stands at `at`. */
static void gen_length(struct gen *g, uint32_t at, uint32_t width)
{
	if (g->nlength >= GEN_LENGTHS)
		return;
	g->length[g->nlength] = (uint16_t)at;
	g->width[g->nlength++] = (uint8_t)width;
}

static void gen_payload(struct gen *g)
{
	static const uint16_t most[] = {1, 8, 30, 64, 200, 600, 1400};

	gen_random(g, gen_below(g, most[gen_below(g, 7)]));
}

static void gen_frame(struct gen *g);
static void gen_ip(struct gen *g);
static void gen_ip4(struct gen *g);
static void gen_ip6(struct gen *g);
static void gen_after_type(struct gen *g);

/* May another header go inside? */
static int gen_deeper(struct gen *g)
{
	if (!g->nest)
		return 0;
	g->nest--;
	return 1;
}

/* TCP options. Values of fixed length, then orders that real systems send. */

static const struct gen_opt {
	uint8_t kind, min, step, steps; /* length min + step * (0..steps) */
} gen_opts[] = {
	{2, 4, 0, 0},	 /* MSS */
	{3, 3, 0, 0},	 /* window scale */
	{4, 2, 0, 0},	 /* SACK permitted */
	{5, 10, 8, 3},	 /* SACK */
	{8, 10, 0, 0},	 /* timestamps */
	{19, 18, 0, 0},	 /* MD5 */
	{29, 4, 4, 4},	 /* AO */
	{30, 3, 1, 20},	 /* MPTCP */
	{34, 2, 2, 8},	 /* fast open */
	{253, 4, 1, 12}, /* experiments */
	{254, 4, 1, 12},
	{6, 6, 0, 0},
	{7, 6, 0, 0},
	{14, 3, 0, 0},
	{77, 2, 1, 30},
	/* wrong lengths of known kinds */
	{2, 3, 1, 3},
	{3, 2, 1, 3},
	{8, 8, 1, 4},
	{5, 2, 1, 12},
};

struct gen_order {
	uint8_t n;
	uint8_t b[40];
};

static const struct gen_order gen_orders[] = {
	/* Linux: mss, sackOK, ts, nop, ws */
	{20, {2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7}},
	/* Windows: mss, nop, ws, nop, nop, sackOK */
	{12, {2, 4, 5, 180, 1, 3, 3, 8, 1, 1, 4, 2}},
	/* macOS: mss, nop, ws, nop, nop, ts, sackOK, eol */
	{24, {2, 4, 5, 180, 1, 3, 3, 6, 1, 1, 8, 10, 9, 9, 9, 9, 0, 0, 0, 0, 4, 2, 0, 0}},
	/* FreeBSD: mss, nop, ws, sackOK, ts */
	{20, {2, 4, 5, 180, 1, 3, 3, 6, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0}},
	/* a running connection, and with one hole */
	{12, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}},
	{24, {1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 5, 10, 1, 1, 1, 1, 2, 2, 2, 2}},
	{4, {2, 4, 2, 24}},
};

static void gen_opt(struct gen *g)
{
	const struct gen_opt *o = &gen_opts[gen_below(g, sizeof(gen_opts) / sizeof(*gen_opts))];
	uint32_t len = o->min + o->step * gen_below(g, o->steps + 1u);

	gen_8(g, o->kind);
	gen_length(g, g->n, 1);
	gen_8(g, len);
	gen_random(g, len - 2);
}

static void gen_opts_random(struct gen *g, uint32_t from)
{
	uint32_t turns = 1 + gen_below(g, 6);

	while (turns-- && g->n < from + 40) {
		if (gen_one_in(g, 3))
			gen_8(g, gen_one_in(g, 12) ? 0 : 1);
		else
			gen_opt(g);
	}
	while ((g->n - from) % 4 && g->n < GEN_MAX)
		gen_8(g, gen_below(g, 2));
	if (g->n > from + 40)
		g->n = from + 40; /* the last option is cut */
}

static void gen_tcp_options(struct gen *g)
{
	const struct gen_order *o;

	if (gen_one_in(g, 2)) {
		gen_opts_random(g, g->n);
		return;
	}
	o = &gen_orders[gen_below(g, sizeof(gen_orders) / sizeof(*gen_orders))];
	gen_bytes(g, o->b, o->n);
}

static void gen_tcp(struct gen *g)
{
	uint32_t at = g->n;

	gen_16(g, 1024 + gen_below(g, 60000));
	gen_16(g, gen_one_in(g, 2) ? 443 : gen_u32(g));
	gen_random(g, 8);
	gen_16(g, 0x5000 | (gen_u32(g) & 0xfff));
	gen_random(g, 6);
	if (!gen_one_in(g, 4))
		gen_tcp_options(g);
	gen_set_8(g, at + 12, ((g->n - at) / 4) << 4 | gen_below(g, 2));
	gen_length(g, at + 12, 1);
	gen_payload(g);
}

/* What UDP can carry */

static void gen_vxlan(struct gen *g)
{
	gen_32(g, 0x08000000);
	gen_32(g, gen_u32(g) & ~0xffu);
	gen_frame(g);
}

static void gen_vxlan_gpe(struct gen *g)
{
	static const gen_fn inside[] = {gen_payload, gen_ip4, gen_ip6, gen_frame};
	uint32_t proto = gen_below(g, 4);

	gen_32(g, 0x0c000000 | proto);
	gen_32(g, gen_u32(g) & ~0xffu);
	inside[proto](g);
}

static void gen_geneve(struct gen *g)
{
	uint32_t words = gen_one_in(g, 2) ? 0 : gen_below(g, 12), what = gen_below(g, 3);
	static const uint16_t type[] = {0x6558, 0x0800, 0x86dd};
	static const gen_fn inside[] = {gen_frame, gen_ip4, gen_ip6};

	gen_length(g, g->n, 1);
	gen_8(g, words);
	gen_8(g, gen_u32(g) & 0xc0);
	gen_16(g, type[what]);
	gen_32(g, gen_u32(g) & ~0xffu);
	gen_random(g, words * 4);
	inside[what](g);
}

/* 3GPP TS 29.281: a chain of extension headers, as 5G has one */
static void gen_gtpu(struct gen *g)
{
	uint32_t ext = gen_below(g, 4), at = g->n, i;
	uint32_t kind = gen_one_in(g, 8) ? gen_u32(g) & 0xff : 255;

	gen_8(g, 0x30 | (ext ? 4 : gen_below(g, 4)));
	gen_8(g, kind);
	gen_16(g, 0);
	gen_32(g, gen_u32(g));
	if (g->b[at] & 7) {
		gen_16(g, 1);
		gen_8(g, 0);
		gen_8(g, ext ? 0x85 : 0);
	}
	for (i = 0; i < ext; i++) {
		gen_length(g, g->n, 1);
		gen_8(g, 1);
		gen_16(g, gen_u32(g));
		gen_8(g, i + 1 < ext ? 0x85 : 0);
	}
	if (gen_one_in(g, 8))
		gen_payload(g);
	else
		gen_ip(g);
	gen_set_16(g, at + 2, g->n - at - 8);
	gen_length(g, at + 2, 2);
}

static void gen_teredo(struct gen *g)
{
	if (gen_one_in(g, 3)) { /* authentication */
		uint32_t id = gen_below(g, 6), auth = gen_below(g, 6);

		gen_16(g, 1);
		gen_length(g, g->n, 1);
		gen_8(g, id);
		gen_8(g, auth);
		gen_random(g, id + auth + 9);
	}
	if (gen_one_in(g, 3)) { /* origin */
		gen_16(g, 0);
		gen_random(g, 6);
	}
	gen_ip6(g);
}

static const struct gen_port {
	uint16_t port;
	gen_fn inside;
} gen_ports[] = {
	{53, gen_payload},     {443, gen_payload}, {4789, gen_vxlan}, {8472, gen_vxlan},
	{4790, gen_vxlan_gpe}, {6081, gen_geneve}, {2152, gen_gtpu},  {3544, gen_teredo},
};

static void gen_udp(struct gen *g)
{
	const struct gen_port *p = &gen_ports[0];
	uint32_t at = g->n;

	if (gen_one_in(g, 2) && gen_deeper(g))
		p = &gen_ports[gen_below(g, sizeof(gen_ports) / sizeof(*gen_ports))];
	if (gen_one_in(g, 8)) {
		gen_16(g, p->port);
		gen_16(g, gen_u32(g));
	} else {
		gen_16(g, gen_u32(g));
		gen_16(g, p->port);
	}
	gen_32(g, 0);
	p->inside(g);
	gen_set_16(g, at + 4, g->n - at);
	gen_length(g, at + 4, 2);
}

static void gen_udplite(struct gen *g)
{
	gen_random(g, 8);
	gen_payload(g);
}

static void gen_sctp(struct gen *g)
{
	gen_random(g, 12);
	gen_payload(g);
}

static void gen_icmp(struct gen *g)
{
	gen_8(g, gen_below(g, 20));
	gen_8(g, gen_below(g, 16));
	gen_random(g, 6);
	if (gen_one_in(g, 3) && gen_deeper(g))
		gen_ip(g); /* what the error is about */
	else
		gen_payload(g);
}

static void gen_icmp6(struct gen *g)
{
	gen_8(g, 128 + gen_below(g, 10));
	gen_8(g, 0);
	gen_random(g, 6);
	gen_payload(g);
}

/* GRE with what follows it: the type, what is inside, flags that it needs. */

static void gen_erspan(struct gen *g)
{
	gen_16(g, 0x1000 | gen_below(g, 4096));
	gen_random(g, 6);
	gen_frame(g);
}

static void gen_ppp(struct gen *g)
{
	static const uint16_t proto[] = {0x0021, 0x0057, 0x0281, 0xc021};
	static const gen_fn inside[] = {gen_ip4, gen_ip6, gen_payload, gen_payload};
	uint32_t what = gen_below(g, 4);

	if (gen_one_in(g, 3))
		gen_16(g, 0xff03);
	if (!(proto[what] >> 8) && gen_one_in(g, 2)) /* compressed: one byte */
		gen_8(g, proto[what]);
	else
		gen_16(g, proto[what]);
	inside[what](g);
}

static const struct gen_gre {
	uint16_t type, flags;
	gen_fn inside;
} gen_gres[] = {
	{0x0800, 0, gen_ip4},	      {0x86dd, 0, gen_ip6},	 {0x6558, 0, gen_frame},
	{0x6558, 0x2000, gen_frame},  {0x88be, 0, gen_frame},	 {0x88be, 0x1000, gen_erspan},
	{0x22eb, 0x1000, gen_erspan}, {0x880b, 0x3081, gen_ppp}, {0x880b, 0x2001, gen_ppp},
	{0x8847, 0, gen_payload},     {0x8909, 0, gen_payload},	 {0x0800, 0x4000, gen_ip4},
};

static void gen_gre(struct gen *g)
{
	const struct gen_gre *k = &gen_gres[gen_below(g, sizeof(gen_gres) / sizeof(*gen_gres))];
	uint32_t flags = k->flags;

	if (!(flags & 7) && k->inside != gen_erspan)
		flags |= gen_u32(g) & (k->type == 0x88be ? 0xa000 : 0xb000);
	gen_16(g, flags);
	gen_16(g, k->type);
	gen_random(g, (flags & 0x8000 ? 4 : 0) + (flags & 0x2000 ? 4 : 0) +
			      (flags & 0x1000 ? 4 : 0) + (flags & 0x80 ? 4 : 0));
	k->inside(g);
}

/* IP: protocol numbers with what writes them; how often in the first column */

static const struct gen_proto {
	uint8_t often, proto;
	gen_fn inside;
	uint8_t nests;
} gen_protos[] = {
	{30, 6, gen_tcp, 0},	  {22, 17, gen_udp, 0},	   {5, 1, gen_icmp, 0},
	{4, 58, gen_icmp6, 0},	  {3, 132, gen_sctp, 0},   {2, 33, gen_sctp, 0},
	{2, 136, gen_udplite, 0}, {8, 47, gen_gre, 1},	   {4, 4, gen_ip4, 1},
	{4, 41, gen_ip6, 1},	  {2, 50, gen_payload, 0}, {1, 2, gen_payload, 0},
	{1, 137, gen_payload, 0}, {1, 89, gen_payload, 0},
};

static const struct gen_proto *gen_pick_proto(struct gen *g)
{
	const struct gen_proto *p = gen_protos;
	uint32_t sum = 0, i, dart;

	for (i = 0; i < sizeof(gen_protos) / sizeof(*gen_protos); i++)
		sum += gen_protos[i].often;
	for (dart = gen_below(g, sum); dart >= p->often; p++)
		dart -= p->often;
	if (p->nests && !gen_deeper(g))
		return &gen_protos[0];
	return p;
}

static void gen_ip4_options(struct gen *g)
{
	static const uint8_t kinds[] = {7, 68, 131, 137, 130, 148, 25, 222};
	uint32_t from = g->n;

	while (g->n < from + 40 && !gen_one_in(g, 3)) {
		uint32_t len = 3 + gen_below(g, 10);

		if (gen_one_in(g, 4)) {
			gen_8(g, 1);
			continue;
		}
		gen_8(g, kinds[gen_below(g, sizeof(kinds))]);
		gen_length(g, g->n, 1);
		gen_8(g, len);
		gen_random(g, len - 2);
	}
	while ((g->n - from) % 4 && g->n < GEN_MAX)
		gen_8(g, 0);
	if (g->n > from + 40)
		g->n = from + 40;
}

/* Authentication header (RFC 4302) */
static void gen_ah(struct gen *g, uint32_t next)
{
	uint32_t words = 1 + gen_below(g, 6);

	gen_8(g, next);
	gen_length(g, g->n, 1);
	gen_8(g, words);
	gen_random(g, 2 + words * 4 + 4);
}

static void gen_ip4(struct gen *g)
{
	const struct gen_proto *p = gen_pick_proto(g);
	uint32_t at = g->n, frag = gen_one_in(g, 12), ah = gen_one_in(g, 24);

	gen_8(g, 0x45);
	gen_8(g, gen_u32(g));
	gen_32(g, gen_u32(g));
	if (frag)
		gen_16(g, (gen_u32(g) & 0x2000) | (gen_one_in(g, 2) ? gen_u32(g) & 0x1fff : 0));
	else
		gen_16(g, gen_u32(g) & 0x4000);
	gen_8(g, gen_u32(g));
	gen_8(g, ah ? 51 : p->proto);
	gen_random(g, 10);
	if (gen_one_in(g, 8))
		gen_ip4_options(g);
	gen_set_8(g, at, 0x40 | (g->n - at) / 4);
	gen_length(g, at, 1);
	if (ah)
		gen_ah(g, p->proto);
	p->inside(g);
	gen_set_16(g, at + 2, g->n - at);
	gen_length(g, at + 2, 2);
}

/* One extension header; next stands behind it. */
static void gen_ext(struct gen *g, uint32_t kind, uint32_t next)
{
	uint32_t units = gen_one_in(g, 3) ? gen_below(g, 4) : 0;

	if (kind == 51) {
		gen_ah(g, next);
		return;
	}
	gen_8(g, next);
	if (kind == 44) {
		gen_8(g, 0);
		gen_16(g, gen_one_in(g, 2) ? gen_u32(g) & 1 : gen_u32(g));
		gen_random(g, 4);
		return;
	}
	gen_length(g, g->n, 1);
	gen_8(g, units);
	gen_random(g, 6 + units * 8);
}

static void gen_ip6(struct gen *g)
{
	static const uint8_t kinds[] = {0, 60, 43, 44, 51, 135, 139, 140, 60, 0};
	const struct gen_proto *p = gen_pick_proto(g);
	uint32_t at = g->n, many = 0, i;
	uint8_t chain[48];

	if (gen_one_in(g, 4))
		many = 1 + gen_below(g, gen_one_in(g, 12) ? 45 : 4);
	for (i = 0; i < many; i++)
		chain[i] = kinds[gen_below(g, sizeof(kinds))];
	chain[many] = gen_one_in(g, 40) ? 59 : p->proto;
	gen_32(g, 0x60000000 | (gen_u32(g) & 0xfffffff));
	gen_16(g, 0);
	gen_8(g, chain[0]);
	gen_8(g, gen_u32(g));
	gen_random(g, 32);
	for (i = 0; i < many; i++)
		gen_ext(g, chain[i], chain[i + 1]);
	p->inside(g);
	gen_set_16(g, at + 4, gen_one_in(g, 50) ? 0 : g->n - at - 40);
	gen_length(g, at + 4, 2);
}

static void gen_ip(struct gen *g)
{
	if (gen_one_in(g, 2))
		gen_ip4(g);
	else
		gen_ip6(g);
}

/* What an EtherType can name */

static void gen_arp(struct gen *g)
{
	int odd = gen_one_in(g, 6);

	gen_32(g, 0x00010800);
	gen_8(g, odd ? gen_u32(g) : 6);
	gen_8(g, 4);
	gen_16(g, 1 + gen_below(g, 4));
	gen_random(g, 20);
	gen_zero(g, gen_one_in(g, 2) ? 18 : 0);
}

static void gen_vlan(struct gen *g)
{
	gen_16(g, gen_u32(g));
	gen_after_type(g);
}

static void gen_mpls(struct gen *g)
{
	uint32_t labels = 1 + gen_below(g, gen_one_in(g, 8) ? 6 : 3);

	while (labels--)
		gen_32(g, (gen_u32(g) & ~0x100u) | (labels ? 0 : 0x100));
	if (gen_one_in(g, 4))
		gen_payload(g);
	else
		gen_ip(g);
}

static void gen_pppoe(struct gen *g)
{
	uint32_t at = g->n;

	gen_16(g, 0x1100);
	gen_32(g, gen_u32(g));
	gen_ppp(g);
	gen_set_16(g, at + 4, g->n - at - 6);
	gen_length(g, at + 4, 2);
}

/* Tags that are a fixed number of bytes with a type at the end */
static void gen_ctag(struct gen *g)
{
	gen_random(g, 6);
	gen_after_type(g);
}

static void gen_vntag(struct gen *g)
{
	gen_random(g, 4);
	gen_after_type(g);
}

static void gen_pbb(struct gen *g)
{
	gen_random(g, 4);
	gen_frame(g);
}

static const struct gen_type {
	uint8_t often;
	uint16_t type;
	gen_fn inside;
	uint8_t nests;
} gen_types[] = {
	{40, 0x0800, gen_ip4, 0},    {30, 0x86dd, gen_ip6, 0},	{6, 0x8100, gen_vlan, 1},
	{3, 0x88a8, gen_vlan, 1},    {1, 0x9100, gen_vlan, 1},	{1, 0x9200, gen_vlan, 1},
	{1, 0x9300, gen_vlan, 1},    {3, 0x0806, gen_arp, 0},	{4, 0x8847, gen_mpls, 0},
	{1, 0x8848, gen_mpls, 0},    {4, 0x8864, gen_pppoe, 0}, {1, 0x88e7, gen_pbb, 1},
	{1, 0x893f, gen_ctag, 1},    {1, 0x8909, gen_ctag, 1},	{1, 0x8926, gen_vntag, 1},
	{1, 0x88cc, gen_payload, 0},
};

/* LLC, or SNAP with an EtherType, behind an 802.3 length */
static void gen_llc(struct gen *g)
{
	uint32_t at = g->n, what = gen_below(g, 4);

	gen_16(g, 0);
	if (what == 0) {
		gen_bytes(g, "\x42\x42\x03", 3);
		gen_payload(g);
	} else if (what == 1) {
		gen_bytes(g, "\x06\x06\x03", 3);
		gen_ip4(g);
	} else {
		gen_bytes(g, "\xaa\xaa\x03", 3);
		gen_bytes(g, what == 2 ? "\0\0\0" : "\0\0\x0c", 3);
		gen_after_type(g);
	}
	gen_set_16(g, at, g->n - at - 2);
	gen_length(g, at, 2);
}

/* A type and what it names; sometimes a length and LLC. */
static void gen_after_type(struct gen *g)
{
	const struct gen_type *t = gen_types;
	uint32_t sum = 0, i, dart;

	if (gen_one_in(g, 20) && gen_deeper(g)) {
		gen_llc(g);
		return;
	}
	for (i = 0; i < sizeof(gen_types) / sizeof(*gen_types); i++)
		sum += gen_types[i].often;
	for (dart = gen_below(g, sum); dart >= t->often; t++)
		dart -= t->often;
	if (t->nests && !gen_deeper(g))
		t = &gen_types[0];
	gen_16(g, t->type);
	t->inside(g);
}

static void gen_frame(struct gen *g)
{
	gen_random(g, 12);
	gen_after_type(g);
}

__attribute__((unused)) static void gen_packet(struct gen *g, uint64_t seed)
{
	g->state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	g->n = 0;
	g->nlength = 0;
	gen_u32(g);
	g->nest = gen_below(g, GEN_NEST);
	gen_frame(g);
	if (g->n < 60 && gen_one_in(g, 2))
		gen_zero(g, 60 - g->n); /* padding, as the wire has it */
}

/* Ways to break a packet. What is not about headers would change nothing: most happens in the first
 * 200 bytes. */

static uint32_t gen_place(struct gen *g)
{
	return gen_below(g, g->n < 200 ? g->n : 200);
}

static void gen_flip(struct gen *g)
{
	g->b[gen_place(g)] ^= (uint8_t)(1u << gen_below(g, 8));
}

static void gen_change(struct gen *g)
{
	static const uint8_t values[] = {0,  1,	 2,  4,	 5,   6,   8,	17,
					 40, 47, 51, 60, 127, 128, 254, 255};

	g->b[gen_place(g)] = gen_one_in(g, 2) ? (uint8_t)gen_u32(g) : values[gen_below(g, 16)];
}

static void gen_cut(struct gen *g)
{
	g->n = 1 + gen_below(g, gen_one_in(g, 2) || g->n < 120 ? g->n : 120);
}

static void gen_grow(struct gen *g)
{
	gen_random(g, 1 + gen_below(g, 80));
}

static void gen_lie(struct gen *g)
{
	uint32_t i, at, old, lie;

	if (!g->nlength)
		return;
	i = gen_below(g, g->nlength);
	at = g->length[i];
	if (at + g->width[i] > g->n)
		return;
	old = g->width[i] == 1 ? g->b[at] : (uint32_t)g->b[at] << 8 | g->b[at + 1];
	lie = (const uint32_t[]){0,	  1,	    7,	     old - 1, old + 1,
				 old - 8, old + 16, old / 2, 65535,   gen_u32(g)}[gen_below(g, 10)];
	if (g->width[i] == 1)
		gen_set_8(g, at, lie);
	else
		gen_set_16(g, at, lie);
}

static void gen_swap(struct gen *g)
{
	uint32_t a = gen_place(g), b = gen_place(g), n = 1 + gen_below(g, 16), i;

	for (i = 0; i < n && a + i < g->n && b + i < g->n; i++) {
		uint8_t t = g->b[a + i];

		g->b[a + i] = g->b[b + i];
		g->b[b + i] = t;
	}
}

/* A piece is missing, or there twice. */
static void gen_lose(struct gen *g)
{
	uint32_t at = gen_place(g), n = 1 + gen_below(g, 12);

	if (at + n >= g->n)
		return;
	memmove(g->b + at, g->b + at + n, g->n - at - n);
	g->n -= n;
}

static void gen_double(struct gen *g)
{
	uint32_t at = gen_place(g), n = 1 + gen_below(g, 24);

	if (at + n > g->n || g->n + n > GEN_MAX)
		return;
	memmove(g->b + at + n, g->b + at, g->n - at);
	g->n += n;
}

__attribute__((unused)) static void gen_mutate(struct gen *g)
{
	static const gen_fn ways[] = {gen_flip, gen_flip, gen_change, gen_change,
				      gen_cut,	gen_grow, gen_lie,    gen_lie,
				      gen_lie,	gen_swap, gen_lose,   gen_double};
	uint32_t turns = 1 + gen_below(g, 3);

	while (turns--)
		ways[gen_below(g, sizeof(ways) / sizeof(*ways))](g);
}

#endif
