/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/live.h"

#include <stdio.h>

#include "view/table.h"

enum { ROWS_MAX = 4096 /* of the largest kind */ };

/* A table of one kind, and what its rows have together, so that the last row can hold the rest. */
struct text {
	struct wr_view_table t;
	struct wr_live *live;
	enum wr_live_kind kind;
	struct wr_live_row rest;
	struct wr_live_cell rest_now;
};

/* ---- cells ---- */

static void bit_rate(char cell[WR_VIEW_CELL], const struct wr_count *n)
{
	wr_view_si(cell, (double)n->bytes * 8 * 1e9 / WR_LIVE_WINDOW_NS, "bit/s");
}

/* Whether the way out is watched is known when something has left. */
static void rates(struct text *x, const struct wr_live_cell *now)
{
	bit_rate(x->t.cell[1], &now->in);
	if (wr_live_totals(x->live)->out.packets)
		bit_rate(x->t.cell[2], &now->out);
	else
		snprintf(x->t.cell[2], WR_VIEW_CELL, "-");
	wr_view_number(x->t.cell[3], now->in.packets + now->out.packets);
}

static void service_cells(struct text *x, const struct wr_live_row *r)
{
	wr_view_number(x->t.cell[4], r->flows);
	wr_view_number(x->t.cell[5], r->sources);
	if (!r->sources)
		snprintf(x->t.cell[5], WR_VIEW_CELL, "-");
}

static void talker_cells(struct text *x, const struct wr_live_row *r)
{
	wr_view_number(x->t.cell[4], r->flows);
	wr_view_si(x->t.cell[5], (double)(r->in.bytes + r->out.bytes), "B");
}

static void sum_cells(struct text *x, const struct wr_live_row *r)
{
	wr_view_number(x->t.cell[4], r->in.packets + r->out.packets);
	wr_view_si(x->t.cell[5], (double)(r->in.bytes + r->out.bytes), "B");
}

/* ---- labels ---- */

static void service_label(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	(void)l;
	wr_view_service_of(b, &r->key);
}

static void talker_label(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	(void)l;
	wr_view_address(b, r->key.addr, r->key.ip_v);
}

static void protocol_label(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	(void)l;
	wr_view_protocol_of(b, &r->key);
}

static void iface_label(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	wr_view_plain(b, wr_live_iface_name(l, r->key.port), false);
}

/* ---- tables ---- */

#define RATES                    \
	{"in", 12}, {"out", 12}, \
	{                        \
		"pkt/s", 9       \
	}
#define SUMS                   \
	RATES, {"packets", 9}, \
	{                      \
		"bytes", 9     \
	}
static const struct wr_view_column services[] = {
	{"Services", 31}, RATES, {"flows", 8}, {"sources", 8}, {0}};
static const struct wr_view_column talkers[] = {
	{"Talkers", 30}, RATES, {"flows", 8}, {"bytes", 9}, {0}};
static const struct wr_view_column protocols[] = {{"Protocols", 29}, SUMS, {0}};
static const struct wr_view_column ifaces[] = {{"Interfaces", 29}, SUMS, {0}};

static const struct {
	const struct wr_view_column *columns;
	void (*label)(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r);
	void (*cells)(struct text *x, const struct wr_live_row *r);
} kinds[WR_LIVE_KINDS] = {
	[WR_LIVE_SERVICES] = {services, service_label, service_cells},
	[WR_LIVE_TALKERS] = {talkers, talker_label, talker_cells},
	[WR_LIVE_PROTOCOLS] = {protocols, protocol_label, sum_cells},
	[WR_LIVE_IFACES] = {ifaces, iface_label, sum_cells},
};

static void less(struct wr_count *from, const struct wr_count *n)
{
	from->packets -= n->packets;
	from->bytes -= n->bytes;
}

static void row(struct text *x, const struct wr_live_row *r)
{
	struct wr_live_cell now = wr_live_cell(x->live, r, 0);

	kinds[x->kind].label(wr_view_table_label(&x->t), x->live, r);
	rates(x, &now);
	kinds[x->kind].cells(x, r);
	wr_view_table_row(&x->t);
	less(&x->rest_now.in, &now.in);
	less(&x->rest_now.out, &now.out);
	less(&x->rest.in, &r->in);
	less(&x->rest.out, &r->out);
	x->rest.flows -= r->flows;
}

