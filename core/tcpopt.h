/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_TCPOPT_H
#define WR_CORE_TCPOPT_H

#include "core/window.h"

/*
 * TCP options (RFC 9293, 3.1), read from the raw bytes that were copied to hdr.tcp_opt.
 *
 * What is found is kept in memory and not in registers, and the byte-wise step is a global
 * function: with decoded values in registers each turn of a loop is a new state for the verifier,
 * and kernels up to 6.1 refuse the program after a million of them.
 */

enum { WR_TCPOPT_DONE = 64, WR_TCPOPT_BROKEN = 65 }; /* behind any offset */

/* Codes for wr_tcpopt.order: a fingerprint of which options stand in which order. */
enum {
	WR_TCPCODE_EOL = 1,
	WR_TCPCODE_NOP = 2,
	WR_TCPCODE_MSS = 3,
	WR_TCPCODE_WSCALE = 4,
	WR_TCPCODE_SACK_OK = 5,
	WR_TCPCODE_SACK = 6,
	WR_TCPCODE_TS = 7,
	WR_TCPCODE_MD5 = 8,
	WR_TCPCODE_AO = 9,
	WR_TCPCODE_MPTCP = 10,
	WR_TCPCODE_TFO = 11,
	WR_TCPCODE_OTHER = 15,
};

/* Notes `count` options at once; code holds their codes, four bits each. */
wr_inline void wr_tcpopt_note(struct wr_tcpopt *o, __u32 seen, __u32 code, __u32 count)
{
	o->order = o->order << (4 * count) | code;
	o->seen |= seen;
}

/* An option of the right length tells its value; one of a wrong length is only noted as another. */
wr_inline void wr_tcpopt_value(struct wr_tcpopt *o, const __u8 *t, __u32 kind, __u32 len)
{
	if (kind == WR_TCPOPT_MSS && len == 4) {
		o->mss = (__u16)wr_be16(t + 2);
		wr_tcpopt_note(o, WR_OPT_MSS, WR_TCPCODE_MSS, 1);
	} else if (kind == WR_TCPOPT_WSCALE && len == 3) {
		o->wscale = t[2];
		wr_tcpopt_note(o, WR_OPT_WSCALE, WR_TCPCODE_WSCALE, 1);
	} else if (kind == WR_TCPOPT_SACK_OK && len == 2) {
		wr_tcpopt_note(o, WR_OPT_SACK_OK, WR_TCPCODE_SACK_OK, 1);
	} else if (kind == WR_TCPOPT_TS && len == 10) {
		o->tsval = wr_be32(t + 2);
		o->tsecr = wr_be32(t + 6);
		wr_tcpopt_note(o, WR_OPT_TS, WR_TCPCODE_TS, 1);
	} else if (kind == WR_TCPOPT_SACK && len >= 10 && !((len - 2) & 7)) {
		o->nsack = (__u8)((len - 2) / 8);
		wr_tcpopt_note(o, WR_OPT_SACK, WR_TCPCODE_SACK, 1);
	} else if (kind == WR_TCPOPT_MPTCP && len > 2) {
		o->mptcp = t[2] >> 4;
		wr_tcpopt_note(o, WR_OPT_MPTCP, WR_TCPCODE_MPTCP, 1);
	} else if (kind == WR_TCPOPT_TFO) {
		o->tfo_len = (__u8)(len - 2);
		wr_tcpopt_note(o, WR_OPT_TFO, WR_TCPCODE_TFO, 1);
	} else if (kind == WR_TCPOPT_MD5) {
		wr_tcpopt_note(o, WR_OPT_MD5, WR_TCPCODE_MD5, 1);
	} else if (kind == WR_TCPOPT_AO) {
		wr_tcpopt_note(o, WR_OPT_AO, WR_TCPCODE_AO, 1);
	} else {
		wr_tcpopt_note(o, WR_OPT_OTHER, WR_TCPCODE_OTHER, 1);
	}
}

/* Reads the option at byte i. Returns the offset of the next one, or WR_TCPOPT_DONE or _BROKEN. */
WR_STAGE wr_tcpopt_byte(wr_self self, __u32 i)
{
	struct wr_hdr *h = wr_cur(WR_PARSE_OF(self));
	__u32 n = h->tcp_opt_len, kind, len;
	const __u8 *t;

	if (i >= n || i >= WR_MAX_TCPOPT)
		return WR_TCPOPT_DONE;
	t = h->tcp_opt + i;
	kind = t[0];
	if (kind == WR_TCPOPT_NOP) {
		wr_tcpopt_note(&h->opt, WR_OPT_NOP, WR_TCPCODE_NOP, 1);
		return (int)i + 1;
	}
	if (kind == WR_TCPOPT_EOL) {
		wr_tcpopt_note(&h->opt, WR_OPT_EOL, WR_TCPCODE_EOL, 1);
		return WR_TCPOPT_DONE;
	}
	if (i + 1 >= n)
		return WR_TCPOPT_BROKEN;
	len = t[1]; /* t may reach beyond tcp_opt: struct wr_hdr goes on there */
	if (len < 2 || i + len > n)
		return WR_TCPOPT_BROKEN;
	wr_tcpopt_value(&h->opt, t, kind, len);
	return (int)(i + len);
}

