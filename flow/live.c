/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/account.h"
#include "flow/distinct.h"
#include "flow/opened.h"
#include "flow/rows.h"

enum { IFACES_MAX = 256 /* a flow keeps eight bits */, MINUTES = 2 };

#define NEVER (UINT64_MAX - 1) /* no minute that another one follows */
#define IDLE_NS 60000000000ull
#define ACTIVE_NS 300000000000ull
#define MINUTE_NS 60000000000ull

static const struct {
	const char *name;
	uint32_t max;
} kinds[WR_LIVE_KINDS] = {
#define X(sym, name, text, max) {name, max},
	WR_LIVE_TABLE(X)
#undef X
};

/* Distinct sources of a service, this minute's and the one before. How many those are is worked out
 * again when registers have changed: few do after a minute's first seconds. */
struct sources {
	uint64_t minute;
	uint32_t estimate[MINUTES];
	bool changed[MINUTES];
	uint8_t registers[MINUTES][WR_SKETCH_REGISTERS];
};

/* What a row is weighed by, apart from it: eight are looked at where one must make room, and the
 * rows themselves lie in as many pages. */
struct weight_now {
	uint64_t newest, bytes; /* as in the row; both ways */
	uint64_t newest_bytes;	/* of the window `newest` */
};

struct wr_live {
	struct wr_flow_table *flows; /* owned, as all below */
	struct wr_apps *apps;
	struct wr_rows rows[WR_LIVE_KINDS];
	struct wr_live_row other[WR_LIVE_KINDS];
	struct wr_rows listen;			   /* struct wr_talk_key */
	struct sources *sources;		   /* one per row of services */
	struct weight_now *weights[WR_LIVE_KINDS]; /* one per row */
	struct wr_live_total total;
	struct wr_live_row sum; /* cells of the totals */
	struct wr_live_conf conf;
	struct wr_live_tap tap[WR_LIVE_TAPS];
	int n_taps;
	struct wr_opened *opened; /* owned */
	struct {
		uint32_t flow, talker, service; /* hashes of keys */
	} soon[WR_LIVE_SOON];
	char iface[IFACES_MAX][16];
	uint32_t n_ifaces;
	uint64_t window;    /* number of the one that is being filled; counts from 1 */
	uint64_t window_ns; /* when it began */
};

const uint32_t wr_live_size_bound[WR_LIVE_SIZES] = {63,	  127,	255,  511,
						    1023, 1518, 9018, UINT32_MAX};

const char *wr_live_name(enum wr_live_kind kind)
{
	return kinds[kind].name;
}

/* ---- open, close ---- */

static int open_rows(struct wr_live *l, struct wr_err *err)
{
	for (int k = 0; k < WR_LIVE_KINDS; k++) {
		l->weights[k] = wr_mem_map(kinds[k].max * sizeof(**l->weights));
		if (!l->weights[k] ||
		    wr_rows_open(&l->rows[k], sizeof(struct wr_live_row), kinds[k].max))
			return wr_fail(err, ENOMEM, "no memory for %u %s", kinds[k].max,
				       kinds[k].name);
	}
	if (wr_rows_open(&l->listen, sizeof(struct wr_talk_key), WR_LIVE_LISTEN_MAX))
		return wr_fail(err, ENOMEM, "no memory for listening sockets");
	l->sources = wr_mem_map(kinds[WR_LIVE_SERVICES].max * sizeof(*l->sources));
	return l->sources ? 0 : wr_fail(err, ENOMEM, "no memory for distinct counts");
}

void wr_live_timeouts(struct wr_live *l, uint64_t idle_ns, uint64_t active_ns)
{
	l->conf.idle_ns = idle_ns ? idle_ns : IDLE_NS;
	l->conf.active_ns = active_ns ? active_ns : ACTIVE_NS;
}

int wr_live_open(struct wr_live **out, const struct wr_live_conf *conf, struct wr_err *err)
{
	struct wr_live *l = calloc(1, sizeof(*l));
	struct wr_flow_conf flow = {0};
	int ret;

	if (!l)
		return wr_fail(err, ENOMEM, "no memory for live tables");
	if (conf)
		l->conf = *conf;
	wr_live_timeouts(l, l->conf.idle_ns, l->conf.active_ns);
	flow.flows_max = l->conf.flows_max;
	flow.gone = l->conf.flow_end;
	flow.ctx = l->conf.ctx;
	flow.paces = l->conf.paces;
	ret = wr_flow_open(&l->flows, &flow, err);
	if (!ret)
		ret = wr_apps_open(&l->apps, err);
	if (!ret)
		ret = wr_opened_open(&l->opened, err);
	if (!ret)
		ret = open_rows(l, err);
	if (ret) {
		wr_live_close(&l);
		return ret;
	}
	*out = l;
	return 0;
}

