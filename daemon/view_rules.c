/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/near.h"
#include "base/when.h"
#include "daemon/api.h"
#include "daemon/rules.h"

/* The views of the policy: `rules` shows them, `policy` prints all of it, `rule` changes it. */

enum { CONFIRM_LEAST_S = 5, CONFIRM_MOST_S = 3600 };

static int none(struct wr_err *err)
{
	return wr_fail(err, ENODATA,
		       "no policy is loaded: set 'file' in [policy] of the configuration (an empty "
		       "file will do) and restart weir");
}

struct answer {
	struct wr_buf *b;
	bool text, color;
};

static void show(void *ctx, const struct wr_rule_row *row)
{
	const struct answer *a = ctx;

	if (a->text)
		wr_view_rule_text(a->b, row, a->color);
	else
		wr_view_rule_json(a->b, row);
}

static int rules(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		 struct wr_err *err)
{
	struct answer a = {b, q->text, q->how.color};
	struct wr_rules_state s;

	if (!h->rules)
		return none(err);
	s = wr_rules_state(h->rules);
	if (q->text)
		wr_view_rules_head(b, &s, q->how.color);
	wr_rules_each(h->rules, show, &a);
	if (q->text && !s.rules)
		wr_buf_str(b, "  none\n");
	if (q->text)
		return 0;
	wr_json_open(b);
	wr_json_str(b, "event_type", "policy");
	wr_view_rules_state_json(b, &s);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	return 0;
}

static void show_report(void *ctx, const struct wr_rule_report *report)
{
	const struct answer *a = ctx;

	if (a->text)
		wr_view_rule_report_text(a->b, report, a->color);
	else
		wr_view_rule_report_json(a->b, report);
}

static int report(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	struct answer a = {b, q->text, q->how.color};
	const char *name = wr_query_value(q, "rule");

	if (!name)
		return wr_fail(err, EINVAL, "report: which one? (rule=NAME)");
	return h->rules ? wr_rules_report(h->rules, name, show_report, &a, err) : none(err);
}

static int policy(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		  struct wr_err *err)
{
	struct wr_buf text = {0};
	char *rest, *line;

	if (!h->rules)
		return none(err);
	if (q->text) {
		wr_policy_print(b, wr_rules_policy(h->rules));
		return 0;
	}
	wr_policy_print(&text, wr_rules_policy(h->rules));
	wr_buf_text(&text);
	rest = text.at;
	while (rest && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		wr_json_open(b);
		wr_json_str(b, "event_type", "statement");
		wr_json_str(b, "text", line);
		wr_json_close(b);
		wr_buf_char(b, '\n');
	}
	wr_buf_free(&text);
	return 0;
}

/* ---- changes ---- */

static int confirm(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		   struct wr_err *err)
{
	(void)name;
	return wr_rules_confirm(r, c->client, err);
}

static int off(struct wr_rules *r, const struct wr_rules_change *c, char *name, struct wr_err *err)
{
	(void)name;
	return wr_rules_switch(r, false, c->who, err);
}

static int on(struct wr_rules *r, const struct wr_rules_change *c, char *name, struct wr_err *err)
{
	(void)name;
	return wr_rules_switch(r, true, c->who, err);
}

static const struct {
	const char *name, *done;
	bool text; /* it takes one */
	int (*fn)(struct wr_rules *r, const struct wr_rules_change *c, char *name,
		  struct wr_err *err);
} verbs[] = {
	{"add", "in force", true, wr_rules_add},
	{"del", "deleted", true, wr_rules_del},
	{"shadow", "only counts", true, wr_rules_shadow},
	{"enforce", "enforced", true, wr_rules_enforce},
	{"confirm", "confirmed", false, confirm},
	{"off", "switched off: all is counted, nothing is kept out", false, off},
	{"on", "enforced again", false, on},
};

enum { VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static int verb_of(const struct wr_query *q, size_t *verb, struct wr_err *err)
{
	const char *name = wr_query_value(q, "do"), *names[VERBS + 1] = {NULL}, *near;

