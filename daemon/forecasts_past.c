/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/forecasts_impl.h"
#include "store/read.h"

/*
 * What history has of a name: minutes of the last days, hours of the weeks before. A minute in
 * which the name has nothing and everything has something was a quiet one; where everything has
 * nothing weir was not there.
 */

enum { MINUTE_S = 60, HOUR_S = 3600, HOUR = 60, DAY = 1440, ENOUGH = 1000 /* minutes a second */ };

/* Of one name while it is read. */
struct past {
	struct wr_forecasts *f;
	struct forecast_set *s;
	uint64_t next; /* minute that comes next */
	uint32_t n;    /* minutes that were learned */
};

static void set_alive(struct wr_forecasts *f, uint64_t minute, bool known)
{
	f->alive[minute % FORECAST_PAST_M] = known;
	f->alive_to = minute;
}

void wr_forecasts_alive(struct wr_forecasts *f, uint64_t minute, bool known)
{
	if (!f->alive_to || minute > f->alive_to + FORECAST_PAST_M)
		memset(f->alive, 0, sizeof(f->alive));
	else
		while (f->alive_to + 1 < minute)
			set_alive(f, f->alive_to + 1, false);
	set_alive(f, minute, known);
}

/* A whole minute: the first and the last one of a time may be half of one. */
static bool whole(const struct wr_forecasts *f, uint64_t minute)
{
	return f->alive[minute % FORECAST_PAST_M] && f->alive[(minute - 1) % FORECAST_PAST_M] &&
	       f->alive[(minute + 1) % FORECAST_PAST_M];
}

static void minute_of(struct past *p, uint64_t minute, const struct wr_store_counts *n)
{
	if (!whole(p->f, minute))
		return;
	p->n++;
	wr_forecast_minute(&p->s->of[WR_FORECAST_BITS_IN], minute,
			   8.0 * (double)n->bytes / MINUTE_S);
	wr_forecast_minute(&p->s->of[WR_FORECAST_BITS_OUT], minute,
			   8.0 * (double)n->bytes_back / MINUTE_S);
	wr_forecast_minute(&p->s->of[WR_FORECAST_PACKETS_IN], minute,
			   (double)n->packets / MINUTE_S);
}

static void until(struct past *p, uint64_t minute)
{
	static const struct wr_store_counts nothing;

	for (; p->next < minute; p->next++)
		minute_of(p, p->next, &nothing);
}

static bool add_minute(void *ctx, const struct wr_store_point *point)
{
	struct past *p = ctx;

	until(p, point->t_s / MINUTE_S);
	minute_of(p, point->t_s / MINUTE_S, &point->n);
	p->next = point->t_s / MINUTE_S + 1;
	return true;
}

static bool add_hour(void *ctx, const struct wr_store_point *point)
{
	struct past *p = ctx;
	uint64_t hour = point->t_s / HOUR_S;

	wr_forecast_hour(&p->s->of[WR_FORECAST_BITS_IN], hour,
			 8.0 * (double)point->n.bytes / HOUR_S);
	wr_forecast_hour(&p->s->of[WR_FORECAST_BITS_OUT], hour,
			 8.0 * (double)point->n.bytes_back / HOUR_S);
	wr_forecast_hour(&p->s->of[WR_FORECAST_PACKETS_IN], hour,
			 (double)point->n.packets / HOUR_S);
	return true;
}

static bool was_there(void *ctx, const struct wr_store_point *point)
{
	wr_forecasts_alive(ctx, point->t_s / MINUTE_S, true);
	return true;
}

/* Classes and interfaces first: they have limits. Services stand before them. */
static struct forecast_set *waits(struct wr_forecasts *f)
{
	for (uint32_t i = 0; i < WR_FORECASTS; i++) {
		struct forecast_set *s = &f->set[(i + WR_FORECASTS / 2) % WR_FORECASTS];

		if (s->taken && !s->past)
			return s;
	}
	return NULL;
}

/* What cannot be read is not there: without the past it is learned from now on. */

static void read_alive(struct wr_forecasts *f, struct wr_store_reader *r)
{
	struct wr_store_ask ask = {.kind = WR_STORE_TOTAL,
				   .key = "",
				   .res_s = MINUTE_S,
				   .from_s = (f->minute - FORECAST_PAST_M + 2) * MINUTE_S,
				   .to_s = f->minute * MINUTE_S};

	wr_store_read_rollup(r, &ask, was_there, f, NULL);
	wr_forecasts_alive(f, f->minute, true); /* this one is not over */
}

/* The hours before the first whole one of the minutes. */
static void read_hours(struct past *p, struct wr_store_reader *r)
{
	uint64_t hour = (p->f->minute - FORECAST_PAST_M + 2) / HOUR + 1;
	struct wr_store_ask ask = {.kind = p->s->kind,
				   .key = p->s->key,
				   .res_s = HOUR_S,
				   .from_s = (hour - FORECAST_PAST_H) * HOUR_S,
				   .to_s = hour * HOUR_S};

	wr_store_read_rollup(r, &ask, add_hour, p, NULL);
	p->s->read_to = hour * HOUR;
}

static void read_day(struct past *p, struct wr_store_reader *r)
{
	uint64_t to = p->s->read_to + DAY < p->f->minute ? p->s->read_to + DAY : p->f->minute;
	struct wr_store_ask ask = {.kind = p->s->kind,
				   .key = p->s->key,
				   .res_s = MINUTE_S,
				   .from_s = p->s->read_to * MINUTE_S,
				   .to_s = to * MINUTE_S};

	p->next = p->s->read_to;
	p->s->read_to = to;
	/* A name that history does not have has no zeros either. */
	if (wr_store_read_rollup(r, &ask, add_minute, p, NULL))
		p->s->read_to = p->f->minute;
	else if (p->s->of[0].minutes || p->next > ask.from_s / MINUTE_S)
		until(p, to);
	p->s->past = p->s->read_to >= p->f->minute;
}

struct forecast_set *wr_forecasts_past(struct wr_forecasts *f, const char *history)
{
	struct past p = {.f = f, .s = waits(f)};
	struct wr_store_reader *r = NULL;

	if (!p.s)
		return NULL;
	if (!history || !history[0] || wr_store_read_open(&r, history, NULL)) {
		p.s->past = true;
		return p.s;
	}
	if (!f->alive_to)
		read_alive(f, r);
	if (!p.s->read_to)
		read_hours(&p, r);
	while (!p.s->past && p.n < ENOUGH)
		read_day(&p, r);
	wr_store_read_close(&r);
	return p.s->past ? p.s : NULL;
}