void wr_live_close(struct wr_live **live)
{
	struct wr_live *l = *live;

	if (!l)
		return;
	wr_flow_close(&l->flows);
	wr_apps_close(&l->apps);
	wr_opened_close(&l->opened);
	for (int k = 0; k < WR_LIVE_KINDS; k++) {
		wr_rows_close(&l->rows[k]);
		wr_mem_unmap(l->weights[k], kinds[k].max * sizeof(**l->weights));
	}
	wr_rows_close(&l->listen);
	wr_mem_unmap(l->sources, kinds[WR_LIVE_SERVICES].max * sizeof(*l->sources));
	free(l);
	*live = NULL;
}

uint32_t wr_live_iface(struct wr_live *l, const char *name)
{
	uint32_t i;

	for (i = 0; i < l->n_ifaces; i++)
		if (!strncmp(l->iface[i], name, sizeof(l->iface[i]) - 1))
			return i;
	if (l->n_ifaces == IFACES_MAX)
		return IFACES_MAX - 1;
	strncpy(l->iface[i], name, sizeof(l->iface[i]) - 1);
	return l->n_ifaces++;
}

const char *wr_live_iface_name(const struct wr_live *l, uint32_t number)
{
	return number < l->n_ifaces ? l->iface[number] : "";
}

/* ---- rows ---- */

static void add(struct wr_count *to, const struct wr_count *n)
{
	to->packets += n->packets;
	to->bytes += n->bytes;
}

static void less(struct wr_count *from, const struct wr_count *n)
{
	from->packets -= n->packets;
	from->bytes -= n->bytes;
}

/* The cell of the window that is being filled; those that were passed over are empty. */
static struct wr_packed_cell *cell_now(const struct wr_live *l, struct wr_live_row *r)
{
	uint64_t w = r->newest + 1;

	if (l->window - r->newest >= WR_LIVE_CELLS)
		w = l->window - WR_LIVE_CELLS + 1;
	for (; w <= l->window; w++)
		r->cells[w % WR_LIVE_CELLS] = (struct wr_packed_cell){0};
	r->newest = l->window;
	return &r->cells[l->window % WR_LIVE_CELLS];
}

/* Everything of a row but its key and its cells: those are valid from `began` on. */
static void row_begin(const struct wr_live *l, struct wr_live_row *r, uint64_t now_ns)
{
	memset(&r->in, 0, offsetof(struct wr_live_row, cells) - offsetof(struct wr_live_row, in));
	r->first_ns = now_ns;
	r->began = l->window;
	r->newest = l->window - 1;
}

static void row_add(const struct wr_live *l, struct wr_live_row *r, bool out,
		    const struct wr_count *n, uint64_t first_ns, uint64_t last_ns)
{
	struct wr_packed_cell *cell = cell_now(l, r);
	struct wr_count now = wr_packed_get(cell, out);

	add(&now, n);
	wr_packed_set(cell, out, now);
	add(out ? &r->out : &r->in, n);
	if (!r->first_ns || first_ns < r->first_ns)
		r->first_ns = first_ns;
	if (last_ns > r->last_ns)
		r->last_ns = last_ns;
}

static size_t number_of(const struct wr_live *l, enum wr_live_kind kind,
			const struct wr_live_row *r)
{
	return (size_t)(r - (const struct wr_live_row *)(const void *)l->rows[kind].rows);
}

/* To a row of a table. */
static void table_add(const struct wr_live *l, enum wr_live_kind kind, struct wr_live_row *r,
		      bool out, const struct wr_count *n, uint64_t first_ns, uint64_t last_ns)
{
	const struct wr_packed_cell *cell = &r->cells[l->window % WR_LIVE_CELLS];

	row_add(l, r, out, n, first_ns, last_ns);
	l->weights[kind][number_of(l, kind, r)] = (struct weight_now){
		r->newest, r->in.bytes + r->out.bytes,
		wr_packed_get(cell, false).bytes + wr_packed_get(cell, true).bytes};
}

