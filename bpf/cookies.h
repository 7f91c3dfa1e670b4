/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_COOKIES_H
#define WR_BPF_COOKIES_H

/*
 * SYN cookies (RFC 4987, 3.6), for what core/judge.h has chosen. The kernel's own: its helper makes
 * the cookie for a socket that listens, and notes there that it did, so that the stack takes the
 * ACK that brings it back (tcp_synq_overflow(); without that it would not, whatever the sysctl
 * says). No state is kept, no connection is made here.
 *
 * The including file has, besides what path.h wants:
 *   WR_CTX_IFINDEX(ctx)   where the packet came in
 *   wr_ctx_is_ours(ctx)   1: it is sent to this interface's own address
 *   wr_ctx_reach(ctx, n)  makes the first n bytes readable in one piece, where that can be done
 */

#include "bpf/path.h"

enum {
	WR_COOKIE_MTU = 1500, /* where the kernel does not tell (before 5.12) */
	WR_COOKIE_TTL = 64,
	WR_COOKIE_FLIGHT = 10, /* segments that a host may send at first (RFC 6928) */
	WR_COOKIE_OFF = 32,    /* no IP header that is answered lies further behind */
	WR_COOKIE_WRONG = -2,  /* ENOENT */
	WR_COOKIE_NOBODY = -4096,
	WR_TCP_LEN = 20,
	WR_TCP_MOST = 60,
	WR_TCP_MSS_LEN = 4,
	WR_ETHER_MIN = 60,
};

/* Where the IP header lies when nothing but Ethernet and VLAN tags stand before it; -1: else. */
static __always_inline int wr_cookie_at(wr_ctx *ctx, const struct wr_rec *rec)
{
	__u32 tags = rec->nvlan, off = rec->hdr_off;

	if (rec->bad || rec->has & (WR_HAS_INNER | WR_HAS_LLC | WR_HAS_PPPOE))
		return -1;
	if (wr_fixed.linktype != WR_LINK_ETHER)
		return off ? -1 : 0;
	if (tags > WR_MAX_VLAN || off != 14 + 4 * tags)
		return -1;
	return (int)(off - (wr_ctx_tag(ctx) ? 4 : 0));
}

/* Is the address one of this host's? A socket that listens on all addresses is found for any. Where
 * nothing is forwarded, the frame's address is enough. */
