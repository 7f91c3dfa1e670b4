/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/flow.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto.h"
#include "flow/index.h"
#include "flow/pack.h"

enum {
	KEY_WORDS = WR_PACK_KEY_WORDS,
	FLOWS_MAX = 1 << 28,
	NOBODY = -1,
	WAITING = 16,	  /* packets whose memory is on its way; a power of two */
	CELL_HERE = 6,	  /* so many packets later the cell is taken to be there, */
	ROW_HERE = 11,	  /* and the row */
	NEXT_OUT = 12,	  /* so far ahead is looked at what makes room: its row, */
	ADDR_OUT = 8,	  /* so far its addresses, */
	CELL_OUT = 4,	  /* and its cell */
	LOOK_SHARE = 8,	  /* wr_flow_expire() looks at so many-th part of the rows, */
	LOOK_LEAST = 8192 /* and at so many: of fewer, each ends when it is due */
};

#define LINGER_NS 1000000000ull /* after a FIN or RST: the last acknowledgement belongs to it */

/* Order of arrival, apart from the rows: moving to the front touches neighbours, and theirs is then
 * eight bytes near by instead of a cache line far away. */
struct place {
	uint32_t newer, older;
};

/*
 * A packet that waits for memory. With many flows nearly each packet finds its cell and its row in
 * no cache, which costs more than all the rest. So a packet asks for its cell, some packets later
 * for its row, and is counted when both are here. Packets are counted in the order in which they
 * came.
 */
struct waiting {
	struct wr_flow_part part; /* of one packet */
	uint32_t tag;		  /* hash of its key */
};

/* What a flow did in the newest windows. bytes[] are of both ends, valid from `began` on. */
struct pace {
	uint64_t began, newest; /* numbers of windows */
	uint64_t began_ns;
	struct wr_count now[2];	   /* of window `newest` */
	struct wr_count before[2]; /* of the one before it */
	struct wr_count told[2];   /* in parts */
	float bytes[WR_FLOW_CELLS];
};
_Static_assert(sizeof(struct pace) == 184, "told in flow.h");

struct wr_flow_table {
	struct waiting waiting[WAITING];
	uint32_t added, settled;  /* packets, modulo 2^32; at most WAITING apart */
	struct wr_pack_row *rows; /* owned, flows_max */
	struct place *places;	  /* owned, one per row */
	uint64_t *nums;		  /* owned, first frame of each row */
	bool has_nums;		  /* some frame had a number; else nums is not touched */
	struct pace *paces;	  /* owned, one per row; NULL: nobody asked */
	uint64_t filling, whole;  /* numbers of windows */
	uint32_t used, max;
	uint32_t newest, oldest; /* rows; (uint32_t)NOBODY when empty */
	struct wr_pack pack;
	struct wr_index index;
	struct wr_hash_secret secret;
	struct wr_flow_other other;
	struct wr_flow_ended ended;
	uint32_t hand; /* row that wr_flow_expire() looks at next */
	wr_flow_gone_fn gone, soon;
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
	t->soon = conf->soon;
	t->ctx = conf->ctx;
	t->newest = t->oldest = (uint32_t)NOBODY;
	wr_hash_secret_make(&t->secret);
	t->rows = wr_mem_map(t->max * sizeof(*t->rows));
	t->places = wr_mem_map(t->max * sizeof(*t->places));
	t->nums = wr_mem_map(t->max * sizeof(*t->nums));
	if (conf->paces)
		t->paces = wr_mem_map(t->max * sizeof(*t->paces));
	if (!t->rows || !t->places || !t->nums || !t->paces != !conf->paces ||
	    wr_pack_open(&t->pack, t->max) < 0 || wr_index_open(&t->index, t->max) < 0)
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
	wr_mem_unmap((*t)->nums, (*t)->max * sizeof(*(*t)->nums));
	wr_mem_unmap((*t)->paces, (*t)->max * sizeof(*(*t)->paces));
	wr_pack_close(&(*t)->pack);
	wr_index_close(&(*t)->index);
	free(*t);
	*t = NULL;
}

/* ---- paces ---- */

