/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Text to policy. All lines are read twice: first for the names of sets and classes, so that a line
 * may speak of what stands below it, then for what they say.
 */

static int read_class_or_rule(struct wr_policy_reader *r);

static const struct statement {
	const char *word;
	bool named; /* may have a name in front */
	int (*read)(struct wr_policy_reader *r);
} statements[] = {
	{"allow", true, wr_policy_read_rule},
	{"drop", true, wr_policy_read_rule},
	{"limit", true, wr_policy_read_rule},
	{"cookies", true, wr_policy_read_rule},
	{"class", true, read_class_or_rule},
	{"set", false, wr_policy_read_set},
	{"link", false, wr_policy_read_link},
	{"model", false, wr_policy_read_model},
	{"fragments", false, wr_policy_read_fragments},
	{"unreadable", false, wr_policy_read_unreadable},
};

enum { STATEMENTS = sizeof(statements) / sizeof(statements[0]) };

bool wr_policy_is_keyword(const struct wr_token *t)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		if (strlen(statements[i].word) == t->n && !memcmp(statements[i].word, t->at, t->n))
			return true;
	return wr_policy_clause_of(t);
}

/* ---- names first ---- */

static int declare_set(struct wr_policy_reader *r, const char *name)
{
	struct wr_policy *p = r->p;
	void *at;

	if (wr_policy_set(p, name) >= 0 || p->n_sets == WR_POLICY_SETS)
		return 0;
	at = wr_policy_grow(p->set, p->n_sets, sizeof(*p->set));
	if (!at)
		return wr_policy_no_memory(r);
	p->set = at;
	p->set[p->n_sets] = (struct wr_set){.line = r->line_no};
	strcpy(p->set[p->n_sets++].name, name);
	return 0;
}

static int declare_class(struct wr_policy_reader *r, const char *name)
{
	struct wr_policy *p = r->p;

	if (wr_policy_class(p, name) >= 0 || p->n_classes == WR_POLICY_CLASSES)
		return 0;
	p->class_[p->n_classes] = (struct wr_class){.line = r->line_no};
	strcpy(p->class_[p->n_classes++].name, name);
	return 0;
}

static int declare_model(struct wr_policy_reader *r, const char *name)
{
	struct wr_policy *p = r->p;

	if (wr_policy_model(p, name) >= 0 || p->n_models == WR_POLICY_MODELS)
		return 0;
	p->model[p->n_models] = (struct wr_policy_model){.line = r->line_no};
	strcpy(p->model[p->n_models++].name, name);
	return 0;
}

static const struct {
	const char *word;
	int (*declare)(struct wr_policy_reader *r, const char *name);
} declared[] = {{"set", declare_set}, {"class", declare_class}, {"model", declare_model}};

enum { DECLARED = sizeof(declared) / sizeof(declared[0]) };

/* What is wrong with it is told when the line is read as a whole. */
static int declare(struct wr_policy_reader *r)
{
	char name[WR_POLICY_WORD];
	size_t i = 0;

	while (i < DECLARED && !wr_policy_is(r, declared[i].word))
		i++;
	if (i == DECLARED)
		return 0;
	wr_policy_next(r);
	if (!wr_policy_can_name(&r->token) || !wr_policy_peek(r, name))
		return 0;
	wr_policy_next(r);
	if (r->token.kind != WR_TOKEN_EQUALS)
		return 0;
	return declared[i].declare(r, name);
}

/* ---- a line ---- */

/* class web = ... makes a class, class web to ... is a rule. */
static int read_class_or_rule(struct wr_policy_reader *r)
{
	struct wr_policy_reader ahead = *r;
	struct wr_token name = r->token;

	wr_policy_next(&ahead);
	if (r->token.kind != WR_TOKEN_WORD || ahead.token.kind != WR_TOKEN_EQUALS)
		return wr_policy_read_rule(r);
	if (r->label.n)
		return wr_policy_wrong(r, EINVAL, &r->label, "only rules have a name in front");
	r->token = ahead.token;
	wr_policy_next(r);
	r->head = name;
	return wr_policy_read_class(r);
}

/* "vpn:" in front of a rule. */
static void take_label(struct wr_policy_reader *r)
{
	r->label = (struct wr_token){0};
	if (r->token.kind != WR_TOKEN_WORD || r->token.at[r->token.n - 1] != ':')
		return;
	r->label = r->token;
	r->label.n--;
	if (r->label.n)
		wr_policy_next(r);
}

