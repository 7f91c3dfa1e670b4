/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <unistd.h>

#include "core/parse.h"
#include "flow/flow.h"
#include "flow/index.h"
#include "flow/talk.h"
#include "flow/tally.h"
#include "tests/tap.h"
#include "view/summary.h"

/* Flows, talkers, services and the summary against counting by hand and by brute force. */

#define SECOND 1000000000ull
#define NOON (1700000000ull * SECOND) /* 2023-11-14 22:13:20 UTC */

static uint64_t seed = 1;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % sides;
}

/* ---- packets as the parser hands them out ---- */

struct sent {
	struct wr_packet pkt;
	struct wr_rec rec;
};

struct talk4 {
	int from, to; /* last byte of 10.0.0.x, or of 2001:db8::x */
	int sport, dport;
	int proto, flags, vlan; /* vlan 0 = none */
	bool ip6;
	uint32_t len;
	uint64_t at; /* ns after NOON */
};

static void address(uint8_t *a, bool ip6, int last)
{
	static const uint8_t v4[4] = {10}, v6[16] = {0x20, 0x01, 0x0d, 0xb8};

	memset(a, 0xee, 16); /* what a field does not use is left as it was */
	memcpy(a, ip6 ? v6 : v4, ip6 ? 16 : 4);
	a[ip6 ? 14 : 2] = (uint8_t)(last >> 8);
	a[ip6 ? 15 : 3] = (uint8_t)last;
}

static struct sent packet(struct talk4 t)
{
	struct sent s;
	struct wr_hdr *h = &s.rec.hdr[0];

	memset(&s, 0xee, sizeof(s));
	s.pkt = (struct wr_packet){
		.ts_ns = NOON + t.at, .len = t.len, .caplen = t.len, .linktype = 1};
	s.rec.has = WR_HAS_ETHER | WR_HAS_ETHERTYPE;
	s.rec.ethertype = t.ip6 ? WR_ET_IP6 : WR_ET_IP4;
	s.rec.bad = 0;
	s.rec.nvlan = t.vlan ? 1 : 0;
	s.rec.vlan[0] = (uint16_t)(0xe000 | t.vlan); /* priority 7: not part of the id */
	h->has = WR_H_IP | WR_H_PROTO;
	h->ip_v = t.ip6 ? 6 : 4;
	h->proto = (uint8_t)t.proto;
	address(h->src, t.ip6, t.from);
	address(h->dst, t.ip6, t.to);
	if (t.proto == WR_IP_TCP || t.proto == WR_IP_UDP) {
		h->has |= WR_H_PORTS | (t.proto == WR_IP_TCP ? WR_H_TCP : 0);
		h->sport = (uint16_t)t.sport;
		h->dport = (uint16_t)t.dport;
		h->tcp_flags = (uint16_t)t.flags;
	}
	return s;
}

static void add(struct wr_flow_table *t, struct talk4 k)
{
	struct sent s = packet(k);

	wr_flow_add(t, &s.pkt, &s.rec);
}

static struct wr_flow_table *table(uint32_t flows_max)
{
	struct wr_flow_conf conf = {.flows_max = flows_max};
	struct wr_flow_table *t = NULL;

	if (wr_flow_open(&t, &conf, NULL) < 0)
		exit(1);
	return t;
}

/* ---- brute force: a list that is searched from the start ---- */

struct slow {
	struct talk4 first; /* its first packet: from opened */
	struct wr_count fore, back;
	int flags[2];
	uint64_t first_at, last_at, moved; /* moved: number of its latest packet */
	bool out;			   /* it made room */
};

enum { SLOW_MAX = 60000 };
static struct slow slow[SLOW_MAX];
static int slow_n;

static bool same(const struct talk4 *a, const struct talk4 *b, bool turned)
{
	bool ports = a->proto == WR_IP_TCP || a->proto == WR_IP_UDP;

	return a->proto == b->proto && a->vlan == b->vlan && a->ip6 == b->ip6 &&
	       a->from == (turned ? b->to : b->from) && a->to == (turned ? b->from : b->to) &&
	       (!ports || (a->sport == (turned ? b->dport : b->sport) &&
			   a->dport == (turned ? b->sport : b->dport)));
}

static struct slow *slow_find(const struct talk4 *k, bool *turned)
{
	for (int i = slow_n - 1; i >= 0; i--) {
		if (slow[i].out)
			continue;
		*turned = false;
		if (same(&slow[i].first, k, false))
			return &slow[i];
		*turned = true;
		if (same(&slow[i].first, k, true))
			return &slow[i];
	}
	return NULL;
}

static void slow_make_room(int max)
{
	struct slow *idle = NULL;
	int here = 0;

	for (int i = 0; i < slow_n; i++) {
		if (slow[i].out)
			continue;
		here++;
		if (!idle || slow[i].moved < idle->moved)
			idle = &slow[i];
	}
	if (here >= max)
		idle->out = true;
}

static void slow_add(const struct talk4 *k, uint64_t num, int max)
{
	bool turned = false;
	struct slow *f = slow_find(k, &turned);
	struct wr_count *c;

	if (!f) {
		slow_make_room(max);
		f = &slow[slow_n++];
		*f = (struct slow){.first = *k, .first_at = k->at, .last_at = k->at};
		turned = false;
	}
	c = turned ? &f->back : &f->fore;
	c->packets++;
	c->bytes += k->len;
	f->moved = num;
	if (k->proto == WR_IP_TCP)
		f->flags[turned] |= k->flags;
	if (k->at < f->first_at)
		f->first_at = k->at;
	if (k->at > f->last_at)
		f->last_at = k->at;
}

static struct talk4 random_packet(int hosts, int ports, uint64_t i)
{
	static const int protos[] = {WR_IP_TCP, WR_IP_TCP, WR_IP_UDP, WR_IP_ICMP};

	return (struct talk4){
		.from = (int)dice((uint32_t)hosts),
		.to = (int)dice((uint32_t)hosts), /* sometimes to itself */
		.sport = (int)dice((uint32_t)ports),
		.dport = (int)dice((uint32_t)ports),
		.proto = protos[dice(4)],
		.flags = (int)dice(512),
		.vlan = (int)dice(3),
		.ip6 = dice(3) == 0,
		.len = 60 + dice(1440),
		.at = i * 1000 + dice(5000000), /* rarely in order */
	};
}

