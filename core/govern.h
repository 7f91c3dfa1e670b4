/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_GOVERN_H
#define WR_CORE_GOVERN_H

#include "core/judge.h"

/*
 * Who gives way when a link is full. Each link has a queue that is only imagined (a phantom queue:
 * Alizadeh et al., "Less is More", NSDI 2012): what passes adds the time that it takes on the link,
 * and time takes it away. How long that queue is says how full the link is, without a packet ever
 * waiting.
 *
 * What a class sends within its guarantee passes, whatever the link is like. The rest is borrowed:
 * it passes while the queue is short. The less important a class is, the shorter the queue from
 * which it gives way, first now and then and in the end always; so what one class leaves is taken
 * by the next at once, in the order of their priorities. Packets that can bear a mark (ECN, RFC
 * 3168) are marked first and lost only where marks do not help.
 *
 * CPUs share these times without a lock. Each keeps what it owes until that is worth a write to
 * memory that the others read.
 */
enum {
	WR_CLASSES = 16,
	WR_CLASS_NONE = WR_CLASSES, /* what no `class` rule chooses is the last one */
	WR_LINKS = 64,
	WR_LINK_LINES = 2 + WR_CLASSES, /* the link's own, then one of each class */
	WR_IMAGE_CLASSES = 1, /* line of the first class in an image that has classes; by link */
	WR_PRIORITIES = 8,
	WR_RAMP_NS = 8000000, /* of queue: from "now and then" to "always", and from one priority to
				 the next */
	WR_QUEUE_NS = (WR_PRIORITIES + 3) * WR_RAMP_NS, /* the longest there is */
	WR_DEBT_NS = 16000,	      /* of the link, that a CPU keeps for itself */
	WR_CLASS_BURST_NS = 20000000, /* of the guarantee and of the ceiling */
};

/* A line of an image. A cost of 0: there is none. */
struct wr_class_line {
	struct wr_rate guarantee, ceiling; /* of bytes */
	__u64 gives_way_ns;		   /* queue of the link from which it does */
	/* Counters, of this link: of what was offered, hits were not let through; of what was
	 * marked, hits were borrowed. What did not get through is told as that of `gone`. */
	__u16 offered, marked, gone, none;
	__u32 pad[4];
};
_Static_assert(sizeof(struct wr_class_line) == 64, "a line");

/* Lines of the map of buckets. cost_ns: of a byte, as in struct wr_rate; 0: nobody knows how much
 * the link carries. The reader writes it, whenever it likes. */
struct wr_link_line {
	__u64 tat, cost_ns;
	__u64 pad[6];
};

struct wr_class_state {
	__u64 guarantee, ceiling; /* theoretical arrival times */
	__u64 pad[6];
};
_Static_assert(sizeof(struct wr_link_line) == 64 && sizeof(struct wr_class_state) == 64, "lines");

_Static_assert((int)WR_LINKS *WR_LINK_LINES <= WR_LINK_ROOM, "links have room in the map");

enum { WR_GOVERN_PASS, WR_GOVERN_SOFT, WR_GOVERN_DROP }; /* soft: marked, or else not let through */

#ifndef __bpf__
#define WR_DEBTS_OF(self) (&(self)->debts)

static inline void *wr_link_at(wr_judging self, __u32 link, __u32 n)
{
	return &self->links[link * WR_LINK_LINES + n];
}

static inline __u64 wr_govern_now(wr_judging self)
{
	return self->judge.now_ns;
}

static inline __u32 wr_govern_dice(wr_judging self)
{
	self->dice = wr_mix(self->dice + 1);
	return (__u32)self->dice;
}
#endif

wr_inline __u64 wr_owed(__u64 tat, __u64 debt, __u64 now)
{
	return (tat > now ? tat - now : 0) + debt;
}

/* Exact but for the moment in which a time is behind the clock. */
wr_inline void wr_owe(__u64 *tat, __u64 *debt, __u64 cost, __u64 now)
{
	__u64 sum = *debt + cost;

	if (sum < WR_DEBT_NS) {
		*debt = sum;
		return;
	}
	*debt = 0;
	if (*(volatile __u64 *)tat < now)
		*(volatile __u64 *)tat = now + sum;
	else
		__sync_fetch_and_add(tat, sum);
}

wr_inline __u64 wr_cost(const struct wr_judge *j, __u64 cost_ns)
{
	return j->len * cost_ns >> WR_RATE_SHIFT;
}

