/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/why.h"

#include "base/json.h"
#include "view/packet.h"

enum { NEARLY = 3, ROLE_WIDTH = 14 };

static const struct {
	const char *role, *text, *color;
} roles[WR_WHY_PARTS] = {
	[WR_WHY_DIFFERS] = {"differs", "no", ""},
	[WR_WHY_DECIDES] = {"decides", "decides", "\033[1m"},
	[WR_WHY_SHADOW] = {"shadow", "only counts", "\033[33m"},
	[WR_WHY_WITHIN] = {"within", "within rate", "\033[33m"},
	[WR_WHY_WOULD] = {"would", "would have", ""},
	[WR_WHY_CLASS] = {"class", "class", "\033[36m"},
};

/* All but one thing it asks for is there. */
static bool nearly(const struct wr_why *row)
{
	uint32_t d = row->differs;

	return d && !(d & (d - 1)) && row->matches & ~(uint32_t)WR_WHY_WAY;
}

struct choice {
	bool would; /* the next that would have was shown */
	bool decided;
	int nearly;
};

static bool chosen(const struct wr_view_why *w, const struct wr_why *row, struct choice *c)
{
	bool next = row->part == WR_WHY_WOULD &&
		    w->policy->rule[row->rule].action != WR_ACTION_CLASS && !c->would;

	c->would = c->would || next;
	if (w->all || next)
		return true;
	if (row->part == WR_WHY_DIFFERS)
		return !c->decided && nearly(row) && c->nearly++ < NEARLY;
	return row->part != WR_WHY_WOULD;
}

static struct choice choice_of(const struct wr_view_why *w)
{
	return (struct choice){.decided = w->verdict.rule != WR_BY_NOTHING || w->by};
}

/* ---- text ---- */

static void text_verdict(struct wr_buf *b, const struct wr_view_why *w)
{
	const char *rule = wr_verdict_rule(w->policy, w->verdict.rule);

	wr_buf_str(b, w->color ? "\033[1m" : "");
	wr_buf_str(b, wr_verdict_name(w->verdict.verdict));
	if (w->verdict.rule < WR_BY_NOTHING)
		wr_buf_fmt(b, " by the statement `%s`", rule);
	else if (rule || w->by)
		wr_buf_fmt(b, " by %s", rule ? rule : w->by);
	else
		wr_buf_str(b, ": no rule decides");
	if (w->verdict.klass >= 0)
		wr_buf_fmt(b, ", class %s", w->policy->class_[w->verdict.klass].name);
	wr_buf_str(b, w->color ? "\033[0m\n" : "\n");
}

static void text_row(struct wr_buf *b, const struct wr_view_why *w, const struct wr_why *row,
		     size_t place)
{
	const struct wr_rule *r = &w->policy->rule[row->rule];
	const char *color = w->color ? roles[row->part].color : "";

	wr_buf_fmt(b, "%4zu  %s%-*s%s", place + 1, color, ROLE_WIDTH, roles[row->part].text,
		   *color ? "\033[0m" : "");
	if (!r->named)
		wr_buf_fmt(b, "%s: ", r->name);
	wr_policy_print_rule(b, w->policy, r);
	if (row->level)
		wr_buf_str(b, " # of what the tunnel carries");
	wr_buf_char(b, '\n');
	for (uint32_t bit = 1; bit && bit <= row->differs; bit <<= 1) {
		if (!(row->differs & bit))
			continue;
		wr_buf_fmt(b, "%*s", 6 + ROLE_WIDTH + 2, "");
		wr_why_text(b, w->policy, row, bit, w->judged);
		wr_buf_char(b, '\n');
	}
}

void wr_view_why_text(struct wr_buf *b, const struct wr_view_why *w)
{
	struct wr_packet_style style = {.color = w->color, .show_iface = true};
	struct choice c = choice_of(w);

	wr_view_packet_line(b, w->packet, w->judged->rec, &style);
	text_verdict(b, w);
	for (size_t i = 0; i < w->policy->n_rules; i++)
		if (chosen(w, &w->rows[i], &c))
			text_row(b, w, &w->rows[i], i);
}

/* ---- JSON ---- */

static void json_row(struct wr_buf *b, const struct wr_view_why *w, const struct wr_why *row)
{
	const struct wr_rule *r = &w->policy->rule[row->rule];
	struct wr_buf text = {0};

	wr_json_open(b);
	wr_json_str(b, "rule", r->name);
	wr_policy_print_rule(&text, w->policy, r);
	wr_json_str(b, "text", wr_buf_text(&text));
	wr_json_str(b, "role", roles[row->part].role);
	if (row->level)
		wr_json_bool(b, "inner", true);
	if (row->differs)
		wr_json_array(b, "differs");
	for (uint32_t bit = 1; bit && bit <= row->differs; bit <<= 1) {
		if (!(row->differs & bit))
			continue;
		wr_buf_clear(&text);
		wr_why_text(&text, w->policy, row, bit, w->judged);
		wr_json_open(b);
		wr_json_str(b, "clause", wr_why_key(bit));
		wr_json_str(b, "text", wr_buf_text(&text));
		wr_json_close(b);
	}
	if (row->differs)
		wr_json_end_array(b);
	wr_json_close(b);
	wr_buf_free(&text);
}

void wr_view_why_json(struct wr_buf *b, const struct wr_view_why *w)
{
	const char *rule = wr_verdict_rule(w->policy, w->verdict.rule);
	struct choice c = choice_of(w);

	wr_json_open(b);
	wr_json_str(b, "event_type", "why");
	if (w->packet->num)
		wr_json_u64(b, "pcap_cnt", w->packet->num);
	wr_json_str(b, "verdict", wr_verdict_name(w->verdict.verdict));
	if (rule || w->by)
		wr_json_str(b, "rule", rule ? rule : w->by);
	if (w->verdict.klass >= 0)
		wr_json_str(b, "class", w->policy->class_[w->verdict.klass].name);
	wr_json_array(b, "rules");
	for (size_t i = 0; i < w->policy->n_rules; i++)
		if (chosen(w, &w->rows[i], &c))
			json_row(b, w, &w->rows[i]);
	wr_json_end_array(b);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}
