/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* set NAME = PREFIX... @SET... file "PATH"... */

static const char item[] = "an address, a prefix, a @set or file \"PATH\"";

void wr_policy_free_set(struct wr_set *s)
{
	for (size_t i = 0; i < s->n_files; i++)
		free(s->files[i]);
	free(s->files);
	free(s->sets);
	wr_prefixes_free(&s->own);
	wr_prefixes_free(&s->filed);
	wr_prefixes_free(&s->all);
	*s = (struct wr_set){0};
}

/* ---- @NAME ---- */

static int no_set(struct wr_policy_reader *r)
{
	const char **names = calloc(r->p->n_sets + 1, sizeof(*names));
	char(*text)[WR_POLICY_NAME + 1] = calloc(r->p->n_sets + 1, sizeof(*text));
	int ret;

	if (!names || !text) {
		free(names);
		free(text);
		return wr_policy_no_memory(r);
	}
	for (size_t i = 0; i < r->p->n_sets; i++) {
		text[i][0] = '@';
		memcpy(text[i] + 1, r->p->set[i].name, WR_POLICY_NAME);
		names[i] = text[i];
	}
	ret = wr_policy_expected(r, "a set that there is (set NAME = ... makes one)", names);
	free(names);
	free(text);
	return ret;
}

int wr_policy_read_ref(struct wr_policy_reader *r, int *index)
{
	char word[WR_POLICY_WORD];

	*index = wr_policy_peek(r, word) ? wr_policy_set(r->p, word + 1) : -1;
	if (*index < 0)
		return no_set(r);
	wr_policy_next(r);
	return 0;
}

static int read_set_ref(struct wr_policy_reader *r, struct wr_set *s)
{
	struct wr_token t = r->token;
	int index, ret;
	void *at;

	ret = wr_policy_read_ref(r, &index);
	if (ret)
		return ret;
	for (size_t i = 0; i < s->n_sets; i++)
		if (s->sets[i] == index)
			return 0;
	if (s->n_sets == WR_POLICY_LIST)
		return wr_policy_wrong(r, E2BIG, &t, "more than %d sets in a set", WR_POLICY_LIST);
	at = wr_policy_grow(s->sets, s->n_sets, sizeof(*s->sets));
	if (!at)
		return wr_policy_no_memory(r);
	s->sets = at;
	s->sets[s->n_sets++] = index;
	return 0;
}

/* ---- file "PATH" ---- */

static int keep_path(struct wr_policy_reader *r, struct wr_set *s, char *path)
{
	void *at = wr_policy_grow(s->files, s->n_files, sizeof(*s->files));

	if (!at) {
		free(path);
		wr_policy_no_memory(r);
		return -ENOMEM;
	}
	s->files = at;
	s->files[s->n_files++] = path;
	return 0;
}

/* Where a daemon happens to stand says nothing about where its files are. */
static int read_file(struct wr_policy_reader *r, struct wr_set *s)
{
	struct wr_err err = {0};
	struct wr_token t;
	char *path;
	int ret;

	wr_policy_next(r);
	t = r->token;
	ret = wr_policy_text(r, PATH_MAX - 1, "a path in quotes", &path);
	if (!ret)
		ret = keep_path(r, s, path);
	if (ret)
		return ret;
	if (path[0] != '/')
		return wr_policy_wrong(r, EINVAL, &t, "a path has to begin with /");
	if (s->n_files > WR_POLICY_LIST)
		return wr_policy_wrong(r, E2BIG, &t, "more than %d files in a set", WR_POLICY_LIST);
	if (r->known)
		return 0;
	ret = wr_prefixes_read(&s->filed, path, &err);
	return ret == -ENOMEM ? wr_policy_no_memory(r)
	       : ret ? wr_policy_wrong(r, err.code == E2BIG ? E2BIG : EINVAL, &t, "%s", err.text)
		     : 0;
}

/* ---- the statement ---- */

