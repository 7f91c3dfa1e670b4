/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_FAST_H
#define WR_CORE_FAST_H

#include "core/transport.h"

/*
 * The plain case in one go: Ethernet, IPv4 without options or IPv6 without extension headers, whole
 * TCP or UDP that is no tunnel, nothing wrong. What is not plain is left to the stages, from the
 * first header that is not: so far as the fast path came, its facts are those of the stages
 * (tests/unit/parse_test.c).
 *
 * It reads either a frame where it lies, bounded by data_end, or a place in the window, bounded by
 * `have` bytes.
 */
struct wr_plain {
	const __u8 *data;
	const __u8 *data_end; /* NULL: data is in the window and WR_PLAIN_REACH bytes of it may be
				 touched */
	__u32 have;	      /* window: bytes that may be used */
	__u32 len;	      /* of the packet that begins at data, as the enclosing headers say */
	__u32 shift; /* offset of data in the frame; of a frame, 4 when a VLAN tag was taken off it
			(TC), else 0 */
	__u32 tci;   /* of that tag, or of one that was stepped over */
	/* Where the stages go on when 0 was returned; offsets in the frame. WR_NEXT_LINK: from the
	 * start. next 0: at the IP header itself. */
	__u32 next, off, end;
};

enum { WR_PLAIN_REACH = 100 }; /* IPv6 and the longest TCP header */

wr_inline int wr_plain_has(const struct wr_plain *f, __u32 at, __u32 n)
{
	return f->data_end ? f->data + at + n <= f->data_end : at + n <= f->have;
}

/* Not plain from here on. Returns 0. Said where it is found and not in advance: the plain case has
 * no registers to spare. */
wr_inline int wr_plain_end(struct wr_plain *f, __u32 next, __u32 at, __u32 len)
{
	f->next = next;
	f->off = at + f->shift;
	f->end = len + f->shift;
	return 0;
}

/* The next four bytes of options, when there are some; at a constant offset, as the verifier likes
 * it. */
#define WR_FAST_OPTION(i)                                                                   \
	if (n > (i)) {                                                                      \
		if (!wr_plain_has(f, at + 20 + (i), 4))                                     \
			return wr_plain_end(f, WR_NEXT_IPPROTO | WR_IP_TCP, at, at + room); \
		wr_store32(h->tcp_opt + (i), wr_load32(b + 20 + (i)));                      \
	}

wr_inline int wr_fast_tcp(wr_self self, struct wr_hdr *h, struct wr_plain *f, __u32 at, __u32 room)
{
	const __u8 *b = f->data + at;
	__u32 doff, n;

	if (!wr_plain_has(f, at, 20))
		return wr_plain_end(f, WR_NEXT_IPPROTO | WR_IP_TCP, at, at + room);
	doff = (b[12] >> 4) * 4;
	if (doff < 20 || doff > room)
		return wr_plain_end(f, WR_NEXT_IPPROTO | WR_IP_TCP, at, at + room);
	n = doff - 20;
	wr_tcp_fixed(h, b);
	h->payload_len = room - doff;
	h->payload_off = (__u16)(at + doff + f->shift);
	h->tcp_opt_len = (__u8)n;
	h->has |= WR_H_PORTS | WR_H_TCP | WR_H_PAYLOAD;
	if (!n)
		return 1;
	WR_FAST_OPTION(0);
	WR_FAST_OPTION(4);
	WR_FAST_OPTION(8);
	WR_FAST_OPTION(12);
	WR_FAST_OPTION(16);
	WR_FAST_OPTION(20);
	WR_FAST_OPTION(24);
	WR_FAST_OPTION(28);
	WR_FAST_OPTION(32);
	WR_FAST_OPTION(36);
	if (!wr_tcpopt_plain(h, n))
		wr_tcpopt_parse(self);
	return 1;
}

