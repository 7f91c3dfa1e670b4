/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/score.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/score_victim.h"
#include "flow/rows.h"
#include "flow/talk.h"

enum { SOURCES = 1 << 16, USUAL_LEAST = 10 };

static const double grace_s = 10, merge_s = 60;

/* What an event of a class may be called beside its own name. */
static const struct {
	const char *event;
	enum wr_finding_class klass;
} also[] = {
	{"synack_reflection", WR_CLASS_ACK_FLOOD}, {"amp_other", WR_CLASS_AMP_NTP},
	{"amp_other", WR_CLASS_AMP_SSDP},	   {"amp_other", WR_CLASS_AMP_CLDAP},
	{"amp_other", WR_CLASS_AMP_MEMCACHED},	   {"backscatter", WR_CLASS_SYNACK_REFLECTION},
	{"worm", WR_CLASS_PORT_SCAN_HORIZONTAL},
};

struct wr_scoring {
	struct wr_scoring_conf conf;
	struct wr_score_event event[WR_TRUTH_EVENTS];
	struct wr_score_victim victim[WR_TRUTH_EVENTS];
	uint8_t of[WR_TRUTH_EVENTS + 1]; /* label to event + 1 */
	uint8_t *attack, *alarmed;	 /* owned; of each second */
	double last_s;
	struct wr_rows sources;
	struct wr_sent *sent;
	struct wr_score_usual usual;
};

struct source {
	struct wr_talk_key key;
	uint64_t packets, out;
};

/* ---- open ---- */

int wr_scoring_open(struct wr_scoring **out, const struct wr_scoring_conf *conf, struct wr_err *err)
{
	struct wr_scoring *s = calloc(1, sizeof(*s));

	if (s) {
		s->attack = calloc(conf->seconds + 1, 1);
		s->alarmed = calloc(conf->seconds + 1, 1);
	}
	if (!s || !s->attack || !s->alarmed || wr_sent_open(&s->sent) ||
	    wr_rows_open(&s->sources, sizeof(struct source), SOURCES)) {
		wr_scoring_close(&s);
		return wr_fail(err, ENOMEM, "no memory for %u seconds", conf->seconds);
	}
	s->conf = *conf;
	for (uint32_t i = 0; i < conf->truth->n; i++) {
		struct wr_truth_event *e = &s->event[i].truth;

		*e = conf->truth->event[i];
		e->start_s *= conf->scale;
		e->end_s *= conf->scale;
		wr_clean_begin(&s->event[i].clean, e->end_s - e->start_s);
		s->victim[i] = wr_score_victim(e->victim);
		s->of[e->number] = (uint8_t)(i + 1);
	}
	*out = s;
	return 0;
}

void wr_scoring_close(struct wr_scoring **scoring)
{
	struct wr_scoring *s = *scoring;

	if (!s)
		return;
	wr_rows_close(&s->sources);
	wr_sent_close(&s->sent);
	free(s->attack);
	free(s->alarmed);
	free(s);
	*scoring = NULL;
}

/* ---- packets ---- */

static double seconds_at(const struct wr_scoring *s, uint64_t ns)
{
	return (double)(int64_t)(ns - s->conf.zero_ns) / 1e9;
}

static uint64_t weigh(const void *ctx, const void *row)
{
	(void)ctx;
	return ((const struct source *)row)->packets;
}

static void gone(void *ctx, const void *row)
{
	(void)ctx, (void)row;
}

static void add_usual(struct wr_scoring *s, const uint8_t *src, bool out)
{
	struct wr_talk_key key = {0};
	struct source *row;
	uint32_t tag;

	s->usual.packets++;
	s->usual.out += out;
	if (!src)
		return;
	memcpy(key.addr, src, sizeof(key.addr));
	tag = wr_rows_hash(&s->sources, &key);
	row = wr_rows_find(&s->sources, &key, tag);
	if (!row) {
		row = wr_rows_make(&s->sources, &key, tag, weigh, gone, s);
		row->packets = row->out = 0;
	}
	row->packets++;
	row->out += out;
}

/* A usual packet was kept out. */
static void add_tail(struct wr_scoring *s, double at)
{
	struct wr_score_event *last = NULL;

	for (uint32_t i = 0; i < s->conf.truth->n; i++) {
		struct wr_score_event *e = &s->event[i];

		if (at >= e->truth.start_s && at <= e->truth.end_s)
			return;
		if (e->truth.end_s < at && (!last || e->truth.end_s > last->truth.end_s))
			last = e;
	}
	if (last)
		last->tail_s = fmax(last->tail_s, at - last->truth.end_s);
}

