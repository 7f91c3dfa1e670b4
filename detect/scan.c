/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "base/mem.h"
#include "core/proto.h"
#include "detect/impl.h"

/*
 * Scans: a source that opens many different ports, or asks many different hosts, and is answered by
 * few. Counted over a minute, and once more over ten for those that take their time. Ports and
 * hosts are bits by hash; what is answered is taken off by its number.
 *
 * TCP without a SYN is a kind of its own, where both directions are seen. What has no ACK either
 * (FIN, NULL, Xmas) nobody sends but to find out. An ACK comes of any connection whose beginning
 * was not seen, or that was forgotten: it counts when it goes to the lower port, and most of its
 * source come from one port, as those of a laptop that wakes up do not.
 */

enum {
	SOURCES = 4096,
	SPANS = 2,
	HOLD_OF = 4, /* what goes on slowly is over when nothing came in one in so many of a span */
	PORTS = 25,  /* different ones in a minute */
	HOSTS = 25,
	ICMP_HOSTS = 15, /* of many networks, none of which answers: somebody writes in addresses */
	ARP_HOSTS = 40,	 /* routers ask for those that somebody looks for, too */
	WORDS = 16,	 /* so that what is told of 25 is right within one */
	KIND_SYN = 0,
	KIND_ARP = 1,
	KIND_UDP = 2,
	KIND_ICMP = 3,
	KIND_ANSWER = 4, /* answers to what nobody asked: to how many different addresses? */
	KIND_NO_ACK = 5, /* TCP without SYN, RST and ACK */
	KIND_ACK = 6,	 /* with ACK, of a flow that nobody opened */
	ANSWERED_HOSTS = 12,
	UDP_TRIES = 3, /* packets that a port is tried with */
	TRACE = 33434, /* ports that traceroute counts up from, in vain */
	TRACE_N = 256,
	FLAGS = WR_TCP_FIN | WR_TCP_SYN | WR_TCP_RST | WR_TCP_PSH | WR_TCP_ACK | WR_TCP_URG,
};

static const struct {
	uint32_t steps;
	double times; /* so many times as many */
} spans[SPANS] = {{60 * STEPS, 1}, {600 * STEPS, 2}};

struct span {
	uint32_t since;
	uint32_t attempts, answered;
	uint32_t unlike; /* of UDP: no port that is tried, see is_unlike() */
	uint64_t ports[WORDS], hosts[WORDS];
};

struct source {
	struct wr_talk_key key; /* tag: KIND_* */
	uint32_t step;
	uint32_t votes; /* for host: Boyer and Moore's majority */
	uint8_t host[16];
	uint8_t net[16]; /* of the hosts asked for: /24 or /64, by the same vote */
	uint32_t net_votes;
	uint32_t sport_votes, flags_votes;
	uint16_t sport, flags;
	struct { /* last, a finding with this number; 0: never */
		uint64_t id;
		enum wr_finding_class klass;
		int span;
		bool goes_on; /* the last such span had half of it, still */
	} told;
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

/* What the tries of a span look like. */
struct looks {
	enum wr_finding_class klass; /* WR_CLASS_COUNT: no scan */
	double ports, hosts;	     /* different ones */
};

static void tell_scan(struct wr_detect *d, struct source *s, const struct span *sp,
		      const struct looks *l)
{
	enum wr_finding_class klass = l->klass;
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
	s->told.id = f->id;
	s->told.klass = klass;
	s->told.span = (int)(sp - s->span);
	s->told.goes_on = false;
	only_source(f, s->key.addr, s->key.ip_v, sp->attempts);
	evidence_only(f, WR_FEATURE_ATTEMPTS, sp->attempts);
	if (s->key.tag != KIND_ICMP && s->key.tag != KIND_ARP) /* which have none */
		evidence_only(f, WR_FEATURE_PORTS, round(l->ports));
	evidence_only(f, WR_FEATURE_HOSTS, round(l->hosts));
	evidence_only(f, WR_FEATURE_ANSWERED, (double)sp->answered / sp->attempts);
	evidence_only(f, WR_FEATURE_WINDOW, (d->step - sp->since + 1) / (double)STEPS);
	if (s->key.tag == KIND_NO_ACK || s->key.tag == KIND_ACK)
		evidence_only(f, WR_FEATURE_FLAGS, s->flags);
	f->start_ns = step_end(d) - (d->step - sp->since + 1) * WR_DETECT_STEP_NS;
	f->score = fmax(1, fmax(l->ports / PORTS, l->hosts / HOSTS));
	tell(d, f);
}

static bool is_tcp(const struct source *s)
{
	return s->key.tag == KIND_SYN || s->key.tag == KIND_NO_ACK || s->key.tag == KIND_ACK;
}

/* Ports of a host. Of UDP not those of a flood that is told, nor where most are no tries. */
static bool are_ports(const struct wr_detect *d, const struct source *s, const struct span *sp,
		      double ports, double hosts, double need)
{
	if (ports < PORTS * need || hosts > ports / 8 + 1)
		return false;
	return is_tcp(s) || (s->key.tag == KIND_UDP && sp->unlike * 2 <= sp->attempts &&
			     !is_busy(d, s->host, s->key.ip_v));
}

static enum wr_finding_class class_of(const struct wr_detect *d, const struct source *s,
				      const struct span *sp, const struct looks *l, double need)
{
	if (s->key.tag == KIND_ANSWER)
		return l->hosts >= ANSWERED_HOSTS ? WR_CLASS_BACKSCATTER : WR_CLASS_COUNT;
	if (are_ports(d, s, sp, l->ports, l->hosts, need))
		return WR_CLASS_PORT_SCAN_VERTICAL;
	if (s->key.tag == KIND_ICMP && l->hosts >= ICMP_HOSTS * need &&
	    s->net_votes * 4 < sp->attempts)
		return WR_CLASS_ICMP_TUNNEL;
	return l->hosts >= (is_tcp(s) ? HOSTS : ARP_HOSTS) * need &&
			       (s->key.tag != KIND_UDP || l->ports <= 3)
		       ? WR_CLASS_PORT_SCAN_HORIZONTAL
		       : WR_CLASS_COUNT;
}

/* need: of so many times what it takes in a minute. */
static struct looks looks_like(const struct wr_detect *d, const struct source *s,
			       const struct span *sp, double need)
{
	struct looks l = {.klass = WR_CLASS_COUNT};

	if (sp->attempts < ANSWERED_HOSTS * fmin(1, need) || sp->answered * 3 > sp->attempts ||
	    (s->key.tag == KIND_ACK && s->sport_votes * 2 < sp->attempts))
		return l;
	l.ports = linear_count(sp->ports, WORDS);
	l.hosts = linear_count(sp->hosts, WORDS);
	l.klass = class_of(d, s, sp, &l, need);
	return l;
}

static void look(struct wr_detect *d, struct source *s)
{
	for (int i = 0; i < SPANS; i++) {
		struct looks l = looks_like(d, s, &s->span[i], spans[i].times);

		if (l.klass != WR_CLASS_COUNT)
			tell_scan(d, s, &s->span[i], &l);
	}
}

static struct wr_finding *told_of(struct wr_detect *d, const struct source *s)
{
	struct wr_finding *f = s->told.id ? found_of(d, s->told.klass, s->key.addr) : NULL;

