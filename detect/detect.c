/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/detect.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/proto.h"
#include "detect/sample.h"

/* Packets of several queues are that much out of order at most; more is another clock. */
#define BACK_NS 2000000000ull

const uint8_t count_feature[COUNT_N] = {
#define X(sym) [C_##sym] = WR_FEATURE_##sym,
	COUNTS(X)
#undef X
};

/* ---- open, close ---- */

static int open_all(struct wr_detect *d)
{
	if (wr_rows_open(&d->targets, sizeof(struct target), TARGETS))
		return -ENOMEM;
	d->recent = wr_mem_map(RECENT * sizeof(*d->recent));
	if (!d->recent || known_open(&d->sources) || known_open(&d->clients))
		return -ENOMEM;
	d->syns = syns_new();
	return !d->syns || scans_open(d) || pairs_open(d) || slow_open(d) || names_open(d) ||
			       stations_open(d) || offers_open(d) || broken_open(d) ||
			       services_open(d) || samples_open(d) || weeks_open(d) ||
			       odds_open(d) || exfil_open(d) || talkers_open(d) || echoes_open(d)
		       ? -ENOMEM
		       : 0;
}

int wr_detect_open(struct wr_detect **out, const struct wr_detect_conf *conf, struct wr_err *err)
{
	struct wr_detect *d = calloc(1, sizeof(*d));

	if (!d || open_all(d)) {
		wr_detect_close(&d);
		return wr_fail(err, ENOMEM, "no memory for detection");
	}
	d->conf = *conf;
	wr_detect_tune(d, &conf->tune);
	*out = d;
	return 0;
}

void wr_detect_tune(struct wr_detect *d, const struct wr_detect_tune *tune)
{
	d->conf.tune = *tune;
	if (!d->conf.tune.malformed)
		d->conf.tune.malformed = WR_DETECT_MALFORMED;
	if (!d->conf.tune.anomaly_days)
		d->conf.tune.anomaly_days = WR_DETECT_ANOMALY_DAYS;
	finish_off(d);
}

void wr_detect_close(struct wr_detect **detect)
{
	struct wr_detect *d = *detect;

	if (!d)
		return;
	wr_rows_close(&d->targets);
	wr_mem_unmap(d->recent, RECENT * sizeof(*d->recent));
	known_close(&d->sources);
	known_close(&d->clients);
	syns_free(d->syns);
	scans_close(d);
	pairs_close(d);
	slow_close(d);
	names_close(d);
	stations_close(d);
	offers_close(d);
	broken_close(d);
	services_close(d);
	exfil_close(d);
	talkers_close(d);
	echoes_close(d);
	odds_close(d);
	samples_close(d);
	weeks_close(d);
	free(d);
	*detect = NULL;
}

/* ---- targets ---- */

/* How much the most that is usual may rise in an hour of the first day (detect/bound.h). What
 * nobody asked for cannot be told from answers where only what arrives is seen. */
static float rise_of(const struct wr_detect *d, int c)
{
	static const bool served[COUNT_N] = {
		[C_PACKETS] = true,   [C_BYTES] = true,	       [C_SYN] = true,
		[C_HALF_OPEN] = true, [C_HANDSHAKES] = true,   [C_UDP_UNASKED] = true,
		[C_NEW_FLOWS] = true, [C_UDP_ANSWERED] = true, [C_NEW_SOURCES] = true};

	return d->conf.one_way || served[c] ? WR_BOUND_RISE_SERVED : WR_BOUND_RISE_HOUR;
}

/* The second that ended is over: what it had is learned, and that nothing came in those since. */
static void learn(struct wr_detect *d, struct target *t)
{
	uint32_t idle = (d->step - t->step) / STEPS, more = idle > 1 ? idle : 1;

	if (!t->learned)
		t->learned = d->step;
	if (d->step - t->learned < STEPS)
		return;
	t->learned = d->step;
	t->sum[C_HALF_OPEN] = half_open(t);
	t->low += (float)(t->sum[C_HALF_OPEN] - most_lately(t, C_HALF_OPEN, 3) - LOW_DRIFT);
	if (t->low < 0 || idle > 1 || look_gone(d, t))
		t->low = 0;
	else if (t->low > LOW_MOST)
		t->low = LOW_MOST;
	if (d->step < t->busy || (!t->key.tag && is_busy(d, t->key.addr, t->key.ip_v)))
		return;
	for (int i = 0; i < COUNT_N; i++) {
		wr_norm_learn(&t->norm[i], t->sum[i]);
		if (idle > 1)
			wr_norm_rest(&t->norm[i], idle - 1);
		if (!t->kept)
			wr_bound_learn(&t->bound[i], &t->norm[i], t->bound_s, more, rise_of(d, i));
	}
	if (t->kept)
		return;
	t->bound_s += t->bound_s < UINT32_MAX - more ? more : 0;
	week_learn(d, t, idle > 1 ? idle - 1 : 0);
}

