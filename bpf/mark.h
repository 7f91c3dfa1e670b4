/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_MARK_H
#define WR_BPF_MARK_H

#include "bpf/maps.h"

/* The mark "congestion experienced" (ECN, RFC 3168) in a packet that is no skb yet: where the
 * kernel has no helper for it. */
enum { WR_ECN = 3, WR_ECN_CE = 3 };

/* The byte grows by more, and with it the checksum of the header shrinks (RFC 1624). */
static __always_inline void wr_mark4(__u8 *ip, __u32 more)
{
	__u32 sum = (__u16) ~(__u16)(ip[10] << 8 | ip[11]);

	sum += more;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (__u16) ~(__u16)sum;
	ip[1] += more;
	ip[10] = (__u8)(sum >> 8);
	ip[11] = (__u8)sum;
}

/* 1 when the packet bears the mark now; 0: its ends do not know it. */
static __always_inline int wr_ecn_mark(struct xdp_md *ctx, __u32 cpu)
{
	const struct wr_rec *rec = &WR_PARSE_OF(cpu)->rec;
	__u32 off = *(volatile const __u32 *)&rec->hdr_off & 0xff, ecn;
	__u8 *ip = (__u8 *)(long)ctx->data + off, *end = (__u8 *)(long)ctx->data_end;

	if (!(rec->hdr[0].has & WR_H_IP) || ip + 20 > end)
		return 0;
	if (rec->hdr[0].ip_v == 4) {
		ecn = ip[1] & WR_ECN;
		if (ecn && ecn != WR_ECN_CE)
			wr_mark4(ip, WR_ECN_CE - ecn);
		return ecn != 0;
	}
	ecn = ip[1] >> 4 & WR_ECN;
	if (ecn)
		ip[1] |= WR_ECN_CE << 4;
	return ecn != 0;
}

#endif
