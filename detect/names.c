/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/blame.h"
#include "detect/impl.h"

/*
 * DNS: data carried in names (many long, different names of one domain, or one conversation that
 * does not end and is no DNS), and names that do not exist, one after another.
 *
 * Names are compared without their case (RFC 4343): resolvers change it from question to question.
 */

enum {
	CLIENTS = 4096,
	WORDS = 16,
	LONG_WORDS = 32, /* so that what is told of 30 is right within one */
	SPAN = 60 * STEPS,
	LONG_NAMES = 30,  /* different ones of a domain in a minute */
	LONG = 50,	  /* characters */
	MISSING = 25,	  /* different names that do not exist, */
	MISSING_OF = 5,	  /* and one of so many answers says so: people mistype, too; */
	MISSING_MORE = 2, /* so many times what the client ever had */
	TALK = 60,	  /* packets of a conversation, each way, */
	TALK_BYTES = 8000,
	TALK_ASKS = 220,     /* with questions of so many bytes in the mean, which no names have, */
	TALK_ANSWERS = 1000, /* or such answers */
	HEAD = 12,	     /* RFC 1035 4.1.1 */
	PORT_DNS = 53,
	NXDOMAIN = 3,
	TYPE_PTR = 12, /* who looks through a network's addresses finds many without a name */
};

#define KEPT_A_MINUTE 0.999 /* of the most that a client ever had: half of it in 12 h */

/* Long names in a minute, and the domain that most different ones of them are of: Boyer and Moore's
 * majority. One that is asked for again has no vote, but is counted. So is one with bytes that no
 * host's name has, whatever domain it is of: that is data. */
struct longs {
	uint32_t since;
	uint32_t from; /* the domain is counted from this step on */
	uint32_t votes, queries;
	uint64_t domain; /* 0: none yet */
	double length;
	uint64_t all[WORDS], of_domain[LONG_WORDS];
	uint8_t server[16];
};

/* What a client was told in a minute; names: different ones that do not exist. */
struct missing {
	double names, missing, answers;
};

struct client {
	struct wr_talk_key key;
	uint32_t step;
	float most, before; /* different names that did not exist, in a minute: ever, in the last */
	bool was_told;	    /* in the last */
	uint32_t weak;	    /* minutes in a row with less than it takes to be told */
	struct missing last;
	struct longs longs;
	double last_long; /* different long names of a domain, in the minute before that of longs */
	uint64_t last_domain;
	/* In this minute: */
	uint32_t since;
	uint32_t queries, answers, missing;
	uint32_t unlike; /* packets to the port of DNS that are none */
	double length;
	uint64_t names[WORDS], none[WORDS];
	bool is_told;
};

struct question {
	uint64_t name, domain;
	uint32_t len; /* characters, without digits that are labels at its begin */
	bool data;    /* not all of it is printable */
};

struct names {
	struct wr_rows rows;
};

int names_open(struct wr_detect *d)
{
	d->names = calloc(1, sizeof(*d->names));
	return d->names ? wr_rows_open(&d->names->rows, sizeof(struct client), CLIENTS) : -1;
}

void names_close(struct wr_detect *d)
{
	if (d->names)
		wr_rows_close(&d->names->rows);
	free(d->names);
}

