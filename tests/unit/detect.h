/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_DETECT_H
#define WR_TESTS_DETECT_H

/*
 * A host whose packets a test makes: they go through the parser, the flows and detection as those
 * of a file do, and each is written down, so that what detection says can be counted again.
 *
 * Addresses are numbers. As IPv4 they are what they look like, 0x0a00000a is 10.0.0.10; as IPv6
 * the same number is in fd00::/8 where IPv4 would be in 10.0.0.0/8 and else in 2001:db8::/32, and
 * what is a /24 is a /64. A packet takes a microsecond.
 */

#include <arpa/inet.h>

#include "core/parse.h"
#include "core/sketch.h"
#include "detect/cure.h"
#include "tests/tap.h"

enum {
	FIN = WR_TCP_FIN,
	SYN = WR_TCP_SYN,
	RST = WR_TCP_RST,
	ACK = WR_TCP_ACK,
	SYN_ACK = WR_TCP_SYN | WR_TCP_ACK,
	PSH = WR_TCP_PSH,
	HOST_TOLD = 64,
	HOST_LOG = 1 << 20,
	HOST_FRAME = 1514,
};

#define SECOND 1000000000ull
#define MS 1000000ull
#define EPOCH (1700000000ull * SECOND)

struct seen { /* a packet */
	uint64_t ns;
	uint32_t src, dst, len;
	uint32_t word; /* hash of a DNS name, or of a DHCP client */
	uint16_t sport, dport;
	uint8_t proto, flags, letters; /* letters: of the name */
	bool unasked, done, answers, frag, missing;
};

struct told {		     /* a finding */
	struct wr_finding f; /* as it was raised */
	struct wr_finding last;
	uint32_t raised, renewed, over;
	uint32_t at; /* packets that had been seen when it was raised */
	uint64_t news_ns;
	bool wrong; /* told after its end, or twice in a second, or with a score below 1 */
};

struct host {
	int v; /* 4, 6 */
	uint64_t ns;
	struct wr_live *live;
	struct wr_detect *d;
	struct wr_parse parse;
	struct told told[HOST_TOLD];
	uint32_t n_told, n;
	struct seen *log; /* owned; NULL: nothing is written down */
	/* Of the packets that are made next: */
	bool unasked;
	uint8_t ttl;
	uint16_t window;
	/* Told of each packet before detection; NULL: nobody. */
	void (*tap)(struct host *h, const struct wr_packet *pkt, const struct seen *s);
	void *ctx;
	/* Told of what is found; NULL: nobody. */
	void (*news)(struct host *h, enum wr_finding_news news, const struct wr_finding *f);
	uint8_t frame[HOST_FRAME];
	uint32_t used;
};

static inline uint32_t host_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ull;
	return (uint32_t)(wr_mix(*state) >> 32);
}

/* Somewhere far, never the same for a long time. */
static inline uint32_t host_stranger(uint64_t *state)
{
	return 0x64800000u + host_random(state) % 0x10000000u;
}

static inline void host_address(const struct host *h, uint32_t number, uint8_t addr[16])
{
	memset(addr, 0, 16);
	if (h->v == 4) {
		number = htonl(number);
		memcpy(addr, &number, 4);
		return;
	}
	memcpy(addr, (number >> 24) == 10 ? "\xfd\0\x0d\xb8" : "\x20\x01\x0d\xb8", 4);
	addr[15] = (uint8_t)number;
	number = htonl(number >> 8);
	memcpy(addr + 4, &number, 4);
}

static inline bool host_is(const struct host *h, const uint8_t addr[16], uint32_t number)
{
	uint8_t want[16];

	host_address(h, number, want);
	return !memcmp(addr, want, 16);
}

/* ---- what is found ---- */

