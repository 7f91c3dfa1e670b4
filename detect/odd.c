/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "core/proto.h"
#include "detect/odd.h"

/*
 * Traffic of another kind than usual, that no other detector has a name for: several things about
 * what comes to a service differ at once, for three windows in a row. Each of them is measured in
 * deviations from what is usual there; their squares are added (the distance of Mahalanobis with a
 * diagonal of robust scales), so that each one's share of the sum is the reason. How large a sum is
 * too large is learned, too: the tail of those that were seen there, as Siffer et al. (SPOT, KDD
 * 2017) have it, with an exponential tail, for a number of false alarms that is aimed at.
 *
 * Nothing is learned, and nothing is told, where something that has a name holds, or where a
 * service that did answers hardly anything: it is down.
 */

enum {
	WINDOW = ODD_WINDOW_S * STEPS,
	WINDOW_MOST = 6 * WINDOW, /* where little comes, windows are longer */
	STAY = 1800 * STEPS,	  /* so long it is told; then it is what is usual */
	NAMED_REST = 300 * STEPS, /* so long after what has a name it is the same cause */
	TAKEN = 5,		  /* percent of a score that is a reason */
};

int odds_open(struct wr_detect *d)
{
	d->odds = calloc(1, sizeof(*d->odds));
	return d->odds ? wr_rows_open(&d->odds->rows, sizeof(struct odd), ODD_ROWS) : -1;
}

void odds_close(struct wr_detect *d)
{
	if (d->odds)
		wr_rows_close(&d->odds->rows);
	free(d->odds);
}

/* ---- what comes ---- */

static uint64_t weigh(const void *ctx, const void *row)
{
	const struct odd *o = row;

	(void)ctx;
	return (uint64_t)o->windows << 32 | o->began;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

/*
 * One client that fetches something large makes most of what comes for a minute, and that is usual:
 * what it does is no mixture. Of a flow no more is counted than a part of what comes usually.
 */
static uint32_t most_of_one(const struct odd *o)
{
	double usual = expm1((double)o->norm[ODD_PACKETS].level) * ODD_WINDOW_S / ODD_ONE;

	return (uint32_t)fmin(fmax(ODD_LEAST, usual), UINT16_MAX);
}

static struct odd *odd_of(struct wr_detect *d, const struct wr_talk_key *key)
{
	struct wr_rows *rows = &d->odds->rows;
	uint32_t tag = wr_rows_hash(rows, key);
	struct odd *o = wr_rows_find(rows, key, tag);

	if (o)
		return o;
	o = wr_rows_make(rows, key, tag, weigh, gone, d);
	memset(&o->began, 0, sizeof(*o) - offsetof(struct odd, began));
	o->began = d->step;
	o->most_of_one = most_of_one(o);
	return o;
}

/* So many of these are counted. */
static uint32_t take(struct odd *o, enum odd_way way, uint64_t flow, uint64_t n)
{
	uint16_t *had = &o->of_flow[way][flow % ODD_FLOWS];
	uint32_t room = o->most_of_one > *had ? o->most_of_one - *had : 0;

	n = n < room ? n : room;
	*had += (uint16_t)n;
	return (uint32_t)n;
}

static uint64_t flow_hash(const uint8_t client[16], uint16_t port)
{
	return (addr_hash(client) + port * 0x9e3779b97f4a7c15ull) >> 32;
}

/* Of packets that were counted together it is known which flags there were: all had one when there
 * is no other kind, else at least one. */
static void count_flags(struct odd *o, const struct wr_flow_part *p, uint32_t rest)
{
	uint16_t flags = p->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST | WR_TCP_FIN);
	uint32_t n;
	static const uint16_t of[] = {WR_TCP_SYN, WR_TCP_RST, WR_TCP_FIN};

	for (unsigned int i = 0; i < sizeof(of) / sizeof(*of) && rest; i++) {
		if (!(flags & of[i]))
			continue;
		n = flags == of[i] ? rest : 1;
		o->kinds[ODD_FLAGS_AT + i] += n;
		rest -= n;
	}
	o->kinds[ODD_FLAGS_AT + ODD_FLAGS - 1] += rest;
}

