// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts packets and bytes of each source address in maps that any program on the host can read. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct count {
	__u64 packets;
	__u64 bytes;
};

struct addr4 {
	__u8 byte[4];
};

struct addr6 {
	__u8 byte[16];
};

/*
 * "LRU": when the table is full, the address not seen for longest makes room. Memory stays fixed
 * whatever arrives – but what made room is forgotten, so the sum over the table is not the number
 * of packets that came in.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct addr4);
	__type(value, struct count);
} sources4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct addr6);
	__type(value, struct count);
} sources6 SEC(".maps");

static __always_inline void count(void *map, const void *addr, __u64 bytes)
{
	struct count first = {.packets = 1, .bytes = bytes};
	struct count *c = bpf_map_lookup_elem(map, addr);

	/* Two processors may both meet a new address; the one that comes second only adds. */
	if (!c) {
		if (!bpf_map_update_elem(map, addr, &first, BPF_NOEXIST))
			return;
		c = bpf_map_lookup_elem(map, addr);
	}
	if (!c)
		return;

	/* Atomic, since several processors receive packets at the same time. */
	__sync_fetch_and_add(&c->packets, 1);
	__sync_fetch_and_add(&c->bytes, bytes);
}

SEC("xdp")
int count_sources(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *data_end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip4 = (void *)(eth + 1);
	struct addr4 src4;
	struct addr6 src6;

	if ((void *)(eth + 1) > data_end)
		return XDP_PASS;

	/* Keys stay as they are on the wire: byte by byte there is no order to forget. */
	if (eth->h_proto == bpf_htons(ETH_P_IP) && (void *)(ip4 + 1) <= data_end) {
		__builtin_memcpy(&src4, &ip4->saddr, sizeof(src4));
		count(&sources4, &src4, data_end - data);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= data_end) {
		__builtin_memcpy(&src6, &ip6->saddr, sizeof(src6));
		count(&sources6, &src6, data_end - data);
	}

	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
