/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "daemon/query.h"
#include "policy/policy.h"
#include "ui/mcp/mcp.h"
#include "ui/mcp/rpc.h"

enum { ARGS = 2, TEXT_MOST = 1000, ANSWER_MOST = 1 << 18, SHADOWS = 16, SHADOW_S = 86400 };

struct arg {
	const char *name, *help;
	const char *const *choices; /* of a string; NULL: any */
	long long least, most;	    /* of a whole number; most 0: it is a string */
	bool required;
};

struct tool {
	const char *name, *request, *help;
	struct arg arg[ARGS];
	bool changes; /* only when it is allowed */
};

static const char *const sorts[] = {"rate", "bytes", "packets", "flows", "sources", "age", NULL};

#define TOP(n)                                                   \
	{                                                        \
		"top", "so many rows at most", NULL, 1, n, false \
	}
#define SORT                                                   \
	{                                                      \
		"sort", "what comes first", sorts, 0, 0, false \
	}

static const struct tool tools[] = {
	{"status",
	 "status",
	 "How weir is: interfaces and hooks, rights, what it has lost, what goes on.",
	 {{0}},
	 false},
	{"services",
	 "services",
	 "Services of this host (address, protocol, port): rates of the last second, totals, "
	 "flows, "
	 "sources.",
	 {TOP(200), SORT},
	 false},
	{"talkers",
	 "talkers",
	 "Addresses that this host talks with: rates and totals.",
	 {TOP(200), SORT},
	 false},
	{"incidents",
	 "incidents",
	 "Attacks and whatever else is unusual: what goes on first, then what is over.",
	 {TOP(256)},
	 false},
	{"incident",
	 "explain",
	 "One incident in full: evidence against what is usual, sources, its life, the rule "
	 "against "
	 "it and its reach, those like it before, what to type next.",
	 {{"id", "incident_id, of incidents", NULL, 1, INT64_MAX, true}},
	 false},
	{"rules",
	 "rules",
	 "Rules in the order in which a packet meets them, with counters.",
	 {{0}},
	 false},
	{"ledger",
	 "ledger",
	 "Where every packet went: arrived, passed, stopped, lost.",
	 {{0}},
	 false},
	{"shadow_rule",
	 "rule do=shadow",
	 "Adds a rule that only counts what it would keep out, for a day at most (for); 16 a "
	 "session. Nothing is kept out by it. See 'remedy' of an incident for one that fits.",
	 {{"text", "one rule, as in: drop from 203.0.113.0/24 to tcp/443 for 10m", NULL, 0, 0,
	   true}},
	 true},
};

enum { TOOLS = sizeof(tools) / sizeof(tools[0]) };

/* ---- what there is ---- */

static void arg_json(struct wr_buf *b, const struct arg *a)
{
	wr_json_open_key(b, a->name);
	wr_json_str(b, "type", a->most ? "integer" : "string");
	wr_json_str(b, "description", a->help);
	if (a->most) {
		wr_json_u64(b, "minimum", (uint64_t)a->least);
		wr_json_u64(b, "maximum", (uint64_t)a->most);
	}
	if (a->choices) {
		wr_json_array(b, "enum");
		for (const char *const *c = a->choices; *c; c++)
			wr_json_str(b, NULL, *c);
		wr_json_end_array(b);
	}
	wr_json_close(b);
}

static void tool_json(struct wr_buf *b, const struct tool *t)
{
	wr_json_open(b);
	wr_json_str(b, "name", t->name);
	wr_json_str(b, "description", t->help);
	wr_json_open_key(b, "inputSchema");
	wr_json_str(b, "type", "object");
	wr_json_open_key(b, "properties");
	for (int i = 0; i < ARGS && t->arg[i].name; i++)
		arg_json(b, &t->arg[i]);
	wr_json_close(b);
	wr_json_array(b, "required");
	for (int i = 0; i < ARGS && t->arg[i].name; i++)
		if (t->arg[i].required)
			wr_json_str(b, NULL, t->arg[i].name);
	wr_json_end_array(b);
	wr_json_bool(b, "additionalProperties", false);
	wr_json_close(b);
	wr_json_open_key(b, "annotations");
	wr_json_bool(b, "readOnlyHint", !t->changes);
	wr_json_bool(b, "destructiveHint", false);
	wr_json_bool(b, "openWorldHint", false);
	wr_json_close(b);
	wr_json_close(b);
}

void wr_mcp_tools_list(const struct wr_mcp *m, struct wr_buf *b)
{
	wr_json_array(b, "tools");
	for (int i = 0; i < TOOLS; i++)
		if (!tools[i].changes || m->allow_shadow)
			tool_json(b, &tools[i]);
	wr_json_end_array(b);
}

/* ---- a call ---- */

static const struct tool *find(const struct wr_mcp *m, const char *name)
{
	for (int i = 0; name && i < TOOLS; i++)
		if (!strcmp(tools[i].name, name) && (!tools[i].changes || m->allow_shadow))
			return &tools[i];
	return NULL;
}

