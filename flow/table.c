/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto.h"
#include "flow/index.h"

enum { KEY_WORDS = sizeof(struct wr_flow_key) / 8, FLOWS_MAX = 1 << 28, NOBODY = -1 };

/* Order of arrival, apart from the rows: moving to the front touches neighbours, and theirs is then 12
 * bytes near by instead of a cache line far away. */
struct place {
	uint32_t newer, older;
	uint32_t tag; /* hash of the row's key, to find its cell again */
};

struct wr_flow_table {
	struct wr_flow *rows;	/* owned, flows_max */
	struct place *places;	/* owned, one per row */
	uint32_t used, max;
	uint32_t newest, oldest; /* rows; (uint32_t)NOBODY when empty */
	struct wr_index index;
	struct wr_hash_secret secret;
	struct wr_flow_other other;
	wr_flow_gone_fn gone;
	void *ctx;
};

static int fail(struct wr_flow_table *t, struct wr_err *err)
{
	unsigned int max = t->max;

	wr_flow_close(&t);
	return wr_fail(err, ENOMEM, "no memory for a table of %u flows: ask for fewer", max);
}

int wr_flow_open(struct wr_flow_table **out, const struct wr_flow_conf *conf, struct wr_err *err)
{
	static const struct wr_flow_conf defaults;
	struct wr_flow_table *t;

	conf = conf ? conf : &defaults;
	if (conf->flows_max > FLOWS_MAX)
		return wr_fail(err, EINVAL, "a table of %u flows: at most %u are possible",
			       conf->flows_max, FLOWS_MAX);
	t = calloc(1, sizeof(*t));
	if (!t)
		return wr_fail(err, ENOMEM, "no memory for a flow table");
	t->max = conf->flows_max ? conf->flows_max : WR_FLOW_MAX_DEFAULT;
	t->gone = conf->gone;
	t->ctx = conf->ctx;
	t->newest = t->oldest = (uint32_t)NOBODY;
	wr_hash_secret_make(&t->secret);
	t->rows = wr_mem_map(t->max * sizeof(*t->rows));
	t->places = wr_mem_map(t->max * sizeof(*t->places));
	if (!t->rows || !t->places || wr_index_open(&t->index, t->max) < 0)
		return fail(t, err);
	*out = t;
	return 0;
}

void wr_flow_close(struct wr_flow_table **t)
{
	if (!*t)
		return;
	wr_mem_unmap((*t)->rows, (*t)->max * sizeof(*(*t)->rows));
	wr_mem_unmap((*t)->places, (*t)->max * sizeof(*(*t)->places));
	wr_index_close(&(*t)->index);
	free(*t);
	*t = NULL;
}

/* ---- order of arrival ---- */

static inline void unlink_place(struct wr_flow_table *t, uint32_t row)
{
	const struct place *p = &t->places[row];

	if (p->newer != (uint32_t)NOBODY)
		t->places[p->newer].older = p->older;
	else
		t->newest = p->older;
	if (p->older != (uint32_t)NOBODY)
		t->places[p->older].newer = p->newer;
	else
		t->oldest = p->newer;
}

static inline void link_newest(struct wr_flow_table *t, uint32_t row)
{
	struct place *p = &t->places[row];

	p->newer = (uint32_t)NOBODY;
	p->older = t->newest;
	if (t->newest != (uint32_t)NOBODY)
		t->places[t->newest].newer = row;
	else
		t->oldest = row;
	t->newest = row;
}

/* ---- keys ---- */

/* Negative, 0, positive: end 0 is lower, same, higher. */
static inline int compare_ends(const struct wr_hdr *h, size_t addr_len)
{
	int order = memcmp(h->src, h->dst, addr_len);

	return order || !(h->has & WR_H_PORTS) ? order : (int)h->sport - (int)h->dport;
}

static inline uint16_t tag_of(const struct wr_rec *rec)
{
	uint16_t tag = rec->hdr[0].has & WR_H_PROTO ? 0 : WR_FLOW_NO_PROTO;

	return rec->nvlan ? tag | WR_FLOW_VLAN | (rec->vlan[0] & WR_FLOW_VLAN_ID) : tag;
}

