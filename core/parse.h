/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_PARSE_H
#define WR_CORE_PARSE_H

#include "core/window.h"
#include "core/fast.h"
#include "core/link.h"
#include "core/net.h"
#include "core/transport.h"
#include "core/tunnel.h"

/* The walk over a packet: each turn reads one header and says what comes next. */

wr_inline int wr_step_type(wr_self self, __u32 type)
{
	if (type == WR_ET_IP4)
		return wr_ip4(self);
	if (type == WR_ET_IP6)
		return wr_ip6(self);
	if (wr_is_vlan(type))
		return wr_vlan(self);
	if (type == WR_ET_ARP || type == WR_ET_RARP)
		return wr_arp(self);
	if (type == WR_ET_MPLS || type == WR_ET_MPLS_UPSTREAM)
		return wr_mpls(self);
	if (type == WR_ET_PPPOE)
		return wr_pppoe(self);
	if (type == WR_ET_PBB || type == WR_ET_VNTAG || type == WR_ET_ETAG || type == WR_ET_CMD ||
	    type == WR_ET_MACSEC)
		return wr_tag(self, type);
	return 0;
}

wr_inline int wr_step_proto(wr_self self, __u32 proto)
{
	if (proto == WR_IP_TCP)
		return wr_tcp(self);
	if (proto == WR_IP_UDP)
		return wr_udp(self);
	if (proto == WR_IP_ICMP || proto == WR_IP_ICMP6 || proto == WR_IP_IGMP)
		return wr_icmp(self, proto);
	if (proto == WR_IP_GRE)
		return wr_gre(self);
	if (proto == WR_IP_IPIP || proto == WR_IP_IPV6)
		return wr_ip_in_ip(self, proto);
	if (proto == WR_IP_SCTP || proto == WR_IP_DCCP || proto == WR_IP_UDPLITE)
		return wr_other_ports(self, proto);
	if (proto == WR_IP_AH || (wr_is_ip6_ext(proto) && wr_cur(WR_PARSE_OF(self))->ip_v == 6))
		return wr_ip6_ext(self, proto);
	return 0;
}

/* Reads the header at the cursor. Returns what comes next. */
wr_inline int wr_step(wr_self self, __u32 next)
{
	__u32 kind = next >> 16, what = next & 0xffff;

	if (kind == WR_NEXT_ETHERTYPE >> 16)
		return wr_step_type(self, what);
	if (kind == WR_NEXT_IPPROTO >> 16)
		return wr_step_proto(self, what);
	if (kind == WR_NEXT_TUNNEL >> 16)
		return wr_udp_tunnel(self, what);
	if (next == WR_NEXT_ETHER)
		return wr_ether(self);
	if (next == WR_NEXT_LLC)
		return wr_llc(self);
	return wr_ppp(self);
}

/*
 * The walk from where the fast path stopped. Before: rec.len, rec.linktype, cap, win and max_depth
 * are set; have = bytes in the window. After: rec is filled.
 */
wr_inline void wr_walk(wr_self self, __u32 have, const struct wr_plain *from)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	__u32 turn, next = from->next;

	p->lim = have;
	p->depth = 0;
	p->partial = 0;
	if (next == WR_NEXT_LINK) {
		p->rec.has = 0;
		wr_store32(&p->rec.bad, 0); /* bad, bad_depth, nvlan, nmpls */
		p->rec.hdr[0].has = 0;
		p->rec.hdr_off = 0;
		p->off = 0;
		p->end = p->rec.len;
		p->said_end = p->rec.len;
		next = (__u32)wr_link(p);
	} else {
		if (next >> 16 == WR_NEXT_ETHERTYPE >> 16) /* no IP header yet */
			p->rec.hdr[0].has = 0, p->rec.hdr_off = 0;
		next = (__u32)wr_go_on(p, from);
	}
	for (turn = 0; turn < WR_STEPS_MAX && next; turn++)
		next = (__u32)wr_step(self, next);
	if (next)
		wr_mark(p, WR_BAD_STEPS);
}

#ifndef __bpf__
static inline void wr_parse_from(struct wr_parse *p, const __u8 *data, __u32 cap, __u32 len,
				 __u32 linktype, const struct wr_plain *from)
{
	__u32 have = cap < len ? cap : len;

	p->win = data;
	p->cap = cap;
	p->rec.len = len;
	p->rec.linktype = (__u16)linktype;
	wr_walk(p, have < WR_WINDOW ? have : WR_WINDOW, from);
}

/* The stages alone, without the fast path anywhere; for tests. */
static inline void wr_parse_stages(struct wr_parse *p, const __u8 *data, __u32 cap, __u32 len,
				   __u32 linktype)
{
	struct wr_plain start = {.next = WR_NEXT_LINK};

	p->stages_only = 1;
	p->rec.gso_segs = 0;
	wr_parse_from(p, data, cap, len, linktype, &start);
}

/*
 * Fills p->rec from a frame. cap bytes can be read at data, len were on the wire. p->max_depth is
 * the caller's: 0 = outer headers only, 1 = the usual.
 */
static inline void wr_parse(struct wr_parse *p, const __u8 *data, __u32 cap, __u32 len,
			    __u32 linktype)
{
	struct wr_plain f = {
		.data = data, .data_end = data + cap, .len = len, .next = WR_NEXT_LINK};

	p->stages_only = 0;
	p->rec.gso_segs = 0;
	if (linktype == WR_LINK_ETHER ? wr_fast(p, &f)
				      : linktype == WR_LINK_RAW && wr_fast_raw(p, &f))
		return;
	if (linktype == WR_LINK_ETHER && wr_fast_is_tag(&f) && wr_fast_tagged(p, &f))
		return;
	wr_parse_from(p, data, cap, len, linktype, &f);
}
#endif

#endif
