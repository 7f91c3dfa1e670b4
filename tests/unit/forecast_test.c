/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is expected of the next minutes and hours: weeks of a made service with days, weekends,
 * growth and noise, in no time. The ranges hold as often as they say, the middle is nearer than
 * what is there now and than what was there a week ago, and with little to go by it says so by wide
 * ranges.
 */
#include "detect/forecast.h"

#include "tests/tap.h"

enum { DAY = 1440, WEEK = 7 * DAY, WEEKS = 5, BURN_IN = 2 * WEEK };

#define MONDAY (1767571200ull / 60)

/* xorshift64* (Vigna 2016) */
static uint64_t chance = 20261126;

static double uniform(void)
{
	chance ^= chance >> 12;
	chance ^= chance << 25;
	chance ^= chance >> 27;
	return (double)(chance * 2685821657736338717ull >> 11) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform() + 1e-300)) * cos(2 * M_PI * uniform());
}

/* ---- a service ---- */

struct kind {
	const char *name;
	double base;	     /* rate */
	double day, weekend; /* of log */
	double growth;	     /* a week */
	double slow, white;  /* noise of log: wandering for hours, of each minute */
};

static const struct kind kinds[] = {
	{"a shop", 20e6, 1.0, -0.8, 0.04, 0.20, 0.10},
	{"a quiet one", 300, 0.3, 0, 0, 0.10, 0.30},
	{"without a day", 5e6, 0, 0, 0, 0.4, 0.05},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static double made[WEEKS * WEEK];

static void make(const struct kind *k)
{
	double keep = exp(-1.0 / 240), slow = 0;

	for (int t = 0; t < WEEKS * WEEK; t++) {
		double y = log(k->base) + k->day * sin(2 * M_PI * (t % DAY - 540) / DAY) +
			   (t / DAY % 7 >= 5 ? k->weekend : 0) + k->growth * t / WEEK;

		slow = keep * slow + k->slow * sqrt(1 - keep * keep) * normal();
		made[t] = exp(y + slow + k->white * normal());
	}
}

/* ---- how good ---- */

struct score {
	uint32_t n, held80, held95, mixed;
	double error, naive, seasonal; /* mean |difference| of logarithms */
};

static double off(double a, double b)
{
	return fabs(log1p(a) - log1p(b));
}

static void score(struct wr_forecast *f, struct score *s)
{
	struct wr_forecast_range r;

	wr_forecast_begin(f);
	for (int t = 0; t < WEEKS * WEEK; t++) {
		wr_forecast_minute(f, MONDAY + (uint64_t)t, made[t]);
		for (int h = 0; h < WR_FORECAST_HORIZONS && t % 7 == 0; h++)
			if (wr_forecast_range(f, wr_forecast_minutes((enum wr_forecast_horizon)h),
					      &r))
				s[h].mixed += !(r.low95 <= r.low80 && r.low80 <= r.mid &&
						r.mid <= r.high80 && r.high80 <= r.high95);
		if (t < BURN_IN || t % 7)
			continue;
		for (int h = 0; h < WR_FORECAST_HORIZONS; h++) {
			uint32_t ahead = wr_forecast_minutes((enum wr_forecast_horizon)h);
			int due = t + (int)ahead;

			if (due >= WEEKS * WEEK || !wr_forecast_range(f, ahead, &r))
				continue;
			s[h].n++;
			s[h].held80 += made[due] >= r.low80 && made[due] <= r.high80;
			s[h].held95 += made[due] >= r.low95 && made[due] <= r.high95;
			s[h].error += off(r.mid, made[due]);
			s[h].naive += off(made[t], made[due]);
			s[h].seasonal += off(made[due - WEEK], made[due]);
		}
	}
}

static void test_held(void)
{
	static struct wr_forecast f;

	for (int k = 0; k < KINDS; k++) {
		struct score s[WR_FORECAST_HORIZONS] = {0};

		make(&kinds[k]);
		score(&f, s);
		for (int h = 0; h < WR_FORECAST_HORIZONS; h++) {
			const char *name = wr_forecast_name((enum wr_forecast_horizon)h);
			double held80 = (double)s[h].held80 / s[h].n;
			double held95 = (double)s[h].held95 / s[h].n;

			ok(held80 > 0.74 && held80 < 0.88 && held95 > 0.91 && !s[h].mixed,
			   "%s, %s: 80 %% range holds %.1f %%, 95 %% range %.1f %% of %u",
			   kinds[k].name, name, 100 * held80, 100 * held95, s[h].n);
			ok(s[h].error <= 1.05 * fmin(s[h].naive, s[h].seasonal),
			   "%s, %s: error %.3f; %.2f of what is there now, %.2f of a week ago",
			   kinds[k].name, name, s[h].error / s[h].n, s[h].error / s[h].naive,
			   s[h].error / s[h].seasonal);
			ok(fabs(wr_forecast_held(&f, (enum wr_forecast_horizon)h, false) - 0.8) <
				   0.08,
			   "%s, %s: and it says so itself (%.1f %%)", kinds[k].name, name,
			   100 * wr_forecast_held(&f, (enum wr_forecast_horizon)h, false));
		}
	}
}

/* ---- how sure ---- */

static double width(const struct wr_forecast *f, uint32_t ahead)
{
	struct wr_forecast_range r;

	return wr_forecast_range(f, ahead, &r) ? log1p(r.high95) - log1p(r.low95) : -1;
}

static void test_sure(void)
{
	static struct wr_forecast f;
	double young, old;
	int t = 0;

	wr_forecast_begin(&f);
	ok(width(&f, 5) < 0 && !wr_forecast_sure(&f) && wr_forecast_meets(&f, 0, 60, false) < 0,
	   "nothing is known: nothing is said");
	for (; t < 30; t++)
		wr_forecast_minute(&f, MONDAY + (uint64_t)t, 1000);
	ok(wr_forecast_sure(&f) == 15, "half an hour is enough for 15 minutes (%u)",
	   wr_forecast_sure(&f));
	young = width(&f, DAY);
	ok(young > 3, "and of tomorrow little is said (from low to high: %.0f times)", exp(young));
	for (; t < WEEK; t++)
		wr_forecast_minute(&f, MONDAY + (uint64_t)t, 1000 * (0.9 + 0.2 * uniform()));
	old = width(&f, DAY);
	ok(wr_forecast_sure(&f) == DAY && old < 0.6 && old < width(&f, DAY) + 1e-9,
	   "after a week of the same more is (%.2f times)", exp(old));
	ok(width(&f, 0) < 0 && width(&f, DAY + 1) < 0,
	   "not of now, and not of the day after tomorrow");
}

/* A rise that goes on meets a limit when it does. */
static void test_meets(void)
{
	static struct wr_forecast f;
	struct wr_forecast_range r = {0};
	int t = 0, met;

	wr_forecast_begin(&f);
	for (; t < WEEK; t++)
		wr_forecast_minute(&f, MONDAY + (uint64_t)t,
				   1e6 * exp(sin(2 * M_PI * (t % DAY - 540) / DAY)));
	/* Monday 00:00: the day rises until 15:00 to 2.7 million, and is at 2 million at 11:55. */
	met = wr_forecast_meets(&f, 2e6, DAY, false);
	ok(met > 11 * 60 && met < 13 * 60, "a day that is known: met at %d:%02d (11:55)", met / 60,
	   met % 60);
	ok(wr_forecast_meets(&f, 4e6, DAY, false) < 0, "more than the day has is not met");
	ok(wr_forecast_meets(&f, 2e6, 6 * 60, false) < 0, "nor what is met later than asked");
	ok(!wr_forecast_meets(&f, 1e5, DAY, false), "what it has now is met now");
	for (int i = 0; i < 3 * 60; i++, t++)
		wr_forecast_minute(&f, MONDAY + (uint64_t)t,
				   3 * 1e6 * exp(sin(2 * M_PI * (t % DAY - 540) / DAY)));
	wr_forecast_range(&f, 60, &r);
	ok(r.mid > 0.9e6, "three hours of three times as much: the next one has more, too (%.0f)",
	   r.mid);
}

/* Minutes in which nothing was seen are not zeros, and who comes back goes on. */
static void test_gap(void)
{
	static struct wr_forecast f, g;
	struct wr_forecast_range a = {0}, b = {0};
	uint32_t n;
	int t = 0;

	wr_forecast_begin(&f);
	for (; t < 2 * DAY; t++)
		wr_forecast_minute(&f, MONDAY + (uint64_t)t, 1000 * (0.9 + 0.2 * uniform()));
	n = f.at[WR_FORECAST_5M].n;
	wr_forecast_minute(&f, MONDAY + (uint64_t)t + 3 * DAY, 1000);
	ok(f.at[WR_FORECAST_5M].n == n, "what could not be checked is not counted as held");
	wr_forecast_range(&f, 60, &a);
	ok(a.mid > 900 && a.mid < 1100, "three days that were not seen are no zeros (%.0f)", a.mid);
	wr_forecast_minute(&f, MONDAY, 1e9);
	ok(wr_forecast_range(&f, 60, &b) && b.mid == a.mid, "the past is not learned again");

	wr_forecast_begin(&g);
	for (uint64_t h = 0; h < 2 * WR_WEEK_HOURS; h++)
		wr_forecast_hour(&g, MONDAY / 60 + h, h % 24 < 12 ? 100 : 10000);
	for (t = 0; t < 60; t++)
		wr_forecast_minute(&g, MONDAY + 2 * WEEK + (uint64_t)t, 100);
	wr_forecast_range(&g, 15 * 60, &a);
	ok(a.mid > 3000 && a.mid < 15000, "hours alone tell of the afternoon (%.0f)", a.mid);
}

/* No storm: not of a minute that strays, not of one that comes and goes. */
static void test_alarm(void)
{
	struct wr_forecast_alarm a = {0};
	int n[WR_FORECAST_OVER + 1] = {0};

	for (int i = 0; i < 60; i++)
		n[wr_forecast_alarm(&a, i % 3 != 0, true)]++;
	ok(n[WR_FORECAST_SAME] == 60, "two minutes of three are no alarm");
	ok(wr_forecast_alarm(&a, true, true) == WR_FORECAST_RAISED, "three in a row are");
	a.number = 1;
	ok(wr_forecast_alarm(&a, true, true) == WR_FORECAST_RENEWED, "it goes on");
	for (int i = 0; i < 60; i++)
		n[wr_forecast_alarm(&a, i % 14 == 0, false)]++;
	ok(!n[WR_FORECAST_OVER] && !n[WR_FORECAST_RAISED],
	   "what comes back within a quarter of an hour is the same one");
	for (int i = 0; i < 60; i++)
		n[wr_forecast_alarm(&a, false, true)]++;
	ok(!n[WR_FORECAST_OVER], "what is nearly met is not over");
	for (int i = 0; i < WR_FORECAST_REST - 1; i++)
		n[wr_forecast_alarm(&a, false, false)]++;
	ok(!n[WR_FORECAST_OVER] && wr_forecast_alarm(&a, false, false) == WR_FORECAST_OVER,
	   "a quarter of an hour without: it is");
}

int main(void)
{
	test_alarm();
	test_held();
	test_sure();
	test_meets();
	test_gap();
	return done();
}
