/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_ACCOUNT_H
#define WR_BPF_ACCOUNT_H

#include "bpf/maps.h"
#include "core/proto.h"

/* Counting without a record per packet, see core/account.h. Called between arrived++ and passed++:
 * so a reader knows when nobody is in a set of tables any more. */

#define WR_GOLDEN 0x9e3779b97f4a7c15ull
#define WR_SILVER 0xbf58476d1ce4e5b9ull

/* The key in registers: five words of struct wr_account_key. */
struct wr_words {
	__u64 src[2], dst[2], rest;
};

/* What lies there is wanted soon: the load is begun, nobody waits for it. */
static __always_inline void wr_touch(const void *at)
{
	if (at)
		(void)*(const volatile __u64 *)at;
}

static __always_inline __u64 wr_now_ns(void)
{
	return wr_fixed.coarse ? bpf_ktime_get_coarse_ns() : bpf_ktime_get_ns();
}

/* Time in a row. The coarse clock lags behind the reader's, which has written when the window
 * began, by up to a tick: a packet of its first moments came at its begin, not before it. */
static __always_inline __u16 wr_when(const struct wr_account_head *head, __u64 now)
{
	__u64 start = head->start_ns;
	__u64 when = now > start ? (now - start) >> WR_ACCOUNT_TIME_SHIFT : 0;

	return when > 0xffff ? 0xffff : (__u16)when;
}

static __always_inline void wr_key_words(struct wr_words *k, const struct wr_rec *r)
{
	const struct wr_hdr *h = &r->hdr[0];
	__u32 tag = r->nvlan ? WR_KEY_VLAN | (r->vlan[0] & 0xfff) : 0;

	if (h->ip_v == 4) {
		k->src[0] = wr_load32(h->src);
		k->dst[0] = wr_load32(h->dst);
		k->src[1] = k->dst[1] = 0;
	} else {
		k->src[0] = wr_load64(h->src);
		k->src[1] = wr_load64(h->src + 8);
		k->dst[0] = wr_load64(h->dst);
		k->dst[1] = wr_load64(h->dst + 8);
	}
	k->rest = (__u64)h->ip_v << 56;
	if (h->has & WR_H_PORTS)
		k->rest |= h->sport | (__u64)h->dport << 16;
	if (h->has & WR_H_PROTO)
		k->rest |= (__u64)h->proto << 48;
	else
		tag |= WR_KEY_NO_PROTO;
	k->rest |= (__u64)tag << 32;
}

/* Products with a secret that is new with each load: who does not know it cannot choose flows that
 * share a place. The best bits are the highest. */
static __always_inline __u64 wr_hash2(__u64 a, __u64 b)
{
	__u64 h = (a ^ wr_fixed.secret[0]) * WR_GOLDEN;

	h ^= h >> 32;
	h = (h + b + wr_fixed.secret[1]) * WR_SILVER;
	h ^= h >> 29;
	return h * WR_GOLDEN;
}

/* The four bytes of an IPv4 address do not fill a word, so two of them are one without loss. Of
 * IPv6 each word has a secret of its own before anything is joined: a sum that is chosen would
 * collide whatever the secret is. */
static __always_inline __u64 wr_hash_key(const struct wr_words *k)
{
	const __u64 *s = (const __u64 *)wr_fixed.secret;
	__u64 a = k->src[0] ^ (k->dst[0] << 32 | k->dst[0] >> 32);

	if (k->rest >> 56 == 6)
		a = wr_mix(k->src[0] ^ s[0]) + wr_mix(k->dst[0] ^ s[1]) +
		    wr_mix(k->src[1] ^ (s[0] + WR_GOLDEN)) + wr_mix(k->dst[1] ^ (s[1] + WR_SILVER));
	return wr_hash2(a, k->rest);
}

static __always_inline int wr_row_is(const struct wr_account_row *row, const struct wr_words *k)
{
	const __u64 *w = (const __u64 *)&row->key;

	return row->packets && w[4] == k->rest && w[0] == k->src[0] && w[2] == k->dst[0] &&
	       w[1] == k->src[1] && w[3] == k->dst[1];
}

