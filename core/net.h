/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_NET_H
#define WR_CORE_NET_H

#include "core/fast.h"

/* IPv4 and IPv6 with what stands between them and the transport header. */

enum { WR_IP4OPT_DONE = 64, WR_IP4OPT_BROKEN = 65 }; /* behind any offset */

/* Steps over the option at byte i. Returns the offset of the next one, or WR_IP4OPT_DONE or
 * _BROKEN. A function of its own for the verifier's sake, see tcpopt.h. */
WR_STAGE wr_ip4_option(wr_self self, __u32 i)
{
	struct wr_hdr *h = wr_cur(WR_PARSE_OF(self));
	__u32 n = h->ext_len, len;

	if (i >= n || i >= WR_MAX_EXT || h->ext[i] == 0)
		return WR_IP4OPT_DONE;
	if (h->ext[i] == 1)
		return (int)i + 1;
	if (i + 1 >= n || i + 1 >= WR_MAX_EXT)
		return WR_IP4OPT_BROKEN;
	len = h->ext[i + 1];
	if (len < 2 || i + len > n)
		return WR_IP4OPT_BROKEN;
	return (int)(i + len);
}

/* Raw options, and whether their lengths add up (RFC 791, 3.1). */
WR_STAGE wr_ip4_options(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	__u32 n = h->ip_hdr_len, off = p->off + 20, i, turn;
	const __u8 *b;

	if (n < 24 || n > 60)
		return 0;
	n -= 20;
	for (i = 0; i < WR_MAX_EXT && i < n; i += 4) {
		b = wr_at(p, off + i, 4);
		if (!b)
			return wr_short(p, off + i, 4, WR_BAD_IP4_SHORT);
		wr_store32(h->ext + i, wr_load32(b));
	}
	h->ext_len = (__u8)n;
	h->has |= WR_H_EXT;
	i = 0;
	for (turn = 0; turn < WR_MAX_EXT && i < WR_IP4OPT_DONE; turn++)
		i = (__u32)wr_ip4_option(self, i);
	if (i == WR_IP4OPT_BROKEN)
		wr_mark(p, WR_BAD_IP4_OPT);
	return 0;
}

/* Marks a fragment; later ones have no transport header (RFC 791, 3.2; RFC 8200, 4.5). */
wr_inline int wr_fragment(struct wr_parse *p, struct wr_hdr *h, __u32 off, __u32 more, __u32 bytes,
			  __u32 id)
{
	h->has |= WR_H_FRAG | (more ? WR_H_MF : 0);
	h->frag_id = (__u16)(id ^ id >> 16);
	h->frag_off = (__u16)off;
	if (off + bytes > 65535)
		wr_mark(p, WR_BAD_FRAG_OVER);
	if (more)
		p->partial = 1;
	return off != 0;
}

/* What there is of an IPv4 header that is cut before its end. */
WR_STAGE wr_ip4_cut(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	const __u8 *b = wr_at(p, p->off, 4);
	__u32 len;

	if (!b || b[0] >> 4 != 4)
		return 0;
	len = wr_be16(b + 2);
	h->ip_v = 4;
	h->tos = b[1];
	h->ip_hdr_len = (__u16)((b[0] & 15) * 4);
	h->ip_len = len > h->ip_hdr_len ? len - h->ip_hdr_len : 0;
	h->has |= WR_H_CUT_LEN;
	b = wr_at(p, p->off + 8, 2);
	if (!b)
		return 0;
	h->ttl = b[0];
	h->proto = b[1];
	h->has |= WR_H_CUT_TTL;
	b = wr_at(p, p->off + 12, 4);
	if (!b)
		return 0;
	wr_store32(h->src, wr_load32(b));
	h->has |= WR_H_CUT_SRC;
	return 0;
}

/* The same of IPv6. */
WR_STAGE wr_ip6_cut(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	const __u8 *b = wr_at(p, p->off, 8);

	if (!b || b[0] >> 4 != 6)
		return 0;
	h->ip_v = 6;
	h->tos = (__u8)((b[0] << 4) | (b[1] >> 4));
	h->ip_hdr_len = 40;
	h->ip_len = wr_be16(b + 4);
	h->proto = b[6];
	h->ttl = b[7];
	h->has |= WR_H_CUT_LEN | WR_H_CUT_TTL;
	b = wr_at(p, p->off + 8, 16);
	if (!b)
		return 0;
	wr_store64(h->src, wr_load64(b));
	wr_store64(h->src + 8, wr_load64(b + 8));
	h->has |= WR_H_CUT_SRC;
	return 0;
}

/* RFC 791. A total length of 0 is a packet that segmentation offload made too long for the field.
 */