/* How the queue of the link bears on what a class borrows. */
wr_inline int wr_borrow(wr_judging self, const struct wr_class_line *c, __u64 queue)
{
	__u64 over = queue - c->gives_way_ns;

	if (queue <= c->gives_way_ns)
		return WR_GOVERN_PASS;
	if (over >= 2 * WR_RAMP_NS)
		return WR_GOVERN_DROP;
	if (over >= WR_RAMP_NS)
		return WR_GOVERN_SOFT;
	return (wr_govern_dice(self) & 0xffff) * (__u64)WR_RAMP_NS >> 16 < over ? WR_GOVERN_SOFT
										: WR_GOVERN_PASS;
}

wr_inline __u32 wr_class_of(const struct wr_judge *j)
{
	return j->klass < WR_CLASSES ? j->klass : WR_CLASS_NONE;
}

wr_inline const struct wr_class_line *wr_class_line(wr_judging self, __u32 class)
{
	__u32 link = WR_JUDGE_OF(self)->link & (WR_LINKS - 1);

	return (const void *)wr_line_at(WR_JUDGE_IMAGE(self),
					WR_IMAGE_CLASSES + link * (WR_CLASSES + 1) + class);
}

/* What passes is on the link, and counts for the ceiling. A queue that makes everything give way
 * grows no further: guarantees beyond the link would make it grow for ever. */
wr_inline void wr_class_passes(wr_judging self, const struct wr_class_line *c,
			       struct wr_link_line *link, struct wr_class_state *state, __u32 class,
			       __u64 now)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	struct wr_debts *d = WR_DEBTS_OF(self);

	if (link->cost_ns && wr_owed(link->tat, d->link, now) < WR_QUEUE_NS)
		wr_owe(&link->tat, &d->link, wr_cost(j, link->cost_ns), now);
	if (c->ceiling.cost_ns)
		wr_owe(&state->ceiling, &d->ceiling[class], wr_cost(j, c->ceiling.cost_ns), now);
}

/* A packet that no rule has stopped. What is let through is on the link then; WR_GOVERN_SOFT and
 * _DROP have to be told by one of the next two. */
WR_JUDGE_STAGE wr_govern(wr_judging self)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	struct wr_debts *d = WR_DEBTS_OF(self);
	__u32 class = wr_class_of(j);
	const struct wr_class_line *c = wr_class_line(self, class);
	struct wr_link_line *link = wr_link_at(self, j->link, 0);
	struct wr_class_state *state = wr_link_at(self, j->link, 1 + class);
	__u64 now = wr_govern_now(self);
	struct wr_rule_count *n;
	int what = WR_GOVERN_PASS;

	if (!c || !link || !state)
		return WR_GOVERN_PASS;
	n = wr_rule_count(self, c->offered);
	if (!n)
		return WR_GOVERN_PASS;
	n->packets++;
	n->bytes += j->len;
	if (c->ceiling.cost_ns &&
	    wr_owed(state->ceiling, d->ceiling[class], now) > c->ceiling.tolerance_ns)
		return WR_GOVERN_DROP;
	if (c->guarantee.cost_ns &&
	    wr_owed(state->guarantee, d->guarantee[class], now) <= c->guarantee.tolerance_ns) {
		wr_owe(&state->guarantee, &d->guarantee[class], wr_cost(j, c->guarantee.cost_ns),
		       now);
	} else {
		if (link->cost_ns)
			what = wr_borrow(self, c, wr_owed(link->tat, d->link, now));
		if (what)
			return what;
		n = wr_rule_count(self, c->marked);
		if (!n)
			return WR_GOVERN_PASS;
		n->hit_packets++;
		n->hit_bytes += j->len;
	}
	wr_class_passes(self, c, link, state, class, now);
	return WR_GOVERN_PASS;
}

/* The packet bears a mark, and passes. */
wr_inline void wr_govern_marked(wr_judging self)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	__u32 class = wr_class_of(j);
	const struct wr_class_line *c = wr_class_line(self, class);
	struct wr_link_line *link = wr_link_at(self, j->link, 0);
	struct wr_class_state *state = wr_link_at(self, j->link, 1 + class);
	struct wr_rule_count *n = c ? wr_rule_count(self, c->marked) : 0;

	if (!n || !link || !state)
		return;
	n->packets++;
	n->bytes += j->len;
	n->hit_packets++;
	n->hit_bytes += j->len;
	wr_class_passes(self, c, link, state, class, wr_govern_now(self));
}

/* It is not let through, unless nothing is kept out. */
wr_inline void wr_govern_drop(wr_judging self)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_class_line *c = wr_class_line(self, wr_class_of(j));
	struct wr_rule_count *n = c ? wr_rule_count(self, c->offered) : 0;

	if (!n)
		return;
	n->hit_packets++;
	n->hit_bytes += j->len;
	if (j->governed != WR_GOVERNED)
		return;
	j->slot = c->gone;
	j->verdict = WR_VERDICT_LIMIT;
}

#endif
