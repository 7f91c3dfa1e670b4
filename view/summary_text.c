/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary_impl.h"

#include <stdio.h>
#include <string.h>

#include "view/packet.h"
#include "view/table.h"

enum { CELL = WR_VIEW_CELL };

struct text {
	struct wr_summary *s;
	struct wr_view_table t;
};

/* ---- tables ---- */

static void color(struct text *x, const char *code)
{
	wr_view_table_color(&x->t, code);
}

static void heading(struct text *x, const struct wr_view_column *columns)
{
	wr_buf_char(x->t.b, '\n');
	wr_view_table_head(&x->t, columns);
}

static struct wr_buf *label(struct text *x)
{
	return wr_view_table_label(&x->t);
}

static void row(struct text *x)
{
	wr_view_table_row(&x->t);
}

static void share(struct text *x, struct wr_count n, struct wr_count all)
{
	wr_view_number(x->t.cell[1], n.packets);
	wr_view_percent(x->t.cell[2], n.packets, all.packets);
	wr_view_si(x->t.cell[3], (double)n.bytes, "B");
	wr_view_percent(x->t.cell[4], n.bytes, all.bytes);
}

static void and_more(struct text *x, uint64_t rows, uint64_t displaced)
{
	struct wr_buf *l = label(x);

	wr_buf_str(l, "and ");
	if (rows || !displaced) {
		wr_view_digits(l, rows);
		wr_buf_str(l, " more");
	}
	if (displaced) {
		wr_buf_str(l, rows ? ", " : "");
		wr_view_digits(l, displaced);
		wr_buf_str(l, " that made room");
	}
}

/* ---- the tables ---- */

static void protocols(struct text *x)
{
	static const struct wr_view_column columns[] = {
		{"Protocols", 40}, {"packets", 13}, {"%", 7}, {"bytes", 11}, {"%", 7}, {0}};
	struct wr_tally_row rows[WR_TALLY_ROWS_MAX];
	int i, n = wr_tally_rows(&x->s->tally, rows), shown = n;
	struct wr_count rest = x->s->tally.all;
	const char *name;

	if (n > (int)x->s->top + 1)
		shown = (int)x->s->top;
	heading(x, columns);
	for (i = 0; i < shown; i++) {
		name = wr_summary_proto(&rows[i]);
		if (name)
			wr_buf_str(label(x), name);
		else if (rows[i].kind == WR_TALLY_PROTO)
			wr_buf_fmt(label(x), "IP protocol %u", rows[i].number);
		else
			wr_buf_fmt(label(x), "EtherType 0x%04x", rows[i].number);
		share(x, rows[i].n, x->s->tally.all);
		row(x);
		rest = wr_count_less(rest, rows[i].n);
	}
	if (shown == n)
		return;
	and_more(x, (uint64_t)(n - shown), 0);
	share(x, rest, x->s->tally.all);
	row(x);
}

/* Rows to show: the top, or all when only one more would be left out. */
static uint32_t shown_of(const struct text *x, uint32_t rows)
{
	return rows <= x->s->top + 1 ? rows : x->s->top;
}

static void talkers(struct text *x)
{
	static const struct wr_view_column columns[] = {{"Talkers: what they sent", 40},
							{"packets", 13},
							{"%", 7},
							{"bytes", 11},
							{"%", 7},
							{0}};
	const struct wr_talk *t = x->s->talk[WR_TALK_TALKERS];
	struct wr_count all =
		wr_count_sum(wr_tally_ip(&x->s->tally, 4), wr_tally_ip(&x->s->tally, 6));
	struct wr_count rest = all;
	uint32_t i, n = wr_talk_rows(t), shown = shown_of(x, n);
	uint64_t displaced;

	if (!n)
		return;
	heading(x, columns);
	wr_talk_other(t, &displaced);
	wr_summary_rank_talk(x->s, WR_TALK_TALKERS, shown);
	for (i = 0; i < shown; i++) {
		const struct wr_talk_row *r = wr_talk_row(t, x->s->ranks[i].row);

		wr_view_address(label(x), r->key.addr, r->key.ip_v);
		share(x, r->out, all);
		row(x);
		rest = wr_count_less(rest, r->out);
	}
	if (shown == n && !displaced)
		return;
	and_more(x, n - shown, displaced);
	share(x, rest, all);
	row(x);
}

static void service_cells(struct text *x, uint64_t flows, struct wr_count n, uint64_t all_bytes)
{
	wr_view_number(x->t.cell[1], flows);
	wr_view_number(x->t.cell[2], n.packets);
	wr_view_si(x->t.cell[3], (double)n.bytes, "B");
	wr_view_percent(x->t.cell[4], n.bytes, all_bytes);
}