	return f && f->id == s->told.id ? f : NULL;
}

/*
 * A span of the kind that it was told by is over. It goes on in the next one if this one had half
 * of what it took: of the same, and by itself, so that a burst is not taken for what came evenly.
 */
static void judge(struct wr_detect *d, struct source *s, int i)
{
	uint32_t steps = spans[i].steps, hold = HOLD_LONG;
	struct wr_finding *f = told_of(d, s);

	/* Backscatter has an hour. */
	if (!f || s->told.span != i || s->told.klass == WR_CLASS_BACKSCATTER)
		return;
	s->told.goes_on =
		d->step - s->span[i].since < 2 * steps &&
		looks_like(d, s, &s->span[i], spans[i].times / GOES_ON).klass == s->told.klass;
	if (s->told.goes_on && steps / HOLD_OF > hold)
		hold = steps / HOLD_OF;
	hold_for(d, f, hold);
}

static void begin_span(struct wr_detect *d, struct source *s, int i)
{
	judge(d, s, i);
	if (i == SPANS - 1)
		s->votes = s->net_votes = s->sport_votes = s->flags_votes = 0;
	memset(&s->span[i], 0, sizeof(s->span[i]));
	s->span[i].since = d->step;
}

static void go_on(struct wr_detect *d, const struct source *s)
{
	struct wr_finding *f = s->told.goes_on ? told_of(d, s) : NULL;

	if (f)
		renew_weakly(d, f);
}

struct
try { /* what is asked for */
	const uint8_t *host;
	uint16_t port, sport, flags;
	bool unlike;
};

static void attempt(struct wr_detect *d, struct source *s, const struct try *t)
{
	uint8_t net[16] = {0};

	memcpy(net, t->host, s->key.ip_v == 4 ? 3 : 8);
	for (int i = 0; i < SPANS; i++)
		if (d->step - s->span[i].since >= spans[i].steps)
			begin_span(d, s, i);
	vote(s->host, &s->votes, t->host, 16);
	vote(s->net, &s->net_votes, net, 16);
	vote(&s->sport, &s->sport_votes, &t->sport, sizeof(t->sport));
	vote(&s->flags, &s->flags_votes, &t->flags, sizeof(t->flags));
	s->step = d->step;
	for (int i = 0; i < SPANS; i++) {
		struct span *sp = &s->span[i];

		sp->attempts++;
		sp->unlike += t->unlike;
		set(sp->ports, wr_mix(t->port));
		set(sp->hosts, addr_hash(t->host));
	}
	look(d, s);
	go_on(d, s);
}

static void answered(struct wr_detect *d, const uint8_t addr[16], uint8_t ip_v, uint16_t kind)
{
	struct source *s = source_of(d, addr, ip_v, kind, false);

	for (int i = 0; s && i < SPANS; i++)
		s->span[i].answered++;
}

static void try_part(struct wr_detect *d, const struct part *a, int kind, bool unlike)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct try t = {.host = k->addr[a->to],
			.port = k->port[a->to],
			.sport = k->port[a->from],
			.flags = a->p->flow.tcp_flags & FLAGS,
			.unlike = unlike};

