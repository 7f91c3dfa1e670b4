/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/explain.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "view/effect.h"
#include "view/text.h"

enum { WIDTH = 80, INDENT = 2, SHOWN = 5, PREFIXES = 3, VALUE = 27, PAST = 7 };

void wr_explain_wrap(struct wr_buf *b, unsigned int indent, const char *text, size_t n)
{
	const char *end = text + n;
	size_t column = 0;

	while (text < end) {
		size_t word = 0, shown = 0;

		for (; text + word < end && !strchr(" \n", text[word]); word++)
			shown += ((uint8_t)text[word] & 0xc0) != 0x80; /* characters, not bytes */
		if (word && column && column + 1 + shown > WIDTH) {
			wr_buf_char(b, '\n');
			column = 0;
		}
		if (word && column) {
			wr_buf_char(b, ' ');
			column++;
		} else if (word) {
			wr_buf_fmt(b, "%*s", (int)indent, "");
			column = indent;
		}
		wr_buf_add(b, text, word);
		column += shown;
		text += word;
		if (text < end && *text == '\n') {
			wr_buf_char(b, '\n');
			column = 0;
		}
		text += text < end;
	}
	if (column)
		wr_buf_char(b, '\n');
}

/* What has been estimated is a little beside a whole number. */
static void number(struct wr_buf *b, double v)
{
	wr_evidence_number(b, fabs(v - round(v)) < 0.005 ? round(v) : v);
}

static void flush(struct wr_buf *b, struct wr_buf *text)
{
	wr_explain_wrap(b, INDENT, wr_buf_text(text), text->used);
	wr_buf_free(text);
}

static void times(struct wr_buf *b, const struct wr_evidence *e)
{
	double times = e->value / e->norm;

	number(b, times < 10 ? round(times * 10) / 10 : round(times));
	wr_buf_str(b, " times that");
}

static uint64_t lasts(const struct wr_explain *e)
{
	uint64_t end = e->i.end_ns ? e->i.end_ns : e->now_ns;

	return end > e->i.start_ns ? end - e->i.start_ns : 0;
}

/* ---- what happened ---- */

static void value(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *unit = wr_feature_unit(e->feature), *text = wr_feature_text(e->feature);

	if (!strcmp(unit, "share")) {
		wr_buf_fmt(b, "%.0f %% %s", e->value * 100, text);
		return;
	}
	if (wr_evidence_says(e)) {
		wr_buf_fmt(b, "%s %s", text, wr_evidence_says(e));
		return;
	}
	if (!strcmp(unit, "s") || !strcmp(unit, "bytes") || !strcmp(unit, "port")) {
		wr_buf_fmt(b, "%s ", text);
		number(b, e->value);
		return;
	}
	number(b, e->value);
	wr_buf_fmt(b, " %s%s", text, strchr(unit, '/') ? " a second" : "");
}

static void target(struct wr_buf *b, const struct wr_victim *v)
{
	if (v->ip_v || v->route[0])
		wr_victim_text(b, v);
	else
		wr_buf_str(b, "the local link");
}

void wr_explain_sentence(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_evidence *telling = wr_explain_telling(&e->i.strongest);
	char span[WR_VIEW_CELL];
	size_t first = b->used;

	wr_incident_title(b, &e->i);
	if (b->used > first)
		b->at[first] = (char)toupper((uint8_t)b->at[first]);
	wr_buf_str(b, e->i.end_ns ? " from " : " since ");
	wr_view_moment(b, e->i.start_ns);
	wr_view_duration(span, lasts(e));
	wr_buf_fmt(b, " UTC on, %s%s", e->i.end_ns ? "for " : "which goes on after ", span);
	if (telling) {
		wr_buf_str(b, ": ");
		value(b, telling);
	}
	if (telling && telling->share > 0) {
		bool share = !strcmp(wr_feature_unit(telling->feature), "share");

		wr_buf_str(b, ", where ");
		number(b, share ? round(telling->norm * 100) : telling->norm);
		wr_buf_str(b, share ? " % are usual" : " are usual");
	} else if (telling && telling->has_norm) {
		wr_buf_str(b, ", where at most ");
		number(b, telling->norm);
		wr_buf_str(b, telling->norm == 1 ? " is usual" : " are usual");
		if (telling->norm >= 1 && telling->value > telling->norm) {
			wr_buf_str(b, " (");
			times(b, telling);
			wr_buf_char(b, ')');
		}
	}
	wr_buf_char(b, '.');
}

