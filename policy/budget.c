/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/budget.h"

enum {
	LESS = 7,  /* one part of so many */
	MORE = 20, /* the same */
	FREE = 4   /* a link whose capacity nobody knows is free again at so many times its use */
};

#define LEAST_BPS 1000000u

static uint64_t less(const struct wr_budget *b, uint64_t used_bps)
{
	uint64_t from = b->now_bps && b->now_bps < used_bps ? b->now_bps : used_bps;
	uint64_t floor = b->floor_bps > LEAST_BPS ? b->floor_bps : LEAST_BPS;
	uint64_t now = from - from / LESS;

	if (b->capacity_bps && floor > b->capacity_bps)
		floor = b->capacity_bps;
	return now < floor ? floor : now;
}

static uint64_t more(const struct wr_budget *b, uint64_t used_bps)
{
	uint64_t now = b->now_bps + b->now_bps / MORE;

	if (!b->now_bps || (b->capacity_bps && now >= b->capacity_bps))
		return b->capacity_bps;
	if (!b->capacity_bps && now / FREE >= used_bps)
		return 0;
	return now;
}

bool wr_budget_step(struct wr_budget *b, uint64_t used_bps, bool pressed)
{
	uint64_t now = pressed ? less(b, used_bps) : more(b, used_bps);
	bool changed = now != b->now_bps;

	b->now_bps = now;
	return changed;
}
