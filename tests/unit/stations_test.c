/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which station has an address: two that both claim it are told, by ARP and by neighbour discovery;
 * one that moves is not, nor what no host takes for a claim.
 */
#include "detect/claim.h"
#include "detect/impl.h"
#include "tests/unit/detect_evidence.h"

enum {
	ADVERT = 136,
	SOLICIT = 135,
	OWNER = 0x11, /* stations: the last byte */
	OTHER = 0x22,
	HOST = 5, /* who is told */
	ADDR = 0x64,
	NET = 0x0a000000, /* 10.0.0.0, fe80:: */
	ALL = 0xff,	  /* an address: all nodes */
	NOTHING = 0,
	OVERRIDE = 0x20,
	SOLICITED = 0x40,
	ND_N = 54 + 32, /* bytes of an advertisement with an option */
};

static struct host host; /* large */

/* A claim of ADDR. */
struct said {
	uint8_t station;
	uint8_t to;   /* the station; ALL: to everybody */
	bool request; /* of ARP, or a solicitation */
	uint8_t sender, target;
	uint8_t flags; /* of an advertisement */
};

static void put_mac(struct host *h, uint8_t last)
{
	if (last == ALL) {
		host_fill(h, 6, 0xff);
		return;
	}
	host_put(h, "\2\0\0\0\0", 5);
	host_fill(h, 1, last);
}

static void put_addr6(struct host *h, uint8_t last)
{
	static const uint8_t first[][2] = {{0xfe, 0x80}, {0xff, 0x02}, {0, 0}};
	int which = last == ALL ? 1 : last == NOTHING ? 2 : 0;

	host_put(h, first[which], 2);
	host_fill(h, 13, 0);
	host_fill(h, 1, last == ALL ? 1 : last);
}

static void arp_frame(struct host *h, const struct said *c)
{
	h->used = 0;
	put_mac(h, c->to);
	put_mac(h, c->station);
	host_put16(h, WR_ET_ARP);
	host_put32(h, 0x00010800);
	host_put16(h, 0x0604);
	host_put16(h, c->request ? 1 : 2);
	put_mac(h, c->station);
	host_put32(h, c->sender ? NET + c->sender : 0);
	host_fill(h, 6, 0);
	host_put32(h, NET + c->target);
	host_fill(h, 18, 0);
}

/* sender: whose address it is; target: whom it goes to, or who is asked for */
static void nd_frame(struct host *h, const struct said *c)
{
	h->used = 0;
	put_mac(h, c->to);
	put_mac(h, c->station);
	host_put16(h, WR_ET_IP6);
	host_put32(h, 0x60000000);
	host_put16(h, 32);
	host_fill(h, 1, WR_IP_ICMP6);
	host_fill(h, 1, 255);
	put_addr6(h, c->sender);
	put_addr6(h, c->to == ALL ? ALL : c->request ? c->target : HOST);
	host_put16(h, (c->request ? SOLICIT : ADVERT) << 8);
	host_put16(h, 0);
	host_put32(h, (uint32_t)c->flags << 24);
	put_addr6(h, c->request ? c->target : c->sender);
	host_put16(h, c->request ? 0x0101 : 0x0201);
	put_mac(h, c->station);
}

static void say(const struct said *c, uint32_t times, double every_s)
{
	const struct seen s = {0};

	while (times--) {
		if (host.v == 4)
			arp_frame(&host, c);
		else
			nd_frame(&host, c);
		host_send(&host, &s);
		host.ns += (uint64_t)(every_s * SECOND);
	}
}

static struct said answers(uint8_t station)
{
	return (struct said){station, HOST, false, ADDR, HOST, OVERRIDE | SOLICITED};
}

static struct said asks(uint8_t station)
{
	return (struct said){station, ALL, true, ADDR, HOST, 0};
}

static struct said announces(uint8_t station)
{
	return (struct said){station, ALL, host.v == 4, ADDR, ADDR, OVERRIDE};
}

