/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/day.h"

/*
 * Kinds of attack that need something usual before them: who gives addresses out on a link, and
 * what a host sends all the time. They are made by --only alone: the hour of a day is no place for
 * what takes an hour to be known, and days and hours of before stay what they were.
 */

enum {
	INTRUDER = NET + 66,
	CLIENTS = NET + 200,
	COLD_S = 660, /* in the first ten minutes nobody is known for sure */
	KNOWN_S = 3660,
	SEGMENT = 1448,
	DROP = 0xc6336448,   /* 198.51.100.72 */
	UPDATES = 0xc000020a /* 192.0.2.10 */
};

/* A turn of what is usual each so many seconds, by chance a bit earlier or later. */
static bool after(struct day *d, struct actor *a, double seconds)
{
	a->at_ns = d->now_ns + (uint64_t)(seconds * 1e9 * (0.5 + share(d)));
	return true;
}

/* ---- the link ---- */

static bool serve(struct day *d, struct actor *a)
{
	day_offer(d, GATEWAY, CLIENTS + a->n / 2 % 50, a->n % 2);
	return after(d, a, a->n++ % 2 ? 30 : 0.01);
}

static bool advertise(struct day *d, struct actor *a)
{
	day_router(d, GATEWAY);
	return after(d, a, 15);
}

static bool answer(struct day *d, struct actor *a)
{
	day_neighbour(d, GATEWAY, GATEWAY, WEB);
	return after(d, a, 5);
}

static void before_offers(struct day *d)
{
	day_actor(d, serve, d->begun_ns);
}

static void before_routers(struct day *d)
{
	day_actor(d, advertise, d->begun_ns);
}

static void before_neighbours(struct day *d)
{
	day_actor(d, answer, d->begun_ns);
}

static void make_offer(struct day *d, struct actor *a, uint32_t i)
{
	(void)a;
	day_offer(d, INTRUDER, CLIENTS + i / 2 % 50, i % 2);
}

static void make_router(struct day *d, struct actor *a, uint32_t i)
{
	(void)a, (void)i;
	day_router(d, INTRUDER);
}

static void make_neighbour(struct day *d, struct actor *a, uint32_t i)
{
	(void)a, (void)i;
	day_neighbour(d, GATEWAY, INTRUDER, WEB);
}

/* ---- data that are sent out ---- */

/* It looks for updates, at no regular time. */
static bool look(struct day *d, struct actor *a)
{
	struct actor *b = day_connect(d, SCRIPTS, UPDATES, 443, d->now_ns);

	if (b)
		b->answer = 20000;
	return after(d, a, 60);
}

static void before_upload(struct day *d)
{
	d->whole = false; /* it takes an hour, and nobody sends it again */
	day_actor(d, look, d->begun_ns);
}

/* One connection, a segment each time, and an ACK for every second one. */
static void make_upload(struct day *d, struct actor *a, uint32_t i)
{
	if (!i) {
		a->from = SCRIPTS;
		a->to = DROP;
		a->sport = (uint16_t)among(d, 20000, 60999);
		a->dport = 443;
		a->seq = (uint32_t)chance(d);
		day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
		a->seq++;
		a->ack = (uint32_t)chance(d);
	} else if (i == 1) {
		day_tcp(d, a, false, WR_TCP_SYN | WR_TCP_ACK, NULL, 0, 0);
		a->ack++;
	} else if (i == 2) {
		day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, 0);
	} else {
		day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, SEGMENT);
		a->seq += SEGMENT;
		if (i % 2)
			day_tcp(d, a, false, WR_TCP_ACK, NULL, 0, 0);
	}
}

const struct day_attack day_alone[] = {
	{"rogue_dhcp", "local link", 5, 20, make_offer, 0, NULL, COLD_S, before_offers},
	{"rogue_ra", "local link", 2, 20, make_router, 0, NULL, COLD_S, before_routers},
	{"arp_spoof", "2001:db8::a14:a", 2, 20, make_neighbour, 0, "nd_spoof", 60,
	 before_neighbours},
	{"exfil", "198.51.100.72", 700, 120, make_upload, 0, NULL, KNOWN_S, before_upload},
};
const uint32_t day_alone_n = sizeof(day_alone) / sizeof(*day_alone);