static bool same_count(struct wr_count a, struct wr_count b)
{
	return a.packets == b.packets && a.bytes == b.bytes;
}

/* The row that the slow flow should be, or -1. */
static int row_of(struct wr_flow_table *t, const struct slow *like)
{
	struct sent s = packet(like->first);
	const struct wr_hdr *h = &s.rec.hdr[0];
	size_t n = like->first.ip6 ? 16 : 4;

	for (uint32_t i = 0; i < wr_flow_rows(t); i++) {
		struct wr_flow f = wr_flow_row(t, i);
		const struct wr_flow_key *k = &f.key;
		int o = f.opener;
		int vlan = k->tag & WR_FLOW_VLAN ? k->tag & WR_FLOW_VLAN_ID : 0;
		bool ports = h->has & WR_H_PORTS;

		if (k->ip_v == h->ip_v && k->proto == h->proto && vlan == like->first.vlan &&
		    !memcmp(k->addr[o], h->src, n) && !memcmp(k->addr[!o], h->dst, n) &&
		    k->port[o] == (ports ? h->sport : 0) && k->port[!o] == (ports ? h->dport : 0))
			return (int)i;
	}
	return -1;
}

static bool as_counted(const struct wr_flow *f, const struct slow *s)
{
	int o = f->opener;

	return same_count(f->sent[o], s->fore) && same_count(f->sent[!o], s->back) &&
	       f->tcp_flags[o] == s->flags[0] && f->tcp_flags[!o] == s->flags[1] &&
	       f->first_ns == NOON + s->first_at && f->last_ns == NOON + s->last_at;
}

/* Each flow that should be there is there once, and as counted. */
static void compare(struct wr_flow_table *t, const char *what)
{
	int here = 0, right = 0, row;
	struct wr_flow f;

	for (int i = 0; i < slow_n; i++) {
		if (slow[i].out)
			continue;
		here++;
		row = row_of(t, &slow[i]);
		if (row < 0)
			continue;
		f = wr_flow_row(t, (uint32_t)row);
		right += as_counted(&f, &slow[i]);
	}
	is_int(wr_flow_rows(t), here, "%s: as many flows as by brute force", what);
	is_int(right, here, "%s: every flow as by brute force", what);
}

static void test_random(void)
{
	struct wr_flow_table *t = table(0);

	slow_n = 0;
	for (uint64_t i = 0; i < 20000; i++) {
		struct talk4 k = random_packet(6, 4, i);

		slow_add(&k, i, SLOW_MAX);
		add(t, k);
	}
	compare(t, "20,000 random packets");
	is_int((long long)wr_flow_other(t)->flows, 0,
	       "nothing made room in a table that is large enough");
	wr_flow_close(&t);
	ok(t == NULL, "close sets NULL");
	wr_flow_close(&t);
}

static uint64_t gone_flows;
static struct wr_count gone_count;

static void gone(void *ctx, const struct wr_flow *f)
{
	(void)ctx;
	gone_flows++;
	gone_count.packets += f->sent[0].packets + f->sent[1].packets;
	gone_count.bytes += f->sent[0].bytes + f->sent[1].bytes;
}

static void test_full(uint32_t max)
{
	struct wr_flow_conf conf = {.flows_max = max, .gone = gone};
	struct wr_count all = {0}, rows = {0}, other;
	const struct wr_flow_other *o;
	struct wr_flow_table *t;
	char what[40];

	if (wr_flow_open(&t, &conf, NULL) < 0)
		exit(1);
	snprintf(what, sizeof(what), "a table of %u", max);
	slow_n = 0;
	gone_flows = 0;
	gone_count = (struct wr_count){0};
	for (uint64_t i = 0; i < 5000; i++) {
		struct talk4 k = random_packet(4, 3, i);

		slow_add(&k, i, (int)max);
		add(t, k);
		all.packets++;
		all.bytes += k.len;
	}
	compare(t, what);
	for (uint32_t i = 0; i < wr_flow_rows(t); i++) {
		struct wr_flow f = wr_flow_row(t, i);

		rows.packets += f.sent[0].packets + f.sent[1].packets;
		rows.bytes += f.sent[0].bytes + f.sent[1].bytes;
	}
	o = wr_flow_other(t);
	other = (struct wr_count){o->to_server.packets + o->to_client.packets,
				  o->to_server.bytes + o->to_client.bytes};
	ok(o->flows > 100, "%s: flows made room", what);
	ok(same_count(all,
		      (struct wr_count){rows.packets + other.packets, rows.bytes + other.bytes}),
	   "%s: rows and the other row are all that was added", what);
	ok(o->flows == gone_flows && same_count(gone_count, other),
	   "%s: what made room was handed out once, with all its counters", what);
	is_int((long long)o->flows, slow_n - (long long)max, "%s: no more made room than had to",
	       what);
	wr_flow_close(&t);
}

/* ---- which end is the server ---- */

#define TCP(from_, to_, sport_, dport_, flags_) \
	((struct talk4){.from = (from_),        \
			.to = (to_),            \
			.sport = (sport_),      \
			.dport = (dport_),      \
			.proto = WR_IP_TCP,     \
			.flags = (flags_),      \
			.len = 60})
#define UDP(from_, to_, sport_, dport_)     \
	((struct talk4){.from = (from_),    \
			.to = (to_),        \
			.sport = (sport_),  \
			.dport = (dport_),  \
			.proto = WR_IP_UDP, \
			.len = 100})

/* Last address byte of the server of the only flow, -1 when there are several. */
static int server_of(const struct talk4 *k, int n)
{
	struct wr_flow_table *t = table(16);
	struct wr_flow f;
	int last;

	for (int i = 0; i < n; i++)
		add(t, k[i]);
	last = wr_flow_rows(t) == 1 ? 0 : -1;
	f = wr_flow_row(t, 0);
	if (!last)
		last = f.key.addr[wr_flow_server(&f)][3];
	wr_flow_close(&t);
	return last;
}