static __always_inline void wr_n_add(struct wr_account_n *n, __u64 packets, __u64 bytes)
{
	n->packets += packets;
	n->bytes += bytes;
}

/* Where 32 bits of packets end, counting stops and does not begin anew. Both without a branch: the
 * verifier would go each way. */
static __always_inline __u32 wr_add_packets(__u32 n, __u32 packets)
{
	__u64 sum = (__u64)n + packets;

	return (__u32)(sum | -(sum >> 32));
}

/* Have others wanted this place WR_ACCOUNT_VOTES times as often as it was used? */
static __always_inline int wr_voted_out(__u64 votes, __u64 packets)
{
	return votes >= packets * WR_ACCOUNT_VOTES;
}

/* ---- what has no flow row ---- */

static __always_inline void wr_spill_service(struct wr_account_head *head, const struct wr_words *k,
					     __u64 source, __u32 packets, __u64 bytes)
{
	/* destination, its port, protocol and version: the source port is not part of it */
	__u64 rest = k->rest & 0xffff0000ffff0000ull;
	__u32 at = wr_hash2(k->dst[0] ^ k->dst[1], rest) >> 57, i;

	_Static_assert(WR_ACCOUNT_SERVICES == 1 << 7, "seven bits of the hash");
	for (i = 0; i < 2; i++) {
		struct wr_account_service *s = &head->service[(at ^ i) & (WR_ACCOUNT_SERVICES - 1)];
		__u64 *dst = (__u64 *)s->dst;

		if (!s->packets) {
			dst[0] = k->dst[0];
			dst[1] = k->dst[1];
			s->dport = (__u16)(rest >> 16);
			s->proto = (__u8)(rest >> 48);
			s->ip_v = (__u8)(rest >> 56);
		} else if (dst[0] != k->dst[0] || dst[1] != k->dst[1] ||
			   s->dport != (__u16)(rest >> 16) || s->proto != (__u8)(rest >> 48) ||
			   s->ip_v != (__u8)(rest >> 56)) {
			continue;
		}
		s->packets = wr_add_packets(s->packets, packets);
		s->bytes += bytes;
		wr_sketch_add(s->sources, source);
		return;
	}
}

static __always_inline void wr_spill_source(struct wr_account_head *head, const struct wr_words *k,
					    __u64 source, __u32 packets, __u64 bytes)
{
	__u32 at = (__u32)(source >> WR_SKETCH_BITS); /* bits that the sketch does not use */
	struct wr_account_source *s = &head->source[at & (WR_ACCOUNT_SOURCES - 1)];
	struct wr_account_source *t = &head->source[(at ^ 1) & (WR_ACCOUNT_SOURCES - 1)];
	__u64 *a = (__u64 *)s->src, *b = (__u64 *)t->src;

	_Static_assert(WR_ACCOUNT_SOURCES <= 1 << (32 - WR_SKETCH_BITS), "bits of the hash");
	if (t->packets && b[0] == k->src[0] && b[1] == k->src[1]) {
		s = t;
	} else if (!s->packets || a[0] != k->src[0] || a[1] != k->src[1]) {
		if (s->packets && t->packets < s->packets)
			s = t, a = b;
		if (s->packets && !wr_voted_out(s->votes, s->packets)) {
			if (s->votes < 0xffff)
				s->votes++;
			return;
		}
		a[0] = k->src[0];
		a[1] = k->src[1];
		s->ip_v = (__u8)(k->rest >> 56);
		s->packets = 0;
		s->bytes = 0;
		s->votes = 0;
	}
	s->packets = wr_add_packets(s->packets, packets);
	s->bytes += bytes;
}

static __always_inline void wr_spill(struct wr_account_head *head, const struct wr_words *k,
				     __u32 packets, __u64 bytes)
{
	__u64 source = wr_sketch_hash(wr_shared.board.conf.seed, k->src[0], k->src[1]);

	wr_n_add(&head->other, packets, bytes);
	wr_spill_service(head, k, source, packets, bytes);
	wr_spill_source(head, k, source, packets, bytes);
}

