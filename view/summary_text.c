/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "view/human.h"
#include "view/packet.h"

enum { CELLS_MAX = 5, CELL = WR_HUMAN_CELL };

struct column {
	const char *head;
	int width;
};

struct text {
	struct wr_summary *s;
	struct wr_buf *b;
	struct wr_buf label; /* of the row that is being made */
	const struct column *columns;
	char cell[CELLS_MAX][CELL]; /* [0] is not used: the label */
	bool color;
};

/* ---- numbers for people ---- */

static void percent(char out[CELL], uint64_t part, uint64_t all)
{
	double p = all ? 100.0 * (double)part / (double)all : 0;

	if (part && p < 0.05)
		snprintf(out, CELL, "<0.1%%");
	else if (part != all && p >= 99.95)
		snprintf(out, CELL, ">99.9%%");
	else
		snprintf(out, CELL, "%.1f%%", p);
}

/* ---- tables ---- */

static void color(struct text *x, const char *code)
{
	if (x->color)
		wr_buf_str(x->b, code);
}

/* First column to the left, the others to the right. A label that leaves no room gets a line of its
 * own. */
static void line(struct text *x, const char *label)
{
	const struct column *c = x->columns;
	int first_two = c->width + c[1].width, used = (int)strlen(label), i;

	if (used + 1 + (int)strlen(x->cell[1]) > first_two) {
		wr_buf_str(x->b, label);
		wr_buf_char(x->b, '\n');
		label = "";
	}
	used = (int)strlen(label) > c->width ? (int)strlen(label) : c->width;
	wr_buf_fmt(x->b, "%-*s%*s", used, label, first_two - used, x->cell[1]);
	for (i = 2; c[i].head && x->cell[i][0]; i++)
		wr_buf_fmt(x->b, "%*s", c[i].width, x->cell[i]);
	wr_buf_char(x->b, '\n');
}

static void heading(struct text *x, const struct column *columns)
{
	int i;

	x->columns = columns;
	for (i = 1; columns[i].head; i++)
		snprintf(x->cell[i], CELL, "%s", columns[i].head);
	wr_buf_char(x->b, '\n');
	color(x, "\033[1m");
	line(x, columns[0].head);
	color(x, "\033[0m");
}

/* A row's label begins with two spaces. */
static struct wr_buf *label(struct text *x)
{
	wr_buf_clear(&x->label);
	wr_buf_str(&x->label, "  ");
	return &x->label;
}

static void row(struct text *x)
{
	line(x, wr_buf_text(&x->label));
}

static void share(struct text *x, struct wr_count n, struct wr_count all)
{
	wr_human_number(x->cell[1], n.packets);
	percent(x->cell[2], n.packets, all.packets);
	wr_human_si(x->cell[3], (double)n.bytes, "B");
	percent(x->cell[4], n.bytes, all.bytes);
}

static void and_more(struct text *x, uint64_t rows, uint64_t displaced)
{
	struct wr_buf *l = label(x);

	wr_buf_str(l, "and ");
	if (rows || !displaced) {
		wr_human_digits(l, rows);
		wr_buf_str(l, " more");
	}
	if (displaced) {
		wr_buf_str(l, rows ? ", " : "");
		wr_human_digits(l, displaced);
		wr_buf_str(l, " that made room");
	}
}

static void proto_name(struct wr_buf *l, uint16_t tag, uint8_t proto)
{
	const char *name = wr_view_proto(proto);

	if (tag & WR_FLOW_NO_PROTO)
		wr_buf_str(l, "?");
	else if (name)
		wr_buf_str(l, name);
	else
		wr_buf_fmt(l, "proto %u", proto);
}

/* ---- the tables ---- */