static void what(struct wr_buf *b, const struct wr_explain *e)
{
	struct wr_buf text = {0};

	wr_buf_fmt(b, "Incident %" PRIu64 ": %s, %s\n\nWHAT HAPPENED\n", e->i.id,
		   wr_incident_state_name(e->i.state), wr_severity_name(e->i.severity));
	wr_explain_sentence(&text, e);
	wr_buf_fmt(&text, "\n%s", wr_explain_meaning(e->i.strongest.klass));
	flush(b, &text);
}

/* ---- evidence ---- */

static void evidence_line(struct wr_buf *b, const struct wr_evidence *e)
{
	const char *unit = wr_feature_unit(e->feature);
	bool share = !strcmp(unit, "share");
	size_t line = b->used;
	struct wr_buf n = {0};

	if (wr_evidence_says(e)) {
		wr_buf_fmt(b, "  %*s %s %s\n", VALUE - 2, "", wr_feature_text(e->feature),
			   wr_evidence_says(e));
		return;
	}
	number(&n, share ? round(e->value * 100) : e->value);
	wr_buf_fmt(b, "  %10s %-14s %s\n", wr_buf_text(&n), share ? "%" : unit,
		   wr_feature_text(e->feature));
	wr_buf_free(&n);
	if (!e->has_norm)
		return;
	b->used--; /* the newline */
	wr_buf_str(&n, e->share > 0 ? "usual " : "usual at most ");
	number(&n, share ? round(e->norm * 100) : e->norm);
	if (e->norm >= 1 && e->value > e->norm) {
		wr_buf_str(&n, ": ");
		times(&n, e);
	}
	if (b->used - line + 2 + n.used > WIDTH)
		wr_buf_fmt(b, "\n%*s ", (int)VALUE, "");
	else
		wr_buf_str(b, ", ");
	wr_buf_add(b, n.at, n.used);
	wr_buf_fmt(b, "\n%*s ", (int)VALUE, "");
	wr_evidence_often(b, e);
	wr_buf_char(b, '\n');
	wr_buf_free(&n);
}

static void evidence(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_finding *f = &e->i.strongest;

	wr_buf_str(b, "\nEVIDENCE (of the strongest of ");
	wr_buf_fmt(b, "%" PRIu64 " %s)\n", e->i.findings,
		   e->i.findings == 1 ? "finding" : "findings");
	for (uint32_t k = 0; k < f->n_evidence; k++)
		evidence_line(b, &f->evidence[k]);
	if (!f->n_evidence)
		wr_buf_str(b, "  no numbers\n");
}

/* ---- who ---- */

static bool same_net(const struct wr_finding_source *a, const struct wr_finding_source *b)
{
	return a->ip_v == b->ip_v && !memcmp(a->addr, b->addr, a->ip_v == 4 ? 3 : 6);
}

/* Networks (/24, /48) that two or more of the sources are in. */
static void networks(struct wr_buf *b, const struct wr_incident *i)
{
	struct wr_buf text = {0};
	uint32_t told = 0;

	for (uint32_t k = 0; k < i->n_sources && told < PREFIXES; k++) {
		struct wr_victim net = {.ip_v = i->source[k].ip_v};
		uint32_t before = 0, n = 0;

		for (uint32_t m = 0; m < i->n_sources; m++) {
			before += m < k && same_net(&i->source[m], &i->source[k]);
			n += same_net(&i->source[m], &i->source[k]);
		}
		if (before || n < 2)
			continue;
		net.prefix = net.ip_v == 4 ? 24 : 48;
		memcpy(net.addr, i->source[k].addr, net.ip_v == 4 ? 3 : 6);
		wr_buf_str(&text, told++ ? ", " : "");
		wr_victim_text(&text, &net);
		wr_buf_fmt(&text, " (%u of %u)", n, i->n_sources);
	}
	flush(b, &text);
}

