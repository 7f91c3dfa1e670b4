/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/gateway_impl.h"

/* Weir's marks in a file that others may write to, too. */

static const char begins[] = "# weir begin ", ends[] = "# weir end";

const char *wr_gateway_line(const char *text, size_t n, size_t *at, size_t *len)
{
	const char *line = text + *at, *end;

	if (*at >= n)
		return NULL;
	end = memchr(line, '\n', n - *at);
	*len = end ? (size_t)(end - line) : n - *at;
	*at += *len + (end != NULL);
	return line;
}

static bool starts(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && !memcmp(line, with, strlen(with));
}

/* "# weir begin NAME GENERATION: ..." */
static int read_begin(struct wr_gateway_block *k, const char *line, size_t len, const char *name,
		      struct wr_err *err)
{
	char text[128], whose[WR_GATEWAY_NAME] = "";

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	if (sscanf(text + strlen(begins), "%31s %" SCNu64, whose, &k->generation) != 2 ||
	    !k->generation)
		return wr_fail(err, EINVAL, "'%s': weir's mark is broken; mend or delete the line",
			       text);
	if (strcmp(whose, name) != 0)
		return wr_fail(
			err, EPERM,
			"it belongs to the gateway '%s' of weir: each gateway takes a file of "
			"its own",
			whose);
	return 0;
}

int wr_gateway_block_find(struct wr_gateway_block *k, const char *text, size_t n, const char *name,
			  struct wr_err *err)
{
	size_t at = 0, from = 0, len, number = 0;
	bool open = false, closed = false;
	const char *line;
	int ret = 0;

	*k = (struct wr_gateway_block){.before = text, .before_n = n};
	for (; !ret && (line = wr_gateway_line(text, n, &at, &len)); from = at) {
		number++;
		if (starts(line, len, begins)) {
			if (open || closed)
				return wr_fail(err, EINVAL,
					       "line %zu: a second '# weir begin'; delete one of "
					       "the two blocks",
					       number);
			ret = read_begin(k, line, len, name, err);
			open = true;
			k->before_n = from;
			k->inside = text + at;
		} else if (starts(line, len, ends) && open) {
			open = false;
			closed = true;
			k->inside_n = (size_t)(text + from - k->inside);
			k->after = text + at;
			k->after_n = n - at;
		}
	}
	if (ret)
		return ret;
	if (open)
		return wr_fail(
			err, EINVAL,
			"'# weir begin' without '# weir end'; put that line behind what weir "
			"has written");
	return 0;
}

void wr_gateway_block_begin(struct wr_buf *b, const struct wr_gateway_block *old, const char *name,
			    uint64_t generation)
{
	wr_buf_add(b, old->before, old->before_n);
	if (old->before_n && old->before[old->before_n - 1] != '\n')
		wr_buf_char(b, '\n');
	wr_buf_fmt(b, "%s%s %" PRIu64 ": weir writes what stands between these marks\n", begins,
		   name, generation);
}

void wr_gateway_block_end(struct wr_buf *b, const struct wr_gateway_block *old)
{
	wr_buf_fmt(b, "%s\n", ends);
	wr_buf_add(b, old->after, old->after_n);
}