static void count(struct wr_count *to, const struct wr_count *more)
{
	to->packets += more->packets;
	to->bytes += more->bytes;
}

static void pace_begin(struct wr_flow_table *t, uint32_t row, uint64_t began_ns)
{
	if (t->paces)
		t->paces[row] = (struct pace){
			.began = t->filling, .newest = t->filling, .began_ns = began_ns};
}

static void pace_add(struct pace *p, uint64_t window, const struct wr_flow_part *part)
{
	static const struct wr_count none;

	if (p->newest != window) {
		uint64_t w = p->newest + 1;

		if (window - p->newest >= WR_FLOW_CELLS)
			w = window - WR_FLOW_CELLS + 1;
		for (; w <= window; w++)
			p->bytes[w % WR_FLOW_CELLS] = 0;
		for (int end = 0; end < 2; end++) {
			p->before[end] = p->newest + 1 == window ? p->now[end] : none;
			p->now[end] = none;
		}
		p->newest = window;
	}
	count(&p->now[part->from], &part->n);
	p->bytes[window % WR_FLOW_CELLS] += (float)part->n.bytes;
}

void wr_flow_window(struct wr_flow_table *t, uint64_t filling, uint64_t whole)
{
	t->filling = filling;
	t->whole = whole;
}

struct wr_flow_pace wr_flow_pace(const struct wr_flow_table *t, uint32_t row)
{
	const struct pace *p = t->paces ? &t->paces[row] : NULL;
	struct wr_flow_pace pace = {0};
	struct wr_pack_sums s;

	if (!p)
		return pace;
	s = wr_pack_sums(&t->pack, &t->rows[row]);
	pace.began_ns = p->began_ns;
	for (int end = 0; end < 2; end++) {
		pace.all[end] = s.sent[end];
		count(&pace.all[end], &p->told[end]);
		if (p->newest == t->whole)
			pace.now[end] = p->now[end];
		else if (p->newest == t->whole + 1)
			pace.now[end] = p->before[end];
	}
	return pace;
}

