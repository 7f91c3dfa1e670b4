// SPDX-License-Identifier: GPL-2.0-or-later
/* The twin of hello_xdp.c, one floor up: the packet has become a "struct __sk_buff". */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h> /* the TC_ACT_ verdicts */
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* See hello_xdp.c for why there are two ways to print. */
static __always_inline void say4(const struct iphdr *ip)
{
	if (bpf_printk("hello tc: %pI4 -> %pI4", &ip->saddr, &ip->daddr) < 0)
		bpf_printk("hello tc: 0x%x -> 0x%x", bpf_ntohl(ip->saddr), bpf_ntohl(ip->daddr));
}

static __always_inline void say6(const struct ipv6hdr *ip)
{
	const __be32 *src = ip->saddr.in6_u.u6_addr32, *dst = ip->daddr.in6_u.u6_addr32;

	if (bpf_printk("hello tc: %pI6 -> %pI6", src, dst) < 0) {
		bpf_printk("hello tc: 0x%x .. 0x%x ->", bpf_ntohl(src[0]), bpf_ntohl(src[3]));
		bpf_printk("hello tc: -> 0x%x .. 0x%x", bpf_ntohl(dst[0]), bpf_ntohl(dst[3]));
	}
}

SEC("tc")
int hello_tc(struct __sk_buff *skb)
{
	struct ipv6hdr ip6;
	struct iphdr ip4;

	/*
	 * A socket buffer may be in pieces, so data_end can come earlier than the packet's end.
	 * This helper copies from wherever the bytes are and does the bounds check itself: it
	 * returns a negative number when the packet is too short. Counting from the network
	 * header makes it right also on links without Ethernet header, such as tunnels.
	 */
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if (!bpf_skb_load_bytes_relative(skb, 0, &ip4, sizeof(ip4), BPF_HDR_START_NET))
			say4(&ip4);
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if (!bpf_skb_load_bytes_relative(skb, 0, &ip6, sizeof(ip6), BPF_HDR_START_NET))
			say6(&ip6);
	}

	/* Not XDP_PASS: that is 2, and 2 means TC_ACT_SHOT here, "drop". */
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
