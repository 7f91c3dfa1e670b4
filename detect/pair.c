/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/beacon.h"
#include "detect/blame.h"
#include "detect/ended.h"
#include "detect/impl.h"

/*
 * Who connects to which service, how often and how regularly: logins that are tried one after
 * another, and beacons.
 */

enum {
	HEADERS_MOST = 14 + 40 + 60, /* Ethernet, IPv6, TCP with all its options */
	PAIRS = 8192,
	GAPS = 16,
	LOGINS = 10, /* short sessions in a minute */
	MINUTE = 60 * STEPS,
	LOGIN_STEPS = MINUTE,
	LAST = 16,    /* sessions of which the sizes are known */
	LAST_ODD = 2, /* of these of another size, among logins; of who differs: one */
	SESSION_BYTES_MOST = 20000,
	SESSION_S_MOST = 30,
	BEACONS = BEACON_GAPS + 1,
	BEACONS_COLD = 100, /* of those that may have been there always */
};

static const double alike = 0.4, very_alike = 0.1;

/* Timers of one client at one service (four: two as well); seconds between its sessions at least,
 * and how far two of three may stray, as a share. */
static const struct {
	int timers;
	float seconds, away;
} rhythms[] = {{1, 2.9f, 0.1f}, {1, 1.9f, 0.03f}, {3, 1.9f, 0.03f}, {4, 1.9f, 0.03f}};

struct sizes { /* of sessions: how many, their sum and the sum of squares */
	uint32_t n;
	double bytes, bytes_2;
};

struct pair {
	struct wr_talk_key key; /* who; port and tag: hash of whom; proto */
	uint32_t step;
	uint8_t addr[16];
	uint16_t port;
	uint32_t since;		/* step in which its minute began */
	struct sizes now, past; /* short sessions that ended in it, and before */
	float now_s;		/* that those of `now` took */
	uint64_t late;		/* bytes of those of `now` that came when they were counted */
	float last[LAST];	/* bytes of the newest ones, a ring */
	uint32_t n_last;	/* written so far */
	uint64_t opened_ns;	/* the newest connection */
	uint64_t first_ns;	/* the first since `since` */
	bool differ;		/* its sessions have not been alike */
	float gap[GAPS];	/* seconds between openings, a ring */
	uint32_t n_gaps;	/* written so far */
	uint32_t opened, first_step, told; /* told: see beacon_tell */
	uint32_t minute, minutes; /* the newest it has opened one in; how many there were */
};

struct pairs {
	struct wr_rows rows;
	struct ended ended; /* of those that logged in */
};

/* Where people log in; what speaks SSH is one wherever it listens. */
static const uint16_t logins[] = {21,	22,   23,   25,	  110,	139,  143,  389,  445,
				  465,	512,  513,  587,  990,	993,  995,  1433, 1521,
				  2222, 2323, 3306, 3389, 5060, 5432, 5900, 5985, 6379};

int pairs_open(struct wr_detect *d)
{
	d->pairs = calloc(1, sizeof(*d->pairs));
	return d->pairs ? wr_rows_open(&d->pairs->rows, sizeof(struct pair), PAIRS) : -1;
}

void pairs_close(struct wr_detect *d)
{
	if (d->pairs)
		wr_rows_close(&d->pairs->rows);
	free(d->pairs);
}

static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_detect *d = ctx;
	const struct pair *p = row;

	return d->step - p->step > 3600 * STEPS ? 0 : p->opened;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static struct wr_talk_key key_of(const uint8_t client[16], const uint8_t server[16], uint16_t port,
				 uint8_t proto, uint8_t ip_v)
{
	uint32_t whom = (uint32_t)wr_mix(addr_hash(server) + port);
	struct wr_talk_key key = {.port = (uint16_t)whom,
				  .tag = (uint16_t)(whom >> 16),
				  .proto = proto,
				  .ip_v = ip_v};

	memcpy(key.addr, client, 16);
	return key;
}

uint32_t pair_minutes(const struct wr_detect *d, const uint8_t client[16],
		      const struct wr_victim *service)
{
	const struct wr_rows *rows = &d->pairs->rows;
	struct wr_talk_key key =
		key_of(client, service->addr, service->port, service->proto, service->ip_v);
	const struct pair *p = wr_rows_find(rows, &key, wr_rows_hash(rows, &key));

	return p ? p->minutes : 0;
}

