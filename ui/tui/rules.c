/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/rules.h"

#include <string.h>

/* What was there before keeps its chart, wherever it stands now. */
static int place_before(const struct wr_tui_rules *r, const char *name)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (!strcmp(r->at[i].rule.name, name))
			return (int)i;
	return -1;
}

void wr_tui_rules_add(struct wr_tui_rules *r, const struct wr_tui_rule *rules, uint32_t n)
{
	static struct wr_tui_rules now; /* too large for a stack */

	now.n = n < WR_TUI_RULES_MAX ? n : WR_TUI_RULES_MAX;
	now.any_now = false;
	for (uint32_t i = 0; i < now.n; i++) {
		int before = place_before(r, rules[i].name);
		double *series = now.at[i].series;

		memset(series, 0, sizeof(now.at[i].series));
		if (before >= 0)
			memcpy(series, r->at[before].series + 1,
			       (WR_TUI_SERIES - 1) * sizeof(*series));
		series[WR_TUI_SERIES - 1] = (double)rules[i].stopped_now;
		now.at[i].rule = rules[i];
		now.any_now |= rules[i].keeps_out && rules[i].stopped_now;
	}
	*r = now;
}

static void fill(struct wr_tui_row *row, const struct wr_tui_rules *r, uint32_t i)
{
	const struct wr_tui_rule *x = &r->at[i].rule;

	memset(row, 0, sizeof(*row));
	memcpy(row->id, x->name, sizeof(x->name));
	row->rule = x;
	row->name = x->name;
	row->text = x->text;
	row->in = x->stopped;
	row->in_now.packets = x->stopped_now;
	row->cells = WR_TUI_SERIES;
	memcpy(row->series, r->at[i].series, sizeof(row->series));
}

uint32_t wr_tui_rules_rows(const struct wr_tui_rules *r, struct wr_tui_row *rows)
{
	for (uint32_t i = 0; i < r->n; i++)
		fill(&rows[i], r, i);
	return r->n;
}

static bool dropping(const struct wr_tui_rule *x)
{
	return x->keeps_out && x->stopped.packets;
}

uint32_t wr_tui_rules_dropping(const struct wr_tui_rules *r)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		n += dropping(&r->at[i].rule);
	return n;
}

uint32_t wr_tui_rules_drops(const struct wr_tui_rules *r, struct wr_tui_row *rows, uint32_t room)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->n && n < room; i++) {
		if (!dropping(&r->at[i].rule))
			continue;
		fill(&rows[n], r, i);
		rows[n].id[4] = UINT64_MAX; /* another row than that of the rules panel */
		n++;
	}
	return n;
}
