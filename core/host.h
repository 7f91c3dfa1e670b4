/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_HOST_H
#define WR_CORE_HOST_H

#include "core/bucket.h"
#include "core/image.h"
#include "core/sketch.h"

/*
 * Flows whose host a rule names. What a flow asked for stands in its first payloads, which the host
 * reads (flow/apps.h); whoever has read them writes here that this flow is one of that rule's, and
 * packets only look whether it is. A place is a tag of one direction of the flow and the rule; four
 * in a line of the map of buckets. Of more flows than there is room for, some are not known.
 */
struct wr_host_key {
	const __u8 *src, *dst; /* network order; of IPv4 four bytes */
	__u16 sport, dport;    /* host order */
	__u8 proto, ip_v;
};

/* rule: its number, the slot where it has one. */
wr_inline __u64 wr_host_tag(const struct wr_host_key *k, __u32 rule, __u64 secret)
{
	__u64 b = k->proto | (__u64)k->sport << 8 | (__u64)k->dport << 24 | (__u64)rule << 40, a;

	if (k->ip_v == 4)
		a = wr_load32(k->src) | (__u64)wr_load32(k->dst) << 32;
	else
		a = wr_mix(wr_load64(k->src) ^
			   wr_mix(wr_load64(k->src + 8) ^
				  wr_mix(wr_load64(k->dst) ^ wr_mix(wr_load64(k->dst + 8)))));
	return wr_mix(a ^ wr_mix(b ^ secret)) | 1;
}

wr_inline __u32 wr_host_line(__u64 tag)
{
	return WR_HOST_FIRST + (__u32)(tag >> (64 - WR_HOST_BITS));
}

#endif