/* What is older than a second is not in the sums any more. */
static void advance(struct wr_detect *d, struct target *t)
{
	uint32_t gone = d->step - t->step;

	if (!gone)
		return;
	if (gone >= STEPS) {
		memset(t->c, 0, sizeof(t->c));
		memset(t->sum, 0, sizeof(t->sum));
		memset(t->refused, 0, sizeof(t->refused));
	} else {
		for (uint32_t s = t->step + 1; s <= d->step; s++) {
			uint32_t *c = t->c[s % STEPS];

			for (int i = 0; i < COUNT_N; i++) {
				t->sum[i] -= c[i];
				c[i] = 0;
			}
			t->refused[s % STEPS] = 0;
		}
	}
	t->step = d->step;
}

static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_detect *d = ctx;
	const struct target *t = row;

	if (t->kept)
		return UINT64_MAX;
	return d->step - t->step > 600 ? 0 : t->norm[C_PACKETS].seconds + t->sum[C_PACKETS];
}

static void gone(void *ctx, const void *row)
{
	week_free(ctx, row);
}

struct target *target_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v, uint16_t prefix)
{
	struct wr_talk_key key = {.ip_v = ip_v, .tag = prefix};
	struct target *t;
	uint32_t tag;

	memcpy(key.addr, addr, 16);
	tag = wr_rows_hash(&d->targets, &key);
	t = wr_rows_find(&d->targets, &key, tag);
	if (!t) {
		t = wr_rows_make(&d->targets, &key, tag, weigh, gone, d);
		memset(&t->step, 0, sizeof(*t) - offsetof(struct target, step));
		t->step = t->learned = d->step;
		t->since_s = (uint32_t)(d->step_ns / 1000000000u);
	}
	if (t->touched != d->step) {
		learn(d, t);
		advance(d, t);
		if (d->n_touched < TARGETS * 2)
			d->touched[d->n_touched++] =
				(uint32_t)(((uint8_t *)t - d->targets.rows) / sizeof(*t));
		t->touched = d->step;
	}
	return t;
}

static struct target *at(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
			 uint16_t prefix)
{
	struct wr_talk_key key = {.ip_v = ip_v, .tag = prefix};

	memcpy(key.addr, addr, prefix ? prefix / 8 : 16);
	return wr_rows_find(&d->targets, &key, wr_rows_hash(&d->targets, &key));
}

const struct target *target_known(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
				  uint16_t prefix)
{
	return at(d, addr, ip_v, prefix);
}

static uint16_t prefix_of(uint8_t ip_v)
{
	return ip_v == 4 ? 24 : 64;
}

/* The prefix of that address. */
static struct target *net_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	uint8_t net[16] = {0};

	memcpy(net, addr, prefix_of(ip_v) / 8);
	return target_of(d, net, ip_v, prefix_of(ip_v));
}

static void answered(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
		     uint16_t prefix)
{
	struct target *t = at(d, addr, ip_v, prefix);

	if (t)
		t->answered = d->step;
}

/* It goes on with who connects, and so somebody of its prefix does. */
static void answers(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	answered(d, addr, ip_v, 0);
	answered(d, addr, ip_v, prefix_of(ip_v));
}

bool is_busy(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	const struct target *t = target_known(d, addr, ip_v, 0);
	const struct target *net = target_known(d, addr, ip_v, prefix_of(ip_v));

	return (t && d->step < t->busy) || (net && d->step < net->busy);
}

uint32_t learned_s(const struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	const struct target *t = target_known(d, addr, ip_v, 0);

	return t ? t->norm[C_PACKETS].seconds : 0;
}

