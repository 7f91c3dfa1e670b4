/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/offer.h"

#include <string.h>

#include "core/account.h"
#include "core/proto.h"
#include "core/sketch.h"

enum {
	DHCP_REPLY = 2, /* op */
	DHCP_YIADDR = 16,
	DHCP_COOKIE = 236,
	DHCP_OPTIONS = 240,
	OPTION_PAD = 0, /* RFC 2132 */
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_KIND = 53,
	OPTION_SERVER = 54,
	OPTION_END = 255,
	DHCP_OFFER = 2,
	DHCP_ACK = 5,
	DHCP6_ADVERTISE = 2, /* RFC 8415 7.3 */
	DHCP6_REPLY = 7,
	OPTION6_DNS = 23, /* RFC 3646 */
	ROUTER_ADVERT = 134,
	ADVERT_LIFETIME = 6, /* offset */
	ADVERT_OPTIONS = 16,
	ND_PREFIX = 3, /* RFC 4861 4.6.2 */
	ND_DNS = 25,   /* RFC 8106 5.1 */
};

static const uint8_t cookie[4] = {99, 130, 83, 99};

struct bytes {
	const uint8_t *at;
	uint32_t n;
};

static uint64_t hash(uint64_t h, const uint8_t *at, uint32_t n)
{
	while (n--)
		h = wr_mix(h * 257 + *at++ + 1);
	return h;
}

static uint32_t be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* ---- DHCP ---- */

/* Each thing has a half of its own, in 31 bits; 0: it is not there. */
static uint64_t half(uint64_t says, bool high, uint64_t h)
{
	uint32_t v = (uint32_t)(h & INT32_MAX) | 1;

	return high ? (says & UINT32_MAX) | (uint64_t)v << 32 : (says >> 32 << 32) | v;
}

static void dhcp_option(struct wr_offer *o, uint8_t code, struct bytes v, uint8_t *kind)
{
	if (code == OPTION_KIND && v.n)
		*kind = v.at[0];
	if (code == OPTION_SERVER && v.n == 4)
		memcpy(o->addr, v.at, 4);
	if (code == OPTION_ROUTER || code == OPTION_DNS)
		o->says = half(o->says, code == OPTION_ROUTER, hash(code, v.at, v.n));
}

static bool dhcp(struct wr_offer *o, struct bytes b)
{
	uint8_t kind = 0;
	uint32_t at = DHCP_OPTIONS;

	if (b.n < DHCP_OPTIONS || b.at[0] != DHCP_REPLY || memcmp(b.at + DHCP_COOKIE, cookie, 4))
		return false;
	if (!(b.at[DHCP_YIADDR] | b.at[DHCP_YIADDR + 1] | b.at[DHCP_YIADDR + 2] |
	      b.at[DHCP_YIADDR + 3]))
		return false; /* it gives no address: boot servers answer so beside another */
	while (at < b.n && b.at[at] != OPTION_END) {
		uint8_t code = b.at[at++];

		if (code == OPTION_PAD)
			continue;
		if (at >= b.n || b.at[at] > b.n - at - 1)
			break;
		dhcp_option(o, code, (struct bytes){b.at + at + 1, b.at[at]}, &kind);
		at += 1u + b.at[at];
	}
	return kind == DHCP_OFFER || kind == DHCP_ACK;
}

static bool dhcp6(struct wr_offer *o, struct bytes b)
{
	uint32_t at = 4;

	if (b.n < at || (b.at[0] != DHCP6_ADVERTISE && b.at[0] != DHCP6_REPLY))
		return false;
	while (b.n - at >= 4) {
		uint32_t code = be16(b.at + at), n = be16(b.at + at + 2);

		if (n > b.n - at - 4)
			break;
		if (code == OPTION6_DNS)
			o->says = half(o->says, false, hash(code, b.at + at + 4, n));
		at += 4 + n;
	}
	return true;
}

/* ---- routers ---- */

static bool router(struct wr_offer *o, struct bytes b)
{
	uint32_t at = ADVERT_OPTIONS;

	if (b.n < ADVERT_OPTIONS)
		return false;
	o->offers = be16(b.at + ADVERT_LIFETIME) != 0;
	while (b.n - at >= 8) {
		uint32_t n = b.at[at + 1] * 8u;

		if (!n || n > b.n - at)
			break;
		if (b.at[at] == ND_PREFIX && n >= 32)
			o->says += hash(b.at[at + 2], b.at + at + 16, 16);
		o->offers |= b.at[at] == ND_DNS;
		at += n;
	}
	return true;
}

/* ---- which it is ---- */

static struct bytes from(const struct wr_packet *pkt, uint32_t off)
{
	return off < pkt->caplen ? (struct bytes){pkt->data + off, pkt->caplen - off}
				 : (struct bytes){pkt->data, 0};
}

static bool advert(struct wr_offer *o, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	o->kind = WR_OFFER_ROUTER;
	if (h->ttl != 255) /* nobody takes it (RFC 4861 6.1.2) */
		return false;
	if (h->ext_len || h->has & WR_H_FRAG) { /* nobody makes it so but to hide it (RFC 7113) */
		o->says = 1;
		return true;
	}
	return router(o, from(pkt, rec->hdr_off + h->ip_hdr_len));
}

static bool read(struct wr_offer *o, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	if (h->has & WR_H_ICMP)
		return h->icmp_type == ROUTER_ADVERT && advert(o, pkt, rec);
	if (!(h->has & WR_H_PAYLOAD))
		return false;
	o->kind = h->ip_v == 4 ? WR_OFFER_DHCP : WR_OFFER_DHCP6;
	if (o->kind == WR_OFFER_DHCP)
		return h->sport == WR_PORT_DHCP && dhcp(o, from(pkt, h->payload_off));
	return h->sport == WR_PORT_DHCP6 + 1 && h->dport == WR_PORT_DHCP6 &&
	       dhcp6(o, from(pkt, h->payload_off));
}

bool wr_offer_read(struct wr_offer *o, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	bool is;

	if (!pkt->data || !(h->has & WR_H_IP) || !wr_is_upkeep(rec))
		return false;
	memset(o, 0, sizeof(*o));
	o->ip_v = h->ip_v;
	o->offers = true;
	memcpy(o->addr, h->src, h->ip_v == 4 ? 4 : 16);
	for (int i = 0; i < 6 && rec->has & WR_HAS_ETHER; i++)
		o->station = o->station << 8 | rec->eth_src[i];
	is = read(o, pkt, rec);
	o->says &= INT64_MAX;
	return is;
}
