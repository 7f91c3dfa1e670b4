/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_CLAIM_H
#define WR_DETECT_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "core/record.h"

/* A packet by which a station says that an address is its own. */

struct wr_claim {
	uint8_t addr[16];   /* which one; network order, IPv4 in the first four bytes, the rest 0 */
	uint8_t to[16];	    /* who is told, or asked for; a group or nothing: everybody */
	uint8_t ip_v;	    /* 4, 6 */
	uint8_t station[6]; /* its Ethernet address, as the claim has it */
	bool announces;	    /* it goes to everybody, who did not ask: as when an address moves */
};

/*
 * ARP with a sender (RFC 826), neighbour advertisements with the station's address and neighbour
 * solicitations with their sender's (RFC 4861 4.3, 4.4). A sender that has no address yet claims
 * none (RFC 5227, RFC 4862), nor does one that gives way to others (the Override flag is clear:
 * anycast addresses, RFC 4861 7.2.7, and proxies, 7.2.8). False: it is none of these, or one that
 * no host takes (RFC 4861 7.1, RFC 6980), or it is cut off. Reads no byte behind pkt->caplen.
 */
bool wr_claim_read(struct wr_claim *c, const struct wr_packet *pkt, const struct wr_rec *rec);

#endif
