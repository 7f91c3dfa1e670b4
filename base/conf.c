/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/unit.h"

enum {
	LINE_MAX_BYTES = 4096,
	LINES_MAX = 10000,
	STRING_MAX = 1024,
	WORDS_MAX = 256,
	NAMES_MAX = 256,
};

static const char blank[] = " \t";

struct value {
	char *text;   /* owned: as in the file, without comment and outer blanks */
	char *origin; /* owned */
	char *string; /* owned: text without quotes; of a LIST all words, each ended by 0 */
	const char **words;
	size_t n_words;
	uint64_t number;
	int line; /* in the file that is being read; 0 = not set there */
};

struct wr_conf {
	const struct wr_conf_item *table;
	size_t n;
	struct value *value;
};

/* ---- one value ---- */

static void forget(struct value *v)
{
	free(v->text);
	free(v->origin);
	free(v->string);
	free(v->words);
	*v = (struct value){0};
}

/* A word that may stand in quotes, where \" and \\ are one character. Returns what follows it, or
 * NULL when the quotes do not end; *to is moved behind the word and its 0. */
static const char *word(const char *s, char **to, const char *ends)
{
	if (*s != '"') {
		size_t n = strcspn(s, ends);

		memcpy(*to, s, n);
		(*to)[n] = 0;
		*to += n + 1;
		return s + n;
	}
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		*(*to)++ = *s;
	}
	*(*to)++ = 0;
	return *s ? s + 1 : NULL;
}

static int split(struct value *v)
{
	const char *s = v->text + strspn(v->text, " \t,");
	char *to = v->string;

	v->words = calloc(WORDS_MAX, sizeof(*v->words));
	if (!v->words)
		return -ENOMEM;
	while (*s) {
		if (v->n_words == WORDS_MAX)
			return -E2BIG;
		v->words[v->n_words++] = to;
		s = word(s, &to, " \t,");
		if (!s)
			return -EINVAL;
		s += strspn(s, " \t,");
	}
	return 0;
}

static int read_string(struct value *v)
{
	char *to = v->string;
	const char *end = word(v->text, &to, "");

	return end && !end[strspn(end, blank)] ? 0 : -EINVAL;
}

static int read_bool(const char *s, uint64_t *v)
{
	static const char *const words[] = {"no", "yes", "off", "on", "false", "true"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(s, words[i])) {
			*v = i & 1;
			return 0;
		}
	return -EINVAL;
}

static int read_enum(const struct wr_conf_item *it, const char *s, uint64_t *v)
{
	for (size_t i = 0; it->choices[i]; i++)
		if (!strcmp(s, it->choices[i])) {
			*v = i;
			return 0;
		}
	return -EINVAL;
}

/* By type: text to number, or to words. */
static int read_typed(const struct wr_conf_item *it, struct value *v)
{
	switch (it->type) {
	case WR_CONF_BOOL:
		return read_bool(v->text, &v->number);
	case WR_CONF_NUMBER:
		return wr_unit_number(v->text, &v->number);
	case WR_CONF_DURATION:
		return wr_unit_duration(v->text, &v->number);
	case WR_CONF_SIZE:
		return wr_unit_size(v->text, &v->number);
	case WR_CONF_STRING:
		return read_string(v);
	case WR_CONF_LIST:
		return split(v);
	case WR_CONF_ENUM:
		return read_enum(it, v->text, &v->number);
	case WR_CONF_TYPES:
		break;
	}
	return -EINVAL;
}

static bool in_range(const struct wr_conf_item *it, const struct value *v)
{
	switch (it->type) {
	case WR_CONF_NUMBER:
	case WR_CONF_DURATION:
	case WR_CONF_SIZE:
		return v->number >= it->min && v->number <= it->max;
	case WR_CONF_STRING:
		return strlen(v->string) >= it->min &&
		       strlen(v->string) <= (it->max ? it->max : STRING_MAX);
	case WR_CONF_LIST:
		return v->n_words >= it->min && v->n_words <= (it->max ? it->max : WORDS_MAX);
	default:
		return true;
	}
}

static int check(const struct wr_conf_item *it, const struct value *v, struct wr_err *err)
{
	int ret = 0;

	if (!it->check)
		return 0;
	if (it->type == WR_CONF_STRING && v->string[0])
		ret = it->check(v->string, err);
	for (size_t i = 0; i < v->n_words && !ret; i++)
		ret = it->check(v->words[i], err);
	return ret;
}