static void host_finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct host *h = ctx;
	struct told *t = NULL;

	if (h->news)
		h->news(h, news, f);
	for (uint32_t i = 0; i < h->n_told; i++)
		if (h->told[i].f.id == f->id)
			t = &h->told[i];
	if (!t && h->n_told < HOST_TOLD) {
		t = &h->told[h->n_told++];
		*t = (struct told){.f = *f, .at = h->n, .wrong = news != WR_FINDING_RAISED};
	}
	if (!t)
		return;
	t->wrong |= t->over || f->over != (news == WR_FINDING_OVER) || f->score < 1;
	t->wrong |= news == WR_FINDING_RENEWED && h->ns < t->news_ns + SECOND * 9 / 10;
	t->raised += news == WR_FINDING_RAISED;
	t->renewed += news == WR_FINDING_RENEWED;
	t->over += news == WR_FINDING_OVER;
	t->news_ns = h->ns;
	t->last = *f;
}

static inline const struct told *host_told(const struct host *h, enum wr_finding_class klass)
{
	for (uint32_t i = 0; i < h->n_told; i++)
		if (h->told[i].f.klass == klass)
			return &h->told[i];
	return NULL;
}

/* Of all classes but one; of severity above information. */
static inline const struct told *host_other(const struct host *h, enum wr_finding_class but)
{
	for (uint32_t i = 0; i < h->n_told; i++)
		if (h->told[i].f.klass != but && h->told[i].f.severity > WR_SEVERITY_INFO)
			return &h->told[i];
	return NULL;
}

static void host_part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	struct host *h = ctx;

	wr_detect_part(h->d, p, f);
}