static struct pair *pair_of(struct wr_detect *d, const struct wr_flow_key *k, uint8_t client,
			    bool make)
{
	struct wr_rows *rows = &d->pairs->rows;
	struct wr_talk_key key =
		key_of(k->addr[client], k->addr[!client], k->port[!client], k->proto, k->ip_v);
	struct pair *p;
	uint32_t tag;

	tag = wr_rows_hash(rows, &key);
	p = wr_rows_find(rows, &key, tag);
	if (p || !make)
		return p;
	p = wr_rows_make(rows, &key, tag, weigh, gone, d);
	memset(&p->step, 0, sizeof(*p) - offsetof(struct pair, step));
	memcpy(p->addr, k->addr[!client], 16);
	p->port = k->port[!client];
	p->since = p->first_step = d->step;
	return p;
}

/* The newest gaps between openings, n at most, in their order: how many. */
static int gaps_of(const struct pair *p, float *v, uint32_t n)
{
	n = p->n_gaps < n ? p->n_gaps : n;
	for (uint32_t i = 0; i < n; i++)
		v[i] = p->gap[(p->n_gaps - n + i) % GAPS];
	return (int)n;
}

static struct wr_victim service_of(const struct pair *p)
{
	struct wr_victim v = victim_of(p->addr, p->key.ip_v);

	v.port = p->port;
	v.proto = p->key.proto;
	return v;
}

/* ---- logins ---- */

static bool is_login(const struct wr_detect *d, const struct pair *p, const struct wr_flow *f)
{
	const struct wr_app *app;

	for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++)
		if (logins[i] == p->port)
			return true;
	app = d->conf.live ? wr_live_app(d->conf.live, f) : NULL;
	return app && wr_app_proto(app) == WR_L7_SSH;
}

/* How far the sizes of sessions stray, as a share of their mean. */
static double spread_of(const struct sizes *s)
{
	double mean = s->bytes / s->n;

	return sqrt(fmax(0, s->bytes_2 / s->n - mean * mean)) / fmax(mean, 1);
}

/* Are they those of a program? Two or three a minute say that, too, when there are enough. */
static void end_minute(struct wr_detect *d, struct pair *p)
{
	p->past.n += p->now.n;
	p->past.bytes += p->now.bytes;
	p->past.bytes_2 += p->now.bytes_2;
	p->differ |= p->past.n >= LOGINS && spread_of(&p->past) > alike;
	p->now = (struct sizes){0};
	p->now_s = 0;
	p->late = 0;
	p->since = d->step;
}

/* Of the last ones, but one or two: larger ones now and then hide no logins. */
static bool most_are_alike(const struct pair *p)
{
	int n = p->n_last < LAST ? (int)p->n_last : LAST, odd = 0;
	float v[LAST], mid;

	memcpy(v, p->last, sizeof(v));
	mid = rhythm_middle(v, n);
	for (int i = 0; i < n; i++)
		odd += fabsf(v[i] - mid) > (float)very_alike * mid;
	return odd <= LAST_ODD - p->differ;
}

static double bytes_of(const struct wr_flow *f)
{
	return (double)(f->sent[0].bytes + f->sent[1].bytes);
}

static bool are_logins(const struct pair *p)
{
	return p->now.n >= LOGINS && (spread_of(&p->now) <= (p->differ ? very_alike : alike) ||
				      (p->n_last >= LAST && most_are_alike(p)));
}

/* Of one's own networks, or beside the server: its /24, of IPv6 its /64. */
static bool is_near(const struct pair *p)
{
	return !is_far(p->key.addr, p->key.ip_v) ||
	       !memcmp(p->key.addr, p->addr, p->key.ip_v == 4 ? 3 : 8);
}

static bool has_rhythm(const struct pair *p, uint32_t gaps)
{
	float v[GAPS];

	for (size_t i = 0; p->n_gaps >= LOGINS - 1 && i < sizeof(rhythms) / sizeof(*rhythms); i++) {
		struct rhythm r = rhythm_of(v, gaps_of(p, v, gaps), rhythms[i].timers);

		if (fminf(r.middle / (float)rhythms[i].timers, r.mean) >= rhythms[i].seconds &&
		    r.away <= rhythms[i].away * r.middle &&
		    p->now_s / (float)p->now.n * 2 <= r.mean)
			return true;
	}
	return false;
}

