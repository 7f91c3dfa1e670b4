/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/blame.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/proto.h"
#include "detect/who.h"

enum {
	WINDOW_S = 60, /* packets that are looked for to know what it is made of */
	LIMIT_CPS = 1,
	EACH_BURST = 3,	 /* connections that a client makes at once, beyond that */
	USUAL_S = 2,	 /* what came so shortly before it was found may be its beginning */
	SEEN_LEAST = 3,	 /* SYNs of which a rate is made */
	SPARED_MOST = 3, /* times as many connections as it usually makes, of who has no limit */
};

#define LEAST_COVERED 0.3
#define MOST_COVERED 0.7 /* below: so many others that it is for each source */

bool blame_has(enum wr_finding_class c)
{
	return c >= WR_CLASS_HTTP_FLOOD && c <= WR_CLASS_BRUTE_FORCE;
}

bool has_source(const struct wr_finding *f, const uint8_t addr[16])
{
	for (uint32_t i = 0; i < f->n_sources; i++)
		if (!memcmp(f->source[i].addr, addr, 16))
			return true;
	return false;
}

bool is_blamed(const struct wr_detect *d, const uint8_t addr[16])
{
	for (int i = 0; i < FINDINGS; i++) {
		const struct wr_finding *f = &d->finding[i].f;

		if (f->id && blame_has((enum wr_finding_class)f->klass) && has_source(f, addr))
			return true;
	}
	return false;
}

static bool for_victim(const struct wr_victim *v, const uint8_t *dst, uint8_t ip_v, uint16_t port)
{
	if (!v->ip_v) /* everybody */
		return true;
	return v->ip_v == ip_v && addr_in(dst, v->addr, v->prefix) && (!v->port || v->port == port);
}

/* By majority (Boyer and Moore). */
static void vote(uint32_t *now, uint64_t *votes, uint32_t it, uint64_t n)
{
	if (*now == it) {
		*votes += n;
	} else if (*votes > n) {
		*votes -= n;
	} else {
		*now = it;
		*votes = n - *votes;
	}
}

static bool is_of(const struct wr_finding *f, const struct recent *r)
{
	return has_source(f, r->key.addr[r->from]) &&
	       for_victim(&f->victim, r->key.addr[!r->from], r->key.ip_v, r->key.port[!r->from]);
}

/* The newest part but i - 1. NULL: it is older than that, or not remembered. */
static const struct recent *newest(const struct wr_detect *d, uint32_t i, uint64_t since)
{
	const struct recent *r = &d->recent[(d->n_recent - i) % RECENT];

	return i <= RECENT && i <= d->n_recent && r->ns >= since ? r : NULL;
}

static struct wr_cure_of what_of(const struct wr_detect *d, const struct wr_finding *f)
{
	uint32_t proto = 0, most = 0;
	uint64_t since = step_end(d) - WINDOW_S * 1000000000ull;
	uint64_t packets = 0, protos = 0, votes = 0;
	const struct recent *r;

	for (uint32_t i = 1; (r = newest(d, i, since)); i++) {
		if (!is_of(f, r))
			continue;
		packets += r->packets;
		vote(&proto, &protos, r->key.proto, r->packets);
		vote(&most, &votes, (uint32_t)r->key.proto << 16 | r->key.port[!r->from],
		     r->packets);
	}
	return (struct wr_cure_of){
		.proto = (uint8_t)proto,
		.port = most >> 16 == proto && votes * 2 > packets ? (uint16_t)most : 0};
}

uint64_t blame_packets(const struct wr_detect *d, const struct wr_finding *f, uint32_t seconds,
		       const struct wr_cure_of *what)
{
	uint64_t since = step_end(d) - seconds * 1000000000ull, packets = 0;
	const struct recent *r;

	for (uint32_t i = 1; (r = newest(d, i, since)); i++)
		if (r->key.proto == what->proto &&
		    (!what->port || r->key.port[!r->from] == what->port) && is_of(f, r))
			packets += r->packets;
	return packets;
}

uint64_t blame_syns(const struct wr_detect *d, const struct wr_finding *f)
{
	uint64_t since = step_end(d) - 1000000000ull, n = 0;
	const struct recent *r;

	for (uint32_t i = 1; (r = newest(d, i, since)); i++)
		if (r->kinds & RECENT_SYN && is_of(f, r)) /* with an ACK in its window: one */
			n += r->tcp_flags & (WR_TCP_ACK | WR_TCP_RST) ? 1 : r->packets;
	return n;
}

/* ---- who ---- */

/* Level 1: it has gone on from elsewhere, most likely near by. */
static void choose(const struct wr_finding *f, unsigned int level, struct who *w)
{
	for (uint32_t i = 0; i < f->n_sources && w->n < WHO_MOST; i++) {
		const struct wr_finding_source *s = &f->source[i];
		uint8_t near = s->ip_v == 4 ? 24 : 64, one = s->ip_v == 4 ? 32 : 128;

		if (s->packets * 10 < f->source[0].packets)
			continue; /* a client among them */
		if (!who_has(w, s->addr))
			w->net[w->n++] = net_of(s->addr, s->ip_v, level ? near : one);
	}
}

