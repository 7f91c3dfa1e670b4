/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/flow_csv.h"

#include <string.h>

/* A field with a comma, a quote or a line end stands in quotes. */
static void quoted(struct wr_buf *b, const char *s)
{
	if (!strpbrk(s, ",\"\r\n")) {
		wr_buf_str(b, s);
		return;
	}
	wr_buf_char(b, '"');
	for (; *s; s++) {
		if (*s == '"')
			wr_buf_char(b, '"');
		wr_buf_char(b, *s);
	}
	wr_buf_char(b, '"');
}

void wr_view_flow_csv_header(struct wr_buf *b, enum wr_flow_columns which)
{
	const struct wr_flow_column *c = NULL;
	const char *between = "";

	while ((c = wr_view_flow_column(which, c))) {
		wr_buf_str(b, between);
		wr_buf_str(b, c->name);
		between = ",";
	}
	wr_buf_char(b, '\n');
}

void wr_view_flow_csv(struct wr_buf *b, enum wr_flow_columns which, const struct wr_flow *f,
		      const struct wr_flow_style *style)
{
	struct wr_flow_told t = wr_view_flow_told(f, style);
	const struct wr_flow_column *c = NULL;
	const char *between = "";
	union wr_flow_value v;

	while ((c = wr_view_flow_column(which, c))) {
		wr_buf_str(b, between);
		if (c->get(&t, &v)) {
			if (c->type == WR_FLOW_TYPE_TEXT)
				quoted(b, v.text);
			else
				wr_view_flow_value(b, c, &t, v);
		}
		between = ",";
	}
	wr_buf_char(b, '\n');
}
