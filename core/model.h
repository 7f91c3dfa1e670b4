/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_MODEL_H
#define WR_CORE_MODEL_H

#include "core/trie.h"

/*
 * A small ensemble of decision trees, asked of a packet, its flow and its source: integers only,
 * the same here and in the kernel. It says a number, the sum of one leaf of each tree; what becomes
 * of the packet is said by the rule that asks (`score NAME over 0.9`).
 *
 * Trees lie in the image of the policy. A line holds three levels of a tree, seven questions, so a
 * tree of six levels is two look-ups and two cache lines.
 */

/*
 * What is asked about: X(SYMBOL, "name", bits, "what it is"). What a packet does not have is 0.
 * Numbers stand in images and in model files as names: new ones go to the end.
 */
#define WR_MODEL_FEATURE_TABLE(X)                                                         \
	X(LENGTH, "length", 24, "bytes of the frame")                                     \
	X(IP, "ip", 3, "4 or 6")                                                          \
	X(TTL, "ttl", 8, "time to live, hop limit")                                       \
	X(TOS, "tos", 8, "type of service, traffic class")                                \
	X(PROTO, "proto", 8, "IP protocol")                                               \
	X(SPORT, "sport", 16, "source port")                                              \
	X(DPORT, "dport", 16, "destination port")                                         \
	X(TCP_FLAGS, "tcp_flags", 12, "as they stand in the header, FIN lowest")          \
	X(WINDOW, "window", 16, "of TCP, not scaled")                                     \
	X(TCP_OPTIONS, "tcp_options", 6, "their bytes")                                   \
	X(PAYLOAD, "payload", 24, "bytes behind the transport header")                    \
	X(FRAGMENT, "fragment", 2, "1 the first, 2 a later one")                          \
	X(DF, "df", 1, "don't fragment")                                                  \
	X(IP_OPTIONS, "ip_options", 8, "IPv4: bytes of options; IPv6: extension headers") \
	X(ICMP_TYPE, "icmp_type", 8, "type of ICMP, ICMPv6 or IGMP")                      \
	X(ICMP_CODE, "icmp_code", 8, "code of ICMP or ICMPv6")                            \
	X(MSS, "mss", 16, "of the TCP option")                                            \
	X(WSCALE, "wscale", 8, "of the TCP option")                                       \
	X(OPTIONS_SEEN, "options_seen", 12, "TCP options, a bit each (docs/model.md)")    \
	X(OPTIONS_LAST, "options_last", 16, "the last four TCP options, four bits each")  \
	X(VLANS, "vlans", 3, "VLAN tags")                                                 \
	X(TUNNEL, "tunnel", 4, "what the packet carries inside, or came in; 0: nothing")  \
	X(FLOW_PACKETS, "flow_packets", 24, "of its flow, one way, with this one")        \
	X(FLOW_BYTES, "flow_bytes", 24, "of its flow so far")                             \
	X(FLOW_MEAN, "flow_mean", 24, "bytes of a packet of its flow")                    \
	X(FLOW_AGE, "flow_age", 24, "since its flow began, 1.05 ms each")                 \
	X(FLOW_GAP, "flow_gap", 24, "since the flow's packet before it, 1.05 ms each")    \
	X(FLOW_FLAGS, "flow_flags", 12, "tcp_flags of its flow so far, together")         \
	X(SOURCE_PACKETS, "source_packets", 24, "of its source so far")                   \
	X(SOURCE_RATE, "source_rate", 24, "packets of its source in the last 1.07 s")     \
	X(SOURCE_FLOWS, "source_flows", 24, "flows that its source began")                \
	X(SOURCE_AGE, "source_age", 24, "since its source began, 1.05 ms each")

enum wr_model_feature {
#define X(sym, name, bits, what) WR_MODEL_##sym,
	WR_MODEL_FEATURE_TABLE(X)
#undef X
		WR_MODEL_FEATURE_COUNT
};

_Static_assert((int)WR_MODEL_FLOW_PACKETS == 2 * (int)WR_MODEL_WORDS, "what is behind changes");
_Static_assert((int)WR_MODEL_FEATURE_COUNT <= (int)WR_MODEL_FEATURES, "room for all");

/* What core/traffic.h says of a packet, by what has to be counted for it. What a source began are
 * flows. */
#define WR_MODEL_OF_FLOW                                                                      \
	(1u << WR_MODEL_FLOW_PACKETS | 1u << WR_MODEL_FLOW_BYTES | 1u << WR_MODEL_FLOW_MEAN | \
	 1u << WR_MODEL_FLOW_AGE | 1u << WR_MODEL_FLOW_GAP | 1u << WR_MODEL_FLOW_FLAGS)
#define WR_MODEL_OF_SOURCE                                            \
	(1u << WR_MODEL_SOURCE_PACKETS | 1u << WR_MODEL_SOURCE_RATE | \
	 1u << WR_MODEL_SOURCE_FLOWS | 1u << WR_MODEL_SOURCE_AGE)