static int read_statement(struct wr_policy_reader *r)
{
	const char *words[STATEMENTS + 1] = {NULL};

	if (r->token.kind == WR_TOKEN_END)
		return 0;
	take_label(r);
	for (size_t i = 0; i < STATEMENTS; i++) {
		int ret;

		words[i] = statements[i].word;
		if (!wr_policy_is(r, statements[i].word))
			continue;
		if (r->label.n && !statements[i].named)
			return wr_policy_wrong(r, EINVAL, &r->label,
					       "only rules have a name in front");
		r->head = r->token;
		wr_policy_next(r);
		ret = statements[i].read(r);
		if (!ret && r->token.kind != WR_TOKEN_END)
			ret = wr_policy_expected(r, "the end of the line", NULL);
		return ret;
	}
	return wr_policy_expected(r,
				  "allow, drop, limit, cookies, class, set, link, model, fragments "
				  "or unreadable",
				  words);
}

/* ---- all lines ---- */

/* Wrong lines do not end it; too much of something does, and no memory. */
static int each_line(struct wr_policy_reader *r, int (*fn)(struct wr_policy_reader *r))
{
	const char *s = r->text;
	int ret = 0;

	for (r->line_no = 1; s < r->text_end; r->line_no++) {
		const char *end = memchr(s, '\n', (size_t)(r->text_end - s));

		if (!end)
			end = r->text_end;
		wr_policy_begin(r, s, end);
		ret = fn(r);
		if (ret == -ENOMEM || ret == -E2BIG)
			return ret;
		s = end + 1;
	}
	return 0;
}

/* ---- what no line alone can say ---- */

/* The reader goes to line n again; a statement of its own is the only one. */
static void go_to(struct wr_policy_reader *r, unsigned int n)
{
	const char *s = r->text, *end;

	n = r->name ? n : 1;
	for (r->line_no = 1; r->line_no < n; r->line_no++)
		s = (const char *)memchr(s, '\n', (size_t)(r->text_end - s)) + 1;
	end = memchr(s, '\n', (size_t)(r->text_end - s));
	wr_policy_begin(r, s, end ? end : r->text_end);
}

/* At the name of the set, or where it names the next one of the circle. A statement of its own may
 * close a circle that was found from another of its sets. */
static int tell_flaw(struct wr_policy_reader *r, int code, const struct wr_policy_flaw *flaw)
{
	char own[WR_POLICY_NAME + 8];
	const char *next;
	struct wr_token at;

	go_to(r, r->p->set[flaw->set].line);
	wr_policy_next(r);
	at = r->token;
	if (code == -E2BIG)
		return wr_policy_wrong(r, E2BIG, &at, "%s", flaw->text);
	snprintf(own, sizeof(own), "@%.*s > ", (int)at.n, at.at);
	next = strstr(flaw->text, own);
	next = next ? next + strlen(own) : "";
	for (; r->token.kind != WR_TOKEN_END; wr_policy_next(r))
		if (r->token.n == strcspn(next, " ") && !memcmp(r->token.at, next, r->token.n))
			at = r->token;
	return wr_policy_wrong(r, EINVAL, &at, "is a circle: %s", flaw->text);
}

static uint64_t least_capacity(const struct wr_policy *p)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < p->n_links; i++) {
		if (p->link[i].in_bps && p->link[i].in_bps < least)
			least = p->link[i].in_bps;
		if (p->link[i].out_bps && p->link[i].out_bps < least)
			least = p->link[i].out_bps;
	}
	return least;
}

/* What is guaranteed has to be there. */
static int check_guarantees(struct wr_policy_reader *r)
{
	uint64_t least = least_capacity(r->p), sum = 0;
	struct wr_buf b = {0};

	for (size_t i = 0; i < r->p->n_classes; i++) {
		sum += r->p->class_[i].guarantee_bps;
		if (sum <= least)
			continue;
		go_to(r, r->p->class_[i].line);
		wr_buf_str(&b, "all guarantees together are ");
		wr_policy_print_rate(&b, WR_RATE_BPS, sum);
		wr_buf_str(&b, ", and a link has ");
		wr_policy_print_rate(&b, WR_RATE_BPS, least);
		wr_policy_wrong(r, EINVAL, &r->token, "%s", wr_buf_text(&b));
		wr_buf_free(&b);
		return -EINVAL;
	}
	return 0;
}

static void finish(struct wr_policy_reader *r, size_t from)
{
	struct wr_policy_flaw flaw;
	int ret = wr_policy_flatten(r->p, from, &flaw);

	if (ret == -ENOMEM)
		wr_policy_no_memory(r);
	else if (ret)
		tell_flaw(r, ret, &flaw);
	check_guarantees(r);
	wr_policy_name_rules(r->p);
}

int wr_policy_parse(struct wr_policy **out, const char *text, size_t n, const char *name,
		    wr_policy_tell_fn tell, void *ctx, struct wr_err *err)
{
	struct wr_policy_reader r = {
		.text = text,
		.text_end = text + n,
		.name = name ? name : "policy",
		.tell = tell,
		.ctx = ctx,
		.err = err,
	};
	int ret;

	*out = NULL;
	r.p = calloc(1, sizeof(*r.p));
	if (!r.p)
		return wr_policy_no_memory(&r);
	ret = each_line(&r, declare);
	if (!ret)
		ret = each_line(&r, read_statement);
	if (!ret)
		finish(&r, 0);
	if (r.code)
		wr_policy_free(&r.p);
	*out = r.p;
	return r.code == -EEXIST ? -EINVAL : r.code;
}

