/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/window.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/proto.h"
#include "detect/impl.h"
#include "detect/spread.h"
#include "detect/window_said.h"

enum {
	ROWS_MOST = 1024,
	SLOTS = 4 * ROWS_MOST, /* a power of two */
	OPTION_BITS = 64,
	IP6_TIME_EXCEEDED = 3,
	IP6_UNREACHABLE = 1,
	IP6_ECHO_REPLY = 129,
	TIME_EXCEEDED = 11,
};

#define OLD_NS (10 * 1000000000ull)
#define SLOW_BYTES_S 100

static const uint16_t rows_most[WR_WINDOW_KINDS] = {
#define X(sym, name, rows) rows,
	WR_WINDOW_KIND_TABLE(X)
#undef X
};

const char *wr_window_kind_name(enum wr_window_kind kind)
{
	static const char *const names[WR_WINDOW_KINDS] = {
#define X(sym, name, rows) name,
		WR_WINDOW_KIND_TABLE(X)
#undef X
	};

	return names[kind];
}

/* What spreads of a row, in the order of struct wr_window; of which kinds. */
enum { SOURCES, HOSTS, SPORTS, DPORTS, SPREADS };

static const bool spreads[WR_WINDOW_KINDS][SPREADS] = {
	[WR_WINDOW_IFACE] = {true, true, true, true},
	[WR_WINDOW_HOST] = {true, false, true, true},
	[WR_WINDOW_SERVICE] = {true, false, true, false},
	[WR_WINDOW_PREFIX] = {true, true, true, true},
};

struct row {
	struct wr_talk_key key; /* interface: its number in port */
	char iface[16];
	uint64_t n[WR_WINDOW_COUNTS], size[WR_SIZE_CLASSES];
	struct wr_spread_few few[SPREADS];
	uint16_t large[SPREADS]; /* where more than few are: number + 1 in wr_windows.large */
	uint64_t reflected[VECTORS];
	uint64_t ttls[4], options; /* bits */
	uint64_t age_ms, flow_packets;
};

/* Rows of a kind, of this window: made from the first free one on, found by hash. */
struct table {
	struct row *rows; /* owned; the last one is `other` */
	struct slot {
		uint16_t number; /* + 1; 0: empty */
		uint16_t tag;	 /* of the hash, so that other rows are not touched */
	} slot[SLOTS];
	uint16_t used, most;
	bool other;
};

struct wr_windows {
	struct wr_windows_conf conf;
	uint64_t start_ns; /* 0: none is open */
	uint32_t step;
	struct table table[WR_WINDOW_KINDS];
	struct syns *syns;
	struct known known;
	/* Owned; of rows that have more than few values, taken from the first one on: one for each
	 * spread of each row. */
	struct wr_spread *large;
	uint32_t n_large, most_large;
};

_Static_assert((4 * ROWS_MOST + 64) * SPREADS < UINT16_MAX, "their numbers fit");

/* ---- open, close ---- */

static size_t table_bytes(const struct table *t)
{
	return (t->most + 1u) * sizeof(struct row);
}

static int open_all(struct wr_windows *w)
{
	for (int k = 0; k < WR_WINDOW_KINDS; k++) {
		struct table *t = &w->table[k];

		t->most = rows_most[k];
		t->rows = wr_mem_map(table_bytes(t));
		if (!t->rows)
			return -ENOMEM;
		for (int i = 0; i < SPREADS; i++)
			w->most_large += spreads[k][i] ? t->most + 1u : 0;
	}
	w->syns = syns_new();
	w->large = wr_mem_map(w->most_large * sizeof(*w->large));
	return w->syns && !known_open(&w->known) && w->large ? 0 : -ENOMEM;
}

int wr_windows_open(struct wr_windows **out, const struct wr_windows_conf *conf, struct wr_err *err)
{
	struct wr_windows *w = wr_mem_map(sizeof(*w));

	if (!w || open_all(w)) {
		wr_windows_close(&w);
		return wr_fail(err, ENOMEM, "no memory for windows");
	}
	w->conf = *conf;
	*out = w;
	return 0;
}

