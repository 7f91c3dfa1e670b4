/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/classes.h"

#include <string.h>

#include "core/bucket.h"

_Static_assert(sizeof(((struct wr_tui_row *)0)->id) == sizeof(((struct wr_tui_class *)0)->name),
	       "a name is an id");

/* What was there before keeps its chart, wherever it stands now. */
static int place_before(const struct wr_tui_classes *c, const struct wr_tui_class *k)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (!strcmp(c->at[i].klass.name, k->name) && !strcmp(c->at[i].klass.part, k->part))
			return (int)i;
	return -1;
}

/* Names of classes leave the last word free. */
static void make_id(struct wr_tui_row *row, const struct wr_tui_class *k)
{
	uint64_t word[sizeof(k->part) / sizeof(uint64_t)] = {0}, sum = 0;

	memcpy(row->id, k->name, sizeof(k->name));
	if (!k->part[0])
		return;
	memcpy(word, k->part, strlen(k->part));
	for (size_t i = 0; i < sizeof(word) / sizeof(*word); i++)
		sum = wr_mix(sum ^ word[i]) + i;
	row->id[4] ^= sum;
}

void wr_tui_classes_add(struct wr_tui_classes *c, const struct wr_tui_class *classes, uint32_t n)
{
	static struct wr_tui_classes now; /* too large for a stack */

	now.n = n < WR_TUI_CLASSES_MAX ? n : WR_TUI_CLASSES_MAX;
	for (uint32_t i = 0; i < now.n; i++) {
		int before = place_before(c, &classes[i]);
		double *series = now.at[i].series;

		memset(series, 0, sizeof(now.at[i].series));
		if (before >= 0)
			memcpy(series, c->at[before].series + 1,
			       (WR_TUI_SERIES - 1) * sizeof(*series));
		series[WR_TUI_SERIES - 1] = (double)classes[i].passed;
		now.at[i].klass = classes[i];
	}
	*c = now;
}

uint32_t wr_tui_classes_rows(const struct wr_tui_classes *c, struct wr_tui_row *rows)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct wr_tui_class *k = &c->at[i].klass;
		struct wr_tui_row *row = &rows[i];

		memset(row, 0, sizeof(*row));
		make_id(row, k);
		row->klass = k;
		row->name = k->name;
		row->in_now.bytes = k->passed;
		row->cells = WR_TUI_SERIES;
		memcpy(row->series, c->at[i].series, sizeof(row->series));
	}
	return c->n;
}
