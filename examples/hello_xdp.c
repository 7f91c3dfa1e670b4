// SPDX-License-Identifier: GPL-2.0-or-later
/* Says on the trace pipe who sends each IPv4 and IPv6 packet to whom, and lets it pass. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>  /* bpf_htons() and friends: from libbpf, not from the kernel */
#include <bpf/bpf_helpers.h> /* SEC(), bpf_printk(): likewise */

/*
 * A format that the kernel does not know makes bpf_printk() return an error and print nothing.
 * %pI4 and %pI6 came with Linux 5.13; before, print plain numbers – at most three in one line.
 */
static __always_inline void say4(const struct iphdr *ip)
{
	if (bpf_printk("hello xdp: %pI4 -> %pI4", &ip->saddr, &ip->daddr) < 0)
		bpf_printk("hello xdp: 0x%x -> 0x%x", bpf_ntohl(ip->saddr), bpf_ntohl(ip->daddr));
}

static __always_inline void say6(const struct ipv6hdr *ip)
{
	const __be32 *src = ip->saddr.in6_u.u6_addr32, *dst = ip->daddr.in6_u.u6_addr32;

	if (bpf_printk("hello xdp: %pI6 -> %pI6", src, dst) < 0) {
		bpf_printk("hello xdp: 0x%x .. 0x%x ->", bpf_ntohl(src[0]), bpf_ntohl(src[3]));
		bpf_printk("hello xdp: -> 0x%x .. 0x%x", bpf_ntohl(dst[0]), bpf_ntohl(dst[3]));
	}
}

SEC("xdp")
int hello_xdp(struct xdp_md *ctx)
{
	/* The packet is the bytes from data up to, but not including, data_end. */
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip4 = (void *)(eth + 1);

	/*
	 * Before reading a header, show that all of it lies in the packet. The verifier follows
	 * this comparison; without it, it refuses to load the program.
	 */
	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;

	/* The wire is big-endian, most hosts are not: turn the constant, it costs nothing. */
	if (eth->h_proto == bpf_htons(ETH_P_IP) && (void *)(ip4 + 1) <= data_end)
		say4(ip4);
	else if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= data_end)
		say6(ip6);

	return XDP_PASS; /* an XDP verdict, for an XDP program */
}

/* bpf_printk() is for programs under the GPL only; the kernel reads the licence here. */
char _license[] SEC("license") = "GPL";
