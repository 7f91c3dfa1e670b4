// SPDX-License-Identifier: GPL-2.0-or-later
/* The path of a packet at the XDP hook: the driver's receive ring, or the generic hook behind it.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

typedef struct xdp_md wr_ctx;
#define WR_PASS XDP_PASS
#define WR_DROP XDP_DROP
#define WR_CTX_CAN_LOAD wr_fixed.load_bytes
#define wr_ctx_tag(ctx) 0u
#define wr_ctx_segs(ctx) 0
#define wr_ctx_len(ctx) wr_xdp_len(ctx)
#define wr_ctx_bytes(ctx, at, n) (wr_fixed.load_bytes ? bpf_xdp_load_bytes(ctx, 0, at, n) : -1)

/* Bytes in further buffers count too, where packets may have several (5.18). */
#define wr_xdp_len(ctx) \
	((__u32)(wr_fixed.frags ? bpf_xdp_get_buff_len(ctx) : (ctx)->data_end - (ctx)->data))

/* Here a frame for somebody else may come by: a switch floods, the interface is a bridge's. */
#define WR_CTX_IFINDEX(ctx) ((ctx)->ingress_ifindex)
#define wr_ctx_is_ours(ctx) wr_xdp_is_ours(ctx)
#define wr_ctx_reach(ctx, n)

#include "bpf/mark.h"

static __always_inline int wr_xdp_is_ours(struct xdp_md *ctx)
{
	const __u8 *at = (void *)(long)ctx->data, *mac = wr_shared.board.mac;

	if (at + 6 > (const __u8 *)(long)ctx->data_end)
		return 0;
	return wr_load32(at) == wr_load32(mac) && wr_load16(at + 4) == wr_load16(mac + 4);
}

#include "bpf/cookies.h"

SEC("xdp")
int wr_xdp(struct xdp_md *ctx)
{
	return wr_path(ctx);
}

SEC("xdp")
int wr_xdp_record(struct xdp_md *ctx)
{
	return wr_record_path(ctx);
}

SEC("xdp")
int wr_xdp_judged(struct xdp_md *ctx)
{
	return wr_judged_path(ctx);
}

SEC("xdp")
int wr_xdp_begun(struct xdp_md *ctx)
{
	return wr_begun_path(ctx);
}

SEC("xdp")
int wr_xdp_ended(struct xdp_md *ctx)
{
	return wr_ended_path(ctx);
}

SEC("xdp")
int wr_xdp_cookies(struct xdp_md *ctx)
{
	return wr_cookies_path(ctx);
}

/* The frame is sent back as it lies, with its ends exchanged and cut to the answer. */
static __always_inline int wr_send_back(struct xdp_md *ctx, __u32 off, const __u32 words)
{
	const struct wr_judge *j = WR_JUDGE_OF(bpf_get_smp_processor_id());
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, mac[6];
	__u8 *ip = data + off, *tcp = ip + 4 * words;
	__u32 len = wr_xdp_len(ctx), to = off + 4 * words + WR_TCP_LEN;
	struct wr_answer a;
	int room;

	if (data + 12 > end || tcp + WR_TCP_LEN > end)
		return XDP_DROP;
	room = tcp + WR_TCP_LEN + WR_TCP_MSS_LEN <= end;
	if (words == 5)
		wr_answer4(&a, ip, j, room);
	else
		wr_answer6(&a, ip, j, room);
	a.tcp[4] = wr_check((__u64)a.tcp_sum + a.pseudo_sum);
	_Pragma("unroll") for (__u32 i = 0; i < words; i++) wr_store32(ip + 4 * i, a.ip[i]);
	_Pragma("unroll") for (__u32 i = 0; i < 5; i++) wr_store32(tcp + 4 * i, a.tcp[i]);
	if (tcp + WR_TCP_LEN + WR_TCP_MSS_LEN <= end) {
		wr_store32(tcp + WR_TCP_LEN, a.tcp[5]);
		to += WR_TCP_MSS_LEN;
	}
	__builtin_memcpy(mac, data, 6);
	__builtin_memcpy(data, data + 6, 6);
	__builtin_memcpy(data + 6, mac, 6);
	if (to < WR_ETHER_MIN)
		to = WR_ETHER_MIN;
	if (to < len && bpf_xdp_adjust_tail(ctx, (int)to - (int)len))
		return XDP_DROP;
	return XDP_TX;
}

SEC("xdp")
int wr_xdp_answer(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 off = *(volatile __u8 *)&WR_JUDGE_OF(cpu)->ip_off & (WR_COOKIE_OFF - 1);
	const __u8 *ip = (void *)(long)ctx->data + off;

	if (WR_JUDGE_OF(cpu)->verdict != WR_VERDICT_ANSWER || ip + 1 > (__u8 *)(long)ctx->data_end)
		return wr_fate(cpu);
	return ip[0] >> 4 == 4 ? wr_send_back(ctx, off, 5) : wr_send_back(ctx, off, 10);
}

char _license[] SEC("license") = "GPL";
