/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto.h"

/* A rule: [NAME:] ACTION [what the action takes] CLAUSE... */

static int read_klass(struct wr_policy_reader *r);
static void print_klass(const struct wr_policy_writer *w);

const char *const wr_policy_actions[WR_ACTION_COUNT + 1] = {
	[WR_ACTION_ALLOW] = "allow", [WR_ACTION_DROP] = "drop",	      [WR_ACTION_LIMIT] = "limit",
	[WR_ACTION_CLASS] = "class", [WR_ACTION_COOKIES] = "cookies",
};

/* What stands between the action and the clauses. */
static const struct {
	int (*read)(struct wr_policy_reader *r);
	void (*print)(const struct wr_policy_writer *w);
} heads[WR_ACTION_COUNT] = {
	[WR_ACTION_LIMIT] = {wr_policy_read_limit, wr_policy_print_limit},
	[WR_ACTION_CLASS] = {read_klass, print_klass},
};

/* ---- the class of a class rule ---- */

static int read_klass(struct wr_policy_reader *r)
{
	const char *names[WR_POLICY_CLASSES + 1] = {NULL};
	char word[WR_POLICY_WORD];
	int i = wr_policy_peek(r, word) ? wr_policy_class(r->p, word) : -1;

	for (size_t k = 0; k < r->p->n_classes; k++)
		names[k] = r->p->class_[k].name;
	if (i < 0)
		return wr_policy_expected(r, "the name of a class (class NAME = ... makes one)",
					  names);
	r->rule->klass = i;
	wr_policy_next(r);
	return 0;
}

static void print_klass(const struct wr_policy_writer *w)
{
	wr_buf_fmt(w->b, " %s", w->p->class_[w->rule->klass].name);
}

/* ---- clauses ---- */

static bool fits(const struct wr_policy_clause *c, enum wr_action action)
{
	return !c->actions || (c->actions >> action & 1);
}

/* All clauses that this rule can have, in words. */
static int expected_clause(struct wr_policy_reader *r)
{
	const char *names[WR_POLICY_CLAUSES] = {NULL};
	struct wr_buf b = {0};
	size_t n = 0;
	int ret;

	for (const struct wr_policy_clause *c = wr_policy_clauses; c->word; c++)
		if (fits(c, r->rule->action))
			names[n++] = c->word;
	for (size_t i = 0; i < n; i++)
		wr_buf_fmt(&b, "%s%s", !i ? "" : i + 1 < n ? ", " : " or ", names[i]);
	ret = wr_policy_expected(r, wr_buf_text(&b), names);
	wr_buf_free(&b);
	return ret;
}

/* Of one action only, or of all but this one. */
static int no_clause_of_it(struct wr_policy_reader *r, const struct wr_policy_clause *c)
{
	const char *of = wr_policy_actions[r->rule->action];

	if (c->actions & (c->actions - 1))
		return wr_policy_wrong(r, EINVAL, &r->token, "does not go with %s", of);
	return wr_policy_wrong(r, EINVAL, &r->token, "belongs to %s, not to %s",
			       wr_policy_actions[__builtin_ctz(c->actions)], of);
}

static bool is_seen(const struct wr_policy_reader *r, const struct wr_policy_clause *c)
{
	return r->seen[c - wr_policy_clauses];
}

/* Is there already one of this kind? */
static int once(struct wr_policy_reader *r, const struct wr_policy_clause *c)
{
	for (const struct wr_policy_clause *o = wr_policy_clauses; o->word; o++) {
		if (!is_seen(r, o))
			continue;
		if (o == c)
			return wr_policy_wrong(r, EINVAL, &r->token, "stands in the rule already");
		if (c->others && !strcmp(c->others, o->word))
			return wr_policy_wrong(r, EINVAL, &r->token,
					       "the rule has '%s' already; one of both", o->word);
	}
	return 0;
}

static int read_clause(struct wr_policy_reader *r)
{
	const struct wr_policy_clause *c = wr_policy_clause_of(&r->token);
	int ret;

	if (!c)
		return expected_clause(r);
	if (!fits(c, r->rule->action))
		return no_clause_of_it(r, c);
	ret = once(r, c);
	if (ret)
		return ret;
	r->seen[c - wr_policy_clauses] = r->token.at;
	r->clause = c;
	wr_policy_next(r);
	return c->read(r);
}

/* ---- what no clause alone can say ---- */

/* A line that was cut off, or an expression forgotten, shall not be a rule for everything. */
static int says_for_what(struct wr_policy_reader *r)
{
	const char *any = NULL;
	bool some = false;

	for (const struct wr_policy_clause *c = wr_policy_clauses; c->word; c++) {
		some |= c->matches && is_seen(r, c);
		if (!strcmp(c->word, "any"))
			any = r->seen[c - wr_policy_clauses];
	}
	if (any && some)
		return wr_policy_wrong(r, EINVAL, &(struct wr_token){WR_TOKEN_WORD, any, 3, NULL},
				       "the rule also says for what it is; leave one out");
	if (!any && !some)
		return wr_policy_wrong(r, EINVAL, &r->head,
				       "says not for what it is: add from, to, on, host or where, "
				       "or any if everything is meant");
	return 0;
}

