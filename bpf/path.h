/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_PATH_H
#define WR_BPF_PATH_H

/*
 * The way of a packet, written once for every hook: see, account, record. The including file has a
 * context: wr_ctx              type of the hook's context WR_PASS             the verdict that lets
 * the packet go on wr_ctx_len(ctx)     bytes of the frame, without a tag that was taken off
 *   wr_ctx_tag(ctx)     that tag, TPID << 16 | TCI, or 0
 *   wr_ctx_bytes(ctx, at, n)   copies the first n bytes of the frame with a helper, or fails
 *   wr_ctx_segs(ctx)    packets merged into this one
 */

#include "bpf/account.h"
#include "bpf/judge.h"
#include "core/parse.h"

#define WR_WORDS(at, from, n)                                   \
	_Pragma("unroll") for (__u32 w_ = 0; w_ < (n); w_ += 8) \
		wr_store64((at) + w_, wr_load64((from) + w_))

/* The helper, for n from 1 to room. The bounds are said so that verifiers since 5.10 see both of
 * them, of the register that is used: "not 0" alone does not tell them "at least 1". */
static __always_inline long wr_far(wr_ctx *ctx, __u8 *at, __u32 n, const __u32 room)
{
	__u32 last = n - 1;

	wr_keep(last);
	if (last >= room)
		return -1;
	return wr_ctx_bytes(ctx, at, last + 1);
}

/* n bytes as two pieces of a constant size that overlap: no loop, however many they are. */
#define WR_TWO(size)                                                                         \
	do {                                                                                 \
		__u32 rest_ = n - (size);                                                    \
		const __u8 *tail_;                                                           \
                                                                                             \
		wr_keep(rest_); /* known to the compiler, to be proven to older verifiers */ \
		if (rest_ > (size))                                                          \
			return -1;                                                           \
		tail_ = data + rest_;                                                        \
		if (data + (size) > end || tail_ + (size) > end)                             \
			return wr_far(ctx, at, n, WR_WINDOW);                                \
		WR_WORDS(at, data, size);                                                    \
		WR_WORDS(at + rest_, tail_, size);                                           \
		return 0;                                                                    \
	} while (0)

/* Copies the first n bytes of the frame, 1 to WR_WINDOW; with the helper when they are not all in
 * one piece. */
static __always_inline long wr_copy(wr_ctx *ctx, __u8 *at, __u32 n)
{
	const __u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 i;

	if (n >= 128)
		WR_TWO(128);
	if (n >= 64)
		WR_TWO(64);
	if (n >= 32)
		WR_TWO(32);
	if (n >= 16)
		WR_TWO(16);
	wr_keep(n);
	n &= 15; /* as it is; to be proven, see above */
	if (data + n > end)
		return wr_far(ctx, at, n, 16);
	for (i = 0; i < 16; i++) {
		if (i >= n || data + i + 1 > end)
			break;
		at[i] = data[i];
	}
	return 0;
}

/* The window of a frame whose tag was taken off: addresses, tag, rest. Returns the bytes in it. */
static __always_inline __u32 wr_window_tagged(wr_ctx *ctx, __u8 *w, __u32 n, __u32 tag)
{
	if (n < 14)
		return 0;
	/* The frame goes to offset 4; then the addresses move to the front. */
	if (n > WR_WINDOW - 4)
		n = WR_WINDOW - 4;
	if (wr_copy(ctx, w + 4, n))
		return 0;
	wr_store64(w, wr_load64(w + 4));
	wr_store32(w + 8, wr_load32(w + 12));
	wr_store32(w + 12, wr_ntoh32(tag));
	return n + 4;
}

/* Whatever is not plain: copy the first bytes, then one function per header from where the fast
 * path stopped. */