void count(struct wr_detect *d, struct target *t, enum count what, uint64_t n)
{
	t->c[d->step % STEPS][what] += (uint32_t)n;
	t->sum[what] += (uint32_t)n;
}

/* ---- parts ---- */

static const uint16_t vectors[VECTORS] = {17,	19,   53,    69,    111,   123,	  137,	161,
					  389,	500,  520,   1434,  1900,  3283,  3702, 4500,
					  5353, 5683, 10001, 11211, 27015, 37810, 47808};

int vector_of(uint16_t port)
{
	for (int i = 0; i < VECTORS; i++)
		if (vectors[i] == port)
			return i;
	return -1;
}

uint16_t vector_port(int number)
{
	return vectors[number];
}

bool for_many(const uint8_t *addr, uint8_t ip_v)
{
	if (ip_v == 6)
		return addr[0] == 0xff;
	return addr[0] == 0 || addr[0] == 239 || (addr[0] == 224 && !addr[1]) || addr[3] == 255;
}

/* An address that is not of a network of one's own (RFC 1918, 6598, 3927, 4193, 4291). */
bool is_far(const uint8_t *a, uint8_t ip_v)
{
	if (ip_v == 6)
		return (a[0] & 0xe0) == 0x20;
	return !(a[0] == 10 || a[0] == 127 || a[0] >= 224 || (a[0] == 172 && (a[1] & 0xf0) == 16) ||
		 (a[0] == 192 && a[1] == 168) || (a[0] == 169 && a[1] == 254) ||
		 (a[0] == 100 && (a[1] & 0xc0) == 64));
}

static void remember(struct wr_detect *d, const struct part *a, uint8_t kinds)
{
	struct recent *r = &d->recent[d->n_recent++ % RECENT];
	const struct wr_flow_part *p = &a->p->flow;

	r->key = p->key;
	r->ns = p->last_ns;
	r->packets = (uint32_t)p->n.packets;
	r->bytes = (uint32_t)p->n.bytes;
	r->tcp_flags = p->tcp_flags;
	r->from = p->from;
	r->kinds = kinds;
}

/* What a TCP part counts for. True: nobody asked for it. */
static bool count_tcp(struct wr_detect *d, struct target *t, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	uint16_t flags = p->tcp_flags;

	if (a->syn) {
		count(d, t, C_SYN, flags & (WR_TCP_ACK | WR_TCP_RST) ? 1 : a->n);
		return false;
	}
	if (a->asked)
		return false;
	if (p->syn & WR_FLOW_SYN_ACK)
		count(d, t, C_SYNACK_UNASKED, a->n);
	else if (a->f->tcp_flags[a->from] & WR_TCP_SYN) /* of who has just opened it */
		return false;
	else if (flags & WR_TCP_RST)
		count(d, t, C_RST_UNASKED, a->n);
	else if (d->conf.one_way)
		return false;
	else
		count(d, t, C_ACK_UNASKED, a->n);
	return true;
}

static bool count_other(struct wr_detect *d, struct target *t, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	uint8_t proto = p->key.proto;

	if (proto == WR_IP_ICMP || proto == WR_IP_ICMP6) {
		count(d, t, C_ICMP, a->n);
		return !a->asked;
	}
	if (proto != WR_IP_UDP || a->asked)
		return false;
	count(d, t, C_UDP_UNASKED, a->n);
	if (is_vector(p->key.port[a->from]))
		count(d, t, C_AMP_UNASKED, a->n);
	return true;
}

static bool count_kind(struct wr_detect *d, struct target *t, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;

	if (a->p->facts & WR_FACT_FRAG) {
		count(d, t, C_FRAGMENTS, a->n);
		if (k->proto == WR_IP_TCP || (!k->port[0] && !k->port[1]))
			return !a->asked;
	}
	return k->proto == WR_IP_TCP ? count_tcp(d, t, a) : count_other(d, t, a);
}

/* What nobody asked for, and SYNs, count for the prefix, too: floods that are spread. So do
 * connections that are made, see count_target(). */
