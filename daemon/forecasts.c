/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/forecasts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/classes.h"
#include "daemon/forecasts_impl.h"
#include "daemon/history.h"

/* Names, what they have each minute, and the limits they may meet. */

enum {
	MINUTE_S = 60,
	LEAST_S = 30, /* of a minute, to speak for it */
	QUIET = 1440, /* minutes, after which a service makes room */
};

int wr_forecasts_open(struct wr_forecasts **out, const struct wr_forecasts_conf *conf,
		      struct wr_err *err)
{
	struct wr_forecasts *f = calloc(1, sizeof(*f));

	if (f)
		f->set = wr_mem_map(WR_FORECASTS * sizeof(*f->set));
	if (!f || !f->set) {
		free(f);
		return wr_fail(err, ENOMEM, "no memory for forecasts");
	}
	f->conf = *conf;
	*out = f;
	return 0;
}

void wr_forecasts_close(struct wr_forecasts **forecasts)
{
	struct wr_forecasts *f = *forecasts;

	if (!f)
		return;
	wr_mem_unmap(f->set, WR_FORECASTS * sizeof(*f->set));
	free(f);
	*forecasts = NULL;
}

/* ---- names ---- */

static struct forecast_set *find(struct wr_forecasts *f, enum wr_store_kind kind, const char *key)
{
	for (uint32_t i = 0; i < WR_FORECASTS; i++)
		if (f->set[i].taken && f->set[i].kind == kind && !strcmp(f->set[i].key, key))
			return &f->set[i];
	return NULL;
}

static void over(struct wr_forecasts *f, struct forecast_set *s);

static struct forecast_set *place_for(struct wr_forecasts *f, enum wr_store_kind kind)
{
	bool service = kind == WR_STORE_SERVICE;
	struct forecast_set *quiet = NULL;

	/* Services have the first half, and everything else begins behind it. */
	for (uint32_t i = 0; i < (service ? WR_FORECASTS / 2 : WR_FORECASTS); i++) {
		struct forecast_set *s =
			&f->set[service ? i : (i + WR_FORECASTS / 2) % WR_FORECASTS];

		if (!s->taken)
			return s;
		if (s->quiet > QUIET && (!quiet || s->quiet > quiet->quiet))
			quiet = s;
	}
	return quiet;
}

/* NULL: no room. */
static struct forecast_set *take(struct wr_forecasts *f, enum wr_store_kind kind, const char *key)
{
	struct forecast_set *s = find(f, kind, key);

	if (s)
		return s;
	s = place_for(f, kind);
	if (!s)
		return NULL;
	if (s->taken)
		over(f, s);
	memset(s, 0, sizeof(*s));
	s->taken = true;
	s->kind = kind;
	snprintf(s->key, sizeof(s->key), "%s", key);
	for (int w = 0; w < WR_FORECAST_WHATS; w++)
		wr_forecast_begin(&s->of[w]);
	return s;
}

static void add(struct forecast_set *s, const struct wr_count *in, const struct wr_count *out)
{
	if (!s)
		return;
	s->sum[WR_FORECAST_BITS_IN] += 8.0 * (double)in->bytes;
	s->sum[WR_FORECAST_PACKETS_IN] += (double)in->packets;
	s->sum[WR_FORECAST_BITS_OUT] += out ? 8.0 * (double)out->bytes : 0;
}

/* ---- a second ---- */

static void add_total(struct wr_forecasts *f, const struct wr_live *live)
{
	struct wr_live_cell cell = wr_live_total_cell(live, 0);

	add(take(f, WR_STORE_TOTAL, ""), &cell.in, &cell.out);
}

/* may_take: a minute begins; in between only those that have a place count. */
static void add_rows(struct wr_forecasts *f, struct wr_live *live, enum wr_live_kind from,
		     enum wr_store_kind kind, bool may_take)
{
	const struct wr_live_row *rows[FORECAST_LOOKED];
	uint32_t n = wr_live_top(live, from, WR_LIVE_BY_RATE, rows, FORECAST_LOOKED);
	char key[WR_STORE_KEY_MAX];