/*
 * Does a timer do it? What looks each few seconds whether a database is well, or what is in it,
 * comes from near by, and does nothing in between: who tries next when he was refused goes at the
 * server's pace. Whether it asks the same each time says nothing: tries are as alike. Two that do
 * it have two timers. After another interval has been set the newest gaps say so.
 */
static bool is_timer(const struct pair *p)
{
	return is_near(p) && (has_rhythm(p, LOGINS - 1) || has_rhythm(p, GAPS));
}

/* Those of somebody who was found, at any pace at which the finding holds until the next one. */
static bool go_on(const struct pair *p, const struct wr_finding *f)
{
	return f && has_source(f, p->key.addr) && most_are_alike(p);
}

/* Who tries there as well, later: the rule is for both from the next look on. */
static void one_more(struct wr_finding *f, const struct pair *p)
{
	struct wr_finding_source *s = &f->source[f->n_sources];

	if (f->n_sources == WR_FINDING_SOURCES || has_source(f, p->key.addr))
		return;
	memcpy(s->addr, p->key.addr, 16);
	s->ip_v = p->key.ip_v;
	s->packets = p->now.n;
	f->n_sources++;
}

/*
 * A session that was short and small has ended: how many were there in the last minute, and are
 * they alike? What a program asks of a database is not; who has had such sessions is a program,
 * until they are as like as only what is tried again and again can be.
 */
static void session(struct wr_detect *d, struct pair *p, double bytes, uint64_t begin_ns,
		    uint64_t end_ns)
{
	struct wr_victim v = service_of(p);
	struct wr_finding *fi;
	bool is_new;

	if (d->step - p->since > LOGIN_STEPS)
		end_minute(d, p);
	p->last[p->n_last++ % LAST] = (float)bytes;
	if (!p->now.n++)
		p->first_ns = begin_ns;
	p->now.bytes += bytes;
	p->now.bytes_2 += bytes * bytes;
	p->now_s += (float)((double)(end_ns - begin_ns) / 1e9);
	if (!are_logins(p) && !go_on(p, found(d, WR_CLASS_BRUTE_FORCE, &v)))
		return;
	if (is_timer(p))
		return;
	fi = find(d, WR_CLASS_BRUTE_FORCE, &v, &is_new);
	if (!fi)
		return;
	if (!is_new) {
		one_more(fi, p);
		return;
	}
	only_source(fi, p->key.addr, p->key.ip_v, p->now.n);
	fi->start_ns = p->first_ns;
	evidence_only(fi, WR_FEATURE_SESSIONS, p->now.n);
	evidence_only(fi, WR_FEATURE_SESSION_BYTES, (p->now.bytes + (double)p->late) / p->now.n);
	evidence_only(fi, WR_FEATURE_WINDOW, ((double)step_end(d) - (double)p->first_ns) / 1e9);
	fi->score = (double)p->now.n / LOGINS * 2;
	tell(d, fi);
}

/* ---- beacons ---- */

static void opening(struct wr_detect *d, struct pair *p, uint64_t ns)
{
	float v[GAPS];
	struct beacon b;

	p->opened++;
	if (p->opened_ns && ns > p->opened_ns)
		p->gap[p->n_gaps++ % GAPS] = (float)((double)(ns - p->opened_ns) / 1e9);
	p->opened_ns = ns;
	if (p->opened < (p->first_step < BEGIN_STEP + COLD_STEPS ? BEACONS_COLD : BEACONS) ||
	    !is_far(p->addr, p->key.ip_v))
		return;
	b = (struct beacon){.service = service_of(p),
			    .from.packets = p->opened,
			    .every = rhythm_of(v, gaps_of(p, v, GAPS), 1)};
	if (b.every.n < BEACON_GAPS) /* openings of one moment have none between them */
		return;
	if (b.every.middle < 1 || b.every.middle > 7200 || b.every.away > b.every.middle * 0.15f)
		return;
	b.from.ip_v = p->key.ip_v;
	memcpy(b.from.addr, p->key.addr, 16);
	beacon_tell(d, &b, &p->told);
}

