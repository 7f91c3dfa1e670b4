/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_DEMO_TRAFFIC_H
#define WR_UI_CLI_DEMO_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Traffic for a demonstration: a server, clients that behave, and attacks, each bounded in packets
 * and time, and the same for the same seed. Everything runs in network namespaces that the caller
 * made; nothing is sent anywhere else.
 */

/* Where a process of the demonstration runs, and with whom it talks. IPv4, network order. */
struct wr_demo_place {
	const char *netns;  /* name of ip-netns(8) */
	const char *iface;  /* attacks leave by it */
	uint32_t server;    /* address of the server */
	uint32_t clients;   /* the first of the clients' addresses */
	uint32_t n_clients; /* so many, one behind the other */
	uint8_t server_mac[6];
	uint64_t seed;
};

enum { WR_DEMO_HTTP = 80, WR_DEMO_SSH = 22 };

/* Counts of the clients, in memory that both share. */
struct wr_demo_good {
	_Atomic uint64_t asked, answered;
	_Atomic uint64_t failed;
	_Atomic uint64_t slowest_us;
};

/* Each forks a process that ends with SIGTERM, or when its parent ends. Returns its pid, or -errno
 * with err filled. */
pid_t wr_demo_server(const struct wr_demo_place *p, struct wr_err *err);
pid_t wr_demo_clients(const struct wr_demo_place *p, struct wr_demo_good *good, struct wr_err *err);

struct wr_demo_attack {
	const char *class; /* what it should be found as */
	const char *text;  /* for people */
	uint32_t pps, packets;
};
extern const struct wr_demo_attack wr_demo_attacks[];
extern const size_t wr_demo_n_attacks;

/* Sends one of them; returns when all has been sent. sent: packets; first_ns: CLOCK_REALTIME of the
 * first. 0 or -errno. */
int wr_demo_attack(const struct wr_demo_place *p, size_t which, uint64_t *sent, uint64_t *first_ns,
		   struct wr_err *err);

#endif