static void who(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_incident *i = &e->i;
	const char *origin = wr_explain_origin(i->strongest.klass);
	char packets[WR_VIEW_CELL];

	wr_buf_str(b, "\nFROM\n");
	for (uint32_t k = 0; k < i->n_sources && k < SHOWN; k++) {
		wr_view_number(packets, i->source[k].packets);
		wr_buf_fmt(b, "  %10s packets  ", packets);
		wr_view_address(b, i->source[k].addr, i->source[k].ip_v);
		wr_buf_char(b, '\n');
	}
	if (i->n_sources > SHOWN)
		wr_buf_fmt(b, "  and %u more that are known (--json)\n", i->n_sources - SHOWN);
	if (!i->n_sources)
		wr_buf_str(b, "  nobody that is known\n");
	networks(b, i);
	if (i->n_sources && origin[0])
		wr_explain_wrap(b, INDENT, origin, strlen(origin));
}

/* ---- its life ---- */

static void moment(struct wr_buf *b, const char *name, uint64_t ns, const char *text)
{
	if (!ns)
		return;
	wr_buf_fmt(b, "  %-10s ", name);
	wr_view_moment(b, ns);
	wr_buf_fmt(b, "  %s\n", text);
}

static void life(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_incident *i = &e->i;

	wr_buf_str(b, "\nITS LIFE (UTC)\n");
	moment(b, "began", i->start_ns, "the first packet that belongs to it");
	moment(b, i->found_ns == i->active_ns ? "found" : "suspected", i->found_ns,
	       i->found_ns == i->active_ns ? "active from the start" : "nothing above low yet");
	if (i->active_ns != i->found_ns)
		moment(b, "active", i->active_ns, "something above low was found");
	moment(b, "mitigated", i->mitigated_ns, "a rule keeps it out");
	moment(b, "over", i->end_ns, "when it last held");
	if (!i->end_ns)
		moment(b, "last", i->last_ns, "it held; it goes on");
}

/* ---- what is done ---- */

static void reach(struct wr_buf *b, const struct wr_cure *c)
{
	wr_buf_fmt(b, "It matches %.1f %% of %u samples of the attack and ", 100 * c->attack,
		   c->attack_samples);
	if (!c->usual_samples)
		wr_buf_str(b, "nobody knows how many usual packets: none for that address are "
			      "known.");
	else
		wr_buf_fmt(b, "%.2f %% of %u usual packets for that address (%u %s).",
			   100 * c->usual, c->usual_samples, c->usual_clients,
			   c->usual_clients == 1 ? "client" : "clients");
}

/* What it changed. */
static void effects(struct wr_buf *b, const struct wr_incident *i)
{
	static const char *const words[WR_INCIDENT_EFFECTS] = {
		[WR_INCIDENT_STOPPED] = "Stopped: ",
		[WR_INCIDENT_WOULD] = "Shadows would have stopped: ",
	};
	struct wr_buf text = {0};

	for (int k = 0; k < WR_INCIDENT_EFFECTS; k++) {
		if (!i->effect[k].since_ns)
			continue;
		wr_buf_str(&text, words[k]);
		wr_view_effect_text(&text, i, (enum wr_incident_effects)k);
		wr_buf_str(&text, " since ");
		wr_view_moment(&text, i->effect[k].since_ns);
		wr_buf_str(&text, " UTC.");
		flush(b, &text);
	}
}

static void done(struct wr_buf *b, const struct wr_explain *e)
{
	static const char *const would[] = {
		[WR_CURE_DROP] = "keep it out",
		[WR_CURE_LIMIT] = "limit it to what is usual",
		[WR_CURE_COOKIES] = "answer its SYNs in place of the service",
	};
	const struct wr_cure *c = &e->cure;
	struct wr_buf text = {0};

	wr_buf_str(b, "\nWHAT WEIR DOES\n");
	if (e->i.done[0]) {
		wr_buf_fmt(&text, "At a gateway: %s.", e->i.done);
		flush(b, &text);
		if (!e->i.rule[0] && c->verb == WR_CURE_NONE)
			return;
	}
	if (e->i.rule[0])
		wr_buf_fmt(&text, "Rule %s %s.", e->i.rule,
			   e->i.stopped ? "keeps it out" : "counts what it would keep out");
	else if (c->verb == WR_CURE_NONE)
		wr_buf_str(&text, "Nothing: headers of packets do not tell it from what is usual, "
				  "or there are too few samples now for a rule.");
	else
		wr_buf_fmt(&text, "%s. A rule that would %s (%s):",
			   e->capture ? "It has read a capture and done nothing" : "Nothing",
			   would[c->verb],
			   c->safe ? "no usual packet that is known is hit"
				   : "it hits usual packets, or misses much of it");
	if (e->i.failed[0])
		wr_buf_fmt(&text, " Before, rule %s %s.", e->i.failed,
			   e->i.hurt ? "kept out usual clients, or would have" : "did not stop it");
	flush(b, &text);
	effects(b, &e->i);
	if (c->verb == WR_CURE_NONE)
		return;
	wr_explain_wrap(b, 2 * INDENT, c->rule, strlen(c->rule));
	reach(&text, c);
	flush(b, &text);
}

