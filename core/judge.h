/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_JUDGE_H
#define WR_CORE_JUDGE_H

#include "core/host.h"
#include "core/model.h"
#include "core/proto.h"
#include "core/reason.h"
#include "core/record.h"
#include "core/sketch.h"
#include "core/trie.h"

/*
 * What becomes of a packet. The policy is an image (core/trie.h): for source, destination and
 * service each a trie that leads to a bit vector of the rules that match there; a rule matches when
 * its bit is in all of them (Lakshman, Stiliadis, SIGCOMM 1998, with the summary of Baboescu,
 * Varghese, SIGCOMM 2001: one word tells which words are worth looking at). So the work grows with
 * the logarithm of the rules and prefixes, and not at all with those that do not match.
 *
 * Bits are in the order in which rules are asked. A rule with several targets has a bit for each:
 * a term.
 */

/* What a turn says: go on, it is over; the expressions have to be asked first, or the service
 * whose SYN or ACK it is. */
enum { WR_TURN_END, WR_TURN_MORE, WR_TURN_ASK, WR_TURN_COOKIE };
#define WR_ASKED (1ull << WR_JUDGE_WHERES)

/*
 * In the kernel `self` is the CPU, as in the parser. On the host it is this. Whoever includes this
 * for the kernel defines what the host has below.
 */
#ifdef __bpf__
typedef __u32 wr_judging;
#else
typedef struct wr_judging {
	struct wr_judge judge;
	const struct wr_rec *rec;
	wr_image image;
	struct wr_bucket_line *bucket; /* 1 << bucket_bits of them */
	__u32 bucket_bits;
	struct wr_bucket_line *frag; /* WR_FRAG_LINES of them */
	struct wr_bucket *total;     /* WR_JUDGE_RULES: of rules */
	struct wr_rule_count *count;
	struct wr_bucket_line *links; /* core/govern.h: WR_LINK_LINES of each; NULL: none */
	struct wr_bucket_line *hosts; /* WR_HOST_LINES of them; NULL: no flow's host is known */
	struct wr_track_line *tracks; /* WR_TRACK_LINES of them; NULL: nothing is known of flows */
	struct wr_debts debts;
	struct wr_model_values values;
	__u32 path; /* the interface; the same in both directions */
	__u64 forgiven_ns, secret, dice;
} * wr_judging;

#define WR_JUDGE_OF(self) (&(self)->judge)
#define WR_JUDGE_REC(self) ((self)->rec)
#define WR_JUDGE_IMAGE(self) ((self)->image)
#define WR_JUDGE_VALUES(self) (&(self)->values)
#define WR_JUDGE_SECRET(self) ((self)->secret)
#define WR_JUDGE_PATH(self) ((self)->path)
#define WR_JUDGE_SUM(self, first, trees, id) \
	((void)(id), wr_model_sum((self)->image, &(self)->values, first, trees))
#define WR_JUDGE_FORGIVEN(self) (&(self)->forgiven_ns)
#define WR_LOWEST(n) wr_lowest_bit[n]
#define WR_JUDGE_FORESEE(self, head)

static const __u8 wr_lowest_bit[64] = {WR_LOWEST_BITS};

static inline struct wr_rule_count *wr_rule_count(wr_judging self, __u32 slot)
{
	return &self->count[slot & (WR_JUDGE_RULES - 1)];
}

static inline struct wr_bucket *wr_bucket_total(wr_judging self, __u32 slot)
{
	return &self->total[slot & (WR_JUDGE_RULES - 1)];
}

static inline struct wr_bucket_line *wr_bucket_line(wr_judging self, __u64 hash)
{
	return &self->bucket[hash >> (64 - self->bucket_bits)];
}

static inline struct wr_bucket_line *wr_frag_line(wr_judging self, __u64 hash)
{
	return &self->frag[hash >> (64 - WR_FRAG_BITS)];
}

static inline struct wr_bucket_line *wr_host_at(wr_judging self, __u32 line)
{
	return self->hosts ? &self->hosts[line - WR_HOST_FIRST] : 0;
}

static inline struct wr_track_line *wr_track_at(wr_judging self, __u32 line)
{
	return self->tracks ? &self->tracks[line - WR_TRACK_FIRST] : 0;
}

static inline __u64 wr_judge_now(wr_judging self)
{
	return self->judge.now_ns;
}
#endif

