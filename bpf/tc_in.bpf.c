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

#include "bpf/path.h"

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

char _license[] SEC("license") = "GPL";