void wr_windows_close(struct wr_windows **windows)
{
	struct wr_windows *w = *windows;

	if (!w)
		return;
	for (int k = 0; k < WR_WINDOW_KINDS; k++)
		wr_mem_unmap(w->table[k].rows, table_bytes(&w->table[k]));
	syns_free(w->syns);
	known_close(&w->known);
	wr_mem_unmap(w->large, w->most_large * sizeof(*w->large));
	wr_mem_unmap(w, sizeof(*w));
	*windows = NULL;
}

/* ---- rows ---- */

static uint64_t addr_value(const struct wr_windows *w, const uint8_t addr[16])
{
	uint64_t a, b;

	memcpy(&a, addr, 8);
	memcpy(&b, addr + 8, 8);
	return wr_sketch_hash(w->conf.seed, a, b);
}

static struct slot *slot_of(struct wr_windows *w, struct table *t, const struct wr_talk_key *key,
			    uint16_t *tag)
{
	uint64_t rest = (uint64_t)key->port << 48 | (uint64_t)key->tag << 32 |
			(uint64_t)key->proto << 8 | key->ip_v;
	uint64_t h = wr_mix(addr_value(w, key->addr) ^ wr_mix(rest));

	*tag = (uint16_t)(h >> 48);
	for (uint32_t at = (uint32_t)h;; at++) {
		struct slot *s = &t->slot[at & (SLOTS - 1)];

		if (!s->number ||
		    (s->tag == *tag && !memcmp(&t->rows[s->number - 1].key, key, sizeof(*key))))
			return s;
	}
}

static struct row *row_of(struct wr_windows *w, enum wr_window_kind kind,
			  const struct wr_talk_key *key)
{
	struct table *t = &w->table[kind];
	uint16_t tag;
	struct slot *s = slot_of(w, t, key, &tag);

	if (!s->number && t->used == t->most) {
		t->other = true;
		return &t->rows[t->most];
	}
	if (!s->number) {
		*s = (struct slot){++t->used, tag};
		t->rows[s->number - 1].key = *key;
	}
	return &t->rows[s->number - 1];
}

static struct row *iface_row(struct wr_windows *w, const char *name, uint32_t number)
{
	struct wr_talk_key key = {.port = (uint16_t)number};
	struct row *r = row_of(w, WR_WINDOW_IFACE, &key);

	if (strncmp(r->iface, name, sizeof(r->iface) - 1) != 0)
		snprintf(r->iface, sizeof(r->iface), "%s", name);
	return r;
}

static struct row *host_row(struct wr_windows *w, const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_talk_key key = {.ip_v = ip_v};

	memcpy(key.addr, addr, ip_v == 4 ? 4 : 16);
	return row_of(w, WR_WINDOW_HOST, &key);
}

static struct row *prefix_row(struct wr_windows *w, const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_talk_key key = {.ip_v = ip_v, .tag = ip_v == 4 ? 24 : 64};

	memcpy(key.addr, addr, key.tag / 8);
	return row_of(w, WR_WINDOW_PREFIX, &key);
}

static struct wr_talk_key service_key(const struct wr_flow_key *k, int server)
{
	struct wr_talk_key key = {.port = k->port[server], .proto = k->proto, .ip_v = k->ip_v};

	memcpy(key.addr, k->addr[server], 16);
	return key;
}

/* ---- parts ---- */

/* What a part adds to each of its rows, worked out once. */
struct adds {
	const struct part *a;
	bool fresh; /* from a source that was not seen before */
	bool ports, old, slow;
	uint8_t size;		 /* class */
	uint8_t said;		 /* enum wr_window_count of what its payloads are; 0: not known */
	int8_t vector;		 /* of a reflector; -1: of none */
	uint64_t age_ms;	 /* of its packets, added up */
	uint64_t value[SPREADS]; /* hashes */
};

static void spread_large(struct wr_windows *w, struct row *r, int of, uint64_t hash, uint32_t n)
{
	struct wr_spread *s;

	if (!r->large[of]) {
		s = &w->large[w->n_large++];
		memset(s, 0, sizeof(*s));
		wr_spread_few_move(&r->few[of], s);
		r->large[of] = (uint16_t)w->n_large;
	}
	wr_spread_add(&w->large[r->large[of] - 1], hash, n);
}

