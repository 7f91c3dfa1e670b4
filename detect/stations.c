/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"

/*
 * The local link: which station has which address (ARP, RFC 826), who gives addresses away (DHCP,
 * RFC 2131).
 */

enum {
	ADDRS = 4096,
	DHCP_CLIENTS = 40, /* different ones in two seconds */
	WORDS = 4,
	ARP_REQUEST = 1,
	SURE = 3, /* times that it was said */
	FRESH = 600 * STEPS,
	FAR = 10, /* packets */
	PORT_DHCP = 67,
	DHCP_CHADDR = 28, /* offset of the client's address */
};

struct station {
	struct wr_talk_key key;
	uint32_t step;
	uint8_t mac[6];
	uint16_t told; /* how often it has said so */
};

struct stations {
	struct wr_rows rows;
	uint64_t clients[WORDS];
	uint32_t since, requests;
	uint8_t router[6];
	uint32_t far; /* packets that came by it */
};

int stations_open(struct wr_detect *d)
{
	d->stations = calloc(1, sizeof(*d->stations));
	return d->stations ? wr_rows_open(&d->stations->rows, sizeof(struct station), ADDRS) : -1;
}

void stations_close(struct wr_detect *d)
{
	if (d->stations)
		wr_rows_close(&d->stations->rows);
	free(d->stations);
}

static uint64_t weigh(const void *ctx, const void *row)
{
	(void)ctx;
	return ((const struct station *)row)->step;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static void tell_spoof(struct wr_detect *d, const uint8_t ip[16], const uint8_t to[16])
{
	struct wr_victim v = victim_of(to, 4);
	struct wr_finding *f;
	bool is_new;

	f = find(d, WR_CLASS_ARP_SPOOF, &v, &is_new);
	if (!f || !is_new)
		return;
	only_source(f, ip, 4, 1);
	evidence_only(f, WR_FEATURE_STATIONS, 2);
	f->score = 3;
	tell(d, f);
}

/* Routers have the first or the last address by custom. */
static bool may_be_gateway(const uint8_t *ip)
{
	return ip[3] == 1 || ip[3] == 254;
}

/*
 * A station says that it has an address. Wrong, most likely: when another one has said so several
 * times and a moment ago; or when it is a router's address, and what comes from far comes from
 * another station.
 */
static void claim(struct wr_detect *d, const uint8_t ip[16], const uint8_t mac[6],
		  const uint8_t to[16])
{
	struct stations *all = d->stations;
	struct wr_rows *rows = &all->rows;
	struct wr_talk_key key = {.ip_v = 4};
	struct station *s;
	uint32_t tag;
	bool wrong;

	memcpy(key.addr, ip, 4);
	tag = wr_rows_hash(rows, &key);
	s = wr_rows_find(rows, &key, tag);
	if (!s) {
		s = wr_rows_make(rows, &key, tag, weigh, gone, d);
		memset(&s->step, 0, sizeof(*s) - offsetof(struct station, step));
		memcpy(s->mac, mac, 6);
		wrong = all->far >= FAR && may_be_gateway(ip) && memcmp(all->router, mac, 6);
	} else {
		wrong = memcmp(s->mac, mac, 6) && s->told >= SURE && d->step - s->step < FRESH;
	}
	if (wrong) {
		tell_spoof(d, ip, to);
		return;
	}
	if (memcmp(s->mac, mac, 6)) { /* it moved */
		memcpy(s->mac, mac, 6);
		s->told = 0;
	}
	s->told += s->told < UINT16_MAX;
	s->step = d->step;
}

/* By which station do packets from far come? By majority. */
static void route(struct stations *s, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	if (!(rec->has & WR_HAS_ETHER) || h->ip_v != 4 || !is_far(h->src, 4) ||
	    !memcmp(h->src, h->dst, 3))
		return;
	if (!memcmp(s->router, rec->eth_src, 6))
		s->far += s->far < UINT32_MAX;
	else if (s->far)
		s->far--;
	else
		memcpy(s->router, rec->eth_src, 6);
}

static void arp(struct wr_detect *d, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	const uint8_t *sender_mac = h->ext;
	uint8_t from[16] = {0}, to[16] = {0};

	if (!(rec->has & WR_HAS_ARP_ADDR))
		return;
	memcpy(from, h->src, 4);
	memcpy(to, h->dst, 4);
	if (wr_load32(from)) /* a probe (RFC 5227) has no address yet */
		claim(d, from, sender_mac, to);
	if (!memcmp(from, to, 4))
		return;
	if (rec->arp_op == ARP_REQUEST)
		scan_arp(d, from, to);
	else
		scan_arp_answered(d, to);
}

static void dhcp(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_hdr *h)
{
	struct stations *s = d->stations;
	struct wr_victim v = {0};
	uint8_t src[16] = {0};
	struct wr_finding *f;
	uint64_t hash = 0;
	double clients;
	bool is_new;

	if (d->step - s->since > 2 * STEPS) {
		memset(s->clients, 0, sizeof(s->clients));
		s->since = d->step;
		s->requests = 0;
	}
	s->requests++;
	if (pkt->data && h->payload_off + DHCP_CHADDR + 6u <= pkt->caplen)
		memcpy(&hash, pkt->data + h->payload_off + DHCP_CHADDR, 6);
	memcpy(src, h->src, h->ip_v == 4 ? 4 : 16);
	hash = wr_mix(hash + addr_hash(src)); /* behind a relay the station may be the same */
	s->clients[hash >> 6 & (WORDS - 1)] |= 1ull << (hash & 63);
	clients = linear_count(s->clients, WORDS);
	if (clients < DHCP_CLIENTS)
		return;
	f = find(d, WR_CLASS_DHCP_FLOOD, &v, &is_new);
	if (!f || !is_new)
		return;
	evidence_only(f, WR_FEATURE_STATIONS, round(clients));
	evidence_only(f, WR_FEATURE_ATTEMPTS, s->requests);
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - s->since + 1) / (double)STEPS);
	f->start_ns = step_end(d) - (d->step - s->since + 1) * WR_DETECT_STEP_NS;
	f->score = clients / DHCP_CLIENTS;
	tell(d, f);
}

void stations_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	if (rec->has & WR_HAS_ARP)
		arp(d, rec);
	else if (h->has & WR_H_IP && h->has & WR_H_PORTS && h->proto == WR_IP_UDP &&
		 h->dport == PORT_DHCP)
		dhcp(d, pkt, h);
	if (h->has & WR_H_IP && !(rec->has & WR_HAS_ARP))
		route(d->stations, rec);
}
