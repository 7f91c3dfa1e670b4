// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that weir asks about each packet: `weir program add discard drop_discard.o`. It drops
 * UDP to port 9 (discard) from sources whose address ends with .5, and leaves everything else to
 * the rules. docs/programs.md tells the rest.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../bpf/weir.h"

/* The packet is the bytes from data up to data_end at both hooks. */
static __always_inline int ask(void *data, void *data_end)
{
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > data_end || eth->h_proto != bpf_htons(ETH_P_IP))
		return WEIR_CONTINUE;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(9))
		return WEIR_CONTINUE;
	return (bpf_ntohl(ip->saddr) & 0xff) == 5 ? WEIR_DROP : WEIR_CONTINUE;
}

SEC("xdp")
int discard_xdp(struct xdp_md *ctx)
{
	return ask((void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

SEC("tc")
int discard_tc(struct __sk_buff *ctx)
{
	return ask((void *)(long)ctx->data, (void *)(long)ctx->data_end);
}

char _license[] SEC("license") = "GPL";
