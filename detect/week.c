/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/week.h"

#define SPREAD_MOST 0.4f /* however far hours stray, what is usual has an end */

enum { DAY = 24, DAYS = 7, TRUST = 3 /* so many times seen weigh as much as what others say */ };

/* Of the same hour on all days; of all hours when there is none. */
static float elsewhere(const struct wr_week *w, unsigned int hour)
{
	float sum = 0, all = 0;
	unsigned int n = 0, n_all = 0;

	for (unsigned int h = 0; h < WR_WEEK_HOURS; h++) {
		if (!w->seen[h])
			continue;
		all += w->mean[h];
		n_all++;
		if (h % DAY == hour % DAY) {
			sum += w->mean[h];
			n++;
		}
	}
	if (!n_all)
		return 0;
	all /= (float)n_all;
	return (sum + all) / (float)(n + 1); /* all hours count as one more day */
}

float wr_week_expected(const struct wr_week *w, unsigned int hour)
{
	float seen = w->seen[hour] < TRUST ? w->seen[hour] : TRUST;

	return (seen * w->mean[hour] + (TRUST - seen) * elsewhere(w, hour)) / TRUST;
}

void wr_week_learn(struct wr_week *w, unsigned int hour, float y)
{
	float *mean = &w->mean[hour], r = y - wr_week_expected(w, hour), step;

	if (w->hours) {
		float most = w->hours > DAY ? 3 * w->spread + 0.1f : fabsf(r);

		w->spread += (fminf(fabsf(r), most) - w->spread) /
			     (w->hours < 100 ? (float)w->hours + 1 : 100);
		w->spread = fminf(w->spread, SPREAD_MOST);
	}
	if (!w->seen[hour]) {
		/* Once a week is known, an hour that is new to it is no way around the bound. */
		step = w->hours > 2 * DAY && y > elsewhere(w, hour) + WR_WEEK_RISE * DAYS
			       ? elsewhere(w, hour) + WR_WEEK_RISE * DAYS
			       : y;
		*mean = step;
	} else {
		step = (y - *mean) / 4;
		*mean += step > WR_WEEK_RISE ? WR_WEEK_RISE : step;
	}
	w->seen[hour] += w->seen[hour] < UINT8_MAX;
	w->hours++;
}

double wr_week_most(const struct wr_week *w, double now, unsigned int hour, double k)
{
	double week, most = 0;

	if (!w || w->hours < WR_WEEK_KNOWN)
		return now;
	week = expm1((double)wr_week_expected(w, hour) + k * fmax((double)w->spread, 0.2));
	for (unsigned int h = 0; h < WR_WEEK_HOURS; h++)
		if (w->seen[h] && (double)w->mean[h] > most)
			most = (double)w->mean[h];
	most = WR_WEEK_TIMES * expm1(most + k * 0.2); /* the spread may have been raised, too */
	return fmin(fmax(now, week), fmax(most, 1));
}
