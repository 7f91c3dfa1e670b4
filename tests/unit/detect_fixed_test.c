/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers that people have set in place of what is usual, and classes that they do not want to be
 * told of: what is found then, of whom, and what is not.
 */
#include "tests/unit/detect_usual.h"

static uint64_t random_state;
static struct host host; /* large */

/* ---- what comes: `each` in ten milliseconds ---- */

static uint32_t each, to = WEB;
static uint16_t at_port = 443;

static void syns(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < each; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn * 20 + i), to, at_port,
			 SYN, 0);
}

static void udp(struct host *h, uint32_t turn)
{
	(void)turn;
	h->unasked = true;
	for (uint32_t i = 0; i < each; i++)
		host_udp(h, ATTACKER, 4444, to, at_port, 512);
	h->unasked = false;
}

static void amplified(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (uint32_t i = 0; i < each; i++)
		host_udp(h, 0xb0000000u + (turn * each + i) % 300 * 1000, 53, to,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), 1200);
	h->unasked = false;
}

/* Connections of a few, each with more than a client makes. */
static void sessions(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < each; i++)
		host_session(h, ATTACKER + i % 4 * 256, (uint16_t)(1024 + turn * each + i), to,
			     at_port, 100, 1000);
}

/* Some are held, and say a line every three seconds: so many as each is. */
static void held(struct host *h, uint32_t turn)
{
	if (turn < each)
		host_opens(h, ATTACKER, (uint16_t)(5000 + turn), to, at_port);
	if (turn % 300 < each)
		host_says(h, ATTACKER, (uint16_t)(5000 + turn % 300), to, at_port, 11);
}

static void carpet(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (uint32_t i = 0; i < each; i++)
		host_udp(h, 0xb0000000u + host_random(&random_state) % 300 * 1000, 500,
			 (WEB & ~0xffu) + (turn * each + i) * 37 % 60, 500, 300);
	h->unasked = false;
}

/* ---- the table ---- */

static struct wr_detect_tune set(enum wr_finding_class klass, uint32_t addr, uint8_t prefix,
				 uint16_t port, uint32_t at)
{
	struct wr_detect_tune tune = {.n_fixed = 1};
	struct wr_detect_fixed *x = tune.fixed;

	*x = (struct wr_detect_fixed){.first = (uint8_t)klass,
				      .last = (uint8_t)klass,
				      .ip_v = addr ? 4 : 0,
				      .prefix = prefix,
				      .port = port,
				      .at = at};
	addr = htonl(addr);
	memcpy(x->addr, &addr, 4);
	return tune;
}

static const struct one {
	const char *what;
	enum wr_finding_class klass;
	turn_fn turn;
	uint32_t each;
	uint32_t to;
	uint16_t port;
	uint32_t at; /* the number; 0: none */
	uint32_t at_addr;
	uint8_t at_prefix;
	uint16_t for_port;
	bool found;
} ones[] = {
	{"600 SYNs a second", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 0, 0, 0, 0, true},
	{"the same below a number of everybody", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 2000, 0, 0,
	 0, false},
	{"over it", WR_CLASS_SYN_FLOOD, syns, 25, WEB, 443, 2000, 0, 0, 0, true},
	{"below one of the address", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 2000, WEB, 32, 0,
	 false},
	{"below one of another address", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 2000, MAIL, 32, 0,
	 true},
	{"below one of the prefix", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 2000, WEB & ~0xffu, 24,
	 0, false},
	{"below one of the port", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 2000, WEB, 32, 443, false},
	{"over one of the port", WR_CLASS_SYN_FLOOD, syns, 25, WEB, 443, 2000, WEB, 32, 443, true},
	{"below one of another port", WR_CLASS_SYN_FLOOD, syns, 6, WEB, 443, 2000, WEB, 32, 80,
	 true},
	{"100 UDP packets a second", WR_CLASS_UDP_FLOOD, udp, 1, WEB, 9999, 0, 0, 0, 0, false},
	{"over a low number", WR_CLASS_UDP_FLOOD, udp, 1, WEB, 9999, 50, WEB, 32, 0, true},
	{"over a low number of the port", WR_CLASS_UDP_FLOOD, udp, 1, WEB, 9999, 50, WEB, 32, 9999,
	 true},
	{"where another port has it", WR_CLASS_UDP_FLOOD, udp, 1, WEB, 9999, 50, WEB, 32, 9998,
	 false},
	{"amplification below its number", WR_CLASS_AMP_DNS, amplified, 5, WEB, 0, 2000, 0, 0, 0,
	 false},
	{"connections of a few", WR_CLASS_HTTP_FLOOD, sessions, 3, WEB, 443, 0, 0, 0, 0, true},
	{"below their number", WR_CLASS_HTTP_FLOOD, sessions, 3, WEB, 443, 800, WEB, 32, 443,
	 false},
	{"over it", WR_CLASS_HTTP_FLOOD, sessions, 3, WEB, 443, 200, WEB, 32, 443, true},
	{"where nothing has been learned", WR_CLASS_HTTP_FLOOD, sessions, 3, WEB + 5, 443, 200, 0,
	 0, 0, true},
	{"20 connections that are held", WR_CLASS_SLOW_HTTP, held, 20, WEB, 443, 0, 0, 0, 0, false},
	{"over their number", WR_CLASS_SLOW_HTTP, held, 20, WEB, 443, 15, WEB, 32, 443, true},
	{"a spread flood", WR_CLASS_CARPET_BOMBING, carpet, 4, 0, 0, 0, 0, 0, 0, true},
	{"below its number", WR_CLASS_CARPET_BOMBING, carpet, 4, 0, 0, 800, WEB & ~0xffu, 24, 0,
	 false},
};