/* What was told as others' is known to be a row's. */
static void row_take(struct wr_live *l, enum wr_live_kind kind, struct wr_live_row *r,
		     const struct wr_count *n)
{
	struct wr_live_row *other = &l->other[kind];
	struct wr_packed_cell *cell = cell_now(l, other);
	struct wr_count now = wr_packed_get(cell, false);

	table_add(l, kind, r, false, n, l->window_ns, l->window_ns);
	less(&other->in, n);
	less(&now, n);
	wr_packed_set(cell, false, now);
}

/* A row that has been quiet for some windows is lighter than any that is not. */
static uint64_t weigh(const struct wr_live *l, enum wr_live_kind kind, const void *row)
{
	const struct weight_now *w = &l->weights[kind][number_of(l, kind, row)];

	if (l->window - w->newest > 10)
		return w->bytes >> 16;
	return (w->bytes >> 6) + w->newest_bytes + (1u << 20);
}

/* Only the sums live on: what a row had in a window does not become the others'. */
static void join_other(struct wr_live *l, enum wr_live_kind kind, const struct wr_live_row *r)
{
	struct wr_live_row *o = &l->other[kind];

	if (!o->first_ns || r->first_ns < o->first_ns)
		o->first_ns = r->first_ns;
	if (r->last_ns > o->last_ns)
		o->last_ns = r->last_ns;
	add(&o->in, &r->in);
	add(&o->out, &r->out);
	o->flows += r->flows;
}

#define GONE(name, kind)                                               \
	static uint64_t weigh_##name(const void *ctx, const void *row) \
	{                                                              \
		return weigh(ctx, kind, row);                          \
	}                                                              \
	static void gone_##name(void *ctx, const void *row)            \
	{                                                              \
		join_other(ctx, kind, row);                            \
	}
GONE(service, WR_LIVE_SERVICES)
GONE(talker, WR_LIVE_TALKERS)
GONE(protocol, WR_LIVE_PROTOCOLS)
GONE(iface, WR_LIVE_IFACES)

static const struct {
	wr_rows_weigh_fn weigh;
	wr_rows_gone_fn gone;
} room[WR_LIVE_KINDS] = {
	[WR_LIVE_SERVICES] = {weigh_service, gone_service},
	[WR_LIVE_TALKERS] = {weigh_talker, gone_talker},
	[WR_LIVE_PROTOCOLS] = {weigh_protocol, gone_protocol},
	[WR_LIVE_IFACES] = {weigh_iface, gone_iface},
};

static struct wr_live_row *row_of(struct wr_live *l, enum wr_live_kind kind,
				  const struct wr_talk_key *key)
{
	struct wr_rows *rows = &l->rows[kind];
	uint32_t tag = wr_rows_hash(rows, key);
	struct wr_live_row *r = wr_rows_find(rows, key, tag);

	if (r)
		return r;
	r = wr_rows_make(rows, key, tag, room[kind].weigh, room[kind].gone, l);
	row_begin(l, r, l->window_ns);
	l->weights[kind][number_of(l, kind, r)] = (struct weight_now){.newest = r->newest};
	if (kind == WR_LIVE_SERVICES)
		l->sources[number_of(l, kind, r)].minute = NEVER;
	return r;
}

/* ---- distinct sources ---- */

/* With this minute's registers; a new minute begins with empty ones. */
static struct sources *sources_of(struct wr_live *l, const struct wr_live_row *r)
{
	struct sources *s = &l->sources[number_of(l, WR_LIVE_SERVICES, r)];
	uint64_t minute = l->window_ns / MINUTE_NS, now = minute % MINUTES;

	if (minute == s->minute)
		return s;
	if (minute != s->minute + 1) { /* registers that are not `changed` are not read */
		s->estimate[!now] = 0;
		s->changed[!now] = false;
	}
	memset(s->registers[now], 0, WR_SKETCH_REGISTERS);
	s->estimate[now] = 0;
	s->changed[now] = false;
	s->minute = minute;
	return s;
}

static uint32_t estimate(struct sources *s, uint64_t minute)
{
	uint64_t i = minute % MINUTES;

	if (s->changed[i])
		s->estimate[i] = wr_distinct_estimate(s->registers[i]);
	s->changed[i] = false;
	return s->estimate[i];
}