/* ---- flow rows ---- */

/* Where the reader finds the row: it looks at rows in use only. */
static __always_inline void wr_list_row(struct wr_account_head *head, __u32 table, __u32 row)
{
	__u32 at = (table << (wr_fixed.set_bits + 1)) + head->used;
	__u64 *place;

	place = bpf_map_lookup_elem(&wr_used, &at);
	if (!place)
		return;
	*place = row;
	head->used++;
}

static __always_inline void wr_row_begin(struct wr_account_row *row, const struct wr_words *k,
					 __u16 when)
{
	__u64 *w = (__u64 *)&row->key;

	w[0] = k->src[0];
	w[1] = k->src[1];
	w[2] = k->dst[0];
	w[3] = k->dst[1];
	w[4] = k->rest;
	row->bytes = 0;
	row->packets = 0;
	row->tcp_flags = 0;
	row->votes = 0;
	row->first = when;
	row->time_us = 0;
}

static __always_inline void wr_row_tcp(struct wr_account_row *row, __u32 flags)
{
	__u32 now;

	if (flags & WR_TCP_SYN) {
		if (!(flags & WR_TCP_ACK) && !(row->tcp_flags & WR_ROW_SYN))
			row->time_us = (__u32)(bpf_ktime_get_ns() >> 10);
		row->tcp_flags |= flags & WR_TCP_ACK ? WR_ROW_SYN_ACK : WR_ROW_SYN;
	} else if ((row->tcp_flags & (WR_ROW_SYN | WR_ROW_RTT)) == WR_ROW_SYN) {
		now = (__u32)(bpf_ktime_get_ns() >> 10);
		row->time_us = now - row->time_us;
		row->tcp_flags |= WR_ROW_RTT;
	}
	row->tcp_flags |= flags;
}

/* A bare ACK may complete a handshake that began in an earlier window: the reader, who knows when
 * its SYN came, makes a round trip time of the two. */
static __always_inline int wr_is_bare_ack(const struct wr_hdr *h)
{
	return (h->tcp_flags & 0xff) == WR_TCP_ACK && h->has & WR_H_PAYLOAD && !h->payload_len;
}

static __always_inline void wr_row_add(struct wr_account_row *row, const struct wr_hdr *h,
				       __u32 len, __u16 when, __u32 facts)
{
	if (!row->packets && h->has & WR_H_TCP && wr_is_bare_ack(h))
		row->time_us =
			(__u32)(bpf_ktime_get_ns() >> 10) | 1; /* 0 says that there is none */
	row->packets++;
	row->bytes += len;
	row->last = when;
	if (h->has & WR_H_TCP)
		wr_row_tcp(row, h->tcp_flags & 0xfff);
	else
		row->tcp_flags |= facts;
}

/* The lighter of two rows that belong to others. NULL: it stays. */
static __always_inline struct wr_account_row *wr_vote(struct wr_account_row *a,
						      struct wr_account_row *b)
{
	struct wr_account_row *row = b->packets < a->packets ? b : a;

	if (wr_voted_out(row->votes, row->packets))
		return row;
	if (row->votes < 0xffff)
		row->votes++;
	return 0;
}

/* What it has counted goes to `other`. */
static __always_inline void wr_row_empty(struct wr_account_head *head, struct wr_account_row *row)
{
	const __u64 *w = (const __u64 *)&row->key;
	struct wr_words old = {{w[0], w[1]}, {w[2], w[3]}, w[4]};

	wr_spill(head, &old, row->packets, row->bytes);
	head->displaced++;
}

/* The two rows where a flow may be. Of one that was not seen lately both are far away, and are
 * asked for here at the same time. */
static __always_inline struct wr_account_set *wr_set_of(__u32 table, __u64 hash)
{
	__u32 bits = wr_fixed.set_bits, place = table << bits | (__u32)(hash >> (64 - bits));
	struct wr_account_set *set = bpf_map_lookup_elem(&wr_sets, &place);

	if (!set)
		return 0;
	wr_keep(set);
	wr_touch(&set->row[0]);
	wr_touch(&set->row[1]);
	return set;
}

