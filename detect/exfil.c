/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"

/*
 * Data that leave: an address of one's own sends far more than it usually does, over connections
 * that it opened itself, to far ends that it does not usually send to, and gets less back. Of TCP
 * and QUIC; calls go by other UDP. In windows of ten minutes, by the clock, as what people send
 * comes in bursts: each address has what it sent at most in each hour of the day, each pair of it
 * and a far prefix what went there at most. What was told is usual from the next day on.
 */

enum {
	SENDERS = 1024,
	PLACES = 4096,
	WINDOW_S = 600,
	KNOWN_S = 3600,	    /* nothing is told of an address that is known for less */
	DAYS_S = 2 * 86400, /* from then on each hour is known by itself */
	USUAL_AFTER_S = 20 * 3600,
	HOURS = 24,
	LEAST_MB = 50,	  /* 0.7 Mbit/s for ten minutes */
	TIMES = 5,	  /* as much as at most in this hour of other days */
	PLACE_TIMES = 10, /* and as went to that place */
	STEP_MB = 10,	  /* so much, or twice what it was, a window raises what is usual */
	QUIC = 443,
	MB = 1000000
};

static const float of_yesterday = 0.9f;

struct sender { /* an address of one's own */
	struct wr_talk_key key;
	uint32_t window;       /* that is being filled */
	uint32_t since;	       /* the step from which on what it sends is known */
	uint32_t looked, told; /* steps; told: 0: never, or what was told is usual by now */
	uint64_t out;	       /* bytes of this window, to all far ends */
	uint64_t odd;	       /* of these to places that are not usual */
	uint64_t more;	       /* of those since its finding was renewed, in any window */
	bool here;	       /* a public address at which this host listens */
	bool news;	       /* something was told in this window */
	float told_mb;
	float most[HOURS];   /* MB of a window */
	struct wr_norm norm; /* of MB of a window, which is its second */
};

struct place { /* a far /24 or /48 that an address sends to; key: with a hash of that one */
	struct wr_talk_key key;
	uint8_t own[16];
	uint8_t host[16]; /* the one that gets most of it (Boyer and Moore's vote, by bytes) */
	uint32_t window, hour, told;
	uint64_t vote, out, in; /* bytes of this window */
	uint64_t packets;	/* out */
	uint64_t first_ns;
	uint64_t most, usual; /* bytes of a window: of late; in hours that are over */
};

struct exfil {
	struct wr_rows senders, places;
	uint32_t since; /* the step in which a sender last had to make room, or the first one */
	uint64_t displaced;
};

int exfil_open(struct wr_detect *d)
{
	d->exfil = calloc(1, sizeof(*d->exfil));
	if (!d->exfil || wr_rows_open(&d->exfil->senders, sizeof(struct sender), SENDERS))
		return -1;
	d->exfil->since = BEGIN_STEP;
	return wr_rows_open(&d->exfil->places, sizeof(struct place), PLACES);
}

void exfil_close(struct wr_detect *d)
{
	if (d->exfil) {
		wr_rows_close(&d->exfil->senders);
		wr_rows_close(&d->exfil->places);
	}
	free(d->exfil);
}

static uint32_t window_now(const struct wr_detect *d)
{
	return (uint32_t)(d->step_ns / (WINDOW_S * 1000000000ull));
}

static uint32_t hour_of(uint32_t window)
{
	return window / (3600 / WINDOW_S) % HOURS;
}

static uint32_t age_s(const struct wr_detect *d, uint32_t step)
{
	return (d->step - step) / STEPS;
}

static double most_of(const struct sender *s)
{
	float most = 0;

	for (int i = 0; i < HOURS; i++)
		most = fmaxf(most, s->most[i]);
	return (double)most;
}

/* ---- senders ---- */

static uint64_t weigh_sender(const void *ctx, const void *row)
{
	const struct sender *s = row;

	(void)ctx;
	return s->here ? UINT64_MAX : s->window;
}

static uint64_t weigh_place(const void *ctx, const void *row)
{
	const struct place *p = row;

	(void)ctx;
	return p->out > p->most + p->usual ? p->out : p->most + p->usual;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

/*
 * As long as the address was known it sent nothing. What was learned before this process began does
 * not tell of that, and a row that had to make room may have been this one: it counts since then.
 */
static void had_none(const struct wr_detect *d, struct sender *s)
{
	uint32_t known = learned_s(d, s->key.addr, s->key.ip_v) * STEPS;
	uint32_t watched = d->step - d->exfil->since;

	s->since = d->step - (known < watched ? known : watched);
	s->window = window_now(d);
	if (age_s(d, s->since) < WINDOW_S)
		return;
	wr_norm_learn(&s->norm, 0);
	wr_norm_rest(&s->norm, age_s(d, s->since) / WINDOW_S - 1);
}

static struct sender *sender_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
				bool make)
{
	struct exfil *x = d->exfil;
	struct wr_talk_key key = {.ip_v = ip_v};
	struct sender *s;
	uint32_t tag;

	memcpy(key.addr, addr, 16);
	tag = wr_rows_hash(&x->senders, &key);
	s = wr_rows_find(&x->senders, &key, tag);
	if (s || !make)
		return s;
	s = wr_rows_make(&x->senders, &key, tag, weigh_sender, gone, x);
	memset(&s->window, 0, sizeof(*s) - offsetof(struct sender, window));
	if (x->displaced != x->senders.displaced)
		x->since = d->step;
	x->displaced = x->senders.displaced;
	had_none(d, s);
	return s;
}