static int unexpected(const struct wr_conf_item *it, const char *text, struct wr_err *err)
{
	const char *near = it->type == WR_CONF_ENUM ? wr_near(text, it->choices) : NULL;
	struct wr_buf b = {0};

	wr_conf_expects(&b, it);
	wr_fail(err, EINVAL, "%s: '%s' is not %s%s%s%s", it->name, text, wr_buf_text(&b),
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	wr_buf_free(&b);
	return -EINVAL;
}

/* *v is filled, or on failure empty. */
static int make(const struct wr_conf_item *it, const char *text, const char *origin,
		struct value *v, struct wr_err *err)
{
	int ret;

	v->text = strdup(text);
	v->origin = strdup(origin);
	v->string = calloc(1, strlen(text) + 2);
	ret = v->text && v->origin && v->string ? read_typed(it, v) : -ENOMEM;
	if (ret == -ENOMEM)
		wr_fail(err, ENOMEM, "%s: out of memory", it->name);
	else if (ret || !in_range(it, v))
		ret = unexpected(it, text, err);
	else if (check(it, v, err))
		ret = wr_within(err, "%s", it->name);
	if (ret)
		forget(v);
	return ret;
}

/* ---- open, close, set ---- */

int wr_conf_open(struct wr_conf **out, const struct wr_conf_item *table, struct wr_err *err)
{
	struct wr_conf *c = calloc(1, sizeof(*c));
	int ret = 0;

	if (!c)
		return wr_fail(err, ENOMEM, "out of memory");
	c->table = table;
	while (table[c->n].name)
		c->n++;
	c->value = calloc(c->n + 1, sizeof(*c->value));
	if (!c->value)
		ret = wr_fail(err, ENOMEM, "out of memory");
	for (size_t i = 0; c->value && i < c->n && !ret; i++)
		ret = make(&table[i], table[i].standard, "default", &c->value[i], err);
	if (ret)
		wr_conf_close(&c);
	else
		*out = c;
	return ret;
}

void wr_conf_close(struct wr_conf **out)
{
	struct wr_conf *c = *out;

	if (!c)
		return;
	for (size_t i = 0; c->value && i < c->n; i++)
		forget(&c->value[i]);
	free(c->value);
	free(c);
	*out = NULL;
}

static struct value *find(struct wr_conf *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->table[i].name, name))
			return &c->value[i];
	return NULL;
}

/* The name that was probably meant: a similar one, or the same one in another section. */
static const char *meant(const struct wr_conf *c, const char *name)
{
	const char *names[NAMES_MAX + 1], *dot = strchr(name, '.'), *found;
	size_t n = 0;

	for (; n < c->n && n < NAMES_MAX; n++)
		names[n] = c->table[n].name;
	names[n] = NULL;
	found = wr_near(name, names);
	for (size_t i = 0; i < n && !found; i++)
		if (!strcmp(strchr(names[i], '.') + 1, dot ? dot + 1 : name))
			found = names[i];
	return found;
}

static int unknown(const struct wr_conf *c, const char *name, struct wr_err *err)
{
	const char *near = meant(c, name);

	return wr_fail(err, EINVAL, "there is no item '%s'%s%s%s", name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int wr_conf_set(struct wr_conf *c, const char *name, const char *value, const char *origin,
		struct wr_err *err)
{
	struct value *v = find(c, name), made = {0};
	int ret;

	if (!v)
		return unknown(c, name, err);
	ret = make(&c->table[v - c->value], value, origin, &made, err);
	if (ret)
		return ret;
	made.line = v->line;
	forget(v);
	*v = made;
	return 0;
}

/* ---- a file ---- */

struct reading {
	struct wr_conf *c;
	const char *path;
	int line;
	char section[64];
	wr_conf_tell_fn tell;
	void *ctx;
	struct wr_err *err;
	int errors;
};

static void complain(struct reading *r, struct wr_err *e)
{
	wr_within(e, "%s:%d", r->path, r->line);
	if (!r->errors++ && r->err)
		*r->err = *e;
	if (r->tell)
		r->tell(r->ctx, e->text);
}

/* Cuts a comment and blanks off the end; a # in quotes or inside a word is none. */
static void cut(char *s)
{
	bool quoted = false;
	size_t n = 0;

	for (; s[n] && (quoted || s[n] != '#' || (n && !strchr(blank, s[n - 1]))); n++) {
		if (s[n] == '\\' && quoted && s[n + 1])
			n++;
		else if (s[n] == '"')
			quoted = !quoted;
	}
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	s[n] = 0;
}

static bool has_section(const struct wr_conf *c, const char *name, size_t n)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strncmp(c->table[i].name, name, n) && c->table[i].name[n] == '.')
			return true;
	return false;
}