static void estimate_sources(struct wr_live *l)
{
	struct wr_rows *rows = &l->rows[WR_LIVE_SERVICES];

	for (uint32_t i = 0; i < rows->used; i++) {
		struct wr_live_row *r = wr_rows_at(rows, i);
		struct sources *s;
		uint32_t now, before;

		if (r->newest != l->window)
			continue;
		s = sources_of(l, r);
		now = estimate(s, s->minute);
		before = estimate(s, s->minute + 1);
		r->sources = now > before ? now : before;
	}
}

static void add_source(struct wr_live *l, const struct wr_live_row *service, const uint8_t addr[16])
{
	struct sources *s = sources_of(l, service);
	uint64_t a, b, hash, i = s->minute % MINUTES;
	const uint8_t *at;
	uint8_t had;

	memcpy(&a, addr, 8);
	memcpy(&b, addr + 8, 8);
	hash = wr_sketch_hash(l->conf.seed, a, b);
	at = &s->registers[i][hash % WR_SKETCH_REGISTERS];
	had = *at;
	wr_sketch_add(s->registers[i], hash);
	s->changed[i] |= *at != had;
}

/* ---- windows ---- */

void wr_live_begin(struct wr_live *l, uint64_t start_ns)
{
	l->window = l->total.window + 1;
	l->window_ns = start_ns;
	wr_flow_window(l->flows, l->window, l->total.window);
	if (l->window == 1)
		row_begin(l, &l->sum, start_ns);
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].begin)
			l->tap[i].begin(l->tap[i].ctx, start_ns);
}

static bool listens(const struct wr_live *l, const struct wr_talk_key *service)
{
	struct wr_talk_key any = {
		.port = service->port, .proto = service->proto, .ip_v = service->ip_v};

	if (!l->listen.used)
		return false;
	if (wr_rows_find(&l->listen, service, wr_rows_hash(&l->listen, service)) ||
	    wr_rows_find(&l->listen, &any, wr_rows_hash(&l->listen, &any)))
		return true;
	any.ip_v = 0;
	return wr_rows_find(&l->listen, &any, wr_rows_hash(&l->listen, &any)) != NULL;
}

static void add_service(struct wr_live *l, const struct wr_live_part *p, const struct wr_flow *f,
			bool is_new)
{
	const struct wr_flow_part *part = &p->flow;
	int local = p->out ? part->from : !part->from;
	struct wr_talk_key key = {
		.port = part->key.port[local],
		.tag = part->key.tag & WR_FLOW_NO_PROTO,
		.proto = part->key.proto,
		.ip_v = part->key.ip_v,
	};
	struct wr_live_row *r;
	bool here;

	memcpy(key.addr, part->key.addr[local], 16);
	here = listens(l, &key);
	if (wr_flow_server(f) != local &&
	    !(here && f->caller == WR_FLOW_CALLER_UNKNOWN)) { /* this host is the client there */
		row_add(l, &l->other[WR_LIVE_SERVICES], p->out, &part->n, part->first_ns,
			part->last_ns);
		return;
	}
	r = row_of(l, WR_LIVE_SERVICES, &key);
	r->listens = here;
	table_add(l, WR_LIVE_SERVICES, r, p->out, &part->n, part->first_ns, part->last_ns);
	r->flows += is_new;
	if (!r->app) { /* its first payloads may have come before it was a row */
		const struct wr_app *app = wr_apps_find(l->apps, &part->key);

		r->app = app ? (uint8_t)wr_app_proto(app) : WR_L7_NONE;
	}
	if (!p->out)
		add_source(l, r, part->key.addr[part->from]);
}

static void add_talker(struct wr_live *l, const struct wr_live_part *p, bool is_new)
{
	const struct wr_flow_part *part = &p->flow;
	int far = p->out ? !part->from : part->from;
	struct wr_talk_key key = {.ip_v = part->key.ip_v};
	struct wr_live_row *r;

	memcpy(key.addr, part->key.addr[far], 16);
	r = row_of(l, WR_LIVE_TALKERS, &key);
	table_add(l, WR_LIVE_TALKERS, r, p->out, &part->n, part->first_ns, part->last_ns);
	r->flows += is_new;
}

