/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_FORECASTS_H
#define WR_DAEMON_FORECASTS_H

#include "daemon/rules.h"
#include "flow/live.h"
#include "view/forecast.h"

/*
 * What is expected (detect/forecast.h) of everything, of each interface and class, of rules that
 * limit, and of the services with most bytes. Fed with what history is written of; what it has of
 * the last days is read when a name comes up, one a second, so that a restart does not begin anew.
 * Memory is fixed at open: there are WR_FORECASTS names at most, services make room for others when
 * they have been quiet for a day.
 */
enum { WR_FORECASTS = 96, WR_FORECAST_SERVICES = 24 };

struct wr_forecasts_conf {
	/* A limit that is expected to be met (wr_forecast_alarm()). number: of the alarm, the same
	 * until it is over, from 1 on. row is borrowed. */
	void (*alarm)(void *ctx, enum wr_forecast_news news, uint64_t number,
		      const struct wr_forecast_row *row);
	void *ctx;
};

struct wr_forecasts;

/* 0 or -ENOMEM. */
int wr_forecasts_open(struct wr_forecasts **out, const struct wr_forecasts_conf *conf,
		      struct wr_err *err);
void wr_forecasts_close(struct wr_forecasts **f); /* NULL is fine; sets NULL */

/* The newest window of live, once. rules: NULL: there is no policy. history: its file; "": none is
 * kept. attack: what was seen is not how things usually go, and is not learned. */
void wr_forecasts_window(struct wr_forecasts *f, struct wr_live *live, const struct wr_rules *rules,
			 const char *history, bool attack);
void wr_forecasts_end(struct wr_forecasts *f); /* alarms that go on are over */

/* Those of which something is known; rows and what they point to are borrowed for the call. */
void wr_forecasts_each(const struct wr_forecasts *f,
		       void (*fn)(void *ctx, const struct wr_forecast_row *row), void *ctx);

#endif
