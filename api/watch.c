/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/watch_impl.h"
#include "base/mem.h"

/* Routes: how many of their requests fail, and how long answers take. */

enum {
	ERRORS_LEAST = 10, /* in a window */
	ERRORS_S = 3,	   /* so long it has to go on until it is told */
	SLOW_S = 5,
	CALM_S = 30,	  /* so long it has to be well until it is over */
	LEARNED = 60,	  /* seconds with requests, until a time is a norm */
	MEMORY = 600,	  /* seconds over which a norm is made */
	QUIET_S = 60,	  /* who has not been asked for so long makes room */
	UNIT_NS = 100000, /* of classes of time */
	PARTS = 8,
};

static const double times_norm = 3, more_share = 0.02, more_ns = 100e6;

int wr_api_watch_open(struct wr_api_watch **out, const struct wr_api_watch_conf *conf,
		      struct wr_err *err)
{
	struct wr_api_watch *w = wr_mem_map(sizeof(*w));

	if (!w)
		return wr_fail(err, ENOMEM, "no memory to watch the API");
	w->conf = *conf;
	*out = w;
	return 0;
}

void wr_api_watch_close(struct wr_api_watch **out)
{
	if (*out)
		wr_mem_unmap(*out, sizeof(**out));
	*out = NULL;
}

uint64_t wr_api_watch_unwatched(const struct wr_api_watch *w)
{
	return w->unwatched;
}

uint32_t wr_api_watch_hash(const struct wr_api_watch *w, const void *bytes, size_t n)
{
	return (uint32_t)wr_api_sip(&w->conf.secret, bytes, n);
}

/* ---- classes of time ---- */

/* Below 0.8 ms each tenth of a millisecond, then eight for each power of two, up to 26 s. */
static int class_of(uint64_t ns)
{
	uint64_t v = ns / UNIT_NS;
	int high, class;

	if (v < PARTS)
		return (int)v;
	high = 63 - __builtin_clzll(v);
	class = (high - 2) * PARTS + (int)(v >> (high - 3) & (PARTS - 1));
	return class < WR_API_TIMES ? class : WR_API_TIMES - 1;
}

static uint64_t end_of(int class)
{
	int high = class / PARTS + 2;

	if (class < PARTS)
		return (uint64_t)(class + 1) * UNIT_NS;
	return ((uint64_t)(PARTS + class % PARTS + 1) << (high - 3)) * UNIT_NS;
}

static uint64_t p95(const struct wr_api_watched *r)
{
	uint64_t want = ((uint64_t)r->timed * 95 + 99) / 100, seen = 0;

	for (int i = 0; i < WR_API_TIMES && r->timed; i++) {
		seen += r->times[i];
		if (seen >= want)
			return end_of(i);
	}
	return 0;
}

/* ---- in ---- */

static struct wr_api_watched *room(struct wr_api_watch *w)
{
	struct wr_api_watched *best = NULL;

	for (int i = 0; i < WR_API_WATCHED; i++) {
		struct wr_api_watched *r = &w->route[i];

		if (!r->used)
			return r;
		if (r->errs.id || r->slow.id || r->last_s + QUIET_S > w->now_s)
			continue;
		if (!best || r->last_s < best->last_s)
			best = r;
	}
	return best;
}

static struct wr_api_watched *route_of(struct wr_api_watch *w, const char *name)
{
	uint32_t hash = wr_api_watch_hash(w, name, strlen(name));
	struct wr_api_watched *r;

	for (int i = 0; i < WR_API_WATCHED; i++) {
		r = &w->route[i];
		if (r->used && r->hash == hash && !strcmp(r->route, name))
			return r;
	}
	r = room(w);
	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	strncpy(r->route, name, sizeof(r->route) - 1);
	r->hash = hash;
	r->used = true;
	return r;
}