static void past(struct wr_buf *b, const struct wr_explain *e)
{
	wr_buf_str(b, "\nLIKE IT BEFORE\n");
	for (uint32_t k = 0; k < e->n_past; k++) {
		const struct wr_explain_past *p = &e->past[k];
		char span[WR_VIEW_CELL] = "goes on";
		size_t line = b->used;

		if (p->end_ns)
			wr_view_duration(span,
					 p->end_ns > p->start_ns ? p->end_ns - p->start_ns : 0);
		wr_buf_fmt(b, "  %5" PRIu64 "  ", p->id);
		wr_view_moment(b, p->start_ns);
		wr_buf_fmt(b, " %8s  %s", span, wr_class_text(p->klass));
		if (b->used - line + strlen(" at ") + strlen(p->target) > WIDTH)
			wr_buf_fmt(b, "\n%*s at %s\n", PAST, "", p->target);
		else
			wr_buf_fmt(b, " at %s\n", p->target);
	}
	if (!e->past_all)
		wr_buf_str(b, "  none that is known\n");
	else if (e->past_all > e->n_past)
		wr_buf_fmt(b, "  and %u more\n", e->past_all - e->n_past);
}

static void also(struct wr_buf *b, const struct wr_incident *i)
{
	struct wr_buf text = {0};

	wr_buf_str(&text, "Also at");
	for (uint32_t k = 0, told = 0; k < i->n_victims && told < PREFIXES; k++) {
		if (wr_victim_same(&i->victim[k], &i->strongest.victim))
			continue;
		wr_buf_str(&text, told++ ? ", " : " ");
		target(&text, &i->victim[k]);
	}
	wr_buf_fmt(&text, "; %u in all.", i->victims);
	flush(b, &text);
}

static void command(struct wr_buf *b, const struct wr_explain_next *n)
{
	wr_buf_fmt(b, "  %s\n      %s\n", n->command, n->why);
}

void wr_explain_text(struct wr_buf *b, const struct wr_explain *e)
{
	struct wr_explain_next next[WR_EXPLAIN_NEXT];
	uint32_t n = wr_explain_next(e, next);

	what(b, e);
	if (e->i.victims > 1)
		also(b, &e->i);
	evidence(b, e);
	who(b, e);
	life(b, e);
	done(b, e);
	past(b, e);
	wr_buf_str(b, "\nTYPE NEXT\n");
	for (uint32_t k = 0; k < n; k++)
		command(b, &next[k]);
	wr_buf_str(b, "\nTO UNDO\n");
	n = wr_explain_undo(e, next);
	for (uint32_t k = 0; k < n; k++)
		command(b, &next[k]);
}

void wr_explain_past_add(struct wr_explain *e, const struct wr_explain_past *p)
{
	struct wr_buf t = {0};
	bool same;

	wr_victim_text(&t, &e->i.strongest.victim);
	same = p->klass == e->i.strongest.klass || !strcmp(p->target, wr_buf_text(&t));
	wr_buf_free(&t);
	if (!same || p->id == e->i.id || p->start_ns > e->i.start_ns)
		return;
	memmove(&e->past[1], &e->past[0], sizeof(e->past) - sizeof(e->past[0]));
	e->past[0] = *p;
	e->past_all++;
	e->n_past += e->n_past < WR_EXPLAIN_PAST;
}
