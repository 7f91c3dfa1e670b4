// SPDX-License-Identifier: GPL-2.0-or-later
/* What the path is measured against: programs that do nothing, and programs that only count. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { CPUS = 512 };

struct count {
	__u64 packets, bytes;
	__u64 pad[6]; /* a cache line for each CPU */
} wr_counts[CPUS];

static __always_inline void count(__u32 bytes)
{
	struct count *c = &wr_counts[bpf_get_smp_processor_id() & (CPUS - 1)];

	c->packets++;
	c->bytes += bytes;
}

SEC("xdp")
int wr_empty_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int wr_count_xdp(struct xdp_md *ctx)
{
	count((__u32)(ctx->data_end - ctx->data));
	return XDP_PASS;
}

SEC("tc")
int wr_empty_tc(struct __sk_buff *ctx)
{
	return -1;
}

SEC("tc")
int wr_count_tc(struct __sk_buff *ctx)
{
	count(ctx->len);
	return -1;
}

char _license[] SEC("license") = "GPL";