static void protocols(struct text *x)
{
	static const struct column columns[] = {{"Protocols", 40}, {"packets", 13}, {"%", 7},
						{"bytes", 11},	   {"%", 7},	    {0}};
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
	static const struct column columns[] = {{"Talkers: what they sent", 40},
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

		wr_human_end(label(x), r->key.addr, r->key.ip_v, 0);
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
	wr_human_number(x->cell[1], flows);
	wr_human_number(x->cell[2], n.packets);
	wr_human_si(x->cell[3], (double)n.bytes, "B");
	percent(x->cell[4], n.bytes, all_bytes);
}

static void services(struct text *x)
{
	static const struct column columns[] = {{"Services: both directions", 41},
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
		proto_name(label(x), r->key.tag, r->key.proto);
		wr_buf_char(&x->label, ' ');
		wr_human_end(&x->label, r->key.addr, r->key.ip_v, r->key.port);
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

static void flow_label(struct text *x, const struct wr_flow *f)
{
	const struct wr_flow_key *k = &f->key;
	int server = wr_flow_server(f);
	struct wr_buf *l = label(x);

	wr_human_end(l, k->addr[!server], k->ip_v, k->port[!server]);
	wr_buf_str(l, " > ");
	wr_human_end(l, k->addr[server], k->ip_v, k->port[server]);
	wr_buf_char(l, ' ');
	proto_name(l, k->tag, k->proto);
	if (k->tag & WR_FLOW_VLAN)
		wr_buf_fmt(l, " vlan %u", k->tag & WR_FLOW_VLAN_ID);
}

static void flows(struct text *x)
{
	static const struct column columns[] = {
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
		const struct wr_flow *f = wr_flow_row(x->s->flows, x->s->ranks[i].row);
		struct wr_count sum = wr_count_sum(f->sent[0], f->sent[1]);

		flow_label(x, f);
		wr_human_number(x->cell[1], sum.packets);
		wr_human_si(x->cell[2], (double)sum.bytes, "B");
		wr_human_span(x->cell[3], f->last_ns - f->first_ns);
		row(x);
		rest = wr_count_less(rest, sum);
	}
	if (shown == n && !other->flows)
		return;
	and_more(x, n - shown, other->flows);
	wr_human_number(x->cell[1], rest.packets);
	wr_human_si(x->cell[2], (double)rest.bytes, "B");
	x->cell[3][0] = '\0';
	row(x);
}

static void malformed(struct text *x)
{
	static const struct column columns[] = {
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
		wr_human_number(x->cell[1], t->bad[i].packets);
		percent(x->cell[2], t->bad[i].packets, t->all.packets);
		row(x);
	}
}

/* ---- above and below them ---- */

/* File names are strangers' text: what steers a terminal is not passed on. */
static void plain(struct wr_buf *b, const char *s)
{
	for (; *s; s++)
		wr_buf_char(b, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static void rates(struct text *x, const struct wr_tally *t)
{
	uint64_t ns = t->last_ns - t->first_ns;
	double s = (double)ns / 1e9;
	char cell[CELL];

	if (!ns)
		return;
	wr_human_span(cell, ns);
	wr_buf_fmt(x->b, " in %s", cell);
	wr_human_number(cell, (uint64_t)((double)t->all.packets / s + 0.5));
	if ((double)t->all.packets / s < 10)
		snprintf(cell, CELL, "%.1f", (double)t->all.packets / s);
	wr_buf_fmt(x->b, " (%s packets/s", cell);
	wr_human_si(cell, (double)t->all.bytes * 8 / s, "bit/s");
	wr_buf_fmt(x->b, ", %s)", cell);
}

static void moment(struct wr_buf *b, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	char text[40];
	struct tm tm;

	if (gmtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		wr_buf_str(b, text);
}

/* Sorts of packets with a comma between; those that did not occur are left out. */
static void some(struct text *x, uint64_t packets, const char *what)
{
	if (!packets)
		return;
	if (x->b->used && x->b->at[x->b->used - 1] != '\n')
		wr_buf_str(x->b, ", ");
	wr_human_digits(x->b, packets);
	wr_buf_char(x->b, ' ');
	wr_buf_str(x->b, what);
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
	wr_buf_char(x->b, '\n');
}

static void headline(struct text *x)
{
	const struct wr_tally *t = &x->s->tally;
	char cell[CELL];

	color(x, "\033[1m");
	plain(x->b, x->s->name ? x->s->name : "Capture");
	color(x, "\033[0m");
	if (x->s->filter) {
		wr_buf_str(x->b, ", ");
		plain(x->b, x->s->filter);
	}
	wr_buf_char(x->b, '\n');
	wr_human_digits(x->b, t->all.packets);
	wr_human_si(cell, (double)t->all.bytes, "B");
	wr_buf_fmt(x->b, " packet%s, %s", t->all.packets == 1 ? "" : "s", cell);
	rates(x, t);
	wr_buf_char(x->b, '\n');
	if (!t->all.packets)
		return;
	wr_buf_str(x->b, "From ");
	moment(x->b, t->first_ns);
	wr_buf_str(x->b, " to ");
	moment(x->b, t->last_ns);
	wr_buf_str(x->b, " UTC\n");
	sorts(x, t);
}

static void chosen(struct text *x)
{
	if (!x->s->has_ledger)
		return;
	wr_buf_str(x->b, "  arrived ");
	wr_human_digits(x->b, x->s->arrived.packets);
	wr_buf_str(x->b, " = read ");
	wr_human_digits(x->b, x->s->chosen.packets);
	if (x->s->filter || !wr_count_same(x->s->arrived, x->s->chosen)) {
		wr_buf_str(x->b, " + not chosen by the filter ");
		wr_human_digits(x->b, x->s->arrived.packets - x->s->chosen.packets);
	}
	wr_buf_char(x->b, '\n');
}

static void ledger(struct text *x)
{
	struct wr_summary_sums sums = wr_summary_sums(x->s);
	bool balanced = wr_summary_balanced(x->s);

	wr_buf_char(x->b, '\n');
	color(x, balanced ? "\033[1m" : "\033[1;31m");
	wr_buf_str(x->b, balanced ? "The ledger balances"
				  : "The ledger does NOT balance: this is a defect of weir, please "
				    "report it");
	color(x, "\033[0m");
	wr_buf_char(x->b, '\n');
	chosen(x);
	wr_buf_str(x->b, "  read ");
	wr_human_digits(x->b, x->s->tally.all.packets);
	wr_buf_str(x->b, " = in flows ");
	wr_human_digits(x->b, sums.in_flows.packets);
	if (sums.in_other.packets) {
		wr_buf_str(x->b, " + in flows that made room ");
		wr_human_digits(x->b, sums.in_other.packets);
	}
	wr_buf_str(x->b, " + not IP ");
	wr_human_digits(x->b, sums.not_ip.packets);
	wr_buf_char(x->b, '\n');
}

void wr_summary_text(struct wr_summary *s, struct wr_buf *b, bool color)
{
	struct text x = {.s = s, .b = b, .color = color};

	wr_summary_finish(s);
	headline(&x);
	if (s->tally.all.packets) {
		protocols(&x);
		talkers(&x);
		services(&x);
		flows(&x);
		malformed(&x);
	}
	ledger(&x);
	wr_buf_free(&x.label);
}
