/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of load that lasts is told once, however long what is usual takes to follow, and over a
 * restart; again when it changes once more, or goes back. An hour is a number here.
 */
#include "detect/impl.h"
#include "detect/learned.h"
#include "tests/tap.h"

enum { HOUR_S = 3600, DAY_H = 24, KNOWN_S = 1000000 };

#define SECOND 1000000000ull
#define MONDAY (1767571200ull) /* 5 January 2026, 00:00 UTC */

static struct wr_detect *d;
static struct target *t;
static uint64_t hours;
static double scale = 20; /* packets a second at night */
static uint32_t told_more, told_less;

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	(void)ctx;
	if (news != WR_FINDING_RAISED || f->klass != WR_CLASS_DRIFT)
		return;
	told_more += f->evidence[0].value > f->evidence[0].norm;
	told_less += f->evidence[0].value < f->evidence[0].norm;
}

static void open_at(uint64_t ns)
{
	struct wr_detect_conf conf = {.finding = finding};
	struct wr_err err;

	if (wr_detect_open(&d, &conf, &err)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	wr_detect_tick(d, ns);
}

static void begin(void)
{
	const uint8_t addr[16] = {10, 0, 0, 9};

	hours = 0;
	open_at(MONDAY * SECOND);
	t = target_of(d, addr, 4, 0);
	t->norm[C_PACKETS].seconds = KNOWN_S;
	week_make(d, t);
}

/* Office hours, and a fifth at the weekend. */
static double usual(void)
{
	double day = scale * pow(10, 0.5 - 0.5 * cos((double)(hours % DAY_H) / DAY_H * 2 * M_PI));

	return day * (hours / DAY_H % 7 < 5 ? 1 : 0.2);
}

/* So many days with so many times as much. */
static void days(uint32_t n, double times)
{
	struct weeks *w = &d->weeks[t->week - 1];

	told_more = told_less = 0;
	for (uint32_t i = 0; i < n * DAY_H; i++) {
		unsigned int hour = (unsigned int)(hours % WR_WEEK_HOURS);
		double stray = 0.9 + 0.2 * (double)(wr_mix(hours) % 1000) / 1000;
		float y = (float)log1p(usual() * times * stray);

		drift_hour(&w->day, &w->of[0], hour, (double)y);
		wr_week_learn(&w->of[0], hour, y);
		w->hours++;
		hours++;
		wr_detect_tick(d, (MONDAY + hours * HOUR_S) * SECOND);
		drift_end(d, t, w);
	}
}

static void told(uint32_t more, uint32_t less, const char *what)
{
	ok(told_more == more && told_less == less, "%s: told %u times as more, %u as less", what,
	   told_more, told_less);
}

static void restart(void)
{
	const uint8_t addr[16] = {10, 0, 0, 9};
	struct wr_buf b = {0};
	struct wr_err err;

	wr_detect_learned_write(d, &b);
	wr_detect_close(&d);
	open_at((MONDAY + hours * HOUR_S) * SECOND);
	if (wr_detect_learned_read(d, b.at, b.used, (MONDAY + hours * HOUR_S) * SECOND, &err))
		printf("# %s\n", err.text);
	wr_buf_free(&b);
	t = target_of(d, addr, 4, 0);
}

int main(void)
{
	begin();
	days(21, 1);
	told(0, 0, "days and weekends");
	days(21, 4);
	told(1, 0, "four times as much for three weeks");
	restart();
	days(28, 4);
	told(0, 0, "and for four more, after a restart");
	days(28, 1);
	told(0, 1, "and back");
	wr_detect_close(&d);

	begin();
	days(21, 1);
	days(4, 4);
	told(1, 0, "four times as much");
	days(1, 1);
	days(10, 4);
	told(0, 0, "and so again after a holiday");
	days(10, 12);
	told(1, 0, "and three times of that");
	wr_detect_close(&d);

	begin();
	days(21, 1);
	days(2, 4);
	days(14, 1);
	days(2, 4);
	told(1, 0, "what had gone back for two weeks is news");
	days(2, 0.2);
	told(0, 1, "and so is what is less than usual");
	wr_detect_close(&d);

	scale = 0.5;
	begin();
	days(21, 1);
	days(2, 2.3);
	told(1, 0, "of a packet a second");
	days(14, 1);
	days(2, 2.3);
	told(1, 0, "and again behind two weeks as usual");
	wr_detect_close(&d);
	return done();
}