static double value_of(const struct wr_finding *f, enum wr_feature feature)
{
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == feature)
			return f->evidence[i].value;
	return 0;
}

uint64_t usual_until(const struct wr_finding *f)
{
	uint64_t ns = USUAL_S * 1000000000ull;

	return f->start_ns > ns ? f->start_ns - ns : 0;
}

static bool is_usual(const struct wr_finding *f, const struct wr_cure_of *what,
		     const struct sample *s)
{
	return s->ns && s->ns < usual_until(f) && s->proto == what->proto &&
	       s->dport == what->port && for_victim(&f->victim, s->dst, s->ip_v, s->dport);
}

/* Connections a second that it opens now. */
static double opens(const struct wr_detect *d, const struct wr_finding *f, const uint8_t src[16])
{
	uint64_t end = step_end(d), since = end - 1000000000ull, oldest = end;
	const struct recent *r;
	uint32_t n = 0, i;

	for (i = 1; (r = newest(d, i, since)); i++) {
		oldest = r->ns < oldest ? r->ns : oldest;
		n += r->kinds & RECENT_SYN && !memcmp(r->key.addr[r->from], src, 16) &&
		     for_victim(&f->victim, r->key.addr[!r->from], r->key.ip_v,
				r->key.port[!r->from]);
	}
	/* One or two of the few that are remembered are chance. */
	return i > RECENT && n >= SEEN_LEAST ? n * 1e9 / fmax(1e6, (double)(end - oldest)) : n;
}

/* Who came before to be spared, and does more now, is not; share: of usual packets. */
static bool goes_on(const struct wr_detect *d, const struct wr_finding *f, const uint8_t src[16],
		    double share)
{
	return opens(d, f, src) <= fmax(CLIENT_USUAL, SPARED_MOST * share * f->evidence[0].norm);
}

/* Usual clients of the service that have most usual packets, and go on as they are used to. */
static void choose_spared(const struct wr_detect *d, const struct wr_finding *f,
			  const struct wr_cure_of *what, struct who *w)
{
	const struct sample *s = d->samples->usual[0];
	uint32_t seen[WHO_MOST] = {0}, of[WHO_MOST] = {0}, all = 0;

	w->n = 0;
	for (uint32_t i = 0; i < BUCKETS * BUCKET; i++)
		if (is_usual(f, what, &s[i])) {
			struct wr_victim v = victim_of(s[i].src, s[i].ip_v);

			who_tally(w, seen, &v);
			all++;
		}
	for (uint32_t i = 0; i < BUCKETS * BUCKET; i++)
		for (uint32_t k = 0; k < w->n && is_usual(f, what, &s[i]); k++)
			of[k] += !memcmp(w->net[k].addr, s[i].src, 16);
	for (uint32_t i = 0; i < w->n;)
		if (seen[i] && goes_on(d, f, w->net[i].addr, (double)of[i] / all)) {
			i++;
		} else {
			w->net[i] = w->net[--w->n];
			seen[i] = seen[w->n];
			of[i] = of[w->n];
		}
}

/* The share of it that comes from those that are named. */
static double covered(const struct wr_finding *f, const struct who *w)
{
	double all = 0, of = 0;

	for (uint32_t i = 0; i < f->n_sources; i++) {
		all += (double)f->source[i].packets;
		of += who_has(w, f->source[i].addr) ? (double)f->source[i].packets : 0;
	}
	if (f->klass == WR_CLASS_HTTP_FLOOD || f->klass == WR_CLASS_SLOW_HTTP)
		all = fmax(all, f->evidence[0].value);
	return all > 0 ? of / all : 0;
}

/* Usual packets that the rule is for: those of w, or of all others. */
static void look_at_usual(const struct wr_detect *d, const struct wr_finding *f, uint8_t proto,
			  const struct who *w, bool others, struct wr_cure *c)
{
	uint64_t bits[64] = {0};
	uint32_t hit = 0;

	for (uint32_t b = 0; b < BUCKETS; b++)
		for (uint32_t i = 0; i < BUCKET; i++) {
			const struct sample *s = &d->samples->usual[b][i];

			if (!s->ns || s->ns >= f->start_ns || s->proto != proto ||
			    !for_victim(&f->victim, s->dst, s->ip_v, s->dport))
				continue;
			c->usual_samples++;
			if (s->ns < usual_until(f) && who_has(w, s->src) != others) {
				uint64_t h = addr_hash(s->src);

				hit++;
				bits[h >> 6 & 63] |= 1ull << (h & 63);
			}
		}
	c->usual = c->usual_samples ? (double)hit / c->usual_samples : 0;
	c->usual_clients = (uint32_t)lround(linear_count(bits, 64));
}

/* ---- the rule ---- */

static const char *proto_word(uint8_t proto)
{
	switch (proto) {
	case WR_IP_TCP:
		return "tcp";
	case WR_IP_UDP:
		return "udp";
	case WR_IP_ICMP:
		return "icmp";
	case WR_IP_ICMP6:
		return "icmp6";
	default:
		return NULL;
	}
}

