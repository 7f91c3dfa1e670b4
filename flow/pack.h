/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_PACK_H
#define WR_FLOW_PACK_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "flow/flow.h"
#include "flow/index.h"

/*
 * How a flow is kept: in one cache line. What most flows do not need stands aside, in memory that
 * is touched by those that do: IPv6 addresses, and counters and times that do not fit. Nothing is
 * ever rounded or cut off.
 */

enum {
	PACK_IP_V = 0x0f,
	PACK_OPENER = 0x10,
	PACK_CALLER_AT = 5, /* two bits: WR_FLOW_CALLER_UNKNOWN, or an end */
	PACK_CALLER = 3 << PACK_CALLER_AT,
	PACK_LARGE = 0x80, /* sums stand aside, in slot packets[0] */
	PACK_FLAGS = 12,   /* bits of what an end sent */
	PACK_IFACE_AT = 24
};

struct wr_pack_row {
	uint32_t addr[2]; /* IPv4 as in the key; IPv6: a slot, and the key's hash */
	uint16_t port[2]; /* from here as in the key, but for ip_v */
	uint16_t tag;
	uint8_t proto;
	uint8_t bits; /* PACK_* */
	uint64_t first_ns;
	uint32_t packets[2], bytes[2];	       /* low bits */
	uint16_t bytes_top[2];		       /* 48 bits with them: 256 TiB */
	uint16_t last_top, told_top;	       /* 48 bits, too: three days */
	uint32_t last_after_ns, told_after_ns; /* first_ns */
	uint32_t rtt_us;
	uint32_t flags; /* of end 0, of end 1, and the interface */
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct wr_pack_row) == 64, "a cache line, told in flow.h");

/* What of a flow grows. */
struct wr_pack_sums {
	uint64_t first_ns, last_ns, told_ns;
	struct wr_count sent[2];
};

/* Memory in pieces of a size, used again in any order. */
struct wr_pack_slots {
	uint8_t *at; /* owned */
	size_t size, max;
	uint32_t used;
	uint32_t free; /* the first of those that came back, + 1; each begins with the next one */
};

struct wr_pack {
	struct wr_pack_slots v6, large;
};

enum { WR_PACK_V6 = 32, WR_PACK_LARGE = sizeof(struct wr_pack_sums) };
_Static_assert(WR_PACK_LARGE == 56, "told in flow.h");

/* ---- slots ---- */

static inline int wr_pack_slots_open(struct wr_pack_slots *s, size_t size, uint32_t max)
{
	s->size = size;
	s->max = max;
	s->at = wr_mem_map(max * size);
	return s->at ? 0 : -ENOMEM;
}

static inline void *wr_pack_slot(const struct wr_pack_slots *s, uint32_t slot)
{
	return s->at + slot * s->size;
}

/* There is one for each row. */
static inline uint32_t wr_pack_take(struct wr_pack_slots *s)
{
	uint32_t slot = s->free - 1;

	if (!s->free)
		return s->used++;
	memcpy(&s->free, wr_pack_slot(s, slot), sizeof(s->free));
	return slot;
}

static inline void wr_pack_give(struct wr_pack_slots *s, uint32_t slot)
{
	memcpy(wr_pack_slot(s, slot), &s->free, sizeof(s->free));
	s->free = slot + 1;
}

static inline void wr_pack_close(struct wr_pack *p)
{
	wr_mem_unmap(p->v6.at, p->v6.max * p->v6.size);
	wr_mem_unmap(p->large.at, p->large.max * p->large.size);
	*p = (struct wr_pack){0};
}

/* 0 or -ENOMEM; then wr_pack_close(), too. */
static inline int wr_pack_open(struct wr_pack *p, uint32_t rows)
{
	int ret = wr_pack_slots_open(&p->v6, WR_PACK_V6, rows);

	return ret ? ret : wr_pack_slots_open(&p->large, WR_PACK_LARGE, rows);
}

/* ---- keys ---- */

enum {
	WR_PACK_KEY_WORDS = sizeof(struct wr_flow_key) / 8,
	WR_PACK_ENDS = 4 /* all but addresses */
};
_Static_assert(offsetof(struct wr_flow_key, port) == 8 * WR_PACK_ENDS &&
		       offsetof(struct wr_flow_key, ip_v) == 39 &&
		       offsetof(struct wr_pack_row, port) == 8 &&
		       offsetof(struct wr_pack_row, bits) == 15,
	       "the last word of a key is the second one of a row");

#define PACK_NOT_KEY WR_FIELD(0xff & ~PACK_IP_V, 7, 1)

static inline bool wr_pack_is_v6(const struct wr_pack_row *r)
{
	return (r->bits & PACK_IP_V) != 4;
}

static inline void wr_pack_key(const struct wr_pack *p, const struct wr_pack_row *r,
			       struct wr_flow_key *key)
{
	uint64_t w[WR_PACK_KEY_WORDS] = {0};

