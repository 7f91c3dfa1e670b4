/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/forecast.h"

#include <stdlib.h>
#include <string.h>

#define MISS 0.02      /* what one forecast that did not hold moves the width, in log */
#define FAR 4.0f       /* what is farther off than that (in y) counts as so far */
#define REMEMBER 0.998 /* of what was learned for each that is checked */
#define TRUST 8	       /* independent ones weigh as much as what is plausible */
#define SCALE_LEAST 0.4f
#define SCALE_MOST 4.0f

enum { HOUR = 60, DAY = 1440, SORTED_EVERY = 16, SORTED_ALWAYS = 64, KNOWN_SPANS = 3, STEP = 5 };

static const struct {
	const char *name;
	uint16_t minutes, every;
} horizons[WR_FORECAST_HORIZONS] = {
#define X(sym, name, minutes, every) {name, minutes, every},
	WR_FORECAST_TABLE(X)
#undef X
};

static const float memory[WR_FORECAST_LEVELS] = {5, HOUR, DAY};

const char *wr_forecast_name(enum wr_forecast_horizon h)
{
	return horizons[h].name;
}

uint32_t wr_forecast_minutes(enum wr_forecast_horizon h)
{
	return horizons[h].minutes;
}

/* ---- what is usual ---- */

/* From the middle of one hour to that of the next, so that there is no step between. */
static float usual(const struct wr_forecast *f, uint64_t minute)
{
	uint64_t half = minute - HOUR / 2;
	float part = (float)(half % HOUR) / HOUR;
	unsigned int hour = wr_week_hour(half * 60);

	if (f->week.hours < WR_WEEK_KNOWN)
		return f->mean;
	return (1 - part) * f->expected[hour] + part * f->expected[(hour + 1) % WR_WEEK_HOURS];
}

/* Asked far more often than it is learned. */
static void learn_hour(struct wr_forecast *f, uint64_t hour, float y)
{
	wr_week_learn(&f->week, wr_week_hour(hour * 3600), y);
	for (unsigned int h = 0; h < WR_WEEK_HOURS; h++)
		f->expected[h] = wr_week_expected(&f->week, h);
}

static void end_hour(struct wr_forecast *f, uint64_t hour)
{
	if (f->hour_n >= HOUR / 2)
		learn_hour(f, hour, (float)(f->hour_sum / f->hour_n));
	f->hour_sum = 0;
	f->hour_n = 0;
}

/* ---- how much of a level is left ---- */

/* While nothing is known: what was so for minutes ends sooner than what was so for a day. */
static void plausible(enum wr_forecast_horizon h, float keeps[WR_FORECAST_LEVELS])
{
	float minutes = horizons[h].minutes, left = 1;

	for (int i = 0; i < WR_FORECAST_LEVELS; i++) {
		float stays = expf(-minutes / (memory[i] * 12));

		keeps[i] = left * stays;
		left -= keeps[i];
	}
}

/* Solves a x = b by elimination; a is positive definite: what is on its diagonal was added to. */
static void solve(double a[WR_FORECAST_LEVELS][WR_FORECAST_LEVELS], double b[WR_FORECAST_LEVELS])
{
	for (int k = 0; k < WR_FORECAST_LEVELS; k++)
		for (int i = k + 1; i < WR_FORECAST_LEVELS; i++) {
			double m = a[i][k] / a[k][k];

			for (int j = k; j < WR_FORECAST_LEVELS; j++)
				a[i][j] -= m * a[k][j];
			b[i] -= m * b[k];
		}
	for (int k = WR_FORECAST_LEVELS - 1; k >= 0; k--) {
		for (int j = k + 1; j < WR_FORECAST_LEVELS; j++)
			b[k] -= a[k][j] * b[j];
		b[k] /= a[k][k];
	}
}

/* Forecasts that overlap say the same: what counts is how often the whole span went by. */
static double spans(enum wr_forecast_horizon h, double n)
{
	return n * horizons[h].every / horizons[h].minutes;
}

static void learn_keeps(struct wr_forecast_checked *c, enum wr_forecast_horizon h, const float *x,
			float y)
{
	double a[WR_FORECAST_LEVELS][WR_FORECAST_LEVELS], b[WR_FORECAST_LEVELS], trace = 0, ridge;
	float prior[WR_FORECAST_LEVELS];

	c->weight = REMEMBER * c->weight + 1;
	for (int i = 0; i < WR_FORECAST_LEVELS; i++) {
		for (int j = 0; j < WR_FORECAST_LEVELS; j++)
			c->xx[i][j] = REMEMBER * c->xx[i][j] + (double)x[i] * (double)x[j];
		c->xy[i] = REMEMBER * c->xy[i] + (double)x[i] * (double)y;
		trace += c->xx[i][i];
	}
	plausible(h, prior);
	ridge = TRUST / spans(h, 1) * (trace / WR_FORECAST_LEVELS / c->weight) + 1e-6;
	memcpy(a, c->xx, sizeof(a));
	for (int i = 0; i < WR_FORECAST_LEVELS; i++) {
		a[i][i] += ridge;
		b[i] = c->xy[i] + ridge * (double)prior[i];
	}
	solve(a, b);
	for (int i = 0; i < WR_FORECAST_LEVELS; i++)
		c->keeps[i] = (float)fmax(-2, fmin(2, b[i]));
}