static void test_server(void)
{
	struct talk4 syn[] = {TCP(1, 2, 80, 5000, WR_TCP_SYN),
			      TCP(2, 1, 5000, 80, WR_TCP_SYN | WR_TCP_ACK)};
	struct talk4 mid[] = {TCP(1, 2, 80, 5000, WR_TCP_ACK), TCP(1, 2, 80, 5000, WR_TCP_SYN)};
	struct talk4 synack[] = {TCP(1, 2, 5000, 80, WR_TCP_SYN | WR_TCP_ACK)};
	struct talk4 ack[] = {TCP(1, 2, 80, 5000, WR_TCP_ACK), TCP(2, 1, 5000, 80, WR_TCP_ACK)};
	struct talk4 dns[] = {UDP(1, 2, 53, 40000)};
	struct talk4 ntp[] = {UDP(2, 1, 123, 123), UDP(1, 2, 123, 123)};

	is_int(server_of(syn, 2), 2,
	       "who is sent a SYN is the server, whatever the ports; both ways are one flow");
	is_int(server_of(mid, 2), 2, "a SYN that comes later decides too");
	is_int(server_of(synack, 1), 1, "who sends SYN+ACK is the server");
	is_int(server_of(ack, 2), 1, "without a SYN the lower port is the server's");
	is_int(server_of(dns, 1), 1, "so it is for UDP: an answer alone");
	is_int(server_of(ntp, 2), 1, "with the same port, who was spoken to first");
}

/* ---- frames, through the parser ---- */

static uint8_t frame[200];

/* Ethernet, tags, IPv4, eight bytes of UDP header; returns bytes. */
static uint32_t udp_frame(int vlan1, int vlan2, uint16_t frag, uint16_t id)
{
	uint8_t *p = frame + 12;
	int vlan[2] = {vlan1, vlan2};

	memset(frame, 0, sizeof(frame));
	for (int i = 0; i < 2; i++) {
		if (!vlan[i])
			continue;
		p[0] = 0x81;
		p[2] = (uint8_t)(vlan[i] >> 8);
		p[3] = (uint8_t)vlan[i];
		p += 4;
	}
	memcpy(p,
	       "\x08\x00\x45\x00\x00\x24\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00"
	       "\x00\x02"
	       "\x30\x39\x00\x35\x00\x10",
	       28);
	p[6] = (uint8_t)(id >> 8);
	p[7] = (uint8_t)id;
	p[8] = (uint8_t)(frag >> 8);
	p[9] = (uint8_t)frag;
	return (uint32_t)(p - frame) + 2 + 36;
}

static struct wr_parse parser = {.max_depth = 1};

static bool add_frame(struct wr_flow_table *t, uint32_t len)
{
	struct wr_packet pkt = {
		.ts_ns = NOON, .data = frame, .len = len, .caplen = len, .linktype = 1};

	wr_parse(&parser, frame, len, len, 1);
	return wr_flow_add(t, &pkt, &parser.rec);
}

static void test_fragments(void)
{
	struct wr_flow_table *t = table(16);
	struct wr_flow f;

	add_frame(t, udp_frame(0, 0, 0x2000, 7)); /* first, more follow */
	add_frame(t, udp_frame(0, 0, 0x2002, 7)); /* offset 16 */
	add_frame(t, udp_frame(0, 0, 0x0004, 7)); /* last */
	is_int(wr_flow_rows(t), 2,
	       "fragments: the first has ports, the later ones are a flow of their own");
	f = wr_flow_row(t, 0);
	ok(f.key.port[0] == 12345 && f.key.port[1] == 53 && f.sent[0].packets == 1,
	   "fragments: the first one's flow has its ports");
	f = wr_flow_row(t, 1);
	ok(f.key.port[0] == 0 && f.key.port[1] == 0 && f.key.proto == 17 && f.sent[0].packets == 2,
	   "fragments: the later ones' flow has protocol 17 and ports 0");
	wr_flow_close(&t);
}

static void test_vlan(void)
{
	struct wr_flow_table *t = table(16);

	add_frame(t, udp_frame(0, 0, 0, 0));
	add_frame(t, udp_frame(5, 0, 0, 0));
	add_frame(t, udp_frame(6, 0, 0, 0));
	add_frame(t, udp_frame(5, 9, 0, 0));
	add_frame(t, udp_frame(5, 0, 0, 0));
	is_int(wr_flow_rows(t), 3,
	       "VLANs: none, 5 and 6 are three flows; the inner tag does not count");
	is_int(wr_flow_row(t, 0).key.tag, 0, "VLANs: none is not id 0");
	is_int(wr_flow_row(t, 1).key.tag, WR_FLOW_VLAN | 5,
	       "VLANs: the outermost id is in the key");
	is_int((long long)wr_flow_row(t, 1).sent[0].packets, 3, "VLANs: three packets in VLAN 5");
	memset(frame, 0, sizeof(frame));
	frame[12] = 0x08;
	frame[13] = 0x06;
	ok(!add_frame(t, 60), "what is not IP belongs to no flow");
	wr_flow_close(&t);
}

static void test_no_proto(void)
{
	struct wr_flow_table *t = table(16);
	struct sent s =
		packet((struct talk4){.from = 1, .to = 2, .proto = 0, .ip6 = true, .len = 60});

	wr_flow_add(t, &s.pkt, &s.rec);
	s.rec.hdr[0].has &= ~(__u32)WR_H_PROTO;
	s.rec.hdr[0].proto = 99; /* left from another packet */
	wr_flow_add(t, &s.pkt, &s.rec);
	is_int(wr_flow_rows(t), 2, "protocol 0 and an unreadable protocol are two flows");
	ok(wr_flow_row(t, 1).key.tag == WR_FLOW_NO_PROTO && wr_flow_row(t, 1).key.proto == 0,
	   "an unreadable protocol is marked");
	wr_flow_close(&t);
}

/* ---- talkers and services ---- */

static void sum_talk(const struct wr_talk *t, struct wr_count *out, struct wr_count *in,
		     uint64_t *flows)
{
	const struct wr_talk_row *r = wr_talk_other(t, NULL);

	*out = r->out;
	*in = r->in;
	*flows = r->flows;
	for (uint32_t i = 0; i < wr_talk_rows(t); i++) {
		r = wr_talk_row(t, i);
		out->packets += r->out.packets;
		out->bytes += r->out.bytes;
		in->packets += r->in.packets;
		in->bytes += r->in.bytes;
		*flows += r->flows;
	}
}

