/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/run_impl.h"
#include "detect/ids.h"

/* What is unusual about requests becomes findings, and with them incidents. */

_Static_assert((int)WR_RUN_API <= (int)WR_HOLD_API, "all that hold have room");

static const struct {
	enum wr_finding_class klass;
	enum wr_feature feature;
	double unit; /* of values, in the feature's */
} kinds[WR_API_ALARMS] = {
	[WR_API_ALARM_ERRORS] = {WR_CLASS_API_ERRORS, WR_FEATURE_ERROR_SHARE, 1},
	[WR_API_ALARM_SLOW] = {WR_CLASS_API_SLOW, WR_FEATURE_SLOWEST, 1e-9},
	[WR_API_ALARM_TRIES] = {WR_CLASS_API_TRIES, WR_FEATURE_REFUSALS, 1},
	[WR_API_ALARM_SCRAPING] = {WR_CLASS_API_SCRAPING, WR_FEATURE_PATHS, 1},
	[WR_API_ALARM_TOKENS] = {WR_CLASS_API_TOKENS, WR_FEATURE_TOKENS, 1},
};

static struct wr_run_api *of_id(struct wr_run *r, uint64_t id)
{
	for (int k = 0; k < WR_RUN_API; k++)
		if (r->api_open[k].id == id)
			return &r->api_open[k];
	return NULL;
}

/* Paths that were never there have no route. It is shown on terminals. */
static void name_route(char to[WR_VICTIM_ROUTE], const char *route)
{
	snprintf(to, WR_VICTIM_ROUTE, "%s", strcmp(route, WR_API_UNKNOWN) ? route : "an API");
	for (char *c = to; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static struct wr_run_api *open_one(struct wr_run *r, const struct wr_api_told *t)
{
	struct wr_run_api *a = of_id(r, 0);

	if (!a)
		return NULL;
	*a = (struct wr_run_api){.id = wr_ids(WR_IDS_API) + t->id,
				 .raised_ns = wr_run_now_ns(),
				 .klass = (uint8_t)kinds[t->alarm].klass};
	a->start_ns = a->raised_ns - t->window_s * 1000000000ull;
	name_route(a->route, t->route);
	return a;
}

static void add(struct wr_finding *f, enum wr_feature feature, double value, double norm)
{
	f->evidence[f->n_evidence++] = (struct wr_evidence){.feature = (uint8_t)feature,
							    .has_norm = norm > 0,
							    .value = value,
							    .norm = norm,
							    .quantile = -1};
}

/* Most of the requests are of the first of them. */
static bool sources(struct wr_finding *f, const struct wr_api_told *t)
{
	uint64_t all = 0;

	_Static_assert((int)WR_API_ASKERS <= (int)WR_FINDING_SOURCES, "all of them have a place");
	for (uint32_t k = 0; k < t->n_askers && k < WR_API_ASKERS; k++) {
		struct wr_finding_source *s = &f->source[f->n_sources++];

		memcpy(s->addr, t->asker[k].addr, sizeof(s->addr));
		s->ip_v = t->asker[k].ip_v;
		s->packets = t->asker[k].n;
		all += t->asker[k].n;
	}
	if (f->n_sources > 1)
		add(f, WR_FEATURE_CLIENT_SHARE, (double)f->source[0].packets / (double)all, 0);
	return f->n_sources && 2 * f->source[0].packets >= all;
}

static void told(void *ctx, const struct wr_api_told *t)
{
	static const enum wr_finding_news news[] = {[WR_API_RAISED] = WR_FINDING_RAISED,
						    [WR_API_RENEWED] = WR_FINDING_RENEWED,
						    [WR_API_OVER] = WR_FINDING_OVER};
	struct wr_run *r = ctx;
	struct wr_run_api *a =
		t->news == WR_API_RAISED ? open_one(r, t) : of_id(r, wr_ids(WR_IDS_API) + t->id);
	struct wr_finding f = {0};
	bool alone;

	if (!a)
		return;
	f.id = a->id;
	f.klass = a->klass;
	f.severity = (uint8_t)wr_class_severity((enum wr_finding_class)a->klass);
	f.over = t->news == WR_API_OVER;
	memcpy(f.victim.route, a->route, sizeof(f.victim.route));
	f.start_ns = a->start_ns;
	f.raised_ns = a->raised_ns;
	f.last_ns = wr_run_now_ns();
	f.score = t->norm > 0 && t->value > t->norm ? t->value / t->norm : 1;
	add(&f, kinds[t->alarm].feature, t->value * kinds[t->alarm].unit,
	    t->norm * kinds[t->alarm].unit);
	add(&f, WR_FEATURE_REQUESTS, (double)t->requests / t->window_s, 0);
	add(&f, WR_FEATURE_WINDOW, t->window_s, 0);
	alone = sources(&f, t);
	wr_findings_news(r->findings, news[t->news], &f);
	if (!r->ending && (f.over || !wr_findings_is_off(r->findings, f.klass)))
		wr_run_gateways_finding(r, news[t->news], &f, alone);
	if (f.over)
		a->id = 0;
}

uint64_t wr_run_requests_finding(const struct wr_run *r, enum wr_finding_class klass,
				 const char *route)
{
	char name[WR_VICTIM_ROUTE];

	name_route(name, route);
	for (int k = 0; k < WR_RUN_API; k++)
		if (r->api_open[k].id && r->api_open[k].klass == klass &&
		    !strcmp(r->api_open[k].route, name))
			return r->api_open[k].id;
	return 0;
}

void wr_run_requests_open(struct wr_run *r)
{
	if (r->requests)
		wr_requests_watch(r->requests, told, r);
}

void wr_run_requests_second(struct wr_run *r)
{
	if (!r->requests)
		return;
	wr_history_requests(r->history, wr_requests_stats(r->requests),
			    wr_run_now_ns() / 1000000000 - 1);
	wr_requests_second(r->requests, r->second);
}

void wr_run_requests_end(struct wr_run *r)
{
	for (int k = 0; k < WR_RUN_API; k++) {
		struct wr_run_api *a = &r->api_open[k];
		struct wr_finding f = {.id = a->id,
				       .klass = a->klass,
				       .severity = (uint8_t)wr_class_severity(a->klass),
				       .over = true,
				       .start_ns = a->start_ns,
				       .raised_ns = a->raised_ns,
				       .last_ns = wr_run_now_ns(),
				       .score = 1};

		if (!a->id)
			continue;
		memcpy(f.victim.route, a->route, sizeof(f.victim.route));
		wr_findings_news(r->findings, WR_FINDING_OVER, &f);
		a->id = 0;
	}
}

void wr_run_requests_status(struct wr_run *r, struct wr_status *s)
{
	const struct wr_api_stats *stats = wr_requests_stats(r->requests);

	if (!stats)
		return;
	s->api.on = true;
	s->api.pid = r->reads.front;
	s->api.restarts = r->reads.starts ? r->reads.starts - 1 : 0;
	s->api.rights = r->reads.rights;
	s->api.why = r->reads.why;
	s->api.requests = wr_api_stats_total(stats)->requests;
	s->api.unread = wr_api_stats_unread_lines(stats);
	s->api.lost = wr_api_stats_lost_requests(stats);
	s->api.unwatched = wr_api_watch_unwatched(wr_requests_watched(r->requests));
}