	if (wr_pack_is_v6(r)) {
		memcpy(w, wr_pack_slot(&p->v6, r->addr[0]), WR_PACK_V6);
	} else {
		w[0] = WR_FIELD(r->addr[0], 0, 4);
		w[2] = WR_FIELD(r->addr[1], 0, 4);
	}
	w[WR_PACK_ENDS] = wr_hash_word(r, 1) & ~PACK_NOT_KEY;
	memcpy(key, w, sizeof(w));
}

/* Without looking aside. */
static inline uint32_t wr_pack_tag(const struct wr_pack *p, const struct wr_pack_row *r,
				   const struct wr_hash_secret *secret)
{
	struct wr_flow_key key;

	if (wr_pack_is_v6(r))
		return r->addr[1];
	wr_pack_key(p, r, &key);
	return wr_hash_words(secret, &key, WR_PACK_KEY_WORDS);
}

static inline bool wr_pack_same(const struct wr_pack *p, const struct wr_pack_row *r,
				const struct wr_flow_key *key)
{
	uint32_t addr[2];

	if ((wr_hash_word(r, 1) ^ wr_hash_word(key, WR_PACK_ENDS)) & ~PACK_NOT_KEY)
		return false;
	if (wr_pack_is_v6(r))
		return !memcmp(wr_pack_slot(&p->v6, r->addr[0]), key->addr, WR_PACK_V6);
	memcpy(&addr[0], key->addr[0], 4);
	memcpy(&addr[1], key->addr[1], 4);
	return r->addr[0] == addr[0] && r->addr[1] == addr[1];
}

/* The row has come: what stands aside of its key will be needed next. */
WR_ASK void wr_pack_ask(const struct wr_pack *p, const struct wr_pack_row *r)
{
	if (wr_pack_is_v6(r))
		__builtin_prefetch(wr_pack_slot(&p->v6, r->addr[0]));
}

/* ---- sums ---- */

static inline struct wr_pack_sums wr_pack_sums(const struct wr_pack *p, const struct wr_pack_row *r)
{
	struct wr_pack_sums s;

	if (r->bits & PACK_LARGE) {
		memcpy(&s, wr_pack_slot(&p->large, r->packets[0]), sizeof(s));
		return s;
	}
	s.first_ns = r->first_ns;
	s.last_ns = r->first_ns + ((uint64_t)r->last_top << 32 | r->last_after_ns);
	s.told_ns = r->first_ns + ((uint64_t)r->told_top << 32 | r->told_after_ns);
	for (int end = 0; end < 2; end++) {
		s.sent[end].packets = r->packets[end];
		s.sent[end].bytes = (uint64_t)r->bytes_top[end] << 32 | r->bytes[end];
	}
	return s;
}

/* They never fitted, or do not any more. */
static inline void wr_pack_put_aside(struct wr_pack *p, struct wr_pack_row *r,
				     const struct wr_pack_sums *s)
{
	if (!(r->bits & PACK_LARGE))
		r->packets[0] = wr_pack_take(&p->large);
	r->bits |= PACK_LARGE;
	memcpy(wr_pack_slot(&p->large, r->packets[0]), s, sizeof(*s));
}

static inline void wr_pack_put(struct wr_pack *p, struct wr_pack_row *r,
			       const struct wr_pack_sums *s)
{
	uint64_t last = s->last_ns - s->first_ns, told = s->told_ns - s->first_ns;

	if (r->bits & PACK_LARGE || (s->sent[0].packets | s->sent[1].packets) >> 32 ||
	    (last | told | s->sent[0].bytes | s->sent[1].bytes) >> 48) {
		wr_pack_put_aside(p, r, s);
		return;
	}
	r->first_ns = s->first_ns;
	r->last_after_ns = (uint32_t)last;
	r->last_top = (uint16_t)(last >> 32);
	r->told_after_ns = (uint32_t)told;
	r->told_top = (uint16_t)(told >> 32);
	for (int end = 0; end < 2; end++) {
		r->packets[end] = (uint32_t)s->sent[end].packets;
		r->bytes[end] = (uint32_t)s->sent[end].bytes;
		r->bytes_top[end] = (uint16_t)(s->sent[end].bytes >> 32);
	}
}

/* They begin anew: what stands aside comes back. */
static inline void wr_pack_drop_sums(struct wr_pack *p, struct wr_pack_row *r)
{
	if (r->bits & PACK_LARGE)
		wr_pack_give(&p->large, r->packets[0]);
	r->bits &= (uint8_t)~PACK_LARGE;
}

/* ---- flows ---- */

