/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/mem.h"
#include "core/proto.h"
#include "detect/impl.h"

/*
 * Scans: a source that opens many different ports, or asks many different hosts, and is answered by
 * few. Counted over a minute, and once more over ten for those that take their time. Ports and
 * hosts are bits by hash; what is answered is taken off by its number.
 */

enum {
	SOURCES = 4096,
	SPANS = 2,
	PORTS = 25, /* different ones in a minute */
	HOSTS = 25,
	ICMP_HOSTS = 15, /* of many networks, none of which answers: somebody writes in addresses */
	ARP_HOSTS = 40,	 /* routers ask for those that somebody looks for, too */
	WORDS = 16,	 /* so that what is told of 25 is right within one */
	KIND_SYN = 0,
	KIND_ARP = 1,
	KIND_UDP = 2,
	KIND_ICMP = 3,
	KIND_ANSWER = 4, /* answers to what nobody asked: to how many different addresses? */
	ANSWERED_HOSTS = 12,
};

static const struct {
	uint32_t steps;
	double times; /* so many times as many */
} spans[SPANS] = {{60 * STEPS, 1}, {600 * STEPS, 2}};

struct span {
	uint32_t since;
	uint32_t attempts, answered;
	uint64_t ports[WORDS], hosts[WORDS];
};

struct source {
	struct wr_talk_key key; /* tag: KIND_* */
	uint32_t step;
	uint32_t votes; /* for host: Boyer and Moore's majority */
	uint8_t host[16];
	uint8_t net[16]; /* of the hosts asked for: /24 or /64, by the same vote */
	uint32_t net_votes;
	uint16_t port;
	uint32_t port_votes;
	struct span span[SPANS];
};

struct scans {
	struct wr_rows rows;
};

int scans_open(struct wr_detect *d)
{
	d->scans = calloc(1, sizeof(*d->scans));
	return d->scans ? wr_rows_open(&d->scans->rows, sizeof(struct source), SOURCES) : -1;
}

void scans_close(struct wr_detect *d)
{
	if (d->scans)
		wr_rows_close(&d->scans->rows);
	free(d->scans);
}

/* One that was seen once, as all those of a forged flood, makes room first. */
static uint64_t weigh(const void *ctx, const void *row)
{
	const struct wr_detect *d = ctx;
	const struct source *s = row;

	return d->step - s->step > spans[0].steps ? 0 : s->span[1].attempts + 1;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static struct source *source_of(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v,
				uint16_t kind, bool make)
{
	struct wr_rows *rows = &d->scans->rows;
	struct wr_talk_key key = {.ip_v = ip_v, .tag = kind};
	struct source *s;
	uint32_t tag;

	memcpy(key.addr, addr, 16);
	tag = wr_rows_hash(rows, &key);
	s = wr_rows_find(rows, &key, tag);
	if (s || !make)
		return s;
	s = wr_rows_make(rows, &key, tag, weigh, gone, d);
	memset(&s->step, 0, sizeof(*s) - offsetof(struct source, step));
	for (int i = 0; i < SPANS; i++)
		s->span[i].since = d->step;
	return s;
}

static bool vote(void *now, uint32_t *votes, const void *for_it, size_t n)
{
	if (!memcmp(now, for_it, n)) {
		++*votes;
		return true;
	}
	if (*votes) {
		--*votes;
		return false;
	}
	memcpy(now, for_it, n);
	*votes = 1;
	return true;
}

static void set(uint64_t *bits, uint64_t h)
{
	bits[h >> 6 & (WORDS - 1)] |= 1ull << (h & 63);
}

static void tell_scan(struct wr_detect *d, struct source *s, const struct span *sp,
		      enum wr_finding_class klass, double ports, double hosts)
{
	struct wr_victim v = {.ip_v = s->key.ip_v};
	struct wr_finding *f;
	bool is_new;

	f = found_of(d, klass, s->key.addr);
	if (f) {
		v = f->victim;
	} else if (klass == WR_CLASS_PORT_SCAN_VERTICAL) {
		v = victim_of(s->host, s->key.ip_v);
	} else if (klass == WR_CLASS_ICMP_TUNNEL) {
		v = victim_of(s->key.addr, s->key.ip_v);
	} else if (s->net_votes * 2 > sp->attempts) {
		memcpy(v.addr, s->net, 16);
		v.prefix = s->key.ip_v == 4 ? 24 : 64;
	} else {
		v.ip_v = 0;
	}
	f = find(d, klass, &v, &is_new);
	if (!f || !is_new)
		return;
	only_source(f, s->key.addr, s->key.ip_v, sp->attempts);
	evidence_only(f, WR_FEATURE_ATTEMPTS, sp->attempts);
	if (s->key.tag != KIND_ICMP && s->key.tag != KIND_ARP) /* which have none */
		evidence_only(f, WR_FEATURE_PORTS, round(ports));
	evidence_only(f, WR_FEATURE_HOSTS, round(hosts));
	evidence_only(f, WR_FEATURE_ANSWERED, (double)sp->answered / sp->attempts);
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - sp->since + 1) / (double)STEPS);
	f->start_ns = step_end(d) - (d->step - sp->since + 1) * WR_DETECT_STEP_NS;
	f->score = fmax(1, fmax(ports / PORTS, hosts / HOSTS));
	tell(d, f);
}