void wr_scoring_packet(struct wr_scoring *s, uint64_t ts_ns, uint8_t label, const uint8_t *src,
		       bool out)
{
	double at = seconds_at(s, ts_ns);
	struct wr_score_event *e;

	if (at > s->last_s)
		s->last_s = at;
	if (!label)
		add_usual(s, src, out);
	if (!label && out)
		add_tail(s, at);
	if (!s->of[label])
		return;
	if (src)
		wr_sent_packet(s->sent, label, src);
	e = &s->event[s->of[label] - 1];
	e->packets++;
	e->out += out;
	wr_clean_packet(&e->clean, at - e->truth.start_s, out);
	if (out || e->since) {
		e->since++;
		e->since_out += out;
	}
	if (at >= 0 && at < s->conf.seconds)
		s->attack[(uint32_t)at] = 1;
}

/* ---- findings ---- */

struct hit { /* a finding as it is scored */
	double from_s, until_s;
	const struct wr_finding *f;
	uint32_t earned; /* by event + 1; the first of them */
};

static bool has_name(const struct wr_truth_event *e, uint8_t klass)
{
	if (!strcmp(e->klass, wr_class_name(klass)))
		return true;
	for (size_t i = 0; i < sizeof(also) / sizeof(*also); i++)
		if (also[i].klass == klass && !strcmp(also[i].event, e->klass))
			return true;
	return false;
}

/* Information is an alarm only when it was right. */
static bool is_alarm(const struct hit *h)
{
	return h->earned || h->f->severity > WR_SEVERITY_INFO;
}

static bool names_victim(const struct wr_truth_event *e, const struct wr_score_victim *of,
			 const struct wr_victim *v)
{
	return !strcmp(e->klass, "carpet_bombing") || wr_score_victim_named(of, v);
}

static bool same_event(const struct wr_truth_event *a, const struct wr_truth_event *b)
{
	return !strcmp(a->klass, b->klass) && !strcmp(a->victim, b->victim);
}

static bool is_credited(const struct wr_scoring *s, uint32_t i, const struct hit *h)
{
	const struct wr_truth_event *e = &s->event[i].truth;

	if (h->from_s > e->end_s + grace_s || h->until_s < e->start_s)
		return false;
	if (h->from_s < e->start_s && !(h->earned && same_event(e, &s->event[h->earned - 1].truth)))
		return false;
	if (h->f->severity == WR_SEVERITY_INFO && !has_name(e, h->f->klass))
		return false;
	return names_victim(e, &s->victim[i], &h->f->victim);
}

static void credit(struct wr_scoring *s, uint32_t i, struct hit *h)
{
	struct wr_score_event *e = &s->event[i];
	double after = fmax(h->from_s, e->truth.start_s) - e->truth.start_s;

	if (!h->earned)
		h->earned = i + 1;
	if (!e->found || after < e->found_s) {
		e->found_s = after;
		e->first = h->f->klass;
	}
	e->found = true;
	if (!has_name(&e->truth, h->f->klass))
		return;
	if (!e->named || after < e->named_s)
		e->named_s = after;
	e->named = true;
}

static int by_begin(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->from_s != y->from_s)
		return x->from_s < y->from_s ? -1 : 1;
	return x->f < y->f ? -1 : x->f > y->f;
}

static void mark_alarmed(struct wr_scoring *s, const struct hit *h)
{
	uint32_t t = (uint32_t)fmax(0, h->from_s);

	for (; t <= h->until_s && t < s->conf.seconds; t++)
		s->alarmed[t] = 1;
}

/* ---- false alarms ---- */

static bool joins_another(struct wr_score_alarm *all, uint32_t n, const struct hit *h)
{
	while (n--) {
		struct wr_score_alarm *a = &all[n];

		if (a->klass != h->f->klass || !wr_victim_same(&a->victim, &h->f->victim) ||
		    h->from_s - a->until_s > merge_s)
			continue;
		a->until_s = fmax(a->until_s, h->until_s);
		return true;
	}
	return false;
}

/* Those of the warm-up are joined with later ones, and counted apart. */
static int false_alarms(const struct wr_scoring *s, const struct hit *hit, uint32_t n,
			struct wr_score *score, struct wr_err *err)
{
	struct wr_score_alarm *all = calloc(n + 1, sizeof(*all));
	uint32_t n_all = 0;