static void count_prefix(struct wr_detect *d, const struct part *a, bool fresh)
{
	const struct wr_flow_part *p = &a->p->flow;
	uint64_t h = addr_hash(p->key.addr[a->to]);
	uint32_t second = d->step / STEPS;
	struct target *t = net_of(d, p->key.addr[a->to], p->key.ip_v);

	if (second != t->hosts_second) {
		t->hosts[1] = second == t->hosts_second + 1 ? t->hosts[0] : 0;
		t->hosts[0] = 0;
		t->hosts_second = second;
	}
	t->hosts[0] |= 1ull << (h & 63);
	count(d, t, C_PACKETS, a->n);
	if (fresh)
		count(d, t, C_NEW_SOURCES, 1);
	count_kind(d, t, a);
}

/*
 * A client that never was one. Whoever is forged gets no further than a SYN+ACK, and may send an
 * ACK as if there had been one: nothing is said to him. Where only one direction is seen nobody
 * knows.
 */
static void count_client(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	bool says = a->f->caller == a->to && p->tcp_flags & WR_TCP_PSH;
	uint8_t client = d->conf.one_way ? a->from : a->to;

	if ((d->conf.one_way ? a->handshake : says) &&
	    known_new(&d->clients, p->key.addr[client], p->key.ip_v))
		count(d, target_of(d, p->key.addr[!client], p->key.ip_v, 0), C_NEW_CLIENTS, 1);
}

static void count_target(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_part *p = &a->p->flow;
	struct target *t = target_of(d, p->key.addr[a->to], p->key.ip_v, 0);
	bool unasked,
		fresh = a->is_new && known_new(&d->sources, p->key.addr[a->from], p->key.ip_v);

	count(d, t, C_PACKETS, a->n);
	count(d, t, C_BYTES, p->n.bytes);
	if (a->p->facts & WR_FACT_BAD)
		count(d, t, C_MALFORMED, a->n);
	if (a->is_new)
		count(d, t, C_NEW_FLOWS, 1);
	if (fresh)
		count(d, t, C_NEW_SOURCES, 1);
	if (a->handshake)
		count(d, t, C_HANDSHAKES, 1);
	unasked = count_kind(d, t, a);
	remember(d, a,
		 (uint8_t)((unasked ? RECENT_UNASKED : 0) | (fresh ? RECENT_NEW_SOURCE : 0) |
			   (a->syn ? RECENT_SYN : 0) | (a->handshake ? RECENT_DONE : 0) |
			   (a->p->facts & WR_FACT_FRAG ? RECENT_FRAG : 0)));
	if (unasked || a->syn)
		count_prefix(d, a, fresh);
	if (a->handshake)
		count(d, net_of(d, p->key.addr[a->to], p->key.ip_v), C_HANDSHAKES, 1);
	if (unasked && a->is_new && p->tcp_flags & (WR_TCP_SYN | WR_TCP_RST) &&
	    p->key.proto == WR_IP_TCP)
		scan_answer(d, a);
}

void wr_detect_part(struct wr_detect *d, const struct wr_live_part *p, const struct wr_flow *f)
{
	uint8_t from = p->flow.from, to = !from;
	struct part a;

	if (!d->step)
		wr_detect_tick(d, p->flow.last_ns);
	a = part_of(d->syns, d->step, p, f);
	a.closing = p->flow.key.proto == WR_IP_TCP &&
		    p->flow.tcp_flags & (WR_TCP_FIN | WR_TCP_RST) &&
		    !(f->tcp_flags[to] & (WR_TCP_FIN | WR_TCP_RST));
	a.answer = a.asked && f->opener == to && f->sent[from].packets == a.n;
	if (!for_many(p->flow.key.addr[to], p->flow.key.ip_v))
		count_target(d, &a);
	if (p->flow.key.proto == WR_IP_TCP)
		count_client(d, &a);
	if (a.answer && p->flow.key.proto == WR_IP_TCP && !(p->flow.tcp_flags & WR_TCP_RST))
		answers(d, p->flow.key.addr[from], p->flow.key.ip_v);
	if (a.answer && p->flow.key.proto == WR_IP_TCP && p->flow.tcp_flags & WR_TCP_RST)
		target_of(d, p->flow.key.addr[from], p->flow.key.ip_v, 0)
			->refused[d->step % STEPS]++;
	if (a.answer && p->flow.key.proto == WR_IP_UDP)
		count(d, target_of(d, p->flow.key.addr[from], p->flow.key.ip_v, 0), C_UDP_ANSWERED,
		      1);
	scan_part(d, &a);
	pair_part(d, &a);
	names_part(d, &a);
	broken_part(d, &a);
	services_part(d, &a);
	exfil_part(d, &a);
	talkers_part(d, &a);
	echo_part(d, &a);
	odd_part(d, &a);
}

