/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_TRAFFIC_H
#define WR_CORE_TRAFFIC_H

/*
 * What a packet is part of, for models: its flow, one way, and its source. Kept only while a rule
 * in force asks a model about it (struct wr_judge_head.flags), by the same code here and in the
 * kernel: of the same packets at the same times the same numbers.
 *
 * Included by core/judge.h, which says what a judgement has. Tracks lie in the map of buckets, two
 * in a line that the key's hash chooses. CPUs share them without a lock, so of packets of one
 * source that come at the same moment on several CPUs some may not be counted.
 *
 * A newcomer takes the place of the one with fewer packets, unless the other has been silent: a
 * flood of flows or sources that are never seen again has one packet each, and pushes out its own.
 */

enum {
	WR_TRACK_IDLE = 1 << 16,   /* silent for so long, 69 s: what comes then is another one */
	WR_TRACK_SILENT = 1 << 12, /* 4.3 s: may be pushed out whatever it was */
	WR_RATE_SLOT_BITS = 10,	   /* a rate is of 1.07 s */
	WR_RATE_SLOT = 1 << WR_RATE_SLOT_BITS,
};

wr_inline __u32 wr_track_worth(const struct wr_track *t, __u32 now)
{
	/* Another CPU's clock may be a tick ahead. */
	return (__s32)(now - t->last) > WR_TRACK_SILENT ? 0 : t->packets;
}

/* The one of that key; begun anew when there is none. */
wr_inline struct wr_track *wr_track_of(struct wr_track_line *l, __u64 tag, __u32 now)
{
	struct wr_track *a = &l->way[0], *b = &l->way[1], *t = a;

	if (a->tag != tag && (b->tag == tag || wr_track_worth(b, now) < wr_track_worth(a, now)))
		t = b;
	/* A clock that lags behind another CPU's is not one that is days ahead. */
	if (t->tag == tag && ((__s32)(now - t->last) < 0 || now - t->last < WR_TRACK_IDLE))
		return t;
	t->tag = tag;
	t->packets = 0;
	t->first = now;
	t->last = now;
	t->flags = 0;
	t->bytes = 0;
	return t;
}

/* Bounded by what a question can ask about. */
wr_inline __u32 wr_most_asked(__u64 v)
{
	return v > WR_MODEL_MOST ? WR_MODEL_MOST : (__u32)v;
}

wr_inline __u32 wr_since(__u32 now, __u32 then)
{
	return (__s32)(now - then) < 0 ? 0 : wr_most_asked(now - then);
}

#define wr_traffic_is(sym, value) (at[WR_MODEL_##sym] = (__u32)(value))

/* Returns whether it is the first of its flow. */
wr_inline int wr_flow_see(__u32 *at, struct wr_track *t, const struct wr_hdr *h, __u32 len,
			  __u32 now)
{
	__u32 gap = wr_since(now, t->last);

	if (t->packets != ~0u) {
		t->packets++;
		t->bytes += len;
	}
	if (h->has & WR_H_TCP)
		t->flags |= h->tcp_flags & 0xfff;
	t->last = now;
	wr_traffic_is(FLOW_PACKETS, wr_most_asked(t->packets));
	wr_traffic_is(FLOW_BYTES, wr_most_asked(t->bytes));
	wr_traffic_is(FLOW_MEAN, wr_most_asked(t->bytes / (t->packets ? t->packets : 1)));
	wr_traffic_is(FLOW_AGE, wr_since(now, t->first));
	wr_traffic_is(FLOW_GAP, gap);
	wr_traffic_is(FLOW_FLAGS, t->flags);
	return t->packets == 1;
}

/* The slot that is counted in, and as much of the one before as still lies within 1.07 s. */
wr_inline __u32 wr_source_rate(struct wr_track *t, __u32 now)
{
	__u32 slots = (now >> WR_RATE_SLOT_BITS) - (t->last >> WR_RATE_SLOT_BITS);
	__u32 rest = WR_RATE_SLOT - (now & (WR_RATE_SLOT - 1));

	if ((__s32)slots > 0) {
		t->before = slots == 1 ? t->now : 0;
		t->now = 0;
	}
	t->now = wr_most_asked((__u64)t->now + 1);
	return wr_most_asked(t->now + ((__u64)t->before * rest >> WR_RATE_SLOT_BITS));
}

