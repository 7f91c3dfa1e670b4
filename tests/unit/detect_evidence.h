/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_DETECT_EVIDENCE_H
#define WR_TESTS_DETECT_EVIDENCE_H

#include <math.h>

#include "tests/unit/detect.h"

/* Every number that a finding gives as its evidence, counted again from the packets. */

enum {
	EVIDENCE_KEYS = 1 << 17,
	LONG_LETTERS = 50, /* of names that are told of a tunnel */
};

/* Different numbers, and how often each. */
struct counted {
	struct {
		uint64_t key; /* + 1 */
		uint32_t n;
	} at[EVIDENCE_KEYS];
	uint32_t different, most;
	uint64_t most_key;
};

static inline uint32_t counted_add(struct counted *c, uint64_t key)
{
	uint32_t i = (uint32_t)(wr_mix(key) & (EVIDENCE_KEYS - 1));

	while (c->at[i].key && c->at[i].key != key + 1)
		i = (i + 1) & (EVIDENCE_KEYS - 1);
	if (!c->at[i].key) {
		c->at[i].key = key + 1;
		c->different++;
	}
	c->at[i].n++;
	if (c->at[i].n > c->most) {
		c->most = c->at[i].n;
		c->most_key = key;
	}
	return c->at[i].n;
}

static inline const struct wr_evidence *evidence_of(const struct wr_finding *f,
						    enum wr_feature feature)
{
	for (uint32_t i = 0; i < f->n_evidence; i++)
		if (f->evidence[i].feature == feature)
			return &f->evidence[i];
	return NULL;
}

/* -1: it is not among its evidence. */
static inline double value_of(const struct told *t, enum wr_feature feature)
{
	const struct wr_evidence *e = t ? evidence_of(&t->f, feature) : NULL;

	return e ? e->value : -1;
}

/* Times that such a finding was raised. */
static inline uint32_t raised_of(const struct host *h, enum wr_finding_class klass)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_told; i++)
		n += h->told[i].f.klass == klass ? h->told[i].raised : 0;
	return n;
}

/* What the first number of a finding counts. */
static inline bool evidence_counts(const struct wr_finding *f, const struct seen *s)
{
	uint8_t tcp = s->proto == WR_IP_TCP ? s->flags : 0;

	switch (f->evidence[0].feature) {
	case WR_FEATURE_SYN:
	case WR_FEATURE_HANDSHAKES: /* the parts it is told from are those that open */
		return tcp == SYN;
	case WR_FEATURE_SYNACK_UNASKED:
		return s->unasked && tcp == SYN_ACK;
	case WR_FEATURE_RST_UNASKED:
		return s->unasked && tcp & RST;
	case WR_FEATURE_ACK_UNASKED:
		return s->unasked && tcp == ACK;
	case WR_FEATURE_AMP_UNASKED:
	case WR_FEATURE_UDP_UNASKED:
		return s->unasked && s->proto == WR_IP_UDP && !s->frag;
	case WR_FEATURE_FRAGMENTS:
		return s->frag;
	case WR_FEATURE_ICMP:
		return s->proto == WR_IP_ICMP || s->proto == WR_IP_ICMP6;
	default:
		return false;
	}
}

static inline bool evidence_for(const struct host *h, const struct wr_victim *v, uint32_t dst)
{
	uint8_t addr[16];

	host_address(h, dst, addr);
	return !memcmp(addr, v->addr, v->prefix / 8);
}

struct recount {
	double n[WR_FEATURE_COUNT];
	double packets, bytes, new_sources;
	struct counted source, sport, host, port, word;
};

static inline void recount_done(struct recount *r)
{
	r->n[WR_FEATURE_SOURCES] = r->source.different;
	r->n[WR_FEATURE_NEW_SHARE] = r->new_sources / fmax(1, r->source.different);
	r->n[WR_FEATURE_TOP_SHARE] = r->source.most / fmax(1, r->packets);
	r->n[WR_FEATURE_MEAN_SIZE] = r->bytes / fmax(1, r->packets);
	r->n[WR_FEATURE_SOURCE_PORT] = (double)r->sport.most_key;
	r->n[WR_FEATURE_HOSTS] = r->host.different;
	r->n[WR_FEATURE_PORTS] = r->port.different;
}

/* A flood: packets to the victim in the second before it was raised, or in what is remembered of
 * it: the window that is told. */
static inline void recount_flood(struct recount *r, const struct host *h, const struct told *t)
{
	static struct counted ever;
	const struct wr_evidence *w = evidence_of(&t->f, WR_FEATURE_WINDOW);
	double window = w && w->value > 0 && w->value <= 1 ? w->value : 1, handshakes = 0;
	uint64_t second = t->f.raised_ns - SECOND;
	uint64_t since = t->f.raised_ns - (uint64_t)(window * 1e9 + 0.5);

	memset(&ever, 0, sizeof(ever));
	for (uint32_t i = 0; i < t->at; i++) {
		const struct seen *s = &h->log[i];
		bool first = counted_add(&ever, s->src) == 1;

		if (s->ns < second || s->ns >= t->f.raised_ns ||
		    !evidence_for(h, &t->f.victim, s->dst))
			continue;
		handshakes += s->done;
		if (s->ns < since || !evidence_counts(&t->f, s))
			continue;
		r->packets++;
		r->bytes += s->len;
		r->new_sources += first;
		counted_add(&r->source, s->src);
		counted_add(&r->sport, s->sport);
		counted_add(&r->host, s->dst);
		counted_add(&r->port, s->dport);
	}
	recount_done(r);
	r->n[t->f.evidence[0].feature] = r->packets / window;
	r->n[WR_FEATURE_HANDSHAKES] = handshakes;
	r->n[WR_FEATURE_WINDOW] = window;
}

