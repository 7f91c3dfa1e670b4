/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/cure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/proto.h"
#include "detect/blame.h"
#include "detect/fact.h"
#include "detect/who.h"

enum {
	ATTACK_LEAST = 16, /* samples */
	USUAL_LEAST = 20,
	TTL_LEAST = 300,   /* usual packets that a time to live has to tell them from */
	LOOK = 2048,	   /* samples of an attack that are looked at */
	MOST_USUAL = 1000, /* one in so many usual packets may be hit */
	LOOK_S = 10,	   /* seconds that samples of an attack are looked for in */
	LIMIT_LEAST = 20,  /* packets a second */
	PING = 8,	   /* ICMP types */
	PING6 = 128,
};

/* ---- samples ---- */

struct work {
	const struct wr_finding *f;
	enum wr_feature feature; /* of which packets it is made */
	struct sample attack[LOOK];
	const struct sample *usual[BUCKETS * BUCKET]; /* borrowed from struct samples */
	bool in[BUCKETS * BUCKET];		      /* usual ones that all facts so far match */
	uint32_t n_attack, n_usual, n_in;
	struct fact fact[WR_CURE_FACTS];
	uint32_t n;
	struct who from;       /* whom alone the rule is for; none: everybody */
	double ttl[256], ttls; /* usual packets by time to live, of the attack's kind; in all */
	double least; /* share of the samples that a fact has to match: the rest may be usual ones
		       */
	uint32_t seen[1 << 16];
};

static bool for_victim(const struct wr_victim *v, const struct sample *s)
{
	return s->ip_v == v->ip_v && addr_in(s->dst, v->addr, v->prefix);
}

static bool is_icmp(uint8_t proto)
{
	return proto == WR_IP_ICMP || proto == WR_IP_ICMP6;
}

/* Packets of what the finding's first number counts. */
static bool is_kind(enum wr_feature feature, const struct sample *s)
{
	uint8_t flags = s->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST);
	bool tcp = s->proto == WR_IP_TCP && s->tcp_words;

	switch (feature) {
	case WR_FEATURE_SYN:
	case WR_FEATURE_HANDSHAKES:
		return tcp && flags == WR_TCP_SYN;
	case WR_FEATURE_SYNACK_UNASKED:
		return tcp && flags == (WR_TCP_SYN | WR_TCP_ACK);
	case WR_FEATURE_RST_UNASKED:
		return tcp && flags & WR_TCP_RST;
	case WR_FEATURE_ACK_UNASKED:
		return tcp && flags == WR_TCP_ACK;
	case WR_FEATURE_ICMP:
		return is_icmp(s->proto);
	case WR_FEATURE_FRAGMENTS:
		return s->frag;
	case WR_FEATURE_AMP_UNASKED:
		return s->proto == WR_IP_UDP && is_vector(s->sport);
	default:
		return s->proto == WR_IP_UDP;
	}
}

static bool is_flood(enum wr_finding_class c)
{
	return c <= WR_CLASS_CARPET_BOMBING;
}

/* A bucket may be of several services: as much of it counts as its samples are of this one. */
static void gather_ttls(struct work *w, const struct samples *all, uint32_t bucket)
{
	const struct wr_victim *v = &w->f->victim;
	uint32_t n = 0, of = 0;

	if (!w->n_attack)
		return;
	for (uint32_t i = 0; i < BUCKET; i++) {
		const struct sample *s = &all->usual[bucket][i];

		n += s->ns != 0;
		of += s->ns && for_victim(v, s) && s->proto == w->attack[0].proto &&
		      (!v->port || v->port == s->dport);
	}
	for (uint32_t i = 0; of && i < 256; i++) {
		w->ttl[i] += all->ttl[bucket][i];
		w->ttls += (double)all->ttl[bucket][i] * of / n;
	}
}

static void gather(struct wr_detect *d, struct work *w)
{
	const struct samples *all = d->samples;
	uint64_t since = step_end(d) - LOOK_S * 1000000000ull;
	uint32_t n = all->n < SAMPLES ? all->n : SAMPLES;
	const struct wr_victim *v = &w->f->victim;

	for (uint32_t i = 1; i <= n && w->n_attack < LOOK; i++) {
		const struct sample *s = &all->recent[(all->n - i) % SAMPLES];

		if (s->ns < since || s->ns < w->f->start_ns)
			break;
		if (for_victim(v, s) && is_kind(w->feature, s) && (!v->port || v->port == s->dport))
			w->attack[w->n_attack++] = *s;
	}
	for (uint32_t b = 0; b < BUCKETS; b++) {
		for (uint32_t i = 0; i < BUCKET; i++)
			if (all->usual[b][i].ns && for_victim(v, &all->usual[b][i]))
				w->usual[w->n_usual++] = &all->usual[b][i];
		gather_ttls(w, all, b);
	}
	w->n_in = w->n_usual;
	memset(w->in, 1, sizeof(w->in));
}

