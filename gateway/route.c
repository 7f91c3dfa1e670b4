/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/gateway_impl.h"

/*
 * Routes as subjects: "[METHOD ][HOST]/PATH", where {} is any one segment, and a '*' at the end
 * anything more; as `weir api` names them, with {rest} at the end for any more segments. Gateways
 * compare a regular expression with "METHOD:HOST/PATH", the path decoded.
 */

static const char any_method[] = "[A-Z]+", any_host[] = "[^/]*", any_segment[] = "[^/]+",
		  dot[] = "[.]", plus[] = "[+]";

/* Of what stands between the braces nothing is kept: it is a name for people. */
static const char *skip_brace(const char *s)
{
	const char *end = strchr(s, '}');

	return end && end - s < 40 && !memchr(s, '/', (size_t)(end - s)) ? end + 1 : NULL;
}

static int none(const char *text, const char *why, struct wr_err *err)
{
	return wr_fail(err, EINVAL,
		       "'%.64s' is no route: %s (\"/api/search\", \"GET shop.example/users/{id}\", "
		       "\"/v1/*\")",
		       text, why);
}

/* What a whole route must not be; NULL: nothing. */
static const char *unfit(const char *text)
{
	if (!strchr(text, '/'))
		return "it has no path";
	if (!strncmp(text, "OTHER ", 6))
		return "OTHER stands for any method that weir does not know: name the method, or "
		       "leave it out";
	if (strchr(text, '%'))
		return "gateways compare what it stands for, and not '%' and two digits: write "
		       "that, or {} for the segment";
	return NULL;
}

int wr_gateway_route(char to[WR_GATEWAY_SUBJECT], const char *text, struct wr_err *err)
{
	const char *s = text, *path = strchr(text, '/'), *why = unfit(text);
	size_t n = 0, method = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	char out[WR_GATEWAY_SUBJECT];

	if (why)
		return none(text, why, err);
	if (method && text[method] != ' ')
		method = 0;
	while (*s) {
		char c = *s == '{' ? '{' : s < path ? (char)tolower((unsigned char)*s) : *s;
		bool in_method = s < text + method + (method ? 1 : 0);

		if (n + 2 >= sizeof(out))
			return none(text, "it is too long", err);
		if (in_method)
			c = *s;
		else if (!isalnum((unsigned char)c) && !strchr("/._~-:@+=,{*", c))
			return none(text, "it has a character that no regular expression may have",
				    err);
		else if (*s == '*' && (s[1] || s == path))
			return none(text, "'*' stands at its end alone", err);
		else if (s < path && strchr(":@+=,{*~", c))
			return none(text, "its host is no name", err);
		out[n++] = c;
		s++;
		if (c != '{')
			continue;
		s = skip_brace(s - 1);
		if (!s)
			return none(text, "a brace is not closed", err);
		out[n++] = '}';
	}
	if (n >= 3 && s - text >= 7 && !strcmp(s - 7, "/{rest}"))
		out[--n - 1] = '*';
	out[n] = 0;
	memcpy(to, out, n + 1);
	return 0;
}

static void print_literal(struct wr_buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.')
			wr_buf_str(b, dot);
		else if (s[i] == '+')
			wr_buf_str(b, plus);
		else if (s[i] == '{')
			wr_buf_str(b, any_segment);
		else if (s[i] != '}')
			wr_buf_char(b, s[i]);
	}
}

void wr_gateway_route_print(struct wr_buf *b, const char *route)
{
	const char *blank = strchr(route, ' '), *host = blank ? blank + 1 : route,
		   *path = strchr(host, '/');
	size_t n;
	bool rest;

	wr_buf_char(b, '^');
	if (blank)
		wr_buf_add(b, route, (size_t)(blank - route));
	else
		wr_buf_str(b, any_method);
	wr_buf_char(b, ':');
	if (path > host)
		print_literal(b, host, (size_t)(path - host));
	else
		wr_buf_str(b, any_host);
	/* Of anything more nothing is said: ".*" would end at a newline, which a path may have. */
	n = strlen(path);
	rest = path[n - 1] == '*';
	print_literal(b, path, n - rest);
	if (!rest)
		wr_buf_char(b, '$');
}

static bool takes(const char **s, const char *what)
{
	size_t n = strlen(what);

	if (strncmp(*s, what, n) != 0)
		return false;
	*s += n;
	return true;
}

/* What is left of it when expressions are made words again; whether weir has made it is then asked
 * of wr_gateway_route_print(). */
int wr_gateway_route_read(char to[WR_GATEWAY_SUBJECT], const char *pattern)
{
	static const struct {
		const char *is, *was;
	} words[] = {{any_segment, "{}"}, {any_host, ""}, {dot, "."}, {plus, "+"}};
	char text[WR_GATEWAY_SUBJECT];
	const char *s = pattern;
	struct wr_buf b = {0};
	size_t n = 0, k;
	bool same;

	if (!takes(&s, "^"))
		return -EINVAL;
	if (takes(&s, any_method) && !takes(&s, ":"))
		return -EINVAL;
	for (bool method = s[-1] != ':'; *s && strcmp(s, "$") != 0;) {
		for (k = 0; k < sizeof(words) / sizeof(words[0]) && !takes(&s, words[k].is); k++)
			;
		if (n + 3 >= sizeof(text))
			return -EINVAL;
		if (k < sizeof(words) / sizeof(words[0])) {
			n += (size_t)sprintf(text + n, "%s", words[k].was);
			continue;
		}
		text[n++] = method && *s == ':' ? ' ' : *s;
		method &= *s++ != ':';
	}
	if (!*s)
		text[n++] = '*';
	text[n] = 0;
	if (wr_gateway_route(to, text, NULL))
		return -EINVAL;
	wr_gateway_route_print(&b, to);
	same = !strcmp(wr_buf_text(&b), pattern);
	wr_buf_free(&b);
	return same ? 0 : -EINVAL;
}

/* ---- their order ---- */

static int tightest(const void *a, const void *b, void *at)
{
	const struct wr_gateway_entry *e = at, *x = &e[*(const uint32_t *)a],
				      *y = &e[*(const uint32_t *)b];

	return x->rate != y->rate ? (x->rate < y->rate ? -1 : 1) : strcmp(x->name, y->name);
}

uint32_t *wr_gateway_routes_stay(const struct wr_gateway_set *want, const struct wr_gateway_diff *d,
				 size_t *n)
{
	uint32_t *index;

	*n = 0;
	for (size_t i = 0; i < want->n; i++)
		*n += want->at[i].kind == WR_GATEWAY_ROUTE;
	index = malloc((*n + 1) * sizeof(*index));
	*n = 0;
	for (size_t i = 0; index && i < want->n; i++)
		if (want->at[i].kind == WR_GATEWAY_ROUTE && wr_gateway_stays(d, i))
			index[(*n)++] = (uint32_t)i;
	if (index)
		qsort_r(index, *n, sizeof(*index), tightest, want->at);
	return index;
}
