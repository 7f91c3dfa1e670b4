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

int syns_open(struct wr_detect *d)
{
	d->syns = wr_mem_map(sizeof(*d->syns));
	return d->syns ? 0 : -1;
}

void syns_close(struct wr_detect *d)
{
	wr_mem_unmap(d->syns, sizeof(*d->syns));
}

static uint64_t hash_of(const struct part *a)
{
	const struct wr_flow_key *k = &a->p->flow.key;

	return wr_mix(addr_hash(k->addr[0]) + 3 * addr_hash(k->addr[1]) +
		      ((uint64_t)k->port[0] << 32 | (uint64_t)k->port[1] << 8 | a->from));
}

bool syn_opens(struct wr_detect *d, const struct part *a)
{
	uint64_t h = hash_of(a);
	uint32_t at = (uint32_t)(h & (WAITING - 1)), tag = (uint32_t)(h >> 32) | 1;
	bool again = d->syns->wait[at].tag == tag && d->step - d->syns->wait[at].step < WAIT_STEPS;

	d->syns->wait[at].tag = tag;
	d->syns->wait[at].step = d->step;
	return !again;
}

bool syn_done(struct wr_detect *d, const struct part *a)
{
	uint64_t h = hash_of(a);
	uint32_t at = (uint32_t)(h & (WAITING - 1)), tag = (uint32_t)(h >> 32) | 1;

	if (d->syns->wait[at].tag != tag)
		return false;
	d->syns->wait[at].tag = 0;
	return d->step - d->syns->wait[at].step < WAIT_STEPS;
}