/* ---- choosing ---- */

static uint32_t matched(const struct work *w, const struct fact *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_attack; i++)
		n += fact_hits(f, &w->attack[i]);
	return n;
}

/* The verdict of a first fragment is that of the later ones (policy/verdict.h): a fact that firsts
 * do not have stops none of what follows them. */
static bool leads(const struct work *w, const struct fact *f)
{
	uint32_t firsts = 0, n = 0;

	for (uint32_t i = 0; i < w->n_attack; i++)
		if (w->attack[i].frag == SAMPLE_FIRST) {
			firsts++;
			n += fact_hits(f, &w->attack[i]);
		}
	return n >= w->least * firsts;
}

static uint32_t left_of(const struct work *w, const struct fact *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_usual; i++)
		n += w->in[i] && fact_may_hit(f, w->usual[i]);
	return n;
}

/* The value that most of the attack has, or the bounds that all but one in a hundred lie in. */
static struct fact best_of(struct work *w, uint8_t field)
{
	struct fact f = {.field = field};
	uint32_t n = 0, most = 0, skip = (uint32_t)((1 - w->least) / 3 * w->n_attack);

	memset(w->seen, 0, sizeof(w->seen));
	for (uint32_t i = 0; i < w->n_attack; i++) {
		uint32_t v = fact_of(&w->attack[i], field);

		if (v < FACT_NONE && ++w->seen[v] > most) {
			most = w->seen[v];
			f.lo = f.hi = v;
		}
	}
	if (!fact_is_range(field) || most >= w->least * 1.02 * w->n_attack)
		return f;
	for (f.lo = 0; f.lo < 0xffff && n + w->seen[f.lo] <= skip; f.lo++)
		n += w->seen[f.lo];
	for (n = 0, f.hi = 0xffff; f.hi > f.lo && n + w->seen[f.hi] <= skip; f.hi--)
		n += w->seen[f.hi];
	return f;
}

static bool may(const struct work *w, uint8_t field)
{
	uint8_t proto = w->attack[0].proto;

	if (w->f->klass == WR_CLASS_FRAG_FLOOD && field != F_FRAG && field != F_NEXT &&
	    field != F_LEN && field != F_TTL)
		return false; /* later ones have nothing else */
	if (field == F_DPORT && w->f->victim.port)
		return false; /* the rule has it already */
	return fact_fits(field, w->f->victim.ip_v, proto);
}

static void take(struct work *w, const struct fact *f)
{
	w->fact[w->n++] = *f;
	for (uint32_t i = 0; i < w->n_usual; i++)
		w->in[i] = w->in[i] && fact_may_hit(f, w->usual[i]);
	w->n_in = left_of(w, f);
}

static bool clean(const struct work *w)
{
	return (uint64_t)w->n_in * MOST_USUAL <= w->n_usual;
}

/* Clients have few times to live: that a hundred packets did not have one says little. */
static bool ttl_tells(const struct work *w, const struct fact *f)
{
	double hit = 0;

	for (uint32_t i = f->lo; i <= f->hi && i < 256; i++)
		hit += w->ttl[i];
	return w->ttls >= TTL_LEAST && hit * MOST_USUAL <= w->ttls;
}

/* What most of the attack has in common: open[i] says whether candidate i is any. */
static void look(struct work *w, struct fact candidate[FIELDS], bool open[FIELDS])
{
	for (unsigned int i = 0; i < FIELDS; i++) {
		open[i] = may(w, (uint8_t)i);
		if (!open[i])
			continue;
		candidate[i] = best_of(w, (uint8_t)i);
		open[i] = matched(w, &candidate[i]) >= w->least * w->n_attack &&
			  (w->f->klass != WR_CLASS_FRAG_FLOOD || leads(w, &candidate[i]));
	}
}

/* Each time the fact that leaves the fewest usual packets; the first of the table when nothing is
 * known of them. */