/* Protocols and interfaces: the key is a number. */
static void add_number(struct wr_live *l, enum wr_live_kind kind, const struct wr_talk_key *key,
		       bool out, const struct wr_count *n, uint32_t flows)
{
	struct wr_live_row *r = row_of(l, kind, key);

	table_add(l, kind, r, out, n, l->window_ns, l->window_ns);
	r->flows += flows;
}

static void add_everywhere(struct wr_live *l, uint32_t iface, bool out, const struct wr_count *n,
			   uint32_t flows)
{
	struct wr_talk_key key = {.port = (uint16_t)iface};

	if (!n->packets)
		return;
	add_number(l, WR_LIVE_IFACES, &key, out, n, flows);
	add(out ? &l->total.out : &l->total.in, n);
	row_add(l, &l->sum, out, n, l->window_ns, l->window_ns);
}

/* The round trip, when SYN and ACK came in different windows. */
static uint32_t late_rtt_us(struct wr_live *l, const struct wr_live_part *p)
{
	const struct wr_flow_part *f = &p->flow;
	uint32_t row;

	if (!p->ack_time || !wr_opened_waits(l->opened, &f->key, f->from))
		return 0;
	row = wr_flow_find(l->flows, &f->key);
	if (row == UINT32_MAX)
		return 0;
	return wr_opened_ack(l->opened, &f->key, f->from, p->ack_time,
			     wr_flow_row(l->flows, row).sent[f->from].packets);
}

void wr_live_add(struct wr_live *l, const struct wr_live_part *given)
{
	struct wr_live_part with = *given;
	const struct wr_live_part *p = &with;
	struct wr_talk_key proto = {
		.proto = p->flow.key.proto, .ip_v = 4, .tag = p->flow.key.tag & WR_FLOW_NO_PROTO};
	struct wr_flow f;
	bool is_new;

	if (!with.flow.rtt_us)
		with.flow.rtt_us = late_rtt_us(l, given);
	f = wr_flow_merge(l->flows, &p->flow);
	is_new = f.sent[0].packets + f.sent[1].packets == p->flow.n.packets &&
		 f.told_ns == f.first_ns;
	if (p->syn_time)
		wr_opened_syn(l->opened, &p->flow.key, p->flow.from, p->syn_time,
			      f.sent[p->flow.from].packets);
	l->total.flows_begun += is_new;
	add_everywhere(l, p->iface, p->out, &p->flow.n, is_new);
	add_number(l, WR_LIVE_PROTOCOLS, &proto, p->out, &p->flow.n, is_new);
	add_talker(l, p, is_new);
	add_service(l, p, &f, is_new);
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].part)
			l->tap[i].part(l->tap[i].ctx, p, &f);
}

void wr_live_soon(struct wr_live *l, const struct wr_live_soon *s)
{
	typeof(l->soon[0]) *at = &l->soon[s->number % WR_LIVE_SOON];
	int local = s->out ? s->from : !s->from;
	struct wr_talk_key talker = {.ip_v = s->key->ip_v};
	struct wr_talk_key service = {.port = s->key->port[local],
				      .tag = s->key->tag & WR_FLOW_NO_PROTO,
				      .proto = s->key->proto,
				      .ip_v = s->key->ip_v};

	memcpy(talker.addr, s->key->addr[!local], 16);
	memcpy(service.addr, s->key->addr[local], 16);
	at->flow = wr_flow_ask(l->flows, s->key);
	at->talker = wr_rows_hash(&l->rows[WR_LIVE_TALKERS], &talker);
	wr_rows_ask(&l->rows[WR_LIVE_TALKERS], at->talker);
	at->service = wr_rows_hash(&l->rows[WR_LIVE_SERVICES], &service);
	wr_rows_ask(&l->rows[WR_LIVE_SERVICES], at->service);
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].soon)
			l->tap[i].soon(l->tap[i].ctx, s);
}

void wr_live_near(struct wr_live *l, uint32_t number)
{
	const typeof(l->soon[0]) *at = &l->soon[number % WR_LIVE_SOON];
	size_t cell = offsetof(struct wr_live_row, cells) +
		      l->window % WR_LIVE_CELLS * sizeof(struct wr_packed_cell);

	wr_flow_ask_row(l->flows, at->flow);
	for (int k = WR_LIVE_SERVICES; k <= WR_LIVE_TALKERS; k++) {
		uint32_t tag = k == WR_LIVE_TALKERS ? at->talker : at->service;

		wr_rows_ask_row(&l->rows[k], tag, 0, offsetof(struct wr_live_row, cells));
		wr_rows_ask_row(&l->rows[k], tag, cell, sizeof(struct wr_packed_cell));
	}
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].near)
			l->tap[i].near(l->tap[i].ctx, number);
}

