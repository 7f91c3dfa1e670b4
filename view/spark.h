/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_SPARK_H
#define WR_VIEW_SPARK_H

#include <stddef.h>

#include "base/buf.h"

/*
 * A small chart in text: one column for each value, oldest first, blocks from the bottom. Of a
 * chart `height` lines high it writes line `line` (0 is the top). What is not 0 shows at least the
 * smallest block. top is the value of a full column; 0: the largest of the values. Without UTF-8
 * the blocks are denser and denser ASCII characters.
 */
struct wr_spark {
	const double *values;
	size_t n;
	double top;
	int height, line;
	bool utf8;
};

void wr_view_spark(struct wr_buf *b, const struct wr_spark *s);

/* A bar to the right, `columns` long when share is 1. What is not 0 shows at least a little. */
void wr_view_bar(struct wr_buf *b, double share, int columns, bool utf8);

#endif