static void look(struct wr_detect *d, struct source *s)
{
	for (int i = 0; i < SPANS; i++) {
		struct span *sp = &s->span[i];
		double ports, hosts, need = spans[i].times;

		if (sp->attempts < ANSWERED_HOSTS || sp->answered * 3 > sp->attempts)
			continue;
		ports = linear_count(sp->ports, WORDS);
		hosts = linear_count(sp->hosts, WORDS);
		if (s->key.tag == KIND_ANSWER) {
			if (hosts >= ANSWERED_HOSTS)
				tell_scan(d, s, sp, WR_CLASS_BACKSCATTER, ports, hosts);
		} else if (s->key.tag == KIND_SYN && ports >= PORTS * need &&
			   hosts <= ports / 8 + 1)
			tell_scan(d, s, sp, WR_CLASS_PORT_SCAN_VERTICAL, ports, hosts);
		else if (s->key.tag == KIND_ICMP && hosts >= ICMP_HOSTS * need &&
			 s->net_votes * 4 < sp->attempts)
			tell_scan(d, s, sp, WR_CLASS_ICMP_TUNNEL, ports, hosts);
		else if (hosts >= (s->key.tag == KIND_SYN ? HOSTS : ARP_HOSTS) * need &&
			 (s->key.tag != KIND_UDP || ports <= 3))
			tell_scan(d, s, sp, WR_CLASS_PORT_SCAN_HORIZONTAL, ports, hosts);
	}
}

static void attempt(struct wr_detect *d, struct source *s, const uint8_t host[16], uint16_t port)
{
	uint8_t net[16] = {0};

	memcpy(net, host, s->key.ip_v == 4 ? 3 : 8);
	vote(s->host, &s->votes, host, 16);
	vote(s->net, &s->net_votes, net, 16);
	vote(&s->port, &s->port_votes, &port, sizeof(port));
	s->step = d->step;
	for (int i = 0; i < SPANS; i++) {
		struct span *sp = &s->span[i];

		if (d->step - sp->since >= spans[i].steps) {
			memset(sp, 0, sizeof(*sp));
			sp->since = d->step;
		}
		sp->attempts++;
		set(sp->ports, wr_mix(port));
		set(sp->hosts, addr_hash(host));
	}
	look(d, s);
}

static void answered(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v, uint16_t kind)
{
	struct source *s = source_of(d, addr, ip_v, kind, false);

	for (int i = 0; s && i < SPANS; i++)
		s->span[i].answered++;
}

static int kind_of(const struct part *a)
{
	uint8_t proto = a->p->flow.key.proto;

	if (proto == WR_IP_TCP)
		return KIND_SYN;
	if (a->p->facts & WR_FACT_FRAG)
		return -1;
	if (proto == WR_IP_UDP)
		return KIND_UDP;
	return proto == WR_IP_ICMP || proto == WR_IP_ICMP6 ? KIND_ICMP : -1;
}

void scan_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	int kind = kind_of(a);

	if (kind < 0)
		return;
	if (kind == KIND_SYN ? a->handshake : a->answer) {
		answered(d, k->addr[kind == KIND_SYN ? a->from : a->to], k->ip_v, (uint16_t)kind);
		if (kind != KIND_SYN)
			return;
	}
	if (kind == KIND_SYN ? !a->syn : !a->is_new || a->p->facts & WR_FACT_ICMP_ERROR)
		return;
	if (kind != KIND_SYN && d->conf.one_way)
		return; /* answers are not seen */
	attempt(d, source_of(d, k->addr[a->from], k->ip_v, (uint16_t)kind, true), k->addr[a->to],
		k->port[a->to]);
}

void scan_answer(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;

	attempt(d, source_of(d, k->addr[a->from], k->ip_v, KIND_ANSWER, true), k->addr[a->to], 0);
}

void scan_arp_answered(struct wr_detect *d, const uint8_t asked[16])
{
	answered(d, asked, 4, KIND_ARP);
}

void scan_arp(struct wr_detect *d, const uint8_t sender[16], const uint8_t target[16])
{
	attempt(d, source_of(d, sender, 4, KIND_ARP, true), target, 0);
}
