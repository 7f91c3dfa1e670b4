/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PEERS_H
#define WR_CONTROL_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Who this host (network namespace) depends on. Needs no rights. */
struct wr_peer {
	uint8_t addr[16], own[16]; /* theirs, ours; network order, IPv4 in the first four bytes */
	uint16_t port, own_port;   /* host order; 0: none */
	uint8_t ip_v;
};

enum { WR_SSH_PORT = 22 };

/* Each fills up to max and returns how many there are; what cannot be asked is none. */
int wr_ssh_peers(struct wr_peer *out, int max); /* of established sessions with our port 22 */
int wr_gateways(struct wr_peer *out, int max);	/* of default routes */
int wr_dns_servers(struct wr_peer *out, int max);

int wr_own_addresses(struct wr_peer *out, int max); /* of this host, the loopback's, too */

/* "ADDRESS PORT ADDRESS PORT", theirs and ours. -EINVAL. */
int wr_peer_parse(struct wr_peer *out, const char *text);

/* An address of this host in that family, not of the loopback; false: it has none. */
bool wr_own_address(uint8_t ip_v, uint8_t addr[16]);

#endif
