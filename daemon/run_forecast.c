/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/run_impl.h"
#include "detect/ids.h"

/* What is expected in a running weir, and limits that it meets, which become findings. */

_Static_assert((int)WR_RUN_FORECASTS <= (int)WR_HOLD_FORECAST, "all that hold have room");

enum { MINUTE_S = 60 };

static void add(struct wr_finding *f, enum wr_feature feature, double value)
{
	f->evidence[f->n_evidence++] =
		(struct wr_evidence){.feature = (uint8_t)feature, .value = value, .quantile = -1};
}

static enum wr_feature limit_of(const struct wr_forecast_row *row)
{
	if (row->what == WR_FORECAST_PACKETS_IN)
		return WR_FEATURE_LIMIT;
	return row->limit_name && !strcmp(row->limit_name, "ceiling") ? WR_FEATURE_CEILING
								      : WR_FEATURE_CAPACITY;
}

/* It is shown on terminals. */
static void name_it(char to[WR_VICTIM_ROUTE], const struct wr_forecast_row *row)
{
	snprintf(to, WR_VICTIM_ROUTE, "%s %s%s", row->kind, row->key,
		 row->what == WR_FORECAST_BITS_OUT ? ", out" : "");
	for (char *c = to; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

/* Where an alarm stands whose finding was raised and goes on; 0: a free place. Alarms are counted
 * from 1 on. */
static uint64_t *told_of(struct wr_run *r, uint64_t number)
{
	for (int k = 0; k < WR_RUN_FORECASTS; k++)
		if (r->forecasts_told[k] == number)
			return &r->forecasts_told[k];
	return NULL;
}

/* What it is to whoever is told: while detection is off nobody was told that it was raised. */
static bool news_of(struct wr_run *r, enum wr_forecast_news news, uint64_t number,
		    enum wr_finding_news *out)
{
	uint64_t *told = told_of(r, number);

	if (news == WR_FORECAST_OVER) {
		*out = WR_FINDING_OVER;
		if (told)
			*told = 0;
		return told;
	}
	if (!r->c.detect.on)
		return false;
	*out = told ? WR_FINDING_RENEWED : WR_FINDING_RAISED;
	if (!told) {
		told = told_of(r, 0);
		if (told)
			*told = number;
	}
	return told;
}

static void alarm_is(void *ctx, enum wr_forecast_news news, uint64_t number,
		     const struct wr_forecast_row *row)
{
	struct wr_run *r = ctx;
	enum wr_finding_news as;
	bool packets = row->what == WR_FORECAST_PACKETS_IN;
	uint32_t ahead = row->meets > 0 ? (uint32_t)row->meets : 0;
	struct wr_forecast_range range = {0};
	struct wr_finding f = {.id = wr_ids(WR_IDS_FORECAST) + number,
			       .klass = WR_CLASS_CAPACITY,
			       .severity = (uint8_t)wr_class_severity(WR_CLASS_CAPACITY),
			       .over = news == WR_FORECAST_OVER,
			       .score = 1};

	if (!news_of(r, news, number, &as))
		return;
	name_it(f.victim.route, row);
	f.start_ns = f.raised_ns = f.last_ns = wr_run_now_ns();
	if (wr_forecast_range(row->of, ahead ? ahead : 1, &range))
		add(&f, packets ? WR_FEATURE_EXPECTED_PACKETS : WR_FEATURE_EXPECTED,
		    row->kind[0] == 'r' ? range.high80 : range.mid);
	add(&f, limit_of(row), (double)row->limit);
	add(&f, packets ? WR_FEATURE_NOW_PACKETS : WR_FEATURE_NOW, (double)row->of->now);
	add(&f, WR_FEATURE_AHEAD, ahead * MINUTE_S);
	wr_findings_news(r->findings, as, &f);
}

int wr_run_forecast(struct wr_run *r, bool on, struct wr_err *err)
{
	struct wr_forecasts_conf conf = {alarm_is, r};
	int ret = 0;

	if (on && !r->forecasts)
		ret = wr_forecasts_open(&r->forecasts, &conf, err);
	if (!on)
		wr_run_forecast_close(r);
	r->host.forecasts = r->forecasts;
	return ret;
}

void wr_run_forecast_close(struct wr_run *r)
{
	if (r->forecasts)
		wr_forecasts_end(r->forecasts);
	wr_forecasts_close(&r->forecasts);
	r->host.forecasts = NULL;
}

/* A flood is nothing that goes on as usual. */
static bool attacked(const struct wr_run *r)
{
	struct wr_incident *all[WR_INCIDENTS];
	uint32_t n = wr_incidents_list(wr_findings_incidents(r->findings), all, WR_INCIDENTS);

	for (uint32_t i = 0; i < n; i++)
		if (all[i]->open && all[i]->classes & ((2ull << WR_CLASS_HTTP_FLOOD) - 1))
			return true;
	return false;
}

void wr_run_forecast_window(struct wr_run *r)
{
	if (r->forecasts)
		wr_forecasts_window(r->forecasts, r->host.live, r->rules,
				    r->history ? r->history_path : "", attacked(r));
}
