/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/score.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "view/text.h"

enum { VICTIM = 24 };

static void percent(struct wr_buf *b, int width, double share)
{
	if (isnan(share))
		wr_buf_fmt(b, "%*s", width + 2, "-");
	else
		wr_buf_fmt(b, "%*.1f %%", width, 100 * share);
}

static void seconds(struct wr_buf *b, int width, double s, bool is)
{
	if (is && !isnan(s))
		wr_buf_fmt(b, "%*.1f s", width, s);
	else
		wr_buf_fmt(b, "%*s", width + 2, "-");
}

static double share(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all : NAN;
}

/* ---- a capture ---- */

static void head(struct wr_buf *b, bool drops)
{
	wr_buf_fmt(b, "  %-21s%-*s%9s%8s%10s%9s%9s", "event", VICTIM, "victim", "at", "lasts",
		   "packets", "found", "named");
	if (drops)
		wr_buf_fmt(b, "%10s%9s%9s", "kept out", "since", "clean");
	wr_buf_char(b, '\n');
}

static void event(struct wr_buf *b, const struct wr_score_event *e, bool drops)
{
	const struct wr_truth_event *t = &e->truth;

	wr_buf_fmt(b, "  %-21s%-*.*s%7.1f s%8.1f s%10" PRIu64, t->klass, VICTIM, VICTIM - 1,
		   t->victim, t->start_s, t->end_s - t->start_s, e->packets);
	seconds(b, 7, e->found_s, e->found);
	seconds(b, 7, e->named_s, e->named);
	if (drops) {
		percent(b, 8, share(e->out, e->packets));
		percent(b, 7, share(e->since_out, e->since));
		seconds(b, 7, e->clean.since_s, e->clean.is);
	}
	if (e->found && !e->named)
		wr_buf_fmt(b, "  called %s", wr_class_name(e->first));
	wr_buf_str(b, e->found ? "\n" : "  missed\n");
}

static void alarms(struct wr_buf *b, const struct wr_score *s)
{
	uint32_t n = s->n_alarms < WR_SCORE_ALARMS ? s->n_alarms : WR_SCORE_ALARMS;

	for (uint32_t i = 0; i < n; i++) {
		wr_buf_fmt(b, "  false alarm at %.1f s: %s at ", s->alarm[i].at_s,
			   wr_class_name(s->alarm[i].klass));
		wr_victim_text(b, &s->alarm[i].victim);
		wr_buf_fmt(b, ", %.1f s\n", s->alarm[i].until_s - s->alarm[i].at_s);
	}
	if (s->n_alarms > n)
		wr_buf_fmt(b, "  and %" PRIu32 " more\n", s->n_alarms - n);
}

static void windows(struct wr_buf *b, const struct wr_score_windows *w)
{
	wr_buf_str(b, "seconds: ");
	wr_buf_fmt(b,
		   "%" PRIu64 " of attack alarmed, %" PRIu64 " not; %" PRIu64
		   " without attack alarmed, %" PRIu64 " not: precision %.3f, recall %.3f\n",
		   w->tp, w->fn, w->fp, w->tn, wr_score_precision(w), wr_score_recall(w));
}

static void usual(struct wr_buf *b, const struct wr_score_usual *u)
{
	wr_buf_fmt(b, "usual packets kept out: %" PRIu64 " of %" PRIu64, u->out, u->packets);
	if (u->out)
		wr_buf_fmt(b,
			   " (%.4f %%); of their %" PRIu32 " sources %" PRIu32
			   " lost more than half, the worst of at least 10 packets %.1f %%",
			   100 * share(u->out, u->packets), u->sources, u->hurt, 100 * u->worst);
	wr_buf_char(b, '\n');
}

void wr_view_score_text(struct wr_buf *b, const struct wr_score *s, bool drops)
{
	uint32_t found = 0, named = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		found += s->event[i].found;
		named += s->event[i].named;
	}
	wr_buf_fmt(b, "%s, %.0f s: %" PRIu32 " of %" PRIu32 " events found, %" PRIu32 " named; ",
		   s->name, s->seconds, found, s->n, named);
	wr_buf_fmt(b, "false alarms: %" PRIu32, s->n_alarms);
	if (s->warms_up)
		wr_buf_fmt(b, ", in the warm-up: %" PRIu32, s->warmup_alarms);
	wr_buf_char(b, '\n');
	if (s->n)
		head(b, drops);
	for (uint32_t i = 0; i < s->n; i++)
		event(b, &s->event[i], drops);
	if (s->left_out)
		wr_buf_fmt(b, "  %" PRIu32 " more events: none of their packets was played\n",
			   s->left_out);
	alarms(b, s);
	if (s->n || s->windows.fp) {
		wr_buf_str(b, "  ");
		windows(b, &s->windows);
	}
	if (drops) {
		wr_buf_str(b, "  ");
		usual(b, &s->usual);
	}
}