static __always_inline int wr_cookie_is_local(wr_ctx *ctx, const struct wr_hdr *h)
{
	struct bpf_fib_lookup fib = {
		.family = h->ip_v == 4 ? 2 : 10, /* AF_INET, AF_INET6 */
		.l4_protocol = WR_IP_TCP,
		.sport = wr_ntoh16(h->sport),
		.dport = wr_ntoh16(h->dport),
		.tot_len = WR_TCP_LEN,
		.ifindex = WR_CTX_IFINDEX(ctx),
	};
	long rc;

	if (h->ip_v == 4) {
		fib.ipv4_src = wr_load32(h->src);
		fib.ipv4_dst = wr_load32(h->dst);
	} else {
		__builtin_memcpy(fib.ipv6_src, h->src, sizeof(fib.ipv6_src));
		__builtin_memcpy(fib.ipv6_dst, h->dst, sizeof(fib.ipv6_dst));
	}
	rc = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	return rc == BPF_FIB_LKUP_RET_NOT_FWDED || rc == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

static __always_inline void *wr_cookie_socket(wr_ctx *ctx, const struct wr_hdr *h)
{
	struct bpf_sock_tuple t = {};

	if (h->ip_v == 4) {
		t.ipv4.saddr = wr_load32(h->src);
		t.ipv4.daddr = wr_load32(h->dst);
		t.ipv4.sport = wr_ntoh16(h->sport);
		t.ipv4.dport = wr_ntoh16(h->dport);
		return bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(t.ipv6.saddr, h->src, sizeof(t.ipv6.saddr));
	__builtin_memcpy(t.ipv6.daddr, h->dst, sizeof(t.ipv6.daddr));
	t.ipv6.sport = wr_ntoh16(h->sport);
	t.ipv6.dport = wr_ntoh16(h->dport);
	return bpf_skc_lookup_tcp(ctx, &t, sizeof(t.ipv6), BPF_F_CURRENT_NETNS, 0);
}

/* What may be sent to us in one segment: no more than the cookie says of the client, no more than
 * fits our link. */
static __always_inline __u16 wr_cookie_mss(wr_ctx *ctx, __u32 mss, __u32 headers)
{
	__u32 mtu = 0;

	if (wr_fixed.check_mtu)
		bpf_check_mtu(ctx, 0, &mtu, 0, 0);
	if (!mtu)
		mtu = WR_COOKIE_MTU;
	return (__u16)(mss + headers > mtu ? mtu - headers : mss);
}

/* Asks the socket. ip, tcp: copies of the headers, the latter with its options. The kernel's
 * answer: of a SYN its cookie and the segment size in it, of an ACK 0 when its cookie is right;
 * -ENOENT; or WR_COOKIE_NOBODY: nobody listens there, or the connection is known. */
static __always_inline __s64 wr_cookie_ask(wr_ctx *ctx, const struct wr_hdr *h, int syn, void *ip,
					   __u32 ip_len, void *tcp, __u32 tcp_len)
{
	struct bpf_sock *sk = wr_cookie_socket(ctx, h);
	__s64 said = WR_COOKIE_NOBODY;

	if (!sk)
		return WR_COOKIE_NOBODY;
	if (sk->state == BPF_TCP_LISTEN && syn)
		said = bpf_tcp_gen_syncookie(sk, ip, (int)ip_len, tcp, (int)tcp_len);
	else if (sk->state == BPF_TCP_LISTEN)
		said = bpf_tcp_check_syncookie(sk, ip, (int)ip_len, tcp, (int)tcp_len);
	bpf_sk_release(sk);
	return said;
}

static __always_inline __s64 wr_cookie_of(wr_ctx *ctx, __u32 cpu, __u32 off)
{
	const struct wr_hdr *h = &WR_JUDGE_REC(cpu)->hdr[0];
	__u32 ip_len = h->ip_v == 4 ? 20 : 40, n = off + ip_len + WR_TCP_MOST, tcp_len;
	int syn = WR_JUDGE_OF(cpu)->cookie == WR_COOKIE_SYN;
	__u8 *ip = WR_PARSE_OF(cpu)->win + off, *tcp = ip + ip_len;

	if (n > wr_ctx_len(ctx))
		n = wr_ctx_len(ctx);
	wr_ctx_reach(ctx, n);
	if (wr_copy(ctx, WR_PARSE_OF(cpu)->win, n))
		return WR_COOKIE_NOBODY;
	tcp_len = tcp[12] >> 4 << 2;
	wr_keep(tcp_len);
	if (tcp_len < WR_TCP_LEN || tcp_len > WR_TCP_MOST || off + ip_len + tcp_len > n)
		return WR_COOKIE_NOBODY;
	if (h->ip_v == 4 && ip[0] == 0x45)
		return wr_cookie_ask(ctx, h, syn, ip, 20, ip + 20, tcp_len);
	if (h->ip_v == 6 && ip[6] == WR_IP_TCP)
		return wr_cookie_ask(ctx, h, syn, ip, 40, ip + 40, tcp_len);
	return WR_COOKIE_NOBODY; /* options, extension headers: for the stack, as it comes */
}

/* From an address that the stack throws away (a martian: loopback, multicast, broadcast): an answer
 * would reach many, or us. 240.0.0.0/4 is none of them, nor is what NAT64 begins with. */
static __always_inline int wr_cookie_is_nobody(const struct wr_hdr *h)
{
	if (h->ip_v == 4)
		return h->src[0] == 0 || (h->src[0] & 0xf0) == 224 ||
		       wr_load32(h->src) == 0xffffffff || (h->src[0] == 127 && h->dst[0] != 127);
	return h->src[0] == 0xff || (!wr_load32(h->src) && wr_load32(h->dst));
}

/* The connection's socket may be bound to another interface than this one (that of the VLAN, of the
 * scope) and is not found from here: nothing is known of such an ACK. */
static __always_inline int wr_cookie_is_elsewhere(const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[0];

	return rec->nvlan || (h->ip_v == 6 && h->src[0] == 0xfe && (h->src[1] & 0xc0) == 0x80);
}

/* 1: it is decided: the SYN will be answered, or the ACK's cookie is wrong. 0: the rules go on as
 * if the one that has chosen it were not there. */
__attribute__((noinline)) int wr_cookie(wr_ctx *ctx, __u32 cpu)
{
	struct wr_judge *j = WR_JUDGE_OF(cpu);
	const struct wr_rec *rec = WR_JUDGE_REC(cpu);
	int off = wr_cookie_at(ctx, rec), syn = j->cookie == WR_COOKIE_SYN;
	__s64 said;

	if (off < 0 || !wr_ctx_is_ours(ctx))
		return 0;
	if (syn ? wr_cookie_is_nobody(&rec->hdr[0]) : wr_cookie_is_elsewhere(rec))
		return 0;
	said = wr_cookie_of(ctx, cpu, (__u32)off & (WR_COOKIE_OFF - 1));
	if (syn ? said < 0 : said != WR_COOKIE_WRONG)
		return 0;
	if (!wr_cookie_is_local(ctx, &rec->hdr[0]))
		return 0;
	j->verdict = syn ? WR_VERDICT_ANSWER : WR_VERDICT_DROP;
	j->seq = (__u32)said;
	j->mss = wr_cookie_mss(ctx, (__u32)(said >> 32) & 0xffff, rec->hdr[0].ip_v == 4 ? 40 : 60);
	j->ip_off = (__u8)off;
	j->klass = WR_NO_CLASS;
	wr_judge_hit(cpu);
	return 1;
}

static __always_inline int wr_cookies_path(wr_ctx *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct wr_judge *j = WR_JUDGE_OF(cpu);

	if (!wr_cookie(ctx, cpu)) {
		j->cookie = WR_COOKIE_DONE;
		wr_ask_others(ctx, cpu, wr_judge_again(cpu));
	}
	return wr_decided(ctx, cpu, j->len, j->why);
}

/* ---- the answer, when the SYN has been counted ---- */

/* Words as they lie in the packet. */
struct wr_answer {
	__u32 ip[10], tcp[6];
	__u32 tcp_sum, pseudo_sum; /* one's complement, not folded to 16 bits */
};

static __always_inline __u32 wr_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__u32)sum;
}

