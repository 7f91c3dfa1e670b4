/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/advice_conf.h"
#include "daemon/run_impl.h"
#include "detect/ids.h"

/*
 * Scores of a model become findings, and with them incidents. By itself a score does nothing to
 * packets: rules are made of what detection finds, and a score of the same target can only say
 * which of the modes they are made with (advice.auto).
 */

_Static_assert((int)WR_RUN_ADVICE <= (int)WR_HOLD_MODEL, "all that hold have room");

#define HOLD_NS 10000000000ull /* without a score it is over */

struct wr_run_advice {
	struct wr_finding f[WR_RUN_ADVICE]; /* id 0: free */
	uint32_t active;
	uint64_t made, no_room;
	double over;
};

int wr_run_advice_open(struct wr_run *r, struct wr_err *err)
{
	if (!r->advice)
		return 0;
	r->advised = calloc(1, sizeof(*r->advised));
	if (!r->advised)
		return wr_fail(err, ENOMEM, "no memory for findings of a model");
	r->advised->over = strtod(r->c.advice.over, NULL);
	return 0;
}

static struct wr_victim target(const struct wr_advice_told *t)
{
	struct wr_victim v = {.ip_v = t->key.ip_v, .prefix = t->key.ip_v == 4 ? 32 : 128};

	memcpy(v.addr, t->key.addr, sizeof(v.addr));
	if (t->kind == WR_WINDOW_PREFIX)
		v.prefix = (uint8_t)t->key.tag;
	if (t->kind == WR_WINDOW_SERVICE) {
		v.port = t->key.port;
		v.proto = t->key.proto;
	}
	return v;
}

static struct wr_finding *find(struct wr_run_advice *a, const struct wr_victim *v)
{
	for (int k = 0; k < WR_RUN_ADVICE; k++)
		if (a->f[k].id && wr_victim_same(&a->f[k].victim, v))
			return &a->f[k];
	return NULL;
}

static struct wr_finding *begin(struct wr_run_advice *a, const struct wr_victim *v,
				const struct wr_advice_told *t)
{
	for (int k = 0; k < WR_RUN_ADVICE; k++) {
		struct wr_finding *f = &a->f[k];

		if (f->id)
			continue;
		*f = (struct wr_finding){
			.id = wr_ids(WR_IDS_MODEL) + ++a->made,
			.klass = WR_CLASS_MODEL_SCORE,
			.severity = (uint8_t)wr_class_severity(WR_CLASS_MODEL_SCORE),
			.victim = *v,
			.start_ns = t->start_ns,
			.raised_ns = wr_run_now_ns(),
		};
		a->active++;
		return f;
	}
	a->no_room++;
	return NULL;
}

static void fill(struct wr_run *r, struct wr_finding *f, const struct wr_advice_told *t)
{
	struct wr_finding_model *m = &f->model;
	double over = r->advised->over;

	f->last_ns = wr_run_now_ns();
	f->score = over > 0 ? fmax(1, t->score / over) : 1;
	f->n_evidence = 1;
	f->evidence[0] = (struct wr_evidence){.feature = WR_FEATURE_SCORE,
					      .has_norm = true,
					      .value = t->score,
					      .norm = over,
					      .quantile = -1};
	snprintf(m->name, sizeof(m->name), "%s", r->c.advice.model);
	snprintf(m->version, sizeof(m->version), "%s", wr_advice_version(r->advice));
	m->n_by = t->n_by;
	for (uint32_t k = 0; k < t->n_by; k++) {
		snprintf(m->by[k].column, sizeof(m->by[k].column), "%s",
			 wr_advice_column_at(t->by[k].column)->name);
		m->by[k].value = t->by[k].value;
		m->by[k].usual = t->by[k].usual;
		m->by[k].has_usual = t->by[k].has_usual;
	}
}

static void told(void *ctx, const struct wr_advice_told *t)
{
	struct wr_run *r = ctx;
	struct wr_victim v = target(t);
	struct wr_finding *f = find(r->advised, &v);
	bool is_new = !f;

	/* What was on its way for too long says nothing of now. No sum is too large: a row begins
	 * now at the latest (wr_advice_read()). */
	if (t->start_ns + t->length_ns + r->c.advice.stale_ns + r->c.advice.deadline_ns <
	    wr_run_now_ns())
		return;
	if (is_new)
		f = begin(r->advised, &v, t);
	if (!f)
		return;
	fill(r, f, t);
	wr_findings_news(r->findings, is_new ? WR_FINDING_RAISED : WR_FINDING_RENEWED, f);
}

int wr_run_advice_read(struct wr_run *r)
{
	return wr_advice_read(r->advice, told, r);
}

static void over(struct wr_run *r, struct wr_finding *f)
{
	f->over = true;
	wr_findings_news(r->findings, WR_FINDING_OVER, f);
	f->id = 0;
	r->advised->active--;
}

void wr_run_advice_second(struct wr_run *r)
{
	uint64_t now_ns = wr_run_now_ns();

	for (int k = 0; r->advised && k < WR_RUN_ADVICE; k++)
		if (r->advised->f[k].id && now_ns > r->advised->f[k].last_ns + HOLD_NS)
			over(r, &r->advised->f[k]);
}

void wr_run_advice_end(struct wr_run *r)
{
	for (int k = 0; r->advised && k < WR_RUN_ADVICE; k++)
		if (r->advised->f[k].id)
			over(r, &r->advised->f[k]);
}

bool wr_run_advice_agrees(void *run, const struct wr_finding *f)
{
	const struct wr_run *r = run;

	for (int k = 0; r->advised && f->victim.ip_v && k < WR_RUN_ADVICE; k++) {
		const struct wr_finding *s = &r->advised->f[k];

		if (s->id && wr_victim_meets(&s->victim, &f->victim) &&
		    (!s->victim.port || !f->victim.port ||
		     (s->victim.port == f->victim.port && s->victim.proto == f->victim.proto)))
			return true;
	}
	return false;
}

void wr_run_advice_status(struct wr_run *r, struct wr_status *s)
{
	struct wr_advice_count n;

	if (!r->advice)
		return;
	n = wr_advice_counts(r->advice);
	s->advice.on = true;
	s->advice.pid = r->advises.front;
	s->advice.restarts = r->advises.starts ? r->advises.starts - 1 : 0;
	s->advice.rights = r->advises.rights;
	s->advice.why = r->advises.why;
	s->advice.model = r->c.advice.model;
	s->advice.version = wr_advice_version(r->advice);
	s->advice.rows = n.rows;
	s->advice.scored = n.scored;
	s->advice.over = n.over;
	s->advice.unscored = n.unscored;
	s->advice.lost = n.lost;
	s->advice.calls = n.calls;
	s->advice.failed = n.failed;
	s->advice.active = r->advised->active;
	s->advice.no_room = (uint32_t)r->advised->no_room;
	s->advice.paused = n.paused;
	s->advice.trouble = wr_advice_trouble(r->advice);
}

void wr_run_advice_close(struct wr_run *r)
{
	wr_advice_close(&r->advice);
	free(r->advised);
	r->advised = NULL;
}