/* A service is sought by protocol and port; a packet without ports is none of any port's. */
wr_inline __u32 wr_service_key(__u32 proto, __u32 port, int has_port)
{
	return proto << 24 | port << 8 | !has_port;
}

/* Line n of a vector; the first word is the summary. */
wr_inline __u64 wr_vec_word(wr_judging self, const struct wr_judge_head *h, __u32 vec, __u32 n)
{
	const struct wr_line *l;

	if (vec == WR_VEC_NONE)
		return 0;
	l = wr_line_at(WR_JUDGE_IMAGE(self),
		       h->vectors + (vec - WR_VEC_FIRST) * h->stride + (n >> 3));
	if (!l)
		return 0;
	wr_keep(l);
	return l->word[n & 7];
}

/* Element n of a table of references or classes. */
wr_inline __u32 wr_table_at(wr_judging self, __u32 table, __u32 n)
{
	const struct wr_line *l = wr_line_at(WR_JUDGE_IMAGE(self), table + (n >> 4));

	if (!l)
		return 0;
	wr_keep(l); /* or the offset is added before it is known that there is a line */
	return ((const __u32 *)l)[n & 15];
}

/* One function of its own, so that the verifier reads it once. which: 0 source, 1 destination. */
#ifdef __bpf__
#define WR_JUDGE_STAGE __attribute__((noinline)) int
#else
#define WR_JUDGE_STAGE static inline int
#endif

#include "core/traffic.h"

WR_JUDGE_STAGE wr_judge_addr(wr_judging self, __u32 ref, __u32 which)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[j->level & 1];
	const __u8 *at = which ? h->dst : h->src;

	if (h->ip_v == 4)
		return (int)wr_trie_find(WR_JUDGE_IMAGE(self), ref, (__u64)wr_be32(at) << 32, 0, 0);
	return (int)wr_trie_find(WR_JUDGE_IMAGE(self), ref, wr_ntoh64(wr_load64(at)),
				 wr_ntoh64(wr_load64(at + 8)), 1);
}

WR_JUDGE_STAGE wr_judge_service(wr_judging self, __u32 ref)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[j->level & 1];
	__u32 proto = h->has & WR_H_PROTO ? h->proto : 255, ports = h->has & WR_H_PORTS;
	__u32 key = wr_service_key(proto, ports ? h->dport : 0, ports != 0);

	return (int)wr_trie_find(WR_JUDGE_IMAGE(self), ref, (__u64)key << 32, 0, 0);
}

/* A reference that is a value needs no search. */
#define wr_judge_search(ref, search) \
	((ref) >> WR_REF_BITS == WR_REF_VALUE ? (ref) : (__u32)(search))

/* A class in a dimension that is not joined is a vector, too. */
wr_inline __u32 wr_judge_vec(__u32 base, __u32 class)
{
	return class ? base + class : WR_VEC_NONE;
}

/* A few boundaries are one line: what most policies have is not worth a call. */
wr_inline __u32 wr_judge_source(wr_judging self, const struct wr_judge_head *head,
				const struct wr_hdr *h)
{
	__u32 ref = h->ip_v == 4 ? head->src4 : head->src6;
	const struct wr_line *line;

	if (h->ip_v != 4 || ref >> WR_REF_BITS != WR_REF_FEW)
		return wr_judge_search(ref, wr_judge_addr(self, ref, 0));
	line = wr_line_at(WR_JUDGE_IMAGE(self), ref & WR_REF_MASK);
	return line ? wr_trie_few4(line, wr_be32(h->src)) : 0;
}

/* The vectors of the rules that match a header; 0: none does. */
wr_inline int wr_judge_match(wr_judging self, const struct wr_judge_head *head,
			     const struct wr_hdr *h)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	__u32 class = head->not_ip, ref, service = 0, dst = 0;

	if (h->has & WR_H_IP) {
		class = wr_judge_source(self, head, h);
		if (class && head->with_service) {
			ref = wr_judge_service(self, head->service);
			if (head->flags & WR_HEAD_AND_SERVICE)
				service = wr_judge_vec(head->with_service, ref) + 1;
			else
				class = wr_table_at(self, head->with_service,
						    class * head->services + ref);
		}
		if (class && head->with_dst) {
			ref = h->ip_v == 4 ? head->dst4 : head->dst6;
			ref = wr_judge_search(ref, wr_judge_addr(self, ref, 1));
			if (head->flags & WR_HEAD_AND_DST)
				dst = wr_judge_vec(head->with_dst, ref) + 1;
			else
				class = wr_table_at(self, head->with_dst, class * head->dsts + ref);
		}
	}
	if (!class)
		return 0;
	j->vec[1] = class;
	j->vec[2] = service ? service - 1 : class;
	j->vec[3] = dst ? dst - 1 : class;
	return 1;
}