wr_inline void wr_source_see(__u32 *at, struct wr_track *t, __u32 flows, __u32 now)
{
	__u32 rate = wr_source_rate(t, now);

	t->packets = wr_most_asked((__u64)t->packets + 1);
	t->flows = wr_most_asked((__u64)t->flows + flows);
	t->last = now;
	wr_traffic_is(SOURCE_PACKETS, t->packets);
	wr_traffic_is(SOURCE_RATE, rate);
	wr_traffic_is(SOURCE_FLOWS, t->flows);
	wr_traffic_is(SOURCE_AGE, wr_since(now, t->first));
}

wr_inline void wr_traffic_none(__u32 *at)
{
	__u32 i;

	for (i = WR_MODEL_FLOW_PACKETS; i <= WR_MODEL_SOURCE_AGE; i++)
		at[i] = 0;
}

/* A flow is told apart by what stands in one header, so that of IPv4 and IPv6 nothing is equal;
 * a path has its own, for a packet may pass two. */
wr_inline __u64 wr_flow_tag(wr_judging self, const struct wr_hdr *h, __u64 source)
{
	__u64 ports = h->has & WR_H_PORTS ? h->sport | (__u64)h->dport << 16 | 1ull << 40 : 0;
	__u64 rest = ports | (__u64)(h->has & WR_H_PROTO ? h->proto : 0) << 32;

	if (h->ip_v == 4)
		return wr_mix(source ^ wr_mix(rest ^ wr_mix(wr_load32(h->dst)))) | 1;
	return wr_mix(source ^
		      wr_mix(rest ^ wr_mix(wr_load64(h->dst) ^ wr_mix(wr_load64(h->dst + 8) ^
								      WR_JUDGE_SECRET(self))))) |
	       1;
}

wr_inline __u64 wr_source_tag(wr_judging self, const struct wr_hdr *h)
{
	__u64 path = (__u64)WR_JUDGE_PATH(self) << 8 | h->ip_v;

	if (h->ip_v == 4)
		return wr_mix(wr_load32(h->src) ^ wr_mix(path ^ WR_JUDGE_SECRET(self))) | 1;
	return wr_mix(wr_load64(h->src) ^
		      wr_mix(wr_load64(h->src + 8) ^ wr_mix(path ^ WR_JUDGE_SECRET(self)))) |
	       1;
}

/* Counts the packet in what it is part of, and notes what is known of that with the values that
 * models ask about. what: WR_HEAD_FLOWS, WR_HEAD_SOURCES. Flows that a source began are known
 * while flows are counted. */
WR_JUDGE_STAGE wr_judge_traffic(wr_judging self, __u32 what)
{
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[0];
	__u32 *at = WR_JUDGE_VALUES(self)->at, len = WR_JUDGE_OF(self)->len, begun = 0;
	struct wr_track_line *l;
	__u64 source, flow;
	__u32 now;

	wr_traffic_none(at);
	if (!(h->has & WR_H_IP))
		return 0;
	now = (__u32)(wr_judge_now(self) >> WR_TRACK_TIME_SHIFT);
	source = wr_source_tag(self, h);
	if (what & WR_HEAD_FLOWS) {
		flow = wr_flow_tag(self, h, source);
		l = wr_track_at(self, WR_TRACK_FIRST + (__u32)(flow >> (64 - WR_TRACK_BITS)));
		if (!l)
			return 0;
		wr_keep(l);
		begun = (__u32)wr_flow_see(at, wr_track_of(l, flow, now), h, len, now);
	}
	if (what & WR_HEAD_SOURCES) {
		l = wr_track_at(self, WR_SOURCE_FIRST + (__u32)(source >> (64 - WR_SOURCE_BITS)));
		if (!l)
			return 0;
		wr_keep(l);
		wr_source_see(at, wr_track_of(l, source, now), begun, now);
	}
	return 0;
}

#endif
