/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_WEEK_H
#define WR_DETECT_WEEK_H

#include "detect/norm.h"

/*
 * What is usual at this hour of the week. For each hour the mean of y = log(1 + rate), learned when
 * the hour is over; a new week changes it by a quarter of what it differs, and never by more than
 * WR_WEEK_RISE upwards: who raises a rate slowly in order to be taken for usual gets 25 % a week.
 * What is not known yet of an hour comes from the same hour of other days, and that from all hours
 * (shrinkage): an hour that was seen three times counts as much as those.
 *
 * With it the bound of wr_norm_most() is lifted to what the hour has had before, and held below
 * WR_WEEK_TIMES what the busiest hour had.
 */

enum {
	WR_WEEK_HOURS = 168, /* from Monday 00:00 UTC */
	WR_WEEK_KNOWN = 24,  /* hours learned until it is asked */
	WR_WEEK_TIMES = 3,
};
#define WR_WEEK_RISE 0.22f /* log(1.25) */

struct wr_week {
	float mean[WR_WEEK_HOURS],
		spread;		     /* of y; spread: how far hours were from what was expected */
	uint8_t seen[WR_WEEK_HOURS]; /* times learned; ends at 255 */
	uint32_t hours;		     /* learned in all */
};

/* Hour of the week of a Unix time. */
static inline unsigned int wr_week_hour(uint64_t unix_s)
{
	return (unsigned int)((unix_s / 3600 + 72) %
			      WR_WEEK_HOURS); /* 1 January 1970: a Thursday */
}

/* An hour is over, whose seconds had this mean y. */
void wr_week_learn(struct wr_week *w, unsigned int hour, float y);

/* y that is expected in that hour. */
float wr_week_expected(const struct wr_week *w, unsigned int hour);

/* The most that is still usual at that hour; now: of the last minutes (wr_norm_most()) alone. */
double wr_week_most(const struct wr_week *w, double now, unsigned int hour, double k);

#endif
