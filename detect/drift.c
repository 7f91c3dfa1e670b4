/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/impl.h"

/*
 * Load that is another one than usual at the same hours, all day long: nothing that is wrong, and
 * worth knowing. Hours are held against the same hours of the week (their means, before they learn
 * of this one), so neither nights nor a weekend are any.
 *
 * What is usual follows a quarter of the difference a week, so a change that lasts is there for
 * weeks. It is told once, and remembered as the logarithm of how many times as much it was. That
 * shrinks as the days do, by a quarter a day at most: a holiday does not end it. Told again is what
 * is twice as much of a change as that, or one to the other side.
 */

enum {
	DAY_H = 24,
	MOST_H = 20, /* of them have to be so, or as many of those that are not silent both times */
	LOUD_H = 4,  /* at least */
	TIMES = 2,
	LEAST = 1,   /* a second */
	AN_HOUR = 8, /* are told: they have no room that a flood could want */
};

static const float left_a_day = 0.75f, forgotten = 0.1f;

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

/* Towards what it was today, and not beyond; a tenth more or less is none. */
static float shrink(float told, float today)
{
	float side = told < 0 ? -1 : 1, least = fmaxf(0, today * side);
	float left = fmaxf(fabsf(told) * left_a_day, fminf(fabsf(told), least));

	return left < forgotten ? 0 : side * left;
}

/* Another change than the one that was told? */
static bool is_news(float told, float today)
{
	return told * today <= 0 || fabsf(today) >= fabsf(told) + logf(TIMES);
}

static bool is_drift(const struct drift *day)
{
	return fmax(day->more, day->less) * DAY_H >= day->loud * MOST_H;
}

void drift_end(struct wr_detect *d, const struct target *t, struct weeks *w)
{
	struct wr_victim v = victim_of(t->key.addr, t->key.ip_v);
	struct drift was = w->day;
	struct wr_finding *f;
	float today;
	bool is_new;

	if (was.hours < DAY_H)
		return;
	memset(&w->day, 0, sizeof(w->day));
	if (t->key.tag || was.loud < LOUD_H)
		return;
	today = (float)log((1 + was.now) / (1 + was.before));
	if (!is_drift(&was) || !is_news(w->drift, today)) {
		w->drift = shrink(w->drift, today);
		return;
	}
	if (!may_tell(d))
		return;
	f = find(d, WR_CLASS_DRIFT, &v, &is_new);
	if (!f || !is_new)
		return;
	w->drift = today;
	evidence(f, WR_FEATURE_PACKETS, was.now, &t->norm[C_PACKETS], 1);
	f->evidence[0].norm = was.before;
	f->evidence[0].quantile = -1;
	f->score = was.now / fmax(was.before, 1);
	tell(d, f);
}