static const struct wr_talk_row *talker(const struct wr_talk *t, int last)
{
	for (uint32_t i = 0; i < wr_talk_rows(t); i++)
		if (wr_talk_row(t, i)->key.addr[3] == (last & 0xff) &&
		    wr_talk_row(t, i)->key.addr[2] == last >> 8)
			return wr_talk_row(t, i);
	return NULL;
}

/* 1 sends much to 2, in many flows; a thousand others send a little. */
static void fill_talk(struct wr_talk *t, struct wr_count *all)
{
	for (int i = 0; i < 20000; i++) {
		bool heavy = i % 10 == 0;
		struct wr_flow f = {.key = {.ip_v = 4, .proto = 6, .port = {(uint16_t)i, 80}},
				    .caller = 0};

		address(f.key.addr[0], false, heavy ? 1 : (int)(3 + dice(20000)));
		address(f.key.addr[1], false, 2);
		memset(f.key.addr[0] + 4, 0, 12);
		memset(f.key.addr[1] + 4, 0, 12);
		f.first_ns = f.last_ns = NOON + (uint64_t)i;
		f.sent[0] = (struct wr_count){heavy ? 5 : 1, heavy ? 2000 : 60};
		f.sent[1] = (struct wr_count){heavy, heavy ? 100 : 0};
		all->packets += f.sent[0].packets + f.sent[1].packets;
		all->bytes += f.sent[0].bytes + f.sent[1].bytes;
		wr_talk_add(t, &f);
	}
}

static void test_talkers(void)
{
	struct wr_count all = {0}, out, in;
	const struct wr_talk_row *r;
	struct wr_talk *t = NULL;
	uint64_t displaced, flows;

	if (wr_talk_open(&t, WR_TALK_TALKERS, 64, NULL) < 0)
		exit(1);
	fill_talk(t, &all);
	sum_talk(t, &out, &in, &flows);
	wr_talk_other(t, &displaced);
	is_int(wr_talk_rows(t), 64, "talkers: memory is fixed");
	ok(displaced > 10000, "talkers: addresses made room");
	ok(same_count(out, all), "talkers: what all sent, with the other row, is all there was");
	r = talker(t, 1);
	ok(r && r->out.bytes == 2000 * 2000 && r->in.packets == 2000 && r->flows == 2000,
	   "talkers: the heavy one stays, exactly, among 20,000 that pass");
	wr_talk_close(&t);
	ok(t == NULL, "close sets NULL");
}

static void test_services(void)
{
	struct wr_count all = {0}, out, in;
	struct wr_talk *t = NULL;
	uint64_t flows;

	if (wr_talk_open(&t, WR_TALK_SERVICES, 0, NULL) < 0)
		exit(1);
	fill_talk(t, &all);
	is_int(wr_talk_rows(t), 1, "services: port 80 of one address is one service, whoever asks");
	sum_talk(t, &out, &in, &flows);
	ok(same_count((struct wr_count){out.packets + in.packets, out.bytes + in.bytes}, all) &&
		   flows == 20000,
	   "services: both directions are all there was");
	ok(wr_talk_row(t, 0)->key.port == 80 && wr_talk_row(t, 0)->key.addr[3] == 2,
	   "services: the server's address and port");
	ok(wr_talk_row(t, 0)->first_ns == NOON && wr_talk_row(t, 0)->last_ns == NOON + 19999,
	   "services: first and last time");
	wr_talk_close(&t);
}

/* ---- tally ---- */

static void test_tally(void)
{
	static struct wr_tally t;
	static struct wr_tally_row rows[WR_TALLY_ROWS_MAX];
	struct wr_count sum = {0};
	struct sent s;
	int n;

	for (uint64_t i = 0; i < 1000; i++) {
		s = packet(random_packet(9, 9, i));
		wr_tally_add(&t, &s.pkt, &s.rec);
		s.rec.hdr[0].has = 0;
		s.rec.ethertype = (uint16_t)(0x9900 + i % 40); /* more types than slots */
		s.rec.has = i % 3 ? WR_HAS_ETHERTYPE : i % 2 ? WR_HAS_LLC : 0;
		s.rec.bad = WR_BAD_IP4_LEN;
		wr_tally_add(&t, &s.pkt, &s.rec);
	}
	n = wr_tally_rows(&t, rows);
	for (int i = 0; i < n; i++) {
		sum.packets += rows[i].n.packets;
		sum.bytes += rows[i].n.bytes;
	}
	ok(t.all.packets == 2000 && same_count(sum, t.all),
	   "tally: protocols add up to all, types beyond the slots too");
	ok(t.ether_rest.packets > 0 && t.llc.packets > 0 && t.unknown.packets > 0,
	   "tally: each has its counter");
	is_int((long long)t.bad[WR_BAD_IP4_LEN].packets, 1000, "tally: malformed by reason");
	is_int((long long)(wr_tally_ip(&t, 4).packets + wr_tally_ip(&t, 6).packets), 1000,
	       "tally: IP of both versions");
}

/* ---- summary ---- */

static void add_all(struct wr_summary *s, const struct talk4 *k, int n)
{
	for (int i = 0; i < n; i++) {
		struct sent p = packet(k[i]);

		p.pkt.num = (uint64_t)i + 1;
		if (i == n - 1)
			p.rec.bad = WR_BAD_TCP_OPT;
		wr_summary_add(s, &p.pkt, &p.rec);
	}
}

static void small_capture(struct wr_summary *s)
{
	struct talk4 k[] = {
		TCP(1, 2, 40000, 443, WR_TCP_SYN),
		TCP(2, 1, 443, 40000, WR_TCP_SYN | WR_TCP_ACK),
		TCP(1, 2, 40000, 443, WR_TCP_ACK | WR_TCP_PSH),
		UDP(1, 3, 5353, 53),
		{.from = 1,
		 .to = 2,
		 .sport = 65000,
		 .dport = 22,
		 .proto = WR_IP_TCP,
		 .ip6 = true,
		 .vlan = 7,
		 .len = 90},
		TCP(2, 1, 443, 40000, WR_TCP_FIN),
	};
	struct sent arp = packet(k[0]);

	k[2].len = 1500;
	k[2].at = SECOND / 2;
	k[5].at = 2 * SECOND;
	arp.rec.hdr[0].has = 0;
	arp.rec.ethertype = WR_ET_ARP;
	wr_summary_add(s, &arp.pkt, &arp.rec);
	add_all(s, k, 6);
}