	for (uint32_t i = 0; i < n; i++) {
		struct wr_live_cell cell = wr_live_cell(live, rows[i], 0);

		wr_history_key(key, sizeof(key), live, from, &rows[i]->key);
		if (may_take && i < WR_FORECAST_SERVICES && (cell.in.bytes || cell.out.bytes))
			add(take(f, kind, key), &cell.in, &cell.out);
		else
			add(find(f, kind, key), &cell.in, &cell.out);
	}
}

static void limit_to(struct forecast_set *s, enum wr_forecast_what what, const char *name,
		     uint64_t limit)
{
	if (s && limit) {
		s->limit[what].name = name;
		s->limit[what].value = limit;
	}
}

static void add_class(void *ctx, const struct wr_class_row *row)
{
	struct forecast_set *s = take(ctx, WR_STORE_CLASS, row->name ? row->name : "(no class)");

	add(s, &row->second.offered, NULL);
	limit_to(s, WR_FORECAST_BITS_IN, "ceiling", row->ceiling_bps);
}

static void add_link(void *ctx, const struct wr_link_row *row)
{
	limit_to(find(ctx, WR_STORE_IFACE, row->iface),
		 row->out ? WR_FORECAST_BITS_OUT : WR_FORECAST_BITS_IN, "capacity",
		 row->capacity_bps);
}

static void add_rule(void *ctx, const char *name, const struct wr_rule_now *now)
{
	add(find(ctx, WR_STORE_RULE, name), &now->matched, NULL);
}

/* Rules with one limit in packets for all that they match: what others have is for each source. */
static void add_limits(struct wr_forecasts *f, const struct wr_policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct wr_rule *r = &p->rule[i];

		if (r->action == WR_ACTION_LIMIT && r->limit.unit == WR_RATE_PPS &&
		    r->limit.per == WR_PER_RULE)
			limit_to(take(f, WR_STORE_RULE, r->name), WR_FORECAST_PACKETS_IN, "limit",
				 r->limit.rate);
	}
}

static void forget_limits(struct wr_forecasts *f)
{
	for (uint32_t i = 0; i < WR_FORECASTS; i++)
		memset(f->set[i].limit, 0, sizeof(f->set[i].limit));
}

/* ---- a minute ---- */

static struct wr_forecast_row row_of(const struct forecast_set *s, int what)
{
	struct wr_forecast_row row = {
		.kind = wr_store_kind_name(s->kind),
		.key = s->key,
		.what = (enum wr_forecast_what)what,
		.of = &s->of[what],
		.limit_name = s->limit[what].name,
		.limit = s->limit[what].value,
		.meets = -1,
	};

	/* What a rule limits is to be attacks: it is told when it begins to hit what is usual. */
	if (row.limit_name)
		row.meets = wr_forecast_meets(row.of, (double)row.limit, wr_forecast_sure(row.of),
					      s->kind == WR_STORE_RULE);
	return row;
}

static void tell(struct wr_forecasts *f, enum wr_forecast_news news, const struct forecast_set *s,
		 int what)
{
	struct wr_forecast_row row = row_of(s, what);

	if (f->conf.alarm)
		f->conf.alarm(f->conf.ctx, news, s->alarm[what].number, &row);
}

static void end_alarm(struct wr_forecasts *f, struct forecast_set *s, int what)
{
	if (s->alarm[what].number)
		tell(f, WR_FORECAST_OVER, s, what);
	s->alarm[what] = (struct wr_forecast_alarm){0};
}

static void over(struct wr_forecasts *f, struct forecast_set *s)
{
	for (int w = 0; w < WR_FORECAST_WHATS; w++)
		end_alarm(f, s, w);
}

static void look(struct wr_forecasts *f, struct forecast_set *s, int what)
{
	struct wr_forecast_alarm *a = &s->alarm[what];
	struct wr_forecast_row row = row_of(s, what);
	double near = (double)row.limit * WR_FORECAST_NEAR / 100;
	enum wr_forecast_news news;

	if (!row.limit_name) {
		end_alarm(f, s, what); /* the limit is gone */
		return;
	}
	news = wr_forecast_alarm(a, row.meets >= 0 && wr_forecast_sure(row.of),
				 wr_forecast_meets(row.of, near, wr_forecast_sure(row.of),
						   s->kind == WR_STORE_RULE) >= 0);
	if (news == WR_FORECAST_OVER) {
		end_alarm(f, s, what);
		return;
	}
	if (news == WR_FORECAST_RAISED)
		a->number = ++f->alarms;
	if (news != WR_FORECAST_SAME)
		tell(f, news, s, what);
}