__attribute__((noinline)) int wr_deep(wr_ctx *ctx, __u32 cpu, __u32 next, __u32 off, __u32 end)
{
	struct wr_plain from = {.next = next, .off = off, .end = end};
	struct wr_parse *p = WR_PARSE_OF(cpu);
	__u32 len = wr_ctx_len(ctx), tag = wr_ctx_tag(ctx), n = len;

	p->rec.len = p->cap = len + (tag ? 4 : 0);
	p->rec.linktype = (__u16)wr_fixed.linktype;
	p->max_depth = wr_shared.board.conf.max_depth;
	wr_keep(n); /* or the bound is proven of another register than the one that is used */
	if (n > WR_WINDOW)
		n = WR_WINDOW;
	if (tag)
		n = wr_window_tagged(ctx, p->win, n, tag);
	else if (n && wr_copy(ctx, p->win, n))
		n = 0;
	wr_walk(cpu, n, &from);
	return 0;
}

static __always_inline void wr_account_bad(__u32 cpu, __u32 bad)
{
	if (bad && bad < WR_BAD_COUNT)
		wr_cpu_of(cpu)->bad[bad]++;
}

static __always_inline void wr_not_plain(wr_ctx *ctx, __u32 cpu, const struct wr_plain *f)
{
	wr_deep(ctx, cpu, f->next, f->off, f->end);
	wr_cpu_of(cpu)->count.deep++;
}

/* A frame with a tag in it. A function of its own: the verifier reads it once. */
__attribute__((noinline)) int wr_tagged(wr_ctx *ctx, __u32 cpu)
{
	struct wr_plain f = {
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.len = wr_ctx_len(ctx),
		.next = WR_NEXT_LINK,
	};

	if (!wr_fast_tagged(cpu, &f))
		wr_not_plain(ctx, cpu, &f);
	return 0;
}

static __always_inline void wr_see(wr_ctx *ctx, __u32 cpu, __u32 len)
{
	__u32 tag = wr_ctx_tag(ctx);
	struct wr_plain f = {
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.len = len,
		.shift = tag ? 4 : 0,
		.tci = tag & 0xffff,
		.next = WR_NEXT_LINK,
	};
	int plain = wr_fixed.linktype == WR_LINK_ETHER ? wr_fast(cpu, &f) : wr_fast_raw(cpu, &f);

	if (!plain && wr_fast_is_tag(&f))
		wr_tagged(ctx, cpu);
	else if (!plain)
		wr_not_plain(ctx, cpu, &f);
	wr_account_bad(cpu, WR_PARSE_OF(cpu)->rec.bad);
}

/* What the hook is told: the packet goes on, or is gone. */
static __always_inline int wr_fate(__u32 cpu)
{
	return wr_fixed.judge && WR_JUDGE_OF(cpu)->verdict ? WR_DROP : WR_PASS;
}

static __always_inline void wr_count_passed(__u32 cpu, __u32 len)
{
	struct wr_cpu_count *c = &wr_cpu_of(cpu)->count;

	c->passed_packets++;
	c->passed_bytes += len;
}

static __always_inline void wr_count_fate(__u32 cpu, __u32 len)
{
	struct wr_cpu_count *c = &wr_cpu_of(cpu)->count;
	__u32 verdict = wr_fixed.judge ? WR_JUDGE_OF(cpu)->verdict : WR_VERDICT_PASS;
	struct wr_gone *gone = verdict ? wr_gone_of(cpu) : 0;

	if (verdict == WR_VERDICT_DROP) {
		if (gone) {
			gone->dropped_packets++;
			gone->dropped_bytes += len;
		}
		c->dropped_packets++;
		c->dropped_bytes += len;
	} else if (verdict) {
		if (verdict == WR_VERDICT_ANSWER)
			c->answered_packets++;
		if (gone) {
			gone->limited_packets++;
			gone->limited_bytes += len;
		}
		c->limited_packets++;
		c->limited_bytes += len;
	} else {
		wr_count_passed(cpu, len);
	}
}

