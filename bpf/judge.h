/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_JUDGE_H
#define WR_BPF_JUDGE_H

/* What core/judge.h asks for, in the kernel: the image of the policy lies in a map, in one of two
 * halves; the judgement in the making is the CPU's. */

#include "bpf/maps.h"

#define WR_JUDGE_OF(self) wr_judge_of(self)
#define WR_JUDGE_REC(self) (&wr_slot_of(self)->parse.rec)
#define WR_JUDGE_IMAGE(self) (wr_judge_of(self)->base)
#define WR_JUDGE_VALUES(self) wr_values_of(self)
#define WR_JUDGE_SECRET(self) ((self)*0 + wr_fixed.judge_secret)
#define WR_LOWEST(n) wr_fixed.lowest[n]
#define WR_JUDGE_FORESEE(self, head) wr_judge_foresee(self, head)
#define WR_JUDGE_PATH(self) ((self)*0 + wr_shared.board.ifindex)
#define WR_JUDGE_FORGIVEN(self) (&wr_cpu_of(self)->count.forgiven_ns)

static __always_inline struct wr_rule_count *wr_rule_count(__u32 cpu, __u32 slot);
static __always_inline struct wr_bucket *wr_bucket_total(__u32 cpu, __u32 slot);
static __always_inline struct wr_bucket_line *wr_bucket_line(__u32 cpu, __u64 hash);
static __always_inline struct wr_bucket_line *wr_frag_line(__u32 cpu, __u64 hash);
static __always_inline struct wr_bucket_line *wr_host_at(__u32 cpu, __u32 line);
static __always_inline struct wr_track_line *wr_track_at(__u32 cpu, __u32 line);
static __always_inline __u64 wr_judge_now(__u32 cpu);
static __always_inline void wr_judge_foresee(__u32 cpu, const struct wr_judge_head *head);

#define WR_JUDGE_SUM(self, first, trees, id) wr_model_known(self, first, trees, id)
static __always_inline __u32 wr_model_known(__u32 cpu, __u32 first, __u32 trees, __u64 id);

#define WR_DEBTS_OF(self) wr_debts_of(self)

static __always_inline void *wr_link_at(__u32 cpu, __u32 link, __u32 n);
static __always_inline __u64 wr_govern_now(__u32 cpu);
static __always_inline __u32 wr_govern_dice(__u32 cpu);

static __always_inline struct wr_debts *wr_debts_of(__u32 cpu)
{
	struct wr_debts *d = &wr_shared.debts[cpu & (WR_MAX_CPUS - 1)];

	wr_keep(d);
	return d;
}

static __always_inline struct wr_model_values *wr_values_of(__u32 cpu)
{
	struct wr_model_values *v = &wr_shared.values[cpu & (WR_MAX_CPUS - 1)];

	wr_keep(v);
	return v;
}

#include "core/govern.h"

static __always_inline const struct wr_line *wr_line_at(wr_image base, __u32 n)
{
	__u32 at = base + n;

	return bpf_map_lookup_elem(&wr_policy, &at);
}

#include "bpf/model.h"

static __always_inline struct wr_rule_count *wr_rule_count(__u32 cpu, __u32 slot)
{
	__u32 at = cpu * WR_JUDGE_RULES + (slot & (WR_JUDGE_RULES - 1));

	return bpf_map_lookup_elem(&wr_hits, &at);
}

/* Of the rule that decided. */
static __always_inline struct wr_gone *wr_gone_of(__u32 cpu)
{
	__u32 at = cpu * WR_JUDGE_RULES + (WR_JUDGE_OF(cpu)->slot & (WR_JUDGE_RULES - 1));

	return bpf_map_lookup_elem(&wr_gone, &at);
}

/* The map of buckets: rules' own, four in a line; fates of fragments; the rest by hash. */
static __always_inline struct wr_bucket *wr_bucket_total(__u32 cpu, __u32 slot)
{
	__u32 at = (slot & (WR_JUDGE_RULES - 1)) / WR_BUCKET_WAYS;
	struct wr_bucket_line *l = bpf_map_lookup_elem(&wr_buckets, &at);

	(void)cpu;
	if (!l)
		return 0;
	wr_keep(l); /* or the offset is added before it is known that there is a line */
	return &l->way[slot & (WR_BUCKET_WAYS - 1)];
}

static __always_inline struct wr_bucket_line *wr_frag_line(__u32 cpu, __u64 hash)
{
	__u32 at = WR_FRAG_FIRST + (__u32)(hash >> (64 - WR_FRAG_BITS));

	(void)cpu;
	return bpf_map_lookup_elem(&wr_buckets, &at);
}

static __always_inline struct wr_bucket_line *wr_bucket_line(__u32 cpu, __u64 hash)
{
	__u32 at = WR_BUCKET_FIRST + (__u32)(hash >> (64 - wr_fixed.bucket_bits));

	(void)cpu;
	return bpf_map_lookup_elem(&wr_buckets, &at);
}

