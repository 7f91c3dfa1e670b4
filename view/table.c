/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/table.h"

#include <stdio.h>
#include <string.h>

static void line(struct wr_view_table *t, const char *label)
{
	const struct wr_view_column *c = t->columns;
	int first_two = c->width + c[1].width, used = (int)strlen(label), over = 0, i;

	if (used + 1 + (int)strlen(t->cell[1]) > first_two) {
		wr_buf_str(t->b, label);
		wr_buf_char(t->b, '\n');
		label = "";
	}
	used = (int)strlen(label) > c->width ? (int)strlen(label) : c->width;
	wr_buf_fmt(t->b, "%-*s%*s", used, label, first_two - used, t->cell[1]);
	/* A cell that fills its column stays apart from the one before; the next one has less room.
	 */
	for (i = 2; c[i].head && t->cell[i][0]; i++) {
		int room = c[i].width - over, n = 1 + (int)strlen(t->cell[i]);

		wr_buf_fmt(t->b, " %*s", room - 1, t->cell[i]);
		over = n > room ? n - room : 0;
	}
	wr_buf_char(t->b, '\n');
}

void wr_view_table_color(struct wr_view_table *t, const char *code)
{
	if (t->color)
		wr_buf_str(t->b, code);
}

void wr_view_table_head(struct wr_view_table *t, const struct wr_view_column *columns)
{
	int i;

	t->columns = columns;
	for (i = 1; columns[i].head; i++)
		snprintf(t->cell[i], WR_VIEW_CELL, "%s", columns[i].head);
	wr_view_table_color(t, "\033[1m");
	line(t, columns[0].head);
	wr_view_table_color(t, "\033[0m");
}

struct wr_buf *wr_view_table_label(struct wr_view_table *t)
{
	wr_buf_clear(&t->label);
	wr_buf_str(&t->label, "  ");
	return &t->label;
}

void wr_view_table_row(struct wr_view_table *t)
{
	line(t, wr_buf_text(&t->label));
}

void wr_view_table_end(struct wr_view_table *t)
{
	wr_buf_free(&t->label);
}