static void choose(struct work *w)
{
	struct fact candidate[FIELDS];
	bool open[FIELDS];

	look(w, candidate, open);
	/* Of TCP always which kind of packets: a rule against SYNs shall not hit what connections
	 * that are there say. */
	if (w->feature != WR_FEATURE_FRAGMENTS && open[F_FLAGS]) {
		open[F_FLAGS] = false;
		take(w, &candidate[F_FLAGS]);
	}

	while (w->n < WR_CURE_FACTS && (!clean(w) || (w->n_usual < USUAL_LEAST && w->n < 3))) {
		const struct fact *best = NULL;
		uint32_t least = UINT32_MAX;

		for (unsigned int i = 0; i < FIELDS; i++) {
			uint32_t left;

			if (!open[i] || (i == F_TTL && !clean(w) && !ttl_tells(w, &candidate[i])))
				continue;
			left = left_of(w, &candidate[i]);
			if (left < least) {
				least = left;
				best = &candidate[i];
			}
		}
		if (!best || (w->n_usual >= USUAL_LEAST && least >= w->n_in))
			return;
		open[best->field] = false;
		take(w, best);
	}
}

static const char *proto_word(const struct work *w)
{
	switch (w->attack[0].proto) {
	case WR_IP_TCP:
		return w->f->klass == WR_CLASS_FRAG_FLOOD ? NULL : "tcp";
	case WR_IP_UDP:
		return w->f->klass == WR_CLASS_FRAG_FLOOD ? NULL : "udp";
	case WR_IP_ICMP:
		return "icmp";
	case WR_IP_ICMP6:
		return "icmp6";
	default:
		return NULL;
	}
}

/* ---- who ---- */

/*
 * Is it a limit by who it is that such a flood has where headers do not tell? What one asked for is
 * known where both directions are seen, else of what a service is asked. Of SYNs it would be one
 * for the addresses behind which all clients are after a load balancer changed.
 */
static bool may_name(const struct wr_detect *d, const struct wr_finding *f)
{
	switch (f->klass) {
	case WR_CLASS_ACK_FLOOD:
		return !d->conf.one_way;
	case WR_CLASS_UDP_FLOOD:
		return !d->conf.one_way || f->victim.port;
	case WR_CLASS_ICMP_FLOOD:
		return true;
	default:
		return false;
	}
}

/* What a limit of few is for: what all of it has to have in common, and a port when it has one. Of
 * ICMP it is pings alone: errors and neighbours are needed. */
static bool name_kind(struct work *w)
{
	static const uint8_t must[] = {[WR_CLASS_ACK_FLOOD] = F_FLAGS,
				       [WR_CLASS_ICMP_FLOOD] = F_ICMP,
				       [WR_CLASS_UDP_FLOOD] = FIELDS};
	uint8_t field = must[w->f->klass];
	struct fact candidate[FIELDS];
	bool open[FIELDS];

	look(w, candidate, open);
	if (field != FIELDS && !open[field])
		return false;
	if (field == F_ICMP && candidate[field].lo != (w->f->victim.ip_v == 4 ? PING : PING6))
		return false;
	w->n = 0;
	if (field != FIELDS)
		w->fact[w->n++] = candidate[field];
	if (open[F_DPORT])
		w->fact[w->n++] = candidate[F_DPORT];
	return true;
}

static bool is_usual_net(const void *ctx, const struct wr_victim *net)
{
	const struct work *w = ctx;

	for (uint32_t i = 0; i < w->n_usual; i++)
		if (w->usual[i]->ns < usual_until(w->f) &&
		    addr_in(w->usual[i]->src, net->addr, net->prefix))
			return true;
	return false;
}

/*
 * Headers do not tell it from what is usual: the few that it comes from, when nothing of theirs is
 * usual here. Without a connection anybody may be forged, so it is a limit and no drop.
 */
static bool choose_few(struct work *w, const struct wr_cure_want *want)
{
	if (w->n_usual < USUAL_LEAST ||
	    !who_few(w->attack, w->n_attack, w->least, is_usual_net, w, &w->from) ||
	    who_has_any(&w->from, want->resolvers) || who_has_any(&w->from, want->spared) ||
	    !name_kind(w)) {
		w->from.n = 0;
		return false;
	}
	w->n_in = 0;
	memset(w->in, 0, sizeof(w->in));
	return true;
}

/* ---- words ---- */

static void where_text(struct wr_buf *b, const struct work *w)
{
	if (!w->n)
		return;
	wr_buf_str(b, " where \"");
	facts_text(b, w->fact, w->n, w->f->victim.ip_v, w->attack[0].proto);
	wr_buf_char(b, '"');
}

