/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_LINK_H
#define WR_CORE_LINK_H

#include "core/window.h"

/* Link headers: from the first byte to an EtherType. */

wr_inline int wr_is_vlan(__u32 type)
{
	return type == WR_ET_VLAN || type == WR_ET_QINQ || type == WR_ET_QINQ_OLD1 ||
	       type == WR_ET_QINQ_OLD2 || type == WR_ET_QINQ_OLD3;
}

/* Goes on with what an EtherType names; of the outer frame the last one is kept. */
wr_inline int wr_on_type(struct wr_parse *p, __u32 n, __u32 type)
{
	if (!p->depth) {
		p->rec.ethertype = (__u16)type;
		p->rec.has |= WR_HAS_ETHERTYPE;
	}
	return wr_on(p, n, WR_NEXT_ETHERTYPE | type);
}

/* A type field that may be an IEEE 802.3 length instead (IEEE 802.3, 3.2.6). */
wr_inline int wr_on_type_or_length(struct wr_parse *p, __u32 n, __u32 type)
{
	__u32 end = p->off + n + type;

	if (type > WR_ET_8023_MAX || !type) /* a length of 0 would be no frame */
		return wr_on_type(p, n, type);
	if (!p->depth)
		p->rec.has |= WR_HAS_LLC;
	wr_end_at(p, end, WR_BAD_LLC_LEN);
	return wr_on(p, n, WR_NEXT_LLC);
}

WR_STAGE wr_ether(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 14, WR_BAD_ETH_SHORT);

	if (!b)
		return 0;
	if (!p->depth) {
		wr_store32(p->rec.eth_dst, wr_load32(b));
		wr_store64(p->rec.eth_dst + 4, wr_load64(b + 4));
		p->rec.has |= WR_HAS_ETHER;
	}
	return wr_on_type_or_length(p, 14, wr_be16(b + 12));
}

WR_STAGE wr_vlan(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 4, WR_BAD_VLAN_SHORT);
	__u32 n = p->rec.nvlan;

	if (!b)
		return 0;
	if (!p->depth) {
		if (n >= WR_MAX_VLAN)
			return wr_stop(p, WR_BAD_VLAN_MANY);
		p->rec.vlan[n] = (__u16)wr_be16(b);
		p->rec.nvlan = (__u8)(n + 1);
	}
	return wr_on_type_or_length(p, 4, wr_be16(b + 2));
}

/* IEEE 802.1AE, 9.3: bytes of a tag whose frame is protected but not encrypted, with the type; 0 =
 * encrypted. */
wr_inline __u32 wr_macsec_size(__u32 tci)
{
	if (tci & 0x8c) /* version 1, encrypted, changed */
		return 0;
	return tci & 0x20 ? 16 : 8; /* with the channel's identifier */
}

/* What stands behind these is a frame of its own; its type is not that of the frame around it. */
wr_inline int wr_tag_encloses(__u32 type)
{
	return type == WR_ET_PBB || type == WR_ET_ETAG || type == WR_ET_MACSEC;
}

/*
 * Tags that stand between the addresses and the EtherType: 802.1ah I-TAG with a whole Ethernet
 * header behind it, VN-Tag, 802.1BR E-TAG, Cisco MetaData, MACsec. All have a type at the end.
 */
WR_STAGE wr_tag(wr_self self, __u32 type)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	__u32 n = type == WR_ET_PBB ? 18 : type == WR_ET_VNTAG ? 6 : 8;
	const __u8 *b;

	if (type == WR_ET_MACSEC) {
		b = wr_need(p, 1, WR_BAD_VLAN_SHORT);
		if (!b)
			return 0;
		n = wr_macsec_size(*b);
		if (!n)
			return 0;
	}
	p->off += n - 2;
	b = wr_need(p, 2, WR_BAD_VLAN_SHORT);
	if (!b)
		return 0;
	n = wr_be16(b);
	if (wr_tag_encloses(type) && n > WR_ET_8023_MAX)
		return wr_on(p, 2, WR_NEXT_ETHERTYPE | n);
	return wr_on_type_or_length(p, 2, n);
}