static uint64_t weigh(const void *ctx, const void *row)
{
	(void)ctx;
	return ((const struct client *)row)->step;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static struct missing missing_of(const struct client *c)
{
	return (struct missing){linear_count(c->none, WORDS), c->missing, c->answers};
}

/* A minute is over. What came before an alarm, and after it, may have been a part of it, but what
 * is less for many minutes is how it is there. */
static void learn(struct client *c, uint32_t step)
{
	c->weak = missing_of(c).names < MISSING ? c->weak + (step - c->since) / SPAN : 0;
	c->is_told = c->is_told && c->weak <= WEAK_MINUTES;
	c->last = step - c->since < 2 * SPAN ? missing_of(c) : (struct missing){0};
	c->most *= (float)pow(KEPT_A_MINUTE, (double)(step - c->since) / SPAN);
	if (!c->is_told)
		c->most = fmaxf(c->most, c->before);
	c->before = c->is_told || c->was_told ? 0 : (float)missing_of(c).names;
	c->was_told = c->is_told;
}

static struct client *client_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
				bool make)
{
	struct wr_rows *rows = &d->names->rows;
	struct wr_talk_key key = {.ip_v = ip_v};
	struct client *c;
	uint32_t tag;

	memcpy(key.addr, addr, ip_v == 4 ? 4 : 16); /* behind it is what the packet before had */
	tag = wr_rows_hash(rows, &key);
	c = wr_rows_find(rows, &key, tag);
	if (!make || (c && d->step - c->since < SPAN))
		return c;
	if (c) {
		learn(c, d->step);
	} else {
		c = wr_rows_make(rows, &key, tag, weigh, gone, d);
		memset(&c->step, 0, sizeof(*c) - offsetof(struct client, step));
	}
	memset(&c->since, 0, sizeof(*c) - offsetof(struct client, since));
	c->since = d->step;
	return c;
}

/* Told with what is counted of it, in the steps since then. */
struct telling {
	enum wr_finding_class klass;
	const uint8_t *victim;
	uint32_t since, queries;
	double length, names;
};

static void tell_names(struct wr_detect *d, const struct client *c, const struct telling *t)
{
	struct wr_victim v = victim_of(t->victim, c->key.ip_v);
	uint32_t steps = d->step - t->since + 1;
	struct wr_finding_source from = {.ip_v = c->key.ip_v, .packets = t->queries};
	struct wr_finding *f;

	memcpy(from.addr, c->key.addr, 16);
	f = find_from(d, t->klass, &v, &from);
	if (!f)
		return;
	evidence_only(f, WR_FEATURE_QUERIES, t->queries);
	evidence_only(f, WR_FEATURE_NAMES, fmin(round(t->names), t->queries));
	evidence_only(f, WR_FEATURE_NAME_LENGTH, t->length / fmax(1, t->queries));
	if (t->klass == WR_CLASS_DNS_DGA)
		evidence_only(f, WR_FEATURE_NXDOMAIN, c->missing);
	evidence_only(f, WR_FEATURE_WINDOW, steps / (double)STEPS);
	f->start_ns = step_end(d) - steps * WR_DETECT_STEP_NS;
	f->score = 2;
	tell(d, f);
}

static uint64_t read_label(struct question *q, const uint8_t *at, uint8_t n)
{
	uint64_t h = n;

	for (; n; n--, at++) {
		h = wr_mix(h + (*at >= 'A' && *at <= 'Z' ? *at | 0x20u : *at));
		q->data |= *at <= ' ' || *at > '~';
	}
	return h;
}

static bool is_digit(const uint8_t *label)
{
	return *label == 1 && ((label[1] >= '0' && label[1] <= '9') ||
			       ((label[1] | 0x20) >= 'a' && (label[1] | 0x20) <= 'f'));
}

/*
 * Of a name that was found whole. Its domain is the last two labels: lists that are asked by
 * address have one domain, what makes names up many. Addresses of IPv6 are written digit by digit
 * (ip6.arpa, DNSBL; RFC 3596, 5782), and make a name long that carries nothing.
 */
static void read_question(struct question *q, const struct wr_l7 *l7, const uint8_t *at,
			  const uint8_t *end)
{
	uint64_t last[2] = {0};
	uint32_t digits = 0;
	bool begin = true;

	q->name = 0;
	q->data = false;
	for (; at < end && *at && *at < end - at; at += *at + 1) {
		last[0] = last[1];
		last[1] = read_label(q, at + 1, *at);
		q->name = wr_mix(q->name + last[1]);
		begin = begin && is_digit(at);
		digits += begin;
	}
	q->domain = wr_mix(last[0]) + last[1];
	q->len = l7->name_len > 2 * digits ? l7->name_len - 2 * digits : 0;
}

/* Is it one that was not there? */
static bool set(uint64_t *bits, uint32_t words, uint64_t h)
{
	uint64_t *word = &bits[h >> 6 & (words - 1)], bit = 1ull << (h & 63);
	bool is_new = !(*word & bit);

	*word |= bit;
	return is_new;
}

