/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "policy/verdict.h"
#include "view/fact_json.h"
#include "view/table.h"

/* What became of the packets, and which rules they met. */

static const struct {
	const char *key, *text;
} verdicts[] = {[WR_VERDICT_PASS] = {"passed", "passed"},
		[WR_VERDICT_DROP] = {"dropped", "dropped"},
		[WR_VERDICT_LIMIT] = {"limited", "over a limit"},
		[WR_VERDICT_ANSWER] = {"answered", "answered (SYN cookie)"}};

enum { VERDICTS = sizeof(verdicts) / sizeof(verdicts[0]) };

static struct wr_count verdict_of(const struct wr_summary *s, int v)
{
	const struct wr_verdict_sums *sums = wr_verdict_sums(s->policy.verdicts);

	return (struct wr_count){sums->verdict[v].packets, sums->verdict[v].bytes};
}

static struct wr_count class_of(const struct wr_summary *s, size_t k)
{
	const struct wr_verdict_sums *sums = wr_verdict_sums(s->policy.verdicts);

	return (struct wr_count){sums->klass[k].packets, sums->klass[k].bytes};
}

/* What a rule matched, and of that what it stopped or as a shadow would have. */
static struct wr_count matched_by(const struct wr_summary *s, uint32_t slot)
{
	const struct wr_rule_count *c = wr_verdict_count(s->policy.verdicts, slot);

	return (struct wr_count){c->packets, c->bytes};
}

static struct wr_count hit_by(const struct wr_summary *s, uint32_t slot)
{
	const struct wr_rule_count *c = wr_verdict_count(s->policy.verdicts, slot);

	return (struct wr_count){c->hit_packets, c->hit_bytes};
}

static struct wr_count all_of(const struct wr_summary *s)
{
	struct wr_count all = {0};

	for (int v = 0; v < VERDICTS; v++)
		all = wr_count_sum(all, verdict_of(s, v));
	return all;
}

/* Statements that stop packets without a rule. */
static const struct {
	int by;
	uint32_t slot;
} statements[] = {{WR_BY_FRAGMENTS, WR_SLOT_FRAGMENTS}, {WR_BY_UNREADABLE, WR_SLOT_UNREADABLE}};

enum { STATEMENTS = sizeof(statements) / sizeof(statements[0]) };

bool wr_summary_policy_balanced(const struct wr_summary *s)
{
	const struct wr_policy *p = s->policy.policy;
	struct wr_count stopped = {0}, kept_out = {0};

	if (!p)
		return true;
	for (size_t i = 0; i < p->n_rules; i++)
		if (!p->rule[i].shadow)
			stopped = wr_count_sum(stopped, hit_by(s, (uint32_t)i));
	for (int i = 0; i < STATEMENTS; i++)
		stopped = wr_count_sum(stopped, hit_by(s, statements[i].slot));
	for (int v = WR_VERDICT_DROP; v < VERDICTS; v++)
		kept_out = wr_count_sum(kept_out, verdict_of(s, v));
	return wr_count_same(stopped, kept_out) &&
	       (!s->has_ledger || wr_count_same(s->arrived, all_of(s)));
}

/* ---- text ---- */

static void verdict_rows(const struct wr_summary *s, struct wr_view_table *t)
{
	static const struct wr_view_column columns[] = {{"Verdicts", 40}, {"packets", 13}, {"%", 7},
							{"bytes", 11},	  {"%", 7},	   {0}};
	struct wr_count all = all_of(s);

	wr_buf_char(t->b, '\n');
	wr_view_table_head(t, columns);
	for (int v = 0; v < VERDICTS; v++) {
		struct wr_count n = verdict_of(s, v);

		wr_buf_str(wr_view_table_label(t), verdicts[v].text);
		wr_view_number(t->cell[1], n.packets);
		wr_view_percent(t->cell[2], n.packets, all.packets);
		wr_view_si(t->cell[3], (double)n.bytes, "B");
		wr_view_percent(t->cell[4], n.bytes, all.bytes);
		wr_view_table_row(t);
	}
}

static void counts(struct wr_view_table *t, struct wr_count matched, struct wr_count hit,
		   bool shadow)
{
	char cell[WR_VIEW_CELL];

	wr_view_number(t->cell[1], matched.packets);
	wr_view_si(t->cell[2], (double)matched.bytes, "B");
	wr_view_number(cell, hit.packets);
	snprintf(t->cell[3], WR_VIEW_CELL, shadow ? "(%.20s)" : "%.20s", cell);
	wr_view_table_row(t);
}

static void rule_row(const struct wr_summary *s, struct wr_view_table *t, uint32_t i)
{
	const struct wr_policy *p = s->policy.policy;
	const struct wr_rule *r = &p->rule[i];
	struct wr_buf *l = wr_view_table_label(t);

	if (!r->named)
		wr_buf_fmt(l, "%s: ", r->name);
	wr_policy_print_rule(l, p, r);
	if (r->host)
		wr_buf_str(l, " # not asked: hosts are known of flows");
	counts(t, matched_by(s, i), hit_by(s, i), r->shadow);
}

