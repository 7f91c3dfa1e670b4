/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "core/proto.h"

/* What a rule is for: from, on, host, where. (to: policy/target.c) */

static int full(struct wr_policy_reader *r, const char *instead)
{
	return wr_policy_wrong(r, E2BIG, &r->token, "more than %d in one list%s", WR_POLICY_LIST,
			       instead);
}

/* ---- from, not from ---- */

static int from_set(struct wr_policy_reader *r)
{
	struct wr_rule *rule = r->rule;
	int set, ret;
	void *at;

	if (rule->n_from_sets == WR_POLICY_LIST)
		return full(r, "");
	ret = wr_policy_read_ref(r, &set);
	if (ret)
		return ret;
	for (size_t i = 0; i < rule->n_from_sets; i++)
		if (rule->from_sets[i] == set)
			return 0;
	at = wr_policy_grow(rule->from_sets, rule->n_from_sets, sizeof(*rule->from_sets));
	if (!at)
		return wr_policy_no_memory(r);
	rule->from_sets = at;
	rule->from_sets[rule->n_from_sets++] = set;
	return 0;
}

static int from_one(struct wr_policy_reader *r)
{
	struct wr_prefix p;

	if (r->token.kind != WR_TOKEN_WORD)
		return wr_policy_expected(r, r->clause->expects, NULL);
	if (r->token.at[0] == '@')
		return from_set(r);
	if (wr_prefix_parse(&p, r->token.at, r->token.n))
		return wr_policy_no_prefix(r, &r->token, r->token.at, r->token.n);
	if (r->rule->from.n == WR_POLICY_LIST)
		return full(r, "; a set can have a million");
	if (wr_prefixes_add(&r->rule->from, &p))
		return wr_policy_no_memory(r);
	wr_policy_next(r);
	return 0;
}

int wr_policy_read_from(struct wr_policy_reader *r)
{
	int ret;

	do
		ret = from_one(r);
	while (!ret && wr_policy_skip(r, WR_TOKEN_COMMA));
	wr_prefixes_sort(&r->rule->from);
	return ret;
}

int wr_policy_read_not(struct wr_policy_reader *r)
{
	if (!wr_policy_is(r, r->clause->expects))
		return wr_policy_expected(r, r->clause->expects, NULL);
	r->clause = wr_policy_clause_of(&r->token);
	r->rule->not_from = true;
	wr_policy_next(r);
	return wr_policy_read_from(r);
}

void wr_policy_print_from(const struct wr_policy_writer *w)
{
	const struct wr_rule *rule = w->rule;
	const char *before = rule->not_from ? " not from " : " from ";

	for (size_t i = 0; i < rule->from.n; i++) {
		wr_buf_str(w->b, before);
		wr_prefix_print(w->b, &rule->from.at[i]);
		before = ", ";
	}
	for (size_t i = 0; i < rule->n_from_sets; i++) {
		wr_buf_fmt(w->b, "%s@%s", before, w->p->set[rule->from_sets[i]].name);
		before = ", ";
	}
}

/* Printed with from. */
void wr_policy_print_not(const struct wr_policy_writer *w)
{
	(void)w;
}

/* ---- on ---- */

static int on_one(struct wr_policy_reader *r)
{
	struct wr_rule *rule = r->rule;
	char name[16];
	int ret;
	void *at;

	if (rule->n_ifaces == WR_POLICY_LIST)
		return full(r, "");
	ret = wr_policy_iface(r, name);
	if (ret)
		return ret;
	at = wr_policy_grow(rule->ifaces, rule->n_ifaces, sizeof(*rule->ifaces));
	if (!at)
		return wr_policy_no_memory(r);
	rule->ifaces = at;
	rule->ifaces[rule->n_ifaces] = strdup(name);
	if (!rule->ifaces[rule->n_ifaces])
		return wr_policy_no_memory(r);
	rule->n_ifaces++;
	return 0;
}

int wr_policy_read_on(struct wr_policy_reader *r)
{
	int ret;

	do
		ret = on_one(r);
	while (!ret && wr_policy_skip(r, WR_TOKEN_COMMA));
	return ret;
}

void wr_policy_print_on(const struct wr_policy_writer *w)
{
	for (size_t i = 0; i < w->rule->n_ifaces; i++)
		wr_buf_fmt(w->b, "%s%s", i ? ", " : " on ", w->rule->ifaces[i]);
}

/* ---- host ---- */

/* Letters, digits, '-' and '_' between dots (RFC 1123, 2.1, and what is in use); *. in front. */
static bool is_host(char *s)
{
	size_t label = 0, n = strlen(s);

	if (n > 253)
		return false;
	if (!strncmp(s, "*.", 2))
		s += 2;
	for (; *s; s++) {
		*s = (char)tolower((unsigned char)*s);
		if (*s == '.' ? !label
			      : !(islower((unsigned char)*s) || isdigit((unsigned char)*s) ||
				  *s == '-' || *s == '_'))
			return false;
		label = *s == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label;
}

int wr_policy_read_host(struct wr_policy_reader *r)
{
	char word[WR_POLICY_WORD];

	if (!wr_policy_peek(r, word))
		return wr_policy_expected(r, r->clause->expects, NULL);
	if (!is_host(word))
		return wr_policy_wrong(r, EINVAL, &r->token,
				       "is no host name; '*.' may stand in front and nowhere else, "
				       "other scripts are written as xn--...");
	r->rule->host = strdup(word);
	if (!r->rule->host)
		return wr_policy_no_memory(r);
	wr_policy_next(r);
	return 0;
}

bool wr_policy_host_is(const char *pattern, const char *host)
{
	size_t n = strcspn(host, ":"), want = strlen(pattern); /* HTTP: with a port */

	if (host[0] == '[')
		return false; /* an address */
	if (n && host[n - 1] == '.')
		n--;
	if (pattern[0] != '*')
		return n == want && !strncasecmp(pattern, host, n);
	return n > want - 1 && !strncasecmp(pattern + 1, host + n - (want - 1), want - 1);
}

void wr_policy_print_host(const struct wr_policy_writer *w)
{
	if (w->rule->host)
		wr_buf_fmt(w->b, " host %s", w->rule->host);
}

/* ---- where ---- */

/* libpcap says what is wrong, and not where: the column is that of the expression. */
static int try_filter(struct wr_policy_reader *r, const struct wr_token *t, const char *expr)
{
	struct wr_filter *f = NULL;
	struct wr_err err = {0};
	int ret = wr_filter_open(&f, expr, WR_LINK_ETHER, &err);

	if (ret == -ENOMEM)
		return wr_policy_no_memory(r);
	if (ret)
		return wr_policy_wrong(r, EINVAL, t, "%s", err.text);
	if (!f)
		return wr_policy_wrong(r, EINVAL, t, "the expression is empty");
	wr_filter_close(&f);
	return 0;
}

int wr_policy_read_where(struct wr_policy_reader *r)
{
	struct wr_token t = r->token;
	int ret = wr_policy_text(r, 1024, r->clause->expects, &r->rule->where);

	return ret ? ret : try_filter(r, &t, r->rule->where);
}

void wr_policy_print_where(const struct wr_policy_writer *w)
{
	if (!w->rule->where)
		return;
	wr_buf_str(w->b, " where ");
	wr_policy_quote(w->b, w->rule->where);
}
