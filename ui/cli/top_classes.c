/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "ui/cli/top_rules.h"

struct answer {
	struct wr_tui_class *rows;
	int n, room;
};

static void put_class(struct wr_tui_class *to, const json_t *o)
{
	const json_t *now = json_object_get(o, "second");
	const char *name = wr_top_text(o, "class");

	*to = (struct wr_tui_class){
		.offered = wr_top_count(now, "offered").bytes,
		.passed = wr_top_count(now, "passed").bytes,
		.dropped = wr_top_count(now, "dropped").bytes,
		.borrowed = wr_top_count(now, "borrowed").bytes,
		.marked = wr_top_count(now, "marked").packets,
		.dropped_all = wr_top_count(json_object_get(o, "total"), "dropped").packets,
		.guarantee_bps = wr_top_number(o, "guarantee_bps"),
		.ceiling_bps = wr_top_number(o, "ceiling_bps"),
		.priority = (uint32_t)wr_top_number(o, "priority"),
	};
	snprintf(to->name, sizeof(to->name), "%s", *name ? name : "(no class)");
}

static void put_link(struct wr_tui_class *to, const json_t *o)
{
	*to = (struct wr_tui_class){
		.link = true,
		.passed = wr_top_number(o, "used_bps") / 8,
		.guarantee_bps = wr_top_number(o, "capacity_bps"),
		.ceiling_bps = wr_top_number(o, "budget_bps"),
	};
	/* No class is called so: names of classes have no blank. */
	snprintf(to->name, sizeof(to->name), "link %.16s %.3s", wr_top_text(o, "iface"),
		 wr_top_text(o, "direction"));
}

static void row(void *ctx, const json_t *o)
{
	struct answer *a = ctx;
	const char *kind = wr_top_text(o, "event_type");

	if (a->n == a->room)
		return;
	if (!strcmp(kind, "class"))
		put_class(&a->rows[a->n++], o);
	else if (!strcmp(kind, "link"))
		put_link(&a->rows[a->n++], o);
}

int wr_top_classes(struct wr_top_ask *ask, struct wr_tui_class *rows, int n)
{
	struct answer a = {.rows = rows, .room = n};
	int ret = wr_top_ask(ask, "classes", row, &a);

	return ret ? ret : a.n;
}
