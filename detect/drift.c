/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/impl.h"

/*
 * Load that is another one than usual at the same hours, all day long: nothing that is wrong, and
 * worth knowing. Hours are held against the same hours of the week (their means, before they learn
 * of this one), so neither nights nor a weekend are any.
 */

enum {
	DAY_H = 24,
	MOST_H = 20, /* of them have to be so, or as many of those that are not silent both times */
	LOUD_H = 4,  /* at least */
	TIMES = 2,
	LEAST = 1,   /* a second */
	AN_HOUR = 8, /* are told: they have no room that a flood could want */
};

void drift_hour(struct drift *day, const struct wr_week *w, unsigned int hour, double y)
{
	double before = expm1((double)w->mean[hour]), now = expm1(y);

	if (w->hours < WR_WEEK_HOURS || !w->seen[hour] || day->hours >= DAY_H)
		return;
	day->hours++;
	day->now += now / DAY_H;
	day->before += before / DAY_H;
	if (fmax(now, before) < LEAST)
		return;
	day->loud++;
	day->more += now >= TIMES * before;
	day->less += now * TIMES <= before;
}

static bool may_tell(struct wr_detect *d)
{
	uint64_t hour = d->step_ns / HOUR_NS;

	if (d->drifts.hour != hour)
		d->drifts.n = 0;
	d->drifts.hour = hour;
	return d->drifts.n++ < AN_HOUR;
}

void drift_end(struct wr_detect *d, const struct target *t, struct drift *day)
{
	struct wr_victim v = victim_of(t->key.addr, t->key.ip_v);
	struct drift was = *day;
	struct wr_finding *f;
	bool is_new;

	if (day->hours < DAY_H)
		return;
	memset(day, 0, sizeof(*day));
	if (t->key.tag || was.loud < LOUD_H ||
	    fmax(was.more, was.less) * DAY_H < was.loud * MOST_H || !may_tell(d))
		return;
	f = find(d, WR_CLASS_DRIFT, &v, &is_new);
	if (!f || !is_new)
		return;
	evidence(f, WR_FEATURE_PACKETS, was.now, &t->norm[C_PACKETS], 1);
	f->evidence[0].norm = was.before;
	f->evidence[0].quantile = -1;
	f->score = was.now / fmax(was.before, 1);
	tell(d, f);
}
