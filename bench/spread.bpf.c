// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes of one packet many flows, for BPF_PROG_TEST_RUN with a repeat count: writes another source
 * into the packet before the program that is measured gets it by a tail call. What this costs by
 * itself is measured with a program that does nothing behind it. Packets that are never the same
 * again differ in type of service, TTL and window, too, or the branches of a program would be
 * foretold.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { FLOWS = 65536 };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wr_next SEC(".maps");

/* flows: 1 = leave the packet as it is; else so many, in random order; 0 = never the same again. */
__u32 wr_flows = 1;
static __u32 wr_turn;

static __always_inline __u32 source(void)
{
	if (wr_flows)
		return bpf_get_prandom_u32() % FLOWS;
	return ++wr_turn * 2654435761u;
}

/* IPv4 and TCP behind Ethernet. */
SEC("xdp")
int wr_spread_xdp(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 from = 0;

	if (wr_flows != 1 && data + 38 <= end) {
		from = source();
		*(__u32 *)(data + 26) = from * 40503;
		*(__u16 *)(data + 34) = (__u16)from;
	}
	if (!wr_flows && data + 50 <= end) {
		__u64 more = from * 0x9e3779b97f4a7c15ull;

		data[15] = (__u8)(more >> 56);
		data[22] = (__u8)(more >> 48);
		*(__u16 *)(data + 48) = (__u16)(more >> 32);
	}
	bpf_tail_call(ctx, &wr_next, 0);
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
