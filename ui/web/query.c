/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/route.h"

#include <errno.h>
#include <string.h>

#include "daemon/query.h"

void wr_web_query_begin(struct wr_web_query *q, const char *view)
{
	*q = (struct wr_web_query){0};
	wr_buf_str(&q->line, view);
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
	wr_query_encode(&q->line, value);
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