static void count_in(struct odd *o, const struct part *a, uint64_t flow)
{
	const struct wr_flow_part *p = &a->p->flow;
	uint64_t h = addr_hash(p->key.addr[a->from]);
	uint32_t n = take(o, ODD_IN, flow, a->n);

	o->packets += (uint32_t)a->n;
	o->new_flows += a->is_new;
	o->sources[h >> 6 & (ODD_WORDS - 1)] |= 1ull << (h & 63);
	if (!n)
		return;
	o->counted += n;
	o->bytes += p->n.bytes * n / a->n;
	o->kinds[wr_size_class((uint32_t)(p->n.bytes / a->n))] += n;
	if (p->key.proto == WR_IP_TCP)
		count_flags(o, p, n);
}

static void count_back(struct odd *o, const struct part *a, uint64_t flow)
{
	const struct wr_flow_part *p = &a->p->flow;
	uint32_t n = take(o, ODD_BACK, flow, a->n);

	o->back += (uint32_t)a->n;
	if (p->key.proto == WR_IP_TCP && (p->tcp_flags & 0xff) == (WR_TCP_RST | WR_TCP_ACK))
		o->refused += (uint32_t)a->n;
	if (!n)
		return;
	o->counted_back += n;
	o->back_bytes += p->n.bytes * n / a->n;
}

static void count_part(struct odd *o, const struct part *a, uint8_t server)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	uint64_t flow = flow_hash(k->addr[!server], k->port[!server]);

	if (a->to == server)
		count_in(o, a, flow);
	else
		count_back(o, a, flow);
}

/*
 * A service, and by port 0 all that an address offers. What comes back to clients for what they
 * asked is not looked at: people do something else all the time.
 */
void odd_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	uint8_t server = (uint8_t)wr_flow_server(a->f);
	struct wr_talk_key key = {.port = k->port[server], .proto = k->proto, .ip_v = k->ip_v};

	if (d->conf.tune.no_anomalies || for_many(k->addr[server], k->ip_v))
		return;
	memcpy(key.addr, k->addr[server], 16);
	if (!is_ours(d, &key))
		return;
	count_part(odd_of(d, &key), a, server);
	key.port = key.proto = 0;
	count_part(odd_of(d, &key), a, server);
}

uint32_t odd_soon(const struct wr_detect *d, const struct wr_talk_key *key)
{
	uint32_t tag = wr_rows_hash(&d->odds->rows, key);

	wr_rows_ask(&d->odds->rows, tag);
	return tag;
}

void odd_near(const struct wr_detect *d, uint32_t tag)
{
	/* All that a part touches but what of its flow was counted, which is a line of some. */
	wr_rows_ask_row(&d->odds->rows, tag, 0, offsetof(struct odd, kinds[ODD_TTLS_AT]));
	wr_rows_ask_row(&d->odds->rows, tag, offsetof(struct odd, of_flow), ODD_FLOWS * 2);
}

static void count_header(struct wr_detect *d, const struct wr_talk_key *key, uint64_t flow,
			 uint8_t ttl)
{
	struct wr_rows *rows = &d->odds->rows;
	struct odd *o = wr_rows_find(rows, key, wr_rows_hash(rows, key));

	if (o)
		o->kinds[ODD_TTLS_AT + ttl / (256 / ODD_TTLS)] += take(o, ODD_HEADERS, flow, 1);
}

void odd_packet(struct wr_detect *d, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	struct wr_talk_key key = {.ip_v = h->ip_v};
	uint8_t client[16] = {0};
	uint64_t flow;

	if (d->conf.tune.no_anomalies || !(h->has & WR_H_IP))
		return;
	memcpy(key.addr, h->dst, h->ip_v == 4 ? 4 : 16);
	memcpy(client, h->src, h->ip_v == 4 ? 4 : 16);
	flow = flow_hash(client, h->has & WR_H_PORTS ? h->sport : 0);
	count_header(d, &key, flow, h->ttl);
	if (!(h->has & WR_H_PORTS))
		return;
	key.port = h->dport;
	key.proto = h->proto;
	count_header(d, &key, flow, h->ttl);
}