/* What is not shown: with it every column of numbers adds up to the totals. */
static void rest_row(struct text *x, uint32_t not_shown)
{
	struct wr_buf *l = wr_view_table_label(&x->t);

	if (!not_shown && !x->rest.in.packets && !x->rest.out.packets)
		return;
	if (not_shown)
		wr_buf_fmt(l, "and %u more", not_shown);
	else
		wr_buf_str(l, "others");
	rates(x, &x->rest_now);
	kinds[x->kind].cells(x, &x->rest);
	wr_view_table_row(&x->t);
}

void wr_view_rows_text(struct wr_buf *b, struct wr_live *l, enum wr_live_kind kind,
		       const struct wr_view_live *how)
{
	const struct wr_live_total *total = wr_live_totals(l);
	struct text x = {
		.t = {.b = b, .color = how->color},
		.live = l,
		.kind = kind,
		.rest = {.in = total->in, .out = total->out, .flows = (uint32_t)total->flows_begun},
		.rest_now = wr_live_total_cell(l, 0),
	};
	const struct wr_live_row *rows[ROWS_MAX];
	uint32_t n = how->top < ROWS_MAX ? how->top : ROWS_MAX;

	n = wr_live_top(l, kind, how->order, rows, n);
	wr_view_table_head(&x.t, kinds[kind].columns);
	for (uint32_t i = 0; i < n; i++)
		row(&x, rows[i]);
	rest_row(&x, wr_live_rows(l, kind) - n);
	wr_view_table_end(&x.t);
}

void wr_view_flows_text(struct wr_buf *b, const struct wr_flow *flows, uint32_t n, uint32_t of_n,
			bool color)
{
	static const struct wr_view_column columns[] = {
		{"Flows: client > server", 51}, {"packets", 10}, {"bytes", 10}, {"lasted", 9}, {0}};
	struct wr_view_table t = {.b = b, .color = color};

	wr_view_table_head(&t, columns);
	for (uint32_t i = 0; i < n; i++) {
		const struct wr_flow *f = &flows[i];

		wr_view_flow_of(wr_view_table_label(&t), f);
		wr_view_number(t.cell[1], f->sent[0].packets + f->sent[1].packets);
		wr_view_si(t.cell[2], (double)(f->sent[0].bytes + f->sent[1].bytes), "B");
		wr_view_duration(t.cell[3], f->last_ns - f->first_ns);
		wr_view_table_row(&t);
	}
	if (of_n > n)
		wr_buf_fmt(b, "  and %u more\n", of_n - n);
	wr_view_table_end(&t);
}

/* ---- totals ---- */

static void way(struct wr_buf *b, const char *name, const struct wr_count *now,
		const struct wr_count *sum)
{
	char cell[WR_VIEW_CELL];

	bit_rate(cell, now);
	wr_buf_fmt(b, "%-9s%14s", name, cell);
	wr_view_number(cell, now->packets);
	wr_buf_fmt(b, "%12s packets/s", cell);
	wr_view_number(cell, sum->packets);
	wr_buf_fmt(b, "%13s packets", cell);
	wr_view_si(cell, (double)sum->bytes, "B");
	wr_buf_fmt(b, "%14s\n", cell);
}

void wr_view_stats_text(struct wr_buf *b, struct wr_live *l, const struct wr_view_live *how)
{
	const struct wr_live_total *t = wr_live_totals(l);
	struct wr_live_cell now = wr_live_total_cell(l, 0);

	(void)how;
	way(b, "in", &now.in, &t->in);
	if (t->out.packets)
		way(b, "out", &now.out, &t->out);
	wr_buf_fmt(b, "%-9s", "flows");
	wr_view_digits(b, wr_flow_rows(wr_live_flows(l)));
	wr_buf_str(b, " active, ");
	wr_view_digits(b, t->flows_begun);
	wr_buf_str(b, " begun, ");
	wr_view_digits(b, t->flows_ended);
	wr_buf_str(b, " ended\n");
}
