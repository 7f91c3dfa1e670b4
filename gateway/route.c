/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/gateway_impl.h"

/*
 * Routes as subjects: "[METHOD ][HOST]/PATH", where {} is any one segment, and a '*' at the end
 * anything more. Gateways compare a regular expression with "METHOD:HOST/PATH".
 */

static const char any_method[] = "[A-Z]+", any_host[] = "[^/]*", any_segment[] = "[^/]+",
		  any_rest[] = ".*", dot[] = "[.]", plus[] = "[+]";

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

int wr_gateway_route(char to[WR_GATEWAY_SUBJECT], const char *text, struct wr_err *err)
{
	const char *s = text, *path = strchr(text, '/');
	size_t n = 0, method = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	char out[WR_GATEWAY_SUBJECT];

	if (!path)
		return none(text, "it has no path", err);
	if (method && text[method] != ' ')
		method = 0;
	while (*s) {
		char c = *s == '{' ? '{' : s < path ? (char)tolower((unsigned char)*s) : *s;
		bool in_method = s < text + method + (method ? 1 : 0);

		if (n + 2 >= sizeof(out))
			return none(text, "it is too long", err);
		if (in_method)
			c = *s;
		else if (!isalnum((unsigned char)c) && !strchr("/._~-%:@+=,{*", c))
			return none(text, "it has a character that no regular expression may have",
				    err);
		else if (*s == '*' && (s[1] || s == path))
			return none(text, "'*' stands at its end alone", err);
		else if (s < path && strchr("%:@+=,{*~", c))
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
		else if (s[i] == '*')
			wr_buf_str(b, any_rest);
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
	print_literal(b, path, strlen(path));
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
	} words[] = {{any_segment, "{}"}, {any_host, ""}, {any_rest, "*"}, {dot, "."}, {plus, "+"}};
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
	text[n] = 0;
	if (wr_gateway_route(to, text, NULL))
		return -EINVAL;
	wr_gateway_route_print(&b, to);
	same = !strcmp(wr_buf_text(&b), pattern);
	wr_buf_free(&b);
	return same ? 0 : -EINVAL;
}
