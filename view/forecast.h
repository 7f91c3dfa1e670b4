/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FORECAST_H
#define WR_VIEW_FORECAST_H

#include "base/buf.h"
#include "detect/forecast.h"

/* What is expected of a service, a class, an interface, a rule or of everything, for people and as
 * JSON objects (docs/events.md). */

/* X(symbol, unit, direction; "": both) */
#define WR_FORECAST_WHAT_TABLE(X)   \
	X(BITS_IN, "bit/s", "in")   \
	X(BITS_OUT, "bit/s", "out") \
	X(PACKETS_IN, "packets/s", "in")

enum wr_forecast_what {
#define X(sym, unit, direction) WR_FORECAST_##sym,
	WR_FORECAST_WHAT_TABLE(X)
#undef X
		WR_FORECAST_WHATS
};

struct wr_forecast_row {
	const char *kind; /* total, service, interface, rule, class: as in history */
	const char *key;  /* as in history; "": total */
	enum wr_forecast_what what;
	const struct wr_forecast *of;
	const char *limit_name; /* ceiling, capacity, limit; NULL: there is none */
	uint64_t limit;		/* in the unit of what */
	int meets; /* minutes; -1: not, as far as it is sure; see wr_forecast_meets() */
};

/* points: of the path from now on, evenly over the time of the farthest horizon; 0: none. */
void wr_view_forecast_json(struct wr_buf *b, const struct wr_forecast_row *row, uint32_t points);
/* A table of rows in 80 columns. */
void wr_view_forecasts_head(struct wr_buf *b, bool color);
void wr_view_forecasts_text(struct wr_buf *b, const struct wr_forecast_row *row, bool color);
/* One in full: a line for each horizon. */
void wr_view_forecast_text(struct wr_buf *b, const struct wr_forecast_row *row, bool color);

#endif