double wr_flow_cell(const struct wr_flow_table *t, uint32_t row, unsigned int ago)
{
	const struct pace *p = t->paces ? &t->paces[row] : NULL;
	uint64_t w = t->whole - ago;

	if (!p || ago > t->whole || w < p->began || w > p->newest || p->newest - w >= WR_FLOW_CELLS)
		return 0;
	return p->bytes[w % WR_FLOW_CELLS];
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

#define LAST_WORD(field) (offsetof(struct wr_flow_key, field) - 32)
_Static_assert(offsetof(struct wr_flow_key, port) == 32, "the last word is all but the addresses");

static inline uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* True: the source is the higher end. */
static inline bool source_is_higher(const struct wr_hdr *h, uint32_t sport, uint32_t dport)
{
	int order = h->ip_v == 4 ? 0 : memcmp(h->src, h->dst, 16);
	uint32_t src, dst;

	if (h->ip_v == 4) {
		memcpy(&src, h->src, 4);
		memcpy(&dst, h->dst, 4);
		return ((uint64_t)be32toh(src) << 16 | sport) >
		       ((uint64_t)be32toh(dst) << 16 | dport);
	}
	return order > 0 || (order == 0 && sport > dport);
}

uint8_t wr_flow_key_make(struct wr_flow_key *key, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	bool has_ports = h->has & WR_H_PORTS, has_proto = h->has & WR_H_PROTO;
	uint32_t sport = has_ports ? h->sport : 0, dport = has_ports ? h->dport : 0;
	uint32_t tag = has_proto ? 0 : WR_FLOW_NO_PROTO, v4[2];
	int from = source_is_higher(h, sport, dport);
	uint64_t w[KEY_WORDS];

	if (h->ip_v == 4) {
		memcpy(&v4[0], from ? h->dst : h->src, 4);
		memcpy(&v4[1], from ? h->src : h->dst, 4);
		w[0] = WR_FIELD(v4[0], 0, 4);
		w[2] = WR_FIELD(v4[1], 0, 4);
		w[1] = w[3] = 0;
	} else {
		w[0] = load(from ? h->dst : h->src);
		w[1] = load((from ? h->dst : h->src) + 8);
		w[2] = load(from ? h->src : h->dst);
		w[3] = load((from ? h->src : h->dst) + 8);
	}
	if (rec->nvlan)
		tag |= WR_FLOW_VLAN | (rec->vlan[0] & WR_FLOW_VLAN_ID);
	w[4] = WR_FIELD(from ? dport : sport, LAST_WORD(port[0]), 2) |
	       WR_FIELD(from ? sport : dport, LAST_WORD(port[1]), 2) |
	       WR_FIELD(tag, LAST_WORD(tag), 2) |
	       WR_FIELD(has_proto ? h->proto : 0, LAST_WORD(proto), 1) |
	       WR_FIELD(h->ip_v, LAST_WORD(ip_v), 1);
	memcpy(key, w, sizeof(w));
	return (uint8_t)from;
}

/* ---- rows ---- */

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

static struct wr_flow flow_of(const struct wr_flow_table *t, uint32_t row)
{
	struct wr_flow f;

	wr_pack_flow(&t->pack, &t->rows[row], &f);
	f.first_num = t->has_nums ? t->nums[row] : 0;
	f.end_reason = WR_FLOW_END_NONE;
	return f;
}

static uint32_t tag_of(const void *table, uint32_t row)
{
	const struct wr_flow_table *t = table;

	return wr_pack_tag(&t->pack, &t->rows[row], &t->secret);
}

static inline bool same(const void *table, uint32_t row, const void *key)
{
	const struct wr_flow_table *t = table;

	return wr_pack_same(&t->pack, &t->rows[row], key);
}

WR_ASK void fetch_row(const struct wr_flow_table *t, uint32_t row)
{
	__builtin_prefetch(&t->rows[row], 1);
	__builtin_prefetch(&t->places[row], 1);
}

/*
 * A flow that makes room is one that nobody has touched for long: in no cache. So those that are
 * next are asked for some turns before: first the row, then what else its leaving touches.
 */
static void look_ahead(struct wr_flow_table *t)
{
	uint32_t row = t->oldest, i;

	for (i = 0; i < NEXT_OUT && row != (uint32_t)NOBODY; i++) {
		if (i == CELL_OUT) {
			wr_index_ask(&t->index, tag_of(t, row));
			if (t->soon) {
				struct wr_flow f = flow_of(t, row);

				t->soon(t->ctx, &f);
			}
		}
		if (i == ADDR_OUT)
			wr_pack_ask(&t->pack, &t->rows[row]);
		row = t->places[row].newer;
	}
	if (row == (uint32_t)NOBODY)
		return;
	fetch_row(t, row);
	if (t->has_nums)
		__builtin_prefetch(&t->nums[row], 1);
}

/* The flow that was idle for the longest makes room. */
static uint32_t displace(struct wr_flow_table *t)
{
	uint32_t row = t->oldest;
	struct wr_flow f;

	look_ahead(t);
	f = flow_of(t, row);
	f.end_reason = WR_FLOW_END_ROOM;
	if (t->gone)
		t->gone(t->ctx, &f);
	add_other(&t->other, &f);
	wr_index_drop(&t->index, tag_of(t, row), row, tag_of, t);
	unlink_place(t, row);
	wr_pack_end(&t->pack, &t->rows[row]);
	return row;
}

static uint32_t new_row(struct wr_flow_table *t, const struct wr_flow_part *p, uint32_t tag)
{
	uint32_t row = t->used < t->max ? t->used++ : displace(t);

	wr_pack_begin(&t->pack, &t->rows[row], p, tag);
	t->has_nums |= p->num != 0;
	if (t->has_nums)
		t->nums[row] = p->num;
	pace_begin(t, row, p->first_ns);
	link_newest(t, row);
	wr_index_put(&t->index, tag, row);
	return row;
}

static inline uint32_t settle(struct wr_flow_table *t, const struct wr_flow_part *p, uint32_t tag)
{
	uint32_t row = wr_index_find(&t->index, tag, same, t, &p->key);

	if (row == (uint32_t)NOBODY) {
		row = new_row(t, p, tag);
	} else if (row != t->newest) {
		unlink_place(t, row);
		link_newest(t, row);
	}
	wr_pack_add(&t->pack, &t->rows[row], p);
	if (t->paces)
		pace_add(&t->paces[row], t->filling, p);
	return row;
}

/* The cell has come: ask for the row that it names. A wrong guess costs nothing but the guess. */
WR_ASK void ask_for_row(const struct wr_flow_table *t, const struct waiting *p)
{
	uint32_t row = wr_index_guess(&t->index, p->tag);

	if (row != (uint32_t)NOBODY)
		fetch_row(t, row);
}

/* The row has come: ask for its neighbours in the order of arrival, whose places will be written,
 * and for its addresses. */
WR_ASK void ask_for_neighbours(const struct wr_flow_table *t, const struct waiting *p)
{
	uint32_t row = wr_index_guess(&t->index, p->tag);

	if (row == (uint32_t)NOBODY)
		return;
	wr_pack_ask(&t->pack, &t->rows[row]);
	if (t->places[row].newer != (uint32_t)NOBODY)
		__builtin_prefetch(&t->places[t->places[row].newer], 1);
	if (t->places[row].older != (uint32_t)NOBODY)
		__builtin_prefetch(&t->places[t->places[row].older], 1);
}

bool wr_flow_add(struct wr_flow_table *t, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	struct waiting *w = &t->waiting[t->added % WAITING];
	struct wr_flow_part *p = &w->part;

	if (!(rec->hdr[0].has & WR_H_IP))
		return false;
	if (t->added - t->settled == WAITING) {
		settle(t, p, w->tag);
		t->settled++;
	}
	p->from = wr_flow_key_make(&p->key, rec);
	w->tag = wr_hash_words(&t->secret, &p->key, KEY_WORDS);
	wr_index_ask(&t->index, w->tag);
	p->first_ns = p->last_ns = pkt->ts_ns;
	p->num = pkt->num;
	p->n = (struct wr_count){1, pkt->len};
	p->tcp_flags = rec->hdr[0].has & WR_H_TCP ? rec->hdr[0].tcp_flags : 0;
	p->syn = wr_flow_syn(p->tcp_flags);
	t->added++;
	if (t->added - t->settled > CELL_HERE)
		ask_for_row(t, &t->waiting[(t->added - 1 - CELL_HERE) % WAITING]);
	if (t->added - t->settled > ROW_HERE)
		ask_for_neighbours(t, &t->waiting[(t->added - 1 - ROW_HERE) % WAITING]);
	return true;
}

static void settle_all(struct wr_flow_table *t)
{
	while (t->settled != t->added) {
		const struct waiting *w = &t->waiting[t->settled++ % WAITING];

		settle(t, &w->part, w->tag);
	}
}

struct wr_flow wr_flow_merge(struct wr_flow_table *t, const struct wr_flow_part *p)
{
	settle_all(t);
	return flow_of(t, settle(t, p, wr_hash_words(&t->secret, &p->key, KEY_WORDS)));
}

uint32_t wr_flow_ask(const struct wr_flow_table *t, const struct wr_flow_key *key)
{
	uint32_t tag = wr_hash_words(&t->secret, key, KEY_WORDS);

	wr_index_ask(&t->index, tag);
	return tag;
}

void wr_flow_ask_row(struct wr_flow_table *t, uint32_t tag)
{
	uint32_t row = wr_index_guess(&t->index, tag);

	if (row == (uint32_t)NOBODY)
		return;
	fetch_row(t, row);
	for (size_t at = 0; t->paces && at < sizeof(*t->paces); at += 64)
		__builtin_prefetch((uint8_t *)&t->paces[row] + at, 1);
}

/* ---- the end of flows ---- */

/* The last row takes the place of one that goes: rows stay without gaps. */
static void drop_row(struct wr_flow_table *t, uint32_t row)
{
	uint32_t last = --t->used;

	wr_index_drop(&t->index, tag_of(t, row), row, tag_of, t);
	unlink_place(t, row);
	wr_pack_end(&t->pack, &t->rows[row]);
	if (row == last)
		return;
	t->rows[row] = t->rows[last];
	t->places[row] = t->places[last];
	if (t->has_nums)
		t->nums[row] = t->nums[last];
	if (t->paces)
		t->paces[row] = t->paces[last];
	wr_index_move(&t->index, tag_of(t, row), last, row);
	if (t->places[row].newer != (uint32_t)NOBODY)
		t->places[t->places[row].newer].older = row;
	else
		t->newest = row;
	if (t->places[row].older != (uint32_t)NOBODY)
		t->places[t->places[row].older].newer = row;
	else
		t->oldest = row;
}

/* Both ends that were seen have said FIN, or one RST; what comes right behind is waited for. */
static bool tcp_ended(const struct wr_flow *f, uint64_t now_ns)
{
	int end;

	if (f->key.proto != WR_IP_TCP || f->last_ns + LINGER_NS > now_ns)
		return false;
	if ((f->tcp_flags[0] | f->tcp_flags[1]) & WR_TCP_RST)
		return true;
	for (end = 0; end < 2; end++)
		if (f->tcp_flags[end] && !(f->tcp_flags[end] & WR_TCP_FIN))
			return false;
	return f->tcp_flags[0] || f->tcp_flags[1];
}

static enum wr_flow_end due(const struct wr_flow *f, uint64_t now_ns, uint64_t idle_ns,
			    uint64_t active_ns)
{
	if (tcp_ended(f, now_ns))
		return WR_FLOW_END_SEEN;
	if (f->last_ns + idle_ns <= now_ns)
		return WR_FLOW_END_IDLE;
	return f->told_ns + active_ns <= now_ns ? WR_FLOW_END_ACTIVE : WR_FLOW_END_NONE;
}

static void pace_told(struct wr_flow_table *t, uint32_t row, const struct wr_count sent[2])
{
	for (int end = 0; t->paces && end < 2; end++)
		count(&t->paces[row].told[end], &sent[end]);
}

/* Told, and its counters with it; a flow that goes on begins anew. */
static void tell(struct wr_flow_table *t, uint32_t row, struct wr_flow *f, enum wr_flow_end why,
		 uint64_t now_ns)
{
	struct wr_pack_sums anew = {f->last_ns, f->last_ns, now_ns, {{0}, {0}}};

	f->end_reason = (uint8_t)why;
	if (t->gone)
		t->gone(t->ctx, f);
	for (int end = 0; end < 2; end++)
		count(&t->ended.n, &f->sent[end]);
	pace_told(t, row, f->sent);
	wr_pack_drop_sums(&t->pack, &t->rows[row]);
	wr_pack_put(&t->pack, &t->rows[row], &anew);
}

uint32_t wr_flow_expire(struct wr_flow_table *t, uint64_t now_ns, uint64_t idle_ns,
			uint64_t active_ns)
{
	uint32_t looks, told = 0;

	settle_all(t);
	for (looks = t->used / LOOK_SHARE + LOOK_LEAST; looks && t->used; looks--) {
		uint32_t row = t->hand < t->used ? t->hand : (t->hand = 0);
		struct wr_flow f = flow_of(t, row);
		enum wr_flow_end why = due(&f, now_ns, idle_ns, active_ns);

		t->hand++;
		if (!why)
			continue;
		told++;
		tell(t, row, &f, why, now_ns);
		if (why == WR_FLOW_END_ACTIVE)
			continue;
		t->ended.flows++;
		drop_row(t, row);
		t->hand--; /* another one has taken its place */
	}
	return told;
}

uint32_t wr_flow_rows(struct wr_flow_table *t)
{
	settle_all(t);
	return t->used;
}

struct wr_flow wr_flow_row(const struct wr_flow_table *t, uint32_t row)
{
	return flow_of(t, row);
}

uint32_t wr_flow_find(struct wr_flow_table *t, const struct wr_flow_key *key)
{
	settle_all(t);
	return wr_index_find(&t->index, wr_hash_words(&t->secret, key, KEY_WORDS), same, t, key);
}

const struct wr_flow_other *wr_flow_other(struct wr_flow_table *t)
{
	settle_all(t);
	return &t->other;
}

const struct wr_flow_ended *wr_flow_ended(const struct wr_flow_table *t)
{
	return &t->ended;
}