/* The class of a packet that the rules let through: has it to give way? */
__attribute__((noinline)) int wr_class_fate(wr_ctx *ctx, __u32 cpu)
{
	int what = wr_govern(cpu);

	if (what == WR_GOVERN_SOFT && WR_JUDGE_OF(cpu)->governed == WR_GOVERNED &&
	    wr_ecn_mark(ctx, cpu))
		wr_govern_marked(cpu);
	else if (what)
		wr_govern_drop(cpu);
	return 0;
}

/* Nothing is left to do with the packet as it came. */
static __always_inline int wr_leave(wr_ctx *ctx, __u32 cpu)
{
	if (wr_fixed.judge && WR_JUDGE_OF(cpu)->verdict == WR_VERDICT_ANSWER)
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_ANSWER);
	return wr_fate(cpu);
}

/* The fate is known, but for what classes say. */
static __always_inline int wr_end(wr_ctx *ctx, __u32 cpu, __u32 len, int why)
{
	int fate;

	if (wr_fixed.judge && WR_JUDGE_OF(cpu)->governed && !WR_JUDGE_OF(cpu)->verdict)
		wr_class_fate(ctx, cpu);
	fate = wr_fate(cpu);
	wr_count_fate(cpu, len);
	if (wr_shared.board.conf.follow) {
		if (fate == WR_PASS)
			bpf_tail_call(ctx, &wr_slots, WR_SLOT_FILTER);
		else
			bpf_tail_call(ctx, &wr_slots, WR_SLOT_FILTER_GONE);
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_RECORD);
	}
	if (why) {
		wr_slot_of(cpu)->event.why = (__u8)why;
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_RECORD);
	}
	return wr_leave(ctx, cpu);
}

/* Bytes of the frame as it was sent: what is counted. */
static __always_inline __u32 wr_ctx_whole(wr_ctx *ctx)
{
	return wr_ctx_len(ctx) + (wr_ctx_tag(ctx) ? 4 : 0);
}

/* After the rules, users' programs are asked of what passes. */
static __always_inline int wr_decided(wr_ctx *ctx, __u32 cpu, __u32 len, int why)
{
	struct wr_judge *j = WR_JUDGE_OF(cpu);

	if (wr_fixed.judge && wr_shared.board.conf.programs & WR_PROGRAMS_AFTER && !j->verdict) {
		j->why = (__u8)why;
		j->len = len;
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_AFTER);
	}
	return wr_end(ctx, cpu, len, why);
}

/* What the rules cannot go on without, in programs behind this one. */
static __always_inline void wr_ask_others(wr_ctx *ctx, __u32 cpu, int what)
{
	if (what == WR_TURN_ASK)
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_WHERE + !!WR_JUDGE_OF(cpu)->base);
	else if (what == WR_TURN_COOKIE)
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_COOKIES);
}

static __always_inline void wr_ask_rules(wr_ctx *ctx, __u32 cpu, int what, int why)
{
	if (what == WR_TURN_MORE)
		what = wr_judge_again(cpu);
	if (what == WR_TURN_END)
		return;
	WR_JUDGE_OF(cpu)->why = (__u8)why;
	wr_ask_others(ctx, cpu, what);
}

/* Rules are begun with before the packet is counted. policy: 0 where there are none, or users'
 * programs are asked first. */
static __always_inline int wr_begin_rules(__u32 cpu, __u32 len, __u64 now, __u32 policy)
{
	WR_JUDGE_OF(cpu)->now_ns = now;
	if (policy)
		return wr_judge_first(cpu, policy, len);
	wr_judge_clear(WR_JUDGE_OF(cpu));
	return WR_TURN_END;
}

/* Behind users' programs that are asked first, or where there is none in their slot: they are just
 * being taken out. */
__attribute__((noinline)) int wr_begin_late(__u32 cpu, __u32 len)
{
	__u32 policy = wr_shared.board.conf.policy;

	return policy ? wr_judge_first(cpu, policy, len) : WR_TURN_END;
}