static void spread(struct wr_windows *w, struct row *r, enum wr_window_kind kind,
		   const struct adds *x)
{
	uint32_t n = (uint32_t)x->a->n;

	for (int of = 0; of < SPREADS; of++) {
		if (!spreads[kind][of] || (of >= SPORTS && !x->ports))
			continue;
		if (r->large[of] || !wr_spread_few_add(&r->few[of], x->value[of], n))
			spread_large(w, r, of, x->value[of], n);
	}
}

/* Of packets that were counted together it is known which flags there were: all of them had a flag
 * when no other kind is among them, else at least one. */
static void count_flags(struct row *r, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	uint16_t flags = p->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST | WR_TCP_FIN);

	if (p->syn & WR_FLOW_SYN)
		r->n[WR_WINDOW_N_SYN] += flags == WR_TCP_SYN ? a->n : 1;
	if (p->syn & WR_FLOW_SYN_ACK)
		r->n[WR_WINDOW_N_SYNACK]++;
	if (flags & WR_TCP_RST)
		r->n[WR_WINDOW_N_RST] += flags == WR_TCP_RST ? a->n : 1;
	if (flags & WR_TCP_FIN)
		r->n[WR_WINDOW_N_FIN] += flags == WR_TCP_FIN ? a->n : 1;
	r->n[WR_WINDOW_N_HANDSHAKES] += a->handshake;
}

static void count_proto(struct row *r, const struct adds *x)
{
	const struct part *a = x->a;

	switch (a->p->flow.key.proto) {
	case WR_IP_TCP:
		r->n[WR_WINDOW_N_TCP] += a->n;
		count_flags(r, a);
		break;
	case WR_IP_UDP:
		r->n[WR_WINDOW_N_UDP] += a->n;
		if (x->vector >= 0) {
			r->n[WR_WINDOW_N_REFLECTED] += a->n;
			r->reflected[x->vector] += a->n;
		}
		break;
	case WR_IP_ICMP:
	case WR_IP_ICMP6:
		r->n[WR_WINDOW_N_ICMP] += a->n;
		if (a->p->facts & WR_FACT_ICMP_ERROR)
			r->n[WR_WINDOW_N_ICMP_ERROR] += a->n;
		break;
	default:
		break;
	}
}

static uint8_t said_by(const struct wr_windows *w, const struct part *a)
{
	static const uint8_t of[WR_L7_COUNT] = {
		[WR_L7_DNS] = WR_WINDOW_N_DNS,	  [WR_L7_HTTP] = WR_WINDOW_N_HTTP,
		[WR_L7_HTTP2] = WR_WINDOW_N_HTTP, [WR_L7_TLS] = WR_WINDOW_N_TLS,
		[WR_L7_DTLS] = WR_WINDOW_N_TLS,	  [WR_L7_QUIC] = WR_WINDOW_N_TLS,
	};
	const struct wr_app *app = w->conf.live ? wr_live_app(w->conf.live, a->f) : NULL;

	return of[app ? wr_app_proto(app) : WR_L7_NONE];
}

static void age_of(struct adds *x)
{
	const struct wr_flow *f = x->a->f;
	uint64_t last_ns = x->a->p->flow.last_ns;
	uint64_t age_ns = last_ns > f->first_ns ? last_ns - f->first_ns : 0;
	double bytes = (double)(f->sent[0].bytes + f->sent[1].bytes);

	x->age_ms = age_ns / 1000000 * x->a->n;
	x->old = age_ns >= OLD_NS;
	x->slow = x->old && bytes < SLOW_BYTES_S * (double)age_ns / 1e9;
}

