/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_BOUND_H
#define WR_DETECT_BOUND_H

#include "detect/norm.h"

/*
 * What the most that is usual (wr_norm_most()) has been for days: an end that the last minutes
 * cannot be led past. Who raises a rate so slowly that these follow it is told at WR_BOUND_TIMES of
 * what was the most before, WR_BOUND_YOUNG of it while not a whole day is known, when nobody can
 * say yet how much more comes by day than at night. For each count of each address, so it is small:
 * a week (detect/week.h) knows the hours, and is kept of the busiest addresses alone.
 *
 * In the first WR_BOUND_FIRST_S seconds there is none. Then it rises by a stated share an hour
 * until a day is over; from then on once a day, to what was the most in that day, by
 * WR_BOUND_RISE at most, and sinks by WR_BOUND_FALL at most: a weekend is no reason to forget what
 * Friday had.
 */

enum {
	WR_BOUND_FIRST_S = 900,
	WR_BOUND_DAY_S = 86400,
	WR_BOUND_TIMES = 4,
	WR_BOUND_YOUNG = 8,
};
/* Of y = log(1 + rate). */
#define WR_BOUND_RISE 0.0953f	     /* log(1.1): a day */
#define WR_BOUND_FALL 0.2231f	     /* log(1.25): a day */
#define WR_BOUND_RISE_HOUR 0.0953f   /* on the first day, an hour: of what nobody asked for; */
#define WR_BOUND_RISE_SERVED 0.6931f /* log(2): of what a service that becomes busy has more of */

struct wr_bound {
	float most; /* y: what was the most that is usual */
	float peak; /* y: the same of the day that is not over yet */
};

/* seconds: that were known before (of time, not of packets); more: that came to that since, all
 * like the last one. n: as it is now. */
void wr_bound_learn(struct wr_bound *b, const struct wr_norm *n, uint32_t seconds, uint32_t more,
		    float rise_hour);

/* From a norm that was learned without: as it is. */
void wr_bound_begin(struct wr_bound *b, const struct wr_norm *n);

/* The highest rate that can be usual; INFINITY: not known yet. */
double wr_bound_most(const struct wr_bound *b, uint32_t seconds);

#endif