/* ---- what has a name ---- */

static bool covers(const struct wr_finding *f, const struct wr_talk_key *key)
{
	uint8_t bytes = f->victim.prefix / 8;

	if (f->victim.ip_v == key->ip_v && !memcmp(f->victim.addr, key->addr, bytes))
		return true;
	for (uint32_t i = 0; i < f->n_sources; i++)
		if (f->source[i].ip_v == key->ip_v && !memcmp(f->source[i].addr, key->addr, 16))
			return true;
	return false;
}

/* Something that goes on slowly is no reason for what is odd there, however long it does. */
static bool has_name(const struct wr_detect *d, const struct wr_talk_key *key)
{
	for (int i = 0; i < FINDINGS; i++) {
		const struct finding_slot *s = &d->finding[i];

		if (s->f.id && s->f.klass != WR_CLASS_ANOMALY &&
		    d->step - s->strong_step < HOLD_LONG && covers(&s->f, key))
			return true;
	}
	return is_busy(d, key->addr, key->ip_v);
}

void odd_yield(struct wr_detect *d, const struct wr_finding *named)
{
	for (int i = 0; i < FINDINGS; i++) {
		const struct wr_finding *f = &d->finding[i].f;
		struct wr_talk_key key = {.ip_v = f->victim.ip_v};

		memcpy(key.addr, f->victim.addr, 16);
		if (f->id && f->klass == WR_CLASS_ANOMALY && covers(named, &key))
			finish_finding(d, f);
	}
}

/* One that holds for another service of the same address. */
static bool is_told_there(const struct wr_detect *d, const struct wr_talk_key *key)
{
	for (int i = 0; i < FINDINGS; i++) {
		const struct wr_finding *f = &d->finding[i].f;

		if (f->id && f->klass == WR_CLASS_ANOMALY && f->victim.ip_v == key->ip_v &&
		    !memcmp(f->victim.addr, key->addr, 16))
			return true;
	}
	return false;
}

/* ---- telling ---- */

static struct wr_victim victim(const struct odd *o)
{
	struct wr_victim v = victim_of(o->key.addr, o->key.ip_v);

	v.port = o->key.port;
	v.proto = o->key.proto;
	return v;
}

/* What moved the score, most first; and the rate, to say whether it is that. */
static void reasons(struct wr_finding *f, const struct odd *o, const struct odd_window *w)
{
	bool told[ODD_THINGS] = {false};
	int best;

	_Static_assert(ODD_THINGS + 1 <= WR_FINDING_EVIDENCE, "there is room for all");
	do {
		best = -1;
		for (int i = 0; i < ODD_THINGS; i++)
			if (w->has[i] && !told[i] &&
			    odd_part_of_score(w, i) * 100 >= w->score * w->score * TAKEN &&
			    (best < 0 || odd_part_of_score(w, i) > odd_part_of_score(w, best)))
				best = i;
		if (best >= 0) {
			odd_evidence(&f->evidence[f->n_evidence++], o, w, best);
			told[best] = true;
		}
	} while (best >= 0);
	if (!told[ODD_PACKETS])
		odd_evidence(&f->evidence[f->n_evidence++], o, w, ODD_PACKETS);
}

static void tell_odd(struct wr_detect *d, struct odd *o, const struct odd_window *w, double bound)
{
	struct wr_victim v = victim(o);
	struct wr_finding *f;
	bool is_new;

	if (!room_for(d, WR_CLASS_ANOMALY, &v))
		return;
	f = find(d, WR_CLASS_ANOMALY, &v, &is_new);
	if (!f || !is_new)
		return;
	f->start_ns = step_end(d) - (uint64_t)(d->step - o->run_began) * WR_DETECT_STEP_NS;
	reasons(f, o, w);
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - o->began) / (double)STEPS);
	f->score = fmax(1, w->score / bound);
	o->told_step = d->step;
	tell(d, f);
}