static struct adds adds_of(struct wr_windows *w, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	const struct wr_flow_key *k = &p->key;
	uint64_t seed = w->conf.seed;
	struct adds x = {
		.a = a,
		.fresh = a->is_new && known_new(&w->known, k->addr[a->from], k->ip_v),
		.ports = k->port[0] || k->port[1],
		.size = (uint8_t)wr_size_class((uint32_t)(p->n.bytes / (a->n ? a->n : 1))),
		.said = said_by(w, a),
		.vector = -1,
		.value = {addr_value(w, k->addr[a->from]), addr_value(w, k->addr[a->to]),
			  wr_sketch_hash(seed, k->port[a->from], 1),
			  wr_sketch_hash(seed, k->port[a->to], 1)},
	};

	if (k->proto == WR_IP_UDP && !a->asked)
		x.vector = (int8_t)vector_of(k->port[a->from]);
	age_of(&x);
	return x;
}

static void count_row(struct wr_windows *w, struct row *r, enum wr_window_kind kind,
		      const struct adds *x)
{
	const struct part *a = x->a;
	const struct wr_live_part *p = a->p;

	r->n[WR_WINDOW_N_PACKETS] += a->n;
	r->n[WR_WINDOW_N_BYTES] += p->flow.n.bytes;
	r->size[x->size] += a->n;
	if (p->facts & WR_FACT_FRAG)
		r->n[WR_WINDOW_N_FRAGMENTS] += a->n;
	if (p->facts & WR_FACT_BAD)
		r->n[WR_WINDOW_N_MALFORMED] += a->n;
	r->n[WR_WINDOW_N_NEW_FLOWS] += a->is_new;
	r->n[WR_WINDOW_N_NEW_SOURCES] += x->fresh;
	spread(w, r, kind, x);
	count_proto(r, x);
	if (x->said)
		r->n[x->said] += a->n;
	r->age_ms += x->age_ms;
	r->flow_packets += a->n;
	if (x->old)
		r->n[WR_WINDOW_N_OLD] += a->n;
	if (x->slow)
		r->n[WR_WINDOW_N_SLOW] += a->n;
}

static void count_back(struct row *r, const struct wr_count *n)
{
	r->n[WR_WINDOW_N_BACK_PACKETS] += n->packets;
	r->n[WR_WINDOW_N_BACK_BYTES] += n->bytes;
}

void wr_windows_part(struct wr_windows *w, const struct wr_live_part *p, const struct wr_flow *f)
{
	struct part a = part_of(w->syns, w->step, p, f);
	const struct wr_flow_key *k = &p->flow.key;
	const uint8_t *from = k->addr[a.from], *to = k->addr[a.to];
	struct adds x = adds_of(w, &a);
	int server = wr_flow_server(f);
	struct wr_talk_key service = service_key(k, server);
	const char *name = w->conf.live ? wr_live_iface_name(w->conf.live, p->iface) : NULL;
	struct row *iface = iface_row(w, name ? name : "", p->iface);
	struct row *at = row_of(w, WR_WINDOW_SERVICE, &service);

	if (p->out)
		count_back(iface, &p->flow.n);
	else
		count_row(w, iface, WR_WINDOW_IFACE, &x);
	if (a.from == server)
		count_back(at, &p->flow.n);
	else
		count_row(w, at, WR_WINDOW_SERVICE, &x);
	count_row(w, host_row(w, to, k->ip_v), WR_WINDOW_HOST, &x);
	count_row(w, prefix_row(w, from, k->ip_v), WR_WINDOW_PREFIX, &x);
}

void wr_windows_rest(struct wr_windows *w, const struct wr_talk_key *service,
		     const struct wr_count *n)
{
	struct row *rows[] = {row_of(w, WR_WINDOW_SERVICE, service),
			      host_row(w, service->addr, service->ip_v)};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rows[i]->n[WR_WINDOW_N_PACKETS] += n->packets;
		rows[i]->n[WR_WINDOW_N_BYTES] += n->bytes;
	}
}

void wr_windows_rest_all(struct wr_windows *w, uint32_t iface, bool out,
			 const struct wr_live_rest *rest)
{
	struct wr_count n = {rest->other.packets + rest->not_ip.packets,
			     rest->other.bytes + rest->not_ip.bytes};
	const char *name = w->conf.live ? wr_live_iface_name(w->conf.live, iface) : NULL;
	struct row *r;

	if (!n.packets)
		return;
	r = iface_row(w, name ? name : "", iface);
	if (out) {
		count_back(r, &n);
		return;
	}
	r->n[WR_WINDOW_N_PACKETS] += n.packets;
	r->n[WR_WINDOW_N_BYTES] += n.bytes;
	r->n[WR_WINDOW_N_NOT_IP] += rest->not_ip.packets;
}

