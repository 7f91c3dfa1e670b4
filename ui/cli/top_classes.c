/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "ui/cli/top_rules.h"

struct answer {
	struct wr_tui_class class_[WR_TUI_CLASSES_MAX], part[WR_TUI_CLASSES_MAX],
		link[WR_TUI_CLASSES_MAX];
	uint32_t classes, parts, links;
	uint32_t told; /* links that tell what each class had of them */
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

static void put_parts(struct answer *a, const json_t *o)
{
	const json_t *of = json_object_get(o, "classes"), *one;
	size_t i;

	a->told += json_array_size(of) > 0;
	json_array_foreach(of, i, one)
	{
		struct wr_tui_class *to = &a->part[a->parts];

		if (a->parts == WR_TUI_CLASSES_MAX)
			return;
		put_class(to, one);
		snprintf(to->part, sizeof(to->part), "%.16s %.3s", wr_top_text(o, "iface"),
			 wr_top_text(o, "direction"));
		a->parts++;
	}
}

static void row(void *ctx, const json_t *o)
{
	struct answer *a = ctx;
	const char *kind = wr_top_text(o, "event_type");

	if (!strcmp(kind, "class") && a->classes < WR_TUI_CLASSES_MAX)
		put_class(&a->class_[a->classes++], o);
	if (strcmp(kind, "link") != 0 || a->links == WR_TUI_CLASSES_MAX)
		return;
	put_link(&a->link[a->links++], o);
	put_parts(a, o);
}

/* Of one link alone that would be what the class itself says. */
static int put_class_rows(const struct answer *a, uint32_t i, struct wr_tui_class *rows, int n)
{
	int to = 0;

	if (to < n)
		rows[to++] = a->class_[i];
	for (uint32_t k = 0; a->told > 1 && k < a->parts && to < n; k++)
		if (!strcmp(a->part[k].name, a->class_[i].name))
			rows[to++] = a->part[k];
	return to;
}

int wr_top_classes(struct wr_top_ask *ask, struct wr_tui_class *rows, int n)
{
	static struct answer a; /* large */
	int ret, to = 0;

	a.classes = a.parts = a.links = a.told = 0;
	ret = wr_top_ask(ask, "classes", row, &a);
	for (uint32_t i = 0; !ret && i < a.classes; i++)
		to += put_class_rows(&a, i, rows + to, n - to);
	for (uint32_t i = 0; !ret && i < a.links && to < n; i++)
		rows[to++] = a.link[i];
	return ret ? ret : to;
}