static __always_inline struct wr_bucket_line *wr_host_at(__u32 cpu, __u32 line)
{
	(void)cpu;
	return bpf_map_lookup_elem(&wr_buckets, &line);
}

static __always_inline struct wr_track_line *wr_track_at(__u32 cpu, __u32 line)
{
	(void)cpu;
	return bpf_map_lookup_elem(&wr_buckets, &line);
}

static __always_inline __u64 wr_judge_now(__u32 cpu)
{
	struct wr_judge *j = WR_JUDGE_OF(cpu);

	if (!j->now_ns)
		j->now_ns = wr_now_ns();
	return j->now_ns;
}

/* Links lie in the map of buckets, too. */
static __always_inline void *wr_link_at(__u32 cpu, __u32 link, __u32 n)
{
	__u32 at = WR_LINK_FIRST + (link & (WR_LINKS - 1)) * WR_LINK_LINES + n;

	(void)cpu;
	return bpf_map_lookup_elem(&wr_buckets, &at);
}

/* Not the coarse clock: a queue of some milliseconds is shorter than its ticks. */
static __always_inline __u64 wr_govern_now(__u32 cpu)
{
	(void)cpu;
	return bpf_ktime_get_ns();
}

static __always_inline __u32 wr_govern_dice(__u32 cpu)
{
	(void)cpu;
	return bpf_get_prandom_u32();
}

/* Fragments: rare, so in a function of their own. Before the rules are asked, 1: it is decided. */
__attribute__((noinline)) int wr_judge_later(__u32 cpu, __u32 at)
{
	return wr_frag_known(cpu, at);
}

/* After they were. */
__attribute__((noinline)) int wr_judge_after(__u32 cpu)
{
	wr_judge_rare(cpu);
	return 0;
}

/* Goes on until the verdict stands in the slot: WR_TURN_END; or something else has to be asked
 * first: WR_TURN_ASK, WR_TURN_COOKIE. */
static __always_inline int wr_judge_again(__u32 cpu)
{
	int what = wr_judge_on(cpu);

	if (what == WR_TURN_ASK || what == WR_TURN_COOKIE)
		return what;
	if (wr_is_rare(WR_JUDGE_REC(cpu)))
		wr_judge_after(cpu);
	return WR_TURN_END;
}

/*
 * The bucket of a source that was not seen lately lies in no cache, and nor does its flow: asked
 * for here, before the packet is counted, both come at the same time.
 */
static __always_inline void wr_judge_foresee(__u32 cpu, const struct wr_judge_head *head)
{
	struct wr_judge *j = WR_JUDGE_OF(cpu);
	__u32 term = head->per_source - 1u;
	const struct wr_judge_rule *r;
	const struct wr_line *l;

	if (!head->per_source || !(j->summary >> (term >> 6 & 63) & 1))
		return;
	l = wr_line_at(j->base, head->rules + (term >> 1));
	if (!l)
		return;
	wr_keep(l);
	r = (const struct wr_judge_rule *)l + (term & 1);
	if (r->flags & WR_RULE_SYN && !wr_may_be_syn(&WR_JUDGE_REC(cpu)->hdr[0]))
		return;
	j->tag = wr_judge_tag(cpu, r);
	j->tagged = (__u16)(r->slot + 1);
	wr_touch(wr_bucket_line(cpu, j->tag));
}

/* What is done before the packet is counted. WR_TURN_END: its verdict stands, or there is none. */
static __always_inline int wr_judge_first(__u32 cpu, __u32 policy, __u32 len)
{
	struct wr_judge *j = WR_JUDGE_OF(cpu);
	const struct wr_hdr *h = &WR_JUDGE_REC(cpu)->hdr[0];

	j->len = len;
	j->base = policy & WR_POLICY_HALF ? wr_fixed.policy_half : 0;
	if (wr_is_fragment(h) && h->frag_off && wr_judge_later(cpu, policy & ~WR_POLICY_HALF))
		return WR_TURN_END;
	if (wr_judge_begin(cpu, policy & ~WR_POLICY_HALF))
		return WR_TURN_MORE;
	if (wr_is_rare(WR_JUDGE_REC(cpu)))
		wr_judge_after(cpu);
	return WR_TURN_END;
}

/* What a user's program has said of this packet. The kill switch is for those, too. */
static __always_inline __u32 wr_said(__u32 cpu)
{
	struct wr_judge *j = WR_JUDGE_OF(cpu);
	__u32 said = j->said & 0xff, policy = wr_shared.board.conf.policy;
	const struct wr_judge_head *head;

	if (said != WR_SAID_DROP)
		return said;
	j->base = policy & WR_POLICY_HALF ? wr_fixed.policy_half : 0;
	head = (const void *)wr_line_at(j->base, policy & ~WR_POLICY_HALF);
	if (policy && head && head->flags & WR_HEAD_COUNT_ONLY)
		return WR_SAID_CONTINUE;
	j->verdict = WR_VERDICT_DROP;
	j->slot = (__u16)(j->said >> 8) & (WR_JUDGE_RULES - 1);
	j->klass = WR_NO_CLASS;
	return said;
}

#endif