/* It has been so for so long that it is what is usual now: it is learned anew, of all services
 * there.
 */
static void accept(struct wr_detect *d, const struct wr_talk_key *key, const struct wr_finding *f)
{
	finish_finding(d, f);
	for (uint32_t i = 0; i < d->odds->rows.used; i++) {
		struct odd *o = wr_rows_at(&d->odds->rows, i);

		if (o->key.ip_v != key->ip_v || memcmp(o->key.addr, key->addr, 16))
			continue;
		memset(o->norm, 0, sizeof(o->norm));
		memset(o->last, 0, sizeof(o->last));
		memset(o->known, 0, sizeof(o->known));
		o->n_top = 0;
		o->windows = o->scores = 0;
		o->most_of_one = most_of_one(o);
	}
}

static void go_on(struct wr_detect *d, struct odd *o, struct wr_finding *f, bool high)
{
	if (d->step - o->told_step >= STAY)
		accept(d, &o->key, f);
	else if (high)
		renew(d, f);
}

/* The lowest of the last ones: a single window is nothing. */
static float lasting(struct odd *o, const struct wr_detect *d, float score)
{
	float least = score;

	for (int i = ODD_RUN - 1; i > 0; i--)
		o->last[i] = o->last[i - 1];
	o->last[0] = score;
	for (int i = 0; i < ODD_RUN; i++)
		least = o->last[i] < least ? o->last[i] : least;
	if (score < ODD_FLOOR)
		o->run_began = d->step;
	return least;
}

/* All services together give one false alarm in as many. */
static double windows_of(const struct wr_detect *d)
{
	return d->conf.tune.anomaly_days * (86400.0 / ODD_WINDOW_S) * fmax(1, d->odds->judged);
}

static void end_window(struct wr_detect *d, struct odd *o)
{
	struct wr_victim v = victim(o);
	struct wr_finding *f = found(d, WR_CLASS_ANOMALY, &v);
	struct odd_window w;
	double bound;
	float least;

	o->two_way |= o->back > 0;
	odd_measure(o, (d->step - o->began) / (double)STEPS, &w);
	odd_judge(o, &w);
	if (has_name(d, &o->key) || odd_is_silent(o, &w)) {
		o->named_step = d->step;
		memset(o->last, 0, sizeof(o->last));
		o->run_began = d->step;
		return;
	}
	least = lasting(o, d, (float)w.score);
	bound = odd_bound(o, windows_of(d));
	if (f) {
		go_on(d, o, f, w.score > bound * 0.7);
		return;
	}
	if ((double)least > bound * odd_rush(o, &w)) {
		bool rest = o->named_step && d->step - o->named_step < NAMED_REST;

		if (!rest && !is_told_there(d, &o->key))
			tell_odd(d, o, &w, bound);
		return;
	}
	if (o->windows >= ODD_YOUNG / 2 && (double)least <= bound)
		odd_learn_score(o, least);
	if (w.score <= bound)
		odd_learn(o, &w);
	o->most_of_one = most_of_one(o);
}

static void begin_window(struct wr_detect *d, struct odd *o)
{
	memset(&o->packets, 0, offsetof(struct odd, scores) - offsetof(struct odd, packets));
	o->began = d->step;
}

/* So that a step has a hundredth of the rows, each has windows of its own. */
void end_step_odd(struct wr_detect *d)
{
	struct odds *all = d->odds;

	for (uint32_t i = d->step % WINDOW; i < all->rows.used; i += WINDOW) {
		struct odd *o = wr_rows_at(&all->rows, i);
		uint32_t age = d->step - o->began;

		if (age < WINDOW / 2 || (o->packets < ODD_LEAST && age < WINDOW_MOST))
			continue;
		if (o->packets >= ODD_LEAST && age <= WINDOW_MOST + WINDOW) {
			all->windows++;
			end_window(d, o);
		}
		begin_window(d, o);
	}
	if (d->step % WINDOW)
		return;
	all->judged = all->windows;
	all->windows = 0;
}
