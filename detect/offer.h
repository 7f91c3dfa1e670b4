/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_OFFER_H
#define WR_DETECT_OFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "core/record.h"

/* A packet by which somebody tells others how they get on the network. */

enum wr_offer_kind { WR_OFFER_DHCP, WR_OFFER_DHCP6, WR_OFFER_ROUTER, WR_OFFER_KINDS };

struct wr_offer {
	enum wr_offer_kind kind;
	uint8_t addr[16]; /* of who says so: a DHCP server by its identifier, else the source */
	uint8_t ip_v;
	uint64_t station; /* its Ethernet address as a number; 0: there is none */
	/* Hash of what it gives out, 63 bits: DHCP: routers in the upper half, DNS servers in the
	 * lower one, 0: not in this answer; a router: prefixes. Of
	 * what cannot be read because it hides behind extension headers or fragments: of nothing
	 * else.
	 */
	uint64_t says;
	bool offers; /* router: it is a way out, or names DNS servers; else always */
};

/*
 * DHCPOFFER and DHCPACK with an address (RFC 2131, options of RFC 2132), ADVERTISE and REPLY (RFC
 * 8415), router advertisements (RFC 4861 4.2, DNS of RFC 8106). False: it is none of these, or is
 * cut off before the part that says so. Reads no byte behind pkt->caplen.
 */
bool wr_offer_read(struct wr_offer *o, const struct wr_packet *pkt, const struct wr_rec *rec);

#endif
