/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "core/proto.h"
#include "detect/impl.h"

/*
 * DNS: data carried in names (many long, different names of one domain, or one conversation that
 * does not end), and names that do not exist, one after another.
 */

enum {
	CLIENTS = 4096,
	WORDS = 16,
	SPAN = 60 * STEPS,
	LONG_NAMES = 30, /* different ones in a minute */
	LONG = 50,	 /* characters */
	MISSING = 25,	 /* different names that do not exist */
	TALK = 60,	 /* packets of a conversation, each way, */
	TALK_STEPS = 30 * STEPS,
	TALK_BYTES = 8000,
	PORT_DNS = 53,
	NXDOMAIN = 3,  /* RFC 1035 4.1.1 */
	TYPE_PTR = 12, /* who looks through a network's addresses finds many without a name */
};

struct client {
	struct wr_talk_key key;
	uint32_t since, step;
	uint32_t queries, missing, long_names;
	double length;
	uint64_t names[WORDS], none[WORDS];
	uint8_t server[16];
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

static struct client *client_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v)
{
	struct wr_rows *rows = &d->names->rows;
	struct wr_talk_key key = {.ip_v = ip_v};
	struct client *c;
	uint32_t tag;

	memcpy(key.addr, addr, ip_v == 4 ? 4 : 16); /* behind it is what the packet before had */
	tag = wr_rows_hash(rows, &key);
	c = wr_rows_find(rows, &key, tag);
	if (!c)
		c = wr_rows_make(rows, &key, tag, weigh, gone, d);
	else if (d->step - c->since < SPAN)
		return c;
	memset(&c->since, 0, sizeof(*c) - offsetof(struct client, since));
	c->since = d->step;
	return c;
}

static void tell_names(struct wr_detect *d, struct client *c, enum wr_finding_class klass)
{
	struct wr_victim v = klass == WR_CLASS_DNS_TUNNEL ? victim_of(c->server, c->key.ip_v)
							  : victim_of(c->key.addr, c->key.ip_v);
	struct wr_finding *f;
	bool is_new;

	f = find(d, klass, &v, &is_new);
	if (!f || !is_new)
		return;
	only_source(f, c->key.addr, c->key.ip_v, c->queries);
	evidence_only(f, WR_FEATURE_QUERIES, c->queries);
	evidence_only(f, WR_FEATURE_NAMES, fmin(round(linear_count(c->names, WORDS)), c->queries));
	evidence_only(f, WR_FEATURE_NAME_LENGTH, c->length / fmax(1, c->queries));
	if (klass == WR_CLASS_DNS_DGA)
		evidence_only(f, WR_FEATURE_NXDOMAIN, c->missing);
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - c->since + 1) / (double)STEPS);
	f->start_ns = step_end(d) - (d->step - c->since + 1) * WR_DETECT_STEP_NS;
	f->score = 2;
	tell(d, f);
}

static uint64_t hash_text(const char *s)
{
	uint64_t h = 0;

	while (*s)
		h = wr_mix(h + (uint8_t)*s++);
	return h;
}

/* The last two labels: lists that are asked by address have one domain, what makes names up many.
 */
static const char *domain_of(const char *name)
{
	const char *at = name + strlen(name);
	int dots = 0;

	if (at > name && at[-1] == '.')
		at--;
	while (at > name && (at[-1] != '.' || ++dots < 2))
		at--;
	return at;
}

static void set(uint64_t *bits, uint64_t h)
{
	bits[h >> 6 & (WORDS - 1)] |= 1ull << (h & 63);
}

void names_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];
	struct client *c;
	struct wr_l7 l7;
	bool asks;

	if (!(h->has & WR_H_IP) || !(h->has & WR_H_PORTS) || h->proto != WR_IP_UDP ||
	    !(h->has & WR_H_PAYLOAD) || (h->sport != PORT_DNS && h->dport != PORT_DNS) ||
	    !pkt->data || h->payload_off >= pkt->caplen)
		return;
	wr_l7_read(&l7, pkt->data + h->payload_off, pkt->caplen - h->payload_off, WR_IP_UDP,
		   h->sport, h->dport);
	if (l7.proto != WR_L7_DNS || !(l7.has & WR_L7_HAS_QUESTION))
		return;
	asks = !(l7.has & WR_L7_HAS_ANSWER);
	c = client_of(d, asks ? h->src : h->dst, h->ip_v);
	c->step = d->step;
	if (!asks) {
		if (l7.rcode == NXDOMAIN && l7.qtype != TYPE_PTR) {
			c->missing++;
			set(c->none, hash_text(domain_of(l7.host)));
			if (c->missing >= MISSING && linear_count(c->none, WORDS) >= MISSING)
				tell_names(d, c, WR_CLASS_DNS_DGA);
		}
		return;
	}
	c->queries++;
	c->length += l7.name_len;
	set(c->names, hash_text(l7.host));
	if (l7.name_len >= LONG) { /* others are asked meanwhile, too, and are no more of it */
		memset(c->server, 0, sizeof(c->server));
		memcpy(c->server, h->dst, h->ip_v == 4 ? 4 : 16);
		c->long_names++;
		if (c->long_names >= LONG_NAMES && linear_count(c->names, WORDS) >= LONG_NAMES)
			tell_names(d, c, WR_CLASS_DNS_TUNNEL);
	}
}

/* A client asks from a new port each time, or a few times from one; what goes on and on is
 * something else that looks like DNS. */
void names_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow *f = a->f;
	uint8_t client = f->opener;
	struct wr_victim v;
	struct wr_finding *fi;
	uint64_t ns;
	bool is_new;

	if (f->key.proto != WR_IP_UDP || f->key.port[!client] != PORT_DNS ||
	    f->key.port[client] == PORT_DNS || f->sent[0].packets < TALK ||
	    f->sent[1].packets < TALK || f->sent[0].bytes + f->sent[1].bytes < TALK_BYTES)
		return;
	ns = f->last_ns - f->first_ns;
	if ((double)f->sent[client].packets / ((double)ns / 1e9 + 1) < 2)
		return;
	v = victim_of(f->key.addr[!client], f->key.ip_v);
	fi = find(d, WR_CLASS_DNS_TUNNEL, &v, &is_new);
	if (!fi || !is_new)
		return;
	only_source(fi, f->key.addr[client], f->key.ip_v, f->sent[client].packets);
	evidence_only(fi, WR_FEATURE_QUERIES, (double)f->sent[client].packets);
	evidence_only(fi, WR_FEATURE_MEAN_SIZE,
		      (double)(f->sent[0].bytes + f->sent[1].bytes) /
			      (double)(f->sent[0].packets + f->sent[1].packets));
	evidence_only(fi, WR_FEATURE_WINDOW, (double)ns / 1e9);
	fi->start_ns = f->first_ns;
	fi->score = 2;
	tell(d, fi);
}