static __always_inline __u16 wr_check(__u64 sum)
{
	sum = wr_fold(sum);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

/* With the option for the segment size where there is room for it: a SYN without any option is as
 * short as a TCP header can be, and is not made longer. */
static __always_inline void wr_answer_tcp(struct wr_answer *a, const __u8 *tcp,
					  const struct wr_judge *j, int room)
{
	__u32 ports = wr_load32(tcp), flight = WR_COOKIE_FLIGHT * j->mss;
	__u32 words = room ? WR_TCP_LEN / 4 + 1 : WR_TCP_LEN / 4;

	if (flight > 65535)
		flight = 65535;
	a->tcp[0] = ports << 16 | ports >> 16;
	a->tcp[1] = wr_ntoh32(j->seq);
	a->tcp[2] = wr_ntoh32(wr_ntoh32(wr_load32(tcp + 4)) + 1);
	a->tcp[3] = wr_ntoh32(words << 28 | (WR_TCP_SYN | WR_TCP_ACK) << 16 | flight);
	a->tcp[4] = 0;
	a->tcp[5] = room ? wr_ntoh32(2 << 24 | WR_TCP_MSS_LEN << 16 | j->mss) : 0;
	a->tcp_sum = wr_fold((__u64)a->tcp[0] + a->tcp[1] + a->tcp[2] + a->tcp[3] + a->tcp[5]);
	a->pseudo_sum = wr_ntoh32(WR_IP_TCP + 4 * words);
}

static __always_inline void wr_answer4(struct wr_answer *a, const __u8 *ip,
				       const struct wr_judge *j, int room)
{
	__u32 len = 20 + WR_TCP_LEN + (room ? WR_TCP_MSS_LEN : 0);
	__u64 sum;

	wr_answer_tcp(a, ip + 20, j, room);
	a->ip[0] = wr_ntoh32(0x45u << 24 | len);
	a->ip[1] = wr_ntoh32(0x4000); /* not to be fragmented */
	a->ip[2] = wr_ntoh32(WR_COOKIE_TTL << 24 | WR_IP_TCP << 16);
	a->ip[3] = wr_load32(ip + 16);
	a->ip[4] = wr_load32(ip + 12);
	sum = (__u64)a->ip[3] + a->ip[4];
	a->pseudo_sum = wr_fold(a->pseudo_sum + sum);
	a->ip[2] |= (__u32)wr_check(sum + a->ip[0] + a->ip[1] + a->ip[2]) << 16;
}

static __always_inline void wr_answer6(struct wr_answer *a, const __u8 *ip,
				       const struct wr_judge *j, int room)
{
	__u32 len = WR_TCP_LEN + (room ? WR_TCP_MSS_LEN : 0), i;
	__u64 sum = 0;

	wr_answer_tcp(a, ip + 40, j, room);
	a->ip[0] = wr_ntoh32(6u << 28);
	a->ip[1] = wr_ntoh32(len << 16 | WR_IP_TCP << 8 | WR_COOKIE_TTL);
	_Pragma("unroll") for (i = 0; i < 4; i++)
	{
		a->ip[2 + i] = wr_load32(ip + 24 + 4 * i);
		a->ip[6 + i] = wr_load32(ip + 8 + 4 * i);
		sum += (__u64)a->ip[2 + i] + a->ip[6 + i];
	}
	a->pseudo_sum = wr_fold(a->pseudo_sum + sum);
}

#endif
