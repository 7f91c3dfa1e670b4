/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/score_sum.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/sketch.h"

enum { DAY_S = 86400 };

const double wr_score_within_s[WR_SCORE_WITHIN] = {1, 2, 5, 10};

struct events {
	const struct wr_score_event **at; /* owned */
	uint32_t n;
	double *value; /* owned; room for one of each event */
};

/* What is told of some events; NAN: nothing can be. */
typedef double (*measure_fn)(struct events *e);

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Sorts. */
static double quantile(double *v, uint32_t n, double q)
{
	uint32_t at = (uint32_t)(q * n);

	if (!n)
		return NAN;
	qsort(v, n, sizeof(*v), by_size);
	return v[at < n ? at : n - 1];
}

/* ---- measures ---- */

static double found_share(struct events *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->n; i++)
		n += e->at[i]->found;
	return e->n ? (double)n / e->n : NAN;
}

static double named_share(struct events *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->n; i++)
		n += e->at[i]->named;
	return e->n ? (double)n / e->n : NAN;
}

static double found_s(struct events *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->n; i++)
		if (e->at[i]->found)
			e->value[n++] = e->at[i]->found_s;
	return quantile(e->value, n, 0.5);
}

static double out_share(struct events *e)
{
	double sum = 0;

	for (uint32_t i = 0; i < e->n; i++)
		sum += (double)e->at[i]->out / (double)e->at[i]->packets;
	return e->n ? sum / e->n : NAN;
}

static double since_share(struct events *e)
{
	double sum = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->n; i++) {
		if (!e->at[i]->since)
			continue;
		sum += (double)e->at[i]->since_out / (double)e->at[i]->since;
		n++;
	}
	return n ? sum / n : NAN;
}

static struct wr_score_range range(struct events *e, measure_fn measure)
{
	double got[WR_SCORE_RESAMPLES];
	struct events drawn = {.n = e->n, .value = e->value};
	struct wr_score_range r = {.value = measure(e)};
	uint64_t random = 1;
	uint32_t n = 0;

	drawn.at = calloc(e->n + 1, sizeof(*drawn.at));
	for (int turn = 0; drawn.at && turn < WR_SCORE_RESAMPLES && e->n; turn++) {
		for (uint32_t i = 0; i < e->n; i++) {
			random += 0x9e3779b97f4a7c15ull; /* splitmix64 */
			drawn.at[i] = e->at[wr_mix(random) % e->n];
		}
		got[n] = measure(&drawn);
		n += !isnan(got[n]);
	}
	r.low = quantile(got, n, 0.05);
	r.high = quantile(got, n, 0.95);
	free(drawn.at);
	return r;
}

static struct wr_score_kept kept(struct events *e)
{
	return (struct wr_score_kept){.out = range(e, out_share), .since = range(e, since_share)};
}

/* least_s: that last so long. n: how many those are. */
static struct wr_score_kept kept_of_floods(const struct events *all, double least_s, uint32_t *n)
{
	struct events e = {.at = calloc(all->n + 1, sizeof(*e.at)), .value = all->value};
	struct wr_score_kept k;

	for (uint32_t i = 0; e.at && i < all->n; i++)
		if (all->at[i]->flood &&
		    all->at[i]->truth.end_s - all->at[i]->truth.start_s >= least_s)
			e.at[e.n++] = all->at[i];
	k = kept(&e);
	*n = e.n;
	free(e.at);
	return k;
}

/* ---- sums ---- */

static struct wr_score_delay delay(struct events *e, bool flood)
{
	struct wr_score_delay d = {0};
	uint32_t all = 0;

	for (uint32_t i = 0; i < e->n; i++) {
		all += e->at[i]->flood == flood;
		if (e->at[i]->flood == flood && e->at[i]->found)
			e->value[d.n++] = e->at[i]->found_s;
	}
	d.median = quantile(e->value, d.n, 0.5);
	d.p90 = quantile(e->value, d.n, 0.9);
	for (int k = 0; k < WR_SCORE_WITHIN; k++) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < d.n; i++)
			n += e->value[i] <= wr_score_within_s[k];
		d.within[k] = all ? (double)n / all : NAN;
	}
	return d;
}

static struct wr_score_clean clean(struct events *e)
{
	struct wr_score_clean c = {0};