/* ---- how wide ---- */

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static float quantile(const float *sorted, uint32_t n, double q)
{
	double at = q * (n + 1) - 1;
	uint32_t i;

	if (at <= 0)
		return sorted[0];
	i = (uint32_t)at;
	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (float)(at - i) * (sorted[i + 1] - sorted[i]);
}

/*
 * Each side by itself: rates rise farther than they fall. What was seen for few spans is widened,
 * and until there are some, what is assumed is twice to fifteen times as much.
 */
static void measure(struct wr_forecast_checked *c, enum wr_forecast_horizon h)
{
	uint32_t n = c->n < WR_FORECAST_ERRORS ? c->n : WR_FORECAST_ERRORS;
	float far = 0.7f + 0.35f * logf(1 + horizons[h].minutes / 5.0f), young, known;
	float sorted[WR_FORECAST_ERRORS];
	double have = spans(h, n);

	c->low95 = -far;
	c->high95 = far;
	c->low80 = -far / 2;
	c->high80 = far / 2;
	if (!n)
		return;
	memcpy(sorted, c->error, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_value);
	young = (float)(1 + 1 / sqrt(1 + 2 * have) -
			1 / sqrt(1 + 2 * spans(h, WR_FORECAST_ERRORS)));
	known = (float)fmin(1, have / KNOWN_SPANS);
#define SIDE(field, q, scale) \
	(c->field = (1 - known) * c->field + known * young * c->scale * quantile(sorted, n, q))
	SIDE(low95, 0.025, scale95);
	SIDE(high95, 0.975, scale95);
	SIDE(low80, 0.1, scale80);
	SIDE(high80, 0.9, scale80);
#undef SIDE
	/* The middle is in both, and one in the other, whatever the last ones were. */
	c->low80 = fminf(0, c->low80);
	c->high80 = fmaxf(0, c->high80);
	c->low95 = fminf(c->low80, c->low95);
	c->high95 = fmaxf(c->high80, c->high95);
}

static void held(float *scale, uint32_t *count, bool in, double miss)
{
	*count += in;
	*scale *= (float)exp(in ? -MISS * miss : MISS * (1 - miss));
	*scale = fminf(SCALE_MOST, fmaxf(SCALE_LEAST, *scale));
}

/* Its time has come. */
static void check(struct wr_forecast_checked *c, enum wr_forecast_horizon h,
		  struct wr_forecast_waiting *w, float y)
{
	float off = fmaxf(-FAR, fminf(FAR, y - w->mid));

	held(&c->scale80, &c->held80, y >= w->low80 && y <= w->high80, 0.2);
	held(&c->scale95, &c->held95, y >= w->low95 && y <= w->high95, 0.05);
	c->error[c->n % WR_FORECAST_ERRORS] = off;
	c->n++;
	learn_keeps(c, h, w->x, fmaxf(-FAR, fminf(FAR, y - w->base)));
	if (c->n < SORTED_ALWAYS || !(c->n % SORTED_EVERY))
		measure(c, h);
}

/* ---- a forecast ---- */

static float left_of(const struct wr_forecast_checked *c, const float *level)
{
	float sum = 0;

	for (int i = 0; i < WR_FORECAST_LEVELS; i++)
		sum += c->keeps[i] * level[i];
	return sum;
}

/* One more that waits for its time. */
static void foresee(struct wr_forecast *f, enum wr_forecast_horizon h)
{
	struct wr_forecast_checked *c = &f->at[h];
	uint64_t due = f->minute + horizons[h].minutes;
	struct wr_forecast_waiting *w = &c->waiting[due / horizons[h].every % WR_FORECAST_WAITING];

	w->due = due;
	w->base = usual(f, due);
	memcpy(w->x, f->level, sizeof(w->x));
	w->mid = w->base + left_of(c, f->level);
	w->low80 = w->mid + c->low80;
	w->high80 = w->mid + c->high80;
	w->low95 = w->mid + c->low95;
	w->high95 = w->mid + c->high95;
}

void wr_forecast_begin(struct wr_forecast *f)
{
	memset(f, 0, sizeof(*f));
	for (int h = 0; h < WR_FORECAST_HORIZONS; h++) {
		f->at[h].scale80 = f->at[h].scale95 = 1;
		plausible((enum wr_forecast_horizon)h, f->at[h].keeps);
		measure(&f->at[h], (enum wr_forecast_horizon)h);
	}
}