	attempt(d, source_of(d, k->addr[a->from], k->ip_v, (uint16_t)kind, true), &t);
}

/* ---- TCP ---- */

/* Of the flags that one end sent; -1: it opened or refused something. */
static int kind_without_syn(uint16_t flags)
{
	if (flags & (WR_TCP_SYN | WR_TCP_RST))
		return -1;
	return flags & WR_TCP_ACK ? KIND_ACK : KIND_NO_ACK;
}

/* The first of its end, and the other one is silent or has refused it: of a window that the kernel
 * counted the refusal may be told first. */
static bool is_first(const struct part *a)
{
	return a->is_new || (a->answer && a->f->tcp_flags[a->to] & WR_TCP_RST);
}

static void without_syn(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	uint16_t flags = a->p->flow.tcp_flags;
	int kind = kind_without_syn(flags), asked;

	if (d->conf.one_way || a->p->facts & (WR_FACT_FRAG | WR_FACT_BAD) ||
	    (!k->port[0] && !k->port[1]))
		return;
	asked = kind_without_syn(a->f->tcp_flags[a->to]);
	if (kind == KIND_ACK && a->answer && asked >= 0) {
		answered(d, k->addr[a->to], k->ip_v, (uint16_t)asked);
		return;
	}
	/* Not a server that answers who asked before flows were seen. */
	if (kind == KIND_NO_ACK ||
	    (kind == KIND_ACK && is_first(a) && wr_flow_server(a->f) == a->to))
		try_part(d, a, kind, false);
}

static void scan_tcp(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;

	if (a->handshake)
		answered(d, k->addr[a->from], k->ip_v, KIND_SYN);
	if (a->syn)
		try_part(d, a, KIND_SYN, false);
	else
		without_syn(d, a);
}

/* ---- UDP, ICMP ---- */

/* Speech and pictures go on without an answer, servers answer from their port to higher ones of who
 * asked before flows were seen, and reflectors to any. */
static bool is_unlike(const struct part *a)
{
	return wr_flow_server(a->f) != a->to || is_vector(a->p->flow.key.port[a->from]) ||
	       a->n > UDP_TRIES;
}

/* More came than a port is tried with, and nobody answered: that moment. */
static bool goes_on(const struct part *a)
{
	uint64_t sent = a->f->sent[a->from].packets;

	return !a->asked && sent > UDP_TRIES && sent - a->n <= UDP_TRIES && !a->is_new;
}

static bool is_trace(uint16_t port)
{
	return port >= TRACE && port < TRACE + TRACE_N;
}

static void scan_udp(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct source *s;

	if (a->is_new && !is_trace(k->port[a->to]))
		try_part(d, a, KIND_UDP, is_unlike(a));
	if (!goes_on(a))
		return;
	s = source_of(d, k->addr[a->from], k->ip_v, KIND_UDP, false);
	for (int i = 0; s && i < SPANS; i++)
		s->span[i].unlike++;
}

void scan_part(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	bool udp = k->proto == WR_IP_UDP;

	if (k->proto == WR_IP_TCP) {
		scan_tcp(d, a);
		return;
	}
	if (a->p->facts & WR_FACT_FRAG ||
	    (!udp && k->proto != WR_IP_ICMP && k->proto != WR_IP_ICMP6))
		return;
	if (a->answer)
		answered(d, k->addr[a->to], k->ip_v, udp ? KIND_UDP : KIND_ICMP);
	else if (d->conf.one_way)
		return; /* answers are not seen */
	else if (udp)
		scan_udp(d, a);
	else if (a->is_new && !(a->p->facts & WR_FACT_ICMP_ERROR))
		try_part(d, a, KIND_ICMP, false);
}

void scan_answer(struct wr_detect *d, const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;
	struct try t = {.host = k->addr[a->to]};

	attempt(d, source_of(d, k->addr[a->from], k->ip_v, KIND_ANSWER, true), &t);
}

void scan_arp_answered(struct wr_detect *d, const uint8_t asked[16])
{
	answered(d, asked, 4, KIND_ARP);
}

void scan_arp(struct wr_detect *d, const uint8_t sender[16], const uint8_t target[16])
{
	struct try t = {.host = target};

	attempt(d, source_of(d, sender, 4, KIND_ARP, true), &t);
}
