/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_BEST_H
#define WR_UI_TUI_BEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* The heaviest `max` of many, in one pass: a heap with the lightest of them on top, so that most
 * are turned away after one comparison. */
struct wr_tui_rank {
	double weight, second; /* second decides when weights are the same, */
	uint32_t row;	       /* and then the lower row comes first */
};

struct wr_tui_best {
	struct wr_tui_rank *at; /* borrowed, max */
	uint32_t n, max;
};

static inline bool wr_tui_heavier(const struct wr_tui_rank *a, const struct wr_tui_rank *b)
{
	if (a->weight != b->weight)
		return a->weight > b->weight;
	return a->second != b->second ? a->second > b->second : a->row < b->row;
}

static inline void wr_tui_best_add(struct wr_tui_best *b, struct wr_tui_rank r)
{
	uint32_t i = 0, child;

	if (b->n < b->max) { /* a new one rises from the bottom */
		for (i = b->n++; i && wr_tui_heavier(&b->at[(i - 1) / 2], &r); i = (i - 1) / 2)
			b->at[i] = b->at[(i - 1) / 2];
		b->at[i] = r;
		return;
	}
	if (!b->max || !wr_tui_heavier(&r, &b->at[0]))
		return;
	while ((child = 2 * i + 1) < b->n) { /* it sinks from the top */
		if (child + 1 < b->n && wr_tui_heavier(&b->at[child], &b->at[child + 1]))
			child++;
		if (!wr_tui_heavier(&r, &b->at[child]))
			break;
		b->at[i] = b->at[child];
		i = child;
	}
	b->at[i] = r;
}

static inline int wr_tui_by_rank(const void *a, const void *b)
{
	return wr_tui_heavier(a, b) ? -1 : wr_tui_heavier(b, a);
}

/* Puts them in order, the heaviest first. Nothing can be added afterwards. */
static inline void wr_tui_best_sort(struct wr_tui_best *b)
{
	qsort(b->at, b->n, sizeof(*b->at), wr_tui_by_rank);
}

#endif