/* What a weir before this one knew is told at once: its minutes have agreed. */
static void look_after(struct wr_forecasts *f, struct forecast_set *s)
{
	for (int w = 0; s && w < WR_FORECAST_WHATS; w++) {
		s->alarm[w].agree = WR_FORECAST_AGREE;
		look(f, s, w);
	}
}

static void end_minute(struct wr_forecasts *f)
{
	bool known = f->seconds >= LEAST_S && !f->attacked;

	wr_forecasts_alive(f, f->minute, known);
	for (uint32_t i = 0; i < WR_FORECASTS; i++) {
		struct forecast_set *s = &f->set[i];

		if (!s->taken)
			continue;
		s->quiet++;
		if (s->sum[WR_FORECAST_PACKETS_IN] > 0 || s->sum[WR_FORECAST_BITS_OUT] > 0 ||
		    s->kind == WR_STORE_TOTAL)
			s->quiet = 0;
		for (int w = 0; w < WR_FORECAST_WHATS; w++) {
			if (known && s->past)
				wr_forecast_minute(&s->of[w], f->minute, s->sum[w] / f->seconds);
			s->sum[w] = 0;
			if (s->past)
				look(f, s, w);
		}
	}
	f->seconds = 0;
	f->attacked = false;
}

void wr_forecasts_window(struct wr_forecasts *f, struct wr_live *live, const struct wr_rules *rules,
			 const char *history, bool attack)
{
	uint64_t minute =
		(wr_live_totals(live)->window_ns - WR_LIVE_WINDOW_NS / 2) / 1000000000u / MINUTE_S;
	bool begins = minute != f->minute;

	if (begins && f->minute)
		end_minute(f);
	f->minute = minute;
	f->seconds++;
	f->attacked |= attack;
	if (begins)
		forget_limits(f);
	add_total(f, live);
	add_rows(f, live, WR_LIVE_IFACES, WR_STORE_IFACE, true);
	if (rules) {
		wr_classes_each(wr_rules_classes(rules), add_class, f);
		wr_links_each(wr_rules_classes(rules), add_link, f);
		wr_rules_now(rules, add_rule, f);
		if (begins)
			add_limits(f, wr_rules_policy(rules));
	}
	add_rows(f, live, WR_LIVE_SERVICES, WR_STORE_SERVICE, f->seconds % 10 == 1);
	look_after(f, wr_forecasts_past(f, history));
}

void wr_forecasts_end(struct wr_forecasts *f)
{
	for (uint32_t i = 0; i < WR_FORECASTS; i++)
		if (f->set[i].taken)
			over(f, &f->set[i]);
}

/* ---- what there is ---- */

void wr_forecasts_each(const struct wr_forecasts *f,
		       void (*fn)(void *ctx, const struct wr_forecast_row *row), void *ctx)
{
	static const enum wr_store_kind order[] = {WR_STORE_TOTAL, WR_STORE_CLASS, WR_STORE_IFACE,
						   WR_STORE_RULE, WR_STORE_SERVICE};

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (uint32_t i = 0; i < WR_FORECASTS; i++)
			for (int w = 0; w < WR_FORECAST_WHATS; w++) {
				const struct forecast_set *s = &f->set[i];
				struct wr_forecast_row row;

				if (!s->taken || s->kind != order[k] || !s->of[w].minutes ||
				    s->of[w].minute + WR_FORECAST_STALE < f->minute)
					continue;
				/* Classes and rules have no other direction. */
				if (w == WR_FORECAST_BITS_OUT &&
				    (s->kind == WR_STORE_CLASS || s->kind == WR_STORE_RULE))
					continue;
				row = row_of(s, w);
				fn(ctx, &row);
			}
}
