/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/spark.h"

enum { STEPS = 8 }; /* of one character */

static const char *const blocks[2][STEPS + 1] = {
	{" ", ".", ":", "-", "=", "+", "*", "%", "#"},
	{" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"},
};

static double largest(const struct wr_spark *s)
{
	double top = s->top;

	for (size_t i = 0; !(s->top > 0) && i < s->n; i++)
		if (s->values[i] > top)
			top = s->values[i];
	return top;
}

/* Steps of a column of the whole chart. */
static int steps(double v, double top, int height)
{
	int n = (int)(v / top * STEPS * height + 0.5);

	if (!(v > 0))
		return 0;
	return n < 1 ? 1 : n > STEPS * height ? STEPS * height : n;
}

void wr_view_spark(struct wr_buf *b, const struct wr_spark *s)
{
	int below = (s->height - 1 - s->line) * STEPS;
	double top = largest(s);

	for (size_t i = 0; i < s->n; i++) {
		int n = top > 0 ? steps(s->values[i], top, s->height) - below : 0;

		wr_buf_str(b, blocks[s->utf8][n < 0 ? 0 : n > STEPS ? STEPS : n]);
	}
}

void wr_view_bar(struct wr_buf *b, double share, int columns, bool utf8)
{
	static const char *const ends[STEPS] = {"",	  "\u258f", "\u258e", "\u258d",
						"\u258c", "\u258b", "\u258a", "\u2589"};
	int n = steps(share, 1, columns);

	for (int i = 0; i < n / STEPS; i++)
		wr_buf_str(b, utf8 ? "\u2588" : "#");
	if (utf8)
		wr_buf_str(b, ends[n % STEPS]);
	else if (n % STEPS >= STEPS / 2 || n < STEPS)
		wr_buf_str(b, n ? "-" : "");
}
