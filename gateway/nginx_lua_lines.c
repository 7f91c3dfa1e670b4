/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "gateway/nginx_lua.h"

static const char hello[] = "weir 1, ", by[] = " by ";

/* ---- reading ---- */

/* " by OWNER" at the end of a line, cut off. NULL: nobody's. */
static const char *cut_owner(char *line)
{
	char *at = NULL, *next = line;

	while ((next = strstr(next, by)))
		at = next++;
	if (!at)
		return NULL;
	*at = 0;
	return at + strlen(by);
}

/* What weir could not have put there is somebody else's. */
static int add_line(struct wr_gateway_seen *seen, char *line, const char *name)
{
	const char *owner = cut_owner(line);
	struct wr_gateway_entry e = {0};
	bool odd = wr_gateway_entry_parse(&e, line, 0, NULL) != 0;
	struct wr_gateway_found f = {
		.verb = e.verb,
		.kind = e.kind,
		.tagged = !odd && owner && !strcmp(owner, name),
		.odd = odd,
		.who = e.who,
		.rate = e.rate,
		.until_s = e.until_s,
		.key = line,
	};

	return wr_gateway_seen_add(seen, &f);
}

int wr_nginx_lua_read(struct wr_gateway_seen *seen, char *text, size_t n, const char *name,
		      bool *limits, struct wr_err *err)
{
	char *line = text, *end = text + n, *stop;
	int ret = 0;

	*limits = false;
	if (n < strlen(hello) || memcmp(text, hello, strlen(hello)) != 0)
		return wr_fail(err, EPROTO,
			       "it does not answer as weir.lua does: is nginx_lua.admin the server "
			       "with its admin()?");
	for (size_t i = 0; !ret && line < end; line = stop + 1, i++) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			return wr_fail(err, EPROTO, "its list of entries is cut off");
		*stop = 0;
		if (i)
			ret = add_line(seen, line, name);
		else
			*limits = !strcmp(line + strlen(hello), "limits");
	}
	return ret ? wr_fail(err, -ret, "no memory for its entries") : 0;
}

/* ---- writing ---- */

static void print_line(struct wr_buf *b, char op, const struct wr_gateway_entry *e)
{
	struct wr_gateway_entry bare = *e;

	bare.why[0] = 0;
	wr_buf_char(b, op);
	wr_buf_char(b, ' ');
	wr_gateway_entry_print(b, &bare);
	wr_buf_char(b, '\n');
}

void wr_nginx_lua_print(struct wr_buf *b, const struct wr_gateway_set *want,
			const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	for (size_t i = 0; i < seen->n; i++) {
		const struct wr_gateway_found *f = &seen->at[i];
		struct wr_gateway_entry e = wr_gateway_found_entry(f);

		if (f->leaves && !f->to)
			print_line(b, '-', &e);
	}
	for (size_t i = 0; i < want->n; i++)
		if (d->deed[i] == WR_GATEWAY_ADD || d->deed[i] == WR_GATEWAY_CHANGE)
			print_line(b, d->deed[i] == WR_GATEWAY_ADD ? '+' : '=', &want->at[i]);
}