/* Does it ask for something? The flags that a scan without SYNs is told with are those that its
 * attempts are counted by. */
static inline bool is_asking(const struct wr_finding *f, const struct seen *s)
{
	const struct wr_evidence *flags = evidence_of(f, WR_FEATURE_FLAGS);

	if (flags)
		return s->flags == (uint8_t)flags->value;
	return s->flags == (f->klass == WR_CLASS_BACKSCATTER ? SYN_ACK : SYN);
}

/* Something patient of one source: its packets in the window that is told. */
static inline void recount_source(struct recount *r, const struct host *h, const struct told *t,
				  int proto)
{
	const struct wr_evidence *w = evidence_of(&t->f, WR_FEATURE_WINDOW);
	uint64_t since = t->f.raised_ns - (w ? (uint64_t)(w->value * 1e9) : t->f.raised_ns);
	double attempts = 0, answers = 0, sessions = 0, queries = 0, letters = 0, missing = 0;

	for (uint32_t i = 0; i < t->at; i++) {
		const struct seen *s = &h->log[i];
		bool from = host_is(h, t->f.source[0].addr, s->src);
		bool to = host_is(h, t->f.source[0].addr, s->dst);
		bool asks = from && !s->answers;

		if (s->ns < since || (!from && !to) || s->proto != proto)
			continue;
		if (t->f.victim.port && s->sport != t->f.victim.port &&
		    s->dport != t->f.victim.port)
			continue;
		r->packets++;
		r->bytes += s->len;
		missing += to && s->missing;
		if (s->proto == WR_IP_TCP) {
			sessions += from && s->flags & FIN;
			answers += from && s->done;
			asks = from && is_asking(&t->f, s);
		} else {
			answers += to && s->answers;
		}
		if (!asks || (t->f.klass == WR_CLASS_DNS_TUNNEL && s->letters < LONG_LETTERS))
			continue;
		attempts++;
		queries++;
		letters += s->letters;
		counted_add(&r->host, s->dst);
		counted_add(&r->port, t->f.klass == WR_CLASS_BACKSCATTER ? 0 : s->dport);
		counted_add(&r->word, s->word);
	}
	recount_done(r);
	r->n[WR_FEATURE_ATTEMPTS] = attempts;
	r->n[WR_FEATURE_ANSWERED] = answers / fmax(1, attempts);
	r->n[WR_FEATURE_FLAGS] = evidence_of(&t->f, WR_FEATURE_FLAGS)
					 ? evidence_of(&t->f, WR_FEATURE_FLAGS)->value
					 : 0;
	r->n[WR_FEATURE_SESSIONS] = sessions;
	r->n[WR_FEATURE_SESSION_BYTES] = r->bytes / fmax(1, sessions);
	r->n[WR_FEATURE_QUERIES] = queries;
	r->n[WR_FEATURE_NAMES] = r->word.different;
	r->n[WR_FEATURE_NAME_LENGTH] = letters / fmax(1, queries);
	r->n[WR_FEATURE_NXDOMAIN] = missing;
	r->n[WR_FEATURE_WINDOW] = w ? w->value : 0;
}

/* Within 5 %, and what is counted by hashes within one. */
static inline bool evidence_is_true(enum wr_feature feature, double told, double counted)
{
	bool hashed = feature == WR_FEATURE_HOSTS || feature == WR_FEATURE_PORTS ||
		      feature == WR_FEATURE_NAMES || feature == WR_FEATURE_STATIONS;

	return fabs(told - counted) <= fmax(0.05 * counted, hashed ? 1 : 1e-6);
}

/* proto: of the packets of something patient. skip: bits of features that the caller counts itself.
 */
static inline void evidence_holds(const struct host *h, const struct told *t, int proto,
				  uint64_t skip, const char *name)
{
	static struct recount r;
	char wrong[512] = "";
	size_t used = 0;

	memset(&r, 0, sizeof(r));
	if (t->f.klass <= WR_CLASS_HTTP_FLOOD || t->f.klass == WR_CLASS_FLASH_CROWD)
		recount_flood(&r, h, t);
	else
		recount_source(&r, h, t, proto);
	for (uint32_t i = 0; i < t->f.n_evidence; i++) {
		const struct wr_evidence *e = &t->f.evidence[i];

		if (skip & 1ull << e->feature ||
		    evidence_is_true(e->feature, e->value, r.n[e->feature]))
			continue;
		used += (size_t)snprintf(wrong + used, sizeof(wrong) - used,
					 " %s is told as %g, is %g;", wr_feature_name(e->feature),
					 e->value, r.n[e->feature]);
		if (used > sizeof(wrong) - 100)
			break;
	}
	ok(!*wrong && t->f.n_evidence, "%s: all %u numbers of its evidence are right%s%s", name,
	   t->f.n_evidence, *wrong ? ":" : "", wrong);
}

#endif
