/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What looks like traffic of another kind and is none: a crowd, and a service that refuses. And
 * what would like to look like that, which is told.
 */
#include "tests/unit/odd.h"

enum { KEPT = 40 };

/* Forty clients that keep their connections and ask now and then. */
static void kept_turn(struct host *h, uint32_t turn)
{
	static const uint8_t ttls[] = {50, 57, 57, 60, 118};
	uint32_t i = host_random(&dice) % KEPT, client = 0xd0000000u + i * 77;
	uint16_t port = (uint16_t)(20000 + i);

	if (host_random(&dice) % 10)
		return;
	h->ttl = ttls[i % sizeof(ttls)];
	if (host_random(&dice) % 20 == 0) {
		host_closes(h, client, port, WEB, 443);
		host_opens(h, client, port, WEB, 443);
	}
	host_says(h, client, port, WEB, 443, 100 + host_random(&dice) % 900);
	host_says(h, WEB, 443, client, port, 500 + host_random(&dice) % 9000);
	h->ttl = 57;
	(void)turn;
}

/* Thirty newcomers a second that look at a page. */
static void newcomers(struct host *h, uint32_t turn)
{
	static const uint8_t ttls[] = {46, 52, 57, 57, 60, 118, 118};
	uint32_t client = host_stranger(&dice);

	if (host_random(&dice) % 10 >= 3)
		return;
	h->ttl = ttls[client % sizeof(ttls)];
	host_session(h, client, (uint16_t)(1024 + turn % 60000), WEB, 443,
		     200 + host_random(&dice) % 300, 1000 + host_random(&dice) % 3000);
	h->ttl = 57;
}

/* Those that always come, for each question anew: of a database whose programs are asked for more.
 */
static void more_of_them(struct host *h, uint32_t turn)
{
	uint32_t i = host_random(&dice) % KEPT;

	if (host_random(&dice) % 10 < 3)
		host_session(h, 0xd0000000u + i * 77, (uint16_t)(1024 + turn % 18000), WEB, 443,
			     200 + host_random(&dice) % 300, 1000 + host_random(&dice) % 3000);
}

/* As many packets of a few, in connections that are kept: small ones, asked without an end. */
static void few(struct host *h, uint32_t turn)
{
	h->ttl = 249;
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t client = ATTACKER + (turn * 3 + i) % 12 * 256;

		if (turn < 4)
			host_opens(h, client, 40000, WEB, 443);
		host_tcp(h, client, 40000, WEB, 443, ACK, 31);
		host_tcp(h, WEB, 443, client, 40000, ACK, 200);
	}
	h->ttl = 57;
}

static void told(const char *what)
{
	const struct told *t = host_told(&host, WR_CLASS_ANOMALY);

	ok(t && t->raised == 1 && host_is(&host, t->f.victim.addr, WEB), "%s is an anomaly", what);
	if (t)
		show(t);
}

static void test_crowd(void)
{
	begin_with(4, kept_turn);
	pass(&host, LATER_S * 3, kept_turn, newcomers);
	quiet("a crowd of newcomers");
	host_close(&host);
	begin_with(4, kept_turn);
	pass(&host, LATER_S * 3, kept_turn, more_of_them);
	quiet("more of those that always come");
	host_close(&host);
	begin_with(4, kept_turn);
	pass(&host, LATER_S * 3, kept_turn, few);
	told("as much of a few that are new");
	host_close(&host);
}

/* The program is not there: each try is refused, and they try again and again. */
static void refused_turn(struct host *h, uint32_t turn)
{
	static const uint8_t ttls[] = {50, 57, 57, 57, 60, 117, 118};
	uint32_t client = 0xd0000000u + host_random(&dice) % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn % 30000);

	if (host_random(&dice) % 10 >= 2)
		return;
	h->ttl = ttls[client % sizeof(ttls)];
	host_tcp(h, client, port, WEB, 443, SYN, 0);
	host_tcp(h, WEB, 443, client, port, RST | ACK, 0);
	h->ttl = 57;
}

/* Asked for what makes it break the connection off. */
static void broken_off_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + host_random(&dice) % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn % 30000);

	if (host_random(&dice) % 10 >= 4)
		return;
	h->ttl = 249;
	host_opens(h, client, port, WEB, 443);
	host_says(h, client, port, WEB, 443, 31);
	host_tcp(h, WEB, 443, client, port, RST | ACK, 0);
	h->ttl = 57;
}

static void test_refused(void)
{
	begin_with(4, varied_turn);
	pass(&host, LATER_S * 3, refused_turn, NULL);
	quiet("a service that refuses");
	ok(!host.n_told, "nor anything else");
	pass(&host, LATER_S, varied_turn, NULL);
	quiet("and one that is back");
	host_close(&host);
	begin_with(4, varied_turn);
	pass(&host, LATER_S * 3, broken_off_turn, NULL);
	told("one whose connections are all broken off");
	host_close(&host);
}

/* ---- beside something that goes on slowly ---- */

enum { BURST = 24, SLOWLY = 500, REST_S = 400 };

static uint32_t port_every; /* of so many turns one has a port */

static void malformed(struct host *h, uint32_t turn)
{
	if (turn % SLOWLY == 0) /* twelve a minute */
		host_tcp(h, ATTACKER, (uint16_t)(4000 + turn), WEB, 443, SYN | RST, 0);
}

static void next_port(struct host *h, uint32_t turn)
{
	static uint16_t port;

	if (turn % port_every)
		return;
	port += 7;
	host_tcp(h, ATTACKER, (uint16_t)(2000 + port), WEB, port, SYN, 0);
	host_tcp(h, WEB, port, ATTACKER, (uint16_t)(2000 + port), RST | ACK, 0);
}

/* The finding holds, and hides nothing else. */
static void beside(enum wr_finding_class klass, turn_fn slowly, const char *what)
{
	const struct told *t;

	pass(&host, REST_S, varied_turn, slowly);
	quiet(what);
	pass(&host, LATER_S * 3, other_turn, slowly);
	t = host_told(&host, klass);
	ok(t && t->raised == 1 && !t->over, "%s: it goes on", what);
	told("traffic of another kind beside it");
	host_close(&host);
}

static void test_beside(void)
{
	begin_with(4, varied_turn);
	for (uint32_t i = 0; i < BURST; i++)
		malformed(&host, 0);
	beside(WR_CLASS_MALFORMED, malformed, "malformed packets, less than it takes");
	begin_with(4, varied_turn);
	port_every = 1000;
	pass(&host, 605, varied_turn, next_port);
	port_every = 2000;
	beside(WR_CLASS_PORT_SCAN_VERTICAL, next_port, "a scan, more slowly than it takes");
}

int main(void)
{
	test_crowd();
	test_refused();
	test_beside();
	return done();
}
