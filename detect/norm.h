/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_NORM_H
#define WR_DETECT_NORM_H

#include <math.h>
#include <stdint.h>

/*
 * What is usual of a rate: exponentially weighted level and mean deviation of y = log(1 + rate), a
 * value a second, the deviation clipped as Huber has it so that a single second does not widen it.
 * What has been seen for a short time is believed less: the margin is wide at first.
 */

enum { WR_NORM_MEMORY = 600 /* seconds that weigh more than 1/e */ };

struct wr_norm {
	float level, spread; /* of y */
	uint32_t seconds;    /* learned from */
};

static inline void wr_norm_learn(struct wr_norm *n, double rate)
{
	double y = log1p(rate), r = y - (double)n->level, most;
	double a = 1.0 / (n->seconds < WR_NORM_MEMORY ? n->seconds + 1 : WR_NORM_MEMORY);

	most = n->seconds > 10 ? 3 * (double)n->spread + 0.1 : fabs(r);
	if (r > most)
		r = most;
	n->level += (float)(a * r);
	n->spread += (float)(a * (fabs(r) - (double)n->spread));
	n->seconds += n->seconds < UINT32_MAX;
}

/* `seconds` went by without a packet: as if 0 had been learned so often. */
static inline void wr_norm_rest(struct wr_norm *n, uint32_t seconds)
{
	double keep;

	if (!n->seconds || !seconds)
		return;
	for (; seconds && n->seconds < WR_NORM_MEMORY; seconds--)
		wr_norm_learn(n, 0);
	keep = pow(1 - 1.0 / WR_NORM_MEMORY, seconds);
	n->level *= (float)keep;
	n->spread *= (float)keep;
	n->seconds += n->seconds < UINT32_MAX - seconds ? seconds : 0;
}

/* The highest rate that is still usual, `k` mean deviations above its level. */
static inline double wr_norm_most(const struct wr_norm *n, double k)
{
	double young = n->seconds ? 1.5 / sqrt(1 + n->seconds / 30.0) : 0;

	return expm1((double)n->level + k * fmax((double)n->spread, 0.2) + young);
}

static inline double wr_norm_usual(const struct wr_norm *n)
{
	return expm1((double)n->level);
}

#endif
