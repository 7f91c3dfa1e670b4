/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_FORECAST_H
#define WR_DETECT_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/week.h"

/*
 * What is expected of a rate in the next minutes and hours. Fed with the mean of each minute, it
 * learns the hours of the week (detect/week.h) and how far the last minutes, the last hour and the
 * last day are above or below them; how much of each is left after a while is learned, too, for
 * each horizon by itself (least squares, drawn to what is plausible while little is known). A rise
 * that goes on is the last minutes above the last hour.
 *
 * Ranges are not assumed but measured: every forecast waits until its time has come, and how far it
 * was off counts for the width of those that follow (split conformal: Vovk et al. 2005). What was
 * held so far moves the width until the stated share is held (Gibbs and Candes 2021). With little
 * to go by ranges are wide.
 *
 * Pure: no clock, no memory of its own. All in y = log(1 + rate).
 */

/* X(symbol, name, minutes ahead, minutes from one that is checked to the next) */
#define WR_FORECAST_TABLE(X) \
	X(5M, "5m", 5, 1)    \
	X(15M, "15m", 15, 3) \
	X(1H, "1h", 60, 10)  \
	X(6H, "6h", 360, 30) \
	X(24H, "24h", 1440, 60)

enum wr_forecast_horizon {
#define X(sym, name, minutes, every) WR_FORECAST_##sym,
	WR_FORECAST_TABLE(X)
#undef X
		WR_FORECAST_HORIZONS
};

enum {
	WR_FORECAST_ERRORS = 512,
	WR_FORECAST_WAITING = 24, /* minutes / every, at most */
	WR_FORECAST_LEVELS = 3,
	WR_FORECAST_MOST = 1440, /* minutes ahead */
	WR_FORECAST_STALE = 10,	 /* minutes without one: it is no forecast of now */
};

/* Of one horizon. Private. */
struct wr_forecast_checked {
	struct wr_forecast_waiting {
		uint64_t due; /* minute; 0: none */
		float base;   /* what is usual then */
		float x[WR_FORECAST_LEVELS], mid, low80, high80, low95, high95;
	} waiting[WR_FORECAST_WAITING];
	float error[WR_FORECAST_ERRORS];    /* a ring */
	float low80, high80, low95, high95; /* of them; what is added to mid */
	float scale80, scale95;
	double xx[WR_FORECAST_LEVELS][WR_FORECAST_LEVELS], xy[WR_FORECAST_LEVELS], weight;
	float keeps[WR_FORECAST_LEVELS]; /* so much of each level is left */
	uint32_t n, held80, held95;
};

struct wr_forecast {
	struct wr_week week;
	float expected[WR_WEEK_HOURS]; /* what that comes to */
	uint64_t minute;	       /* the newest that is known, since 1970; 0: none is */
	uint32_t minutes;	       /* that are known */
	uint32_t hour_n;
	double hour_sum;
	float mean;			 /* of y, of a day: while no hours are known */
	float level[WR_FORECAST_LEVELS]; /* above what is usual: of 5, 60, 1440 minutes */
	float now;			 /* rate of the newest minute */
	struct wr_forecast_checked at[WR_FORECAST_HORIZONS];
};

/* Rates. 80 and 95 of 100 are expected within. */
struct wr_forecast_range {
	double mid, low80, high80, low95, high95;
};

const char *wr_forecast_name(enum wr_forecast_horizon h);
uint32_t wr_forecast_minutes(enum wr_forecast_horizon h);

void wr_forecast_begin(struct wr_forecast *f);

/* The mean rate of a minute (Unix time / 60), later than all before. Minutes that are left out are
 * not known: weir was not there, or what it saw was an attack. */
void wr_forecast_minute(struct wr_forecast *f, uint64_t minute, double rate);
/* Older than all of that: the mean rate of an hour (Unix time / 3600). */
void wr_forecast_hour(struct wr_forecast *f, uint64_t hour, double rate);

/* What is expected so many minutes after the newest one, 1 to WR_FORECAST_MOST. False: nothing is
 * known. */
bool wr_forecast_range(const struct wr_forecast *f, uint32_t ahead, struct wr_forecast_range *out);

/* So many minutes ahead forecasts have been checked for at least as long as they reach; 0: none
 * has. What is farther is wide, and no reason to tell anybody. */
uint32_t wr_forecast_sure(const struct wr_forecast *f);

/* In how many minutes the middle of what is expected meets that rate, or (high) what nine of ten
 * stay below, at most `within` ahead; 0: it does now; -1: it does not. */
int wr_forecast_meets(const struct wr_forecast *f, double rate, uint32_t within, bool high);

/* A limit that is expected to be met. */
struct wr_forecast_alarm {
	uint64_t number; /* 0: it is not raised */
	uint32_t agree, rest;
};

enum wr_forecast_news {
	WR_FORECAST_SAME,
	WR_FORECAST_RAISED,
	WR_FORECAST_RENEWED,
	WR_FORECAST_OVER,
};

enum {
	WR_FORECAST_AGREE = 3, /* minutes in a row, until it is raised */
	WR_FORECAST_REST = 15, /* minutes without, until it is over */
	WR_FORECAST_NEAR = 90, /* percent of the limit: what is above is no rest */
};

/* A minute is over, in which the limit was expected to be met (near: or nearly so). On RAISED the
 * caller sets number. */
enum wr_forecast_news wr_forecast_alarm(struct wr_forecast_alarm *a, bool meets, bool near);

/* The share of the last ranges of that horizon that held, and of how many. -1: none is checked. */
double wr_forecast_held(const struct wr_forecast *f, enum wr_forecast_horizon h, bool of95);

#endif