/* The row of a flow, made if there is room; NULL: there is none. One that nobody has drained for so
 * long that its counters end begins anew. */
static __always_inline struct wr_account_row *wr_row_of(struct wr_account_head *head, __u32 table,
							struct wr_account_set *set,
							const struct wr_words *k, __u64 hash,
							__u16 when)
{
	__u32 bits = wr_fixed.set_bits, at = (__u32)(hash >> (64 - bits));
	struct wr_account_row *a, *b, *row;

	a = &set->row[0];
	b = &set->row[1];
	row = wr_row_is(a, k) ? a : wr_row_is(b, k) ? b : 0;
	if (row && row->packets < WR_ACCOUNT_ROW_MOST)
		return row;
	if (!row && !a->packets) {
		row = a;
		wr_list_row(head, table, at * 2);
	} else if (!row && !b->packets) {
		row = b;
		wr_list_row(head, table, at * 2 + 1);
	} else {
		row = row ? row : wr_vote(a, b);
		if (row)
			wr_row_empty(head, row);
	}
	if (row)
		wr_row_begin(row, k, when);
	return row;
}

/* SYNs by the order of their options: what kind of sender they come from. */
static __always_inline void wr_account_print(struct wr_account_head *head, const struct wr_hdr *h)
{
	__u64 order = h->has & WR_H_TCPOPT ? h->opt.order : 0;
	__u32 at = (__u32)(order * WR_GOLDEN >> 58), i;

	_Static_assert(WR_ACCOUNT_PRINTS == 1 << 6, "six bits of the hash");
	for (i = 0; i < 2; i++) {
		__u32 n = (at + i) & (WR_ACCOUNT_PRINTS - 1);

		if (head->prints[n].packets && head->prints[n].order != order)
			continue;
		head->prints[n].order = order;
		head->prints[n].packets++;
		return;
	}
}

static __always_inline void wr_account_tcp(struct wr_account_head *head, const struct wr_hdr *h)
{
	head->tcp_flags[h->tcp_flags & 0xff]++;
	if ((h->tcp_flags & (WR_TCP_SYN | WR_TCP_ACK)) == WR_TCP_SYN)
		wr_account_print(head, h);
}

/* Is this one of the first payloads of a flow? Of those the reader gets the bytes. */
static __always_inline int wr_peek(struct wr_account_head *head, struct wr_account_row *row,
				   const struct wr_hdr *h, __u64 hash)
{
	__u32 most = wr_shared.board.conf.peek, at, shift;
	__u64 *word, seen;

	if (!most || row->tcp_flags & WR_ROW_PEEKED || !(h->has & WR_H_PAYLOAD) || !h->payload_len)
		return 0;
	at = (__u32)(hash >> 8) & ((1 << WR_ACCOUNT_PEEK_BITS) - 1);
	shift = (at & 31) * 2;
	at >>= 5;
	word = bpf_map_lookup_elem(&wr_peeked, &at);
	if (!word)
		return 0;
	seen = *word;
	if ((seen >> shift & 3) >= WR_ACCOUNT_PEEKS) {
		row->tcp_flags |= WR_ROW_PEEKED;
		return 0;
	}
	/* TCP, of which nobody makes up flows so easily, has a half for itself. */
	if (head->peeks + head->peeks_before >= (h->has & WR_H_TCP ? most : most / 2)) {
		head->unpeeked++;
		return 0;
	}
	head->peeks++;
	/* Added to what was read: another CPU may write the word meanwhile, and a number that grew
	 * twice would become its neighbour's. */
	*word = seen + (1ull << shift);
	return 1;
}

/* The link's upkeep, which has little of it, is for whoever watches that. */
static __always_inline int wr_upkeep(struct wr_account_head *head)
{
	if (head->upkeeps + head->upkeeps_before >= wr_shared.board.conf.upkeep) {
		head->unkept++;
		return 0;
	}
	head->upkeeps++;
	return WR_WHY_UPKEEP;
}

