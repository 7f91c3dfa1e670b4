/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/evasion.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/proto.h"
#include "core/reason.h"

enum { TCP_FIXED = 20 };

/* RFC 9293, 3.5: all but the first packet of a connection have an ACK. */
static enum wr_evasion by_flags(uint16_t flags)
{
	if (flags & WR_TCP_SYN)
		return flags & (WR_TCP_FIN | WR_TCP_RST) ? WR_EVASION_SYN_FIN : WR_EVASION_COUNT;
	return flags & (WR_TCP_ACK | WR_TCP_RST) ? WR_EVASION_COUNT : WR_EVASION_NO_ACK;
}

/* What a host says to itself has no station in front. With other ports it may have gone through a
 * translation of addresses that led back. */
static bool is_land(const struct wr_rec *rec, const struct wr_hdr *h)
{
	static const uint8_t none[6];

	return h->has & WR_H_PORTS && h->sport == h->dport && rec->has & WR_HAS_ETHER &&
	       memcmp(rec->eth_src, none, sizeof(none)) != 0 &&
	       !memcmp(h->src, h->dst, h->ip_v == 4 ? 4 : 16);
}

enum wr_evasion wr_evasion_of(const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	if (rec->bad > WR_BAD_STEPS || !(h->has & WR_H_IP))
		return WR_EVASION_COUNT;
	if (is_land(rec, h))
		return WR_EVASION_LAND;
	if (!(h->has & WR_H_PROTO) || h->proto != WR_IP_TCP)
		return WR_EVASION_COUNT;
	/* RFC 1858, 4. A first fragment that ends inside the header is malformed. */
	if (h->has & WR_H_FRAG && h->frag_off)
		return h->frag_off < TCP_FIXED ? WR_EVASION_INSIDE : WR_EVASION_COUNT;
	return h->has & WR_H_TCP ? by_flags(h->tcp_flags) : WR_EVASION_COUNT;
}
