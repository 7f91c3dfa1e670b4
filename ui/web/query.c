/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/route.h"

#include <errno.h>
#include <string.h>

void wr_web_query_begin(struct wr_web_query *q, const char *view)
{
	*q = (struct wr_web_query){0};
	wr_buf_str(&q->line, view);
}

/* What needs no escape (RFC 3986, 2.3), and a comma, which separates names in a list. */
static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~,", c));
}

void wr_web_query_add(struct wr_web_query *q, const char *key, const char *value)
{
	if (!*key || strspn(key, "abcdefghijklmnopqrstuvwxyz_") != strlen(key))
		q->rc = -EINVAL;
	if (q->rc || q->line.used > WR_WIRE_LINE_MAX) {
		q->rc = q->rc ? q->rc : -E2BIG;
		return;
	}
	wr_buf_char(&q->line, ' ');
	wr_buf_str(&q->line, key);
	wr_buf_char(&q->line, '=');
	for (; *value; value++) {
		if (plain((unsigned char)*value)) {
			wr_buf_char(&q->line, *value);
			continue;
		}
		wr_buf_char(&q->line, '%');
		wr_buf_hex(&q->line, (unsigned char)*value, 2);
	}
}

int wr_web_query_end(struct wr_web_query *q)
{
	wr_buf_char(&q->line, '\n');
	if (q->line.failed)
		return -ENOMEM;
	if (!q->rc && q->line.used > WR_WIRE_LINE_MAX)
		q->rc = -E2BIG;
	return q->rc;
}