wr_inline int wr_fast_udp(struct wr_hdr *h, struct wr_plain *f, __u32 at, __u32 room)
{
	const __u8 *b = f->data + at;
	__u32 len, tunnel;

	if (!wr_plain_has(f, at, 8))
		return wr_plain_end(f, WR_NEXT_IPPROTO | WR_IP_UDP, at, at + room);
	len = wr_be16(b + 4);
	if (len < 8 || len > room)
		return wr_plain_end(f, WR_NEXT_IPPROTO | WR_IP_UDP, at, at + room);
	h->sport = (__u16)wr_be16(b);
	h->dport = (__u16)wr_be16(b + 2);
	h->payload_len = len - 8;
	h->payload_off = (__u16)(at + 8 + f->shift);
	h->has |= WR_H_PORTS | WR_H_PAYLOAD;
	tunnel = wr_udp_tunnel_port(h->sport, h->dport);
	if (!tunnel)
		return 1;
	return wr_plain_end(f, WR_NEXT_TUNNEL | tunnel, at + 8, at + len);
}

wr_inline int wr_fast_l4(wr_self self, struct wr_hdr *h, struct wr_plain *f, __u32 proto, __u32 at,
			 __u32 room)
{
	if (proto == WR_IP_TCP)
		return wr_fast_tcp(self, h, f, at, room);
	if (proto == WR_IP_UDP)
		return wr_fast_udp(h, f, at, room);
	return wr_plain_end(f, WR_NEXT_IPPROTO | proto, at, at + room);
}

wr_inline int wr_fast_ip4(wr_self self, struct wr_hdr *h, struct wr_plain *f, __u32 at)
{
	const __u8 *b = f->data + at;
	__u32 total, frag;

	if (!wr_plain_has(f, at, 20) || b[0] != 0x45)
		return 0;
	total = wr_be16(b + 2);
	frag = wr_be16(b + 6);
	if (frag & 0x3fff || total < 20 || total + at > f->len)
		return 0;
	h->has = WR_H_IP | WR_H_PROTO | (frag & 0x4000 ? WR_H_DF : 0);
	h->ip_v = 4;
	h->ttl = b[8];
	h->tos = b[1];
	h->proto = b[9];
	h->ip_len = total - 20;
	h->ip_hdr_len = 20;
	wr_store32(h->src, wr_load32(b + 12));
	wr_store32(h->dst, wr_load32(b + 16));
	return wr_fast_l4(self, h, f, b[9], at + 20, total - 20);
}

wr_inline int wr_fast_ip6(wr_self self, struct wr_hdr *h, struct wr_plain *f, __u32 at)
{
	const __u8 *b = f->data + at;
	__u32 len;

	if (!wr_plain_has(f, at, 40) || b[0] >> 4 != 6)
		return 0;
	len = wr_be16(b + 4);
	if (!len || len + 40 + at > f->len)
		return 0;
	h->has = WR_H_IP | WR_H_PROTO;
	h->ip_v = 6;
	h->ttl = b[7];
	h->tos = (__u8)((b[0] << 4) | (b[1] >> 4));
	h->proto = b[6];
	h->ip_len = len;
	h->ip_hdr_len = 40;
	h->ext_len = 0;
	wr_store64(h->src, wr_load64(b + 8));
	wr_store64(h->src + 8, wr_load64(b + 16));
	wr_store64(h->dst, wr_load64(b + 24));
	wr_store64(h->dst + 8, wr_load64(b + 32));
	return wr_fast_l4(self, h, f, b[6], at + 40, len);
}

/* What stands behind the addresses and a tag, if there was one: f->data lies so that the EtherType
 * is at 12. */
wr_inline int wr_fast_type(wr_self self, struct wr_plain *f)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_rec *r = &p->rec;
	__u32 type = wr_be16(f->data + 12);

	if (type <= WR_ET_8023_MAX)
		return wr_plain_end(f, WR_NEXT_LINK, 0, 0);
	r->has = WR_HAS_ETHER | WR_HAS_ETHERTYPE;
	r->len = f->len + f->shift;
	r->linktype = WR_LINK_ETHER;
	r->ethertype = (__u16)type;
	wr_store32(&r->bad, f->shift ? 1 << 16 : 0); /* bad, bad_depth, nvlan, nmpls */
	if (f->shift)
		r->vlan[0] = (__u16)f->tci;
	r->hdr_off = 14 + f->shift;
	p->depth = 0;
	f->next = 0;
	if (type == WR_ET_IP4 && wr_fast_ip4(self, &r->hdr[0], f, 14))
		return 1;
	if (type == WR_ET_IP6 && wr_fast_ip6(self, &r->hdr[0], f, 14))
		return 1;
	return f->next ? 0 : wr_plain_end(f, WR_NEXT_ETHERTYPE | type, 14, f->len);
}