WR_STAGE wr_ip4(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	__u32 ihl, total, frag, next;
	struct wr_plain f;
	const __u8 *b;

	if (!p->depth)
		p->rec.hdr_off = p->off;
	if (wr_fast_here(self, &f, 4))
		return 0;
	if (f.next)
		return wr_go_on(p, &f);
	b = wr_need(p, 20, WR_BAD_IP4_SHORT);
	if (!b)
		return wr_ip4_cut(self);
	h->ip_v = b[0] >> 4;
	h->has = WR_H_VERSION;
	if (h->ip_v != 4)
		return wr_stop(p, WR_BAD_IP4_VERSION);
	ihl = (b[0] & 15) * 4;
	total = wr_be16(b + 2);
	frag = wr_be16(b + 6);
	if (!total)
		total = p->end - p->off;
	wr_store32(h->src, wr_load32(b + 12));
	wr_store32(h->dst, wr_load32(b + 16));
	h->tos = b[1];
	h->ttl = b[8];
	h->proto = b[9];
	h->ip_hdr_len = (__u16)ihl;
	h->ip_len = total > ihl ? total - ihl : 0;
	h->has = WR_H_IP | WR_H_PROTO | (frag & 0x4000 ? WR_H_DF : 0);
	next = WR_NEXT_IPPROTO | b[9];
	if (ihl < 20)
		return wr_stop(p, WR_BAD_IP4_IHL);
	if (total < ihl)
		return wr_stop(p, WR_BAD_IP4_LEN);
	wr_end_at(p, p->off + total, WR_BAD_IP4_OVER);
	if (ihl > 20)
		wr_ip4_options(self);
	if (frag & 0x3fff &&
	    wr_fragment(p, h, (frag & 0x1fff) * 8, frag & 0x2000, total - ihl, wr_be16(b + 4)))
		next = 0;
	return wr_on(p, ihl, next);
}

wr_inline int wr_is_ip6_ext(__u32 proto)
{
	return proto == WR_IP_HOPOPT || proto == WR_IP_ROUTING || proto == WR_IP_FRAGMENT ||
	       proto == WR_IP_AH || proto == WR_IP_DSTOPTS || proto == WR_IP_MOBILITY ||
	       proto == WR_IP_HIP || proto == WR_IP_SHIM6;
}

/* RFC 8200, 3. Payload length 0 with data behind it is a jumbogram or an offloaded packet. */
WR_STAGE wr_ip6(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	struct wr_plain f;
	const __u8 *b;
	__u32 len, next;

	if (!p->depth)
		p->rec.hdr_off = p->off;
	if (wr_fast_here(self, &f, 6))
		return 0;
	if (f.next)
		return wr_go_on(p, &f);
	b = wr_need(p, 40, WR_BAD_IP6_SHORT);
	if (!b)
		return wr_ip6_cut(self);
	h->ip_v = b[0] >> 4;
	h->has = WR_H_VERSION;
	if (h->ip_v != 6)
		return wr_stop(p, WR_BAD_IP6_VERSION);
	len = wr_be16(b + 4);
	next = b[6];
	h->tos = (__u8)((b[0] << 4) | (b[1] >> 4));
	h->ttl = b[7];
	h->proto = (__u8)next;
	h->ip_hdr_len = 40;
	h->ip_len = len;
	h->ext_len = 0;
	h->has = WR_H_IP | WR_H_PROTO;
	wr_store64(h->src, wr_load64(b + 8));
	wr_store64(h->src + 8, wr_load64(b + 16));
	wr_store64(h->dst, wr_load64(b + 24));
	wr_store64(h->dst + 8, wr_load64(b + 32));
	if (len)
		wr_end_at(p, p->off + 40 + len, WR_BAD_IP6_OVER);
	else
		p->said_end = p->end;
	return wr_on(p, 40, WR_NEXT_IPPROTO | next);
}

/*
 * One extension header (RFC 8200, 4; AH: RFC 4302): noted, measured, stepped over. The same
 * function serves AH behind IPv4, where it does not count as an extension and the protocol stays
 * AH.
 */
WR_STAGE wr_ip6_ext(wr_self self, __u32 kind)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	__u32 n = h->ext_len, size;
	const __u8 *b = wr_need(p, 8, kind == WR_IP_AH ? WR_BAD_AH_SHORT : WR_BAD_IP6_EXT_SHORT);

	if (!b)
		return 0;
	/* Only an ordinary payload length can be that of a fragment (RFC 2675, 3). */
	if (kind == WR_IP_FRAGMENT && !h->ip_len)
		return wr_stop(p, WR_BAD_IP6_EXT_SHORT);
	if (h->ip_v == 6) {
		if (n >= WR_MAX_EXT)
			return wr_stop(p, WR_BAD_IP6_EXT_MANY);
		h->ext[n] = (__u8)kind;
		h->ext_len = (__u8)(n + 1);
		h->has |= WR_H_EXT;
		h->proto = b[0];
	}
	if (kind == WR_IP_FRAGMENT) {
		__u32 frag = wr_be16(b + 2);

		size = p->said_end - p->off -
		       8; /* an atomic fragment (RFC 6946) is a whole packet */
		if (wr_fragment(p, h, frag & 0xfff8, frag & 1, size, wr_be32(b + 4)))
			return 0;
		return wr_on(p, 8, WR_NEXT_IPPROTO | b[0]);
	}
	size = kind == WR_IP_AH ? (b[1] + 2u) * 4 : (b[1] + 1u) * 8;
	if (kind == WR_IP_AH && size < 12)
		return wr_stop(p, WR_BAD_AH_SHORT);
	if (p->off + size > p->end)
		wr_mark(p, kind == WR_IP_AH ? WR_BAD_AH_SHORT : WR_BAD_IP6_EXT_SHORT);
	return wr_on(p, size, WR_NEXT_IPPROTO | b[0]);
}

#endif