/* One window does not make much usual: it takes several, and what was told a day. */
static void learn(const struct wr_detect *d, struct sender *s)
{
	float mb = (float)s->out / MB, *most = &s->most[hour_of(s->window)];

	if (s->news) {
		s->told_mb = fmaxf(s->told_mb, mb);
	} else {
		wr_norm_learn(&s->norm, (double)mb);
		*most = fmaxf(*most, fminf(mb, 2 * (float)most_of(s) + STEP_MB));
	}
	if (!s->told || age_s(d, s->told) < USUAL_AFTER_S)
		return;
	*most = fmaxf(*most, s->told_mb);
	s->told_mb = 0;
	s->told = 0;
}

/* The time has come to another window. */
static void turn_sender(const struct wr_detect *d, struct sender *s)
{
	uint32_t now = window_now(d), day = 86400 / WINDOW_S;

	if (now == s->window)
		return;
	learn(d, s);
	if (now > s->window + 1)
		wr_norm_rest(&s->norm, now - s->window - 1);
	if (now / day > s->window / day) {
		uint32_t days = now / day - s->window / day;

		for (int i = 0; i < HOURS; i++)
			s->most[i] *= powf(of_yesterday, (float)days);
	}
	s->window = now;
	s->out = s->odd = 0;
	s->news = false;
}

/* MB that it has to send to what is not usual. */
static double limit_of(const struct wr_detect *d, const struct sender *s)
{
	uint32_t h = hour_of(s->window);
	double all = most_of(s), near;

	if (age_s(d, s->since) < DAYS_S)
		return fmax(LEAST_MB, TIMES * all);
	near = (double)fmaxf(s->most[h],
			     fmaxf(s->most[(h + 1) % HOURS], s->most[(h + HOURS - 1) % HOURS]));
	return fmax(LEAST_MB, fmax(TIMES * near, all));
}

/* ---- places ---- */

static void turn_place(const struct wr_detect *d, struct place *p)
{
	uint32_t now = window_now(d), hour = now / (3600 / WINDOW_S);

	if (now == p->window)
		return;
	p->most = p->out > p->most ? p->out : p->most;
	p->window = now;
	p->out = p->in = p->packets = p->vote = p->first_ns = 0;
	if (hour == p->hour || (p->told && age_s(d, p->told) < USUAL_AFTER_S))
		return;
	p->usual = p->most > p->usual ? p->most : p->usual;
	p->hour = hour;
	p->most = 0;
	p->told = 0;
}

static struct place *place_of(struct wr_detect *d, const struct wr_flow_key *k, uint8_t own)
{
	struct exfil *x = d->exfil;
	uint32_t whose = (uint32_t)addr_hash(k->addr[own]), tag;
	struct wr_talk_key key = {
		.port = (uint16_t)whose, .tag = (uint16_t)(whose >> 16), .ip_v = k->ip_v};
	struct place *p;

	memcpy(key.addr, k->addr[!own], k->ip_v == 4 ? 3 : 6);
	tag = wr_rows_hash(&x->places, &key);
	p = wr_rows_find(&x->places, &key, tag);
	if (!p) {
		p = wr_rows_make(&x->places, &key, tag, weigh_place, gone, x);
		memset(p->own, 0, sizeof(*p) - offsetof(struct place, own));
		memcpy(p->own, k->addr[own], 16);
		p->hour = window_now(d) / (3600 / WINDOW_S);
	}
	turn_place(d, p);
	return p;
}

static void add_out(struct place *p, const struct wr_live_part *part, const uint8_t host[16])
{
	uint64_t n = part->flow.n.bytes;

	p->out += n;
	p->packets += part->flow.n.packets;
	if (!p->first_ns)
		p->first_ns = part->flow.first_ns;
	if (!memcmp(p->host, host, 16)) {
		p->vote += n;
	} else if (p->vote > n) {
		p->vote -= n;
	} else {
		p->vote = n - p->vote;
		memcpy(p->host, host, 16);
	}
}

static bool is_odd(const struct place *p)
{
	return p->out > PLACE_TIMES * p->usual;
}

/* ---- what is told ---- */

struct all { /* that went in this window to places that are not usual */
	uint64_t out, in, packets, first_ns;
	struct place *top;
};

static struct all add_up(const struct wr_detect *d, const struct sender *s)
{
	struct wr_rows *rows = &d->exfil->places;
	struct all sum = {.first_ns = UINT64_MAX};

