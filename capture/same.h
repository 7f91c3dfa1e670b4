/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CAPTURE_SAME_H
#define WR_CAPTURE_SAME_H

/*
 * Are two records the same? Fields whose bit in `has` is not set, or that lie behind a count, hold
 * whatever an earlier packet left there and are not compared. Host only; for tests, and to hold a
 * build of the kernel programs against this one (control/selftest.h).
 */

#include <string.h>

#include "core/record.h"

#define WR_SAME_FIELD(a, b, field)                                        \
	do {                                                              \
		if (memcmp(&(a)->field, &(b)->field, sizeof((a)->field))) \
			return #field;                                    \
	} while (0)

#define WR_SAME_BYTES(a, b, field, n)                    \
	do {                                             \
		if (memcmp((a)->field, (b)->field, (n))) \
			return #field;                   \
	} while (0)

/* The first n elements, n being no more than there are. */
#define WR_SAME_SOME(a, b, field, n)                                                           \
	do {                                                                                   \
		size_t n_ = (n) * sizeof((a)->field[0]);                                       \
                                                                                               \
		WR_SAME_BYTES(a, b, field, n_ < sizeof((a)->field) ? n_ : sizeof((a)->field)); \
	} while (0)

static inline const char *wr_tcpopt_differs(const struct wr_tcpopt *a, const struct wr_tcpopt *b)
{
	WR_SAME_FIELD(a, b, order);
	WR_SAME_FIELD(a, b, seen);
	if (a->seen & WR_OPT_MSS)
		WR_SAME_FIELD(a, b, mss);
	if (a->seen & WR_OPT_WSCALE)
		WR_SAME_FIELD(a, b, wscale);
	if (a->seen & WR_OPT_SACK)
		WR_SAME_FIELD(a, b, nsack);
	if (a->seen & WR_OPT_TS) {
		WR_SAME_FIELD(a, b, tsval);
		WR_SAME_FIELD(a, b, tsecr);
	}
	if (a->seen & WR_OPT_MPTCP)
		WR_SAME_FIELD(a, b, mptcp);
	if (a->seen & WR_OPT_TFO)
		WR_SAME_FIELD(a, b, tfo_len);
	return NULL;
}

static inline const char *wr_hdr_ip_differs(const struct wr_hdr *a, const struct wr_hdr *b)
{
	size_t addr = a->ip_v == 4 ? 4 : 16;

	WR_SAME_FIELD(a, b, ip_v);
	WR_SAME_FIELD(a, b, ttl);
	WR_SAME_FIELD(a, b, tos);
	WR_SAME_FIELD(a, b, ip_len);
	WR_SAME_FIELD(a, b, ip_hdr_len);
	WR_SAME_BYTES(a, b, src, addr);
	WR_SAME_BYTES(a, b, dst, addr);
	return NULL;
}

static inline const char *wr_hdr_tcp_differs(const struct wr_hdr *a, const struct wr_hdr *b)
{
	WR_SAME_FIELD(a, b, seq);
	WR_SAME_FIELD(a, b, ack);
	WR_SAME_FIELD(a, b, tcp_flags);
	WR_SAME_FIELD(a, b, window);
	WR_SAME_FIELD(a, b, tcp_opt_len);
	if (!(a->has & WR_H_TCPOPT))
		return NULL;
	WR_SAME_SOME(a, b, tcp_opt, a->tcp_opt_len);
	return wr_tcpopt_differs(&a->opt, &b->opt);
}

static inline const char *wr_hdr_l4_differs(const struct wr_hdr *a, const struct wr_hdr *b)
{
	if (a->has & WR_H_PORTS) {
		WR_SAME_FIELD(a, b, sport);
		WR_SAME_FIELD(a, b, dport);
	}
	if (a->has & WR_H_IGMP)
		WR_SAME_FIELD(a, b, icmp_type);
	if (a->has & WR_H_ICMP) {
		WR_SAME_FIELD(a, b, icmp_type);
		WR_SAME_FIELD(a, b, icmp_code);
	}
	if (a->has & WR_H_PAYLOAD) {
		WR_SAME_FIELD(a, b, payload_len);
		WR_SAME_FIELD(a, b, payload_off);
	}
	return a->has & WR_H_TCP ? wr_hdr_tcp_differs(a, b) : NULL;
}

