/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "base/json.h"
#include "view/score.h"

/* What is no number is not there. */
static void number(struct wr_buf *b, const char *key, double v)
{
	if (!isnan(v))
		wr_json_double(b, key, v);
}

static void begin(struct wr_buf *b, const char *kind, const char *name_of, const char *name)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", kind);
	wr_json_str(b, name_of, name);
}

static void end(struct wr_buf *b)
{
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static void windows(struct wr_buf *b, const struct wr_score_windows *w)
{
	wr_json_open_key(b, "windows");
	wr_json_u64(b, "tp", w->tp);
	wr_json_u64(b, "fp", w->fp);
	wr_json_u64(b, "fn", w->fn);
	wr_json_u64(b, "tn", w->tn);
	wr_json_double(b, "precision", wr_score_precision(w));
	wr_json_double(b, "recall", wr_score_recall(w));
	wr_json_close(b);
}

static void usual(struct wr_buf *b, const struct wr_score_usual *u)
{
	wr_json_open_key(b, "usual");
	wr_json_u64(b, "packets", u->packets);
	wr_json_u64(b, "kept_out", u->out);
	wr_json_double(b, "share", u->packets ? (double)u->out / (double)u->packets : 0);
	wr_json_u64(b, "sources", u->sources);
	wr_json_u64(b, "hurt", u->hurt);
	wr_json_double(b, "worst", u->worst);
	wr_json_close(b);
}

/* ---- a capture ---- */

static void sources(struct wr_buf *b, const struct wr_score_sources *s)
{
	if (!s->all)
		return;
	wr_json_open_key(b, "sources");
	wr_json_u64(b, "all", s->all);
	wr_json_u64(b, "named", s->named);
	wr_json_u64(b, "right", s->right);
	wr_json_u64(b, "top", s->top);
	wr_json_u64(b, "top_named", s->top_named);
	wr_json_close(b);
}

static void event(struct wr_buf *b, const char *capture, const struct wr_score_event *e, bool drops)
{
	begin(b, "score_event", "capture", capture);
	wr_json_u64(b, "event", e->truth.number);
	wr_json_str(b, "class", e->truth.klass);
	wr_json_str(b, "victim", e->truth.victim);
	wr_json_double(b, "start_s", e->truth.start_s);
	wr_json_double(b, "end_s", e->truth.end_s);
	wr_json_u64(b, "packets", e->packets);
	wr_json_bool(b, "flood", e->flood);
	wr_json_bool(b, "found", e->found);
	wr_json_bool(b, "named", e->named);
	if (e->found) {
		wr_json_double(b, "found_s", e->found_s);
		wr_json_str(b, "first", wr_class_name(e->first));
	}
	if (e->named)
		wr_json_double(b, "named_s", e->named_s);
	if (drops)
		wr_json_double(b, "kept_out", (double)e->out / (double)e->packets);
	if (drops && e->since)
		wr_json_double(b, "kept_out_since", (double)e->since_out / (double)e->since);
	if (drops && e->clean.is)
		wr_json_double(b, "clean_s", e->clean.since_s);
	if (drops)
		wr_json_double(b, "tail_s", e->tail_s);
	sources(b, &e->sources);
	end(b);
}

static void alarm(struct wr_buf *b, const char *capture, const struct wr_score_alarm *a)
{
	struct wr_buf victim = {0};

	begin(b, "score_alarm", "capture", capture);
	wr_json_double(b, "t_start", a->at_s);
	wr_json_double(b, "t_end", a->until_s);
	wr_json_str(b, "class", wr_class_name(a->klass));
	wr_victim_text(&victim, &a->victim);
	wr_json_strn(b, "victim", victim.at, victim.used);
	wr_buf_free(&victim);
	end(b);
}

void wr_view_score_json(struct wr_buf *b, const struct wr_score *s, bool drops)
{
	for (uint32_t i = 0; i < s->n; i++)
		event(b, s->name, &s->event[i], drops);
	for (uint32_t i = 0; i < s->n_alarms && i < WR_SCORE_ALARMS; i++)
		alarm(b, s->name, &s->alarm[i]);
	begin(b, "score_capture", "capture", s->name);
	wr_json_bool(b, "warm", s->warms_up);
	wr_json_double(b, "seconds", s->seconds);
	wr_json_u64(b, "events", s->n);
	wr_json_u64(b, "left_out", s->left_out);
	wr_json_u64(b, "false_alarms", s->n_alarms);
	wr_json_u64(b, "false_alarms_warmup", s->warmup_alarms);
	windows(b, &s->windows);
	if (drops)
		usual(b, &s->usual);
	end(b);
}

/* ---- a sum ---- */

static void range(struct wr_buf *b, const char *key, const struct wr_score_range *r)
{
	if (isnan(r->value))
		return;
	wr_json_open_key(b, key);
	wr_json_double(b, "value", r->value);
	wr_json_double(b, "low", r->low);
	wr_json_double(b, "high", r->high);
	wr_json_close(b);
}

static void kept(struct wr_buf *b, const struct wr_score_kept *k)
{
	range(b, "kept_out", &k->out);
	range(b, "kept_out_since", &k->since);
}

/* Inside an object that stays open. */
static void delay(struct wr_buf *b, const char *key, uint32_t all, const struct wr_score_delay *d)
{
	wr_json_open_key(b, key);
	wr_json_u64(b, "events", all);
	wr_json_u64(b, "found", d->n);
	number(b, "median_s", d->median);
	number(b, "p90_s", d->p90);
	wr_json_array(b, "within");
	for (int i = 0; i < WR_SCORE_WITHIN && all; i++) {
		wr_json_open(b);
		wr_json_double(b, "s", wr_score_within_s[i]);
		wr_json_double(b, "share", d->within[i]);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void floods(struct wr_buf *b, const struct wr_score_sum *s, bool drops)
{
	delay(b, "floods", s->floods, &s->flood);
	if (drops) {
		kept(b, &s->flood_kept);
		wr_json_open_key(b, "lasting");
		wr_json_u64(b, "events", s->lasting);
		wr_json_double(b, "least_s", WR_SCORE_LASTS_S);
		kept(b, &s->lasting_kept);
		wr_json_close(b);
	}
	wr_json_close(b);
}

static void clean(struct wr_buf *b, const struct wr_score_clean *c)
{
	wr_json_open_key(b, "clean");
	wr_json_u64(b, "events", c->n);
	number(b, "median_s", c->median);
	number(b, "p90_s", c->p90);
	wr_json_double(b, "tail_s", c->tail_s);
	wr_json_close(b);
}

static void named(struct wr_buf *b, const char *key, const struct wr_score_named *n)
{
	wr_json_open_key(b, key);
	wr_json_u64(b, "events", n->events);
	number(b, "precision", n->precision);
	number(b, "recall", n->recall);
	wr_json_close(b);
}

void wr_view_score_sum_json(struct wr_buf *b, const char *what, const struct wr_score_sum *s,
			    bool drops)
{
	begin(b, "score", "of", what);
	wr_json_u64(b, "captures", s->captures);
	wr_json_u64(b, "events", s->events);
	wr_json_u64(b, "left_out", s->left_out);
	wr_json_u64(b, "found", s->found);
	wr_json_u64(b, "named", s->named);
	range(b, "found_share", &s->found_share);
	range(b, "named_share", &s->named_share);
	range(b, "median_s", &s->median_s);
	floods(b, s, drops);
	delay(b, "others", s->events - s->floods, &s->slow);
	wr_json_close(b);
	wr_json_u64(b, "false_alarms", s->false_alarms);
	wr_json_u64(b, "false_alarms_warmup", s->warmup_alarms);
	wr_json_double(b, "usual_s", s->usual_s);
	wr_json_double(b, "alarms_a_day", s->alarms_a_day);
	wr_json_double(b, "by_chance", s->by_chance);
	windows(b, &s->windows);
	named(b, "sources", &s->few);
	named(b, "many_sources", &s->many);
	if (drops) {
		kept(b, &s->kept);
		clean(b, &s->clean);
		usual(b, &s->usual);
	}
	end(b);
}