#define wr_model_is(sym, value) (at[WR_MODEL_##sym] = (__u32)(value))

/* What is known of a packet; level: of which header. len: bytes of the frame as it is counted. What
 * is known of its flow and its source stands there already, or nothing is. */
wr_inline void wr_model_see(struct wr_model_values *v, const struct wr_rec *rec, __u32 level,
			    __u32 len)
{
	const struct wr_hdr *h = &rec->hdr[level & 1];
	__u32 has = h->has, *at = v->at;
	__u32 ip = has & WR_H_IP, ports = has & WR_H_PORTS, tcp = has & WR_H_TCP;
	__u32 opt = has & WR_H_TCPOPT, icmp = has & (WR_H_ICMP | WR_H_IGMP);
	__u32 seen = opt ? h->opt.seen : 0;

	wr_model_is(LENGTH, len);
	wr_model_is(IP, ip ? h->ip_v : 0);
	wr_model_is(TTL, ip ? h->ttl : 0);
	wr_model_is(TOS, ip ? h->tos : 0);
	wr_model_is(PROTO, has & WR_H_PROTO ? h->proto : 0);
	wr_model_is(SPORT, ports ? h->sport : 0);
	wr_model_is(DPORT, ports ? h->dport : 0);
	wr_model_is(TCP_FLAGS, tcp ? h->tcp_flags : 0);
	wr_model_is(WINDOW, tcp ? h->window : 0);
	wr_model_is(TCP_OPTIONS, tcp ? h->tcp_opt_len : 0);
	wr_model_is(PAYLOAD, has & WR_H_PAYLOAD ? h->payload_len : 0);
	wr_model_is(FRAGMENT, has & WR_H_FRAG ? 1 + !!h->frag_off : 0);
	wr_model_is(DF, !!(has & WR_H_DF));
	wr_model_is(IP_OPTIONS, has & WR_H_EXT ? h->ext_len : 0);
	wr_model_is(ICMP_TYPE, icmp ? h->icmp_type : 0);
	wr_model_is(ICMP_CODE, has & WR_H_ICMP ? h->icmp_code : 0);
	wr_model_is(MSS, seen & WR_OPT_MSS ? h->opt.mss : 0);
	wr_model_is(WSCALE, seen & WR_OPT_WSCALE ? h->opt.wscale : 0);
	wr_model_is(OPTIONS_SEEN, seen);
	wr_model_is(OPTIONS_LAST, opt ? (__u32)h->opt.order & 0xffff : 0);
	wr_model_is(VLANS, rec->nvlan);
	wr_model_is(TUNNEL, rec->has & WR_HAS_INNER ? rec->tunnel : 0);
}

/* Is the answer to question n right, not left? The place of a value is a byte: the verifier knows
 * how far that can lead, so nothing has to be masked. */
#define wr_model_right(l, v, n) \
	(*(const __u32 *)((const __u8 *)(v)->at + (l)->where[(n)-1]) > (l)->above[(n)-1])

/* One load at a place that is known, and not one at a place that is worked out: kept apart, or the
 * compiler joins the eight ways again. */
#define wr_model_end(l, n)           \
	do {                         \
		next = (l)->next[n]; \
		wr_keep(next);       \
		return next;         \
	} while (0)

/*
 * Three questions, then what comes next. Each is a branch, and that is good so: packets of a flood
 * are alike, so answers are foretold, and the next question need not wait for two loads. (Without a
 * branch 16 trees of 6 levels took twice as long.)
 */
wr_inline __u32 wr_model_step(const struct wr_model_line *l, const struct wr_model_values *v)
{
	__u32 next;

	if (wr_model_right(l, v, 1)) {
		if (wr_model_right(l, v, 3)) {
			if (wr_model_right(l, v, 7))
				wr_model_end(l, 7);
			wr_model_end(l, 6);
		}
		if (wr_model_right(l, v, 6))
			wr_model_end(l, 5);
		wr_model_end(l, 4);
	}
	if (wr_model_right(l, v, 2)) {
		if (wr_model_right(l, v, 5))
			wr_model_end(l, 3);
		wr_model_end(l, 2);
	}
	if (wr_model_right(l, v, 4))
		wr_model_end(l, 1);
	wr_model_end(l, 0);
}

/* The leaves of all trees together. 0 also when the image is broken. */
wr_inline __u32 wr_model_sum(wr_image image, const struct wr_model_values *v, __u32 first,
			     __u32 trees)
{
	const struct wr_line *l;
	__u32 t, turn, next, sum = 0;

	for (t = 0; t < WR_MODEL_TREES; t++) {
		if (t >= trees)
			break;
		next = t;
		for (turn = 0; turn < WR_MODEL_TURNS; turn++) {
			l = wr_line_at(image, first + next);
			if (!l)
				return 0; /* no way that goes on: the verifier follows each */
			wr_keep(l);
			next = wr_model_step((const void *)l, v);
			if (next & WR_MODEL_LEAF)
				break;
		}
		sum += next & WR_MODEL_VALUE;
	}
	return sum;
}

#endif
