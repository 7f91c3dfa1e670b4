// SPDX-License-Identifier: GPL-2.0-or-later
/* The path of a packet at TC ingress: after the driver and GRO, before the network stack. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef struct __sk_buff wr_ctx;
#define WR_PASS -1 /* TC_ACT_UNSPEC: the next program, if there is one, has its say */
#define WR_DROP 2  /* TC_ACT_SHOT */
#define WR_CTX_CAN_LOAD 1
#define wr_ctx_len(ctx) ((ctx)->len)
#define wr_ctx_segs(ctx) ((ctx)->gso_segs)
#define wr_ctx_tag(ctx) wr_tc_tag(ctx)
#define wr_ctx_bytes(ctx, at, n) bpf_skb_load_bytes(ctx, 0, at, n)

/* The driver or the stack has taken the outermost VLAN tag off and keeps it beside the packet. */
static __always_inline __u32 wr_tc_tag(struct __sk_buff *ctx)
{
	if (!ctx->vlan_present)
		return 0;
	return (__u32)__builtin_bswap16((__u16)ctx->vlan_proto) << 16 | (ctx->vlan_tci & 0xffff);
}

#include "bpf/maps.h"

/* ECN, RFC 3168: 1 when the packet bears the mark now. */
static __always_inline int wr_ecn_mark(struct __sk_buff *ctx, __u32 cpu)
{
	(void)cpu;
	return (int)bpf_skb_ecn_set_ce(ctx);
}

#define WR_CTX_IFINDEX(ctx) ((ctx)->ifindex)
#define wr_ctx_is_ours(ctx) ((ctx)->pkt_type == 0) /* PACKET_HOST */
#define wr_ctx_reach(ctx, n) bpf_skb_pull_data(ctx, n)

#include "bpf/cookies.h"

SEC("tc")
int wr_tc_in(struct __sk_buff *ctx)
{
	return wr_path(ctx);
}

SEC("tc")
int wr_tc_in_record(struct __sk_buff *ctx)
{
	return wr_record_path(ctx);
}

SEC("tc")
int wr_tc_in_judged(struct __sk_buff *ctx)
{
	return wr_judged_path(ctx);
}

SEC("tc")
int wr_tc_in_begun(struct __sk_buff *ctx)
{
	return wr_begun_path(ctx);
}

SEC("tc")
int wr_tc_in_ended(struct __sk_buff *ctx)
{
	return wr_ended_path(ctx);
}

SEC("tc")
int wr_tc_in_cookies(struct __sk_buff *ctx)
{
	return wr_cookies_path(ctx);
}

/*
 * The checksum is left to the helper: of a packet that comes from this machine the field holds only
 * the sum of the pseudo header, and what sends the answer does the rest. A tag stays beside the
 * packet and goes with the answer.
 */
static __always_inline int wr_send_back(struct __sk_buff *ctx, __u32 off, const __u32 words)
{
	const struct wr_judge *j = WR_JUDGE_OF(bpf_get_smp_processor_id());
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, mac[12];
	__u8 *ip = data + off, *tcp = ip + 4 * words;
	__u32 tcp_at = off + 4 * words, check = tcp_at + 16, to = tcp_at + WR_TCP_LEN;
	const int ether = wr_fixed.linktype == WR_LINK_ETHER;
	struct wr_answer a;
	int room;

	if (data + 12 > end || tcp + WR_TCP_LEN > end)
		return WR_DROP;
	room = tcp + WR_TCP_LEN + WR_TCP_MSS_LEN <= end;
	if (words == 5)
		wr_answer4(&a, ip, j, room);
	else
		wr_answer6(&a, ip, j, room);
	__builtin_memcpy(mac, data + 6, 6);
	__builtin_memcpy(mac + 6, data, 6);
	if (room)
		to += WR_TCP_MSS_LEN;
	if ((ether && bpf_skb_store_bytes(ctx, 0, mac, sizeof(mac), 0)) ||
	    bpf_skb_store_bytes(ctx, off, a.ip, 4 * words, 0) ||
	    bpf_skb_store_bytes(ctx, tcp_at, a.tcp, WR_TCP_LEN, 0) ||
	    (room && bpf_skb_store_bytes(ctx, tcp_at + WR_TCP_LEN, &a.tcp[5], 4, 0)) ||
	    bpf_l4_csum_replace(ctx, check, 0, a.tcp_sum, 0) ||
	    bpf_l4_csum_replace(ctx, check, 0, a.pseudo_sum, BPF_F_PSEUDO_HDR) ||
	    bpf_skb_change_tail(ctx, to, 0))
		return WR_DROP;
	return (int)bpf_redirect(ctx->ifindex, 0);
}

SEC("tc")
int wr_tc_in_answer(struct __sk_buff *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 off = *(volatile __u8 *)&WR_JUDGE_OF(cpu)->ip_off & (WR_COOKIE_OFF - 1);
	const __u8 *ip = (void *)(long)ctx->data + off;

	if (WR_JUDGE_OF(cpu)->verdict != WR_VERDICT_ANSWER || ip + 1 > (__u8 *)(long)ctx->data_end)
		return wr_fate(cpu);
	return ip[0] >> 4 == 4 ? wr_send_back(ctx, off, 5) : wr_send_back(ctx, off, 10);
}

char _license[] SEC("license") = "GPL";