static void begin(int v)
{
	struct said owner;

	host_open(&host, v);
	owner = answers(OWNER);
	say(&owner, 10, 10);
}

static void quiet(const char *what)
{
	wr_detect_tick(host.d, host.ns + SECOND);
	is_int(host.n_told, 0, "IPv%d: %s is nothing", host.v, what);
	host_close(&host);
}

static bool has_end(const uint8_t addr[16], int v, uint8_t last)
{
	return v == 4 ? addr[0] == 10 && addr[3] == last : addr[0] == 0xfe && addr[15] == last;
}

/* At that address. */
static void told(const char *what, uint8_t victim)
{
	const struct told *t;

	wr_detect_tick(host.d, host.ns + SECOND);
	t = host_told(&host, WR_CLASS_ARP_SPOOF);
	ok(t && t->f.severity == WR_SEVERITY_HIGH && t->f.victim.ip_v == host.v &&
		   has_end(t->f.victim.addr, host.v, victim) && t->f.n_sources == 1 &&
		   has_end(t->f.source[0].addr, host.v, ADDR) &&
		   value_of(t, WR_FEATURE_STATIONS) == 2 && t->f.start_ns <= t->f.raised_ns,
	   "IPv%d: %s is told", host.v, what);
	is_int(host.n_told, 1, "IPv%d: %s: once", host.v, what);
	host_close(&host);
}

/* As often as who is deceived forgets it. */
static void test_goes_on(int v)
{
	struct said other;

	begin(v);
	other = answers(OTHER);
	say(&other, 80, 45);
	told("what is said again and again for an hour", HOST);
}

static void test_spoofed(int v)
{
	struct said owner, other;

	begin(v);
	other = answers(OTHER);
	say(&other, 1, 0);
	told("what another station says to one host", HOST);

	begin(v);
	other = asks(OTHER);
	say(&other, 1, 0);
	told("another station that asks under the address", HOST);

	begin(v);
	other = announces(OTHER);
	owner = answers(OWNER);
	say(&other, 3, 1);
	say(&owner, 1, 0);
	told("an announcement after which the one before still answers", ADDR);

	begin(v);
	other = announces(OTHER);
	owner = asks(OWNER);
	say(&other, 3, 1);
	say(&owner, 1, 0);
	told("an announcement after which the one before still asks", ADDR);

	begin(v);
	other = announces(OTHER);
	owner = announces(OWNER);
	for (int i = 0; i < 2; i++) {
		say(&other, 1, 1);
		say(&owner, 1, 1);
	}
	told("an address that goes back and forth", ADDR);

	begin(v);
	other = announces(OTHER);
	owner = answers(OWNER);
	say(&other, 3, 1);
	say(&owner, 5, 1);
	say(&other, 20, 2); /* it goes on and on: it gets the address no more */
	say(&owner, 1, 1);
	told("who announces again", ADDR);
}

/* As keepalived, Pacemaker and MetalLB do it. */
static void test_moves(int v)
{
	struct said owner, other, before;

	begin(v);
	other = announces(OTHER);
	say(&other, 5, 0.001);
	other = answers(OTHER);
	say(&other, 20, 10);
	owner = announces(OWNER);
	say(&owner, 5, 0.001);
	owner = answers(OWNER);
	say(&owner, 20, 10);
	quiet("a server that takes over, and the one before that comes back");

	begin(v);
	other = announces(OTHER);
	before = answers(OWNER);
	say(&other, 1, 0.5);
	say(&before, 2, 0.5);
	other = answers(OTHER);
	say(&other, 20, 10);
	quiet("one that gives an address up and answers a last time");

	begin(v);
	host.ns += 700 * SECOND;
	other = answers(OTHER);
	say(&other, 10, 10);
	quiet("a new station after ten minutes");
}