	if (!all)
		return wr_fail(err, ENOMEM, "no memory for %u findings", n);
	for (uint32_t i = 0; i < n; i++) {
		if (hit[i].earned || !is_alarm(&hit[i]) || joins_another(all, n_all, &hit[i]))
			continue;
		all[n_all++] = (struct wr_score_alarm){hit[i].from_s, hit[i].until_s,
						       hit[i].f->klass, hit[i].f->victim};
	}
	for (uint32_t i = 0; i < n_all; i++) {
		if (all[i].at_s < s->conf.warmup_s) {
			score->warmup_alarms++;
			continue;
		}
		if (score->n_alarms < WR_SCORE_ALARMS)
			score->alarm[score->n_alarms] = all[i];
		score->n_alarms++;
	}
	free(all);
	return 0;
}

/* ---- the result ---- */

static void windows(const struct wr_scoring *s, struct wr_score_windows *w)
{
	uint32_t end = (uint32_t)s->last_s + 1;

	for (uint32_t t = (uint32_t)s->conf.warmup_s; t < end && t < s->conf.seconds; t++) {
		bool quiet = false;

		for (uint32_t i = 0; i < s->conf.truth->n && !s->attack[t] && !quiet; i++) {
			const struct wr_truth_event *e = &s->event[i].truth;

			quiet = t >= floor(e->start_s) && t <= floor(e->end_s + grace_s);
		}
		if (quiet)
			continue;
		w->tp += s->attack[t] && s->alarmed[t];
		w->fn += s->attack[t] && !s->alarmed[t];
		w->fp += !s->attack[t] && s->alarmed[t];
		w->tn += !s->attack[t] && !s->alarmed[t];
	}
}

static void usual(const struct wr_scoring *s, struct wr_score_usual *u)
{
	*u = s->usual;
	u->sources = s->sources.used;
	for (uint32_t i = 0; i < s->sources.used; i++) {
		const struct source *row = wr_rows_at(&s->sources, i);

		u->hurt += row->out * 2 > row->packets;
		if (row->packets >= USUAL_LEAST)
			u->worst = fmax(u->worst, (double)row->out / (double)row->packets);
	}
}

/* Who is named by findings of its class, against who sent it. */
static void sources(const struct wr_scoring *s, uint32_t i, const struct hit *hit, uint32_t n,
		    struct wr_score_sources *out)
{
	const struct wr_score_event *e = &s->event[i];
	const struct wr_score_victim *v = &s->victim[i];
	struct wr_finding_source named[WR_SENT_NAMED];
	uint32_t n_named = 0;

	if (!wr_score_victim_alone(v))
		return;
	for (uint32_t k = 0; k < n; k++)
		if (is_credited(s, i, &hit[k]) && has_name(&e->truth, hit[k].f->klass))
			n_named = wr_sent_name(named, n_named, hit[k].f);
	wr_sent_score(s->sent, e->truth.number, v->v.addr, named, n_named, out);
}

static void events(const struct wr_scoring *s, const struct hit *hit, uint32_t n,
		   struct wr_score *score)
{
	for (uint32_t i = 0; i < s->conf.truth->n; i++) {
		struct wr_score_event *e = &score->event[score->n];

		if (!s->event[i].packets) {
			score->left_out++;
			continue;
		}
		*e = s->event[i];
		e->flood = (double)e->truth.packets >=
			   WR_SCORE_FLOOD_PPS * (e->truth.end_s - e->truth.start_s);
		wr_clean_end(&e->clean);
		sources(s, i, hit, n, &e->sources);
		score->n++;
	}
}

int wr_scoring_finish(struct wr_scoring *s, const struct wr_finding *found, uint32_t n,
		      struct wr_score *score, struct wr_err *err)
{
	struct hit *hit = calloc(n + 1, sizeof(*hit));
	int ret;

	if (!hit)
		return wr_fail(err, ENOMEM, "no memory for %u findings", n);
	for (uint32_t i = 0; i < n; i++) {
		double from = seconds_at(s, found[i].raised_ns);

		hit[i] = (struct hit){from, fmax(from, seconds_at(s, found[i].last_ns)), &found[i],
				      0};
	}
	qsort(hit, n, sizeof(*hit), by_begin);
	for (uint32_t i = 0; i < s->conf.truth->n; i++)
		for (uint32_t k = 0; k < n; k++)
			if (is_credited(s, i, &hit[k]))
				credit(s, i, &hit[k]);
	for (uint32_t k = 0; k < n; k++)
		if (is_alarm(&hit[k]))
			mark_alarmed(s, &hit[k]);
	memset(score, 0, sizeof(*score));
	memcpy(score->name, s->conf.truth->name, sizeof(score->name));
	score->warms_up = s->conf.truth->warms_up;
	score->seconds = s->last_s;
	ret = false_alarms(s, hit, n, score, err);
	windows(s, &score->windows);
	usual(s, &score->usual);
	events(s, hit, n, score);
	free(hit);
	return ret;
}
