/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/near.h"

/* What is told when a line is wrong: where, which word, what was expected. */

enum { SHOWN = 60, TEXT = 512 };

static unsigned int column_of(const struct wr_policy_reader *r, const char *at)
{
	unsigned int column = 1;

	for (const char *s = r->line; s < at; s++)
		column += ((unsigned char)*s & 0xc0) != 0x80;
	return column;
}

/* A stranger's bytes in our message: nothing that steers a terminal. */
static void show(char out[SHOWN + 1], const struct wr_token *t)
{
	size_t n = t->n < SHOWN ? t->n : SHOWN;

	for (size_t i = 0; i < n; i++)
		out[i] = t->at[i] >= ' ' && t->at[i] <= '~' ? t->at[i] : '?';
	out[n] = 0;
}

static int say(struct wr_policy_reader *r, int code, const char *at, const char *text)
{
	unsigned int column = column_of(r, at);

	if (!r->code) {
		r->code = -code;
		if (r->name)
			wr_fail(r->err, code, "%s:%u:%u: %s", r->name, r->line_no, column, text);
		else
			wr_fail(r->err, code, "column %u: %s", column, text);
	}
	if (r->tell)
		r->tell(r->ctx, r->line_no, column, text);
	return -code;
}

int wr_policy_wrong(struct wr_policy_reader *r, int code, const struct wr_token *t, const char *fmt,
		    ...)
{
	char text[TEXT], shown[SHOWN + 1];
	va_list ap;
	int n;

	show(shown, t);
	n = t->kind == WR_TOKEN_END ? 0 : snprintf(text, sizeof(text), "'%s': ", shown);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	return say(r, code, t->at, text);
}

int wr_policy_expected(struct wr_policy_reader *r, const char *what, const char *const *near)
{
	const struct wr_token *t = &r->token;
	char text[TEXT], shown[SHOWN + 1];
	const char *meant = NULL;

	if (t->kind == WR_TOKEN_BROKEN)
		return wr_policy_wrong(r, EINVAL, t, "%s", t->what);
	if (t->kind == WR_TOKEN_END) {
		snprintf(text, sizeof(text), "the line ends here: expected %s", what);
		return say(r, EINVAL, t->at, text);
	}
	show(shown, t);
	if (near && t->kind == WR_TOKEN_WORD)
		meant = wr_near(shown, near);
	return wr_policy_wrong(r, EINVAL, t, "expected %s%s%s%s", what,
			       meant ? "; did you mean '" : "", meant ? meant : "",
			       meant ? "'?" : "");
}

int wr_policy_no_memory(struct wr_policy_reader *r)
{
	r->code = -ENOMEM;
	return wr_fail(r->err, ENOMEM, "policy: out of memory");
}

int wr_policy_no_prefix(struct wr_policy_reader *r, const struct wr_token *t, const char *text,
			size_t n)
{
	struct wr_err why = {0};

	wr_prefix_explain(text, n, &why);
	return wr_policy_wrong(r, EINVAL, t, "%s", why.text);
}