static void add_other(struct wr_live *l, int kind, bool out, const struct wr_count *n)
{
	if (n->packets)
		row_add(l, &l->other[kind], out, n, l->window_ns, l->window_ns);
}

void wr_live_add_rest(struct wr_live *l, uint32_t iface, bool out, const struct wr_live_rest *rest)
{
	struct wr_talk_key none = {0};

	add_everywhere(l, iface, out, &rest->other, 0);
	add_everywhere(l, iface, out, &rest->not_ip, 0);
	add(&l->total.other, &rest->other);
	add(&l->total.not_ip, &rest->not_ip);
	l->total.displaced += rest->displaced;
	l->total.unread += rest->unread;
	if (rest->not_ip.packets)
		add_number(l, WR_LIVE_PROTOCOLS, &none, out, &rest->not_ip, 0);
	for (int k = 0; k < WR_LIVE_IFACES; k++)
		add_other(l, k, out, &rest->other);
	add_other(l, WR_LIVE_SERVICES, out, &rest->not_ip);
	add_other(l, WR_LIVE_TALKERS, out, &rest->not_ip);
	for (int i = 0; i < WR_LIVE_SIZES; i++)
		add(&l->total.sizes[i], &rest->sizes[i]);
	for (int i = 0; i < 256; i++)
		l->total.tcp_flags[i] += rest->tcp_flags[i];
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].rest_all)
			l->tap[i].rest_all(l->tap[i].ctx, iface, out, rest);
}

void wr_live_add_talker(struct wr_live *l, const struct wr_talk_key *talker,
			const struct wr_count *n)
{
	row_take(l, WR_LIVE_TALKERS, row_of(l, WR_LIVE_TALKERS, talker), n);
}

void wr_live_add_service(struct wr_live *l, const struct wr_talk_key *service,
			 const struct wr_count *n, const uint8_t *sources)
{
	struct wr_live_row *r = row_of(l, WR_LIVE_SERVICES, service);

	row_take(l, WR_LIVE_SERVICES, r, n);
	if (sources) {
		struct sources *s = sources_of(l, r);

		wr_distinct_join(s->registers[s->minute % MINUTES], sources);
		s->changed[s->minute % MINUTES] = true;
	}
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].rest)
			l->tap[i].rest(l->tap[i].ctx, service, n);
}

/* There is room for all that are asked for. */
static uint64_t all_the_same(const void *ctx, const void *row)
{
	(void)ctx, (void)row;
	return 0;
}

static void not_told(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

void wr_live_listen(struct wr_live *l, const struct wr_talk_key *keys, uint32_t n)
{
	wr_rows_clear(&l->listen);
	for (uint32_t i = 0; i < n && i < WR_LIVE_LISTEN_MAX; i++) {
		uint32_t tag = wr_rows_hash(&l->listen, &keys[i]);

		if (!wr_rows_find(&l->listen, &keys[i], tag))
			wr_rows_make(&l->listen, &keys[i], tag, all_the_same, not_told, NULL);
	}
}

void wr_live_end(struct wr_live *l, uint64_t end_ns)
{
	estimate_sources(l);
	wr_flow_expire(l->flows, end_ns, l->conf.idle_ns, l->conf.active_ns);
	l->total.flows_ended = wr_flow_ended(l->flows)->flows + wr_flow_other(l->flows)->flows;
	l->total.window = l->window;
	l->total.window_ns = end_ns;
	wr_flow_window(l->flows, l->window, l->window);
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].end)
			l->tap[i].end(l->tap[i].ctx, end_ns);
}

void wr_live_finish(struct wr_live *l)
{
	uint32_t n = wr_flow_rows(l->flows);

	for (uint32_t i = 0; i < n && l->conf.flow_end; i++) {
		struct wr_flow f = wr_flow_row(l->flows, i);

		f.end_reason = WR_FLOW_END_FORCED;
		l->conf.flow_end(l->conf.ctx, &f);
	}
}

