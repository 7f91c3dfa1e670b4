/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/score_clean.h"

#include <string.h>

static const double step_s = 0.1;

void wr_clean_begin(struct wr_clean *c, double lasts_s)
{
	double half = lasts_s / 2 / step_s;

	memset(c, 0, sizeof(*c));
	c->wide = half < 1 ? 1 : half < WR_CLEAN_STEPS ? (uint32_t)half : WR_CLEAN_STEPS;
}

/* The newest step is over: was it clean from the oldest one on? */
static void look(struct wr_clean *c)
{
	uint64_t packets = 0, passed = 0, first;

	if (c->is || c->step + 1 < c->wide)
		return;
	first = c->step + 1 - c->wide;
	if (!c->packets[first % c->wide])
		return;
	for (uint32_t i = 0; i < c->wide; i++) {
		packets += c->packets[i];
		passed += c->passed[i];
	}
	c->is = passed * 100 < packets * WR_CLEAN_PERCENT;
	c->since_s = (double)first * step_s;
}

static void next(struct wr_clean *c)
{
	look(c);
	c->step++;
	c->packets[c->step % c->wide] = c->passed[c->step % c->wide] = 0;
}

void wr_clean_packet(struct wr_clean *c, double at_s, bool out)
{
	uint64_t step = at_s > 0 ? (uint64_t)(at_s / step_s) : 0;

	if (!c->wide)
		return; /* it has not begun */
	for (uint32_t i = 0; i < c->wide && c->step < step; i++)
		next(c);
	if (c->step < step) /* nothing came for long: all steps are empty */
		c->step = step;
	c->packets[c->step % c->wide]++;
	c->passed[c->step % c->wide] += !out;
}

void wr_clean_end(struct wr_clean *c)
{
	look(c);
}
