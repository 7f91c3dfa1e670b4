/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Words of a line. */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool ends_word(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f || strchr(",=\"", c);
}

static struct wr_token broken(const char *at, size_t n, const char *what)
{
	return (struct wr_token){WR_TOKEN_BROKEN, at, n, what};
}

/* Bytes of the character at s, as it stands; 0: none that a text may hold. */
static size_t character(const char *s, const char *end)
{
	size_t n = wr_utf8_size((const uint8_t *)s, (size_t)(end - s));

	if (n == 1)
		return (unsigned char)*s >= ' ' && *s != 0x7f;
	return n && !wr_utf8_steers((const uint8_t *)s, n) ? n : 0;
}

static struct wr_token text_at(const char *s, const char *end)
{
	const char *p = s + 1;

	while (p < end && *p != '"') {
		size_t n = character(p, end);

		if (!n)
			return broken(p, 1, "a byte that no text may have");
		if (*p == '\\' && (end - p < 2 || (p[1] != '"' && p[1] != '\\')))
			return broken(p, end - p < 2 ? 1 : 2, "expected \\\" or \\\\ for a \\");
		p += *p == '\\' ? 2 : n;
	}
	if (p == end)
		return broken(s, 1, "the text that begins here has no end in this line");
	return (struct wr_token){WR_TOKEN_TEXT, s, (size_t)(p + 1 - s), NULL};
}

static struct wr_token word_at(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && !ends_word(*p))
		p++;
	if (p == s)
		return broken(s, 1, "a byte that no text may have");
	return (struct wr_token){WR_TOKEN_WORD, s, (size_t)(p - s), NULL};
}

/* A line that ends, ends behind its last word: there something is missing. */
static struct wr_token token_at(const char *s, const char *end)
{
	const char *from = s;

	while (s < end && is_blank(*s))
		s++;
	if (s == end || *s == '#')
		return (struct wr_token){WR_TOKEN_END, from, 0, NULL};
	if (*s == ',')
		return (struct wr_token){WR_TOKEN_COMMA, s, 1, NULL};
	if (*s == '=')
		return (struct wr_token){WR_TOKEN_EQUALS, s, 1, NULL};
	return *s == '"' ? text_at(s, end) : word_at(s, end);
}

void wr_policy_begin(struct wr_policy_reader *r, const char *line, const char *end)
{
	r->line = line;
	r->end = end;
	r->token = token_at(line, end);
}

void wr_policy_next(struct wr_policy_reader *r)
{
	r->token = token_at(r->token.at + r->token.n, r->end);
}

bool wr_policy_is(const struct wr_policy_reader *r, const char *word)
{
	return r->token.kind == WR_TOKEN_WORD && strlen(word) == r->token.n &&
	       !memcmp(r->token.at, word, r->token.n);
}

bool wr_policy_skip(struct wr_policy_reader *r, enum wr_token_kind kind)
{
	if (r->token.kind != kind)
		return false;
	wr_policy_next(r);
	return true;
}

const char *wr_policy_peek(const struct wr_policy_reader *r, char out[WR_POLICY_WORD])
{
	if (r->token.kind != WR_TOKEN_WORD || r->token.n >= WR_POLICY_WORD)
		return NULL;
	memcpy(out, r->token.at, r->token.n);
	out[r->token.n] = 0;
	return out;
}

/* ---- texts ---- */

int wr_policy_text(struct wr_policy_reader *r, size_t max, const char *expects, char **out)
{
	size_t n = 0;
	char *text;

	if (r->token.kind != WR_TOKEN_TEXT)
		return wr_policy_expected(r, expects, NULL);
	text = malloc(r->token.n);
	if (!text)
		return wr_policy_no_memory(r);
	for (size_t i = 1; i + 1 < r->token.n; i++) {
		i += r->token.at[i] == '\\';
		text[n++] = r->token.at[i];
	}
	text[n] = 0;
	if (!n || n > max) {
		free(text);
		return wr_policy_wrong(r, EINVAL, &r->token, "a text of 1 to %zu bytes", max);
	}
	*out = text;
	wr_policy_next(r);
	return 0;
}

void wr_policy_quote(struct wr_buf *b, const char *text)
{
	wr_buf_char(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			wr_buf_char(b, '\\');
		wr_buf_char(b, *text);
	}
	wr_buf_char(b, '"');
}

/* ---- names ---- */

static bool in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool wr_policy_can_name(const struct wr_token *t)
{
	if (t->kind != WR_TOKEN_WORD || t->n >= WR_POLICY_NAME)
		return false;
	for (size_t i = 0; i < t->n; i++)
		if (!in_name(t->at[i]))
			return false;
	return t->n && !wr_policy_is_keyword(t);
}

int wr_policy_name(struct wr_policy_reader *r, char out[WR_POLICY_NAME], const char *what)
{
	if (r->token.kind != WR_TOKEN_WORD)
		return wr_policy_expected(r, what, NULL);
	if (wr_policy_is_keyword(&r->token))
		return wr_policy_wrong(r, EINVAL, &r->token,
				       "a word of the language cannot be a name");
	if (!wr_policy_can_name(&r->token))
		return wr_policy_wrong(r, EINVAL, &r->token,
				       "a name has 1 to %d of a-z, 0-9, _ and -",
				       WR_POLICY_NAME - 1);
	memcpy(out, r->token.at, r->token.n);
	out[r->token.n] = 0;
	wr_policy_next(r);
	return 0;
}

static bool is_ascii(const char *s)
{
	while (*s > 0)
		s++;
	return !*s;
}

/* What the kernel takes (dev_valid_name), as far as it can be shown. */
int wr_policy_iface(struct wr_policy_reader *r, char out[16])
{
	char name[WR_POLICY_WORD];

	if (r->token.kind != WR_TOKEN_WORD)
		return wr_policy_expected(r, "the name of an interface", NULL);
	if (!wr_policy_peek(r, name) || strlen(name) > 15 || strpbrk(name, "/:") ||
	    !strcmp(name, ".") || !strcmp(name, "..") || !is_ascii(name))
		return wr_policy_wrong(r, EINVAL, &r->token,
				       "an interface has a name of 1 to 15 bytes without / and :");
	memcpy(out, name, strlen(name) + 1);
	wr_policy_next(r);
	return 0;
}
