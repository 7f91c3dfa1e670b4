/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_TUNNEL_H
#define WR_CORE_TUNNEL_H

#include "core/window.h"

/* Packets within packets. Each function steps over one tunnel header and says what is inside. */

/* Goes inside, unless that is deeper than wanted. */
wr_inline int wr_enter(struct wr_parse *p, enum wr_tunnel tunnel, __u32 n, __u32 next)
{
	if (p->depth >= p->max_depth)
		return wr_on(p, n, 0);
	p->depth++;
	p->rec.depth = (__u8)p->depth;
	p->rec.tunnel = (__u8)tunnel;
	p->rec.hdr[1].has = 0;
	p->rec.has |= WR_HAS_INNER;
	return wr_on(p, n, next);
}

/* n bytes that stand `ahead` bytes behind the cursor; NULL: the reason is noted. */
wr_inline const __u8 *wr_ahead(struct wr_parse *p, __u32 ahead, __u32 n, enum wr_bad bad)
{
	const __u8 *b = wr_at(p, p->off + ahead, n);

	if (!b)
		wr_short(p, p->off + ahead, n, bad);
	return b;
}

wr_inline void wr_vni(struct wr_parse *p, __u32 vni)
{
	if (p->depth >= p->max_depth)
		return;
	p->rec.vni = vni;
	p->rec.has |= WR_HAS_VNI;
}

/* IP directly in IP: RFC 2003, RFC 4213, RFC 2473 */
WR_STAGE wr_ip_in_ip(wr_self self, __u32 proto)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	__u32 outer4 = wr_cur(p)->ip_v == 4;

	if (proto == WR_IP_IPIP)
		return wr_enter(p, outer4 ? WR_TUNNEL_IPIP : WR_TUNNEL_4IN6, 0,
				WR_NEXT_ETHERTYPE | WR_ET_IP4);
	return wr_enter(p, outer4 ? WR_TUNNEL_6IN4 : WR_TUNNEL_6IN6, 0,
			WR_NEXT_ETHERTYPE | WR_ET_IP6);
}

/*
 * Mirrored frames, n bytes behind the cursor (draft-foschiano-erspan-03, 4). Type I has no header
 * of its own; it is told from type II by the missing sequence number of GRE.
 */
wr_inline int wr_erspan(struct wr_parse *p, __u32 n, __u32 version)
{
	const __u8 *b;

	if (version > 1) {
		b = wr_ahead(p, n, 4, WR_BAD_GRE_SHORT);
		if (!b)
			return 0;
		wr_vni(p, wr_be16(b + 2) & 0x3ff);
		n += 8;
	}
	if (version > 2) {
		n += 4;
		b = wr_ahead(p, n - 2, 2, WR_BAD_GRE_SHORT);
		if (!b)
			return 0;
		if (b[0] & 0x7c) /* not an Ethernet frame */
			return wr_on(p, n, 0);
		if (b[1] & 1)
			n += 8;
	}
	return wr_enter(p, WR_TUNNEL_ERSPAN, n, WR_NEXT_ETHER);
}

/* RFC 2784 and 2890; NVGRE: RFC 7637; PPTP's version 1: RFC 2637 */
WR_STAGE wr_gre(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 4, WR_BAD_GRE_SHORT);
	__u32 flags, type, n = 4, key = 0;

	if (!b)
		return 0;
	flags = wr_be16(b);
	type = wr_be16(b + 2);
	if (flags & 0x4000) /* routing (RFC 1701): nobody sends it */
		return wr_on(p, 4, 0);
	if (flags & 0x8000)
		n += 4;
	if (flags & 0x2000) {
		b = wr_ahead(p, n, 4, WR_BAD_GRE_SHORT);
		if (!b)
			return 0;
		key = wr_be32(b);
		n += 4;
	}
	if (flags & 0x1000)
		n += 4;
	if ((flags & 7) == 1) { /* version 1 carries PPP and may have an acknowledgement */
		if (flags & 0x80)
			n += 4;
		return type == WR_ET_PPP ? wr_enter(p, WR_TUNNEL_GRE, n, WR_NEXT_PPP)
					 : wr_on(p, n, 0);
	}
	if (flags & 7)
		return wr_on(p, n, 0);
	if (type == WR_ET_ERSPAN || type == WR_ET_ERSPAN3)
		return wr_erspan(p, n, type == WR_ET_ERSPAN3 ? 3 : flags & 0x1000 ? 2 : 1);
	if (type == WR_ET_TEB) {
		if (flags & 0x2000)
			wr_vni(p, key >> 8);
		return wr_enter(p, flags & 0x2000 ? WR_TUNNEL_NVGRE : WR_TUNNEL_EOGRE, n,
				WR_NEXT_ETHER);
	}
	if (flags & 0x2000)
		wr_vni(p, key);
	if (type == WR_ET_CMD) { /* here, unlike on Ethernet, the type stands first */
		b = wr_ahead(p, n, 2, WR_BAD_GRE_SHORT);
		if (!b)
			return 0;
		type = wr_be16(b);
		n += 8;
	}
	if (type == WR_ET_IP4 || type == WR_ET_IP6 || type == WR_ET_MPLS)
		return wr_enter(p, WR_TUNNEL_GRE, n, WR_NEXT_ETHERTYPE | type);
	return wr_on(p, n, 0);
}