void wr_live_untap(struct wr_live *l, const void *ctx)
{
	int n = 0;

	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].ctx != ctx)
			l->tap[n++] = l->tap[i];
	l->n_taps = n;
}

void wr_live_tap(struct wr_live *l, const struct wr_live_tap *tap)
{
	wr_live_untap(l, tap->ctx);
	if (l->n_taps < WR_LIVE_TAPS)
		l->tap[l->n_taps++] = *tap;
}

/* ---- what payloads say ---- */

/* The service of a flow learns which protocol it speaks. */
static void name_service(struct wr_live *l, const struct wr_app *app)
{
	int client = wr_app_client(app);
	struct wr_talk_key key = {.proto = app->key.proto, .ip_v = app->key.ip_v};
	struct wr_live_row *r;

	if (client < 0)
		return;
	key.port = app->key.port[!client];
	memcpy(key.addr, app->key.addr[!client], 16);
	r = wr_rows_find(&l->rows[WR_LIVE_SERVICES], &key,
			 wr_rows_hash(&l->rows[WR_LIVE_SERVICES], &key));
	if (r)
		r->app = (uint8_t)wr_app_proto(app);
}

void wr_live_payload(struct wr_live *l, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	const struct wr_app *app;
	struct wr_flow_key key;
	uint32_t n = h->payload_len;
	uint8_t from;

	if (!(h->has & WR_H_PAYLOAD) || !n || !pkt->data || h->payload_off >= pkt->caplen)
		return;
	if (n > pkt->caplen - h->payload_off)
		n = pkt->caplen - h->payload_off;
	from = wr_flow_key_make(&key, rec);
	app = wr_apps_payload(l->apps, &key, from, pkt->data + h->payload_off, n, pkt->ts_ns);
	if (!app)
		return;
	name_service(l, app);
	for (int i = 0; i < l->n_taps; i++)
		if (l->tap[i].app)
			l->tap[i].app(l->tap[i].ctx, app);
}

const struct wr_app *wr_live_app(const struct wr_live *l, const struct wr_flow *f)
{
	return wr_apps_find(l->apps, &f->key);
}

void wr_live_app_drop(struct wr_live *l, const struct wr_flow_key *key)
{
	wr_apps_drop(l->apps, key);
}

const struct wr_apps *wr_live_apps(const struct wr_live *l)
{
	return l->apps;
}

/* ---- readers ---- */

const struct wr_live_total *wr_live_totals(const struct wr_live *l)
{
	return &l->total;
}

struct wr_flow_table *wr_live_flows(struct wr_live *l)
{
	return l->flows;
}

uint32_t wr_live_rows(const struct wr_live *l, enum wr_live_kind kind)
{
	return l->rows[kind].used;
}

const struct wr_live_row *wr_live_find(struct wr_live *l, enum wr_live_kind kind,
				       const struct wr_talk_key *key)
{
	return wr_rows_find(&l->rows[kind], key, wr_rows_hash(&l->rows[kind], key));
}

const struct wr_live_row *wr_live_other(const struct wr_live *l, enum wr_live_kind kind)
{
	return &l->other[kind];
}

struct wr_live_cell wr_live_cell(const struct wr_live *l, const struct wr_live_row *row,
				 unsigned int ago)
{
	uint64_t w = l->total.window - ago;

	if (ago >= l->total.window || w < row->began || w > row->newest ||
	    row->newest - w >= WR_LIVE_CELLS)
		return (struct wr_live_cell){0};
	return (struct wr_live_cell){
		.in = wr_packed_get(&row->cells[w % WR_LIVE_CELLS], false),
		.out = wr_packed_get(&row->cells[w % WR_LIVE_CELLS], true),
	};
}

struct wr_live_cell wr_live_total_cell(const struct wr_live *l, unsigned int ago)
{
	return wr_live_cell(l, &l->sum, ago);
}

/* What a row is put in order by: two numbers, the second decides when the first are the same. */
struct weight {
	uint64_t first, second;
};

static struct weight weight_of(const struct wr_live *l, const struct wr_live_row *r,
			       enum wr_live_order order)
{
	struct wr_live_cell now = wr_live_cell(l, r, 0);
	struct weight w = {now.in.bytes + now.out.bytes, r->in.bytes + r->out.bytes};

