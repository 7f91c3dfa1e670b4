/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/packet.h"
#include "view/packet_impl.h"

#include <string.h>

#include "core/proto.h"
#include "policy/verdict.h"

/*
 * A packet as a line: when, from whom to whom, what, how big, flags; these stand in columns and fit
 * 80 characters for IPv4. Behind them what only some packets have. Numbers stay numbers, names are
 * not resolved.
 */

enum {
	PEER_WIDTH = 21, /* 255.255.255.255:65535 */
	WHAT_WIDTH = 8,	 /* TCP [P.] */
};

#define LIT(b, text) wr_buf_add((b), "" text, sizeof(text) - 1)

static void pad_from(struct wr_buf *b, size_t start, size_t width)
{
	size_t used = b->used - start;
	char *to;

	if (used >= width)
		return;
	to = wr_buf_room(b, width - used);
	if (!to)
		return;
	memset(to, ' ', width - used);
	b->used += width - used;
}

/* " name 17" */
static void number(struct wr_buf *b, const char *name, uint64_t v)
{
	wr_buf_str(b, name);
	wr_buf_u64(b, v);
}

/* ---- TCP ---- */

static uint32_t be32(const uint8_t *v)
{
	return (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
}

/* tcpdump's letters in tcpdump's order */
static void line_flags(struct wr_buf *b, uint16_t flags)
{
	static const struct {
		uint16_t bit;
		char letter;
	} letter[] = {
		{WR_TCP_FIN, 'F'}, {WR_TCP_SYN, 'S'}, {WR_TCP_RST, 'R'},
		{WR_TCP_PSH, 'P'}, {WR_TCP_ACK, '.'}, {WR_TCP_URG, 'U'},
		{WR_TCP_ECE, 'E'}, {WR_TCP_CWR, 'W'}, {WR_TCP_AE, 'e'},
	};
	char text[16], *to = text;
	size_t i;

	*to++ = '[';
	for (i = 0; i < sizeof(letter) / sizeof(letter[0]); i++)
		if (flags & letter[i].bit)
			*to++ = letter[i].letter;
	if (to == text + 1)
		memcpy(to, "none", 4), to += 4;
	*to++ = ']';
	wr_buf_add(b, text, (size_t)(to - text));
}

static void opt_mss(struct wr_buf *b, const struct wr_view_opt *o)
{
	number(b, " ", (uint32_t)o->value[0] << 8 | o->value[1]);
}

static void opt_byte(struct wr_buf *b, const struct wr_view_opt *o)
{
	number(b, " ", o->value[0]);
}

static void opt_ts(struct wr_buf *b, const struct wr_view_opt *o)
{
	number(b, " val ", be32(o->value));
	number(b, " ecr ", be32(o->value + 4));
}

static void opt_sack(struct wr_buf *b, const struct wr_view_opt *o)
{
	uint32_t i;

	for (i = 0; i + 8 <= o->size; i += 8) {
		number(b, " {", be32(o->value + i));
		number(b, ":", be32(o->value + i + 4));
		LIT(b, "}");
	}
}

/* How values of the right size are written; others are counted. */
static const struct {
	uint8_t size; /* bytes; SACK: any number of blocks */
	void (*write)(struct wr_buf *b, const struct wr_view_opt *o);
} opt_value[256] = {
	[WR_TCPOPT_MSS] = {2, opt_mss},
	[WR_TCPOPT_WSCALE] = {1, opt_byte},
	[WR_TCPOPT_SACK] = {8, opt_sack},
	[WR_TCPOPT_TS] = {8, opt_ts},
};

static void line_tcp_option(struct wr_buf *b, const struct wr_view_opt *o)
{
	const char *name = wr_view_tcpopt(o->kind);

	if (name)
		wr_buf_str(b, name);
	else
		number(b, "kind ", o->kind);
	if (!o->size)
		return;
	if (opt_value[o->kind].write && o->size % opt_value[o->kind].size == 0) {
		opt_value[o->kind].write(b, o);
	} else {
		number(b, " (", o->size);
		LIT(b, " bytes)");
	}
}

/* A segment that opens or ends a connection, or closes the window, tells its numbers. */
static void line_tcp(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	const struct wr_hdr *h = &rec->hdr[nr];
	struct wr_view_opts opts = wr_view_tcpopts(rec, nr);
	bool turn = h->tcp_flags & (WR_TCP_SYN | WR_TCP_FIN | WR_TCP_RST);
	struct wr_view_opt o;
	char open = '[';

	if (turn)
		number(b, " seq ", h->seq);
	if (turn && h->tcp_flags & WR_TCP_ACK)
		number(b, " ack ", h->ack);
	if (turn || !h->window)
		number(b, " win ", h->window);
	if (!h->tcp_opt_len)
		return;
	LIT(b, " options ");
	while (wr_view_opt_next(&opts, &o)) {
		wr_buf_char(b, open);
		line_tcp_option(b, &o);
		open = ',';
	}
	if (open == '[')
		wr_buf_char(b, open);
	LIT(b, "]");
}

/* ---- what it is ---- */

struct kind {
	const char *name;
	const char *color; /* eight colours that every terminal has */
};

static const struct kind kind_tcp = {"TCP", "\033[36m"};
static const struct kind kind_udp = {"UDP", "\033[32m"};
static const struct kind kind_icmp = {"ICMP", "\033[33m"};
static const struct kind kind_icmp6 = {"ICMPv6", "\033[33m"};
static const struct kind kind_arp = {"ARP", "\033[35m"};

static const struct {
	uint8_t ip_v, type;
	const char *text;
} icmp_text[] = {
	{4, 0, "echo reply"},
	{4, 3, "unreachable"},
	{4, 4, "source quench"},
	{4, 5, "redirect"},
	{4, 8, "echo request"},
	{4, 9, "router advertisement"},
	{4, 10, "router solicitation"},
	{4, 11, "time exceeded"},
	{4, 12, "parameter problem"},
	{4, 13, "timestamp request"},
	{4, 14, "timestamp reply"},
	{6, 1, "unreachable"},
	{6, 2, "packet too big"},
	{6, 3, "time exceeded"},
	{6, 4, "parameter problem"},
	{6, 128, "echo request"},
	{6, 129, "echo reply"},
	{6, 130, "listener query"},
	{6, 131, "listener report"},
	{6, 132, "listener done"},
	{6, 133, "router solicitation"},
	{6, 134, "router advertisement"},
	{6, 135, "neighbor solicitation"},
	{6, 136, "neighbor advertisement"},
	{6, 137, "redirect"},
	{6, 143, "listener report v2"},
};

static const struct {
	uint16_t type;
	const char *name;
} type_name[] = {
	{WR_ET_IP4, "IPv4"},	{WR_ET_IP6, "IPv6"},  {WR_ET_ARP, "ARP"},   {WR_ET_MPLS, "MPLS"},
	{WR_ET_PPPOE, "PPPoE"}, {0x8863, "PPPoE-D"},  {0x88cc, "LLDP"},	    {0x888e, "EAPOL"},
	{0x8809, "slow"},	{0x88e5, "MACsec"},   {0x88f7, "PTP"},	    {0x8035, "RARP"},
	{0x8902, "CFM"},	{0x9000, "loopback"}, {WR_ET_VLAN, "VLAN"}, {WR_ET_QINQ, "QinQ"},
	{0x88a2, "AoE"},	{0x8906, "FCoE"},     {WR_ET_PBB, "PBB"},   {WR_ET_VNTAG, "VN-Tag"},
};

static void line_icmp(struct wr_buf *b, const struct wr_hdr *h)
{
	size_t i;

	for (i = 0; i < sizeof(icmp_text) / sizeof(icmp_text[0]); i++)
		if (icmp_text[i].ip_v == h->ip_v && icmp_text[i].type == h->icmp_type)
			break;
	if (i < sizeof(icmp_text) / sizeof(icmp_text[0])) {
		LIT(b, " ");
		wr_buf_str(b, icmp_text[i].text);
	} else {
		number(b, " type ", h->icmp_type);
	}
	if (h->icmp_code)
		number(b, " code ", h->icmp_code);
}

static struct kind kind_of_ip(const struct wr_hdr *h)
{
	switch (h->proto) {
	case WR_IP_TCP:
		return kind_tcp;
	case WR_IP_UDP:
		return kind_udp;
	case WR_IP_ICMP:
		return kind_icmp;
	case WR_IP_ICMP6:
		return kind_icmp6;
	default:
		return (struct kind){wr_view_proto(h->proto), "\033[34m"};
	}
}

/* The protocol, and what belongs to it closely: TCP flags, ICMP type. */
static void line_what(struct wr_buf *b, const struct wr_hdr *h, size_t width, bool color)
{
	struct kind kind = kind_of_ip(h);
	size_t start;

	if (color)
		wr_buf_str(b, kind.color);
	start = b->used;
	if (kind.name)
		wr_buf_str(b, kind.name);
	else
		number(b, "proto-", h->proto);
	if (h->has & WR_H_TCP) {
		LIT(b, " ");
		line_flags(b, h->tcp_flags);
	} else if (h->has & WR_H_ICMP) {
		line_icmp(b, h);
	}
	pad_from(b, start, width);
	if (color)
		LIT(b, "\033[0m");
}

/* ---- who ---- */

static void line_peer(struct wr_buf *b, const struct wr_hdr *h, const uint8_t *addr_net,
		      uint16_t port, size_t width)
{
	bool ports = h->has & WR_H_PORTS, brackets = ports && h->ip_v == 6;
	size_t start = b->used;

	if (brackets)
		LIT(b, "[");
	wr_view_addr(b, h, addr_net);
	if (brackets)
		LIT(b, "]");
	if (ports)
		number(b, ":", port);
	pad_from(b, start, width);
}

static void line_ip(struct wr_buf *b, const struct wr_hdr *h, bool color)
{
	line_peer(b, h, h->src, h->sport, PEER_WIDTH);
	LIT(b, " > ");
	line_peer(b, h, h->dst, h->dport, PEER_WIDTH);
	LIT(b, " ");
	line_what(b, h, WHAT_WIDTH, color);
}

static void line_macs(struct wr_buf *b, const struct wr_rec *r, size_t width)
{
	size_t start = b->used;

	wr_buf_mac(b, r->eth_src);
	pad_from(b, start, width);
	LIT(b, " > ");
	start = b->used;
	wr_buf_mac(b, r->eth_dst);
	pad_from(b, start, width);
	LIT(b, " ");
}

static void line_arp(struct wr_buf *b, const struct wr_rec *r, bool color)
{
	const struct wr_hdr *h = &r->hdr[0];
	size_t start = b->used;

	if (r->has & WR_HAS_ARP_ADDR) {
		wr_buf_ip4(b, h->src);
		pad_from(b, start, PEER_WIDTH);
		LIT(b, " > ");
		start = b->used;
		wr_buf_ip4(b, h->dst);
		pad_from(b, start, PEER_WIDTH);
		LIT(b, " ");
	} else if (r->has & WR_HAS_ETHER) {
		line_macs(b, r, PEER_WIDTH);
	}
	if (color)
		wr_buf_str(b, kind_arp.color);
	LIT(b, "ARP ");
	if (r->arp_op == 1)
		LIT(b, "who-has");
	else if (r->arp_op == 2)
		LIT(b, "is-at");
	else
		number(b, "op ", r->arp_op);
	if (color)
		LIT(b, "\033[0m");
	if (r->arp_op == 2 && r->has & WR_HAS_ARP_ADDR) {
		LIT(b, " ");
		wr_buf_mac(b, h->ext);
	}
}

/* No IP: what the link header says. */
static void line_link(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *r)
{
	size_t i;

	if (r->has & WR_HAS_ETHER)
		line_macs(b, r, PEER_WIDTH);
	if (r->has & WR_HAS_LLC) {
		LIT(b, "LLC");
		return;
	}
	if (!(r->has & WR_HAS_ETHERTYPE)) {
		number(b, "linktype ", pkt->linktype);
		return;
	}
	for (i = 0; i < sizeof(type_name) / sizeof(type_name[0]); i++) {
		if (type_name[i].type != r->ethertype)
			continue;
		wr_buf_str(b, type_name[i].name);
		return;
	}
	LIT(b, "type 0x");
	wr_buf_hex(b, r->ethertype, 4);
}

/* ---- what only some packets have ---- */

static void line_labels(struct wr_buf *b, const struct wr_rec *r)
{
	int i;

	for (i = 0; i < r->nvlan; i++)
		number(b, i ? "," : " vlan ", r->vlan[i] & 0xfff);
	for (i = 0; i < r->nmpls; i++)
		number(b, i ? "," : " mpls ", r->mpls[i]);
	if (r->has & WR_HAS_PPPOE)
		number(b, " pppoe ", r->pppoe_session);
}

static void line_ip_extras(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	const struct wr_hdr *h = &rec->hdr[nr];
	struct wr_view_opts opts = wr_view_ip4opts(rec, nr);
	struct wr_view_opt o;
	const char *open = " ip options [";
	uint32_t i;

	if (h->has & WR_H_FRAG) {
		number(b, " frag ", h->frag_off);
		if (h->has & WR_H_MF)
			LIT(b, "+");
	}
	if (!(h->has & WR_H_EXT) || !h->ext_len)
		return;
	if (h->ip_v == 4) {
		for (; wr_view_opt_next(&opts, &o); open = ",")
			number(b, open, o.kind);
	} else {
		for (open = " ext [", i = 0; i < h->ext_len; i++, open = ",")
			number(b, open, h->ext[i]);
	}
	if (*open == ',')
		LIT(b, "]");
}

static void line_hdr_extras(struct wr_buf *b, const struct wr_rec *rec, int nr)
{
	if (rec->hdr[nr].has & (WR_H_FRAG | WR_H_EXT))
		line_ip_extras(b, rec, nr);
	if (rec->hdr[nr].has & WR_H_TCP)
		line_tcp(b, rec, nr);
}

static void line_inner(struct wr_buf *b, const struct wr_rec *r, bool color)
{
	const struct wr_hdr *h = &r->hdr[1];

	LIT(b, " | ");
	wr_buf_str(b, wr_view_tunnel(r->tunnel));
	if (r->has & WR_HAS_VNI)
		number(b, " vni ", r->vni);
	if (!(h->has & WR_H_IP))
		return;
	LIT(b, " ");
	line_peer(b, h, h->src, h->sport, 0);
	LIT(b, " > ");
	line_peer(b, h, h->dst, h->dport, 0);
	LIT(b, " ");
	line_what(b, h, 0, color);
	line_hdr_extras(b, r, 1);
}

static void line_bad(struct wr_buf *b, const struct wr_rec *r, bool color)
{
	LIT(b, " ");
	if (color)
		LIT(b, "\033[1;31m");
	if (r->bad_depth)
		LIT(b, "inner ");
	LIT(b, "malformed: ");
	wr_buf_str(b, wr_view_bad_text(r->bad));
	if (color)
		LIT(b, "\033[0m");
}

static void line_fate(struct wr_buf *b, const struct wr_fate *f, bool color)
{
	bool gone = f->verdict != WR_VERDICT_PASS;

	LIT(b, " ");
	if (color && gone)
		LIT(b, "\033[1;31m");
	wr_buf_str(b, wr_verdict_name(f->verdict));
	if (f->rule) {
		LIT(b, " by ");
		wr_buf_str(b, f->rule);
	}
	if (f->klass) {
		LIT(b, " class ");
		wr_buf_str(b, f->klass);
	}
	if (color && gone)
		LIT(b, "\033[0m");
}

/* ---- payload ---- */

/* Sixteen bytes a row; whatever could steer a terminal is a dot. */
static void line_payload(struct wr_buf *b, const uint8_t *at, uint32_t n)
{
	uint32_t row, i;

	for (row = 0; row < n; row += 16) {
		uint32_t left = n - row < 16 ? n - row : 16;
		size_t start;

		LIT(b, "        0x");
		wr_buf_hex(b, row, 4);
		LIT(b, ":  ");
		start = b->used;
		for (i = 0; i < left; i++) {
			wr_buf_hex(b, at[row + i], 2);
			if (i & 1)
				LIT(b, " ");
		}
		pad_from(b, start, 41);
		for (i = 0; i < left; i++)
			wr_buf_char(b, wr_view_printable(at[row + i]));
		LIT(b, "\n");
	}
}

/* The innermost payload says most. */
static void line_payloads(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
			  uint32_t want)
{
	const uint8_t *at;
	uint32_t n = wr_view_payload(pkt, rec, 1, want, &at);

	if (!n)
		n = wr_view_payload(pkt, rec, 0, want, &at);
	if (n)
		line_payload(b, at, n);
}

/* ---- the packet ---- */

static void line_main(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
		      bool color)
{
	if (rec->hdr[0].has & WR_H_IP)
		line_ip(b, &rec->hdr[0], color);
	else if (rec->has & WR_HAS_ARP)
		line_arp(b, rec, color);
	else
		line_link(b, pkt, rec);
	number(b, " len ", pkt->len);
}

void wr_view_packet_line(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
			 const struct wr_packet_style *style)
{
	wr_buf_clock(b, pkt->ts_ns);
	LIT(b, " ");
	if (style->show_iface && pkt->iface && pkt->iface[0]) {
		size_t start = b->used;

		wr_buf_str(b, pkt->iface);
		pad_from(b, start, 6);
		LIT(b, " ");
	}
	if (style->ether && rec->has & WR_HAS_ETHER &&
	    (rec->hdr[0].has & WR_H_IP || rec->has & WR_HAS_ARP_ADDR))
		line_macs(b, rec, 0);
	line_main(b, pkt, rec, style->color);
	if (pkt->gso_segs > 1)
		number(b, " segs ", pkt->gso_segs);
	line_labels(b, rec);
	if (rec->hdr[0].has & WR_H_IP)
		line_hdr_extras(b, rec, 0);
	if (rec->has & WR_HAS_INNER)
		line_inner(b, rec, style->color);
	if (rec->bad)
		line_bad(b, rec, style->color);
	if (pkt->fate)
		line_fate(b, pkt->fate, style->color);
	LIT(b, "\n");
	if (style->payload)
		line_payloads(b, pkt, rec, style->payload);
}
