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

#include "bpf/mark.h"
#include "bpf/path.h"

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

char _license[] SEC("license") = "GPL";