/* Fills the key; returns the end that sent the packet. */
static inline int make_key(struct wr_flow_key *k, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	size_t addr_len = h->ip_v == 4 ? 4 : 16;
	int from = compare_ends(h, addr_len) > 0;

	memset(k, 0, sizeof(*k));
	if (addr_len == 4) {
		memcpy(k->addr[from], h->src, 4);
		memcpy(k->addr[!from], h->dst, 4);
	} else {
		memcpy(k->addr[from], h->src, 16);
		memcpy(k->addr[!from], h->dst, 16);
	}
	if (h->has & WR_H_PORTS) {
		k->port[from] = h->sport;
		k->port[!from] = h->dport;
	}
	k->tag = tag_of(rec);
	k->proto = h->has & WR_H_PROTO ? h->proto : 0;
	k->ip_v = h->ip_v;
	return from;
}

/* ---- rows ---- */

static void count(struct wr_count *to, const struct wr_count *more)
{
	to->packets += more->packets;
	to->bytes += more->bytes;
}

static void add_other(struct wr_flow_other *o, const struct wr_flow *f)
{
	int server = wr_flow_server(f);

	count(&o->to_server, &f->sent[!server]);
	count(&o->to_client, &f->sent[server]);
	if (!o->flows || f->first_ns < o->first_ns)
		o->first_ns = f->first_ns;
	if (f->last_ns > o->last_ns)
		o->last_ns = f->last_ns;
	o->flows++;
}

/* The flow that was idle for the longest makes room. */
static uint32_t displace(struct wr_flow_table *t)
{
	uint32_t row = t->oldest;

	if (t->gone)
		t->gone(t->ctx, &t->rows[row]);
	add_other(&t->other, &t->rows[row]);
	wr_index_drop(&t->index, t->places[row].tag, row);
	unlink_place(t, row);
	return row;
}

static uint32_t new_row(struct wr_flow_table *t, const struct wr_flow_key *k, uint32_t tag,
			const struct wr_packet *pkt, int from)
{
	uint32_t row = t->used < t->max ? t->used++ : displace(t);

	t->rows[row] = (struct wr_flow){
		.key = *k,
		.first_ns = pkt->ts_ns,
		.last_ns = pkt->ts_ns,
		.opener = (uint8_t)from,
		.caller = WR_FLOW_CALLER_UNKNOWN,
		.first_num = pkt->num,
	};
	t->places[row].tag = tag;
	link_newest(t, row);
	wr_index_put(&t->index, tag, row);
	return row;
}

static inline uint32_t find(struct wr_flow_table *t, const struct wr_flow_key *k, uint32_t tag)
{
	const struct wr_index *x = &t->index;
	uint32_t i;

	for (i = tag & x->mask; x->cells[i].row; i = (i + 1) & x->mask)
		if (x->cells[i].tag == tag &&
		    wr_same_words(&t->rows[x->cells[i].row - 1].key, k, KEY_WORDS))
			return x->cells[i].row - 1;
	return (uint32_t)NOBODY;
}

static inline void add_tcp(struct wr_flow *f, int from, uint16_t flags)
{
	f->tcp_flags[from] |= flags;
	if (flags & WR_TCP_SYN) {
		/* A SYN says it; a SYN+ACK says it when the SYN was not seen. */
		if (!(flags & WR_TCP_ACK))
			f->caller = (uint8_t)from;
		else if (f->caller == WR_FLOW_CALLER_UNKNOWN)
			f->caller = !from;
	}
}

bool wr_flow_add(struct wr_flow_table *t, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	struct wr_flow_key k;
	struct wr_flow *f;
	uint32_t tag, row;
	int from;

	if (!(rec->hdr[0].has & WR_H_IP))
		return false;
	from = make_key(&k, rec);
	tag = wr_hash_words(&t->secret, &k, KEY_WORDS);
	row = find(t, &k, tag);
	if (row == (uint32_t)NOBODY) {
		row = new_row(t, &k, tag, pkt, from);
	} else if (row != t->newest) {
		unlink_place(t, row);
		link_newest(t, row);
	}
	f = &t->rows[row];
	f->sent[from].packets++;
	f->sent[from].bytes += pkt->len;
	if (pkt->ts_ns > f->last_ns)
		f->last_ns = pkt->ts_ns;
	else if (pkt->ts_ns < f->first_ns)
		f->first_ns = pkt->ts_ns;
	if (rec->hdr[0].has & WR_H_TCP)
		add_tcp(f, from, rec->hdr[0].tcp_flags);
	return true;
}

uint32_t wr_flow_rows(const struct wr_flow_table *t)
{
	return t->used;
}

const struct wr_flow *wr_flow_row(const struct wr_flow_table *t, uint32_t row)
{
	return &t->rows[row];
}

const struct wr_flow_other *wr_flow_other(const struct wr_flow_table *t)
{
	return &t->other;
}
