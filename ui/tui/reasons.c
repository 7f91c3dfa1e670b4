/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/reasons.h"

#include <stdlib.h>
#include <string.h>

#include "core/reason.h"
#include "view/packet.h"

enum {
	LOST = WR_BAD_COUNT, /* records, by stage */
	DROPPED = LOST + WR_LOST_COUNT,
	REASONS,
};
_Static_assert((int)REASONS <= (int)WR_TUI_REASONS, "room for every reason");

static uint64_t sum(const struct wr_ledger *rows, int n, int reason)
{
	uint64_t total = 0;

	for (int i = 0; i < n; i++)
		if (reason < LOST)
			total += rows[i].bad[reason];
		else if (reason < DROPPED)
			total += rows[i].lost[reason - LOST];
		else
			total += rows[i].arrived.packets - rows[i].passed.packets;
	return total;
}

void wr_tui_reasons_add(struct wr_tui_reasons *r, const struct wr_ledger *rows, int n)
{
	r->n = 0;
	r->any_now = false;
	for (int i = 1; i < REASONS; i++) {
		uint64_t total = sum(rows, n, i), before = r->at[i].total;
		double *series = r->at[i].series;

		/* What came before this began is no peak of its first window. */
		r->at[i].now = r->begun && total > before ? total - before : 0;
		r->at[i].total = total;
		memmove(series, series + 1, (WR_TUI_SERIES - 1) * sizeof(*series));
		series[WR_TUI_SERIES - 1] = (double)r->at[i].now;
		r->n += total != 0;
		r->any_now = r->any_now || r->at[i].now;
	}
	r->begun = true;
}

static void name(struct wr_tui_row *row, int reason)
{
	if (reason < LOST) {
		row->name = wr_view_bad((uint8_t)reason);
		row->text = wr_view_bad_text((uint8_t)reason);
	} else if (reason < DROPPED) {
		row->name = wr_lost_name((enum wr_lost)(reason - LOST));
		row->text = wr_lost_remedy((enum wr_lost)(reason - LOST));
	} else {
		row->name = "dropped";
		row->text = "did not pass the hook";
	}
}

static int most_first(const void *a, const void *b)
{
	const struct wr_tui_row *x = a, *y = b;

	if (x->in.packets != y->in.packets)
		return x->in.packets > y->in.packets ? -1 : 1;
	return x->id[0] < y->id[0] ? -1 : x->id[0] > y->id[0];
}

uint32_t wr_tui_reasons_rows(const struct wr_tui_reasons *r, struct wr_tui_row *rows)
{
	uint32_t n = 0;

	for (int i = 1; i < REASONS; i++) {
		struct wr_tui_row *row = &rows[n];

		if (!r->at[i].total)
			continue;
		memset(row, 0, sizeof(*row));
		row->id[0] = (uint64_t)i;
		name(row, i);
		row->in.packets = r->at[i].total;
		row->in_now.packets = r->at[i].now;
		row->cells = WR_TUI_SERIES;
		memcpy(row->series, r->at[i].series, sizeof(row->series));
		n++;
	}
	qsort(rows, n, sizeof(*rows), most_first);
	return n;
}
