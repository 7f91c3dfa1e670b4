/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/bound.h"

enum { USUAL = 5 /* mean deviations, as floods have it */, HOUR_S = 3600 };

static float top(const struct wr_norm *n)
{
	return n->level + USUAL * fmaxf(n->spread, 0.2f);
}

/* A day is over. */
static void end_day(struct wr_bound *b, float now)
{
	float step = b->peak - b->most;

	b->most += fmaxf(fminf(step, WR_BOUND_RISE), -WR_BOUND_FALL);
	b->peak = now;
}

void wr_bound_learn(struct wr_bound *b, const struct wr_norm *n, uint32_t seconds, uint32_t more,
		    float rise_hour)
{
	uint32_t after = more < UINT32_MAX - seconds ? seconds + more : UINT32_MAX;
	uint32_t days = after / WR_BOUND_DAY_S - seconds / WR_BOUND_DAY_S;
	float now = top(n), rise = rise_hour * (float)(after - seconds) / HOUR_S;

	if (seconds < WR_BOUND_FIRST_S)
		b->most = b->peak = now;
	else if (seconds < WR_BOUND_DAY_S)
		b->most += fmaxf(0, fminf(now - b->most, rise));
	b->peak = fmaxf(b->peak, now);
	for (; days && seconds >= WR_BOUND_FIRST_S; days--) {
		end_day(b, now);
		if (b->most == now)
			break;
	}
}

void wr_bound_begin(struct wr_bound *b, const struct wr_norm *n)
{
	b->most = b->peak = top(n);
}

double wr_bound_most(const struct wr_bound *b, uint32_t seconds)
{
	if (seconds < WR_BOUND_FIRST_S)
		return INFINITY;
	return (seconds < WR_BOUND_DAY_S ? WR_BOUND_YOUNG : WR_BOUND_TIMES) *
	       expm1((double)b->most);
}
