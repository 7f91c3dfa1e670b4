/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/forecasts_impl.h"
#include "store/read.h"

/*
 * What history has of a name: minutes of the last days, hours of the weeks before. A minute in
 * which the name has nothing and everything has something was a quiet one; where everything has
 * nothing weir was not there.
 */

enum {
	MINUTE_S = 60,
	HOUR_S = 3600,
	HOUR = 60,
	DAY = 1440,
	ENOUGH = 1000, /* minutes, and rows, after which no more is read in a second */
};

/* Of one name while it is read. */
struct past {
	struct wr_forecasts *f;
	struct forecast_set *s;
	uint64_t next; /* minute that comes next */
	uint32_t n;    /* minutes that were learned */
	uint32_t rows; /* that were read */
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

	p->rows++;
	until(p, point->t_s / MINUTE_S);
	minute_of(p, point->t_s / MINUTE_S, &point->n);
	p->next = point->t_s / MINUTE_S + 1;
	return true;
}

static bool add_hour(void *ctx, const struct wr_store_point *point)
{
	struct past *p = ctx;
	uint64_t hour = point->t_s / HOUR_S;

	p->rows++;
	wr_forecast_hour(&p->s->of[WR_FORECAST_BITS_IN], hour,
			 8.0 * (double)point->n.bytes / HOUR_S);
	wr_forecast_hour(&p->s->of[WR_FORECAST_BITS_OUT], hour,
			 8.0 * (double)point->n.bytes_back / HOUR_S);
	wr_forecast_hour(&p->s->of[WR_FORECAST_PACKETS_IN], hour,
			 (double)point->n.packets / HOUR_S);
	return true;
}

/* Those that have come meanwhile stand where the oldest ones would. */
static bool was_there(void *ctx, const struct wr_store_point *point)
{
	struct past *p = ctx;
	uint64_t minute = point->t_s / MINUTE_S;

	p->rows++;
	if (minute + FORECAST_PAST_M > p->f->alive_to)
		p->f->alive[minute % FORECAST_PAST_M] = true;
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

/*
 * What cannot be read is not there: without the past it is learned from now on. What somebody has
 * locked is read in the next second.
 */

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* A day of which minutes count. -EBUSY. */
static int read_alive(struct past *p, struct wr_store_reader *r)
{
	struct wr_forecasts *f = p->f;
	uint64_t to = lesser(f->alive_read + DAY, f->alive_end);
	struct wr_store_ask ask = {.kind = WR_STORE_TOTAL,
				   .key = "",
				   .res_s = MINUTE_S,
				   .from_s = f->alive_read * MINUTE_S,
				   .to_s = to * MINUTE_S};
	int ret = wr_store_read_rollup(r, &ask, was_there, p, NULL);

	if (ret == -EBUSY)
		return ret;
	f->alive_read = ret ? f->alive_end : to;
	return 0;
}

/* The hours before the first whole one of the minutes. */
static int read_hours(struct past *p, struct wr_store_reader *r)
{
	uint64_t hour = (p->f->minute - FORECAST_PAST_M + 2) / HOUR + 1;
	struct wr_store_ask ask = {.kind = p->s->kind,
				   .key = p->s->key,
				   .res_s = HOUR_S,
				   .from_s = (hour - FORECAST_PAST_H) * HOUR_S,
				   .to_s = hour * HOUR_S};

	if (wr_store_read_rollup(r, &ask, add_hour, p, NULL) == -EBUSY && !p->rows)
		return -EBUSY;
	p->s->read_to = hour * HOUR;
	return 0;
}

static int read_day(struct past *p, struct wr_store_reader *r)
{
	uint64_t to = lesser(p->s->read_to + DAY, p->f->minute);
	struct wr_store_ask ask = {.kind = p->s->kind,
				   .key = p->s->key,
				   .res_s = MINUTE_S,
				   .from_s = p->s->read_to * MINUTE_S,
				   .to_s = to * MINUTE_S};
	int ret;

	p->next = p->s->read_to;
	ret = wr_store_read_rollup(r, &ask, add_minute, p, NULL);
	if (ret == -EBUSY) { /* a part may have been read: what it has is not learned twice */
		p->s->read_to = p->next;
		return ret;
	}
	p->s->read_to = to;
	/* A name that history does not have has no zeros either. */
	if (ret)
		p->s->read_to = p->f->minute;
	else if (p->s->of[0].minutes || p->next > ask.from_s / MINUTE_S)
		until(p, to);
	p->s->past = p->s->read_to >= p->f->minute;
	return 0;
}

/* Of the minutes none has been read: this one is not over, and counts. */
static void begin_alive(struct wr_forecasts *f)
{
	wr_forecasts_alive(f, f->minute, true);
	f->alive_read = f->minute - FORECAST_PAST_M + 2;
	f->alive_end = f->minute;
}

static int read_some(struct past *p, struct wr_store_reader *r)
{
	if (p->f->alive_read < p->f->alive_end)
		return read_alive(p, r);
	return p->s->read_to ? read_day(p, r) : read_hours(p, r);
}

struct forecast_set *wr_forecasts_past(struct wr_forecasts *f, const char *history)
{
	struct past p = {.f = f, .s = waits(f)};
	struct wr_store_reader *r = NULL;
	int ret = -ENOENT;

	if (!p.s)
		return NULL;
	if (history && history[0])
		ret = wr_store_read_open_now(&r, history, NULL);
	if (ret == -EBUSY)
		return NULL;
	if (ret) {
		p.s->past = true;
		return p.s;
	}
	if (!f->alive_to)
		begin_alive(f);
	while (!ret && !p.s->past && p.n < ENOUGH && p.rows < ENOUGH)
		ret = read_some(&p, r);
	wr_store_read_close(&r);
	return p.s->past ? p.s : NULL;
}