void wr_detect_soon(struct wr_detect *d, const struct wr_live_soon *s)
{
	const struct wr_flow_key *k = s->key;
	typeof(d->soon[0]) *at = &d->soon[s->number % WR_LIVE_SOON];
	int local = s->out ? s->from : !s->from; /* most likely the service */
	struct wr_talk_key to = {.ip_v = k->ip_v}, host = to;
	struct wr_talk_key service = {.port = k->port[local], .proto = k->proto, .ip_v = k->ip_v};

	memcpy(to.addr, k->addr[!s->from], 16);
	memcpy(host.addr, k->addr[local], 16);
	memcpy(service.addr, k->addr[local], 16);
	at->target = wr_rows_hash(&d->targets, &to);
	wr_rows_ask(&d->targets, at->target);
	at->service = odd_soon(d, &service);
	at->host = odd_soon(d, &host);
}

void wr_detect_near(struct wr_detect *d, uint32_t number)
{
	const typeof(d->soon[0]) *at = &d->soon[number % WR_LIVE_SOON];

	wr_rows_ask_row(&d->targets, at->target, 0, offsetof(struct target, c));
	wr_rows_ask_row(&d->targets, at->target, offsetof(struct target, c[d->step % STEPS]),
			sizeof(uint32_t[COUNT_N]));
	wr_rows_ask_row(&d->targets, at->target, offsetof(struct target, sum),
			sizeof(uint32_t[COUNT_N]));
	odd_near(d, at->service);
	odd_near(d, at->host);
}

void wr_detect_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	if (!d->step)
		wr_detect_tick(d, pkt->ts_ns);
	stations_packet(d, pkt, rec);
	offers_packet(d, pkt, rec);
	broken_packet(d, pkt, rec);
	names_packet(d, pkt, rec);
	samples_packet(d, pkt, rec);
	odd_packet(d, rec);
}

/* ---- time ---- */

void forget_touched(struct wr_detect *d)
{
	for (uint32_t i = 0; i < d->n_touched; i++)
		((struct target *)wr_rows_at(&d->targets, d->touched[i]))->touched = 0;
	d->n_touched = 0;
}

static void end_step(struct wr_detect *d)
{
	for (uint32_t i = 0; i < d->n_touched; i++) {
		struct target *t = wr_rows_at(&d->targets, d->touched[i]);

		if (t->touched == d->step)
			end_step_floods(d, t);
	}
	d->n_touched = 0;
	end_step_slow(d);
	end_step_odd(d);
	end_step_samples(d);
	end_step_findings(d);
}

/* The clock was put back: the step goes on at the new time. What was remembered with times that are
 * still to come is forgotten; what is usual stays. */
static void put_back(struct wr_detect *d, uint64_t now_ns)
{
	end_step(d);
	d->step++;
	d->step_ns = now_ns - now_ns % WR_DETECT_STEP_NS;
	d->n_recent = 0;
	samples_forget(d);
}

void wr_detect_tick(struct wr_detect *d, uint64_t now_ns)
{
	uint64_t steps;

	if (!d->step) {
		d->step = BEGIN_STEP;
		d->step_ns = now_ns - now_ns % WR_DETECT_STEP_NS;
		return;
	}
	if (now_ns + BACK_NS < d->step_ns)
		put_back(d, now_ns);
	while (now_ns >= step_end(d)) {
		end_step(d);
		d->step++;
		d->step_ns += WR_DETECT_STEP_NS;
		steps = now_ns > d->step_ns ? (now_ns - d->step_ns) / WR_DETECT_STEP_NS : 0;
		if (steps > HOLD_LONG + STEPS) { /* nothing came for so long that all is over */
			d->step += (uint32_t)steps - HOLD_LONG;
			d->step_ns += (steps - HOLD_LONG) * WR_DETECT_STEP_NS;
		}
	}
}

void wr_detect_finish(struct wr_detect *d)
{
	if (!d->step)
		return;
	wr_detect_tick(d, step_end(d));
	finish_findings(d);
}