static void services(struct text *x)
{
	static const struct wr_view_column columns[] = {{"Services: both directions", 41},
							{"flows", 10},
							{"packets", 10},
							{"bytes", 10},
							{"%", 7},
							{0}};
	const struct wr_talk *t = x->s->talk[WR_TALK_SERVICES];
	struct wr_count rest =
		wr_count_sum(wr_tally_ip(&x->s->tally, 4), wr_tally_ip(&x->s->tally, 6));
	uint32_t i, n = wr_talk_rows(t), shown = shown_of(x, n);
	uint64_t all_bytes = rest.bytes, flows = 0, displaced;
	const struct wr_talk_row *r = wr_talk_other(t, &displaced);

	if (!n)
		return;
	heading(x, columns);
	flows = r->flows;
	for (i = 0; i < n; i++)
		flows += wr_talk_row(t, i)->flows;
	wr_summary_rank_talk(x->s, WR_TALK_SERVICES, shown);
	for (i = 0; i < shown; i++) {
		r = wr_talk_row(t, x->s->ranks[i].row);
		wr_view_proto_of(label(x), r->key.tag, r->key.proto);
		wr_buf_char(&x->t.label, ' ');
		wr_view_end(&x->t.label, r->key.addr, r->key.ip_v, r->key.port);
		service_cells(x, r->flows, wr_count_sum(r->in, r->out), all_bytes);
		row(x);
		rest = wr_count_less(rest, wr_count_sum(r->in, r->out));
		flows -= r->flows;
	}
	if (shown == n && !displaced)
		return;
	and_more(x, n - shown, displaced);
	service_cells(x, flows, rest, all_bytes);
	row(x);
}

static void flows(struct text *x)
{
	static const struct wr_view_column columns[] = {
		{"Flows: client > server", 51}, {"packets", 10}, {"bytes", 10}, {"lasted", 9}, {0}};
	const struct wr_flow_other *other = wr_flow_other(x->s->flows);
	struct wr_count rest =
		wr_count_sum(wr_tally_ip(&x->s->tally, 4), wr_tally_ip(&x->s->tally, 6));
	uint32_t i, n = wr_flow_rows(x->s->flows), shown = shown_of(x, n);

	if (!n)
		return;
	heading(x, columns);
	wr_summary_rank_flows(x->s, shown);
	for (i = 0; i < shown; i++) {
		struct wr_flow f = wr_flow_row(x->s->flows, x->s->ranks[i].row);
		struct wr_count sum = wr_count_sum(f.sent[0], f.sent[1]);

		wr_view_flow_of(label(x), &f);
		wr_view_number(x->t.cell[1], sum.packets);
		wr_view_si(x->t.cell[2], (double)sum.bytes, "B");
		wr_view_duration(x->t.cell[3], f.last_ns - f.first_ns);
		row(x);
		rest = wr_count_less(rest, sum);
	}
	if (shown == n && !other->flows)
		return;
	and_more(x, n - shown, other->flows);
	wr_view_number(x->t.cell[1], rest.packets);
	wr_view_si(x->t.cell[2], (double)rest.bytes, "B");
	x->t.cell[3][0] = '\0';
	row(x);
}

static void malformed(struct text *x)
{
	static const struct wr_view_column columns[] = {
		{"Malformed or cut", 58}, {"packets", 12}, {"%", 8}, {0}};
	const struct wr_tally *t = &x->s->tally;
	uint64_t any = 0;
	int i;

	for (i = 0; i < WR_BAD_COUNT; i++)
		any += t->bad[i].packets;
	if (!any)
		return;
	heading(x, columns);
	for (i = 0; i < WR_BAD_COUNT; i++) {
		if (!t->bad[i].packets)
			continue;
		wr_buf_str(label(x), wr_view_bad_text((uint8_t)i));
		wr_view_number(x->t.cell[1], t->bad[i].packets);
		wr_view_percent(x->t.cell[2], t->bad[i].packets, t->all.packets);
		row(x);
	}
}

/* ---- above and below them ---- */

static void rates(struct text *x, const struct wr_tally *t)
{
	uint64_t ns = t->last_ns - t->first_ns;
	double s = (double)ns / 1e9;
	char cell[CELL];

	if (!ns)
		return;
	wr_view_duration(cell, ns);
	wr_buf_fmt(x->t.b, " in %s", cell);
	wr_view_number(cell, (uint64_t)((double)t->all.packets / s + 0.5));
	if ((double)t->all.packets / s < 10)
		snprintf(cell, CELL, "%.1f", (double)t->all.packets / s);
	wr_buf_fmt(x->t.b, " (%s packets/s", cell);
	wr_view_si(cell, (double)t->all.bytes * 8 / s, "bit/s");
	wr_buf_fmt(x->t.b, ", %s)", cell);
}

