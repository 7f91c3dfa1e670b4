/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/when.h"
#include "control/peers.h"
#include "core/parse.h"
#include "core/proto.h"
#include "policy/verdict.h"

enum {
	PEERS = 256, /* of each kind; more are not looked at */
	FRAME = 128,
	BROAD4 = 8, /* prefixes as wide as this, and wider */
	BROAD6 = 24,
	DNS_CLIENT = 40000, /* any port of those that clients have */
};

/* ---- made-up packets ---- */

struct frame {
	uint8_t at[FRAME];
	uint32_t n;
};

struct packet {
	uint8_t ip_v, proto;
	const uint8_t *src, *dst;
	uint16_t sport, dport;
	uint8_t type;  /* of ICMPv6 */
	uint8_t flags; /* of TCP; 0: ACK */
};

static void put16(struct frame *f, unsigned int v)
{
	f->at[f->n++] = (uint8_t)(v >> 8);
	f->at[f->n++] = (uint8_t)v;
}

static void put(struct frame *f, const void *bytes, size_t n)
{
	memcpy(f->at + f->n, bytes, n);
	f->n += (uint32_t)n;
}

static void put_transport(struct frame *f, const struct packet *p)
{
	const uint8_t tcp[16] = {[8] = 5 << 4, [9] = p->flags ? p->flags : WR_TCP_ACK};
	static const uint8_t rest[24] = {0};

	if (p->proto == WR_IP_TCP) {
		put16(f, p->sport);
		put16(f, p->dport);
		put(f, tcp, sizeof(tcp));
	} else if (p->proto == WR_IP_UDP) {
		put16(f, p->sport);
		put16(f, p->dport);
		put16(f, 8 + sizeof(rest));
		put16(f, 0);
		put(f, rest, sizeof(rest));
	} else {
		f->at[f->n++] = p->type;
		put(f, rest, sizeof(rest) - 1);
	}
}

static uint32_t transport_bytes(const struct packet *p)
{
	return p->proto == WR_IP_TCP ? 20 : p->proto == WR_IP_UDP ? 32 : 24;
}

static void make(struct frame *f, const struct packet *p)
{
	uint32_t bytes = transport_bytes(p);

	*f = (struct frame){.n = 12};
	put16(f, p->ip_v == 4 ? WR_ET_IP4 : WR_ET_IP6);
	if (p->ip_v == 4) {
		put16(f, 0x4500);
		put16(f, 20 + bytes);
		put16(f, 0);
		put16(f, 0);
		put16(f, 64u << 8 | p->proto);
		put16(f, 0);
		put(f, p->src, 4);
		put(f, p->dst, 4);
	} else {
		put16(f, 0x6000);
		put16(f, 0);
		put16(f, bytes);
		put16(f, (unsigned int)p->proto << 8 | 255);
		put(f, p->src, 16);
		put(f, p->dst, 16);
	}
	put_transport(f, p);
}

static void make_arp(struct frame *f)
{
	static const uint8_t arp[] = {0, 1, 8, 0, 6, 4, 0, 1};
	static const uint8_t rest[38] = {0};

	*f = (struct frame){.n = 12};
	put16(f, WR_ET_ARP);
	put(f, arp, sizeof(arp));
	put(f, rest, sizeof(rest));
}

/* ---- against the policy ---- */

struct check {
	struct wr_policy *p;
	size_t rule;
	struct wr_verdicts *verdicts;
	struct wr_err *err;
	int ret; /* the first thing that is kept out, or that went wrong */
};

static bool stops(struct check *c, const struct frame *f, const char *iface)
{
	static struct wr_parse parse;
	struct wr_verdict_packet pkt = {
		.rec = &parse.rec,
		.data = f->at,
		.caplen = f->n,
		.len = f->n,
		.linktype = WR_LINK_ETHER,
		.iface = iface,
		.out = c->p->rule[c->rule].out,
		.ts_ns = wr_when_now(),
	};
	struct wr_verdict_of v;

	parse.max_depth = 1;
	wr_parse(&parse, f->at, f->n, f->n, WR_LINK_ETHER);
	c->ret = wr_verdict(c->verdicts, &pkt, &v, c->err);
	return !c->ret && v.verdict != WR_VERDICT_PASS && v.rule == (int)c->rule;
}

static void told(struct check *c, const char *what, uint8_t ip_v, const uint8_t *who)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (who)
		inet_ntop(ip_v == 4 ? AF_INET : AF_INET6, who, text, sizeof(text));
	c->ret = wr_fail(c->err, EINVAL, "this would keep out %s%s%s: narrow it, or add --force",
			 what, who ? " " : "", text);
}

static void try(struct check *c, const struct frame *f, const char *what, uint8_t ip_v,
		const uint8_t *who)
{
	const struct wr_rule *r = &c->p->rule[c->rule];

	if (!r->n_ifaces && !c->ret && stops(c, f, ""))
		told(c, what, ip_v, who);
	for (size_t i = 0; i < r->n_ifaces && !c->ret; i++)
		if (stops(c, f, r->ifaces[i]))
			told(c, what, ip_v, who);
}