/* RFC 7348; with the P bit of GPE a next-protocol byte (draft-ietf-nvo3-vxlan-gpe) */
wr_inline int wr_vxlan(struct wr_parse *p, int gpe)
{
	const __u8 *b = wr_need(p, 8, WR_BAD_TUNNEL_SHORT);
	__u32 next = WR_NEXT_ETHER;

	if (!b)
		return 0;
	if (!(b[0] & 0x08))
		return wr_stop(p, WR_BAD_TUNNEL_HEADER);
	if (gpe && b[0] & 0x04) {
		next = b[3] == 1   ? WR_NEXT_ETHERTYPE | WR_ET_IP4
		       : b[3] == 2 ? WR_NEXT_ETHERTYPE | WR_ET_IP6
		       : b[3] == 3 ? WR_NEXT_ETHER
		       : b[3] == 5 ? WR_NEXT_ETHERTYPE | WR_ET_MPLS
				   : 0;
	}
	if (!next)
		return wr_on(p, 8, 0);
	wr_vni(p, wr_be32(b + 4) >> 8);
	return wr_enter(p, gpe ? WR_TUNNEL_VXLAN_GPE : WR_TUNNEL_VXLAN, 8, next);
}

/* RFC 8926, 3.4 */
wr_inline int wr_geneve(struct wr_parse *p)
{
	const __u8 *b = wr_need(p, 8, WR_BAD_TUNNEL_SHORT);
	__u32 type, n;

	if (!b)
		return 0;
	if (b[0] >> 6)
		return wr_stop(p, WR_BAD_TUNNEL_HEADER);
	type = wr_be16(b + 2);
	n = 8 + (b[0] & 0x3f) * 4u;
	if (type != WR_ET_TEB && type != WR_ET_IP4 && type != WR_ET_IP6)
		return wr_on(p, n, 0);
	wr_vni(p, wr_be32(b + 4) >> 8);
	return wr_enter(p, WR_TUNNEL_GENEVE, n,
			type == WR_ET_TEB ? WR_NEXT_ETHER : WR_NEXT_ETHERTYPE | type);
}

/* 3GPP TS 29.281, 5: only G-PDUs (255) carry a packet; extension headers are a chain of 4-byte
 * units. */
wr_inline int wr_gtpu(struct wr_parse *p)
{
	const __u8 *b = wr_need(p, 8, WR_BAD_TUNNEL_SHORT);
	__u32 teid, more, i;

	if (!b)
		return 0;
	if (b[0] >> 5 != 1 || !(b[0] & 0x10))
		return wr_stop(p, WR_BAD_TUNNEL_HEADER);
	if (b[1] != 255)
		return wr_on(p, 8, 0);
	teid = wr_be32(b + 4);
	more = b[0] & 7;
	p->off += 8;
	if (more) {
		b = wr_need(p, 4, WR_BAD_TUNNEL_SHORT);
		if (!b)
			return 0;
		more = more & 4 ? b[3] : 0;
		p->off += 4;
	}
	for (i = 0; more && i < 4; i++) {
		__u32 n;

		b = wr_need(p, 1, WR_BAD_TUNNEL_SHORT);
		if (!b)
			return 0;
		n = *b * 4u;
		if (n < 4)
			return wr_stop(p, WR_BAD_TUNNEL_HEADER);
		p->off += n - 1;
		b = wr_need(p, 1, WR_BAD_TUNNEL_SHORT);
		if (!b)
			return 0;
		more = *b;
		p->off += 1;
	}
	if (more)
		return wr_stop(p, WR_BAD_STEPS);
	b = wr_need(p, 1, WR_BAD_TUNNEL_SHORT);
	if (!b)
		return 0;
	more = *b >> 4;
	if (more != 4 && more != 6) /* non-IP PDU session, or PPP */
		return wr_on(p, 0, 0);
	wr_vni(p, teid);
	return wr_enter(p, WR_TUNNEL_GTPU, 0,
			WR_NEXT_ETHERTYPE | (more == 4 ? WR_ET_IP4 : WR_ET_IP6));
}

/* RFC 4380, 5.1.1: authentication (00 01) and origin (00 00) may stand in front of the IPv6 packet.
 */
wr_inline int wr_teredo(struct wr_parse *p)
{
	const __u8 *b = wr_need(p, 4, WR_BAD_TUNNEL_SHORT);

	if (!b)
		return 0;
	if (wr_be16(b) == 1) {
		p->off += 13 + b[2] + b[3];
		b = wr_need(p, 2, WR_BAD_TUNNEL_SHORT);
		if (!b)
			return 0;
	}
	if (wr_be16(b) == 0) {
		p->off += 8;
		b = wr_need(p, 1, WR_BAD_TUNNEL_SHORT);
		if (!b)
			return 0;
	}
	if (*b >> 4 != 6)
		return wr_on(p, 0, 0);
	return wr_enter(p, WR_TUNNEL_TEREDO, 0, WR_NEXT_ETHERTYPE | WR_ET_IP6);
}

WR_STAGE wr_udp_tunnel(wr_self self, __u32 port)
{
	struct wr_parse *p = WR_PARSE_OF(self);

	if (port == WR_PORT_VXLAN || port == WR_PORT_VXLAN_LINUX)
		return wr_vxlan(p, 0);
	if (port == WR_PORT_VXLAN_GPE)
		return wr_vxlan(p, 1);
	if (port == WR_PORT_GENEVE)
		return wr_geneve(p);
	if (port == WR_PORT_TEREDO)
		return wr_teredo(p);
	return wr_gtpu(p);
}

#endif
