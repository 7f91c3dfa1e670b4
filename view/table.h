/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_TABLE_H
#define WR_VIEW_TABLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "view/text.h"

/*
 * A table for people: the first column, the label, to the left, the others to the right. A row is
 * made in label and cell[], then added. A label that leaves no room gets a line of its own.
 */
enum { WR_VIEW_CELLS = 8 };

struct wr_view_column {
	const char *head; /* NULL: the end */
	int width; /* columns of the screen; a cell that is longer pushes the rest to the right */
};

struct wr_view_table {
	struct wr_buf *b;
	bool color;
	struct wr_buf label; /* owned: wr_view_table_end() */
	const struct wr_view_column *columns;
	char cell[WR_VIEW_CELLS][WR_VIEW_CELL]; /* [0] is not used; an empty one ends the row */
};

void wr_view_table_head(struct wr_view_table *t, const struct wr_view_column *columns);
struct wr_buf *wr_view_table_label(struct wr_view_table *t); /* to write to; begins with 2 spaces */
void wr_view_table_row(struct wr_view_table *t);
void wr_view_table_color(struct wr_view_table *t, const char *code); /* an escape sequence */
void wr_view_table_end(struct wr_view_table *t);

#endif