static const char golden_text[] =
	"test.pcap\n"
	"7 packets, 1.9 kB in 2.0 s (3.5 packets/s, 7.7 kbit/s)\n"
	"From 2023-11-14 22:13:20 to 2023-11-14 22:13:22 UTC\n"
	"5 IPv4, 1 IPv6, 1 not IP, 1 tagged\n"
	"\n"
	"Protocols                                     packets      %      bytes      %\n"
	"  TCP                                               5  71.4%     1.8 kB  91.7%\n"
	"  UDP                                               1  14.3%      100 B   5.2%\n"
	"  ARP                                               1  14.3%       60 B   3.1%\n"
	"\n"
	"Talkers: what they sent                       packets      %      bytes      %\n"
	"  10.0.0.1                                          3  50.0%     1.7 kB  88.8%\n"
	"  10.0.0.2                                          2  33.3%      120 B   6.4%\n"
	"  2001:db8::1                                       1  16.7%       90 B   4.8%\n"
	"\n"
	"Services: both directions                     flows   packets     bytes      %\n"
	"  TCP 10.0.0.2:443                                1         4    1.7 kB  89.8%\n"
	"  UDP 10.0.0.3:53                                 1         1     100 B   5.3%\n"
	"  TCP [2001:db8::2]:22                            1         1      90 B   4.8%\n"
	"\n"
	"Flows: client > server                                packets     bytes   lasted\n"
	"  10.0.0.1:40000 > 10.0.0.2:443 TCP                         4    1.7 kB    2.0 s\n"
	"  10.0.0.1:5353 > 10.0.0.3:53 UDP                           1     100 B     0 us\n"
	"  [2001:db8::1]:65000 > [2001:db8::2]:22 TCP vlan 7         1      90 B     0 us\n"
	"\n"
	"Malformed or cut                                               packets       %\n"
	"  TCP option with a wrong length                                     1   14.3%\n"
	"\n"
	"The ledger balances\n"
	"  arrived 9 = read 7 + not chosen by the filter 2\n"
	"  read 7 = in flows 6 + not IP 1\n";

static const char golden_json[] =
	"{\"event_type\":\"summary\",\"file\":\"test.pcap\",\"start\":\"2023-11-14T22:13:20."
	"000000000Z\","
	"\"end\":\"2023-11-14T22:13:22.000000000Z\",\"duration\":2,\"packets\":7,\"bytes\":1930,"
	"\"captured_bytes\":1930,\"ipv4\":{\"packets\":5,\"bytes\":1780},\"ipv6\":{\"packets\":1,"
	"\"bytes\":90},"
	"\"not_ip\":{\"packets\":1,\"bytes\":60},\"fragments\":{\"packets\":0,\"bytes\":0},"
	"\"vlan\":{\"packets\":1,\"bytes\":90},\"tunnels\":{},"
	"\"malformed\":{\"tcp_opt\":{\"packets\":1,\"bytes\":60}},\"flows\":{\"rows\":3,"
	"\"displaced\":0},"
	"\"talkers\":{\"rows\":3,\"displaced\":0},\"services\":{\"rows\":3,\"displaced\":0},"
	"\"ledger\":{\"arrived\":{\"packets\":9,\"bytes\":2050},\"chosen\":{\"packets\":7,"
	"\"bytes\":1930},"
	"\"read\":{\"packets\":7,\"bytes\":1930},\"in_flows\":{\"packets\":6,\"bytes\":1870},"
	"\"in_other\":{\"packets\":0,\"bytes\":0},\"not_ip\":{\"packets\":1,\"bytes\":60},"
	"\"balanced\":true}}\n"
	"{\"event_type\":\"protocol\",\"proto\":\"TCP\",\"ip_proto\":6,\"packets\":5,\"bytes\":"
	"1770}\n"
	"{\"event_type\":\"protocol\",\"proto\":\"UDP\",\"ip_proto\":17,\"packets\":1,\"bytes\":"
	"100}\n"
	"{\"event_type\":\"protocol\",\"proto\":\"ARP\",\"ethertype\":2054,\"packets\":1,\"bytes\":"
	"60}\n"
	"{\"event_type\":\"talker\",\"src_ip\":\"10.0.0.1\",\"ip_v\":4,\"flows\":2,"
	"\"sent\":{\"packets\":3,\"bytes\":1660},\"received\":{\"packets\":2,\"bytes\":120},"
	"\"start\":\"2023-11-14T22:13:20.000000000Z\",\"end\":\"2023-11-14T22:13:22.000000000Z\"}\n"
	"{\"event_type\":\"talker\",\"src_ip\":\"10.0.0.2\",\"ip_v\":4,\"flows\":1,"
	"\"sent\":{\"packets\":2,\"bytes\":120},\"received\":{\"packets\":2,\"bytes\":1560},"
	"\"start\":\"2023-11-14T22:13:20.000000000Z\",\"end\":\"2023-11-14T22:13:22.000000000Z\"}\n"
	"{\"event_type\":\"talker\",\"src_ip\":\"2001:db8::1\",\"ip_v\":6,\"flows\":1,"
	"\"sent\":{\"packets\":1,\"bytes\":90},\"received\":{\"packets\":0,\"bytes\":0},"
	"\"start\":\"2023-11-14T22:13:20.000000000Z\",\"end\":\"2023-11-14T22:13:20.000000000Z\"}\n"
	"{\"event_type\":\"service\",\"dest_ip\":\"10.0.0.2\",\"ip_v\":4,\"proto\":\"TCP\",\"ip_"
	"proto\":6,"
	"\"dest_port\":443,\"flows\":1,\"pkts_toserver\":2,\"pkts_toclient\":2,\"bytes_toserver\":"
	"1560,"
	"\"bytes_toclient\":120,\"start\":\"2023-11-14T22:13:20.000000000Z\","
	"\"end\":\"2023-11-14T22:13:22.000000000Z\"}\n"
	"{\"event_type\":\"service\",\"dest_ip\":\"10.0.0.3\",\"ip_v\":4,\"proto\":\"UDP\",\"ip_"
	"proto\":17,"
	"\"dest_port\":53,\"flows\":1,\"pkts_toserver\":1,\"pkts_toclient\":0,\"bytes_toserver\":"
	"100,"
	"\"bytes_toclient\":0,\"start\":\"2023-11-14T22:13:20.000000000Z\","
	"\"end\":\"2023-11-14T22:13:20.000000000Z\"}\n"
	"{\"event_type\":\"service\",\"dest_ip\":\"2001:db8::2\",\"ip_v\":6,\"proto\":\"TCP\",\"ip_"
	"proto\":6,"
	"\"dest_port\":22,\"flows\":1,\"pkts_toserver\":1,\"pkts_toclient\":0,\"bytes_toserver\":"
	"90,"
	"\"bytes_toclient\":0,\"start\":\"2023-11-14T22:13:20.000000000Z\","
	"\"end\":\"2023-11-14T22:13:20.000000000Z\"}\n"
	"{\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"src_port\":40000,\"dest_ip\":\"10.0.0."
	"2\","
	"\"dest_port\":443,\"ip_v\":4,\"proto\":\"TCP\",\"ip_proto\":6,\"pcap_cnt\":1,"
	"\"flow\":{\"pkts_toserver\":2,\"pkts_toclient\":2,\"bytes_toserver\":1560,\"bytes_"
	"toclient\":120,"
	"\"start\":\"2023-11-14T22:13:20.000000000Z\",\"end\":\"2023-11-14T22:13:22.000000000Z\","
	"\"age\":2,\"state\":\"established\"},"
	"\"tcp\":{\"tcp_flags\":\"1b\",\"tcp_flags_ts\":\"1a\",\"tcp_flags_tc\":\"13\",\"syn\":"
	"true,"
	"\"fin\":true,\"psh\":true,\"ack\":true}}\n"
	"{\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"src_port\":5353,\"dest_ip\":\"10.0.0."
	"3\","
	"\"dest_port\":53,\"ip_v\":4,\"proto\":\"UDP\",\"ip_proto\":17,\"pcap_cnt\":4,"
	"\"flow\":{\"pkts_toserver\":1,\"pkts_toclient\":0,\"bytes_toserver\":100,\"bytes_"
	"toclient\":0,"
	"\"start\":\"2023-11-14T22:13:20.000000000Z\",\"end\":\"2023-11-14T22:13:20.000000000Z\","
	"\"age\":0,\"state\":\"new\"}}\n"
	"{\"event_type\":\"flow\",\"src_ip\":\"2001:db8::1\",\"src_port\":65000,\"dest_ip\":\"2001:"
	"db8::2\","
	"\"dest_port\":22,\"ip_v\":6,\"proto\":\"TCP\",\"ip_proto\":6,\"vlan\":[7],\"pcap_cnt\":5,"
	"\"flow\":{\"pkts_toserver\":1,\"pkts_toclient\":0,\"bytes_toserver\":90,\"bytes_"
	"toclient\":0,"
	"\"start\":\"2023-11-14T22:13:20.000000000Z\",\"end\":\"2023-11-14T22:13:20.000000000Z\","
	"\"age\":0,\"state\":\"new\"},"
	"\"tcp\":{\"tcp_flags\":\"00\",\"tcp_flags_ts\":\"00\",\"tcp_flags_tc\":\"00\"}}\n";

