/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_FORECASTS_IMPL_H
#define WR_DAEMON_FORECASTS_IMPL_H

#include "daemon/forecasts.h"
#include "store/rows.h"

/* What forecasts.c and forecasts_past.c share. */

enum {
	FORECAST_LOOKED = 256,	    /* rows of live that are looked at each second */
	FORECAST_PAST_M = 8 * 1440, /* minutes that are read of the past */
	FORECAST_PAST_H = 5 * 168,  /* and hours before them */
};

struct forecast_set {
	bool taken;
	bool past;	  /* what history has of it has been read, or there is none */
	uint64_t read_to; /* minute; 0: it has not been begun */
	enum wr_store_kind kind;
	uint32_t quiet; /* minutes in which nothing came */
	char key[WR_STORE_KEY_MAX];
	double sum[WR_FORECAST_WHATS]; /* of this minute so far */
	struct {
		const char *name; /* NULL: none */
		uint64_t value;
	} limit[WR_FORECAST_WHATS];
	struct wr_forecast_alarm alarm[WR_FORECAST_WHATS];
	struct wr_forecast of[WR_FORECAST_WHATS];
};

struct wr_forecasts {
	struct wr_forecasts_conf conf;
	struct forecast_set *set; /* owned, WR_FORECASTS */
	uint64_t minute;	  /* that is counted now */
	uint32_t seconds;	  /* of it */
	bool attacked;
	uint64_t alarms;
	/* Minutes that count: weir was there, and nothing was attacked. By minute %
	 * FORECAST_PAST_M. */
	bool alive[FORECAST_PAST_M];
	uint64_t alive_to;   /* the newest of them; 0: the past has not been begun to be read */
	uint64_t alive_read; /* those before it have been read, up to: */
	uint64_t alive_end;
};

/* forecasts_past.c: a minute is over. */
void wr_forecasts_alive(struct wr_forecasts *f, uint64_t minute, bool known);
/* Reads a bounded number of rows of what history has of one name of which it has not been read: no
 * more, since nothing else is done meanwhile; nor does it wait for who holds the file locked.
 * Returns the name when that was all of it; else NULL. */
struct forecast_set *wr_forecasts_past(struct wr_forecasts *f, const char *history);

#endif