static int read_prefix(struct wr_policy_reader *r, struct wr_set *s)
{
	struct wr_prefix p;

	if (r->token.kind != WR_TOKEN_WORD)
		return wr_policy_expected(r, item, NULL);
	if (wr_prefix_parse(&p, r->token.at, r->token.n))
		return wr_policy_no_prefix(r, &r->token, r->token.at, r->token.n);
	if (s->own.n == WR_POLICY_SET_PREFIXES)
		return wr_policy_wrong(r, E2BIG, &r->token, "more than %d prefixes in a set",
				       WR_POLICY_SET_PREFIXES);
	if (wr_prefixes_add(&s->own, &p))
		return wr_policy_no_memory(r);
	wr_policy_next(r);
	return 0;
}

static int read_item(struct wr_policy_reader *r, struct wr_set *s)
{
	if (wr_policy_is(r, "file"))
		return read_file(r, s);
	if (r->token.kind == WR_TOKEN_WORD && r->token.at[0] == '@')
		return read_set_ref(r, s);
	return read_prefix(r, s);
}

/* Items apart by blanks or commas. */
static int read_items(struct wr_policy_reader *r, struct wr_set *s)
{
	int ret = 0;

	while (!ret && r->token.kind != WR_TOKEN_END) {
		ret = read_item(r, s);
		if (!ret && wr_policy_skip(r, WR_TOKEN_COMMA) && r->token.kind == WR_TOKEN_END)
			ret = wr_policy_expected(r, item, NULL);
	}
	return ret;
}

/* Memory is bounded while it is read, too. */
static int in_all(struct wr_policy_reader *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->p->n_sets; i++)
		n += r->p->set[i].own.n + r->p->set[i].filed.n;
	if (n <= WR_POLICY_PREFIXES)
		return 0;
	return wr_policy_wrong(r, E2BIG, &r->head, "more than %d prefixes in all",
			       WR_POLICY_PREFIXES);
}

/* The place was made before, when all names were collected. */
static int declared(struct wr_policy_reader *r, const struct wr_token *t, int i)
{
	if (i < 0)
		return wr_policy_wrong(r, E2BIG, t, "more than %d sets", WR_POLICY_SETS);
	if ((size_t)i < r->old_sets)
		return wr_policy_wrong(r, EEXIST, t, "there is a set of that name");
	if (r->p->set[i].line != r->line_no)
		return wr_policy_wrong(r, EEXIST, t, "there is a set of that name in line %u",
				       r->p->set[i].line);
	return 0;
}

int wr_policy_read_set(struct wr_policy_reader *r)
{
	struct wr_token t = r->token;
	char name[WR_POLICY_NAME];
	int i, ret;

	ret = wr_policy_name(r, name, "the name of a set");
	if (ret)
		return ret;
	if (!wr_policy_skip(r, WR_TOKEN_EQUALS))
		return wr_policy_expected(r, "=", NULL);
	i = wr_policy_set(r->p, name);
	ret = declared(r, &t, i);
	if (ret)
		return ret;
	ret = read_items(r, &r->p->set[i]);
	if (!ret && r->known && wr_prefixes_join(&r->p->set[i].filed, &r->known->filed))
		ret = wr_policy_no_memory(r);
	wr_prefixes_sort(&r->p->set[i].own);
	return ret ? ret : in_all(r);
}

void wr_policy_print_set(struct wr_buf *b, const struct wr_policy *p, const struct wr_set *s)
{
	wr_buf_fmt(b, "set %s =", s->name);
	for (size_t i = 0; i < s->own.n; i++) {
		wr_buf_char(b, ' ');
		wr_prefix_print(b, &s->own.at[i]);
	}
	for (size_t i = 0; i < s->n_sets; i++)
		wr_buf_fmt(b, " @%s", p->set[s->sets[i]].name);
	for (size_t i = 0; i < s->n_files; i++) {
		wr_buf_str(b, " file ");
		wr_policy_quote(b, s->files[i]);
	}
}