WR_STAGE wr_mpls(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 4, WR_BAD_MPLS_SHORT);
	__u32 n = p->rec.nmpls, entry;

	if (!b)
		return 0;
	entry = wr_be32(b);
	if (!p->depth) {
		if (n >= WR_MAX_MPLS)
			return wr_stop(p, WR_BAD_MPLS_MANY);
		p->rec.mpls[n] = entry >> 12;
		p->rec.nmpls = (__u8)(n + 1);
	}
	p->off += 4;
	if (!(entry & 0x100)) /* not the bottom of the stack */
		return WR_NEXT_ETHERTYPE | WR_ET_MPLS;
	/* What follows has no type: the first nibble tells IP from the rest (RFC 4928, 3). */
	b = wr_need(p, 1, WR_BAD_MPLS_SHORT);
	if (!b)
		return 0;
	n = *b >> 4;
	return n == 4 ? WR_NEXT_ETHERTYPE | WR_ET_IP4 : n == 6 ? WR_NEXT_ETHERTYPE | WR_ET_IP6 : 0;
}

/* PPPoE session, RFC 2516, 4 */
WR_STAGE wr_pppoe(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 6, WR_BAD_PPPOE_SHORT);

	if (!b)
		return 0;
	if (!p->depth) {
		p->rec.pppoe_session = (__u16)wr_be16(b + 2);
		p->rec.has |= WR_HAS_PPPOE;
	}
	wr_end_at(p, p->off + 6 + wr_be16(b + 4), WR_BAD_PPPOE_LEN);
	return wr_on(p, 6, WR_NEXT_PPP);
}

/* The protocol number may be one byte when it is odd (RFC 1661, 2 and 6.5). */
WR_STAGE wr_ppp(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 1, WR_BAD_PPPOE_SHORT);
	__u32 proto, n = 1;

	if (!b)
		return 0;
	proto = *b;
	if (!(proto & 1)) {
		b = wr_need(p, 2, WR_BAD_PPPOE_SHORT);
		if (!b)
			return 0;
		proto = wr_be16(b);
		n = 2;
	}
	p->rec.has |= WR_HAS_PPP;
	if (proto == 0x21)
		return wr_on(p, n, WR_NEXT_ETHERTYPE | WR_ET_IP4);
	if (proto == 0x57)
		return wr_on(p, n, WR_NEXT_ETHERTYPE | WR_ET_IP6);
	if (proto == 0x281)
		return wr_on(p, n, WR_NEXT_ETHERTYPE | WR_ET_MPLS);
	return wr_on(p, n, 0);
}

/* IEEE 802.2; SNAP with OUI 0 carries an EtherType (RFC 1042), SAP 6 is IP (RFC 948). */
WR_STAGE wr_llc(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 3, WR_BAD_LLC_SHORT);

	if (!b)
		return 0;
	if (b[0] == 0x06 && b[1] == 0x06 && b[2] == 0x03)
		return wr_on(p, 3, WR_NEXT_ETHERTYPE | WR_ET_IP4);
	if (b[0] != 0xaa || b[1] != 0xaa || b[2] != 0x03)
		return wr_on(p, 3, 0);
	b = wr_need(p, 8, WR_BAD_LLC_SHORT);
	if (!b)
		return 0;
	if (b[3] | b[4] | b[5])
		return wr_on(p, 8, 0);
	return wr_on(p, 8, WR_NEXT_ETHERTYPE | wr_be16(b + 6));
}

/* RFC 826; the addresses are kept when they are Ethernet's and IPv4's. */
WR_STAGE wr_arp(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	const __u8 *b = wr_need(p, 8, WR_BAD_ARP_SHORT);
	struct wr_hdr *h = &p->rec.hdr[0];

	if (!b || p->depth)
		return wr_on(p, 8, 0);
	p->rec.arp_op = (__u16)wr_be16(b + 6);
	p->rec.has |= WR_HAS_ARP;
	if (b[4] != 6 || b[5] != 4)
		return wr_on(p, 8, 0);
	b = wr_need(p, 28, WR_BAD_ARP_SHORT);
	if (!b)
		return 0;
	wr_store32(h->ext, wr_load32(b + 8));
	wr_store32(h->ext + 4, (__u32)wr_load16(b + 12));
	wr_store32(h->ext + 6, wr_load32(b + 18));
	wr_store32(h->ext + 10, (__u32)wr_load16(b + 22));
	wr_store32(h->src, wr_load32(b + 14));
	wr_store32(h->dst, wr_load32(b + 24));
	p->rec.has |= WR_HAS_ARP_ADDR;
	return wr_on(p, 28, 0);
}