/* What is behind the routers comes by ROUTER; then who announces the address of one takes over. */
static void test_gateway_moves(void)
{
	const struct said takes = {OTHER, ALL, true, 1, 1, 0};

	for (int spoofed = 0; spoofed < 2; spoofed++) {
		struct said c = takes;

		host_open(&host, 4);
		for (uint32_t i = 0; i < 50; i++) {
			host_udp(&host, 0x08080808, 53, 0x0a00000a, 4000, 40);
			host.ns += MS;
		}
		if (spoofed)
			c.to = HOST;
		say(&c, 1, 1);
		is_int(host.n_told, spoofed, "a gateway that was known by what comes from far: %s",
		       spoofed ? "another is told" : "it may move");
		host_close(&host);
	}
}

/* Routers that share an address answer for it under a station that no packet comes from. */
static void test_shared_gateway(void)
{
	static const uint8_t mac[][6] = {{0, 0, 0x5e, 0, 1, 7},	   {0, 0, 0x5e, 0, 2, 7},
					 {0, 0, 0x0c, 7, 0xac, 7}, {0, 0, 0x0c, 0x9f, 0xf0, 7},
					 {0, 7, 0xb4, 0, 1, 1},	   {0, 0, 0x5e, 0, 3, 7}};
	const struct said answer = {OTHER, HOST, false, 1, HOST, 0};

	for (uint32_t i = 0; i < 6; i++) {
		host_open(&host, 4);
		for (uint32_t k = 0; k < 50; k++) {
			host_udp(&host, 0x08080808, 53, 0x0a00000a, 4000, 40);
			host.ns += MS;
		}
		arp_frame(&host, &answer);
		memcpy(host.frame + 6, mac[i], 6);
		memcpy(host.frame + 22, mac[i], 6);
		host_send(&host, &(struct seen){0});
		is_int(host.n_told, i == 5, "a gateway's address of %s: %u",
		       i == 5 ? "any other station is told" : "a group of routers is nothing", i);
		host_close(&host);
	}
}

/* ---- what is no claim ---- */

static void test_no_claim(void)
{
	struct said c;

	begin(4);
	c = (struct said){OTHER, ALL, true, NOTHING, ADDR, 0};
	say(&c, 10, 1);
	quiet("a probe (RFC 5227)");
	begin(6);
	c = (struct said){OTHER, ALL, true, NOTHING, ADDR, 0};
	say(&c, 10, 1);
	quiet("a probe (RFC 4862)");
	begin(6);
	c = answers(OTHER);
	c.flags = SOLICITED;
	say(&c, 10, 1);
	quiet("who gives way (anycast, proxies)");

	host_open(&host, 6);
	c = answers(OTHER);
	c.flags = SOLICITED;
	say(&c, 10, 1);
	c = answers(OWNER);
	say(&c, 10, 1);
	quiet("the owner after a proxy");
}

/* Of two networks, each has its fe80::1. */
static void test_links(void)
{
	struct said c;

	begin(6);
	c = answers(OTHER);
	nd_frame(&host, &c);
	memmove(host.frame + 16, host.frame + 12, host.used - 12);
	memcpy(host.frame + 12, "\x81\0\0\7", 4);
	host.used += 4;
	host_send(&host, &(struct seen){0});
	quiet("the same address in another VLAN");
}

static bool reads(const uint8_t *frame, uint32_t n, uint32_t len, struct wr_claim *out)
{
	struct wr_parse parse = {.max_depth = 1};
	struct wr_packet pkt = {.data = malloc(n ? n : 1), .caplen = n, .len = len};
	uint8_t *copy = (uint8_t *)pkt.data; /* as long as it is: nothing behind it is read */
	bool is;

	memcpy(copy, frame, n);
	wr_parse(&parse, copy, n, len, WR_LINK_ETHER);
	is = wr_claim_read(out, &pkt, &parse.rec);
	free(copy);
	return is;
}