	switch (order) {
	case WR_LIVE_BY_RATE:
		if (!w.first)
			for (unsigned int ago = 1; ago < 10; ago++) {
				now = wr_live_cell(l, r, ago);
				w.first += (now.in.bytes + now.out.bytes) / 100;
			}
		break;
	case WR_LIVE_BY_BYTES:
		w.first = w.second;
		break;
	case WR_LIVE_BY_PACKETS:
		w.first = now.in.packets + now.out.packets;
		break;
	case WR_LIVE_BY_FLOWS:
		w.first = r->flows;
		break;
	case WR_LIVE_BY_SOURCES:
		w.first = r->sources;
		break;
	case WR_LIVE_BY_AGE:
		w.first = r->first_ns;
		break;
	}
	return w;
}

static bool heavier(struct weight a, struct weight b)
{
	return a.first != b.first ? a.first > b.first : a.second > b.second;
}

struct best {
	const struct wr_live_row *row;
	struct weight weight;
};

static int by_weight(const void *a, const void *b)
{
	const struct best *x = a, *y = b;

	if (heavier(x->weight, y->weight))
		return -1;
	if (heavier(y->weight, x->weight))
		return 1;
	return memcmp(&x->row->key, &y->row->key, sizeof(x->row->key));
}

uint32_t wr_live_top(struct wr_live *l, enum wr_live_kind kind, enum wr_live_order order,
		     const struct wr_live_row **rows, uint32_t n)
{
	static struct best all[4096]; /* of the largest kind */
	uint32_t have = l->rows[kind].used;

	for (uint32_t i = 0; i < have; i++) {
		all[i].row = wr_rows_at(&l->rows[kind], i);
		all[i].weight = weight_of(l, all[i].row, order);
	}
	qsort(all, have, sizeof(*all), by_weight);
	if (n > have)
		n = have;
	for (uint32_t i = 0; i < n; i++)
		rows[i] = all[i].row;
	return n;
}

/* ---- files and packet sockets: a packet at a time ---- */

/* Windows end when a packet of a later one comes. One that jumps back belongs to the one that is
 * open. */
static void window_of(struct wr_live *l, uint64_t ts_ns)
{
	uint64_t gap;

	if (l->window == l->total.window) {
		wr_live_begin(l, ts_ns - ts_ns % WR_LIVE_WINDOW_NS);
		return;
	}
	if (ts_ns < l->window_ns + WR_LIVE_WINDOW_NS)
		return;
	gap = (ts_ns - l->window_ns) / WR_LIVE_WINDOW_NS;
	wr_live_end(l, l->window_ns + WR_LIVE_WINDOW_NS);
	l->total.window += gap - 1; /* nothing came in those between */
	wr_live_begin(l, l->window_ns + gap * WR_LIVE_WINDOW_NS);
}

void wr_live_add_packet(struct wr_live *l, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	struct wr_count one = {1, pkt->len};
	struct wr_talk_key link = {.port = rec->has & WR_HAS_ETHERTYPE ? rec->ethertype : 0};
	struct wr_live_part p = {
		.iface = wr_live_iface(l, pkt->iface),
		.flow = {.n = one, .first_ns = pkt->ts_ns, .last_ns = pkt->ts_ns, .num = pkt->num},
	};

	add(&l->total.sizes[wr_size_class(pkt->len)], &one);
	if (!(h->has & WR_H_IP)) {
		add_everywhere(l, p.iface, false, &one, 0);
		add_number(l, WR_LIVE_PROTOCOLS, &link, false, &one, 0);
		add_other(l, WR_LIVE_SERVICES, false, &one);
		add_other(l, WR_LIVE_TALKERS, false, &one);
		add(&l->total.not_ip, &one);
		return;
	}
	p.flow.from = wr_flow_key_make(&p.flow.key, rec);
	p.flow.iface = (uint8_t)p.iface;
	p.facts = (uint16_t)wr_facts(rec);
	if (h->has & WR_H_TCP) {
		p.flow.tcp_flags = h->tcp_flags;
		p.flow.syn = wr_flow_syn(h->tcp_flags);
		l->total.tcp_flags[h->tcp_flags & 0xff]++;
	}
	wr_live_add(l, &p);
}

void wr_live_packet(struct wr_live *l, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	window_of(l, pkt->ts_ns);
	wr_live_add_packet(l, pkt, rec);
}
