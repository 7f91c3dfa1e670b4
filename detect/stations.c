/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/claim.h"
#include "detect/impl.h"

/*
 * The local link: which station has which address (ARP, neighbour discovery), who gives addresses
 * away (DHCP, RFC 2131).
 */

enum {
	ADDRS = 4096,
	DHCP_CLIENTS = 40, /* different ones in two seconds */
	WORDS = 4,
	ARP_REQUEST = 1,
	SURE = 3, /* times that it was said */
	FRESH = 600 * STEPS,
	GRACE = 2 * STEPS, /* until one that gives an address up is silent */
	CHANGES = 3,	   /* of hands, each within so long of the one before */
	CHANGES_STEPS = 60 * STEPS,
	FAR = 10, /* packets */
	PORT_DHCP = 67,
	DHCP_CHADDR = 28, /* offset of the client's address */
};

struct station {
	struct wr_talk_key key;
	uint32_t step;
	uint8_t mac[6];
	uint16_t told; /* how often it has said so */
	/* Another one announced that it has it now: */
	uint8_t was[6], changes;
	uint32_t moved;	   /* when; 0: never */
	uint32_t disputed; /* that both had it; 0: never */
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

/* Who is told it: the one that it is said to, or else whose address it is. */
static struct wr_victim told_to(const struct wr_claim *c, bool all)
{
	static const uint8_t nothing[16];
	bool one = !all && memcmp(c->to, nothing, 16) && !(c->ip_v == 6 && c->to[0] == 0xff);

	return victim_of(one ? c->to : c->addr, c->ip_v);
}

/* since: the step when it began; 0: now */
static void tell_spoof(struct wr_detect *d, const struct wr_claim *c, uint32_t since)
{
	struct wr_victim v = told_to(c, since);
	struct wr_finding *f;
	bool is_new;

	f = find(d, WR_CLASS_ARP_SPOOF, &v, &is_new);
	if (!f || !is_new)
		return;
	if (since)
		f->start_ns = d->step_ns - (uint64_t)(d->step - since) * WR_DETECT_STEP_NS;
	only_source(f, c->addr, c->ip_v, 1);
	evidence_only(f, WR_FEATURE_STATIONS, 2);
	f->score = 3;
	tell(d, f);
}

/* Routers have the first or the last address by custom. */
static bool may_be_gateway(const uint8_t *ip)
{
	return ip[3] == 1 || ip[3] == 254;
}

static bool within(const struct wr_detect *d, uint32_t step, uint32_t steps)
{
	return step && d->step - step < steps;
}

/* Stations of one link: fe80::1 is on each of them. */
static uint16_t link_of_station(const struct wr_packet *pkt, const struct wr_rec *rec)
{
	uint64_t h = link_of(pkt->iface);

	for (int i = 0; i < rec->nvlan && i < WR_MAX_VLAN; i++)
		h = wr_mix(h + (rec->vlan[i] & 0xfff) + 1);
	return (uint16_t)h;
}

static struct station *station_of(struct wr_detect *d, const struct wr_talk_key *key, bool *is_new)
{
	struct wr_rows *rows = &d->stations->rows;
	uint32_t tag = wr_rows_hash(rows, key);
	struct station *s = wr_rows_find(rows, key, tag);