static struct wr_summary *summary(struct wr_summary_conf conf)
{
	struct wr_summary *s = NULL;

	if (wr_summary_open(&s, &conf, NULL) < 0)
		exit(1);
	return s;
}

/* The first line that differs, for people. */
static void is_text(struct wr_buf *b, const char *want, const char *what)
{
	const char *got = wr_buf_text(b);
	size_t n = 0, start = 0;

	while (got[n] && got[n] == want[n]) {
		n++;
		if (got[n - 1] == '\n')
			start = n;
	}
	if (!ok(!got[n] && !want[n], "%s", what)) {
		note("got    '%.*s'", (int)strcspn(got + start, "\n"), got + start);
		note("wanted '%.*s'", (int)strcspn(want + start, "\n"), want + start);
	}
}

static void test_summary(void)
{
	struct wr_summary *s = summary((struct wr_summary_conf){.name = "test.pcap"});
	struct wr_ledger row = {.arrived = {9, 2050}, .matched = {7, 1930}};
	struct wr_buf b = {0};

	small_capture(s);
	wr_summary_ledger(s, &row, 1);
	wr_summary_text(s, &b, false);
	is_text(&b, golden_text, "summary as text");
	wr_buf_clear(&b);
	is_int(wr_summary_json(s, &b, -1), 0, "summary as JSON is written");
	is_text(&b, golden_json, "summary as JSON, after the text: nothing is counted twice");
	wr_buf_free(&b);
	wr_summary_close(&s);
	ok(s == NULL, "close sets NULL");
}

static void test_unbalanced(void)
{
	struct wr_summary *s = summary((struct wr_summary_conf){0});
	struct wr_ledger row = {.arrived = {8, 1990}, .matched = {8, 1990}};
	struct wr_buf b = {0};

	small_capture(s);
	ok(wr_summary_balanced(s), "without a source the tables add up");
	wr_summary_ledger(s, &row, 1);
	ok(!wr_summary_balanced(s), "a source that handed out more than was read is noticed");
	wr_summary_text(s, &b, false);
	ok(strstr(wr_buf_text(&b), "does NOT balance") != NULL, "and it is said");
	wr_buf_free(&b);
	wr_summary_close(&s);
}

static bool fits(const char *text, size_t columns)
{
	for (; *text; text += strcspn(text, "\n") + 1)
		if (strcspn(text, "\n") > columns)
			return false;
	return true;
}