/* Word n of what matches. */
wr_inline __u64 wr_judge_word(wr_judging self, const struct wr_judge_head *head, __u32 n)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	__u64 word = wr_vec_word(self, head, j->vec[0], n) & wr_vec_word(self, head, j->vec[1], n);

	if (j->vec[2] != j->vec[1])
		word &= wr_vec_word(self, head, j->vec[2], n);
	if (j->vec[3] != j->vec[1])
		word &= wr_vec_word(self, head, j->vec[3], n);
	return word;
}

wr_inline int wr_judge_header(wr_judging self, const struct wr_judge_head *head, __u32 level)
{
	struct wr_judge *j = WR_JUDGE_OF(self);

	j->level = (__u8)level;
	j->word = 0;
	j->summary = 0;
	if (!wr_judge_match(self, head, &WR_JUDGE_REC(self)->hdr[level]))
		return 0;
	j->counted = 0;
	j->tagged = 0;
	j->scored = 0;
	j->vec[0] = level ? head->inner : head->always;
	j->summary = wr_judge_word(self, head, 0);
	return j->summary != 0;
}

/* The number of the lowest bit, by a de Bruijn sequence (Leiserson, Prokop, Randall, 1998): BPF has
 * no instruction for it. */
wr_inline __u32 wr_lowest(__u64 v)
{
	return WR_LOWEST((v & (0 - v)) * WR_DE_BRUIJN >> 58) & 63;
}

enum { WR_TERM_NONE = -1, WR_TERM_LATER = -2 };

/* The next term that matches, or one of those. */
wr_inline int wr_judge_term(wr_judging self, const struct wr_judge_head *head)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	__u64 word = j->word;
	__u32 bit;

	if (!word) {
		__u64 summary = j->summary;

		if (!summary)
			return WR_TERM_NONE;
		j->w = wr_lowest(summary) + 1;
		j->summary = summary & (summary - 1);
		word = wr_judge_word(self, head, j->w);
		if (!word)
			return WR_TERM_LATER; /* words matched, their bits do not */
	}
	bit = wr_lowest(word);
	j->word = word & (word - 1);
	return (int)((j->w - 1) * 64 + bit);
}

/* The key of a bucket: whose rate it is. */
wr_inline __u64 wr_judge_tag(wr_judging self, const struct wr_judge_rule *r)
{
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[WR_JUDGE_OF(self)->level & 1];
	__u64 a, b, rest = r->slot;

	if (r->flags & WR_RULE_PER_SERVICE) {
		a = wr_load64(h->dst);
		b = h->ip_v == 4 ? 0 : wr_load64(h->dst + 8);
		rest |= (__u64)h->proto << 16 | (h->has & WR_H_PORTS ? (__u64)h->dport << 32 : 0);
	} else if (h->ip_v == 4) {
		a = wr_be32(h->src) & (r->bits4 ? ~0u << ((32 - r->bits4) & 31) : 0);
		return wr_mix(a << 32 ^ rest ^ WR_JUDGE_SECRET(self)) | 1;
	} else {
		a = wr_ntoh64(wr_load64(h->src));
		b = wr_ntoh64(wr_load64(h->src + 8));
		if (r->bits6 <= 64) {
			a &= r->bits6 ? ~0ull << ((64 - r->bits6) & 63) : 0;
			b = 0;
		} else {
			b &= ~0ull << ((128 - r->bits6) & 63);
		}
	}
	if (h->ip_v == 4)
		a &= 0xffffffffu;
	return wr_mix(a ^ wr_mix(b ^ WR_JUDGE_SECRET(self)) ^ wr_mix(rest + h->ip_v)) | 1;
}