static void numbers_hold(void)
{
	for (size_t i = 0; i < sizeof(ones) / sizeof(*ones); i++) {
		const struct one *o = &ones[i];
		struct wr_detect_tune tune =
			set(o->klass, o->at_addr, o->at_prefix, o->for_port, o->at);
		const struct told *t;

		tune.n_fixed = o->at > 0;
		host_open(&host, 4);
		wr_detect_tune(host.d, &tune);
		random_state = i;
		each = o->each;
		to = o->to;
		at_port = o->port;
		pass(&host, 70, usual_turn, NULL);
		pass(&host, o->turn == held ? 40 : 4, usual_turn, o->turn);
		t = host_told(&host, o->klass);
		ok(!t == !o->found, "%s, %s: %s", wr_class_name(o->klass), o->what,
		   o->found ? "found" : "not found");
		if (t && o->for_port == o->port && o->port)
			is_int(t->f.victim.port, o->for_port, "and of that port");
		if (t && o->turn != held && o->turn != carpet)
			ok(t->f.raised_ns < EPOCH + 71500 * MS, "and within a second and a half");
		host_close(&host);
	}
}

static void some_syns(struct host *h, uint32_t turn, uint16_t port)
{
	at_port = port;
	each = 6;
	syns(h, turn);
}

/* A web server with a number of its own under a thousand good connections a second, and SYNs
 * without a handshake at another port of it. */
static void good_connections(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 10; i++)
		host_session(h, 0xd0000000u + (turn * 10 + i) % 2000 * 77,
			     (uint16_t)(1024 + turn * 10 + i), WEB, 443, 100, 200);
	some_syns(h, turn, 22);
}

static void port_is_that_port(void)
{
	struct wr_detect_tune tune = set(WR_CLASS_SYN_FLOOD, WEB, 32, 443, 300);
	const struct told *t;

	host_open(&host, 4);
	wr_detect_tune(host.d, &tune);
	to = WEB;
	pass(&host, 10, usual_turn, NULL);
	pass(&host, 4, NULL, good_connections);
	t = host_told(&host, WR_CLASS_SYN_FLOOD);
	ok(!t || t->f.victim.port != 443,
	   "SYNs without a handshake at another port are none of the one that has a number");
	host_close(&host);
}

/* Three of ten for the port that has a number, and below it; the rest at all ports. */
static void spread_syns(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 100; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn * 100 + i), WEB,
			 i % 10 < 3 ? 443 : (uint16_t)(1024 + host_random(&random_state) % 60000),
			 SYN, 0);
}

static void below_one_port(struct host *h, uint32_t turn)
{
	some_syns(h, turn, 443);
}

static void port_hides_no_other(void)
{
	struct wr_detect_tune tune = set(WR_CLASS_SYN_FLOOD, WEB, 32, 443, 5000);
	const struct told *t;

	to = WEB;
	for (int i = 0; i < 2; i++) {
		host_open(&host, 4);
		wr_detect_tune(host.d, &tune);
		pass(&host, 10, usual_turn, NULL);
		pass(&host, 3, usual_turn, i ? below_one_port : spread_syns);
		t = host_told(&host, WR_CLASS_SYN_FLOOD);
		if (i)
			ok(!t, "what is below the number of its port is not told");
		else
			ok(t && t->f.victim.port != 443,
			   "a flood of all ports is told though most of one port is below its "
			   "number");
		host_close(&host);
	}
}

/* Of several the nearest one counts. */
static void nearest_counts(void)
{
	struct wr_detect_tune tune = set(WR_CLASS_UDP_FLOOD, 0, 0, 0, 50);
	struct wr_detect_tune near = set(WR_CLASS_UDP_FLOOD, WEB, 32, 0, 5000);

	tune.fixed[tune.n_fixed++] = near.fixed[0];
	each = 1;
	at_port = 9999;
	for (int i = 0; i < 2; i++) {
		to = i ? MAIL : WEB;
		host_open(&host, 4);
		wr_detect_tune(host.d, &tune);
		pass(&host, 70, usual_turn, NULL);
		pass(&host, 4, usual_turn, udp);
		ok(!host_told(&host, WR_CLASS_UDP_FLOOD) == !i, "an address %s its own number",
		   i ? "without" : "with");
		host_close(&host);
	}
}

static void off_is_silent(void)
{
	struct wr_detect_tune tune = {.off = 1ull << WR_CLASS_SYN_FLOOD};
	const struct told *t;

	to = WEB;
	at_port = 443;
	each = 20;
	host_open(&host, 4);
	wr_detect_tune(host.d, &tune);
	pass(&host, 70, usual_turn, NULL);
	pass(&host, 4, usual_turn, syns);
	ok(!host.n_told, "a class that is off is not told, nor anything in its place");
	wr_detect_tune(host.d, &(struct wr_detect_tune){0});
	pass(&host, 2, usual_turn, syns);
	t = host_told(&host, WR_CLASS_SYN_FLOOD);
	ok(t && !t->over, "it is when it is on again");
	wr_detect_tune(host.d, &tune);
	ok(t && t->over == 1, "and over at once when it is off");
	pass(&host, 2, usual_turn, syns);
	ok(t && t->raised == 1 && host.n_told == 1, "for good");
	host_close(&host);
}

int main(void)
{
	numbers_hold();
	port_is_that_port();
	port_hides_no_other();
	nearest_counts();
	off_is_silent();
	return done();
}
