/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/classes.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "view/fact_json.h"
#include "view/table.h"
#include "view/text.h"

/* ---- JSON ---- */

static void counts_json(struct wr_buf *b, const char *key, const struct wr_class_counts *n)
{
	wr_json_open_key(b, key);
	wr_view_count_json(b, "offered", n->offered);
	wr_view_count_json(b, "passed", n->passed);
	wr_view_count_json(b, "marked", n->marked);
	wr_view_count_json(b, "dropped", n->dropped);
	wr_view_count_json(b, "borrowed", n->borrowed);
	wr_json_close(b);
}

void wr_view_class_json(struct wr_buf *b, const struct wr_class_row *r)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "class");
	if (r->name)
		wr_json_str(b, "class", r->name);
	if (r->guarantee_bps)
		wr_json_u64(b, "guarantee_bps", r->guarantee_bps);
	if (r->ceiling_bps)
		wr_json_u64(b, "ceiling_bps", r->ceiling_bps);
	wr_json_u64(b, "priority", r->priority);
	counts_json(b, "total", &r->all);
	counts_json(b, "second", &r->second);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static void link_classes_json(struct wr_buf *b, const struct wr_link_row *r)
{
	wr_json_array(b, "classes");
	for (uint32_t i = 0; i < r->n_classes; i++) {
		const struct wr_class_row *c = &r->classes[i];

		wr_json_open(b);
		if (c->name)
			wr_json_str(b, "class", c->name);
		counts_json(b, "total", &c->all);
		counts_json(b, "second", &c->second);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

void wr_view_link_json(struct wr_buf *b, const struct wr_link_row *r)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "link");
	wr_json_str(b, "iface", r->iface);
	wr_json_str(b, "direction", r->out ? "out" : "in");
	wr_json_u64(b, "capacity_bps", r->capacity_bps);
	wr_json_str(b, "capacity_from", r->known_by);
	wr_json_u64(b, "budget_bps", r->budget_bps);
	wr_json_u64(b, "used_bps", r->used_bps);
	wr_json_u64(b, "queue_us", r->queue_ns / 1000);
	wr_json_u64(b, "pressed", r->pressed);
	if (r->why)
		wr_json_str(b, "pressed_by", r->why);
	if (r->n_classes)
		link_classes_json(b, r);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- text: bits of the last second ---- */

static const struct wr_view_column class_columns[] = {{"Class", 20},
						      {"offered", 13},
						      {"passed", 13},
						      {"dropped", 13},
						      {"borrowed", 13},
						      {"marked", 8},
						      {0}};
static const struct wr_view_column link_columns[] = {
	{"Link", 20}, {"capacity", 13}, {"may use", 13}, {"uses", 13}, {"queue", 10}, {0}};

void wr_view_classes_head(struct wr_buf *b, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};

	wr_view_table_head(&t, class_columns);
	wr_view_table_end(&t);
}

void wr_view_links_head(struct wr_buf *b, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};

	wr_view_table_head(&t, link_columns);
	wr_view_table_end(&t);
}

static void put_bits(char cell[WR_VIEW_CELL], uint64_t bits)
{
	wr_view_si(cell, (double)bits, "bit/s");
}

/* The cells of the last second; the label is there. */
static void class_row(struct wr_view_table *t, const struct wr_class_counts *n)
{
	put_bits(t->cell[1], n->offered.bytes * 8);
	put_bits(t->cell[2], n->passed.bytes * 8);
	put_bits(t->cell[3], n->dropped.bytes * 8);
	put_bits(t->cell[4], n->borrowed.bytes * 8);
	wr_view_number(t->cell[5], n->marked.packets);
	wr_view_table_row(t);
}

void wr_view_link_classes_text(struct wr_buf *b, const struct wr_link_row *r, bool color)
{
	struct wr_view_table t = {.b = b, .color = color, .columns = class_columns};

	if (!r->n_classes)
		return;
	wr_buf_fmt(b, "  of %s %s:\n", r->iface, r->out ? "out" : "in");
	for (uint32_t i = 0; i < r->n_classes; i++) {
		const struct wr_class_row *c = &r->classes[i];

		wr_buf_str(wr_view_table_label(&t), c->name ? c->name : "(no class)");
		class_row(&t, &c->second);
	}
	wr_view_table_end(&t);
}

void wr_view_class_text(struct wr_buf *b, const struct wr_class_row *r, bool color)
{
	struct wr_view_table t = {.b = b, .color = color, .columns = class_columns};
	char rate[WR_VIEW_CELL];

	wr_buf_str(wr_view_table_label(&t), r->name ? r->name : "(no class)");
	class_row(&t, &r->second);
	wr_view_table_end(&t);
	wr_buf_fmt(b, "      priority %" PRIu32, r->priority);
	if (r->guarantee_bps) {
		put_bits(rate, r->guarantee_bps);
		wr_buf_fmt(b, ", guarantee %s", rate);
	}
	if (r->ceiling_bps) {
		put_bits(rate, r->ceiling_bps);
		wr_buf_fmt(b, ", ceiling %s", rate);
	}
	wr_view_number(rate, r->all.dropped.packets);
	wr_buf_fmt(b, "; dropped so far: %s", rate);
	wr_buf_char(b, '\n');
}

void wr_view_link_text(struct wr_buf *b, const struct wr_link_row *r, bool color)
{
	struct wr_view_table t = {.b = b, .color = color, .columns = link_columns};

	wr_buf_fmt(wr_view_table_label(&t), "%s %s", r->iface, r->out ? "out" : "in");
	snprintf(t.cell[1], sizeof(t.cell[1]), "not known");
	snprintf(t.cell[2], sizeof(t.cell[2]), "all");
	if (r->capacity_bps)
		put_bits(t.cell[1], r->capacity_bps);
	if (r->budget_bps)
		put_bits(t.cell[2], r->budget_bps);
	put_bits(t.cell[3], r->used_bps);
	wr_view_duration(t.cell[4], r->queue_ns);
	wr_view_table_row(&t);
	wr_view_table_end(&t);
	if (r->why && r->budget_bps && r->budget_bps < r->capacity_bps)
		wr_buf_fmt(b, "      the host does not keep up: %s\n", r->why);
}