/* Where ports are there and flags are not (a first fragment of eight bytes), it may be one. */
wr_inline int wr_may_be_syn(const struct wr_hdr *h)
{
	if (h->has & WR_H_TCP)
		return (h->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK)) == WR_TCP_SYN;
	return h->has & WR_H_PORTS && h->proto == WR_IP_TCP;
}

/* Is the packet over the limit? An ACK is no unit of it and takes nothing: of it is asked whether
 * there have just been others over it. */
wr_inline int wr_judge_over(wr_judging self, const struct wr_judge_rule *r, __u8 cookie)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[j->level & 1];
	struct wr_bucket_line *line;
	struct wr_bucket *b;
	__u64 tag, now;

	if (r->flags & WR_RULE_SYN && cookie != WR_COOKIE_ACK && !wr_may_be_syn(h))
		return 0;
	now = wr_judge_now(self);
	if (r->flags & (WR_RULE_PER_SOURCE | WR_RULE_PER_SERVICE)) {
		tag = j->tagged == r->slot + 1u ? j->tag : wr_judge_tag(self, r);
		line = wr_bucket_line(self, tag);
		if (cookie == WR_COOKIE_ACK)
			return line && wr_bucket_tat(line, tag) > now + r->rate.tolerance_ns / 2;
		b = line ? wr_bucket_of(line, tag, now, WR_JUDGE_FORGIVEN(self)) : 0;
	} else {
		b = wr_bucket_total(self, r->slot);
	}
	return b && !wr_bucket_take(b, &r->rate, r->flags & WR_RULE_BYTES ? j->len : 1, now);
}

/*
 * SYN cookies (RFC 4987, 3.6): a SYN over the rate is to be answered, and as long as there are
 * such, an ACK that may answer such an answer has to bear a cookie. Whether a service is there, and
 * whether it knows the connection, is seen by the kernel alone.
 */
wr_inline __u8 wr_judge_cookie(wr_judging self)
{
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[0];
	__u32 flags = h->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST | WR_TCP_FIN);

	if (WR_JUDGE_OF(self)->cookie == WR_COOKIE_DONE || !(h->has & WR_H_TCP) ||
	    h->has & WR_H_FRAG)
		return WR_COOKIE_NONE;
	if (flags == WR_TCP_SYN)
		return WR_COOKIE_SYN;
	return (flags & ~WR_TCP_FIN) == WR_TCP_ACK ? WR_COOKIE_ACK : WR_COOKIE_NONE;
}

/* Is it one of those that the rule keeps out? */
wr_inline int wr_judge_hits(wr_judging self, const struct wr_judge_rule *r, __u8 cookie)
{
	if (r->action == WR_DO_DROP || (cookie && !r->rate.cost_ns))
		return 1;
	return (cookie || r->action == WR_DO_LIMIT) && wr_judge_over(self, r, cookie);
}

/* The rule that decided has kept the packet out. */
wr_inline void wr_judge_hit(wr_judging self)
{
	struct wr_rule_count *c = wr_rule_count(self, WR_JUDGE_OF(self)->slot);

	if (!c)
		return;
	c->hit_packets++;
	c->hit_bytes += WR_JUDGE_OF(self)->len;
}

/* After an allow: nothing but classes is asked. */
wr_inline void wr_judge_to_classes(struct wr_judge *j, const struct wr_judge_head *head)
{
	__u32 first = head->first_class, w = (first >> 6) + 1;

	if (w > j->w) {
		j->word = 0;
		j->summary &= ~0ull << ((w - 1) & 63);
	}
	/* In the word where classes begin, those before are over: they stand in front. */
	j->decided = 1;
}

/* Is the packet of a flow that asked for the host of a rule? */
WR_JUDGE_STAGE wr_judge_host(wr_judging self, __u32 rule)
{
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[0];
	struct wr_host_key key = {h->src, h->dst, h->sport, h->dport, h->proto, h->ip_v};
	struct wr_bucket_line *l;
	__u64 tag;

	if (WR_JUDGE_OF(self)->level || !(h->has & WR_H_PORTS))
		return 0;
	tag = wr_host_tag(&key, rule, WR_JUDGE_SECRET(self));
	l = wr_host_at(self, wr_host_line(tag));
	return l && (l->way[0].tag == tag || l->way[1].tag == tag || l->way[2].tag == tag ||
		     l->way[3].tag == tag);
}