static void check_due(struct wr_forecast *f, uint64_t minute, float y)
{
	for (int h = 0; h < WR_FORECAST_HORIZONS; h++)
		for (int i = 0; i < WR_FORECAST_WAITING; i++) {
			struct wr_forecast_waiting *w = &f->at[h].waiting[i];

			if (!w->due || w->due > minute)
				continue;
			if (w->due == minute)
				check(&f->at[h], (enum wr_forecast_horizon)h, w, y);
			w->due = 0;
		}
}

static void learn_levels(struct wr_forecast *f, float y)
{
	float above = y - usual(f, f->minute);

	for (int i = 0; i < WR_FORECAST_LEVELS; i++)
		f->level[i] += (above - f->level[i]) /
			       (f->minutes < memory[i] ? (float)f->minutes + 1 : memory[i]);
}

void wr_forecast_minute(struct wr_forecast *f, uint64_t minute, double rate)
{
	float y = (float)log1p(fmax(0, rate));

	if (minute <= f->minute)
		return;
	if (minute / HOUR != f->minute / HOUR)
		end_hour(f, f->minute / HOUR);
	check_due(f, minute, y);
	f->minute = minute;
	f->mean += (y - f->mean) / (f->minutes < DAY ? (float)f->minutes + 1 : DAY);
	learn_levels(f, y);
	f->minutes += f->minutes < UINT32_MAX;
	f->now = (float)rate;
	f->hour_sum += (double)y;
	f->hour_n++;
	for (int h = 0; h < WR_FORECAST_HORIZONS; h++)
		if (!(minute % horizons[h].every))
			foresee(f, (enum wr_forecast_horizon)h);
}

void wr_forecast_hour(struct wr_forecast *f, uint64_t hour, double rate)
{
	if (!f->minute)
		learn_hour(f, hour, (float)log1p(fmax(0, rate)));
}

/* ---- what is asked ---- */

/* Between two horizons it is between both, by the logarithm of time. */
static float between(uint32_t ahead, int *h)
{
	*h = 0;
	while (*h < WR_FORECAST_HORIZONS - 2 && ahead > horizons[*h + 1].minutes)
		++*h;
	if (ahead <= horizons[*h].minutes)
		return 0;
	return logf((float)ahead / horizons[*h].minutes) /
	       logf((float)horizons[*h + 1].minutes / horizons[*h].minutes);
}

static double rate_of(float y)
{
	return expm1(fmax(0, (double)y));
}

bool wr_forecast_range(const struct wr_forecast *f, uint32_t ahead, struct wr_forecast_range *out)
{
	const struct wr_forecast_checked *a, *b;
	float part, mid;
	int h;

	if (!f->minutes || !ahead || ahead > WR_FORECAST_MOST)
		return false;
	part = between(ahead, &h);
	a = &f->at[h];
	b = &f->at[h + 1];
	mid = usual(f, f->minute + ahead) + (1 - part) * left_of(a, f->level) +
	      part * left_of(b, f->level);
#define AT(field) rate_of(mid + (1 - part) * a->field + part * b->field)
	*out = (struct wr_forecast_range){.mid = rate_of(mid),
					  .low80 = AT(low80),
					  .high80 = AT(high80),
					  .low95 = AT(low95),
					  .high95 = AT(high95)};
#undef AT
	return true;
}

uint32_t wr_forecast_sure(const struct wr_forecast *f)
{
	uint32_t minutes = 0;

	for (int h = 0; h < WR_FORECAST_HORIZONS; h++)
		if (spans((enum wr_forecast_horizon)h, f->at[h].n) >= 1)
			minutes = horizons[h].minutes;
	return minutes;
}

int wr_forecast_meets(const struct wr_forecast *f, double rate, uint32_t within, bool high)
{
	struct wr_forecast_range r;

	if (!f->minutes)
		return -1;
	if ((double)f->now >= rate)
		return 0;
	for (uint32_t ahead = STEP; ahead <= within; ahead += STEP)
		if (wr_forecast_range(f, ahead, &r) && (high ? r.high80 : r.mid) >= rate)
			return (int)ahead;
	return -1;
}

enum wr_forecast_news wr_forecast_alarm(struct wr_forecast_alarm *a, bool meets, bool near)
{
	a->agree = meets ? a->agree + 1 : 0;
	a->rest = meets || near ? 0 : a->rest + 1;
	if (!a->number)
		return a->agree >= WR_FORECAST_AGREE ? WR_FORECAST_RAISED : WR_FORECAST_SAME;
	if (a->rest >= WR_FORECAST_REST)
		return WR_FORECAST_OVER;
	return meets ? WR_FORECAST_RENEWED : WR_FORECAST_SAME;
}

double wr_forecast_held(const struct wr_forecast *f, enum wr_forecast_horizon h, bool of95)
{
	const struct wr_forecast_checked *c = &f->at[h];

	return c->n ? (double)(of95 ? c->held95 : c->held80) / c->n : -1;
}