/* ---- a sum ---- */

static void range(struct wr_buf *b, const struct wr_score_range *r, double times, const char *unit)
{
	if (isnan(r->value))
		wr_buf_char(b, '-');
	else
		wr_buf_fmt(b, "%.1f%s (%.1f to %.1f)", times * r->value, unit, times * r->low,
			   times * r->high);
}

static void delay(struct wr_buf *b, const char *what, uint32_t all, const struct wr_score_delay *d)
{
	if (!all)
		return;
	wr_buf_fmt(b, "  %-34s%" PRIu32 " of %" PRIu32 " found, median ", what, d->n, all);
	seconds(b, 0, d->median, d->n);
	wr_buf_str(b, ", p90 ");
	seconds(b, 0, d->p90, d->n);
	for (int i = 0; i < WR_SCORE_WITHIN; i++)
		wr_buf_fmt(b, "%s%.0f %% within %.0f s", i ? ", " : "; ", 100 * d->within[i],
			   wr_score_within_s[i]);
	wr_buf_char(b, '\n');
}

static void kept(struct wr_buf *b, const char *whose, const struct wr_score_kept *k)
{
	wr_buf_fmt(b, "  kept out of %s ", whose);
	range(b, &k->out, 100, " %");
	wr_buf_str(b, ", from the first one on ");
	range(b, &k->since, 100, " %");
	wr_buf_char(b, '\n');
}

static void lasting(struct wr_buf *b, const struct wr_score_sum *s)
{
	char whose[64];

	snprintf(whose, sizeof(whose), "a flood's packets (%" PRIu32 " of %g s and more)",
		 s->lasting, WR_SCORE_LASTS_S);
	kept(b, whose, &s->lasting_kept);
}

static void clean(struct wr_buf *b, const struct wr_score_clean *c, uint32_t all)
{
	wr_buf_fmt(b, "  clean (less than 5 %% of it passes): %" PRIu32 " of %" PRIu32 ", median ",
		   c->n, all);
	seconds(b, 0, c->median, c->n);
	wr_buf_str(b, ", p90 ");
	seconds(b, 0, c->p90, c->n);
	if (c->tail_s > 0)
		wr_buf_fmt(b, "; usual packets were kept out up to %.1f s behind one", c->tail_s);
	wr_buf_char(b, '\n');
}

static void named(struct wr_buf *b, const char *of, const struct wr_score_named *n)
{
	if (!n->events)
		return;
	wr_buf_fmt(b, "  sources named, events of %s (%" PRIu32 "): precision ", of, n->events);
	percent(b, 0, n->precision);
	wr_buf_str(b, ", recall of the top twenty ");
	percent(b, 0, n->recall);
	wr_buf_char(b, '\n');
}

static void shares(struct wr_buf *b, const struct wr_score_sum *s, bool drops)
{
	wr_buf_str(b, "  in nine of ten draws of the events: found ");
	range(b, &s->found_share, 100, " %");
	wr_buf_str(b, ", named ");
	range(b, &s->named_share, 100, " %");
	wr_buf_str(b, ", median ");
	range(b, &s->median_s, 1, " s");
	wr_buf_char(b, '\n');
	if (!drops)
		return;
	kept(b, "an event's packets", &s->kept);
	if (s->floods)
		kept(b, "a flood's packets", &s->flood_kept);
	if (s->lasting < s->floods)
		lasting(b, s);
	clean(b, &s->clean, s->events);
}

void wr_view_score_sum_text(struct wr_buf *b, const char *what, const struct wr_score_sum *s,
			    bool drops)
{
	wr_buf_fmt(b,
		   "%s: %" PRIu32 " captures, %" PRIu32 " of %" PRIu32 " events found, %" PRIu32
		   " named",
		   what, s->captures, s->found, s->events, s->named);
	wr_buf_fmt(b, "; false alarms: %" PRIu64 " in %.2f h, %.2f a day", s->false_alarms,
		   s->usual_s / 3600, s->alarms_a_day);
	if (s->warmup_alarms)
		wr_buf_fmt(b, ", in the warm-up: %" PRIu64, s->warmup_alarms);
	if (s->by_chance > 0)
		wr_buf_fmt(b, "; false alarms at that rate would hit %.2f events", s->by_chance);
	wr_buf_char(b, '\n');
	delay(b, "floods (300 packets/s and more)", s->floods, &s->flood);
	delay(b, "others", s->events - s->floods, &s->slow);
	if (s->events)
		shares(b, s, drops);
	named(b, "twenty at most", &s->few);
	named(b, "more", &s->many);
	wr_buf_str(b, "  ");
	windows(b, &s->windows);
	if (drops) {
		wr_buf_str(b, "  ");
		usual(b, &s->usual);
	}
}