/* Of a part's flow all but what the part counts. The row must be free; tag is the key's hash. */
static inline void wr_pack_begin(struct wr_pack *p, struct wr_pack_row *r,
				 const struct wr_flow_part *part, uint32_t tag)
{
	const struct wr_flow_key *k = &part->key;
	struct wr_pack_sums none = {part->first_ns, part->last_ns, part->first_ns, {{0}, {0}}};
	int bits =
		k->ip_v | (part->from ? PACK_OPENER : 0) | WR_FLOW_CALLER_UNKNOWN << PACK_CALLER_AT;

	*r = (struct wr_pack_row){.port = {k->port[0], k->port[1]},
				  .tag = k->tag,
				  .proto = k->proto,
				  .bits = (uint8_t)bits,
				  .flags = (uint32_t)part->iface << PACK_IFACE_AT};
	if (wr_pack_is_v6(r)) {
		r->addr[0] = wr_pack_take(&p->v6);
		r->addr[1] = tag;
		memcpy(wr_pack_slot(&p->v6, r->addr[0]), k->addr, WR_PACK_V6);
	} else {
		memcpy(&r->addr[0], k->addr[0], 4);
		memcpy(&r->addr[1], k->addr[1], 4);
	}
	wr_pack_put(p, r, &none);
}

/* The row is free again. */
static inline void wr_pack_end(struct wr_pack *p, const struct wr_pack_row *r)
{
	if (wr_pack_is_v6(r))
		wr_pack_give(&p->v6, r->addr[0]);
	if (r->bits & PACK_LARGE)
		wr_pack_give(&p->large, r->packets[0]);
}

/* A SYN says who opened; a SYN+ACK says it when the SYN was not seen. */
static inline void wr_pack_add_tcp(struct wr_pack_row *r, const struct wr_flow_part *part)
{
	int caller = (r->bits & PACK_CALLER) >> PACK_CALLER_AT;

	r->flags |= (part->tcp_flags & 0xfffu) << (part->from ? PACK_FLAGS : 0);
	if (part->syn & WR_FLOW_SYN)
		caller = part->from;
	else if (part->syn && caller == WR_FLOW_CALLER_UNKNOWN)
		caller = !part->from;
	r->bits = (uint8_t)((r->bits & ~PACK_CALLER) | caller << PACK_CALLER_AT);
}

/* Where they are, when they are there and still fit: nearly always. */
static inline bool wr_pack_add_here(struct wr_pack_row *r, const struct wr_flow_part *part)
{
	uint64_t before = (uint64_t)r->last_top << 32 | r->last_after_ns;
	uint64_t last = part->last_ns - r->first_ns;
	uint64_t packets = r->packets[part->from] + part->n.packets;
	uint64_t bytes =
		((uint64_t)r->bytes_top[part->from] << 32 | r->bytes[part->from]) + part->n.bytes;

	if (r->bits & PACK_LARGE || part->first_ns < r->first_ns || packets >> 32 ||
	    (last | bytes) >> 48)
		return false;
	last = last > before ? last : before;
	r->packets[part->from] = (uint32_t)packets;
	r->bytes[part->from] = (uint32_t)bytes;
	r->bytes_top[part->from] = (uint16_t)(bytes >> 32);
	r->last_after_ns = (uint32_t)last;
	r->last_top = (uint16_t)(last >> 32);
	return true;
}

static inline void wr_pack_add_aside(struct wr_pack *p, struct wr_pack_row *r,
				     const struct wr_flow_part *part)
{
	struct wr_pack_sums s = wr_pack_sums(p, r);

	s.sent[part->from].packets += part->n.packets;
	s.sent[part->from].bytes += part->n.bytes;
	if (part->last_ns > s.last_ns)
		s.last_ns = part->last_ns;
	if (part->first_ns < s.first_ns) {
		/* Of another CPU that had it earlier: nothing of it has been told, still. */
		if (s.told_ns == s.first_ns)
			s.told_ns = part->first_ns;
		s.first_ns = part->first_ns;
	}
	wr_pack_put(p, r, &s);
}

static inline void wr_pack_add(struct wr_pack *p, struct wr_pack_row *r,
			       const struct wr_flow_part *part)
{
	if (!wr_pack_add_here(r, part))
		wr_pack_add_aside(p, r, part);
	if (part->tcp_flags)
		wr_pack_add_tcp(r, part);
	if (part->rtt_us && !r->rtt_us)
		r->rtt_us = part->rtt_us;
}

/* All that is known here: first_num and end_reason are not. */
static inline void wr_pack_flow(const struct wr_pack *p, const struct wr_pack_row *r,
				struct wr_flow *f)
{
	struct wr_pack_sums s = wr_pack_sums(p, r);

	wr_pack_key(p, r, &f->key);
	f->first_ns = s.first_ns;
	f->last_ns = s.last_ns;
	f->told_ns = s.told_ns;
	f->sent[0] = s.sent[0];
	f->sent[1] = s.sent[1];
	f->tcp_flags[0] = r->flags & 0xfff;
	f->tcp_flags[1] = r->flags >> PACK_FLAGS & 0xfff;
	f->opener = !!(r->bits & PACK_OPENER);
	f->caller = (r->bits & PACK_CALLER) >> PACK_CALLER_AT;
	f->rtt_us = r->rtt_us;
	f->iface = (uint8_t)(r->flags >> PACK_IFACE_AT);
}

#endif
