/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_BUCKET_H
#define WR_CORE_BUCKET_H

#include "core/window.h"

/*
 * Rates: the generic cell rate algorithm (ITU-T I.371, annex A; the virtual scheduling form). A
 * bucket is one number, the theoretical arrival time: when the next packet would come if all kept
 * the rate. A packet that comes before it by more than the tolerance is over the rate, and changes
 * nothing. So nobody refills buckets, one that is not used for a while is as good as new, and CPUs
 * that share one without a lock can only lose an addition when both let a packet through within the
 * same few nanoseconds.
 */
enum { WR_RATE_SHIFT = 20 };

struct wr_rate {
	__u64 cost_ns;	    /* of one packet or byte, times 1 << WR_RATE_SHIFT */
	__u64 tolerance_ns; /* burst */
};

struct wr_bucket {
	__u64 tag; /* whose it is; 0: nobody's */
	__u64 tat; /* theoretical arrival time, ns */
};

/* 1: units fit into the rate, and were taken. */
wr_inline int wr_bucket_take(struct wr_bucket *b, const struct wr_rate *rate, __u64 units,
			     __u64 now)
{
	__u64 tat = b->tat;

	if (tat < now)
		tat = now;
	if (tat - now > rate->tolerance_ns)
		return 0;
	b->tat = tat + (units * rate->cost_ns >> WR_RATE_SHIFT);
	return 1;
}

/*
 * Buckets by key, four in a line; the line is chosen by the key's hash. A bucket whose time is over
 * is as good as a new one, so it can be taken without a loss: keys are told apart exactly as long
 * as no more than four of a line are above their rate at a time. When all four are, the one that is
 * least above it is taken, and what it owed is forgiven: its owner may send so much once more.
 */
enum { WR_BUCKET_WAYS = 4 };

struct wr_bucket_line {
	struct wr_bucket way[WR_BUCKET_WAYS];
};
_Static_assert(sizeof(struct wr_bucket_line) == 64, "a cache line");

/* When it owes until; 0: it has no bucket. */
wr_inline __u64 wr_bucket_tat(const struct wr_bucket_line *l, __u64 tag)
{
	__u32 i;

	for (i = 0; i < WR_BUCKET_WAYS; i++)
		if (l->way[i].tag == tag)
			return l->way[i].tat;
	return 0;
}

wr_inline struct wr_bucket *wr_bucket_of(struct wr_bucket_line *l, __u64 tag, __u64 now,
					 __u64 *forgiven)
{
	struct wr_bucket *best;

	if (l->way[0].tag == tag)
		return &l->way[0];
	if (l->way[1].tag == tag)
		return &l->way[1];
	if (l->way[2].tag == tag)
		return &l->way[2];
	if (l->way[3].tag == tag)
		return &l->way[3];
	best = &l->way[tag >> 1 & (WR_BUCKET_WAYS - 1)];
	if (best->tat > now) { /* in use; in a flood of new keys it hardly ever is */
		if (l->way[0].tat < best->tat)
			best = &l->way[0];
		if (l->way[1].tat < best->tat)
			best = &l->way[1];
		if (l->way[2].tat < best->tat)
			best = &l->way[2];
		if (l->way[3].tat < best->tat)
			best = &l->way[3];
	}
	if (best->tat > now)
		*forgiven += best->tat - now;
	best->tag = tag;
	best->tat = 0;
	return best;
}

#endif
