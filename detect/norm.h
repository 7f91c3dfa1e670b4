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

enum {
	WR_NORM_MEMORY = 600, /* seconds that weigh more than 1/e */
	WR_NORM_BINS = 40,    /* up to a million a second */
};

struct wr_norm {
	float level, spread;	      /* of y */
	uint32_t seconds;	      /* learned from */
	uint16_t times[WR_NORM_BINS]; /* seconds by rate, half an octave each: wr_norm_bin() */
};

/* Of y. */
static inline unsigned int wr_norm_bin(double y)
{
	double b = y * (2 / 0.69314718055994531); /* twice the binary logarithm */

	return b < 0 ? 0 : b < WR_NORM_BINS - 1 ? (unsigned int)b : WR_NORM_BINS - 1;
}

/* So many seconds more of that y. What is full is halved, and so the past weighs less. */
static inline void wr_norm_saw(struct wr_norm *n, double y, uint32_t seconds)
{
	unsigned int bin = wr_norm_bin(y);

	while (seconds + n->times[bin] > UINT16_MAX) {
		for (int i = 0; i < WR_NORM_BINS; i++)
			n->times[i] /= 2;
		seconds /= 2;
	}
	n->times[bin] = (uint16_t)(n->times[bin] + seconds);
}

/* The share of what was learned in which the rate was lower than the lower bound of this one's bin;
 * below 0: nothing was learned. */
static inline double wr_norm_quantile(const struct wr_norm *n, double rate)
{
	unsigned int bin = wr_norm_bin(log1p(rate));
	uint64_t all = 0, lower = 0;

	for (unsigned int i = 0; i < WR_NORM_BINS; i++) {
		all += n->times[i];
		lower += i < bin ? n->times[i] : 0;
	}
	return all ? (double)lower / (double)all : -1;
}

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
	wr_norm_saw(n, y, 1);
}

/* `seconds` went by without a packet: as if 0 had been learned so often. */
static inline void wr_norm_rest(struct wr_norm *n, uint32_t seconds)
{
	double keep;

	if (!n->seconds || !seconds)
		return;
	for (; seconds && n->seconds < WR_NORM_MEMORY; seconds--)
		wr_norm_learn(n, 0);
	wr_norm_saw(n, 0, seconds);
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

/* The lowest. */
static inline double wr_norm_least(const struct wr_norm *n, double k)
{
	double young = n->seconds ? 1.5 / sqrt(1 + n->seconds / 30.0) : 0;

	return fmax(0, expm1((double)n->level - k * fmax((double)n->spread, 0.2) - young));
}

static inline double wr_norm_usual(const struct wr_norm *n)
{
	return expm1((double)n->level);
}

#endif
