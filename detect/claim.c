/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/claim.h"

#include <string.h>

#include "core/proto.h"

enum {
	ARP_REQUEST = 1,
	SOLICIT = 135, /* ICMPv6 types */
	ADVERT = 136,
	ND_FLAGS = 4, /* offsets */
	ND_TARGET = 8,
	ND_OPTIONS = 24,
	OVERRIDE = 1 << 5,
	OPTION_SOURCE = 1, /* RFC 4861 4.6.1 */
	OPTION_TARGET = 2,
	OPTION_UNIT = 8, /* bytes; one is what an Ethernet address takes (RFC 2464) */
	HOPS = 255,
};

struct bytes {
	const uint8_t *at;
	uint32_t n;
};

static bool is_group(const uint8_t mac[6])
{
	return mac[0] & 1;
}

static bool is_nothing(const uint8_t *at, uint32_t n)
{
	while (n--)
		if (*at++)
			return false;
	return true;
}

static bool arp(struct wr_claim *c, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	bool own;

	if (!(rec->has & WR_HAS_ARP_ADDR) || is_nothing(h->src, 4))
		return false;
	memcpy(c->addr, h->src, 4);
	memcpy(c->to, h->dst, 4);
	memcpy(c->station, h->ext, 6);
	c->ip_v = 4;
	own = !memcmp(c->addr, c->to, 4);
	c->announces = rec->has & WR_HAS_ETHER && is_group(rec->eth_dst) &&
		       (own || rec->arp_op != ARP_REQUEST);
	return true;
}

/* What is behind the IPv6 header and its extensions, as far as it is here. */
static struct bytes icmp(const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	uint64_t at = (uint64_t)rec->hdr_off + h->ip_hdr_len, end = at + h->ip_len;
	uint32_t n = h->has & WR_H_EXT ? h->ext_len : 0;

	if (end > pkt->caplen)
		end = pkt->caplen;
	for (uint32_t i = 0; i < n && at + 2 <= end; i++) {
		if (i < WR_MAX_EXT && h->ext[i] == WR_IP_AH)
			return (struct bytes){0};
		at += (pkt->data[at + 1] + 1u) * 8u;
	}
	return at < end ? (struct bytes){pkt->data + at, (uint32_t)(end - at)} : (struct bytes){0};
}

/* The first option of that kind. With one that is broken no host takes the packet. */
static bool station_option(struct wr_claim *c, struct bytes b, uint8_t kind)
{
	bool got = false;
	uint32_t n;

	for (uint32_t at = ND_OPTIONS; at < b.n; at += n) {
		if (b.n - at < OPTION_UNIT)
			return false;
		n = b.at[at + 1] * (uint32_t)OPTION_UNIT;
		if (!n || n > b.n - at)
			return false;
		if (b.at[at] != kind || got)
			continue;
		if (n != OPTION_UNIT || is_group(b.at + at + 2) || is_nothing(b.at + at + 2, 6))
			return false;
		memcpy(c->station, b.at + at + 2, 6);
		got = true;
	}
	return got;
}

static bool neighbour(struct wr_claim *c, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	bool advert = h->icmp_type == ADVERT;
	struct bytes b;

	if (!pkt->data || h->ttl != HOPS || h->icmp_code || h->has & WR_H_FRAG)
		return false;
	b = icmp(pkt, rec);
	if (b.n < ND_OPTIONS || b.at[ND_TARGET] == 0xff || is_nothing(h->src, 16))
		return false;
	if (advert && !(b.at[ND_FLAGS] & OVERRIDE))
		return false;
	memcpy(c->addr, advert ? b.at + ND_TARGET : h->src, 16);
	memcpy(c->to, advert ? h->dst : b.at + ND_TARGET, 16);
	c->ip_v = 6;
	c->announces =
		advert && h->dst[0] == 0xff && rec->has & WR_HAS_ETHER && is_group(rec->eth_dst);
	return station_option(c, b, advert ? OPTION_TARGET : OPTION_SOURCE);
}

bool wr_claim_read(struct wr_claim *c, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	memset(c, 0, sizeof(*c));
	if (rec->has & WR_HAS_ARP)
		return arp(c, rec);
	return h->has & WR_H_IP && h->ip_v == 6 && h->has & WR_H_ICMP && h->proto == WR_IP_ICMP6 &&
	       (h->icmp_type == SOLICIT || h->icmp_type == ADVERT) && neighbour(c, pkt, rec);
}