/* Whatever could be an answer of resolvers, or a fragment of one, and who else is to be spared. */
static void spared_text(struct wr_buf *b, const struct wr_cure_want *want, const char *proto)
{
	const char *who[] = {!proto || !strcmp(proto, "udp") ? want->resolvers : NULL,
			     want->spared};
	const char *before = " not from ";

	for (size_t i = 0; i < sizeof(who) / sizeof(*who); i++)
		if (who[i] && *who[i]) {
			wr_buf_fmt(b, "%s%s", before, who[i]);
			before = ", ";
		}
}

static void rule_text(struct wr_buf *b, const struct work *w, const struct wr_cure_want *want,
		      const struct wr_cure *c, uint32_t pps)
{
	struct wr_victim v = w->f->victim;
	const char *proto = proto_word(w);
	uint16_t port = v.port;

	v.port = 0;
	wr_buf_fmt(b, "%s: ", want->name);
	if (c->verb == WR_CURE_LIMIT)
		wr_buf_fmt(b, "limit %" PRIu32 "pps", pps);
	else
		wr_buf_str(b, "drop");
	who_text(b, " from ", &w->from);
	wr_buf_str(b, " to ");
	if (proto && port)
		wr_buf_fmt(b, "%s/%u@", proto, port);
	else if (proto)
		wr_buf_fmt(b, "%s@", proto);
	wr_victim_text(b, &v);
	if (!w->from.n)
		spared_text(b, want, proto);
	where_text(b, w);
	wr_buf_fmt(b, " auto for %" PRIu32 "s why \"%s\"", want->for_s, wr_class_name(w->f->klass));
}

static uint32_t clients_hit(const struct work *w)
{
	uint64_t bits[64] = {0};

	for (uint32_t i = 0; i < w->n_usual; i++)
		if (w->in[i]) {
			uint64_t h = addr_hash(w->usual[i]->src);

			bits[h >> 6 & 63] |= 1ull << (h & 63);
		}
	return (uint32_t)lround(linear_count(bits, 64));
}

static uint32_t covered(const struct work *w)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_attack; i++) {
		uint32_t k = 0;

		while (k < w->n && fact_hits(&w->fact[k], &w->attack[i]))
			k++;
		n += k == w->n && (!w->from.n || who_has(&w->from, w->attack[i].src));
	}
	return n;
}

bool wr_detect_curable(enum wr_finding_class c)
{
	return is_flood(c) || blame_has(c);
}

void wr_detect_cure(struct wr_detect *d, const struct wr_finding *f,
		    const struct wr_cure_want *want, struct wr_cure *c)
{
	static struct work w; /* large, and one is made at a time */
	struct wr_buf text = {0};
	bool tells, few;
	double pps;

	memset(&w, 0, sizeof(w));
	memset(c, 0, sizeof(*c));
	if (blame_has(f->klass)) {
		blame_cure(d, f, want, c);
		return;
	}
	if (want->level == 1 && cookies_fit(f, want)) {
		cookies_cure(d, f, want, c);
		return;
	}
	if (want->level)
		return;
	w.f = f;
	if (!is_flood(f->klass) || !f->victim.ip_v || !f->n_evidence)
		return;
	w.feature = f->evidence[0].feature;
	w.least = 0.97 * (1 - fmin(0.4, f->evidence[0].norm / fmax(1, f->evidence[0].value)));
	gather(d, &w);
	c->attack_samples = w.n_attack;
	c->usual_samples = w.n_usual;
	if (w.n_attack < ATTACK_LEAST)
		return;
	choose(&w);
	tells = clean(&w) && w.n && covered(&w) >= w.least * w.n_attack;
	few = !tells && may_name(d, f) && choose_few(&w, want);
	c->attack = (double)covered(&w) / w.n_attack;
	c->usual = w.n_usual ? (double)w.n_in / w.n_usual : 0;
	c->usual_clients = clients_hit(&w);
	c->verb = clean(&w) && w.n && !few ? WR_CURE_DROP : WR_CURE_LIMIT;
	pps = few || !f->evidence[0].has_norm ? 0 : f->evidence[0].norm * 2;
	pps = fmax(LIMIT_LEAST, pps);
	if (few)
		c->attack *= fmax(
			0, 1 - pps / fmax(f->evidence[0].value, (double)wr_detect_seen(d, f, c)));
	c->safe = tells || (few && c->attack >= LEAST_STOPPED);
	rule_text(&text, &w, want, c, (uint32_t)pps);
	c->safe = c->safe && text.used < sizeof(c->rule);
	snprintf(c->rule, sizeof(c->rule), "%s", wr_buf_text(&text));
	wr_buf_free(&text);
	if (!c->safe && cookies_fit(f, want))
		cookies_cure(d, f, want, c);
}
