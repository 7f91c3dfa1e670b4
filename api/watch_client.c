/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "api/watch_impl.h"

/* Clients: what one asks for in a minute. */

enum { MINUTE_S = 60, REST_S = 90, PROBES = 8 };

static bool alarms(const struct wr_api_client *c)
{
	for (int k = 0; k < WR_API_OF_CLIENT; k++)
		if (c->alarm[k].id)
			return true;
	return false;
}

static void clear(struct wr_api_client *c, uint64_t now_s)
{
	c->since_s = now_s;
	c->requests = c->refusals = c->paths = 0;
	c->tokens = 0;
	memset(c->seen, 0, sizeof(c->seen));
}

/* Of a few places: its own, a free one, or that of whom has asked for nothing the longest. */
static struct wr_api_client *client_of(struct wr_api_watch *w, const struct wr_api_request *r)
{
	uint32_t at = wr_api_watch_hash(w, r->addr, sizeof(r->addr)) + r->ip_v;
	struct wr_api_client *best = NULL, *c;

	for (uint32_t k = 0; k < PROBES; k++) {
		c = &w->client[(at + k) % WR_API_CLIENTS_MAX];
		if (c->ip_v == r->ip_v && !memcmp(c->addr, r->addr, sizeof(c->addr)))
			return c;
		if (c->ip_v && alarms(c))
			continue;
		if (!best || (best->ip_v && (!c->ip_v || c->last_s < best->last_s)))
			best = c;
	}
	if (!best)
		return NULL;
	memset(best, 0, sizeof(*best));
	best->ip_v = r->ip_v;
	memcpy(best->addr, r->addr, sizeof(best->addr));
	clear(best, w->now_s);
	return best;
}

/* Different ones by the share of bits that are still free (linear counting). */
static void add_path(struct wr_api_watch *w, struct wr_api_client *c, const char *path)
{
	uint32_t bit = wr_api_watch_hash(w, path, strnlen(path, WR_API_PATH)) % WR_API_CLIENT_BITS;

	c->paths += !(c->seen[bit / 64] >> bit % 64 & 1);
	c->seen[bit / 64] |= 1ull << bit % 64;
}

static double paths(const struct wr_api_client *c)
{
	double none = WR_API_CLIENT_BITS - c->paths;

	return round(-WR_API_CLIENT_BITS * log(fmax(none, 1) / WR_API_CLIENT_BITS));
}

static void tell_of(const struct wr_api_client *c, enum wr_api_alarm alarm, enum wr_api_news news,
		    double norm, wr_api_tell_fn tell, void *ctx)
{
	int k = (int)alarm - WR_API_ALARM_TRIES;
	struct wr_api_told t = {
		.alarm = alarm,
		.news = news,
		.id = c->alarm[k].id,
		.route = c->route,
		.value = c->alarm[k].value,
		.norm = norm,
		.requests = c->requests,
		.window_s = MINUTE_S,
		.n_askers = 1,
	};

	t.asker[0] = (struct wr_api_asker){.ip_v = c->ip_v, .n = c->requests};
	memcpy(t.asker[0].addr, c->addr, sizeof(c->addr));
	tell(ctx, &t);
}

static double norm_of(const struct wr_api_watch *w, enum wr_api_alarm alarm)
{
	return alarm == WR_API_ALARM_TRIES	? w->conf.tries
	       : alarm == WR_API_ALARM_SCRAPING ? w->conf.paths
						: (double)w->conf.tokens;
}

static void look(struct wr_api_watch *w, struct wr_api_client *c, enum wr_api_alarm alarm,
		 double value, wr_api_tell_fn tell, void *ctx)
{
	int k = (int)alarm - WR_API_ALARM_TRIES;
	double norm = norm_of(w, alarm);
	bool is_new = !c->alarm[k].id;

	if (norm <= 0 || value < norm)
		return;
	c->alarm[k].value = value;
	c->alarm[k].bad_s = w->now_s;
	if (!is_new)
		return;
	c->alarm[k].id = ++w->last_id;
	tell_of(c, alarm, WR_API_RAISED, norm, tell, ctx);
}

void wr_api_watch_client(struct wr_api_watch *w, const char *route, const struct wr_api_request *r,
			 wr_api_tell_fn tell, void *ctx)
{
	struct wr_api_client *c = client_of(w, r);

	if (!c) {
		w->unwatched++;
		return;
	}
	if (w->now_s - c->since_s >= MINUTE_S)
		clear(c, w->now_s);
	c->last_s = w->now_s;
	/* Nobody behind the gateway has seen it. */
	if (r->status == WR_API_LIMITED)
		return;
	c->requests++;
	c->refusals += r->status == 401 || r->status == 403;
	if (r->has & WR_API_HAS_TOKENS)
		c->tokens += r->tokens_in + r->tokens_out;
	add_path(w, c, r->path);
	strncpy(c->route, route, sizeof(c->route) - 1);
	/* Many people behind one address have refusals, too, but not most of the time. */
	if (2 * c->refusals >= c->requests)
		look(w, c, WR_API_ALARM_TRIES, c->refusals, tell, ctx);
	look(w, c, WR_API_ALARM_SCRAPING, paths(c), tell, ctx);
	look(w, c, WR_API_ALARM_TOKENS, (double)c->tokens, tell, ctx);
}

/* After that of routes: it is the second that has begun. */
void wr_api_watch_client_tick(struct wr_api_watch *w, wr_api_tell_fn tell, void *ctx)
{
	for (int i = 0; i < WR_API_CLIENTS_MAX; i++) {
		struct wr_api_client *c = &w->client[i];

		for (int k = 0; c->ip_v && k < WR_API_OF_CLIENT; k++) {
			enum wr_api_alarm alarm = (enum wr_api_alarm)(WR_API_ALARM_TRIES + k);
			bool over = c->alarm[k].bad_s + REST_S < w->now_s;

			if (!c->alarm[k].id || (!over && c->alarm[k].bad_s + 1 < w->now_s))
				continue;
			tell_of(c, alarm, over ? WR_API_OVER : WR_API_RENEWED, norm_of(w, alarm),
				tell, ctx);
			if (over)
				c->alarm[k].id = 0;
		}
	}
}