/* Does it count? If a domain has no vote left, another one is counted from now on. */
static bool is_of(struct longs *l, const struct question *q, uint32_t step, bool is_new)
{
	if (q->data || l->domain == q->domain)
		return true;
	if (l->domain) {
		if (l->votes || !is_new) {
			l->votes -= is_new;
			return false;
		}
		memset(l->of_domain, 0, sizeof(l->of_domain));
		l->from = step;
		l->queries = 0;
		l->length = 0;
	}
	l->domain = q->domain;
	return true;
}

static void begin_longs(struct client *c, uint32_t step)
{
	struct longs *l = &c->longs;
	bool next = l->queries && step - l->since < 2 * SPAN;

	c->last_long = next ? linear_count(l->of_domain, LONG_WORDS) : 0;
	c->last_domain = l->domain;
	memset(l, 0, sizeof(*l));
	l->since = l->from = step;
}

/* One that is told, of this client, while its domain is still that. */
static void tunnel_goes_on(struct wr_detect *d, const struct client *c, const struct question *q,
			   double names)
{
	const struct longs *l = &c->longs;
	struct wr_victim v = victim_of(l->server, c->key.ip_v);
	struct wr_finding *f = found(d, WR_CLASS_DNS_TUNNEL, &v);
	double before = q->data || l->domain == c->last_domain ? c->last_long : 0;

	if (f && has_source(f, c->key.addr) &&
	    slide(before, names, d->step - l->since, SPAN) * GOES_ON >= LONG_NAMES)
		renew_weakly(d, f);
}

static void asks_long(struct wr_detect *d, struct client *c, const struct question *q,
		      const struct wr_hdr *h, uint8_t name_len)
{
	struct longs *l = &c->longs;
	double names;
	bool is_new;

	if (d->step - l->since >= SPAN || !l->queries)
		begin_longs(c, d->step);
	is_new = set(l->all, WORDS, q->name);
	if (!is_of(l, q, d->step, is_new))
		return;
	l->votes += is_new;
	l->queries++;
	l->length += name_len;
	set(l->of_domain, LONG_WORDS, q->name);
	memset(l->server, 0, sizeof(l->server));
	memcpy(l->server, h->dst, h->ip_v == 4 ? 4 : 16);
	names = linear_count(l->of_domain, LONG_WORDS);
	if (l->queries >= LONG_NAMES && names >= LONG_NAMES)
		tell_names(d, c,
			   &(struct telling){WR_CLASS_DNS_TUNNEL, l->server, l->from, l->queries,
					     l->length, names});
	else
		tunnel_goes_on(d, c, q, names);
}

/* Are so many names missing that they are made up? */
static bool are_made_up(const struct client *c, const struct missing *m, double least)
{
	return m->missing >= least && m->missing * MISSING_OF >= m->answers && m->names >= least &&
	       m->names > MISSING_MORE * (double)c->most;
}

/* It was told, and goes on while there are half as many in each minute at least. */
static void dga_goes_on(struct wr_detect *d, struct client *c, const struct missing *now)
{
	struct wr_victim v = victim_of(c->key.addr, c->key.ip_v);
	uint32_t since = d->step - c->since;
	struct missing m = {slide(c->last.names, now->names, since, SPAN),
			    slide(c->last.missing, now->missing, since, SPAN),
			    slide(c->last.answers, now->answers, since, SPAN)};

	struct wr_finding *f = found(d, WR_CLASS_DNS_DGA, &v);

	if (!f || !are_made_up(c, &m, (double)MISSING / GOES_ON))
		return;
	c->is_told = true;
	renew_weakly(d, f);
}

static void answered(struct wr_detect *d, struct client *c, const struct question *q,
		     const struct wr_l7 *l7)
{
	struct missing now;

	c->answers++;
	if (l7->rcode != NXDOMAIN || l7->qtype == TYPE_PTR)
		return;
	c->missing++;
	set(c->none, WORDS, q->domain);
	now = missing_of(c);
	if (!are_made_up(c, &now, MISSING)) {
		dga_goes_on(d, c, &now);
		return;
	}
	c->is_told = true;
	tell_names(d, c,
		   &(struct telling){WR_CLASS_DNS_DGA, c->key.addr, c->since, c->queries, c->length,
				     linear_count(c->names, WORDS)});
}