/* With neither rules nor users' programs all passes: what rules leave of a packet is neither
 * written nor read, but where programs behind this one look at it. */
static __always_inline int wr_unjudged(wr_ctx *ctx, __u32 cpu, __u32 len, int why)
{
	if (why || wr_shared.board.conf.follow) {
		if (wr_fixed.judge)
			wr_judge_clear(WR_JUDGE_OF(cpu));
		return wr_end(ctx, cpu, len, why);
	}
	wr_count_passed(cpu, len);
	return WR_PASS;
}

static __always_inline int wr_path(wr_ctx *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id(), len = wr_ctx_whole(ctx);
	struct wr_cpu_count *c = &wr_cpu_of(cpu)->count;
	struct wr_board_conf *conf = &wr_shared.board.conf;
	struct wr_judge *j = WR_JUDGE_OF(cpu);
	__u64 now = wr_fixed.account ? wr_now_ns() : 0;
	int why = 0, what = WR_TURN_END;
	__u32 judged = 0, before = 0;

	c->arrived_packets++;
	c->arrived_bytes += len;
	wr_see(ctx, cpu, wr_ctx_len(ctx));
	if (wr_fixed.judge) {
		/* Once: were they changed in between, nobody would be asked. */
		__u32 programs = *(volatile __u32 *)&conf->programs;
		__u32 policy = *(volatile __u32 *)&conf->policy;

		judged = programs | policy;
		before = programs & WR_PROGRAMS_BEFORE;
		if (judged)
			what = wr_begin_rules(cpu, len, now, before ? 0 : policy);
	}
	if (wr_fixed.account)
		why = wr_account(cpu, len, now);
	if (!judged)
		return wr_unjudged(ctx, cpu, len, why);
	if (before) {
		j->why = (__u8)why;
		j->len = len;
		bpf_tail_call(ctx, &wr_slots, WR_SLOT_BEFORE);
		what = wr_begin_late(cpu, len);
	}
	if (wr_fixed.judge)
		wr_ask_rules(ctx, cpu, what, why);
	return wr_decided(ctx, cpu, len, why);
}

/* Behind the program with the expressions. */
static __always_inline int wr_judged_path(wr_ctx *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	wr_ask_others(ctx, cpu, wr_judge_again(cpu));
	return wr_decided(ctx, cpu, WR_JUDGE_OF(cpu)->len, WR_JUDGE_OF(cpu)->why);
}

/* Behind users' programs that were asked before the rules: these are asked, unless one has decided.
 */
static __always_inline int wr_begun_path(wr_ctx *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	const struct wr_judge *j = WR_JUDGE_OF(cpu);
	__u32 len = j->len;
	int why = j->why;

	if (wr_said(cpu) != WR_SAID_CONTINUE)
		return wr_end(ctx, cpu, len, why);
	wr_ask_rules(ctx, cpu, wr_begin_late(cpu, len), why);
	return wr_decided(ctx, cpu, len, why);
}

static __always_inline int wr_ended_path(wr_ctx *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	if (wr_said(cpu) == WR_SAID_PASS)
		WR_JUDGE_OF(cpu)->governed = WR_NOT_GOVERNED;
	return wr_end(ctx, cpu, WR_JUDGE_OF(cpu)->len, WR_JUDGE_OF(cpu)->why);
}

/* Facts leave in one piece with the event in front; the inner header only when there is one. */
static __always_inline long wr_send_facts(struct wr_slot *s)
{
	__u32 n = sizeof(s->event) + sizeof(s->parse.rec);

	if (!(s->parse.rec.has & WR_HAS_INNER))
		n -= sizeof(struct wr_hdr);
	s->event.cap = 0;
	return bpf_ringbuf_output(&wr_ring, s, n, BPF_RB_NO_WAKEUP);
}

