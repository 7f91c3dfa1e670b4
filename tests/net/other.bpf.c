// SPDX-License-Identifier: GPL-2.0-or-later
/* Somebody else's programs, for the tests: on the same hooks, and one that puts a VLAN tag beside a
 * packet. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int other_xdp(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("tc")
int other_tc(struct __sk_buff *ctx)
{
	return 0; /* TC_ACT_OK */
}

SEC("tc")
int push_tag(struct __sk_buff *ctx)
{
	bpf_skb_vlan_push(ctx, __builtin_bswap16(0x8100), 55);
	return 0;
}

char _license[] SEC("license") = "GPL";