	*is_new = !s;
	if (s)
		return s;
	s = wr_rows_make(rows, key, tag, weigh, gone, d);
	memset(&s->step, 0, sizeof(*s) - offsetof(struct station, step));
	return s;
}

/* It has it from now on; `was` had it, and is watched: does it go on? */
static void moves(const struct wr_detect *d, struct station *s, const uint8_t was[6],
		  const uint8_t now[6])
{
	uint8_t old[6];

	memcpy(old, was, 6); /* may be s->mac */
	memcpy(s->was, old, 6);
	memcpy(s->mac, now, 6);
	s->changes = within(d, s->moved, CHANGES_STEPS) ? s->changes + 1 : 1;
	s->moved = d->step;
	s->told = 0;
}

/* Both have it. The one that had it first is taken for the right one. */
static void dispute(struct wr_detect *d, struct station *s, const struct wr_claim *c,
		    const uint8_t first[6])
{
	uint8_t mac[6];

	tell_spoof(d, c, s->moved);
	memcpy(mac, first, 6); /* may be s->was */
	memcpy(s->mac, mac, 6);
	s->told = SURE;
	s->step = s->disputed = d->step;
	s->moved = 0;
}

/* The one that had it before says that it has it. A server that takes its address back announces
 * it, and then the other one is silent. */
static bool comes_back(struct wr_detect *d, struct station *s, const struct wr_claim *c)
{
	if (!c->announces) {
		if (!within(d, s->moved, GRACE))
			dispute(d, s, c, s->was);
		return false;
	}
	if (within(d, s->moved, CHANGES_STEPS) && s->changes + 1 >= CHANGES) {
		dispute(d, s, c, s->mac);
		return false;
	}
	moves(d, s, s->mac, c->station);
	return true;
}

/* Another one than is known says that it has the address. True: it has it from now on. */
static bool differs(struct wr_detect *d, struct station *s, const struct wr_claim *c)
{
	if (within(d, s->moved, FRESH) && !memcmp(s->was, c->station, 6))
		return comes_back(d, s, c);
	if (s->told < SURE || d->step - s->step >= FRESH) {
		memcpy(s->mac, c->station, 6);
		s->told = 0;
		s->moved = 0;
		return true;
	}
	if (!c->announces || within(d, s->disputed, FRESH)) {
		tell_spoof(d, c, 0);
		return false;
	}
	moves(d, s, s->mac, c->station);
	return true;
}

/* Routers that share an address answer for it under a station of their group, and send what they
 * pass on from their own: VRRP (RFC 9568), HSRP, GLBP. */
static bool is_shared(const uint8_t mac[6])
{
	static const struct {
		uint8_t n, first[5];
	} group[] = {{5, {0, 0, 0x5e, 0, 1}},
		     {5, {0, 0, 0x5e, 0, 2}},
		     {5, {0, 0, 0x0c, 7, 0xac}},
		     {4, {0, 0, 0x0c, 0x9f}},
		     {4, {0, 7, 0xb4, 0}}};

	for (size_t i = 0; i < sizeof(group) / sizeof(group[0]); i++)
		if (!memcmp(mac, group[i].first, group[i].n))
			return true;
	return false;
}

/* Is it a router's address, and what comes from far comes from another station? */
static bool by_another(const struct stations *all, const struct wr_claim *c)
{
	return c->ip_v == 4 && all->far >= FAR && may_be_gateway(c->addr) &&
	       memcmp(all->router, c->station, 6) && !is_shared(c->station);
}

/*
 * A station says that it has an address. Wrong, most likely: when another one has said so several
 * times and a moment ago, and goes on, or this one tells it to somebody rather than to everybody;
 * or when it is a router's address, and what comes from far comes from another station.
 */
static void claim(struct wr_detect *d, const struct wr_claim *c, uint16_t link)
{
	struct wr_talk_key key = {.ip_v = c->ip_v, .tag = link};
	struct station *s;
	bool is_new;

	memcpy(key.addr, c->addr, 16);
	s = station_of(d, &key, &is_new);
	if (is_new) {
		memcpy(s->mac, c->station, 6);
		if (by_another(d->stations, c)) {
			if (!c->announces) {
				tell_spoof(d, c, 0);
				return;
			}
			moves(d, s, d->stations->router, c->station);
		}
	} else if (memcmp(s->mac, c->station, 6) && !differs(d, s, c)) {
		return;
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

/* ARP asks and is answered, as a scan does. */
static void asked(struct wr_detect *d, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	uint8_t from[16] = {0}, to[16] = {0};

	if (!(rec->has & WR_HAS_ARP_ADDR) || !memcmp(h->src, h->dst, 4))
		return;
	memcpy(from, h->src, 4);
	memcpy(to, h->dst, 4);
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
	struct wr_claim c;

	if (wr_claim_read(&c, pkt, rec))
		claim(d, &c, link_of_station(pkt, rec));
	if (rec->has & WR_HAS_ARP)
		asked(d, rec);
	else if (h->has & WR_H_IP && h->has & WR_H_PORTS && h->proto == WR_IP_UDP &&
		 h->dport == PORT_DHCP)
		dhcp(d, pkt, h);
	if (h->has & WR_H_IP && !(rec->has & WR_HAS_ARP))
		route(d->stations, rec);
}