wr_inline void wr_fast_addresses(struct wr_rec *r, const __u8 *data)
{
	wr_store32(r->eth_dst, wr_load32(data));
	wr_store64(r->eth_dst + 4, wr_load64(data + 4));
}

/* A whole frame. 1: rec is filled. 0: the stages go on where f says. */
wr_inline int wr_fast(wr_self self, struct wr_plain *f)
{
	if (f->data + 14 > f->data_end)
		return wr_plain_end(f, WR_NEXT_LINK, 0, 0);
	wr_fast_addresses(&WR_PARSE_OF(self)->rec, f->data);
	return wr_fast_type(self, f);
}

/* Is that where wr_fast() came to an 802.1Q tag, the first one? */
wr_inline int wr_fast_is_tag(const struct wr_plain *f)
{
	return f->next == (WR_NEXT_ETHERTYPE | WR_ET_VLAN) && !f->shift;
}

/* The same frame, which has a tag: without it, it would begin four bytes later, but for the
 * addresses. Not in the middle of wr_fast(), which most frames would pay for. */
wr_inline int wr_fast_tagged(wr_self self, struct wr_plain *f)
{
	if (f->data + 18 > f->data_end)
		return wr_plain_end(f, WR_NEXT_LINK, 0, 0);
	wr_fast_addresses(&WR_PARSE_OF(self)->rec, f->data);
	f->tci = wr_be16(f->data + 14);
	f->data += 4;
	f->len -= 4;
	f->shift = 4;
	return wr_fast_type(self, f);
}

/* A whole packet of a link without a header of its own. 1: rec is filled. 0: as wr_fast(). */
wr_inline int wr_fast_raw(wr_self self, struct wr_plain *f)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_rec *r = &p->rec;

	if (f->shift || f->data + 1 > f->data_end)
		return wr_plain_end(f, WR_NEXT_LINK, 0, 0);
	r->has = 0;
	r->len = f->len;
	r->linktype = WR_LINK_RAW;
	wr_store32(&r->bad, 0); /* bad, bad_depth, nvlan, nmpls */
	r->hdr_off = 0;
	p->depth = 0;
	f->next = 0;
	if (f->data[0] >> 4 == 4 && wr_fast_ip4(self, &r->hdr[0], f, 0))
		return 1;
	if (f->data[0] >> 4 == 6 && wr_fast_ip6(self, &r->hdr[0], f, 0))
		return 1;
	return f->next ? 0 : wr_plain_end(f, WR_NEXT_LINK, 0, 0);
}

/* An IP header at the cursor, deep in a frame. 1: all is read. 0: go on at f->next, or read the
 * header with its stage when that is 0. */
wr_inline int wr_fast_here(wr_self self, struct wr_plain *f, __u32 version)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	__u32 off = p->off, lim = p->lim;

	f->next = 0;
#ifndef __bpf__
	if (p->stages_only)
		return 0;
#endif
	wr_keep(off);
	if (off > WR_WINDOW - WR_PLAIN_REACH || off >= lim)
		return 0;
	f->data = p->win + off;
	f->data_end = 0;
	f->have = lim - off;
	f->len = p->end - off;
	f->shift = off;
	if (version == 4)
		return wr_fast_ip4(self, wr_cur(p), f, 0);
	return wr_fast_ip6(self, wr_cur(p), f, 0);
}

/* Takes over where the fast path stopped. */
wr_inline int wr_go_on(struct wr_parse *p, const struct wr_plain *f)
{
	p->off = f->off;
	p->said_end = f->end;
	p->end = f->end;
	if (f->end < p->lim)
		p->lim = f->end;
	return (int)f->next;
}

#endif
