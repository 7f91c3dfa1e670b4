/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The clauses of a rule: the table, and those that are too small for a file of their own. */

/* ---- flags ---- */

static bool *flag_of(struct wr_rule *rule, const struct wr_policy_clause *c)
{
	return (bool *)((char *)rule + c->offset);
}

static int read_flag(struct wr_policy_reader *r)
{
	*flag_of(r->rule, r->clause) = true;
	return 0;
}

static void print_flag(const struct wr_policy_writer *w)
{
	if (*(const bool *)((const char *)w->rule + w->clause->offset))
		wr_buf_fmt(w->b, " %s", w->clause->word);
}

/* ---- any ---- */

/* That it stands alone is seen when the rule is whole (policy/rule.c). */
static int read_any(struct wr_policy_reader *r)
{
	(void)r;
	return 0;
}

static void print_any(const struct wr_policy_writer *w)
{
	const struct wr_rule *r = w->rule;

	if (!r->from.n && !r->n_from_sets && !r->n_to && !r->n_ifaces && !r->host && !r->where)
		wr_buf_str(w->b, " any");
}

/* ---- priority ---- */

static int read_priority(struct wr_policy_reader *r)
{
	char word[WR_POLICY_WORD], *end;
	unsigned long v;

	if (!wr_policy_peek(r, word) || word[0] < '0' || word[0] > '9')
		return wr_policy_expected(r, r->clause->expects, NULL);
	errno = 0;
	v = strtoul(word, &end, 10);
	if (errno || *end || v > 65535)
		return wr_policy_expected(r, r->clause->expects, NULL);
	r->rule->priority = (uint32_t)v;
	wr_policy_next(r);
	return 0;
}

static void print_priority(const struct wr_policy_writer *w)
{
	if (w->rule->priority != WR_POLICY_PRIORITY)
		wr_buf_fmt(w->b, " priority %" PRIu32, w->rule->priority);
}

/* ---- why ---- */

static int read_why(struct wr_policy_reader *r)
{
	return wr_policy_text(r, 256, r->clause->expects, &r->rule->why);
}

static void print_why(const struct wr_policy_writer *w)
{
	if (!w->rule->why)
		return;
	wr_buf_str(w->b, " why ");
	wr_policy_quote(w->b, w->rule->why);
}

/* ---- the table: in the order in which they are printed ---- */

#define LIMIT (1u << WR_ACTION_LIMIT)
#define COOKIES (1u << WR_ACTION_COOKIES)
#define NOT_COOKIES ((1u << WR_ACTION_COUNT) - 1 - COOKIES)
#define FLAG(field) \
	.offset = offsetof(struct wr_rule, field), .read = read_flag, .print = print_flag
#define CLAUSE(verb) .read = wr_policy_read_##verb, .print = wr_policy_print_##verb

/* One a line. */
/* clang-format off */
const struct wr_policy_clause wr_policy_clauses[] = {
	{.word = "over", .actions = COOKIES, CLAUSE(over),
	 .expects = "new connections a second of a service (1000cps, 5kcps)"},
	{.word = "burst", .actions = LIMIT, CLAUSE(burst),
	 .expects = "packets or connections (200), or bytes for a rate in bits (64KiB, 1MiB)"},
	{.word = "per", .actions = LIMIT, CLAUSE(per),
	 .expects = "source, source/24, source/24/64 (IPv4 and IPv6), service or rule"},
	{.word = "from", .others = "not", .matches = true, CLAUSE(from),
	 .expects = "an address, a prefix or a @set"},
	{.word = "not", .others = "from", .matches = true, CLAUSE(not),
	 .expects = "from"},
	{.word = "to", .matches = true, CLAUSE(to),
	 .expects = "a service (tcp/443, udp/5000-5999@10.0.0.5), a protocol or an address"},
	{.word = "on", .matches = true, CLAUSE(on),
	 .expects = "the name of an interface"},
	{.word = "host", .matches = true, .actions = NOT_COOKIES, CLAUSE(host),
	 .expects = "a host name (www.example.org, *.example.org)"},
	{.word = "where", .matches = true, CLAUSE(where),
	 .expects = "a pcap-filter expression in quotes"},
	{.word = "any", .read = read_any, .print = print_any},
	{.word = "score", .actions = NOT_COOKIES, CLAUSE(score),
	 .expects = "the name of a model (model NAME = file \"PATH\" makes one)"},
	{.word = "inner", .actions = NOT_COOKIES, FLAG(inner)},
	{.word = "out", .actions = NOT_COOKIES, FLAG(out)},
	{.word = "at", CLAUSE(at),
	 .expects = "days (mon-fri, sat,sun) or a time of day (08:00-18:00), or both"},
	{.word = "priority", .read = read_priority, .print = print_priority,
	 .expects = "a number from 0, asked first, to 65535"},
	{.word = "shadow", FLAG(shadow)},
	{.word = "auto", FLAG(automatic)},
	{.word = "for", .others = "until", CLAUSE(for),
	 .expects = "how long, in whole seconds from 1s to 3650d (90s, 10m, 1h30m)"},
	{.word = "until", .others = "for", CLAUSE(until),
	 .expects = "a time (2026-11-25T18:00:00Z, or 2026-11-25 18:00 for local time)"},
	{.word = "why", .read = read_why, .print = print_why,
	 .expects = "a text in quotes"},
	{.word = NULL},
};
/* clang-format on */

_Static_assert(sizeof(wr_policy_clauses) / sizeof(wr_policy_clauses[0]) <= WR_POLICY_CLAUSES,
	       "room for where each was seen");

const struct wr_policy_clause *wr_policy_clause_of(const struct wr_token *t)
{
	for (const struct wr_policy_clause *c = wr_policy_clauses; c->word; c++)
		if (t->kind == WR_TOKEN_WORD && strlen(c->word) == t->n &&
		    !memcmp(c->word, t->at, t->n))
			return c;
	return NULL;
}