/* A changed byte: no host takes it, or it claims nothing. */
static void test_broken(void)
{
	static const struct {
		uint32_t at;
		uint8_t value;
		const char *what;
	} c[] = {
		{21, 64, "of another network"},
		{55, 1, "with a code"},
		{58, SOLICITED, "that gives way"},
		{62, 0xff, "of a group"},
		{78, 1, "with the other's option"},
		{79, 0, "with an option of no length"},
		{79, 2, "with an option beyond its end"},
		{79, 255, "with an option far beyond its end"},
		{80, 3, "with a group's address"},
		{19, 23, "that is too short for its target"},
		{19, 24, "without an option"},
		{19, 31, "with half an option"},
	};
	struct said s = answers(OWNER);
	struct wr_claim claim;
	uint32_t taken = 0;

	host_open(&host, 6);
	nd_frame(&host, &s);
	is_int(host.used, ND_N, "an advertisement is made");
	ok(reads(host.frame, ND_N, ND_N, &claim) && claim.addr[15] == ADDR &&
		   claim.to[15] == HOST && claim.station[5] == OWNER && !claim.announces,
	   "and claims its target");
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		uint8_t was = host.frame[c[i].at];

		host.frame[c[i].at] = c[i].value;
		ok(!reads(host.frame, ND_N, ND_N, &claim), "one %s claims nothing", c[i].what);
		host.frame[c[i].at] = was;
	}
	for (uint32_t n = 0; n < ND_N; n++)
		taken += reads(host.frame, n, ND_N, &claim);
	is_int(taken, 0, "nor does one that is cut off, wherever");
	host_close(&host);
}

/* Options before the station's, and headers before the advertisement. */
static void test_behind(void)
{
	struct said s = answers(OWNER);
	struct wr_claim claim;
	uint8_t nonce[8] = {14, 1}, ext[16] = {WR_IP_ICMP6, 1};
	uint32_t n = ND_N;

	host_open(&host, 6);
	nd_frame(&host, &s);
	memmove(host.frame + 78 + 8, host.frame + 78, 8);
	memcpy(host.frame + 78, nonce, 8);
	n += 8;
	host.frame[19] = 40;
	ok(reads(host.frame, n, n, &claim) && claim.station[5] == OWNER, "behind another option");
	memcpy(host.frame + n, nonce, 8);
	host.frame[19] = 48;
	ok(reads(host.frame, n + 8, n + 8, &claim), "before another one, too");
	host.frame[n + 1] = 2;
	ok(!reads(host.frame, n + 8, n + 8, &claim), "but not before one beyond the end");
	memmove(host.frame + 54 + 16, host.frame + 54, n - 54);
	memcpy(host.frame + 54, ext, 16);
	n += 16;
	host.frame[19] = 56;
	host.frame[20] = 60; /* destination options */
	ok(reads(host.frame, n, n, &claim) && claim.station[5] == OWNER && claim.addr[15] == ADDR,
	   "and behind an extension header");
	host.frame[55] = 200;
	ok(!reads(host.frame, n, n, &claim), "one that is longer than the packet hides nothing");
	host_close(&host);
}

/* Whatever the bytes are, reading ends where they do. */
static void test_any_bytes(void)
{
	struct said s = answers(OWNER);
	uint64_t chance = 11;
	struct wr_claim claim;
	uint32_t taken = 0;

	host_open(&host, 6);
	for (int i = 0; i < 20000; i++) {
		uint32_t n;

		nd_frame(&host, &s);
		while (host.used < ND_N + 40)
			host_fill(&host, 1, (uint8_t)host_random(&chance) % 8);
		host.frame[19] = 24 + host_random(&chance) % 64;
		for (int k = 0; k < 3; k++)
			host.frame[14 + host_random(&chance) % 112] = (uint8_t)host_random(&chance);
		n = i % 2 ? host.used : host_random(&chance) % (host.used + 1);
		taken += reads(host.frame, n, host.used, &claim);
	}
	ok(taken && taken < 20000, "made-up bytes are read to their end: %u claims of 20000",
	   taken);
	host_close(&host);
}

int main(void)
{
	test_spoofed(4);
	test_spoofed(6);
	test_goes_on(4);
	test_goes_on(6);
	test_moves(4);
	test_moves(6);
	test_gateway_moves();
	test_shared_gateway();
	test_no_claim();
	test_links();
	test_broken();
	test_behind();
	test_any_bytes();
	return done();
}