/* Sorts of packets with a comma between; those that did not occur are left out. */
static void some(struct text *x, uint64_t packets, const char *what)
{
	if (!packets)
		return;
	if (x->t.b->used && x->t.b->at[x->t.b->used - 1] != '\n')
		wr_buf_str(x->t.b, ", ");
	wr_view_digits(x->t.b, packets);
	wr_buf_char(x->t.b, ' ');
	wr_buf_str(x->t.b, what);
}

static void sorts(struct text *x, const struct wr_tally *t)
{
	uint64_t tunnelled = 0, ip4 = wr_tally_ip(t, 4).packets, ip6 = wr_tally_ip(t, 6).packets;
	int i;

	for (i = 0; i < WR_TUNNEL_COUNT; i++)
		tunnelled += t->tunnel[i].packets;
	some(x, ip4, "IPv4");
	some(x, ip6, "IPv6");
	some(x, t->all.packets - ip4 - ip6, "not IP");
	some(x, t->fragments.packets, "fragments");
	some(x, t->vlan.packets, "tagged");
	some(x, tunnelled, "in tunnels");
	wr_buf_char(x->t.b, '\n');
}

static void headline(struct text *x)
{
	const struct wr_tally *t = &x->s->tally;
	char cell[CELL];

	color(x, "\033[1m");
	wr_view_plain(x->t.b, x->s->name ? x->s->name : "Capture", true);
	color(x, "\033[0m");
	if (x->s->filter) {
		wr_buf_str(x->t.b, ", ");
		wr_view_plain(x->t.b, x->s->filter, true);
	}
	wr_buf_char(x->t.b, '\n');
	wr_view_digits(x->t.b, t->all.packets);
	wr_view_si(cell, (double)t->all.bytes, "B");
	wr_buf_fmt(x->t.b, " packet%s, %s", t->all.packets == 1 ? "" : "s", cell);
	rates(x, t);
	wr_buf_char(x->t.b, '\n');
	if (!t->all.packets)
		return;
	wr_buf_str(x->t.b, "From ");
	wr_view_moment(x->t.b, t->first_ns);
	wr_buf_str(x->t.b, " to ");
	wr_view_moment(x->t.b, t->last_ns);
	wr_buf_str(x->t.b, " UTC\n");
	sorts(x, t);
}

static void chosen(struct text *x)
{
	if (!x->s->has_ledger)
		return;
	wr_buf_str(x->t.b, "  arrived ");
	wr_view_digits(x->t.b, x->s->arrived.packets);
	wr_buf_str(x->t.b, " = read ");
	wr_view_digits(x->t.b, x->s->chosen.packets);
	if (x->s->filter || !wr_count_same(x->s->arrived, x->s->chosen)) {
		wr_buf_str(x->t.b, " + not chosen by the filter ");
		wr_view_digits(x->t.b, x->s->arrived.packets - x->s->chosen.packets);
	}
	wr_buf_char(x->t.b, '\n');
}

static void ledger(struct text *x)
{
	struct wr_summary_sums sums = wr_summary_sums(x->s);
	bool balanced = wr_summary_balanced(x->s);

	wr_buf_char(x->t.b, '\n');
	color(x, balanced ? "\033[1m" : "\033[1;31m");
	wr_buf_str(x->t.b,
		   balanced ? "The ledger balances"
			    : "The ledger does NOT balance: this is a defect of weir, please "
			      "report it");
	color(x, "\033[0m");
	wr_buf_char(x->t.b, '\n');
	chosen(x);
	wr_buf_str(x->t.b, "  read ");
	wr_view_digits(x->t.b, x->s->tally.all.packets);
	wr_buf_str(x->t.b, " = in flows ");
	wr_view_digits(x->t.b, sums.in_flows.packets);
	if (sums.in_other.packets) {
		wr_buf_str(x->t.b, " + in flows that made room ");
		wr_view_digits(x->t.b, sums.in_other.packets);
	}
	wr_buf_str(x->t.b, " + not IP ");
	wr_view_digits(x->t.b, sums.not_ip.packets);
	wr_buf_char(x->t.b, '\n');
	wr_summary_policy_ledger(x->s, x->t.b);
}

void wr_summary_text(struct wr_summary *s, struct wr_buf *b, bool color)
{
	struct text x = {.s = s, .t = {.b = b, .color = color}};

	wr_summary_finish(s);
	headline(&x);
	if (s->tally.all.packets) {
		protocols(&x);
		talkers(&x);
		services(&x);
		flows(&x);
		malformed(&x);
	}
	wr_summary_policy_text(s, &x.t);
	ledger(&x);
	wr_view_table_end(&x.t);
}