/* The most frequent ones (Space-Saving): who makes room gives his number to who comes. */
static void add_asker(struct wr_api_watched *r, const struct wr_api_request *q)
{
	struct wr_api_asker *a = r->asker, moved;
	int k = 0;

	if (!q->ip_v)
		return;
	while (k < WR_API_ASKERS && a[k].ip_v &&
	       (a[k].ip_v != q->ip_v || memcmp(a[k].addr, q->addr, sizeof(q->addr)) != 0))
		k++;
	if (k == WR_API_ASKERS)
		k--;
	moved = (struct wr_api_asker){.ip_v = q->ip_v, .n = a[k].n + 1};
	memcpy(moved.addr, q->addr, sizeof(moved.addr));
	for (; k && a[k - 1].n < moved.n; k--)
		a[k] = a[k - 1];
	a[k] = moved;
}

static void add_route(struct wr_api_watch *w, struct wr_api_watched *r,
		      const struct wr_api_request *q)
{
	struct wr_api_second *s = &r->second[w->now_s % WR_API_WATCH_S];
	bool timed = q->has & WR_API_HAS_TOTAL;
	bool failed = q->status >= 500 || !q->status;

	r->last_s = w->now_s;
	add_asker(r, q);
	/* Shares stay right when a second is full. Who is over a limit says nothing of what works
	 * behind it: else a limit would make it look well. */
	if (s->requests == UINT16_MAX || q->status == WR_API_LIMITED)
		return;
	s->requests++, r->requests++;
	s->errors += failed, r->errors += failed;
	if (!timed)
		return;
	s->timed++, r->timed++;
	s->times[class_of(q->total_ns)]++, r->times[class_of(q->total_ns)]++;
}

void wr_api_watch_add(struct wr_api_watch *w, const char *route, const struct wr_api_request *r,
		      wr_api_tell_fn tell, void *ctx)
{
	/* Of paths that are not there no route has a norm. */
	struct wr_api_watched *at = !strcmp(route, WR_API_UNKNOWN) ? NULL : route_of(w, route);

	if (at)
		add_route(w, at, r);
	else if (strcmp(route, WR_API_UNKNOWN) != 0)
		w->unwatched++;
	if (r->ip_v)
		wr_api_watch_client(w, route, r, tell, ctx);
}

/* ---- a second is over ---- */

static void pulse_of(const struct wr_api_watched *r, struct wr_api_pulse *p)
{
	*p = (struct wr_api_pulse){
		.route = r->route,
		.requests = r->requests,
		.errors = r->errors,
		.timed = r->timed,
		.share = r->requests ? (double)r->errors / r->requests : 0,
		.p95_ns = p95(r),
		.norm_share = r->errs.norm,
		.norm_ns = r->slow.learned >= LEARNED ? (uint64_t)r->slow.norm : 0,
	};
	while (p->n_askers < WR_API_ASKERS && r->asker[p->n_askers].n) {
		p->asker[p->n_askers] = r->asker[p->n_askers];
		p->n_askers++;
	}
}

static void learn(struct wr_api_state *s, double value)
{
	s->learned += s->learned < MEMORY;
	s->norm += (value - s->norm) / s->learned;
}

struct look {
	enum wr_api_alarm alarm;
	bool enough, bad, calm;
	uint32_t for_s;
	double value, limit;
};

static void decide(struct wr_api_watch *w, const struct wr_api_pulse *p, struct wr_api_state *s,
		   const struct look *l, wr_api_tell_fn tell, void *ctx)
{
	struct wr_api_told t = {
		.alarm = l->alarm,
		.news = WR_API_RENEWED,
		.route = p->route,
		.value = l->value,
		.norm = l->limit,
		.requests = p->requests,
		.window_s = WR_API_WATCH_S,
		.n_askers = p->n_askers,
	};

	memcpy(t.asker, p->asker, sizeof(t.asker));
	s->bad_s = l->bad ? s->bad_s + 1 : 0;
	s->calm_s = s->id && l->calm ? s->calm_s + 1 : 0;
	if (!s->id && !l->bad && l->enough)
		learn(s, l->value);
	if (!s->id && s->bad_s >= l->for_s) {
		s->id = ++w->last_id;
		t.news = WR_API_RAISED;
	} else if (s->id && s->calm_s >= CALM_S) {
		t.news = WR_API_OVER;
	} else if (!s->id || !l->bad) {
		return;
	}
	t.id = s->id;
	if (t.news == WR_API_OVER)
		s->id = 0;
	tell(ctx, &t);
}