static void rule_rows(const struct wr_summary *s, struct wr_view_table *t, const uint32_t *order)
{
	static const struct wr_view_column columns[] = {{"Rules as they are asked", 44},
							{"matched", 12},
							{"bytes", 11},
							{"stopped", 12},
							{0}};
	const struct wr_policy *p = s->policy.policy;
	bool shadow = false;

	wr_buf_char(t->b, '\n');
	wr_view_table_head(t, columns);
	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rule[order[i]].action == WR_ACTION_CLASS)
			continue;
		rule_row(s, t, order[i]);
		shadow = shadow || p->rule[order[i]].shadow;
	}
	for (int i = 0; i < STATEMENTS; i++) {
		struct wr_count n = matched_by(s, statements[i].slot);

		if (!n.packets)
			continue;
		wr_buf_fmt(wr_view_table_label(t), "%s drop", wr_verdict_rule(p, statements[i].by));
		counts(t, n, n, false);
	}
	if (shadow)
		wr_buf_str(t->b, "  (n): what a shadow would have stopped\n");
}

static void class_rows(const struct wr_summary *s, struct wr_view_table *t)
{
	static const struct wr_view_column columns[] = {
		{"Classes of what passed", 40}, {"packets", 13}, {"%", 7}, {"bytes", 11}, {0}};
	const struct wr_policy *p = s->policy.policy;
	struct wr_count passed = verdict_of(s, WR_VERDICT_PASS);

	if (!p->n_classes)
		return;
	wr_buf_char(t->b, '\n');
	wr_view_table_head(t, columns);
	for (size_t k = 0; k < p->n_classes; k++) {
		struct wr_count n = class_of(s, k);

		wr_buf_str(wr_view_table_label(t), p->class_[k].name);
		wr_view_number(t->cell[1], n.packets);
		wr_view_percent(t->cell[2], n.packets, passed.packets);
		wr_view_si(t->cell[3], (double)n.bytes, "B");
		wr_view_table_row(t);
	}
}

void wr_summary_policy_text(const struct wr_summary *s, struct wr_view_table *t)
{
	const struct wr_policy *p = s->policy.policy;
	uint32_t *order;

	if (!p)
		return;
	order = calloc(p->n_rules + 1, sizeof(*order));
	t->b->failed |= !order;
	if (!order)
		return;
	wr_policy_order(p, order);
	verdict_rows(s, t);
	rule_rows(s, t, order);
	class_rows(s, t);
	free(order);
}

void wr_summary_policy_ledger(const struct wr_summary *s, struct wr_buf *b)
{
	if (!s->policy.policy)
		return;
	wr_buf_str(b, "  judged ");
	wr_view_digits(b, all_of(s).packets);
	for (int v = 0; v < VERDICTS; v++) {
		wr_buf_fmt(b, " %c %s ", v ? '+' : '=', verdicts[v].text);
		wr_view_digits(b, verdict_of(s, v).packets);
	}
	wr_buf_char(b, '\n');
}

/* ---- JSON ---- */

static void rule_json(const struct wr_summary *s, struct wr_buf *b, uint32_t i)
{
	static const char *const action[WR_ACTION_COUNT] = {
		[WR_ACTION_ALLOW] = "allow",	 [WR_ACTION_DROP] = "drop",
		[WR_ACTION_LIMIT] = "limit",	 [WR_ACTION_CLASS] = "class",
		[WR_ACTION_COOKIES] = "cookies",
	};
	const struct wr_policy *p = s->policy.policy;
	const struct wr_rule *r = &p->rule[i];
	struct wr_buf text = {0};

	wr_policy_print_rule(&text, p, r);
	wr_json_open(b);
	wr_json_str(b, "rule", r->name);
	wr_json_str(b, "action", action[r->action]);
	wr_json_str(b, "text", wr_buf_text(&text));
	if (r->shadow)
		wr_json_bool(b, "shadow", true);
	if (r->host)
		wr_json_bool(b, "asked", false);
	wr_view_count_json(b, "matched", matched_by(s, i));
	if (r->action != WR_ACTION_ALLOW)
		wr_view_count_json(b, r->shadow ? "would_stop" : "stopped", hit_by(s, i));
	wr_json_close(b);
	wr_buf_free(&text);
}

static void rules_json(const struct wr_summary *s, struct wr_buf *b)
{
	const struct wr_policy *p = s->policy.policy;
	uint32_t *order = calloc(p->n_rules + 1, sizeof(*order));

	b->failed |= !order;
	if (!order)
		return;
	wr_policy_order(p, order);
	wr_json_array(b, "rules");
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rule[order[i]].action != WR_ACTION_CLASS)
			rule_json(s, b, order[i]);
	wr_json_end_array(b);
	free(order);
}

void wr_summary_policy_json(const struct wr_summary *s, struct wr_buf *b)
{
	const struct wr_policy *p = s->policy.policy;
	struct wr_count all;

	if (!p)
		return;
	all = all_of(s);
	wr_json_open_key(b, "policy");
	wr_json_str(b, "file", s->policy.file);
	wr_json_u64(b, "packets", all.packets);
	wr_json_u64(b, "bytes", all.bytes);
	for (int v = 0; v < VERDICTS; v++)
		wr_view_count_json(b, verdicts[v].key, verdict_of(s, v));
	for (int i = 0; i < STATEMENTS; i++)
		if (matched_by(s, statements[i].slot).packets)
			wr_view_count_json(b, wr_verdict_rule(p, statements[i].by),
					   matched_by(s, statements[i].slot));
	rules_json(s, b);
	wr_json_open_key(b, "classes");
	for (size_t k = 0; k < p->n_classes; k++)
		wr_view_count_json(b, p->class_[k].name, class_of(s, k));
	wr_json_close(b);
	wr_json_bool(b, "balanced", wr_summary_policy_balanced(s));
	wr_json_close(b);
}