void names_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	const uint8_t *payload;
	struct question q;
	struct client *c;
	struct wr_l7 l7;
	bool asks;
	int r;

	if (!(h->has & WR_H_IP) || !(h->has & WR_H_PORTS) || h->proto != WR_IP_UDP ||
	    !(h->has & WR_H_PAYLOAD) || (h->sport != PORT_DNS && h->dport != PORT_DNS) ||
	    !pkt->data || h->payload_off >= pkt->caplen)
		return;
	payload = pkt->data + h->payload_off;
	r = wr_l7_read(&l7, payload, pkt->caplen - h->payload_off, WR_IP_UDP, h->sport, h->dport);
	if (l7.proto != WR_L7_DNS && r >= 0 && h->dport == PORT_DNS)
		client_of(d, h->src, h->ip_v, true)->unlike++;
	if (l7.proto != WR_L7_DNS || !(l7.has & WR_L7_HAS_QUESTION))
		return;
	asks = !(l7.has & WR_L7_HAS_ANSWER);
	c = client_of(d, asks ? h->src : h->dst, h->ip_v, true);
	c->step = d->step;
	read_question(&q, &l7, payload + HEAD, pkt->data + pkt->caplen);
	if (!asks) {
		answered(d, c, &q, &l7);
		return;
	}
	c->queries++;
	c->length += l7.name_len;
	set(c->names, WORDS, q.name);
	if (q.len >= LONG) /* others are asked meanwhile, too, and are no more of it */
		asks_long(d, c, &q, h, l7.name_len);
}

/* Forwarders ask all they ask from one port, for days: that is DNS by its sizes, and can be read.
 */
static bool is_no_dns(struct wr_detect *d, const struct wr_flow *f, uint8_t client)
{
	const struct wr_count *up = &f->sent[client], *down = &f->sent[!client];
	const struct client *c;

	if (up->bytes >= up->packets * TALK_ASKS || down->bytes >= down->packets * TALK_ANSWERS)
		return true;
	c = client_of(d, f->key.addr[client], f->key.ip_v, false);
	return c && c->unlike > c->queries;
}

/* A client asks from a new port each time, or a few times from one; what goes on and on is
 * something else that looks like DNS. */
void names_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow *f = a->f;
	uint8_t client = f->opener;
	struct wr_finding_source from = {.ip_v = f->key.ip_v, .packets = f->sent[client].packets};
	struct wr_victim v;
	struct wr_finding *fi;
	uint64_t ns;

	if (f->key.proto != WR_IP_UDP || f->key.port[!client] != PORT_DNS ||
	    f->key.port[client] == PORT_DNS || f->sent[0].packets < TALK ||
	    f->sent[1].packets < TALK || f->sent[0].bytes + f->sent[1].bytes < TALK_BYTES)
		return;
	ns = f->last_ns - f->first_ns;
	if ((double)f->sent[client].packets / ((double)ns / 1e9 + 1) < 2 ||
	    !is_no_dns(d, f, client))
		return;
	v = victim_of(f->key.addr[!client], f->key.ip_v);
	memcpy(from.addr, f->key.addr[client], 16);
	fi = find_from(d, WR_CLASS_DNS_TUNNEL, &v, &from);
	if (!fi)
		return;
	evidence_only(fi, WR_FEATURE_QUERIES, (double)f->sent[client].packets);
	evidence_only(fi, WR_FEATURE_MEAN_SIZE,
		      (double)(f->sent[0].bytes + f->sent[1].bytes) /
			      (double)(f->sent[0].packets + f->sent[1].packets));
	evidence_only(fi, WR_FEATURE_WINDOW, (double)ns / 1e9);
	fi->start_ns = f->first_ns;
	fi->score = 2;
	tell(d, fi);
}