/* Asks a model; what it says holds for all rules at this level. */
WR_JUDGE_STAGE wr_judge_ask_model(wr_judging self, __u32 first, __u32 trees, __u64 id)
{
	struct wr_judge *j = WR_JUDGE_OF(self);

	wr_model_see(WR_JUDGE_VALUES(self), WR_JUDGE_REC(self), j->level, j->len);
	j->sum = WR_JUDGE_SUM(self, first, trees, id);
	j->scored = first;
	return 0;
}

/* Is the score over the bound of a rule? Tests lie in front of the rules, the first nearest. */
wr_inline int wr_judge_scores(wr_judging self, const struct wr_judge_head *head, __u32 test)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_line *l = wr_line_at(WR_JUDGE_IMAGE(self), head->rules - 1 - (test >> 2));
	const struct wr_model_test *t;

	if (!l)
		return 0;
	wr_keep(l);
	t = (const struct wr_model_test *)l + (test & 3);
	if (j->scored != t->first)
		wr_judge_ask_model(self, t->first, t->trees, t->id);
	return j->sum >= t->least;
}

/* Holds the packet against one rule. */
wr_inline int wr_judge_apply(wr_judging self, const struct wr_judge_head *head, __u32 term)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_judge_rule *r;
	const struct wr_line *l;
	struct wr_rule_count *c;
	__u8 cookie = WR_COOKIE_NONE;
	int hit, counts;

	l = wr_line_at(WR_JUDGE_IMAGE(self), head->rules + (term >> 1));
	if (!l)
		return WR_TURN_END;
	wr_keep(l);
	r = (const struct wr_judge_rule *)l + (term & 1);
	/* A rule with several targets is as many terms, one behind the other: it is asked once. */
	if (r->action != WR_DO_CLASS && (j->decided || j->counted == r->slot + 1u))
		return WR_TURN_MORE;
	if (r->where && !(j->where & WR_ASKED)) {
		j->word |= 1ull << (term & 63); /* once more, then */
		return WR_TURN_ASK;
	}
	if (r->where && !(j->where >> ((r->where - 1) & 63) & 1))
		return WR_TURN_MORE;
	if (r->flags & WR_RULE_HOST &&
	    !wr_judge_host(self, r->action == WR_DO_CLASS ? (__u32)r->rate.cost_ns : r->slot))
		return WR_TURN_MORE;
	if (r->until_10ms && wr_judge_now(self) >> WR_UNTIL_SHIFT >= r->until_10ms)
		return WR_TURN_MORE;
	if (r->score && !wr_judge_scores(self, head, r->score - 1))
		return WR_TURN_MORE;
	if (r->action == WR_DO_CLASS) {
		if (j->klass == WR_NO_CLASS && !(r->flags & WR_RULE_SHADOW))
			j->klass = (__u8)r->slot;
		return WR_TURN_MORE; /* what a tunnel carries may still be dropped */
	}
	j->counted = (__u16)(r->slot + 1);
	if (r->action == WR_DO_COOKIES)
		cookie = wr_judge_cookie(self);
	hit = wr_judge_hits(self, r, cookie);
	c = wr_rule_count(self, r->slot);
	if (!c)
		return WR_TURN_END;
	c->packets++;
	c->bytes += j->len;
	if (r->action == WR_DO_ALLOW) {
		if (r->flags & WR_RULE_SHADOW)
			return WR_TURN_MORE;
		j->slot = r->slot;
		wr_judge_to_classes(j, head);
		return WR_TURN_MORE;
	}
	counts = r->flags & WR_RULE_SHADOW || head->flags & WR_HEAD_COUNT_ONLY;
	if (!hit || (counts && cookie == WR_COOKIE_ACK))
		return WR_TURN_MORE;
	if (cookie && !counts) {
		j->slot = r->slot;
		j->cookie = cookie;
		return WR_TURN_COOKIE;
	}
	c->hit_packets++;
	c->hit_bytes += j->len;
	if (counts)
		return WR_TURN_MORE;
	j->slot = r->slot;
	j->verdict = r->action == WR_DO_DROP ? WR_VERDICT_DROP : WR_VERDICT_LIMIT;
	return WR_TURN_END;
}