/* Talker n of a hundred sends n bytes, in an order that is neither. */
static void test_top(void)
{
	struct wr_summary *s = summary((struct wr_summary_conf){.top = 3});
	struct wr_buf b = {0};
	const char *text;
	struct sent p;

	for (int i = 0; i < 100; i++) {
		int n = i * 37 % 100 + 1;

		p = packet(UDP(n, 200, 1000, 53));
		p.pkt.len = (uint32_t)n;
		wr_summary_add(s, &p.pkt, &p.rec);
	}
	wr_summary_text(s, &b, false);
	text = strstr(wr_buf_text(&b), "Talkers");
	text = text ? strchr(text, '\n') + 1 : "";
	ok(!strncmp(text,
		    "  10.0.0.100                                        1   1.0%      100 B   "
		    "2.0%\n"
		    "  10.0.0.99                                         1   1.0%       99 B   "
		    "2.0%\n"
		    "  10.0.0.98                                         1   1.0%       98 B   "
		    "1.9%\n"
		    "  and 97 more                                      97  97.0%     4.8 kB  "
		    "94.1%\n",
		    4 * 79),
	   "the top three in order, and what is left adds up");
	wr_buf_free(&b);
	wr_summary_close(&s);
}

/* Tables far too small for what comes. */
static void test_crowded(void)
{
	struct wr_summary *s = summary((struct wr_summary_conf){
		.name = "crowd\033[2J.pcap", .flows_max = 50, .talk_max = 20, .top = 3});
	struct wr_buf b = {0};
	struct sent p;

	for (uint64_t i = 0; i < 30000; i++) {
		struct talk4 k = random_packet(300, 60000, i);

		k.ip6 = false;
		p = packet(k);
		wr_summary_add(s, &p.pkt, &p.rec);
	}
	ok(wr_summary_balanced(s),
	   "crowded tables: flows, talkers and services still add up to the packet");
	wr_summary_text(s, &b, false);
	ok(strstr(wr_buf_text(&b), "that made room") != NULL, "crowded tables: it is said");
	ok(fits(wr_buf_text(&b), 80), "crowded tables: 80 columns are enough");
	ok(strchr(wr_buf_text(&b), '\033') == NULL, "a file name cannot steer the terminal");
	wr_buf_clear(&b);
	wr_summary_json(s, &b, -1);
	ok(strstr(wr_buf_text(&b), "{\"event_type\":\"flow\",\"other\":true,\"flows\":") != NULL,
	   "crowded tables: JSON has the other row");
	wr_buf_free(&b);
	wr_summary_close(&s);
}

static void test_empty(void)
{
	struct wr_summary *s = summary((struct wr_summary_conf){0});
	struct wr_buf b = {0};

	wr_summary_text(s, &b, false);
	is_str(wr_buf_text(&b),
	       "Capture\n0 packets, 0 B\n\nThe ledger balances\n  read 0 = in flows 0 + not IP 0\n",
	       "a capture without packets");
	wr_buf_free(&b);
	wr_summary_close(&s);
}

static void test_refused(void)
{
	struct wr_flow_conf conf = {.flows_max = UINT32_MAX};
	struct wr_flow_table *t = NULL;
	struct wr_err err = {0};

	is_int(wr_flow_open(&t, &conf, &err), -EINVAL, "a table that is too large is refused");
	ok(t == NULL && strstr(err.text, "at most") != NULL, "and the text says what is possible");
}

/* ---- numbers that do not fit a row ---- */

#define DAY (86400 * SECOND)

enum { GIANTS = 60 };

/* What a flow has counted since it was last told, as a plain list has it. */
struct giant {
	struct wr_flow_part part; /* of its key */
	struct wr_count sent[2];
	uint64_t first_ns, last_ns;
	bool here;
};
static struct giant giants[GIANTS];
static struct wr_count giants_told;
static unsigned int giants_wrong;

static struct giant *giant_of(const struct wr_flow_key *key)
{
	for (int i = 0; i < GIANTS; i++)
		if (!memcmp(&giants[i].part.key, key, sizeof(*key)))
			return &giants[i];
	return NULL;
}

static bool as_giant(const struct wr_flow *f, const struct giant *g)
{
	return g && g->here && same_count(f->sent[0], g->sent[0]) &&
	       same_count(f->sent[1], g->sent[1]) && f->first_ns == g->first_ns &&
	       f->last_ns == g->last_ns && f->iface == g->part.iface &&
	       f->first_num == g->part.num && f->opener == g->part.from;
}

/* Told: it begins anew where it ended. */
static void giant_told(void *ctx, const struct wr_flow *f)
{
	struct giant *g = giant_of(&f->key);

	(void)ctx;
	giants_wrong += !as_giant(f, g);
	for (int end = 0; end < 2; end++) {
		giants_told.packets += f->sent[end].packets;
		giants_told.bytes += f->sent[end].bytes;
	}
	if (!g)
		return;
	g->sent[0] = g->sent[1] = (struct wr_count){0};
	g->first_ns = g->last_ns;
	g->here = f->end_reason == WR_FLOW_END_ACTIVE;
}

static void make_giants(void)
{
	for (int i = 0; i < GIANTS; i++) {
		struct talk4 k = UDP(1, 1000 + i, 53, 40000);
		struct sent s;

		k.ip6 = i % 3 == 0;
		s = packet(k);
		giants[i] = (struct giant){.part = {.iface = (uint8_t)(i * 4), .num = 1ull << i}};
		wr_flow_key_make(&giants[i].part.key, &s.rec);
	}
}

static void giant_add(struct wr_flow_table *t, struct giant *g, struct wr_flow_part *p)
{
	struct wr_flow f;

	p->key = g->part.key;
	p->num = g->part.num;
	p->iface = g->part.iface;
	p->from = (uint8_t)dice(2);
	p->last_ns = p->first_ns + dice(1000);
	if (!g->here) {
		g->here = true;
		g->part.from = p->from;
		g->first_ns = p->first_ns;
		g->last_ns = p->last_ns;
	}
	g->sent[p->from].packets += p->n.packets;
	g->sent[p->from].bytes += p->n.bytes;
	if (p->first_ns < g->first_ns)
		g->first_ns = p->first_ns;
	if (p->last_ns > g->last_ns)
		g->last_ns = p->last_ns;
	f = wr_flow_merge(t, p);
	giants_wrong += !as_giant(&f, g);
}