static inline void host_open_as(struct host *h, int v, bool one_way)
{
	struct wr_live_conf live = {.flows_max = 1 << 17};
	struct wr_live_tap tap = {.ctx = h, .part = host_part};
	struct wr_detect_conf conf = {.finding = host_finding, .ctx = h, .one_way = one_way};
	struct wr_err err = {0};

	memset(h, 0, sizeof(*h));
	h->v = v;
	h->ns = EPOCH;
	h->ttl = 57;
	h->window = 64240;
	h->parse.max_depth = 1;
	h->log = malloc(HOST_LOG * sizeof(*h->log));
	if (wr_live_open(&h->live, &live, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	wr_live_tap(h->live, &tap);
	conf.live = h->live;
	if (!h->log || wr_detect_open(&h->d, &conf, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
}

static inline void host_open(struct host *h, int v)
{
	host_open_as(h, v, false);
}

static inline void host_close(struct host *h)
{
	wr_detect_close(&h->d);
	wr_live_close(&h->live);
	free(h->log);
	h->log = NULL;
}

/* ---- packets ---- */

static inline void host_put(struct host *h, const void *bytes, size_t n)
{
	if (h->used + n > HOST_FRAME)
		n = HOST_FRAME - h->used;
	memcpy(h->frame + h->used, bytes, n);
	h->used += (uint32_t)n;
}

static inline void host_put16(struct host *h, uint32_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	host_put(h, b, 2);
}

static inline void host_put32(struct host *h, uint32_t v)
{
	host_put16(h, v >> 16);
	host_put16(h, v);
}

static inline void host_fill(struct host *h, uint32_t n, uint8_t with)
{
	if (h->used + n > HOST_FRAME)
		n = HOST_FRAME - h->used;
	memset(h->frame + h->used, with, n);
	h->used += n;
}

static inline void host_send(struct host *h, const struct seen *s)
{
	struct wr_packet pkt = {.ts_ns = h->ns,
				.data = h->frame,
				.caplen = h->used,
				.len = h->used,
				.linktype = WR_LINK_ETHER,
				.iface = ""};

	if (h->log && h->n < HOST_LOG) {
		h->log[h->n] = *s;
		h->log[h->n].ns = h->ns;
		h->log[h->n].len = h->used;
		h->log[h->n].unasked = h->unasked;
		h->n++;
	}
	wr_parse(&h->parse, pkt.data, pkt.caplen, pkt.len, pkt.linktype);
	if (h->tap)
		h->tap(h, &pkt, s);
	wr_detect_tick(h->d, pkt.ts_ns);
	wr_live_payload(h->live, &pkt, &h->parse.rec);
	wr_live_packet(h->live, &pkt, &h->parse.rec);
	wr_detect_packet(h->d, &pkt, &h->parse.rec);
	h->ns += 1000;
}

/* Ethernet and IP in front of `upper` bytes; frag: IPv4's field, or 0. */
static inline void host_ip(struct host *h, const struct seen *s, uint32_t upper, uint32_t frag)
{
	uint8_t src[16], dst[16];
	bool far = s->src >> 24 != 10;

	host_address(h, s->src, src);
	host_address(h, s->dst, dst);
	h->used = 0;
	host_put(h, "\2\0\0\0\0\1\2\0\0\0\0", 11);
	host_fill(h, 1, far ? 0xff : (uint8_t)s->src); /* the router, or itself */
	host_put16(h, h->v == 4 ? WR_ET_IP4 : WR_ET_IP6);
	if (h->v == 4) {
		host_put16(h, 0x4500);
		host_put16(h, upper + 20);
		host_put16(h, 7);
		host_put16(h, frag);
		host_fill(h, 1, h->ttl);
		host_fill(h, 1, s->proto);
		host_put16(h, 0);
		host_put(h, src, 4);
		host_put(h, dst, 4);
		return;
	}
	host_put32(h, 0x60000000);
	host_put16(h, upper + (frag ? 8 : 0));
	host_fill(h, 1, frag ? 44 : s->proto);
	host_fill(h, 1, h->ttl);
	host_put(h, src, 16);
	host_put(h, dst, 16);
	if (!frag)
		return;
	host_fill(h, 1, s->proto);
	host_fill(h, 1, 0);
	host_put16(h, (frag & 0x1fff) << 3 | (frag & 0x2000 ? 1 : 0));
	host_put32(h, 7);
}

static inline void host_tcp_seen(struct host *h, struct seen s, uint32_t payload)
{
	s.proto = WR_IP_TCP;
	host_ip(h, &s, 20 + payload, 0);
	host_put16(h, s.sport);
	host_put16(h, s.dport);
	host_put32(h, 1);
	host_put32(h, 1);
	host_put16(h, 0x5000 | s.flags);
	host_put16(h, h->window);
	host_put32(h, 0);
	host_fill(h, payload, 'x');
	host_send(h, &s);
}

static inline void host_tcp(struct host *h, uint32_t src, uint16_t sport, uint32_t dst,
			    uint16_t dport, uint8_t flags, uint32_t payload)
{
	host_tcp_seen(
		h,
		(struct seen){
			.src = src, .dst = dst, .sport = sport, .dport = dport, .flags = flags},
		payload);
}

static inline void host_udp(struct host *h, uint32_t src, uint16_t sport, uint32_t dst,
			    uint16_t dport, uint32_t payload)
{
	struct seen s = {
		.src = src, .dst = dst, .sport = sport, .dport = dport, .proto = WR_IP_UDP};

	host_ip(h, &s, 8 + payload, 0);
	host_put16(h, sport);
	host_put16(h, dport);
	host_put16(h, 8 + payload);
	host_put16(h, 0);
	host_fill(h, payload, 0x80);
	host_send(h, &s);
}

/* offset: in units of eight bytes */
static inline void host_fragment(struct host *h, uint32_t src, uint32_t dst, uint32_t offset,
				 uint32_t payload)
{
	struct seen s = {.src = src, .dst = dst, .proto = WR_IP_UDP, .frag = true};

	host_ip(h, &s, payload, 0x2000 | offset);
	host_fill(h, payload, 0x80);
	host_send(h, &s);
}

static inline void host_icmp(struct host *h, uint32_t src, uint32_t dst, bool reply,
			     uint32_t payload)
{
	struct seen s = {.src = src, .dst = dst, .answers = reply};

	s.proto = h->v == 4 ? WR_IP_ICMP : WR_IP_ICMP6;
	host_ip(h, &s, 8 + payload, 0);
	host_fill(h, 1, h->v == 4 ? (reply ? 0 : 8) : (reply ? 129 : 128));
	host_fill(h, 1, 0);
	host_put16(h, 0);
	host_put32(h, 0x00010001);
	host_fill(h, payload, 0x55);
	host_send(h, &s);
}

static inline void host_arp(struct host *h, bool reply, uint32_t sender, uint8_t station,
			    uint32_t target)
{
	const uint8_t mac[6] = {2, 0, 0, 0, 0, station};
	struct seen s = {.src = sender, .dst = target, .proto = 0, .answers = reply};

	h->used = 0;
	host_fill(h, 6, 0xff);
	host_put(h, mac, 6);
	host_put16(h, WR_ET_ARP);
	host_put32(h, 0x00010800);
	host_put16(h, 0x0604);
	host_put16(h, reply ? 2 : 1);
	host_put(h, mac, 6);
	host_put32(h, sender);
	host_fill(h, 6, 0);
	host_put32(h, target);
	host_fill(h, 18, 0);
	host_send(h, &s);
}

/* rcode: of an answer, -1: a question. name has its dots. */
static inline void host_dns(struct host *h, uint32_t client, uint16_t port, uint32_t server,
			    const char *name, uint16_t type, int rcode)
{
	struct seen s = {.src = rcode < 0 ? client : server,
			 .dst = rcode < 0 ? server : client,
			 .sport = rcode < 0 ? port : 53,
			 .dport = rcode < 0 ? 53 : port,
			 .proto = WR_IP_UDP,
			 .answers = rcode >= 0,
			 .missing = rcode == 3,
			 .letters = (uint8_t)strlen(name)};
	uint32_t n = 12 + (uint32_t)strlen(name) + 2 + 4;

	for (const char *at = name; *at; at++)
		s.word = (s.word ^ (uint8_t)*at) * 16777619u;
	host_ip(h, &s, 8 + n, 0);
	host_put16(h, s.sport);
	host_put16(h, s.dport);
	host_put16(h, 8 + n);
	host_put16(h, 0);
	host_put16(h, port);
	host_put16(h, rcode < 0 ? 0x0100 : 0x8180u | (uint32_t)rcode);
	host_put32(h, 0x00010000);
	host_put32(h, 0);
	while (*name) {
		size_t label = strcspn(name, ".");

		host_fill(h, 1, (uint8_t)label);
		host_put(h, name, label);
		name += label + (name[label] == '.');
	}
	host_fill(h, 1, 0);
	host_put16(h, type);
	host_put16(h, 1);
	host_send(h, &s);
}

/* A connection from beginning to end: opened, `up` bytes and `down` bytes, closed by the client. */
static inline void host_opens(struct host *h, uint32_t client, uint16_t port, uint32_t server,
			      uint16_t service)
{
	host_tcp(h, client, port, server, service, SYN, 0);
	host_tcp(h, server, service, client, port, SYN_ACK, 0);
	host_tcp_seen(h,
		      (struct seen){.src = client,
				    .dst = server,
				    .sport = port,
				    .dport = service,
				    .flags = ACK,
				    .done = true},
		      0);
}

static inline void host_says(struct host *h, uint32_t from, uint16_t port, uint32_t to,
			     uint16_t to_port, uint32_t bytes)
{
	for (uint32_t n; bytes; bytes -= n) {
		n = bytes < 1400 ? bytes : 1400;
		host_tcp(h, from, port, to, to_port, n == bytes ? PSH | ACK : ACK, n);
		host_tcp(h, to, to_port, from, port, ACK, 0);
	}
}

static inline void host_closes(struct host *h, uint32_t client, uint16_t port, uint32_t server,
			       uint16_t service)
{
	host_tcp(h, client, port, server, service, FIN | ACK, 0);
	host_tcp(h, server, service, client, port, FIN | ACK, 0);
	host_tcp(h, client, port, server, service, ACK, 0);
}

static inline void host_session(struct host *h, uint32_t client, uint16_t port, uint32_t server,
				uint16_t service, uint32_t up, uint32_t down)
{
	host_opens(h, client, port, server, service);
	host_says(h, client, port, server, service, up);
	host_says(h, server, service, client, port, down);
	host_closes(h, client, port, server, service);
}

#endif