	for (*verb = 0; *verb < VERBS; (*verb)++) {
		names[*verb] = verbs[*verb].name;
		if (name && !strcmp(name, verbs[*verb].name))
			return 0;
	}
	near = name ? wr_near(name, names) : NULL;
	return wr_fail(err, EINVAL,
		       "rule: do=%s: expected add, del, shadow, enforce, confirm, off "
		       "or on%s%s%s",
		       name ? name : "", near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

static int read_change(const struct wr_query *q, size_t verb, struct wr_rules_change *c,
		       struct wr_err *err)
{
	const char *after = wr_query_value(q, "confirm"), *force = wr_query_value(q, "force");

	c->text = wr_query_value(q, "text");
	c->force = force && !strcmp(force, "1");
	c->client = q->client;
	c->who = q->who;
	c->by = q->is_page ? WR_CHANGER_PAGE : q->is_root ? WR_CHANGER_ROOT : WR_CHANGER_GROUP;
	if (!verbs[verb].text != !c->text)
		return wr_fail(err, EINVAL, "rule %s: %s", verbs[verb].name,
			       verbs[verb].text ? "which one? a statement or a name (text=)"
						: "it takes no text");
	if (!after)
		return 0;
	if (wr_when_span(after, &c->confirm_ns, err))
		return wr_within(err, "confirm");
	if (!verbs[verb].text || c->confirm_ns < CONFIRM_LEAST_S * 1000000000ull ||
	    c->confirm_ns > CONFIRM_MOST_S * 1000000000ull)
		return wr_fail(err, EINVAL, "confirm: of a change, from %ds to 1h",
			       CONFIRM_LEAST_S);
	return 0;
}

static int rule(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
		struct wr_err *err)
{
	const char *ssh = wr_query_value(q, "ssh");
	struct wr_rules_change c = {.ssh = &ssh, .n_ssh = ssh ? 1 : 0};
	char name[WR_POLICY_NAME + 1] = "";
	size_t verb;
	int ret = verb_of(q, &verb, err);

	if (!ret)
		ret = read_change(q, verb, &c, err);
	if (ret)
		return ret;
	if (!q->may_change)
		return wr_fail(err, EPERM,
			       "rules are changed by root, or by who is in socket.group");
	/* The page's process talks with strangers: no more than what the page offers is taken from
	 * it. */
	if (q->is_page && (!verbs[verb].text || c.force || c.confirm_ns))
		return wr_fail(
			err, EPERM,
			"the page adds, shadows, enforces and deletes rules; the rest is for "
			"weir rule");
	if (!h->rules)
		return none(err);
	ret = verbs[verb].fn(h->rules, &c, name, err);
	if (ret)
		return ret;
	if (q->text) {
		wr_buf_fmt(b, "%s%s%s", name, name[0] ? ": " : "", verbs[verb].done);
		if (c.confirm_ns)
			wr_buf_fmt(b, ", and taken back in %llu s unless 'weir rule confirm' comes",
				   (unsigned long long)(c.confirm_ns / 1000000000));
		wr_buf_char(b, '\n');
		if (verbs[verb].text && c.by == WR_CHANGER_ROOT && wr_rules_many_changes(h->rules))
			wr_buf_str(b, "others than root could change no more rules in this minute "
				      "(policy.changes)\n");
		return 0;
	}
	wr_json_open(b);
	wr_json_str(b, "event_type", "rule_change");
	wr_json_str(b, "do", verbs[verb].name);
	if (name[0])
		wr_json_str(b, "rule_id", name);
	if (c.confirm_ns)
		wr_json_u64(b, "confirm_s", c.confirm_ns / 1000000000);
	wr_json_close(b);
	wr_buf_char(b, '\n');
	return 0;
}

static const char *const keys[] = {"do", "text", "force", "confirm", "ssh", NULL};

static const char *const report_keys[] = {"rule", NULL};

const struct wr_api_view wr_api_view_report = {
	"report", "a rule in full: whom it hits, what it said as a shadow, what came of it",
	report_keys, false, report};
const struct wr_api_view wr_api_view_rules = {"rules", "the rules in their order, with counters",
					      NULL, true, rules};
const struct wr_api_view wr_api_view_policy = {"policy", "all statements that are in force", NULL,
					       false, policy};
const struct wr_api_view wr_api_view_rule = {"rule", "changes rules", keys, false, rule};
