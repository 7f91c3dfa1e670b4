/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/mem.h"
#include "detect/impl.h"

/*
 * Connections that were opened and not yet made: by hash, of fixed size. A flood of forged sources
 * pushes out what waits, nothing else: those it was for count as not made, and as made when their
 * ACK finds them no more they do not.
 */

enum { WAITING = 1 << 16, WAIT_STEPS = 100 };

struct syns {
	struct {
		uint32_t tag, step;
	} wait[WAITING];
};

struct syns *syns_new(void)
{
	return wr_mem_map(sizeof(struct syns));
}

void syns_free(struct syns *s)
{
	wr_mem_unmap(s, sizeof(*s));
}

static bool opens(struct syns *s, uint32_t step, const struct part *a)
{
	uint64_t h = connection_hash(&a->p->flow.key, a->from);
	uint32_t at = (uint32_t)(h & (WAITING - 1)), tag = (uint32_t)(h >> 32) | 1;
	bool again = s->wait[at].tag == tag && step - s->wait[at].step < WAIT_STEPS;

	s->wait[at].tag = tag;
	s->wait[at].step = step;
	return !again;
}

static bool done(struct syns *s, uint32_t step, const struct part *a)
{
	uint64_t h = connection_hash(&a->p->flow.key, a->from);
	uint32_t at = (uint32_t)(h & (WAITING - 1)), tag = (uint32_t)(h >> 32) | 1;

	if (s->wait[at].tag != tag)
		return false;
	s->wait[at].tag = 0;
	return step - s->wait[at].step < WAIT_STEPS;
}

struct part part_of(struct syns *s, uint32_t step, const struct wr_live_part *p,
		    const struct wr_flow *f)
{
	uint8_t from = p->flow.from, to = !from;
	struct part a = {
		.p = p,
		.f = f,
		.from = from,
		.to = to,
		.n = p->flow.n.packets,
		.is_new = f->sent[0].packets + f->sent[1].packets == p->flow.n.packets &&
			  f->told_ns == f->first_ns,
		.asked = f->sent[to].packets > 0 || f->told_ns != f->first_ns,
	};

	if (p->flow.key.proto != WR_IP_TCP)
		return a;
	if (p->flow.syn & WR_FLOW_SYN)
		a.syn = opens(s, step, &a) || !(p->flow.tcp_flags & WR_TCP_ACK);
	if (p->flow.tcp_flags & WR_TCP_ACK && !(p->flow.tcp_flags & WR_TCP_RST) &&
	    !(p->flow.syn & WR_FLOW_SYN_ACK))
		a.handshake = done(s, step, &a);
	return a;
}