/*
 * Is this packet for the last packets that the reader keeps? Every n-th is, as long as there are
 * not too many: a quarter of what a second may have at once, the rest spread over it, so that a
 * flood leaves some of each moment. About 1 ms is a unit of `when`. CPUs that ask at the same time
 * may each take the last one.
 */
static __always_inline int wr_keep_it(struct wr_account_head *head, __u32 cpu, __u32 when)
{
	struct wr_board_conf *conf = &wr_shared.board.conf;
	struct wr_cpu_count *c = &wr_cpu_of(cpu)->count;
	__u64 *kept = &wr_shared.board.kept, one = 1;
	__u64 most = ((256 << 10) + ((__u64)head->since + when) * 805) * conf->keep >> 20;

	if (conf->keep_sample > 1) {
		if (c->skip) {
			c->skip--;
			return 0;
		}
		c->skip = conf->keep_sample - 1;
	}
	if (*kept >= most)
		return 0;
	/* In words: compilers make another instruction of the builtin, which 5.10 does not know. */
	asm volatile("lock *(u64 *)(%0 + 0) += %1" : : "r"(kept), "r"(one) : "memory");
	head->kept++;
	return WR_WHY_KEPT;
}

/* Facts of a packet: TCP's go into its key. Returns what goes into its row. */
static __always_inline __u32 wr_take_facts(struct wr_words *k, const struct wr_rec *r)
{
	__u32 facts = wr_facts(r);

	if (!wr_has_tcp_flags(k->rest << 8 >> 56))
		return facts;
	k->rest |= (__u64)(facts << WR_KEY_FACT_SHIFT & WR_KEY_FACTS) << 32;
	return 0;
}

static __always_inline void wr_account_all(struct wr_account_head *head, __u32 len)
{
	wr_n_add(&head->all, 1, len);
	wr_n_add(&head->sizes[wr_size_class(len) & (WR_SIZE_CLASSES - 1)], 1, len);
}

/* A packet that belongs to a flow. Its place is sought first: it comes while the rest is counted.
 */
static __always_inline int wr_account_ip(struct wr_account_head *head, __u32 table, __u32 len,
					 const struct wr_rec *r, __u16 when)
{
	const struct wr_hdr *h = &r->hdr[0];
	struct wr_account_set *set;
	struct wr_account_row *row;
	struct wr_words k;
	__u32 facts = 0;
	__u64 hash;

	wr_key_words(&k, r);
	if (__builtin_expect(wr_is_odd(r), 0))
		facts = wr_take_facts(&k, r);
	hash = wr_hash_key(&k);
	set = wr_set_of(table, hash);
	if (!set)
		return 0; /* as without a head: there are as many as bits of the hash */
	wr_account_all(head, len);
	if (h->has & WR_H_TCP)
		wr_account_tcp(head, h);
	row = wr_row_of(head, table, set, &k, hash, when);
	if (!row) {
		wr_spill(head, &k, 1, len);
		return 0;
	}
	wr_row_add(row, h, len, when, facts);
	return wr_peek(head, row, h, hash) ? WR_WHY_PAYLOAD : 0;
}

/* Returns why the reader wants the bytes of this packet; 0: it does not. */
static __always_inline int wr_account(__u32 cpu, __u32 len, __u64 now)
{
	const struct wr_rec *r = &WR_PARSE_OF(cpu)->rec;
	__u32 table = (wr_shared.board.conf.window & 1) * wr_fixed.cpus + cpu;
	struct wr_account_head *head = bpf_map_lookup_elem(&wr_heads, &table);
	int why = 0;
	__u16 when;

	if (!head)
		return 0;
	when = wr_when(head, now);
	if (r->hdr[0].has & WR_H_IP) {
		why = wr_account_ip(head, table, len, r, when);
	} else {
		wr_account_all(head, len);
		wr_n_add(&head->not_ip, 1, len);
	}
	if (!why && wr_shared.board.conf.upkeep && wr_is_upkeep(r))
		why = wr_upkeep(head);
	if (!why && wr_shared.board.conf.keep)
		why = wr_keep_it(head, cpu, when);
	return why;
}

#endif
