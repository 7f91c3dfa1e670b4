/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_DETECT_USUAL_H
#define WR_TESTS_DETECT_USUAL_H

#include "tests/unit/detect.h"

/* What goes on at the host of tests/unit/detect.h on any day, and time that passes with it. */

#define WEB 0x0a00000au	 /* 10.0.0.10: serves port 443 */
#define MAIL 0x0a00000bu /* 10.0.0.11: people log in at port 22 */
#define PC 0x0a000132u	 /* 10.0.1.50: a client */
#define GATEWAY 0x0a000001u
#define RESOLVER 0x08080808u
#define FAR_WEB 0x5db8d822u
#define ATTACKER 0xc6336407u /* 198.51.100.7 */

enum { TURN_MS = 10, USERS = 200 };

/* A turn is ten milliseconds, and has a number that goes on. */
typedef void (*turn_fn)(struct host *h, uint32_t turn);

/* Ten connections a second from two hundred clients, a name asked for twice, a ping. */
static inline void usual_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn / 10 * 7919 % USERS * 77;

	if (turn % 10 == 0)
		host_session(h, client, (uint16_t)(20000 + turn / 10 % 30000), WEB, 443, 500, 3000);
	if (turn % 50 == 3) {
		uint16_t port = (uint16_t)(30000 + turn / 50 % 30000);

		host_dns(h, PC, port, RESOLVER, "www.example.org", 1, -1);
		host_dns(h, PC, port, RESOLVER, "www.example.org", 1, 0);
	}
	if (turn % 100 == 5) {
		host_icmp(h, RESOLVER, WEB, false, 56);
		host_icmp(h, WEB, RESOLVER, true, 56);
	}
}

/* So many seconds with, and on top of it what else happens (NULL: nothing). */
static void pass(struct host *h, double seconds, turn_fn usual, turn_fn more)
{
	uint32_t turns = (uint32_t)(seconds * 1000 / TURN_MS);
	uint64_t begin = h->ns - h->ns % (TURN_MS * MS);
	uint32_t first = (uint32_t)((begin - EPOCH) / (TURN_MS * MS));

	for (uint32_t i = 0; i < turns; i++) {
		if (h->ns < begin + i * TURN_MS * MS)
			h->ns = begin + i * TURN_MS * MS;
		if (usual)
			usual(h, first + i);
		if (more)
			more(h, i);
	}
	if (h->ns < begin + turns * TURN_MS * MS)
		h->ns = begin + turns * TURN_MS * MS;
}

#endif