static int no_section(const struct wr_conf *c, const char *name, struct wr_err *err)
{
	char room[NAMES_MAX][32];
	const char *names[NAMES_MAX + 1], *near;
	size_t n = 0;

	for (size_t i = 0; i < c->n && n < NAMES_MAX; i++) {
		snprintf(room[n], sizeof(room[n]), "%.*s", (int)strcspn(c->table[i].name, "."),
			 c->table[i].name);
		names[n] = room[n];
		n++;
	}
	names[n] = NULL;
	near = wr_near(name, names);
	return wr_fail(err, EINVAL, "there is no section '%s'%s%s%s", name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int section(struct reading *r, char *s, struct wr_err *err)
{
	size_t n = strlen(s);

	/* The items below a section that is wrong would all be told as unknown: they are passed. */
	snprintf(r->section, sizeof(r->section), "?");
	if (s[n - 1] != ']')
		return wr_fail(err, EINVAL, "'%s': a section is written [name]", s);
	s[n - 1] = 0;
	if (!has_section(r->c, s + 1, n - 2))
		return no_section(r->c, s + 1, err);
	snprintf(r->section, sizeof(r->section), "%s", s + 1);
	return 0;
}

static int assign(struct reading *r, char *s, struct wr_err *err)
{
	char *equals = strchr(s, '='), name[128], origin[512];
	struct value *v;
	size_t n;
	int ret;

	if (!equals)
		return wr_fail(err, EINVAL, "'%.64s': expected 'name = value'", s);
	n = (size_t)(equals - s);
	while (n && strchr(blank, s[n - 1]))
		n--;
	if (!n)
		return wr_fail(err, EINVAL, "a name is missing in front of '='");
	if (!memchr(s, '.', n) && !strcmp(r->section, "?"))
		return 0;
	if (memchr(s, '.', n) || !r->section[0])
		snprintf(name, sizeof(name), "%.*s", (int)n, s);
	else
		snprintf(name, sizeof(name), "%s.%.*s", r->section, (int)n, s);
	v = find(r->c, name);
	if (v && v->line)
		return wr_fail(err, EINVAL, "%s is already set in line %d", name, v->line);
	snprintf(origin, sizeof(origin), "%s:%d", r->path, r->line);
	equals++;
	ret = wr_conf_set(r->c, name, equals + strspn(equals, blank), origin, err);
	if (v)
		v->line = r->line;
	return ret;
}

static void one_line(struct reading *r, char *s, size_t n)
{
	struct wr_err e = {0};
	int ret = 0;

	if (strlen(s) != n || n > LINE_MAX_BYTES) {
		wr_fail(&e, EINVAL,
			n > LINE_MAX_BYTES ? "a line of more than 4096 bytes"
					   : "this is no text: a byte 0 in a line");
		complain(r, &e);
		return;
	}
	cut(s);
	s += strspn(s, blank);
	if (*s == '[')
		ret = section(r, s, &e);
	else if (*s)
		ret = assign(r, s, &e);
	if (ret)
		complain(r, &e);
}

int wr_conf_read(struct wr_conf *c, const char *path, wr_conf_tell_fn tell, void *ctx,
		 struct wr_err *err)
{
	struct reading r = {.c = c, .path = path, .tell = tell, .ctx = ctx, .err = err};
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n = 0;
	int ret;

	if (!f)
		return wr_fail(err, errno, "configuration '%s': %s", path, strerror(errno));
	for (size_t i = 0; i < c->n; i++)
		c->value[i].line = 0;
	while (r.line < LINES_MAX && (n = getline(&line, &room, f)) >= 0) {
		r.line++;
		one_line(&r, line, (size_t)n);
	}
	ret = r.errors ? -EINVAL : 0;
	if (ferror(f) && !ret)
		ret = wr_fail(err, errno, "configuration '%s': %s", path, strerror(errno));
	else if (n >= 0 && !ret)
		ret = wr_fail(err, EINVAL, "configuration '%s': more than %d lines", path,
			      LINES_MAX);
	free(line);
	fclose(f);
	return ret;
}

/* ---- values ---- */

void wr_conf_fill(const struct wr_conf *c, void *into)
{
	for (size_t i = 0; i < c->n; i++) {
		void *at = (char *)into + c->table[i].offset;
		const struct value *v = &c->value[i];

		switch (c->table[i].type) {
		case WR_CONF_BOOL:
			*(bool *)at = v->number;
			break;
		case WR_CONF_NUMBER:
		case WR_CONF_DURATION:
		case WR_CONF_SIZE:
			*(uint64_t *)at = v->number;
			break;
		case WR_CONF_STRING:
			*(const char **)at = v->string;
			break;
		case WR_CONF_LIST:
			*(struct wr_conf_list *)at = (struct wr_conf_list){v->words, v->n_words};
			break;
		case WR_CONF_ENUM:
			*(int *)at = (int)v->number;
			break;
		case WR_CONF_TYPES:
			break;
		}
	}
}

size_t wr_conf_items(const struct wr_conf *c)
{
	return c->n;
}

const struct wr_conf_item *wr_conf_item(const struct wr_conf *c, size_t i)
{
	return &c->table[i];
}

const char *wr_conf_value(const struct wr_conf *c, size_t i)
{
	return c->value[i].text;
}

const char *wr_conf_origin(const struct wr_conf *c, size_t i)
{
	return c->value[i].origin;
}

/* By meaning: 60s and 1m are the same. */
bool wr_conf_differs(const struct wr_conf *a, const struct wr_conf *b, size_t i)
{
	const struct value *x = &a->value[i], *y = &b->value[i];

	if (x->number != y->number || x->n_words != y->n_words)
		return true;
	if (!x->n_words)
		return strcmp(x->string, y->string) != 0;
	for (size_t w = 0; w < x->n_words; w++)
		if (strcmp(x->words[w], y->words[w]))
			return true;
	return false;
}