/* One rule, or none any more. Then the inner header has its turn, where a rule asks for it. */
WR_JUDGE_STAGE wr_judge_turn(wr_judging self)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_judge_head *head = (const void *)wr_line_at(WR_JUDGE_IMAGE(self), j->head);
	int term;

	if (!head)
		return WR_TURN_END;
	term = wr_judge_term(self, head);
	if (term >= 0)
		return wr_judge_apply(self, head, (__u32)term);
	if (term == WR_TERM_LATER)
		return WR_TURN_MORE;
	if (!j->inner || j->decided)
		return WR_TURN_END;
	j->inner = 0;
	return wr_judge_header(self, head, 1) ? WR_TURN_MORE : WR_TURN_END;
}

/* Nothing is said yet. One store, if the compiler sees it. */
wr_inline void wr_judge_clear(struct wr_judge *j)
{
	j->slot = 0;
	j->verdict = WR_VERDICT_PASS;
	j->level = 0;
	j->decided = 0;
	j->klass = WR_NO_CLASS;
	j->governed = WR_NOT_GOVERNED;
	j->cookie = WR_COOKIE_NONE;
}

/* Has the interface a link whose classes are governed? */
wr_inline void wr_judge_link(struct wr_judge *j, const struct wr_judge_head *head)
{
	__u32 flags = head ? head->flags : 0;

	if (!(flags & WR_HEAD_CLASSES))
		return;
	j->governed = flags & WR_HEAD_COUNT_ONLY ? WR_GOVERN_COUNTED : WR_GOVERNED;
	j->link = head->link;
}

/* Begins with the image whose head is at that line; len is set. 0: no rule matches, the packet
 * passes. */
wr_inline int wr_judge_begin(wr_judging self, __u32 at)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_judge_head *head = (const void *)wr_line_at(WR_JUDGE_IMAGE(self), at);

	wr_judge_clear(j);
	if (!head)
		return 0;
	j->head = at; /* who looks at what is rare asks it, too */
	wr_judge_link(j, head);
	j->inner = head->inner && WR_JUDGE_REC(self)->has & WR_HAS_INNER;
	if (head->flags & WR_HEAD_TRAFFIC)
		wr_judge_traffic(self, head->flags);
	if (wr_judge_header(self, head, 0))
		WR_JUDGE_FORESEE(self, head);
	else if (!j->inner)
		return 0;
	j->where = 0;
	return 1;
}

/* Goes on until it is over, or the expressions have to be asked. */
wr_inline int wr_judge_on(wr_judging self)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	int turn, what = WR_TURN_MORE;

	for (turn = 0; turn < WR_JUDGE_TURNS && what == WR_TURN_MORE; turn++)
		what = j->word || j->summary || j->inner ? wr_judge_turn(self) : WR_TURN_END;
	return what;
}

/* Drops a packet for what a rule said of another one, or a statement of such packets. */
wr_inline void wr_judge_gone(wr_judging self, __u32 slot, __u32 verdict)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	struct wr_rule_count *c = wr_rule_count(self, slot);

	j->slot = (__u16)slot;
	j->verdict = (__u8)verdict;
	if (!c)
		return;
	c->packets++;
	c->bytes += j->len;
	c->hit_packets++;
	c->hit_bytes += j->len;
}

/*
 * Later fragments have no ports: they share the fate of the first, which is kept for a while. A
 * bucket of the first's key holds it: until when, rule, verdict.
 */
enum { WR_FRAG_KEEP_BITS = 31, WR_FRAG_FATE_BITS = 16 }; /* 2.1 s; resolution 65 us */

wr_inline __u64 wr_frag_tag(wr_judging self)
{
	const struct wr_hdr *h = &WR_JUDGE_REC(self)->hdr[0];
	__u64 a = wr_load32(h->src) | (__u64)wr_load32(h->dst) << 32, b = h->frag_id;

	if (h->ip_v ==
	    4) /* of IPv6, a later one may tell another protocol than the first (RFC 8200, 4.5) */
		b |= (__u64)h->proto << 16;
	else
		a ^= wr_mix(wr_load64(h->src + 8) ^ wr_mix(wr_load64(h->dst + 8)));
	return wr_mix(a ^ wr_mix(b ^ WR_JUDGE_SECRET(self))) | 1;
}

/* Does the fate of this packet depend on that of another? */
#define wr_is_fragment(h) (((h)->has & (WR_H_IP | WR_H_FRAG)) == (WR_H_IP | WR_H_FRAG))

/* 1: it is a later fragment whose first is known; its verdict and its class are this one's. at:
 * line of the head. */