/* One size of reserved room: the ring takes constants only. */
static __always_inline int wr_send_room(wr_ctx *ctx, struct wr_slot *s, __u32 n, const __u32 room)
{
	struct wr_event *e = bpf_ringbuf_reserve(&wr_ring, sizeof(*e) + room, 0);

	if (!e)
		return -1;
	*e = s->event;
	if (wr_far(ctx, (__u8 *)(e + 1), n, room))
		e->cap = 0;
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Before 5.18 XDP cannot copy a variable number of bytes out of a packet: the window is what there
 * is. */
static __always_inline int wr_send_window(wr_ctx *ctx, struct wr_slot *s, __u32 n)
{
	if (n > WR_WINDOW)
		n = WR_WINDOW;
	s->event.cap = n;
	if (!n || wr_copy(ctx, s->bytes, n))
		s->event.cap = 0;
	return (int)bpf_ringbuf_output(&wr_ring, s, sizeof(s->event) + WR_WINDOW, BPF_RB_NO_WAKEUP);
}

static __always_inline int wr_send_bytes(wr_ctx *ctx, struct wr_slot *s)
{
	__u32 n = *(volatile __u32 *)&s->event
			   .cap; /* from memory: 32 bits that the verifier believes */

	if (!WR_CTX_CAN_LOAD)
		return wr_send_window(ctx, s, n);
	if (n <= 64)
		return wr_send_room(ctx, s, n, 64);
	if (n <= 128)
		return wr_send_room(ctx, s, n, 128);
	if (n <= 256)
		return wr_send_room(ctx, s, n, 256);
	if (n <= 512)
		return wr_send_room(ctx, s, n, 512);
	if (n <= 1536)
		return wr_send_room(ctx, s, n, 1536);
	if (n <= 4096)
		return wr_send_room(ctx, s, n, 4096);
	if (n <= 16384)
		return wr_send_room(ctx, s, n, 16384);
	return wr_send_room(ctx, s, n, 65536);
}

/* The packet was chosen: count it, and make its record unless sampling says otherwise. */
static __always_inline void wr_record(wr_ctx *ctx, __u32 cpu)
{
	struct wr_cpu_count *c = &wr_cpu_of(cpu)->count;
	struct wr_board_conf *conf = &wr_shared.board.conf;
	struct wr_slot *s = wr_slot_of(cpu);
	const struct wr_judge *j = WR_JUDGE_OF(cpu);
	__u32 len = wr_ctx_len(ctx);
	__u32 snap = s->event.why == WR_WHY_KEPT ? conf->keep_snap : conf->snap;
	long err;

	c->matched_packets++;
	c->matched_bytes += wr_ctx_whole(ctx);
	if (conf->records < WR_RECORDS_FACTS)
		return;
	if (conf->sample > 1) {
		if (c->skip) {
			c->skip--;
			return;
		}
		c->skip = conf->sample - 1;
	}
	c->made++;
	s->event.ts_ns = bpf_ktime_get_ns();
	s->event.made = c->made;
	s->event.ring_full = c->ring_full;
	s->event.ifindex = wr_shared.board.ifindex;
	s->event.hook = (__u8)wr_shared.board.hook;
	s->event.linktype = (__u8)wr_fixed.linktype;
	s->event.cpu = (__u16)cpu;
	if (wr_fixed.judge) {
		s->event.verdict = j->verdict;
		s->event.rule = j->slot;
		s->event.klass = j->klass;
	}
	s->event.gso_segs = s->parse.rec.gso_segs = (__u16)wr_ctx_segs(ctx);
	s->event.tag = wr_ctx_tag(ctx);
	s->event.len = wr_ctx_whole(ctx);
	s->event.cap = len < snap ? len : snap;
	if (conf->records == WR_RECORDS_BYTES)
		err = wr_send_bytes(ctx, s);
	else
		err = wr_send_facts(s);
	if (err)
		c->ring_full++;
}

static __always_inline int wr_record_path(wr_ctx *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();

	wr_record(ctx, cpu);
	return wr_leave(ctx, cpu);
}

#endif