/* Counters, times and spans of all sizes, of IPv4 and IPv6, that are told and begin anew. */
static void test_giants(void)
{
	struct wr_flow_conf conf = {.flows_max = GIANTS, .gone = giant_told};
	struct wr_count all = {0}, rows = {0};
	struct wr_flow_table *t;
	unsigned int told = 0;
	uint64_t now = NOON;

	make_giants();
	if (wr_flow_open(&t, &conf, NULL) < 0)
		exit(1);
	for (int i = 0; i < 20000; i++) {
		struct wr_flow_part p = {
			.n = {dice(1u << 31) >> dice(31), (uint64_t)dice(1u << 31) << dice(17)},
			.first_ns = dice(50) ? now : now - dice(7) * DAY,
		};

		giant_add(t, &giants[dice(GIANTS)], &p);
		all.packets += p.n.packets;
		all.bytes += p.n.bytes;
		now += dice(200) ? dice(1000) * SECOND : 4 * DAY;
		if (!dice(100))
			told += wr_flow_expire(t, now, DAY / 2, 3 * DAY);
	}
	for (uint32_t i = 0; i < wr_flow_rows(t); i++) {
		struct wr_flow f = wr_flow_row(t, i);

		giants_wrong += !as_giant(&f, giant_of(&f.key));
		for (int end = 0; end < 2; end++) {
			rows.packets += f.sent[end].packets;
			rows.bytes += f.sent[end].bytes;
		}
	}
	is_int(giants_wrong, 0, "giants: every flow, whenever it is looked at, as by a plain list");
	ok(told > 1000, "giants: %u flows and parts of flows were told", told);
	ok(same_count(giants_told, wr_flow_ended(t)->n),
	   "giants: with all that is counted for them");
	ok(same_count(all, (struct wr_count){rows.packets + giants_told.packets,
					     rows.bytes + giants_told.bytes}),
	   "giants: rows and what was told are all that was added");
	wr_flow_close(&t);
}

/* Of some thousands of flows, none is told later than when it is due. */
static void test_due(void)
{
	enum { DUE = 5000 };
	struct wr_flow_conf conf = {.flows_max = DUE};
	struct wr_flow_table *t;

	if (wr_flow_open(&t, &conf, NULL) < 0)
		exit(1);
	for (uint32_t i = 0; i < DUE; i++) {
		struct wr_flow_part p = {
			.key = {.proto = WR_IP_UDP, .port = {(uint16_t)(1024 + i), 53}},
			.n = {1, 100},
			.first_ns = NOON,
			.last_ns = NOON,
		};

		wr_flow_merge(t, &p);
	}
	is_int(wr_flow_expire(t, NOON + SECOND - 1, SECOND, DAY), 0, "due: before it, none");
	is_int(wr_flow_expire(t, NOON + SECOND, SECOND, DAY), DUE, "due: then all at once");
	wr_flow_close(&t);
}

/* ---- the index ---- */

enum { INDEXED = 1 << 10 };
static uint32_t tags[INDEXED]; /* of each row */

static uint32_t index_tag(const void *ctx, uint32_t row)
{
	(void)ctx;
	return tags[row];
}

/* Tells rows with the same hash apart. */
static bool index_same(const void *ctx, uint32_t row, const void *key)
{
	(void)ctx;
	return row == *(const uint32_t *)key;
}

/* Homes so close together that most rows are far from theirs, and the index wraps. */
static void test_index(void)
{
	struct wr_index x;
	bool in[INDEXED] = {0};
	uint32_t wrong = 0, row, far = 0;

	if (wr_index_open(&x, INDEXED))
		exit(1);
	for (int i = 0; i < 200000; i++) {
		row = dice(INDEXED);
		wrong += (wr_index_find(&x, tags[row], index_same, NULL, &row) == row) != in[row];
		if (in[row]) {
			wr_index_drop(&x, tags[row], row, index_tag, NULL);
		} else {
			tags[row] = dice(1u << 31) << 1;
			if (dice(3)) /* crowded at both sides of the end */
				tags[row] = (tags[row] & ~x.mask) | ((dice(40) - 20) & x.mask);
			wr_index_put(&x, tags[row], row);
		}
		in[row] = !in[row];
	}
	for (uint32_t i = 0; i <= x.mask; i++) {
		uint32_t at = (x.cells[i] & x.mask) - 1;

		if (x.cells[i])
			far += ((i - tags[at]) & x.mask) > WR_INDEX_FAR;
	}
	for (row = 0; row < INDEXED; row++)
		wrong += (wr_index_find(&x, tags[row], index_same, NULL, &row) == row) != in[row];
	is_int(wrong, 0, "index: what is in is found, what is not is not");
	ok(far > 100, "index: %u rows are farther from home than a cell can tell", far);
	wr_index_close(&x);
}

/* ---- memory ---- */

enum { MILLION = 1 << 20 };

static long resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (!f)
		return -1;
	if (fscanf(f, "%*s %ld", &pages) != 1)
		pages = -1;
	fclose(f);
	return pages < 0 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

static void fill(struct wr_flow_table *t, bool v6)
{
	for (uint32_t i = 0; i < MILLION; i++) {
		struct wr_flow_part p = {.key = {.port = {1, 2}, .proto = WR_IP_UDP},
					 .n = {1, 60},
					 .first_ns = NOON,
					 .last_ns = NOON};

		p.key.ip_v = v6 && i % 2 ? 6 : 4;
		memcpy(p.key.addr[1], &i, sizeof(i));
		wr_flow_merge(t, &p);
	}
}

__attribute__((unused)) static void weigh(const char *what, bool v6, double most)
{
	struct wr_flow_table *t = table(MILLION);
	long before = resident_bytes(), after;
	double each;

	fill(t, v6);
	after = resident_bytes();
	each = (double)(after - before) / MILLION;
	is_int(wr_flow_rows(t), MILLION, "memory: as many flows as there is room for");
	if (before < 0 || after < 0)
		skip("memory: /proc/self/statm cannot be read");
	else
		ok(each < most, "memory: %.1f bytes a flow, %s", each, what);
	wr_flow_close(&t);
}

#if defined(__has_feature) /* clang */
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static void test_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip("memory: a sanitizer has its own");
#else
	weigh("IPv4", false, 84);
	weigh("half of them IPv6", true, 100);
#endif
}

int main(void)
{
	test_random();
	test_full(1);
	test_full(7);
	test_full(100);
	test_giants();
	test_due();
	test_index();
	test_memory();
	test_server();
	test_fragments();
	test_vlan();
	test_no_proto();
	test_talkers();
	test_services();
	test_tally();
	test_summary();
	test_unbalanced();
	test_top();
	test_crowded();
	test_empty();
	test_refused();
	return done();
}