/* What comes from them, or of a rule for what leaves what goes to them. */
static void try_packet(struct check *c, const struct packet *in, const char *what)
{
	struct packet p = *in;
	struct frame f;

	if (c->p->rule[c->rule].out) {
		p.src = in->dst;
		p.dst = in->src;
		p.sport = in->dport;
		p.dport = in->sport;
	}
	make(&f, &p);
	try(c, &f, what, in->ip_v, in->src);
}

static void try_peer(struct check *c, const struct wr_peer *peer, uint8_t proto, const char *what)
{
	uint8_t own[16];
	bool known = peer->own_port || wr_own_address(peer->ip_v, own);
	struct packet p = {
		.ip_v = peer->ip_v,
		.proto = proto,
		.src = peer->addr,
		.dst = peer->own_port ? peer->own : own,
		.sport = peer->port,
		.dport = peer->own_port ? peer->own_port : DNS_CLIENT,
		.type = 129, /* an answer to ping */
	};

	if (known)
		try_packet(c, &p, what);
}

static void try_sessions(struct check *c, const struct wr_guard *g)
{
	static struct wr_peer peer[PEERS];
	int n = wr_ssh_peers(peer, PEERS);

	for (int i = 0; i < n && i < PEERS; i++)
		try_peer(c, &peer[i], WR_IP_TCP, "the SSH session with");
	for (uint32_t i = 0; i < g->n_ssh; i++)
		if (!wr_peer_parse(&peer[0], g->ssh[i]))
			try_peer(c, &peer[0], WR_IP_TCP, "your own SSH session with");
}

static void try_hosts(struct check *c)
{
	static struct wr_peer peer[PEERS];
	int n = wr_gateways(peer, PEERS);

	for (int i = 0; i < n && i < PEERS; i++)
		try_peer(c, &peer[i], peer[i].ip_v == 4 ? WR_IP_ICMP : WR_IP_ICMP6,
			 "the default gateway");
	n = wr_dns_servers(peer, PEERS);
	for (int i = 0; i < n && i < PEERS; i++) {
		try_peer(c, &peer[i], WR_IP_UDP, "answers of the DNS server");
		try_peer(c, &peer[i], WR_IP_TCP, "answers of the DNS server");
	}
}

/* What a host needs to be on its network at all. */
static void try_network(struct check *c)
{
	static const uint8_t none[16], all4[16] = {255, 255, 255, 255};
	static const uint8_t link[16] = {0xfe, 0x80, [15] = 1}, all6[16] = {0xff, 2, [15] = 1};
	static const struct packet packets[] = {
		{4, WR_IP_UDP, none, all4, 67, 68, 0, 0},
		{6, WR_IP_UDP, link, all6, 547, 546, 0, 0},
		{6, WR_IP_ICMP6, link, all6, 0, 0, 134, 0},
		{6, WR_IP_ICMP6, link, all6, 0, 0, 135, 0},
		{6, WR_IP_ICMP6, link, all6, 0, 0, 136, 0},
	};
	struct frame arp;

	for (size_t i = 0; i < sizeof(packets) / sizeof(*packets); i++)
		try_packet(c, &packets[i],
			   packets[i].proto == WR_IP_UDP ? "DHCP from"
							 : "neighbour discovery from");
	make_arp(&arp);
	try(c, &arp, "ARP", 0, NULL);
}

/* ---- those that the operator has named ---- */

/* Sources that a rule names are compared with the set; a rule for all sources is for a service. */
static int check_never(const struct wr_policy *p, const struct wr_rule *r, struct wr_err *err)
{
	int set = wr_policy_set(p, WR_GUARD_NEVER);
	const struct wr_prefixes *never = set < 0 ? NULL : &p->set[set].all;
	const struct wr_prefix *met =
		never && !r->not_from ? wr_prefixes_meet(&r->from, never) : NULL;
	struct wr_buf b = {0};
	int ret;

	for (size_t i = 0; never && !r->not_from && i < r->n_from_sets && !met; i++)
		met = wr_prefixes_meet(&p->set[r->from_sets[i]].all, never);
	if (!met)
		return 0;
	wr_prefix_print(&b, met);
	ret = wr_fail(err, EINVAL,
		      "this would keep out %s of the set '" WR_GUARD_NEVER
		      "': narrow it, or add --force",
		      wr_buf_text(&b));
	wr_buf_free(&b);
	return ret;
}

/* ---- how much it is for ---- */

static bool broad(const struct wr_prefix *p)
{
	return !p->ip_v || p->bits <= (p->ip_v == 4 ? BROAD4 : BROAD6);
}

/* How much of all addresses: of IPv4 single ones, of IPv6 networks of /64. */
struct width {
	uint64_t of4, of6;
	const struct wr_prefix *widest;
};

static void add_width(struct width *w, const struct wr_prefixes *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct wr_prefix *p = &s->at[i];

		if (!w->widest || broad(p))
			w->widest = p;
		if (p->ip_v == 4)
			w->of4 += 1ull << (32 - p->bits);
		else if (p->bits <= 64)
			w->of6 += p->bits ? 1ull << (64 - p->bits) : UINT64_MAX / 2;
	}
}

