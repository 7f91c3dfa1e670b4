/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_TRANSPORT_H
#define WR_CORE_TRANSPORT_H

#include "core/tcpopt.h"

/* TCP, UDP and the others that have ports, ICMP. */

/* The last word of options is not all there: says why, takes its bytes that are. Returns how many.
 */
wr_inline __u32 wr_tcp_options_rest(struct wr_parse *p, struct wr_hdr *h, __u32 off, __u32 i)
{
	const __u8 *b;
	__u32 k;

	/* The first of several fragments may end here: the next one has the rest. */
	if (!p->partial || off + 4 <= p->end)
		wr_short(p, off, 4, WR_BAD_TCP_OVER);
	for (k = 0; k < 3; k++) {
		b = wr_at(p, off + k, 1);
		if (!b)
			break;
		h->tcp_opt[i + k] = *b;
	}
	return k;
}

WR_STAGE wr_tcp_options(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	__u32 n = h->tcp_opt_len, off = p->off + 20, i;
	const __u8 *b;

	for (i = 0; i < WR_MAX_TCPOPT; i += 4) {
		if (i >= n)
			break;
		b = wr_at(p, off + i, 4);
		if (!b) {
			i += wr_tcp_options_rest(p, h, off + i, i);
			break;
		}
		wr_store32(h->tcp_opt + i, wr_load32(b));
	}
	if (i > n)
		i = n;
	h->tcp_opt_len = (__u8)i;
	if (i)
		wr_tcpopt_parse(self);
	return 0;
}

/* The fixed part of a TCP header (RFC 9293, 3.1). b has 20 bytes. */
wr_inline void wr_tcp_fixed(struct wr_hdr *h, const __u8 *b)
{
	h->sport = (__u16)wr_be16(b);
	h->dport = (__u16)wr_be16(b + 2);
	h->seq = wr_be32(b + 4);
	h->ack = wr_be32(b + 8);
	h->tcp_flags = (__u16)(wr_be16(b + 12) & 0xfff);
	h->window = (__u16)wr_be16(b + 14);
}

/* Ports stand in the first four bytes of all of them: a cut header still says who talks to whom. */
wr_inline const __u8 *wr_ports(struct wr_parse *p, struct wr_hdr *h, __u32 n, enum wr_bad bad)
{
	const __u8 *b = wr_need(p, 4, bad);

	if (!b)
		return 0;
	h->sport = (__u16)wr_be16(b);
	h->dport = (__u16)wr_be16(b + 2);
	h->has |= WR_H_PORTS;
	return wr_need(p, n, bad);
}

WR_STAGE wr_tcp(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	const __u8 *b = wr_ports(p, h, 20, WR_BAD_TCP_SHORT);
	__u32 doff;

	if (!b)
		return 0;
	wr_tcp_fixed(h, b);
	h->tcp_opt_len = 0;
	h->has |= WR_H_TCP;
	doff = (b[12] >> 4) * 4;
	if (doff < 20)
		return wr_stop(p, WR_BAD_TCP_DOFF);
	if (p->off + doff > p->said_end) {
		if (!p->partial)
			wr_mark(p, WR_BAD_TCP_OVER);
	} else if (!(h->has & WR_H_MF)) {
		h->payload_len = p->said_end - p->off - doff;
		h->payload_off = (__u16)(p->off + doff);
		h->has |= WR_H_PAYLOAD;
	}
	if (doff > 20) {
		h->tcp_opt_len = (__u8)(doff - 20);
		wr_tcp_options(self);
	}
	return wr_on(p, doff, 0);
}

wr_inline int wr_is_tunnel_port(__u32 port)
{
	return port == WR_PORT_VXLAN || port == WR_PORT_GENEVE || port == WR_PORT_GTPU ||
	       port == WR_PORT_VXLAN_LINUX || port == WR_PORT_VXLAN_GPE || port == WR_PORT_TEREDO;
}

/* The port that says which tunnel a datagram is, or 0. */
wr_inline __u32 wr_udp_tunnel_port(__u32 sport, __u32 dport)
{
	if (wr_is_tunnel_port(dport))
		return dport;
	return wr_is_tunnel_port(sport) ? sport : 0;
}

/* RFC 768; length 0 means "to the end" in a jumbogram (RFC 2675, 4). */
WR_STAGE wr_udp(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	const __u8 *b = wr_ports(p, h, 8, WR_BAD_UDP_SHORT);
	__u32 len, next;

	if (!b)
		return 0;
	len = wr_be16(b + 4);
	if (!len)
		len = p->said_end - p->off;
	if (len < 8)
		return wr_stop(p, WR_BAD_UDP_LEN);
	h->payload_len = len - 8;
	h->payload_off = (__u16)(p->off + 8);
	h->has |= WR_H_PAYLOAD;
	wr_end_at(p, p->off + len, WR_BAD_UDP_OVER);
	next = wr_udp_tunnel_port(h->sport, h->dport);
	return wr_on(p, 8, next ? WR_NEXT_TUNNEL | next : 0);
}

/* UDP-Lite (RFC 3828), SCTP (RFC 9260), DCCP (RFC 4340): ports and nothing else that we keep. */
WR_STAGE wr_other_ports(wr_self self, __u32 proto)
{
	struct wr_parse *p = WR_PARSE_OF(self);

	wr_ports(p, wr_cur(p), 8, WR_BAD_L4_SHORT);
	if (proto != WR_IP_UDPLITE)
		wr_need(p, 12, WR_BAD_L4_SHORT);
	return 0;
}

/* RFC 792, RFC 4443; IGMP (RFC 9776) has its type at the same place. */
WR_STAGE wr_icmp(wr_self self, __u32 proto)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	const __u8 *b = wr_need(p, 2, WR_BAD_ICMP_SHORT);

	if (!b)
		return 0;
	h->icmp_type = b[0];
	h->icmp_code = b[1];
	h->has |= proto == WR_IP_IGMP ? WR_H_IGMP : WR_H_ICMP;
	if (p->off + 8 > p->end)
		wr_mark(p, WR_BAD_ICMP_SHORT);
	return 0;
}

#endif