/* NULL: the same. Else the name of the first field that differs. */
static inline const char *wr_hdr_differs(const struct wr_hdr *a, const struct wr_hdr *b)
{
	const char *ip;

	WR_SAME_FIELD(a, b, has);
	if (a->has & WR_H_CUT_LEN) {
		WR_SAME_FIELD(a, b, ip_v);
		WR_SAME_FIELD(a, b, tos);
		WR_SAME_FIELD(a, b, ip_len);
		WR_SAME_FIELD(a, b, ip_hdr_len);
	}
	if (a->has & WR_H_CUT_TTL) {
		WR_SAME_FIELD(a, b, ttl);
		WR_SAME_FIELD(a, b, proto);
	}
	if (a->has & WR_H_CUT_SRC)
		WR_SAME_SOME(a, b, src, a->ip_v == 4 ? 4 : 16);
	if (a->has & WR_H_VERSION)
		WR_SAME_FIELD(a, b, ip_v);
	ip = a->has & WR_H_IP ? wr_hdr_ip_differs(a, b) : NULL;
	if (ip)
		return ip;
	if (a->has & WR_H_PROTO)
		WR_SAME_FIELD(a, b, proto);
	if (a->has & WR_H_FRAG) {
		WR_SAME_FIELD(a, b, frag_off);
		WR_SAME_FIELD(a, b, frag_id);
	}
	if (a->has & WR_H_EXT) {
		WR_SAME_FIELD(a, b, ext_len);
		WR_SAME_SOME(a, b, ext, a->ext_len);
	}
	return wr_hdr_l4_differs(a, b);
}

static inline const char *wr_rec_link_differs(const struct wr_rec *a, const struct wr_rec *b)
{
	WR_SAME_FIELD(a, b, linktype);
	WR_SAME_FIELD(a, b, nvlan);
	WR_SAME_FIELD(a, b, nmpls);
	WR_SAME_SOME(a, b, vlan, a->nvlan);
	WR_SAME_SOME(a, b, mpls, a->nmpls);
	if (a->has & WR_HAS_ETHER) {
		WR_SAME_FIELD(a, b, eth_dst);
		WR_SAME_FIELD(a, b, eth_src);
	}
	if (a->has & WR_HAS_ETHERTYPE)
		WR_SAME_FIELD(a, b, ethertype);
	if (a->has & WR_HAS_PPPOE)
		WR_SAME_FIELD(a, b, pppoe_session);
	if (a->has & WR_HAS_ARP)
		WR_SAME_FIELD(a, b, arp_op);
	if (a->has & WR_HAS_ARP_ADDR) {
		WR_SAME_BYTES(a, b, hdr[0].src, 4);
		WR_SAME_BYTES(a, b, hdr[0].dst, 4);
		WR_SAME_BYTES(a, b, hdr[0].ext, 12);
	}
	return NULL;
}

static inline const char *wr_rec_inner_differs(const struct wr_rec *a, const struct wr_rec *b)
{
	WR_SAME_FIELD(a, b, tunnel);
	WR_SAME_FIELD(a, b, depth);
	return wr_hdr_differs(&a->hdr[1], &b->hdr[1]);
}

/* NULL: the same. Else the name of the first field that differs. */
static inline const char *wr_rec_differs(const struct wr_rec *a, const struct wr_rec *b)
{
	const char *field;

	WR_SAME_FIELD(a, b, bad);
	if (a->bad)
		WR_SAME_FIELD(a, b, bad_depth);
	WR_SAME_FIELD(a, b, has);
	WR_SAME_FIELD(a, b, len);
	WR_SAME_FIELD(a, b, gso_segs);
	WR_SAME_FIELD(a, b, hdr_off);
	field = wr_rec_link_differs(a, b);
	if (field)
		return field;
	if (a->has & WR_HAS_VNI)
		WR_SAME_FIELD(a, b, vni);
	field = wr_hdr_differs(&a->hdr[0], &b->hdr[0]);
	if (field || !(a->has & WR_HAS_INNER))
		return field;
	return wr_rec_inner_differs(a, b);
}

static inline int wr_rec_same(const struct wr_rec *a, const struct wr_rec *b)
{
	return !wr_rec_differs(a, b);
}

#endif