static void rule_text(struct wr_buf *b, const struct wr_finding *f, const struct who *w,
		      bool others, const struct wr_cure_want *want, const struct wr_cure *c,
		      const struct wr_cure_of *what)
{
	struct wr_victim v = f->victim;

	if (f->klass == WR_CLASS_HTTP_FLOOD)
		v.port = what->port;
	wr_buf_fmt(b, "%s: ", want->name);
	if (others)
		wr_buf_fmt(b, "limit %dcps burst %d per source", LIMIT_CPS, EACH_BURST);
	else if (c->verb == WR_CURE_LIMIT)
		wr_buf_fmt(b, "limit %dcps", LIMIT_CPS);
	else
		wr_buf_str(b, "drop");
	who_text(b, others ? " not from " : " from ", w);
	wr_buf_fmt(b, " to %s", proto_word(what->proto));
	if (v.port)
		wr_buf_fmt(b, "/%u", v.port);
	if (v.ip_v) {
		v.port = 0;
		wr_buf_char(b, '@');
		wr_victim_text(b, &v);
	}
	wr_buf_fmt(b, " auto for %" PRIu32 "s why \"%s\"", want->for_s, wr_class_name(f->klass));
}

/* Is it who it says? An ACK behind a SYN can be forged as well as the SYN: only where both
 * directions are seen, and of what needs a server that went on with it. */
static bool is_proven(const struct wr_detect *d, const struct wr_finding *f, uint8_t proto)
{
	return !d->conf.one_way && proto == WR_IP_TCP &&
	       (f->klass == WR_CLASS_BRUTE_FORCE || f->klass == WR_CLASS_SLOW_HTTP);
}

/* Packets that there must be of it at least, when it is made of such as rules are for. */
static double expected(const struct wr_finding *f)
{
	double n = value_of(f, WR_FEATURE_ATTEMPTS), window = value_of(f, WR_FEATURE_WINDOW);

	return fmax(1, 0.3 * n * fmin(1, WINDOW_S / fmax(1, window)));
}

/* Attempts a second. */
static double rate_of(const struct wr_finding *f)
{
	double n = value_of(f, WR_FEATURE_ATTEMPTS) + value_of(f, WR_FEATURE_SESSIONS) +
		   value_of(f, WR_FEATURE_HANDSHAKES);

	return n / fmax(1, value_of(f, WR_FEATURE_WINDOW));
}

static bool is_without_syn(const struct wr_finding *f)
{
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == WR_FEATURE_FLAGS)
			return true;
	return false;
}

void blame_cure(struct wr_detect *d, const struct wr_finding *f, const struct wr_cure_want *want,
		struct wr_cure *c)
{
	struct who w = {0};
	struct wr_cure_of what;
	struct wr_buf text = {0};
	bool proven, drop, others;
	double limit = LIMIT_CPS;

	if (want->level > 1 || !f->n_sources || !f->n_evidence)
		return;
	what = what_of(d, f);
	if (f->klass != WR_CLASS_HTTP_FLOOD) /* its rule names no port but the victim's */
		what.port = 0;
	c->of = what;
	c->attack_samples = (uint32_t)blame_packets(d, f, WINDOW_S, &what);
	if (c->attack_samples < expected(f) || !proto_word(what.proto)) /* by ARP: no rule may */
		return;
	choose(f, want->level, &w);
	/* Too many for a list: each source has its own limit, and usual clients none. */
	others = f->klass == WR_CLASS_HTTP_FLOOD && !want->level && what.port &&
		 covered(f, &w) < MOST_COVERED;
	if (others)
		choose_spared(d, f, &what, &w);
	look_at_usual(d, f, what.proto, &w, others, c);
	proven = is_proven(d, f, what.proto) && !c->usual_clients;
	drop = proven && !want->level; /* neighbours have proven nothing */
	/* Only connections of TCP can be limited, and those begin with a SYN. */
	if (!drop && (what.proto != WR_IP_TCP || is_without_syn(f)))
		return;
	c->verb = drop ? WR_CURE_DROP : WR_CURE_LIMIT;
	c->attack = others ? 1 : covered(f, &w);
	c->safe = c->attack >= LEAST_COVERED;
	if (others)
		limit *= fmax(1, value_of(f, WR_FEATURE_SOURCES));
	if (!drop) {
		c->attack *= fmax(0, 1 - limit / fmax(0.001, rate_of(f)));
		c->safe = c->safe && c->attack >= LEAST_STOPPED && (!want->level || proven);
		/* All that a client does, wherever to, is more than a scan is worth. */
		c->safe = c->safe && (f->victim.ip_v || !c->usual_clients);
	}
	rule_text(&text, f, &w, others, want, c, &what);
	if (text.used >= sizeof(c->rule))
		*c = (struct wr_cure){0};
	else
		snprintf(c->rule, sizeof(c->rule), "%s", wr_buf_text(&text));
	wr_buf_free(&text);
}