	for (uint32_t i = 0; i < e->n; i++) {
		if (e->at[i]->clean.is)
			e->value[c.n++] = e->at[i]->clean.since_s;
		c.tail_s = fmax(c.tail_s, e->at[i]->tail_s);
	}
	c.median = quantile(e->value, c.n, 0.5);
	c.p90 = quantile(e->value, c.n, 0.9);
	return c;
}

static struct wr_score_named named(const struct events *e, bool many)
{
	struct wr_score_named n = {0};
	uint32_t told = 0;

	for (uint32_t i = 0; i < e->n; i++) {
		const struct wr_score_sources *s = &e->at[i]->sources;

		if (!s->all || many != (s->all > WR_SENT_TOP))
			continue;
		n.events++;
		n.recall += (double)s->top_named / s->top;
		if (s->named)
			n.precision += (double)s->right / s->named;
		told += s->named > 0;
	}
	n.recall = n.events ? n.recall / n.events : NAN;
	n.precision = told ? n.precision / told : NAN;
	return n;
}

/* An event of so many seconds is hit by a false alarm somewhere in it (Poisson). */
static double by_chance(const struct events *e, double alarms_a_day)
{
	double sum = 0;

	for (uint32_t i = 0; i < e->n; i++) {
		const struct wr_truth_event *t = &e->at[i]->truth;

		sum += 1 - exp(-alarms_a_day / DAY_S * (t->end_s - t->start_s));
	}
	return sum;
}

static void add(struct wr_score_sum *s, const struct wr_score *one)
{
	s->captures++;
	s->left_out += one->left_out;
	s->false_alarms += one->n_alarms;
	s->warmup_alarms += one->warmup_alarms;
	s->windows.tp += one->windows.tp;
	s->windows.fp += one->windows.fp;
	s->windows.fn += one->windows.fn;
	s->windows.tn += one->windows.tn;
	s->usual.packets += one->usual.packets;
	s->usual.out += one->usual.out;
	s->usual.sources += one->usual.sources;
	s->usual.hurt += one->usual.hurt;
	s->usual.worst = fmax(s->usual.worst, one->usual.worst);
	for (uint32_t i = 0; i < one->n; i++) {
		s->events++;
		s->found += one->event[i].found;
		s->named += one->event[i].named;
		s->floods += one->event[i].flood;
	}
}

static bool wanted(const struct wr_score *s, enum wr_score_which which)
{
	return which == WR_SCORE_ALL || s->warms_up == (which == WR_SCORE_WARMED);
}

static void measure(struct wr_score_sum *s, struct events *e)
{
	uint32_t all;

	s->found_share = range(e, found_share);
	s->named_share = range(e, named_share);
	s->median_s = range(e, found_s);
	s->kept = kept(e);
	s->flood_kept = kept_of_floods(e, 0, &all);
	s->lasting_kept = kept_of_floods(e, WR_SCORE_LASTS_S, &s->lasting);
	s->flood = delay(e, true);
	s->slow = delay(e, false);
	s->clean = clean(e);
	s->few = named(e, false);
	s->many = named(e, true);
	s->usual_s = (double)(s->windows.fp + s->windows.tn);
	s->alarms_a_day = s->usual_s > 0 ? (double)s->false_alarms / s->usual_s * DAY_S : 0;
	s->by_chance = by_chance(e, s->alarms_a_day);
}

int wr_score_sum(struct wr_score_sum *out, const struct wr_score *const *score, uint32_t n,
		 enum wr_score_which which, struct wr_err *err)
{
	struct events e = {0};
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < n; i++)
		if (wanted(score[i], which))
			add(out, score[i]);
	e.at = calloc(out->events + 1, sizeof(*e.at));
	e.value = calloc(out->events + 1, sizeof(*e.value));
	if (e.at && e.value) {
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t k = 0; wanted(score[i], which) && k < score[i]->n; k++)
				e.at[e.n++] = &score[i]->event[k];
		measure(out, &e);
	} else {
		ret = wr_fail(err, ENOMEM, "no memory for %u events", out->events);
	}
	free(e.at);
	free(e.value);
	return ret;
}

double wr_score_precision(const struct wr_score_windows *w)
{
	return w->tp + w->fp ? (double)w->tp / (double)(w->tp + w->fp) : 1;
}

double wr_score_recall(const struct wr_score_windows *w)
{
	return w->tp + w->fn ? (double)w->tp / (double)(w->tp + w->fn) : 1;
}