static bool too_wide(const struct width *w)
{
	return w->widest && (broad(w->widest) || w->of4 >= 1ull << (32 - BROAD4) ||
			     w->of6 >= 1ull << (64 - BROAD6));
}

/* All of TCP, of UDP, or of everything. */
static bool broad_target(const struct wr_target *t)
{
	bool all = t->proto < 0 ||
		   ((t->proto == WR_IP_TCP || t->proto == WR_IP_UDP) && !t->port && !t->port_to);

	return all && broad(&t->addr);
}

static bool for_one_service(const struct wr_rule *r)
{
	for (size_t i = 0; i < r->n_to; i++)
		if (broad_target(&r->to[i]))
			return false;
	return r->n_to || r->where || r->host;
}

/*
 * An expression says no prefix that could be looked at: of packets from everywhere, does it choose
 * most of a kind? Where nothing is known of it yet (host), it does not.
 */
static bool chooses_most(struct check *c)
{
	static const struct packet kinds[] = {
		{.proto = WR_IP_TCP, .flags = WR_TCP_ACK},
		{.proto = WR_IP_TCP, .flags = WR_TCP_SYN},
		{.proto = WR_IP_UDP},
	};
	static const uint16_t ports[] = {22, 53, 80, 443, DNS_CLIENT};
	enum { NETS = 16, KINDS = sizeof(kinds) / sizeof(*kinds), PORTS = sizeof(ports) / 2 };
	const char *iface = c->p->rule[c->rule].n_ifaces ? c->p->rule[c->rule].ifaces[0] : "";

	for (int kind = 0; kind < KINDS; kind++) {
		int chosen = 0;

		for (int i = 0; i < NETS * PORTS && !c->ret; i++) {
			uint8_t src[16] = {(uint8_t)(i / PORTS * 16 + 1), 2, 3, 4}, dst[16];
			struct packet p = kinds[kind];
			struct frame f;

			p.ip_v = 4;
			p.src = src;
			p.dst = wr_own_address(4, dst) ? dst : src;
			p.sport = DNS_CLIENT + 1;
			p.dport = ports[i % PORTS];
			make(&f, &p);
			chosen += stops(c, &f, iface);
		}
		if (chosen > NETS * PORTS / 2)
			return true;
	}
	return false;
}

static int check_breadth(struct check *c, const struct wr_policy *p, const struct wr_rule *r)
{
	bool any_source = r->not_from || (!r->from.n && !r->n_from_sets);
	struct width w = {0};
	struct wr_buf b = {0};

	add_width(&w, &r->from);
	for (size_t i = 0; i < r->n_from_sets; i++)
		add_width(&w, &p->set[r->from_sets[i]].all);
	if (!any_source && too_wide(&w)) {
		wr_prefix_print(&b, w.widest);
		wr_fail(c->err, EINVAL,
			"%s%s very wide (/%d and wider): narrow it, or add --confirm 60s or "
			"--force",
			wr_buf_text(&b), broad(w.widest) ? " is" : " and the others together are",
			w.widest->ip_v == 4 ? BROAD4 : BROAD6);
		wr_buf_free(&b);
		return -EINVAL;
	}
	if (any_source && (!for_one_service(r) || (!r->n_to && r->where && chooses_most(c))))
		return wr_fail(
			c->err, EINVAL,
			"the rule is for nearly everything: narrow it, or add --confirm 60s or "
			"--force");
	return c->ret;
}

/* ---- a rule ---- */

/* As if it were on just now, and dropped all that it is for. */
static int worst_case(struct check *c, const struct wr_policy *p, struct wr_err *err)
{
	int ret = wr_policy_copy(&c->p, p, err);
	struct wr_rule *r;

	if (ret)
		return ret;
	r = &c->p->rule[c->rule];
	r->action = WR_ACTION_DROP;
	r->shadow = false;
	r->model = 0; /* what a made-up packet scores says nothing of real ones */
	r->at = (struct wr_schedule){0};
	r->until_s = 0;
	return wr_verdicts_open(&c->verdicts, c->p, err);
}

int wr_guard_rule(const struct wr_guard *g, const struct wr_policy *p, size_t rule,
		  struct wr_err *err)
{
	const struct wr_rule *r = &p->rule[rule];
	struct check c = {.rule = rule, .err = err};

	if (r->action != WR_ACTION_DROP && r->action != WR_ACTION_LIMIT)
		return 0;
	c.ret = worst_case(&c, p, err);
	if (!c.ret)
		try_sessions(&c, g);
	if (!c.ret)
		try_hosts(&c);
	if (!c.ret)
		try_network(&c);
	if (!c.ret)
		c.ret = check_never(p, r, err);
	if (!c.ret && !g->wide)
		c.ret = check_breadth(&c, p, r);
	wr_verdicts_close(&c.verdicts);
	wr_policy_free(&c.p);
	return c.ret;
}