/* ---- headers ---- */

static void count_icmp(struct row *r, const struct wr_hdr *h)
{
	static const struct {
		uint8_t type[2]; /* of ICMP, of ICMPv6 */
		uint8_t count;
	} kinds[] = {
		{{WR_ICMP_ECHO_REQUEST, WR_ICMP6_ECHO_REQUEST}, WR_WINDOW_N_ECHO_REQUEST},
		{{0, IP6_ECHO_REPLY}, WR_WINDOW_N_ECHO_REPLY},
		{{WR_ICMP_UNREACHABLE, IP6_UNREACHABLE}, WR_WINDOW_N_UNREACHABLE},
		{{TIME_EXCEEDED, IP6_TIME_EXCEEDED}, WR_WINDOW_N_TIME_EXCEEDED},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (h->icmp_type == kinds[i].type[h->proto == WR_IP_ICMP6])
			r->n[kinds[i].count]++;
}

/* NULL: one that no part was of is none that is known to be a service. */
static struct row *service_row(struct wr_windows *w, const struct wr_hdr *h, bool source)
{
	struct wr_talk_key key = {
		.port = source ? h->sport : h->dport, .proto = h->proto, .ip_v = h->ip_v};
	const struct slot *s;
	uint16_t tag;

	memcpy(key.addr, source ? h->src : h->dst, h->ip_v == 4 ? 4 : 16);
	s = slot_of(w, &w->table[WR_WINDOW_SERVICE], &key, &tag);
	return s->number ? &w->table[WR_WINDOW_SERVICE].rows[s->number - 1] : NULL;
}

/* What a client and a server say is of the server's rows, and of the client's prefix. */
static void count_said(struct wr_windows *w, struct row *iface, const struct wr_packet *pkt,
		       const struct wr_hdr *h)
{
	bool answers = false;
	enum wr_window_count n = window_said(pkt, h, &answers);
	struct row *service;

	if (n == WR_WINDOW_COUNTS)
		return;
	iface->n[n]++;
	host_row(w, answers ? h->src : h->dst, h->ip_v)->n[n]++;
	prefix_row(w, answers ? h->dst : h->src, h->ip_v)->n[n]++;
	service = service_row(w, h, answers);
	if (service)
		service->n[n]++;
}

static void count_headers(struct row *r, const struct wr_hdr *h)
{
	r->n[WR_WINDOW_N_HEADERS]++;
	r->ttls[h->ttl >> 6] |= 1ull << (h->ttl & 63);
	if (h->has & WR_H_ICMP)
		count_icmp(r, h);
	if (h->has & WR_H_TCPOPT && wr_flow_syn(h->tcp_flags) == WR_FLOW_SYN)
		r->options |= 1ull << (wr_mix(h->opt.order) & (OPTION_BITS - 1));
}

void wr_windows_packet(struct wr_windows *w, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	uint32_t number = w->conf.live ? wr_live_iface(w->conf.live, pkt->iface) : 0;
	struct row *iface, *service;

	if (!(h->has & WR_H_IP) && !w->conf.file)
		return;
	iface = iface_row(w, pkt->iface, number);
	if (!(h->has & WR_H_IP)) {
		iface->n[WR_WINDOW_N_PACKETS]++;
		iface->n[WR_WINDOW_N_BYTES] += pkt->len;
		iface->n[WR_WINDOW_N_NOT_IP]++;
		iface->size[wr_size_class(pkt->len)]++;
		return;
	}
	count_headers(iface, h);
	count_headers(host_row(w, h->dst, h->ip_v), h);
	count_headers(prefix_row(w, h->src, h->ip_v), h);
	if (!(h->has & WR_H_PORTS))
		return;
	service = service_row(w, h, false);
	if (service)
		count_headers(service, h);
	count_said(w, iface, pkt, h);
}

/* ---- the end of a window ---- */

static void tell_ttls(struct wr_window *to, const struct row *r)
{
	for (int i = 0; i < 4; i++) {
		uint64_t bits = r->ttls[i];

		if (!bits)
			continue;
		if (!to->ttls)
			to->ttl_min = (uint8_t)(64 * i + __builtin_ctzll(bits));
		to->ttl_max = (uint8_t)(64 * i + 63 - __builtin_clzll(bits));
		to->ttls += (uint16_t)__builtin_popcountll(bits);
	}
}

static void tell_reflector(struct wr_window *to, const struct row *r)
{
	uint64_t most = 0;

	for (int i = 0; i < VECTORS; i++)
		if (r->reflected[i] > most) {
			most = r->reflected[i];
			to->reflector = vector_port(i);
		}
}

static struct wr_spread_told spread_of(const struct wr_windows *w, const struct row *r, int of)
{
	return r->large[of] ? wr_spread_told(&w->large[r->large[of] - 1])
			    : wr_spread_few_told(&r->few[of]);
}

static void tell_row(struct wr_windows *w, enum wr_window_kind kind, const struct row *r,
		     bool other)
{
	struct wr_window to = {
		.start_ns = w->start_ns,
		.length_ns = w->conf.length_ns,
		.kind = (uint8_t)kind,
		.other = other,
		.sources = spread_of(w, r, SOURCES),
		.hosts = spread_of(w, r, HOSTS),
		.sports = spread_of(w, r, SPORTS),
		.dports = spread_of(w, r, DPORTS),
		.flow_packets = r->flow_packets,
	};

	if (!r->n[WR_WINDOW_N_PACKETS] && !r->n[WR_WINDOW_N_BACK_PACKETS])
		return; /* headers alone, of what was counted in the window before */
	if (!other)
		to.key = r->key;
	memcpy(to.iface, r->iface, sizeof(to.iface));
	memcpy(to.n, r->n, sizeof(to.n));
	memcpy(to.size, r->size, sizeof(to.size));
	if (r->options)
		to.options = (uint16_t)(linear_count(&r->options, 1) + 0.5);
	tell_ttls(&to, r);
	tell_reflector(&to, r);
	if (r->flow_packets)
		to.age_s = (double)r->age_ms / 1e3 / (double)r->flow_packets;
	w->conf.row(w->conf.ctx, &to);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(&((const struct row *const *)a)[0]->key,
		      &((const struct row *const *)b)[0]->key, sizeof(struct wr_talk_key));
}

static void end_table(struct wr_windows *w, enum wr_window_kind kind)
{
	struct table *t = &w->table[kind];
	const struct row *sorted[ROWS_MOST] = {NULL};

	for (uint16_t i = 0; i < t->used; i++)
		sorted[i] = &t->rows[i];
	qsort(sorted, t->used, sizeof(*sorted), by_key);
	for (uint16_t i = 0; i < t->used; i++)
		tell_row(w, kind, sorted[i], false);
	if (t->other)
		tell_row(w, kind, &t->rows[t->most], true);
	memset(t->rows, 0, t->used * sizeof(*t->rows));
	memset(&t->rows[t->most], 0, sizeof(*t->rows));
	memset(t->slot, 0, sizeof(t->slot));
	t->used = 0;
	t->other = false;
}

static void end_window(struct wr_windows *w)
{
	for (int k = 0; k < WR_WINDOW_KINDS; k++)
		end_table(w, (enum wr_window_kind)k);
	w->n_large = 0;
}

void wr_windows_tick(struct wr_windows *w, uint64_t now_ns)
{
	uint64_t length_ns = w->conf.length_ns;

	if (w->start_ns && now_ns < w->start_ns + length_ns)
		return;
	if (w->start_ns)
		end_window(w);
	w->start_ns = now_ns - now_ns % length_ns;
	w->step = (uint32_t)(now_ns / WR_DETECT_STEP_NS);
}

void wr_windows_finish(struct wr_windows *w)
{
	if (w->start_ns)
		end_window(w);
	w->start_ns = 0;
}