/* An address family in front of the packet: BSD loopback, in the writer's byte order, or DLT_LOOP
 * in network order. */
wr_inline int wr_family(struct wr_parse *p)
{
	const __u8 *b = wr_need(p, 4, WR_BAD_LINK_SHORT);
	__u32 af;

	if (!b)
		return 0;
	af = wr_be32(b);
	if (af > 0xffff)
		af = __builtin_bswap32(af);
	if (af == 2)
		return wr_on(p, 4, WR_NEXT_ETHERTYPE | WR_ET_IP4);
	if (af == 10 || af == 24 || af == 28 || af == 30) /* Linux, NetBSD, FreeBSD, macOS */
		return wr_on(p, 4, WR_NEXT_ETHERTYPE | WR_ET_IP6);
	return wr_stop(p, WR_BAD_LINK_FAMILY);
}

/* Raw IP: the version nibble tells which. */
wr_inline int wr_raw(struct wr_parse *p)
{
	const __u8 *b = wr_need(p, 1, WR_BAD_LINK_SHORT);

	if (!b)
		return 0;
	if (*b >> 4 == 4)
		return wr_on(p, 0, WR_NEXT_ETHERTYPE | WR_ET_IP4);
	if (*b >> 4 == 6)
		return wr_on(p, 0, WR_NEXT_ETHERTYPE | WR_ET_IP6);
	return wr_stop(p, WR_BAD_LINK_FAMILY);
}

/* Linux cooked capture: the protocol field is an EtherType, or 1/4 for 802.3 and 802.2 frames. */
wr_inline int wr_cooked(struct wr_parse *p, __u32 size, __u32 at)
{
	const __u8 *b = wr_need(p, 16, WR_BAD_LINK_SHORT);
	__u32 type;

	if (!b)
		return 0;
	type = wr_be16(b + at);
	if (type == 4)
		return wr_on(p, size, WR_NEXT_LLC);
	if (type <= WR_ET_8023_MAX)
		return wr_on(p, size, 0);
	return wr_on_type(p, size, type);
}

/* PPP in files: sometimes with HDLC's address and control bytes in front. */
wr_inline int wr_ppp_file(struct wr_parse *p)
{
	const __u8 *b = wr_need(p, 2, WR_BAD_LINK_SHORT);

	if (!b)
		return 0;
	return wr_on(p, b[0] == 0xff && b[1] == 0x03 ? 2 : 0, WR_NEXT_PPP);
}

/* The first header, by link type. In the kernel only Ethernet and raw IP occur. */
wr_inline int wr_link(struct wr_parse *p)
{
	__u32 link = p->rec.linktype;

	if (link == WR_LINK_ETHER)
		return WR_NEXT_ETHER;
	if (link == WR_LINK_RAW || link == WR_LINK_RAW_BSD || link == WR_LINK_RAW_OPENBSD)
		return wr_raw(p);
#ifndef __bpf__
	if (link == WR_LINK_IPV4)
		return WR_NEXT_ETHERTYPE | WR_ET_IP4;
	if (link == WR_LINK_IPV6)
		return WR_NEXT_ETHERTYPE | WR_ET_IP6;
	if (link == WR_LINK_NULL || link == WR_LINK_LOOP)
		return wr_family(p);
	if (link == WR_LINK_SLL)
		return wr_cooked(p, 16, 14);
	if (link == WR_LINK_SLL2)
		return wr_cooked(p, 20, 0);
	if (link == WR_LINK_PPP || link == WR_LINK_PPP_HDLC)
		return wr_ppp_file(p);
	if (link == WR_LINK_PPP_WITH_DIR)
		return wr_on(p, 1, WR_NEXT_PPP);
	if (link == WR_LINK_PPP_ETHER)
		return WR_NEXT_ETHERTYPE | WR_ET_PPPOE;
#endif
	return 0;
}

#endif
