/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_ODD_H
#define WR_TESTS_ODD_H

#include "tests/unit/detect_usual.h"

/* A service whose traffic is of many kinds, and traffic of another kind at it. */

enum { LEARN_S = 700, LATER_S = 60 };

static struct host host; /* large */
static uint64_t dice;
static uint32_t every = 10; /* of so many turns one has a connection */

/* Ten sessions a second of several sizes: what a service has on any day. */
__attribute__((unused)) static void varied_turn(struct host *h, uint32_t turn)
{
	static const uint8_t ttls[] = {50, 57, 57, 57, 60, 117, 118};
	uint32_t client = 0xd0000000u + host_random(&dice) % USERS * 77;

	if (host_random(&dice) % 10)
		return;
	h->ttl = ttls[client % sizeof(ttls)];
	host_session(h, client, (uint16_t)(20000 + turn % 30000), WEB, 443,
		     200 + host_random(&dice) % 1500, 1000 + host_random(&dice) % 9000);
	h->ttl = 57;
}

/* As many packets, otherwise: small ones of one kind of system, connections that are broken off. */
__attribute__((unused)) static void other_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + host_random(&dice) % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn % 30000);

	if (host_random(&dice) % every)
		return;
	h->ttl = 249;
	host_opens(h, client, port, WEB, 443);
	for (int i = 0; i < 4; i++) {
		host_tcp(h, client, port, WEB, 443, ACK, 31);
		host_tcp(h, WEB, 443, client, port, ACK, 200);
	}
	host_tcp(h, client, port, WEB, 443, RST | ACK, 0);
	h->ttl = 57;
}

static void begin_with(int v, turn_fn usual)
{
	host_open(&host, v);
	dice = 7;
	pass(&host, LEARN_S, usual, NULL);
}

static void show(const struct told *t)
{
	struct wr_buf b = {0};

	wr_finding_reason(&b, &t->f);
	note("%s", wr_buf_text(&b));
	wr_buf_free(&b);
}

static const struct told *quiet(const char *what)
{
	const struct told *t = host_told(&host, WR_CLASS_ANOMALY);

	if (!ok(!t, "%s is no anomaly", what))
		show(t);
	return t;
}

#endif
