/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "explain/explain.h"

#include "base/json.h"
#include "view/effect.h"
#include "view/finding.h"

static void time_or_not(struct wr_buf *b, const char *key, uint64_t ns)
{
	if (ns)
		wr_json_time(b, key, ns);
}

static void lists(struct wr_buf *b, const struct wr_incident *i)
{
	wr_json_array(b, "classes");
	for (int c = 0; c < WR_CLASS_COUNT; c++)
		if (i->classes >> c & 1)
			wr_json_str(b, NULL, wr_class_name(c));
	wr_json_end_array(b);
	wr_view_victim_json(b, "target", &i->strongest.victim);
	wr_json_u64(b, "target_proto", i->strongest.victim.proto);
	wr_json_array(b, "victims");
	for (uint32_t k = 0; k < i->n_victims; k++)
		wr_view_victim_json(b, NULL, &i->victim[k]);
	wr_json_end_array(b);
	wr_json_u64(b, "victims_total", i->victims);
	wr_json_bool(b, "many_sources", i->many_sources);
	wr_json_array(b, "sources");
	for (uint32_t k = 0; k < i->n_sources; k++) {
		wr_json_open(b);
		wr_json_ip(b, "address", i->source[k].addr, i->source[k].ip_v);
		wr_json_u64(b, "packets", i->source[k].packets);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void cure(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_cure *c = &e->cure;

	wr_json_str(b, "auto", wr_answer_mode_name(e->mode));
	if (e->i.rule[0]) {
		wr_json_str(b, "rule", e->i.rule);
		wr_json_bool(b, "rule_stops", e->i.stopped);
	}
	if (e->i.failed[0]) {
		wr_json_str(b, "rule_failed", e->i.failed);
		wr_json_str(b, "rule_failed_why", e->i.hurt ? "hurts" : "misses");
	}
	wr_view_effects_json(b, &e->i);
	if (e->i.done[0]) {
		wr_json_str(b, "at_gateway", e->i.done);
		wr_json_str(b, "at_gateway_command", e->i.undo);
	}
	if (c->verb == WR_CURE_NONE)
		return;
	wr_json_open_key(b, "remedy");
	wr_json_str(b, "verb", wr_cure_verb_name(c->verb));
	wr_json_str(b, "statement", c->rule);
	wr_json_bool(b, "safe", c->safe);
	wr_json_double(b, "attack_share", c->attack);
	wr_json_u64(b, "attack_samples", c->attack_samples);
	wr_json_double(b, "usual_share", c->usual);
	wr_json_u64(b, "usual_samples", c->usual_samples);
	wr_json_u64(b, "usual_clients", c->usual_clients);
	wr_json_close(b);
}

static void past(struct wr_buf *b, const struct wr_explain *e)
{
	wr_json_array(b, "past");
	for (uint32_t k = 0; k < e->n_past; k++) {
		const struct wr_explain_past *p = &e->past[k];

		wr_json_open(b);
		wr_json_u64(b, "incident_id", p->id);
		wr_json_time(b, "began", p->start_ns);
		time_or_not(b, "end", p->end_ns);
		wr_json_str(b, "class", wr_class_name(p->klass));
		wr_json_str(b, "target", p->target);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	wr_json_u64(b, "past_total", e->past_all);
}

static void command(struct wr_buf *b, const char *key, const struct wr_explain_next *n)
{
	wr_json_open_key(b, key);
	wr_json_str(b, "command", n->command);
	wr_json_str(b, "why", n->why);
	wr_json_close(b);
}

static void words(struct wr_buf *b, const struct wr_explain *e)
{
	struct wr_explain_next next[WR_EXPLAIN_NEXT];
	uint32_t n = wr_explain_next(e, next);
	struct wr_buf text = {0};

	wr_explain_sentence(&text, e);
	wr_json_strn(b, "text", text.at, text.used);
	wr_buf_free(&text);
	wr_json_str(b, "meaning", wr_explain_meaning(e->i.strongest.klass));
	wr_json_array(b, "next");
	for (uint32_t k = 0; k < n; k++) {
		wr_json_open(b);
		wr_json_str(b, "command", next[k].command);
		wr_json_str(b, "why", next[k].why);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	n = wr_explain_undo(e, next);
	command(b, "undo", next);
	if (n > 1)
		command(b, "undo_too", next + 1);
}

void wr_explain_json(struct wr_buf *b, const struct wr_explain *e)
{
	const struct wr_incident *i = &e->i;

	wr_json_open(b);
	wr_json_time(b, "timestamp", e->now_ns);
	wr_json_str(b, "event_type", "explanation");
	wr_json_u64(b, "incident_id", i->id);
	wr_json_str(b, "state", wr_incident_state_name(i->state));
	wr_json_str(b, "severity", wr_severity_name(i->severity));
	wr_json_str(b, "class", wr_class_name(i->strongest.klass));
	lists(b, i);
	wr_json_u64(b, "findings", i->findings);
	wr_json_u64(b, "findings_open", i->open);
	wr_json_time(b, "began", i->start_ns);
	time_or_not(b, "found", i->found_ns);
	time_or_not(b, "active", i->active_ns);
	time_or_not(b, "mitigated", i->mitigated_ns);
	wr_json_time(b, "last", i->last_ns);
	time_or_not(b, "end", i->end_ns);
	wr_view_evidence_json(b, "evidence", &i->strongest);
	cure(b, e);
	past(b, e);
	words(b, e);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}