static void look_errors(struct wr_api_watch *w, struct wr_api_watched *r,
			const struct wr_api_pulse *p, wr_api_tell_fn tell, void *ctx)
{
	double limit = r->errs.learned ? times_norm * r->errs.norm + more_share : 0;
	bool enough = p->requests >= WR_API_ENOUGH;
	struct look l = {.alarm = WR_API_ALARM_ERRORS, .enough = enough, .for_s = ERRORS_S};

	l.limit = limit > w->conf.errors ? limit : w->conf.errors;
	l.value = p->share;
	l.bad = enough && p->errors >= ERRORS_LEAST && p->share > l.limit;
	l.calm = !enough || p->share < l.limit / 2;
	decide(w, p, &r->errs, &l, tell, ctx);
}

static void look_slow(struct wr_api_watch *w, struct wr_api_watched *r,
		      const struct wr_api_pulse *p, wr_api_tell_fn tell, void *ctx)
{
	double norm = r->slow.norm, limit = w->conf.slow * norm;
	bool enough = p->timed >= WR_API_ENOUGH;
	struct look l = {.alarm = WR_API_ALARM_SLOW, .enough = enough, .for_s = SLOW_S};

	l.limit = limit > norm + more_ns ? limit : norm + more_ns;
	l.value = (double)p->p95_ns;
	l.bad = enough && r->slow.learned >= LEARNED && l.value > l.limit;
	l.calm = !enough || l.value < (norm + l.limit) / 2;
	decide(w, p, &r->slow, &l, tell, ctx);
}

/* The oldest second makes room for the one that begins. */
static void turn(struct wr_api_watched *r, uint64_t now_s)
{
	struct wr_api_second *s = &r->second[now_s % WR_API_WATCH_S];

	r->requests -= s->requests;
	r->errors -= s->errors;
	r->timed -= s->timed;
	for (int i = 0; i < WR_API_TIMES && s->timed; i++)
		r->times[i] -= s->times[i];
	memset(s, 0, sizeof(*s));
	for (int k = 0; k < WR_API_ASKERS && !(now_s % WR_API_WATCH_S); k++)
		r->asker[k].n /= 2;
}

void wr_api_watch_tick(struct wr_api_watch *w, uint64_t now_s, wr_api_tell_fn tell, void *ctx)
{
	uint64_t gone = now_s > w->now_s ? now_s - w->now_s : 0;
	struct wr_api_pulse p;

	if (!gone)
		return;
	for (int i = 0; i < WR_API_WATCHED; i++) {
		struct wr_api_watched *r = &w->route[i];

		if (!r->used)
			continue;
		pulse_of(r, &p);
		if (w->conf.errors > 0)
			look_errors(w, r, &p, tell, ctx);
		if (w->conf.slow > 0)
			look_slow(w, r, &p, tell, ctx);
		for (uint64_t k = 1; k <= gone && k <= WR_API_WATCH_S; k++)
			turn(r, w->now_s + k);
	}
	w->now_s = now_s;
	wr_api_watch_client_tick(w, tell, ctx);
}

void wr_api_watch_routes(const struct wr_api_watch *w,
			 void (*fn)(void *ctx, const struct wr_api_pulse *p), void *ctx)
{
	struct wr_api_pulse p;

	for (int i = 0; i < WR_API_WATCHED; i++) {
		if (!w->route[i].used)
			continue;
		pulse_of(&w->route[i], &p);
		fn(ctx, &p);
	}
}