	for (uint32_t i = 0; i < rows->used; i++) {
		struct place *p = wr_rows_at(rows, i);

		if (p->window != s->window || p->key.ip_v != s->key.ip_v || !is_odd(p) ||
		    memcmp(p->own, s->key.addr, 16) != 0)
			continue;
		sum.out += p->out;
		sum.in += p->in;
		sum.packets += p->packets;
		sum.first_ns = p->first_ns < sum.first_ns ? p->first_ns : sum.first_ns;
		if (!sum.top || p->out > sum.top->out)
			sum.top = p;
	}
	return sum;
}

/* One more who sends there. False: nobody is told of him. */
static bool is_source(struct wr_finding *f, const struct sender *s, uint64_t packets)
{
	for (uint32_t i = 0; i < f->n_sources; i++)
		if (!memcmp(f->source[i].addr, s->key.addr, sizeof(s->key.addr)))
			return true;
	if (f->n_sources == WR_FINDING_SOURCES)
		return false;
	f->source[f->n_sources] =
		(struct wr_finding_source){.ip_v = s->key.ip_v, .packets = packets};
	memcpy(f->source[f->n_sources++].addr, s->key.addr, sizeof(s->key.addr));
	return true;
}

/* False: nobody was told. */
static bool tell_sender(struct wr_detect *d, struct sender *s, const struct all *sum, double limit)
{
	struct wr_victim v = victim_of(sum->top->host, s->key.ip_v);
	struct wr_finding *f;
	bool is_new;

	f = find(d, WR_CLASS_EXFIL, &v, &is_new);
	if (!f)
		return false;
	if (!is_new)
		return is_source(f, s, sum->packets);
	only_source(f, s->key.addr, s->key.ip_v, sum->packets);
	evidence(f, WR_FEATURE_SENT, (double)sum->out / MB, &s->norm, WINDOW_S);
	evidence_only(f, WR_FEATURE_SENT_SHARE, (double)sum->top->out / (double)sum->out);
	evidence_only(f, WR_FEATURE_RECEIVED, (double)sum->in / MB);
	evidence_only(f, WR_FEATURE_WINDOW, (double)(step_end(d) - sum->first_ns) / 1e9);
	f->score = fmax(f->score, (double)sum->out / MB / limit);
	f->start_ns = sum->first_ns;
	tell(d, f);
	return true;
}

/* What is told is not learned until the next day. */
static void was_told(const struct wr_detect *d, struct sender *s, struct place *p)
{
	s->news = true;
	if (!s->told)
		s->told = d->step;
	if (!p->told)
		p->told = d->step;
}

static void look(struct wr_detect *d, struct sender *s, struct place *p)
{
	double limit = limit_of(d, s);
	struct wr_finding *f = found_of(d, WR_CLASS_EXFIL, s->key.addr);
	struct all sum;

	if (f) {
		was_told(d, s, p);
		if ((double)s->more * GOES_ON >= limit * MB) {
			renew(d, f);
			s->more = 0;
		}
		return;
	}
	if (s->odd < limit * MB || age_s(d, s->since) < KNOWN_S || d->step - s->looked < STEPS)
		return;
	s->looked = d->step;
	sum = add_up(d, s);
	if (!sum.top || sum.out < limit * MB || sum.in * 2 > sum.out)
		return;
	if (tell_sender(d, s, &sum, limit)) {
		was_told(d, s, sum.top);
		s->more = 0;
	}
}

/* ---- parts ---- */

/* The end that asked for it, of what is looked at. WR_FLOW_CALLER_UNKNOWN: of none. */
static uint8_t asker(const struct wr_flow *f)
{
	if (f->key.proto == WR_IP_TCP)
		return f->caller;
	if (f->key.proto == WR_IP_UDP && f->key.port[!f->opener] == QUIC)
		return f->opener;
	return WR_FLOW_CALLER_UNKNOWN;
}

/* A far address that answers who connects to it: is it one of this host? */
static void note_here(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct wr_talk_key service = {.proto = k->proto, .ip_v = k->ip_v, .port = k->port[a->to]};

	memcpy(service.addr, k->addr[a->to], 16);
	if (is_far(service.addr, k->ip_v) && is_ours(d, &service))
		sender_of(d, service.addr, k->ip_v, true)->here = true;
}

void exfil_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	uint8_t own = asker(a->f);
	struct sender *s;
	struct place *p;

	if (d->conf.one_way || own == WR_FLOW_CALLER_UNKNOWN)
		return;
	if (a->handshake)
		note_here(d, a);
	if (!is_far(k->addr[!own], k->ip_v) || !a->f->sent[!own].packets)
		return;
	s = sender_of(d, k->addr[own], k->ip_v, !is_far(k->addr[own], k->ip_v));
	if (!s)
		return;
	turn_sender(d, s);
	p = place_of(d, k, own);
	if (a->from != own) {
		p->in += a->p->flow.n.bytes;
		return;
	}
	add_out(p, a->p, k->addr[!own]);
	s->out += a->p->flow.n.bytes;
	if (!is_odd(p))
		return;
	s->odd += a->p->flow.n.bytes;
	s->more += a->p->flow.n.bytes;
	look(d, s, p);
}
