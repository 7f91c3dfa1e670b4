/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "base/json.h"
#include "core/reason.h"
#include "view/packet.h"
#include "view/status.h"
#include "view/table.h"

/* One way to not get through, or to come broken. */
struct drop {
	const struct wr_ledger *row;
	const char *kind, *reason, *text;
	uint64_t packets;
};

typedef void (*drop_fn)(void *ctx, const struct drop *d);

static void each(const struct wr_ledger *rows, int n, drop_fn fn, void *ctx)
{
	for (int r = 0; r < n; r++) {
		for (int i = 1; i < WR_BAD_COUNT; i++) {
			struct drop d = {&rows[r], "malformed", wr_view_bad((uint8_t)i),
					 wr_view_bad_text((uint8_t)i), rows[r].bad[i]};

			if (d.packets)
				fn(ctx, &d);
		}
		for (uint32_t i = 0; i < rows[r].n_rules; i++) {
			const struct wr_ledger_rule *x = &rows[r].rule[i];
			struct drop by[2] = {{&rows[r], "rule", x->name, "dropped by a rule",
					      x->dropped.packets},
					     {&rows[r], "limit", x->name, "over the rate of a rule",
					      x->limited.packets}};

			for (int k = 0; k < 2; k++)
				if (by[k].packets)
					fn(ctx, &by[k]);
		}
		for (int i = 0; i < WR_LOST_COUNT; i++) {
			struct drop d = {&rows[r], "record", wr_lost_name(i), wr_lost_remedy(i),
					 rows[r].lost[i]};

			if (d.packets)
				fn(ctx, &d);
		}
	}
}

static void json(void *ctx, const struct drop *d)
{
	struct wr_buf *b = ctx;

	wr_json_open(b);
	wr_json_str(b, "event_type", "drop");
	wr_json_str(b, "in_iface", d->row->iface);
	wr_json_str(b, "hook", wr_hook_name(d->row->hook));
	wr_json_str(b, "kind", d->kind);
	wr_json_str(b, "reason", d->reason);
	wr_json_str(b, "text", d->text);
	wr_json_u64(b, "packets", d->packets);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static void text(void *ctx, const struct drop *d)
{
	struct wr_view_table *t = ctx;

	/* What a lost record is has a name; its text is a remedy, and long. So has a rule. */
	wr_buf_str(wr_view_table_label(t), d->kind[0] == 'm' ? d->text : d->reason);
	snprintf(t->cell[1], WR_VIEW_CELL, "%s", d->kind);
	snprintf(t->cell[2], WR_VIEW_CELL, "%.15s", d->row->iface);
	wr_view_number(t->cell[3], d->packets);
	wr_view_table_row(t);
}

void wr_view_drops_json(struct wr_buf *b, const struct wr_ledger *rows, int n)
{
	each(rows, n, json, b);
}

void wr_view_drops_text(struct wr_buf *b, const struct wr_ledger *rows, int n, bool color)
{
	static const struct wr_view_column columns[] = {{"Kept out, lost or broken", 42},
							{"what", 10},
							{"interface", 16},
							{"packets", 12},
							{0}};
	struct wr_view_table t = {.b = b, .color = color};
	size_t before;

	wr_view_table_head(&t, columns);
	before = b->used;
	each(rows, n, text, &t);
	if (b->used == before)
		wr_buf_str(b, "  nothing\n");
	wr_view_table_end(&t);
}