wr_inline int wr_frag_known(wr_judging self, __u32 at)
{
	struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_judge_head *head = (const void *)wr_line_at(WR_JUDGE_IMAGE(self), at);
	__u64 tag = wr_frag_tag(self), now = wr_judge_now(self), fate = 0;
	struct wr_bucket_line *l = wr_frag_line(self, tag);
	__u32 i;

	for (i = 0; l && i < WR_BUCKET_WAYS; i++)
		if (l->way[i].tag == tag && l->way[i].tat > now)
			fate = l->way[i].tat;
	if (!fate || (fate & 3 && (!head || head->flags & WR_HEAD_COUNT_ONLY)))
		return 0;
	wr_judge_clear(j);
	j->verdict = fate & 3;
	j->slot = fate >> 2 & (WR_JUDGE_RULES - 1);
	j->klass = j->verdict ? WR_NO_CLASS : (__u8)j->slot;
	wr_judge_link(j, head);
	if (j->verdict)
		wr_judge_gone(self, j->slot, j->verdict);
	return 1;
}

wr_inline void wr_frag_keep(wr_judging self)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	__u64 tag = wr_frag_tag(self), now = wr_judge_now(self), forgiven = 0;
	struct wr_bucket_line *l = wr_frag_line(self, tag);
	struct wr_bucket *b;

	if (!l)
		return;
	b = wr_bucket_of(l, tag, now, &forgiven);
	now += 1ull << WR_FRAG_KEEP_BITS;
	b->tat = now >> WR_FRAG_FATE_BITS << WR_FRAG_FATE_BITS |
		 (__u64)(j->verdict ? j->slot : j->klass) << 2 | j->verdict;
}

/* Reasons of the parser for which more would follow that a host may read. */
#define WR_BAD_BEYOND                                                            \
	(1ull << WR_BAD_DEEP | 1ull << WR_BAD_STEPS | 1ull << WR_BAD_VLAN_MANY | \
	 1ull << WR_BAD_MPLS_MANY | 1ull << WR_BAD_IP6_EXT_MANY)

/*
 * Did the parser not come to the ports where a host would? Headers go on beyond what is read, or
 * the first of several fragments ends before them and the next one has them. All else that is wrong
 * with a packet makes a host refuse it. Inside of tunnels it matters when a rule looks there; then
 * ports alone may still be those of a tunnel.
 */
wr_inline int wr_is_unreadable(const struct wr_judge_head *head, const struct wr_rec *rec)
{
	const struct wr_hdr *h = &rec->hdr[rec->bad_depth & 1];
	__u32 bad = rec->bad & 63;

	if (!bad || bad == WR_BAD_CUT || (rec->bad_depth && !head->inner))
		return 0;
	if (!(WR_BAD_BEYOND >> bad & 1) && !(h->has & WR_H_MF))
		return 0;
	return !(h->has & (head->inner ? WR_H_TCP : WR_H_PORTS));
}

/* Is there more to say after the rules were asked? */
#define wr_is_rare(rec) ((rec)->bad || wr_is_fragment(&(rec)->hdr[0]))

/* What no rule has decided, and cannot be read or is a later fragment whose first is not known, has
 * the fate that was chosen for such. The first fragment's fate is kept. */
wr_inline void wr_judge_rare(wr_judging self)
{
	const struct wr_judge *j = WR_JUDGE_OF(self);
	const struct wr_rec *rec = WR_JUDGE_REC(self);
	const struct wr_judge_head *head = (const void *)wr_line_at(WR_JUDGE_IMAGE(self), j->head);
	__u32 flags = 0;

	if (head && !j->verdict && !j->decided && !(head->flags & WR_HEAD_COUNT_ONLY))
		flags = head->flags;
	if (flags & WR_HEAD_UNREADABLE_DROP && wr_is_unreadable(head, rec))
		wr_judge_gone(self, WR_SLOT_UNREADABLE, WR_VERDICT_DROP);
	if (!wr_is_fragment(&rec->hdr[0]))
		return;
	if (!rec->hdr[0].frag_off)
		wr_frag_keep(self);
	else if (flags & WR_HEAD_FRAG_DROP && !j->verdict)
		wr_judge_gone(self, WR_SLOT_FRAGMENTS, WR_VERDICT_DROP);
}

#endif