/*
 * Senders pad options to words of four bytes in few ways. Reads one such word, and the two behind
 * it when it begins timestamps. Returns the number of words read, 0 when this is none of them.
 */
wr_inline __u32 wr_tcpopt_word(struct wr_tcpopt *o, const __u8 *t, __u32 left)
{
	__u32 w = wr_be32(t);

	if (w >> 16 == 0x0204) { /* MSS */
		o->mss = (__u16)w;
		wr_tcpopt_note(o, WR_OPT_MSS, WR_TCPCODE_MSS, 1);
		return 1;
	}
	if (w >> 8 == 0x010303) { /* NOP, window scale */
		o->wscale = (__u8)w;
		wr_tcpopt_note(o, WR_OPT_NOP | WR_OPT_WSCALE, 0x24, 2);
		return 1;
	}
	if (w == 0x01010402) { /* NOP, NOP, SACK permitted */
		wr_tcpopt_note(o, WR_OPT_NOP | WR_OPT_SACK_OK, 0x225, 3);
		return 1;
	}
	if (left < 3)
		return 0;
	if (w == 0x0402080a) /* SACK permitted, timestamps */
		wr_tcpopt_note(o, WR_OPT_SACK_OK | WR_OPT_TS, 0x57, 2);
	else if (w == 0x0101080a) /* NOP, NOP, timestamps */
		wr_tcpopt_note(o, WR_OPT_NOP | WR_OPT_TS, 0x227, 3);
	else
		return 0;
	o->tsval = wr_be32(t + 4);
	o->tsecr = wr_be32(t + 8);
	return 3;
}

/* The options of nearly every segment of a running connection: NOP, NOP, timestamps. */
wr_inline int wr_tcpopt_running(struct wr_hdr *h)
{
	const __u8 *t = h->tcp_opt;

	if (wr_be32(t) != 0x0101080a)
		return 0;
	h->opt.order = 0x227;
	h->opt.seen = WR_OPT_NOP | WR_OPT_TS;
	h->opt.tsval = wr_be32(t + 4);
	h->opt.tsecr = wr_be32(t + 8);
	h->has |= WR_H_TCPOPT;
	return 1;
}

/* Those of a SYN of Linux and others: MSS, SACK permitted, timestamps, NOP, window scale. */
wr_inline int wr_tcpopt_opening(struct wr_hdr *h)
{
	const __u8 *t = h->tcp_opt;
	__u32 first = wr_be32(t), last = wr_be32(t + 16);

	if (first >> 16 != 0x0204 || wr_be32(t + 4) != 0x0402080a || last >> 8 != 0x010303)
		return 0;
	h->opt.order = 0x35724;
	h->opt.seen = WR_OPT_MSS | WR_OPT_SACK_OK | WR_OPT_TS | WR_OPT_NOP | WR_OPT_WSCALE;
	h->opt.mss = (__u16)first;
	h->opt.wscale = (__u8)last;
	h->opt.tsval = wr_be32(t + 8);
	h->opt.tsecr = wr_be32(t + 12);
	h->has |= WR_H_TCPOPT;
	return 1;
}

/* The two usual sets of options, without a walk. Anything else: 0. */
wr_inline int wr_tcpopt_plain(struct wr_hdr *h, __u32 n)
{
	if (n == 12)
		return wr_tcpopt_running(h);
	return n == 20 && wr_tcpopt_opening(h);
}

/* All options of the current header: words as long as they are usual, then bytes. */
WR_STAGE wr_tcpopt_parse(wr_self self)
{
	struct wr_parse *p = WR_PARSE_OF(self);
	struct wr_hdr *h = wr_cur(p);
	__u32 words = h->tcp_opt_len / 4, i = 0, turn, n;

	h->has |= WR_H_TCPOPT;
	h->opt.order = 0;
	h->opt.seen = 0;
	while (i < WR_MAX_TCPOPT / 4 && i < words) {
		n = wr_tcpopt_word(&h->opt, h->tcp_opt + i * 4, words - i);
		if (!n)
			break;
		i += n;
	}
	i *= 4;
	for (turn = 0; turn < WR_MAX_TCPOPT; turn++) {
		if (i >= h->tcp_opt_len || i >= WR_TCPOPT_DONE)
			break;
		i = (__u32)wr_tcpopt_byte(self, i);
	}
	if (i == WR_TCPOPT_BROKEN)
		wr_mark(p, WR_BAD_TCP_OPT);
	return 0;
}

#endif