static const struct arg *arg_of(const struct tool *t, const char *name)
{
	for (int i = 0; i < ARGS && t->arg[i].name; i++)
		if (!strcmp(t->arg[i].name, name))
			return &t->arg[i];
	return NULL;
}

static bool chosen(const struct arg *a, const char *word)
{
	if (!a->choices)
		return *word && strlen(word) <= TEXT_MOST && !strpbrk(word, "\r\n");
	for (const char *const *c = a->choices; *c; c++)
		if (!strcmp(*c, word))
			return true;
	return false;
}

static bool add_arg(struct wr_buf *request, const struct arg *a, const json_t *value)
{
	json_int_t v = json_integer_value(value);

	wr_buf_fmt(request, " %s=", a->name);
	if (a->most) {
		wr_buf_fmt(request, "%lld", (long long)v);
		return json_is_integer(value) && v >= a->least && v <= a->most;
	}
	if (!json_is_string(value) || !chosen(a, json_string_value(value)))
		return false;
	wr_query_encode(request, json_string_value(value));
	return true;
}

/* Fills why, and returns it, when the arguments are not what the tool takes. */
static const char *arguments(struct wr_buf *request, const struct tool *t, json_t *args, char *why,
			     size_t room)
{
	const char *key;
	json_t *value;

	if (args && !json_is_object(args))
		return "arguments: an object";
	json_object_foreach(args, key, value)
	{
		const struct arg *a = arg_of(t, key);

		if (a && add_arg(request, a, value))
			continue;
		snprintf(why, room, "%s: %s: %s; see its inputSchema", t->name,
			 a ? a->name : "an argument", a ? a->help : "it does not take that");
		return why;
	}
	for (int i = 0; i < ARGS && t->arg[i].name; i++) {
		if (!t->arg[i].required || json_object_get(args, t->arg[i].name))
			continue;
		snprintf(why, room, "%s: %s is missing", t->name, t->arg[i].name);
		return why;
	}
	return NULL;
}

static void nobody(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	(void)ctx, (void)line, (void)column, (void)text;
}

/* One new rule and nothing else: a name would turn a rule that is in force into one that counts,
 * and a set may belong to others. It ends by itself: nobody else would take it out. */
static int only_a_rule(const struct wr_mcp *m, const char *text, struct wr_err *err)
{
	struct wr_policy *p = NULL;
	int ret = wr_policy_parse(&p, text, strlen(text), "text", nobody, NULL, err);

	if (!ret && (p->n_rules != 1 || p->n_sets || p->n_classes || p->n_links || p->n_models))
		ret = wr_fail(err, EINVAL,
			      "one rule is expected, without sets, classes, links and models");
	else if (!ret && (!p->rule[0].for_s || p->rule[0].for_s > SHADOW_S))
		ret = wr_fail(err, EINVAL, "a rule of an assistant ends: for 10m, %ds at most",
			      SHADOW_S);
	else if (!ret && m->shadows >= SHADOWS)
		ret = wr_fail(err, EDQUOT, "%d rules were added in this session, as many as may be",
			      SHADOWS);
	wr_policy_free(&p);
	return ret;
}

static void say(struct wr_buf *b, const struct wr_rpc *r, const char *text, size_t n, bool failed)
{
	wr_rpc_begin(b, r);
	wr_json_array(b, "content");
	wr_json_open(b);
	wr_json_str(b, "type", "text");
	wr_json_strn(b, "text", text, n);
	wr_json_close(b);
	wr_json_end_array(b);
	wr_json_bool(b, "isError", failed);
	wr_rpc_end(b);
}

void wr_mcp_tools_call(struct wr_mcp *m, const struct wr_rpc *r, struct wr_buf *b)
{
	const struct tool *t = find(m, json_string_value(json_object_get(r->params, "name")));
	json_t *args = json_object_get(r->params, "arguments");
	struct wr_buf request = {0}, answer = {0};
	struct wr_err err = {0};
	const char *why = "name: no such tool (tools/list)";
	char text[256];
	int ret = 0;

	if (t) {
		wr_buf_str(&request, t->request);
		why = arguments(&request, t, args, text, sizeof(text));
	}
	if (why) {
		wr_rpc_error(b, r, WR_RPC_PARAMS, why);
		wr_buf_free(&request);
		return;
	}
	if (t->changes)
		ret = only_a_rule(m, json_string_value(json_object_get(args, "text")), &err);
	if (!ret)
		ret = m->ask(m->ctx, wr_buf_text(&request), &answer, &err);
	m->shadows += !ret && t->changes;
	if (!ret && answer.used > ANSWER_MOST)
		ret = wr_fail(&err, E2BIG, "the answer is too long; ask for fewer rows (top)");
	if (ret)
		say(b, r, err.text, strlen(err.text), true);
	else
		say(b, r, answer.at, answer.used, false);
	wr_buf_free(&request);
	wr_buf_free(&answer);
}
