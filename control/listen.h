/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_LISTEN_H
#define WR_CONTROL_LISTEN_H

#include <stdint.h>

#include "base/err.h"

/*
 * Sockets of this host (network namespace) that wait for others: TCP in LISTEN, and UDP that is not
 * connected and has a port outside the range of ephemeral ones (sock_diag(7)). Needs no rights.
 */
struct wr_listener {
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes; all 0 = any address */
	uint16_t port;	  /* host order */
	uint8_t proto;	  /* 6, 17 */
	uint8_t ip_v;	  /* 4, 6; 0 = any address of both */
};

/* Sockets of TCP in other states, one bit each of net/tcp_states.h. */
struct wr_connection {
	uint8_t addr[16], own[16]; /* theirs, ours; as above */
	uint16_t port, own_port;
	uint8_t ip_v; /* 4, 6 */
};
int wr_connections(uint32_t states, void (*fn)(void *ctx, const struct wr_connection *c),
		   void *ctx);

/* Fills up to n; returns how many there are, or -errno. */
int wr_listeners(struct wr_listener *out, int n, struct wr_err *err);

#endif
