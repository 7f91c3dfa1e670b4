/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/prompt.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

const char *const wr_explain_kinds[] = {
#define X(sym, name) name,
	WR_EXPLAIN_KIND_TABLE(X)
#undef X
		NULL,
};

static const char system_text[] =
	"You explain an incident on a network host to the person who runs it. You get facts that a "
	"detector measured. A1, A2 and so on stand for addresses that packets came from, S1 for "
	"the "
	"target; use these names as they are. Say in plain text of at "
	"most 200 words: what happened, how sure one can be and why, what it means for the host, "
	"and what to look at next. Use only the facts given; say so where they do not suffice. "
	"Give no commands, no links and no markup.";

/* As few digits as tell numbers apart, and no exponents. */
static void number(struct wr_buf *b, double v)
{
	wr_buf_fmt(b, v < 1000 ? "%.4g" : "%.0f", v);
}

static void seconds(struct wr_buf *b, const char *what, uint64_t from_ns, uint64_t to_ns)
{
	if (to_ns >= from_ns)
		wr_buf_fmt(b, "%s: %.1f s\n", what, (double)(to_ns - from_ns) / 1e9);
}

static void place(struct wr_buf *b, const struct wr_victim *v)
{
	if (!v->ip_v)
		wr_buf_str(b, v->route[0] ? "a route of an API" : "the local link");
	else if (v->port)
		wr_buf_fmt(b, "a service on port %u", v->port);
	else if (v->prefix != (v->ip_v == 4 ? 32 : 128))
		wr_buf_fmt(b, "a prefix of length %u", v->prefix);
	else
		wr_buf_str(b, "an address");
	if (v->ip_v)
		wr_buf_fmt(b, ", IPv%u", v->ip_v);
}

static void header(struct wr_buf *b, const struct wr_incident *i)
{
	wr_buf_fmt(b, "class: %s (%s)\n", wr_class_name(i->strongest.klass),
		   wr_class_text(i->strongest.klass));
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		if (i->classes >> c & 1 && c != i->strongest.klass)
			wr_buf_fmt(b, "also: %s (%s)\n", wr_class_name(c), wr_class_text(c));
	wr_buf_fmt(b, "severity: %s\nstate: %s\nfindings: %" PRIu64 ", of which %u hold\n",
		   wr_severity_name(i->severity), wr_incident_state_name(i->state), i->findings,
		   i->open);
	wr_buf_str(b, "target S1: ");
	place(b, &i->strongest.victim);
	wr_buf_fmt(b, "\ntargets in all: %u\n", i->victims);
}

static void times(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_incident *i = &e->i;

	seconds(b, "found after", i->start_ns, i->found_ns);
	seconds(b, "active after", i->start_ns, i->active_ns);
	seconds(b, "kept out after", i->start_ns, i->mitigated_ns);
	seconds(b, i->end_ns ? "lasted" : "goes on after", i->start_ns,
		i->end_ns ? i->end_ns : e->now_ns);
}

static void evidence(struct wr_buf *b, const struct wr_finding *f)
{
	for (uint32_t k = 0; k < f->n_evidence; k++) {
		const struct wr_evidence *e = &f->evidence[k];

		wr_buf_fmt(b, "evidence: %s = ", wr_feature_name(e->feature));
		number(b, e->value);
		wr_buf_fmt(b, " %s (%s)", wr_feature_unit(e->feature), wr_feature_text(e->feature));
		if (wr_evidence_says(e))
			wr_buf_fmt(b, " %s", wr_evidence_says(e));
		if (e->has_norm) {
			wr_buf_str(b, e->share > 0 ? ", usual " : ", usual at most ");
			number(b, e->norm);
			wr_buf_str(b, ", ");
			wr_evidence_often(b, e);
		}
		wr_buf_char(b, '\n');
	}
}

static void sources(struct wr_buf *b, const struct wr_incident *i)
{
	for (uint32_t k = 0; k < i->n_sources; k++)
		wr_buf_fmt(b, "source A%u: %" PRIu64 " packets\n", k + 1, i->source[k].packets);
	wr_buf_fmt(b, "sources: %s\n", i->many_sources ? "many, these have most packets" : "these");
}

static void cure(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_cure *c = &e->cure;

	wr_buf_fmt(b, "rule: %s\n",
		   !e->i.rule[0]  ? "none is in force against it"
		   : e->i.stopped ? "one keeps it out"
				  : "one counts what it would keep out");
	if (c->verb == WR_CURE_NONE)
		return;
	wr_buf_fmt(b,
		   "rule that fits: %s on headers of packets, matches %.1f %% of %u samples of the "
		   "attack and %.2f %% of %u usual packets\n",
		   wr_cure_verb_name(c->verb), 100 * c->attack, c->attack_samples, 100 * c->usual,
		   c->usual_samples);
}

static void past(struct wr_buf *b, const struct wr_explain *e)
{
	wr_buf_fmt(b, "like it before: %u\n", e->past_all);
	for (uint32_t k = 0; k < e->n_past; k++) {
		const struct wr_explain_past *p = &e->past[k];

		wr_buf_fmt(b, "before: %s, %.1f hours earlier", wr_class_name(p->klass),
			   (double)(e->i.start_ns - p->start_ns) / 3.6e12);
		if (p->end_ns >= p->start_ns)
			wr_buf_fmt(b, ", lasted %.1f s", (double)(p->end_ns - p->start_ns) / 1e9);
		wr_buf_char(b, '\n');
	}
}

static void message(struct wr_buf *b, const char *role, const char *text, size_t n)
{
	wr_json_open(b);
	wr_json_str(b, "role", role);
	wr_json_strn(b, "content", text, n);
	wr_json_close(b);
}

void wr_explain_prompt(struct wr_buf *b, const struct wr_explain *e,
		       const struct wr_explain_ask *ask)
{
	bool anthropic = ask->kind == WR_EXPLAIN_ANTHROPIC;
	struct wr_buf facts = {0};

	header(&facts, &e->i);
	times(&facts, e);
	evidence(&facts, &e->i.strongest);
	sources(&facts, &e->i);
	cure(&facts, e);
	past(&facts, e);
	wr_json_open(b);
	wr_json_str(b, "model", ask->model);
	wr_json_u64(b, ask->completion_word && !anthropic ? "max_completion_tokens" : "max_tokens",
		    ask->tokens);
	if (anthropic)
		wr_json_str(b, "system", system_text);
	wr_json_array(b, "messages");
	if (!anthropic)
		message(b, "system", system_text, sizeof(system_text) - 1);
	message(b, "user", facts.at, facts.used);
	wr_json_end_array(b);
	wr_json_close(b);
	wr_buf_free(&facts);
}

void wr_explain_url(struct wr_buf *b, enum wr_explain_kind kind, const char *base)
{
	const char *add = kind == WR_EXPLAIN_ANTHROPIC ? "/v1/messages" : "/chat/completions";
	size_t n = strlen(base), k = strlen(add);

	while (n && base[n - 1] == '/')
		n--;
	wr_buf_add(b, base, n);
	if (n < k || memcmp(base + n - k, add, k))
		wr_buf_str(b, add);
}