static int counts_something(struct wr_policy_reader *r)
{
	const struct wr_rule *rule = r->rule;

	if (rule->action != WR_ACTION_LIMIT || rule->limit.unit != WR_RATE_CPS || !rule->n_to)
		return 0;
	for (size_t i = 0; i < rule->n_to; i++)
		if (rule->to[i].proto < 0 || rule->to[i].proto == WR_IP_TCP)
			return 0;
	return wr_policy_wrong(r, EINVAL, &r->head,
			       "cps counts connections of TCP, and 'to' has none; use pps");
}

/* What is answered is a SYN. */
static int answers_something(struct wr_policy_reader *r)
{
	const struct wr_rule *rule = r->rule;

	if (rule->action != WR_ACTION_COOKIES)
		return 0;
	for (size_t i = 0; i < rule->n_to; i++)
		if (rule->to[i].proto >= 0 && rule->to[i].proto != WR_IP_TCP)
			return wr_policy_wrong(r, EINVAL, &r->head,
					       "SYN cookies are of TCP, and 'to' names another "
					       "protocol: name services (tcp/443)");
	return 0;
}

static int is_whole(struct wr_policy_reader *r)
{
	int ret = says_for_what(r);

	if (!ret && r->rule->automatic && !r->rule->until_s && !r->rule->for_s)
		ret = wr_policy_wrong(r, EINVAL, &r->head,
				      "an automatic rule has to end: add 'for 10m' or 'until ...'");
	ret = ret ? ret : counts_something(r);
	return ret ? ret : answers_something(r);
}

/* ---- the rule ---- */

static int read_label(struct wr_policy_reader *r)
{
	struct wr_policy_reader at = *r;
	int same, ret;

	if (!r->label.n)
		return 0;
	at.token = r->label;
	at.end = r->label.at + r->label.n;
	ret = wr_policy_name(&at, r->rule->name, "the name of a rule");
	r->code = at.code;
	r->rule->named = true;
	same = ret ? -1 : wr_policy_rule(r->p, r->rule->name);
	if (same < 0)
		return ret;
	if (!r->p->rule[same].line)
		return wr_policy_wrong(r, EEXIST, &r->label, "there is a rule of that name");
	return wr_policy_wrong(r, EEXIST, &r->label, "there is a rule of that name in line %u",
			       r->p->rule[same].line);
}

static enum wr_action action_of(const struct wr_token *t)
{
	enum wr_action a = WR_ACTION_ALLOW;

	while (strlen(wr_policy_actions[a]) != t->n || memcmp(wr_policy_actions[a], t->at, t->n))
		a++;
	return a;
}

static int read_all(struct wr_policy_reader *r)
{
	int ret = read_label(r);

	if (!ret && heads[r->rule->action].read)
		ret = heads[r->rule->action].read(r);
	while (!ret && r->token.kind != WR_TOKEN_END)
		ret = read_clause(r);
	return ret ? ret : is_whole(r);
}

static int append(struct wr_policy_reader *r)
{
	struct wr_policy *p = r->p;
	void *at;

	if (p->n_rules == WR_POLICY_RULES)
		return wr_policy_wrong(r, E2BIG, &r->head,
				       "more than %d rules; sets and lists make one of many",
				       WR_POLICY_RULES);
	at = wr_policy_grow(p->rule, p->n_rules, sizeof(*p->rule));
	if (!at)
		return wr_policy_no_memory(r);
	p->rule = at;
	p->rule[p->n_rules++] = *r->rule;
	return 0;
}

int wr_policy_read_rule(struct wr_policy_reader *r)
{
	struct wr_rule rule = {
		.priority = WR_POLICY_PRIORITY,
		.line = r->name ? r->line_no : 0,
		.action = action_of(&r->head),
	};
	int ret;

	r->rule = &rule;
	memset(r->seen, 0, sizeof(r->seen));
	ret = read_all(r);
	if (!ret)
		ret = append(r);
	if (ret)
		wr_policy_free_rule(&rule);
	r->rule = NULL;
	return ret;
}

/* r1, r2 ...: the number that it has among the rules, or the next one that is free. */
void wr_policy_name_rules(struct wr_policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		char name[WR_POLICY_NAME];

		if (p->rule[i].name[0])
			continue;
		for (size_t k = i + 1;; k++) {
			snprintf(name, sizeof(name), "r%zu", k);
			if (wr_policy_rule(p, name) < 0)
				break;
		}
		memcpy(p->rule[i].name, name, sizeof(name));
	}
}

void wr_policy_print_rule(struct wr_buf *b, const struct wr_policy *p, const struct wr_rule *rule)
{
	struct wr_policy_writer w = {.b = b, .p = p, .rule = rule};

	if (rule->named)
		wr_buf_fmt(b, "%s: ", rule->name);
	wr_buf_str(b, wr_policy_actions[rule->action]);
	if (heads[rule->action].print)
		heads[rule->action].print(&w);
	for (w.clause = wr_policy_clauses; w.clause->word; w.clause++)
		w.clause->print(&w);
}