/* ---- one statement more ---- */

/* What is behind these is new. */
struct mark {
	size_t sets, rules, classes, links, models;
	bool drop_fragments;
	enum wr_unreadable unreadable;
};

static void undo(struct wr_policy *p, const struct mark *m)
{
	while (p->n_sets > m->sets)
		wr_policy_free_set(&p->set[--p->n_sets]);
	while (p->n_rules > m->rules)
		wr_policy_free_rule(&p->rule[--p->n_rules]);
	while (p->n_models > m->models)
		wr_policy_free_model(&p->model[--p->n_models]);
	p->n_classes = m->classes;
	p->n_links = m->links;
	p->drop_fragments = m->drop_fragments;
	p->unreadable = m->unreadable;
}

static struct wr_policy_reader reader_of(struct wr_policy *p, const char *statement,
					 struct wr_err *err)
{
	return (struct wr_policy_reader){
		.p = p,
		.text = statement,
		.text_end = statement + strlen(statement),
		.line_no = 1,
		.old_sets = p->n_sets,
		.old_classes = p->n_classes,
		.old_links = p->n_links,
		.old_models = p->n_models,
		.err = err,
	};
}

static int one_line(const char *statement, struct wr_err *err)
{
	if (strchr(statement, '\n'))
		return wr_fail(err, EINVAL, "a statement is one line");
	return 0;
}

/* The set of these very words, with what was read for it. */
static const struct wr_set *same_set(const struct wr_policy *p, const char *statement)
{
	const struct wr_set *same = NULL;
	struct wr_buf b = {0};

	for (size_t i = 0; p && i < p->n_sets && !same; i++) {
		size_t n = strlen(p->set[i].name);

		if (!p->set[i].n_files || strncmp(statement, "set ", 4) != 0 ||
		    strncmp(statement + 4, p->set[i].name, n) != 0 || statement[4 + n] != ' ')
			continue;
		wr_policy_print_set(&b, p, &p->set[i]);
		same = strcmp(wr_buf_text(&b), statement) ? NULL : &p->set[i];
		wr_buf_clear(&b);
	}
	wr_buf_free(&b);
	return same;
}

int wr_policy_add(struct wr_policy *p, const char *statement, struct wr_err *err)
{
	return wr_policy_add_known(p, statement, NULL, err);
}

int wr_policy_add_known(struct wr_policy *p, const char *statement, const struct wr_policy *known,
			struct wr_err *err)
{
	struct wr_policy_reader r = reader_of(p, statement, err);
	struct mark m = {p->n_sets,   p->n_rules,	 p->n_classes, p->n_links,
			 p->n_models, p->drop_fragments, p->unreadable};
	int ret = one_line(statement, err);

	if (ret)
		return ret;
	r.known = same_set(known, statement);
	wr_policy_begin(&r, r.text, r.text_end);
	if (r.token.kind == WR_TOKEN_END)
		return wr_policy_expected(&r, "a statement", NULL);
	declare(&r);
	wr_policy_begin(&r, r.text, r.text_end);
	if (!r.code)
		read_statement(&r);
	if (!r.code)
		finish(&r, m.sets);
	if (r.code)
		undo(p, &m);
	if (p->n_sets > m.sets)
		p->set[m.sets].line = 0;
	if (p->n_classes > m.classes)
		p->class_[m.classes].line = 0;
	if (p->n_models > m.models)
		p->model[m.models].line = 0;
	return r.code;
}

int wr_policy_replace_set(struct wr_policy *p, const char *statement, struct wr_err *err)
{
	struct wr_policy_reader r = reader_of(p, statement, err);
	char name[WR_POLICY_WORD] = "";
	struct wr_set old;
	int ret = one_line(statement, err), i;

	if (ret)
		return ret;
	wr_policy_begin(&r, r.text, r.text_end);
	if (!wr_policy_is(&r, "set"))
		return wr_policy_expected(&r, "set NAME = ...", NULL);
	wr_policy_next(&r);
	i = wr_policy_peek(&r, name) ? wr_policy_set(p, name) : -1;
	if (i < 0)
		return wr_policy_wrong(&r, ENOENT, &r.token, "there is no such set");
	old = p->set[i];
	p->set[i] = (struct wr_set){.line = r.line_no};
	memcpy(p->set[i].name, old.name, sizeof(old.name));
	r.old_sets = 0;
	wr_policy_begin(&r, r.text, r.text_end);
	if (!read_statement(&r))
		finish(&r, 0);
	if (r.code) {
		wr_policy_free_set(&p->set[i]);
		p->set[i] = old;
		return r.code;
	}
	p->set[i].line = 0;
	wr_policy_free_set(&old);
	return 0;
}
