/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/tally.h"

#include <stdlib.h>

static inline void add(struct wr_count *n, uint32_t bytes)
{
	n->packets++;
	n->bytes += bytes;
}

static void join(struct wr_count *to, const struct wr_count *more)
{
	to->packets += more->packets;
	to->bytes += more->bytes;
}

static struct wr_count *slot_of_type(struct wr_tally *t, uint16_t ethertype)
{
	int i;

	for (i = 0; i < WR_TALLY_TYPES; i++) {
		if (!t->ether[i].n.packets)
			t->ether[i].ethertype = ethertype;
		if (t->ether[i].ethertype == ethertype)
			return &t->ether[i].n;
	}
	return &t->ether_rest;
}

static struct wr_count *slot_of_link(struct wr_tally *t, const struct wr_rec *rec)
{
	if (rec->has & WR_HAS_ETHERTYPE)
		return slot_of_type(t, rec->ethertype);
	return rec->has & WR_HAS_LLC ? &t->llc : &t->unknown;
}

/* Things that few packets are. */
static void add_rare(struct wr_tally *t, const struct wr_rec *rec, uint32_t len)
{
	if (rec->bad)
		add(&t->bad[rec->bad], len);
	if (rec->nvlan)
		add(&t->vlan, len);
	if (rec->has & WR_HAS_INNER)
		add(&t->tunnel[rec->tunnel < WR_TUNNEL_COUNT ? rec->tunnel : 0], len);
	if (rec->hdr[0].has & WR_H_IP && rec->hdr[0].has & WR_H_FRAG)
		add(&t->fragments, len);
}

void wr_tally_add(struct wr_tally *t, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	uint32_t len = pkt->len;

	if (!t->all.packets || pkt->ts_ns < t->first_ns)
		t->first_ns = pkt->ts_ns;
	if (pkt->ts_ns > t->last_ns)
		t->last_ns = pkt->ts_ns;
	add(&t->all, len);
	t->captured_bytes += pkt->caplen;
	if (!(h->has & WR_H_IP))
		add(slot_of_link(t, rec), len);
	else if (h->has & WR_H_PROTO)
		add(&t->ip[h->ip_v == 6][h->proto], len);
	else
		add(&t->no_proto[h->ip_v == 6], len);
	if (rec->bad | rec->nvlan | (rec->has & WR_HAS_INNER) | (h->has & WR_H_FRAG))
		add_rare(t, rec, len);
}

struct wr_count wr_tally_ip(const struct wr_tally *t, int version)
{
	struct wr_count n = t->no_proto[version == 6];
	int i;

	for (i = 0; i < 256; i++)
		join(&n, &t->ip[version == 6][i]);
	return n;
}

static int by_bytes(const void *a, const void *b)
{
	const struct wr_tally_row *x = a, *y = b;

	if (x->n.bytes != y->n.bytes)
		return x->n.bytes < y->n.bytes ? 1 : -1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (int)x->number - (int)y->number;
}

/* Adds a row if anything was counted. */
static int row(struct wr_tally_row *rows, int used, int kind, uint16_t number, struct wr_count n)
{
	if (!n.packets)
		return used;
	rows[used] = (struct wr_tally_row){.kind = kind, .number = number, .n = n};
	return used + 1;
}

int wr_tally_rows(const struct wr_tally *t, struct wr_tally_row rows[WR_TALLY_ROWS_MAX])
{
	struct wr_count both;
	int i, n = 0;

	for (i = 0; i < 256; i++) {
		both = t->ip[0][i];
		join(&both, &t->ip[1][i]);
		n = row(rows, n, WR_TALLY_PROTO, (uint16_t)i, both);
	}
	both = t->no_proto[0];
	join(&both, &t->no_proto[1]);
	n = row(rows, n, WR_TALLY_NO_PROTO, 0, both);
	for (i = 0; i < WR_TALLY_TYPES; i++)
		n = row(rows, n, WR_TALLY_ETHER, t->ether[i].ethertype, t->ether[i].n);
	n = row(rows, n, WR_TALLY_ETHER_REST, 0, t->ether_rest);
	n = row(rows, n, WR_TALLY_LLC, 0, t->llc);
	n = row(rows, n, WR_TALLY_UNKNOWN, 0, t->unknown);
	qsort(rows, (size_t)n, sizeof(*rows), by_bytes);
	return n;
}