/* Who may be forged gets a SYN+ACK and a RST for his ACK, and never what a server says or its end.
 */
static bool went_on(const struct wr_flow *f)
{
	const struct wr_count *server = &f->sent[!f->caller];

	return f->tcp_flags[!f->caller] & (WR_TCP_PSH | WR_TCP_FIN) ||
	       server->bytes > server->packets * HEADERS_MOST;
}

/* Whether somebody listens is asked without a word, by a load balancer every few seconds. */
static bool client_spoke(const struct wr_flow *f)
{
	const struct wr_count *client = &f->sent[f->caller];

	return f->tcp_flags[f->caller] & WR_TCP_PSH ||
	       client->bytes > client->packets * HEADERS_MOST;
}

/* All of it is known: of what goes on for long its counters have begun anew, and what was counted
 * since then is short and small whatever the session was. */
static bool is_whole(const struct wr_flow *f)
{
	return f->told_ns == f->first_ns;
}

/* One side has ended it, and both have said something: in which order the parts of a window tell
 * that is nobody's choice, so that it may be so from a later part on than the one that ends it. */
static bool is_over(const struct wr_detect *d, const struct part *a)
{
	const struct wr_flow *f = a->f;

	if (f->caller == WR_FLOW_CALLER_UNKNOWN || !client_spoke(f))
		return false;
	if (d->conf.one_way)
		return a->closing;
	return went_on(f) && (f->tcp_flags[0] | f->tcp_flags[1]) & (WR_TCP_FIN | WR_TCP_RST);
}

/* Of a row that has had a connection which is over, too: when the newest was made; 0: it has not.
 * Its SYN is taken for a late packet of the older one. */
static uint64_t again_ns(struct wr_detect *d, const struct part *a)
{
	struct ended_one *e = ended_find(&d->pairs->ended, a->f);

	if (!e && is_whole(a->f))
		return 0;
	e = e ? e : ended_put(&d->pairs->ended, a->f, 0);
	e->begin_ns = a->p->flow.first_ns;
	e->bytes = (uint64_t)bytes_of(a->f) - a->p->flow.n.bytes;
	return e->begin_ns;
}

static void connection(struct wr_detect *d, const struct part *a)
{
	struct pair *p = pair_of(d, &a->p->flow.key, a->from, true);
	uint64_t ns = again_ns(d, a);

	p->step = d->step;
	p->minutes += p->minute != d->step / MINUTE;
	p->minute = d->step / MINUTE;
	opening(d, p, ns ? ns : a->f->first_ns);
}

/* It is over with each part that still comes, and counted with the first: of a row that has more
 * than one connection, with the first that ends the newest. */
static void over(struct wr_detect *d, struct pair *p, const struct part *a)
{
	const struct wr_flow *f = a->f;
	struct ended_one *e = ended_find(&d->pairs->ended, f);
	uint64_t begin_ns = e ? e->begin_ns : f->first_ns;
	double bytes = bytes_of(f) - (e ? (double)e->bytes : 0);
	bool small = bytes < SESSION_BYTES_MOST &&
		     f->last_ns - begin_ns < SESSION_S_MOST * 1000000000ull;

	if (e && !e->begin_ns) {
		if (e->number && p->n_last - e->number < p->now.n)
			p->late += a->p->flow.n.bytes;
		return;
	}
	if (e ? !(a->p->flow.tcp_flags & (WR_TCP_FIN | WR_TCP_RST)) : !is_whole(f))
		return;
	ended_put(&d->pairs->ended, f, small ? p->n_last + 1 : 0);
	if (small)
		session(d, p, bytes, begin_ns, f->last_ns);
}

void pair_part(struct wr_detect *d, const struct part *a)
{
	struct pair *p;

	if (a->p->flow.key.proto != WR_IP_TCP)
		return;
	if (a->handshake)
		connection(d, a);
	if (!is_over(d, a))
		return;
	p = pair_of(d, &a->p->flow.key, a->f->caller, false);
	if (p && is_login(d, p, a->f))
		over(d, p, a);
}
