/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "view/human.h"
#include "view/packet.h"
#include "view/packet_impl.h"
#include "view/text.h"

/* History for people. */

enum { WIDTH = 80, LABEL = 12, BAR = 14, INDENT = 9 };

#define NS 1000000000ull

/* Names that strangers chose must not move the cursor. */
static void plain(struct wr_buf *b, const char *text)
{
	for (; *text; text++)
		wr_buf_char(b, wr_view_printable((uint8_t)*text));
}

/* ---- time ---- */

static void local(char *to, size_t size, const char *format, uint64_t t_s)
{
	time_t t = (time_t)t_s;
	struct tm tm;

	if (!localtime_r(&t, &tm) || !strftime(to, size, format, &tm))
		*to = 0;
}

/* A line when another day begins. */
static void day_line(struct wr_buf *b, uint64_t t_s, uint64_t *day)
{
	time_t t = (time_t)t_s;
	uint64_t today;
	char text[32];
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return;
	today = (uint64_t)tm.tm_year * 366 + (uint64_t)tm.tm_yday + 1;
	if (today == *day)
		return;
	*day = today;
	local(text, sizeof(text), "%Y-%m-%d", t_s);
	wr_buf_str(b, text);
	wr_buf_char(b, '\n');
}

static void clock_cell(struct wr_buf *b, uint64_t t_s)
{
	char text[32];

	local(text, sizeof(text), "%H:%M:%S", t_s);
	wr_buf_str(b, text);
}

/* ---- tables ---- */

static void sum_up(struct wr_store_counts *to, const struct wr_store_counts *n)
{
#define X(name, sep) to->name += n->name;
	WR_STORE_COUNT_TABLE(X)
#undef X
}

/* packets, bytes, rate, flows, dropped: what is not let through is one number here. */
static void cells(struct wr_buf *b, const struct wr_store_counts *n, uint64_t span_s)
{
	char cell[5][WR_HUMAN_CELL];

	wr_human_number(cell[0], n->packets);
	wr_human_si(cell[1], (double)n->bytes, "B");
	wr_human_si(cell[2], span_s ? (double)n->bytes * 8 / (double)span_s : 0, "bit/s");
	wr_human_number(cell[3], n->flows);
	wr_human_number(cell[4], n->dropped + n->limited);
	wr_buf_fmt(b, "%10s %9s %12s %9s %9s", cell[0], cell[1], cell[2], cell[3], cell[4]);
}

/* Of what is asked of gateways: requests, bytes of answers, rate, mean time, failed. */
static void asked_cells(struct wr_buf *b, const struct wr_store_counts *n, uint64_t span_s)
{
	char cell[5][WR_HUMAN_CELL];

	wr_human_number(cell[0], n->packets);
	wr_human_si(cell[1], (double)n->bytes_back, "B");
	wr_human_si(cell[2], span_s ? (double)n->packets / (double)span_s : 0, "req/s");
	wr_view_duration(cell[3], n->packets ? n->flows / n->packets * 1000 : 0);
	wr_human_number(cell[4], n->dropped);
	wr_buf_fmt(b, "%10s %9s %12s %9s %9s", cell[0], cell[1], cell[2], cell[3], cell[4]);
}

uint64_t wr_view_history_most(enum wr_store_kind kind, const struct wr_store_counts *n)
{
	return wr_store_is_api(kind) ? n->packets : n->bytes;
}

/* Not nothing where there was something. */
static void bar(struct wr_buf *b, uint64_t value, uint64_t most)
{
	uint64_t n = most ? (uint64_t)((double)value / (double)most * BAR + 0.5) : 0;

	n = n > BAR ? BAR : n;
	n = !n && value ? 1 : n;
	if (n)
		wr_buf_fmt(b, " %.*s", (int)n, "##############");
}

static void title(struct wr_buf *b, const struct wr_history_of *of)
{
	char from[32], to[32];

	local(from, sizeof(from), "%Y-%m-%d %H:%M:%S", of->from_s);
	local(to, sizeof(to), "%Y-%m-%d %H:%M:%S", of->to_s);
	wr_buf_str(b, wr_store_kind_name(of->kind));
	if (of->key && *of->key) {
		wr_buf_char(b, ' ');
		plain(b, of->key);
	}
	wr_buf_fmt(b, "\n%s to %s", from, to);
	if (of->key)
		wr_buf_fmt(b, ", by the %s",
			   of->res_s == 1    ? "second"
			   : of->res_s == 60 ? "minute"
					     : "hour");
	wr_buf_char(b, '\n');
}

void wr_view_history_begin(struct wr_buf *b, struct wr_history_table *t,
			   const struct wr_history_of *of, uint64_t most)
{
	bool asked = wr_store_is_api(of->kind);

	memset(t, 0, sizeof(*t));
	t->of = of;
	t->most = most;
	t->cells = asked ? asked_cells : cells;
	title(b, of);
	wr_buf_fmt(b, "%-*s%10s %9s %12s %9s %9s\n", LABEL, of->key ? "time" : "",
		   asked ? "requests" : "packets", "bytes", "rate", asked ? "mean" : "flows",
		   asked ? "failed" : "kept out");
}

void wr_view_history_period(struct wr_buf *b, struct wr_history_table *t, uint64_t t_s,
			    const struct wr_store_counts *n)
{
	char span[WR_HUMAN_CELL];

	if (t->rows && t_s > t->next_s) {
		wr_human_span(span, (t_s - t->next_s) * NS);
		wr_buf_fmt(b, "   nothing for %s\n", span);
	}
	day_line(b, t_s, &t->day);
	clock_cell(b, t_s);
	wr_buf_pad(b, LABEL);
	t->cells(b, n, t->of->res_s);
	bar(b, wr_view_history_most(t->of->kind, n), t->most);
	wr_buf_char(b, '\n');
	t->next_s = t_s + t->of->res_s;
	sum_up(&t->sum, n);
	t->rows++;
}

void wr_view_history_key(struct wr_buf *b, struct wr_history_table *t, const char *key,
			 const struct wr_store_counts *n)
{
	/* Keys are longer than clocks: they get a line of their own. */
	plain(b, *key ? key : "(all)");
	wr_buf_fmt(b, "\n%*s", LABEL, "");
	t->cells(b, n, t->of->to_s - t->of->from_s);
	bar(b, wr_view_history_most(t->of->kind, n), t->most);
	wr_buf_char(b, '\n');
	sum_up(&t->sum, n);
	t->rows++;
}

void wr_view_history_end(struct wr_buf *b, struct wr_history_table *t)
{
	if (!t->rows)
		wr_buf_str(b, "nothing was counted in that time\n");
	if (t->rows < 2)
		return;
	wr_buf_fmt(b, "%-*s", LABEL, "together");
	t->cells(b, &t->sum, t->of->to_s - t->of->from_s);
	wr_buf_char(b, '\n');
}

/* ---- flows ---- */

void wr_view_history_flow(struct wr_buf *b, const struct wr_store_flow *f, uint64_t *day)
{
	char span[WR_HUMAN_CELL], to[WR_HUMAN_CELL], back[WR_HUMAN_CELL];
	const char *proto = wr_view_proto(f->proto);
	size_t line;

	day_line(b, f->end_ns / NS, day);
	wr_human_span(span, f->end_ns > f->start_ns ? f->end_ns - f->start_ns : 0);
	wr_human_si(to, (double)f->bytes[0], "B");
	wr_human_si(back, (double)f->bytes[1], "B");
	line = b->used;
	clock_cell(b, f->end_ns / NS);
	wr_buf_fmt(b, " %7s %8s %8s ", span, to, back);
	if (proto)
		wr_buf_fmt(b, "%-4s ", proto);
	else
		wr_buf_fmt(b, "%-4u ", f->proto);
	wr_human_end(b, f->src, f->ip_v, f->sport);
	wr_buf_str(b, " > ");
	wr_human_end(b, f->dst, f->ip_v, f->dport);
	if (f->host[0]) {
		if (b->used - line + 1 + strlen(f->host) > WIDTH)
			wr_buf_fmt(b, "\n%*s", (int)INDENT, "");
		else
			wr_buf_char(b, ' ');
		plain(b, f->host);
	}
	wr_buf_char(b, '\n');
}

/* ---- incidents and rules ---- */

void wr_view_history_incident(struct wr_buf *b, const struct wr_store_incident *i, uint64_t *day)
{
	char span[WR_HUMAN_CELL] = "goes on";

	day_line(b, i->start_ns / NS, day);
	clock_cell(b, i->start_ns / NS);
	if (i->end_ns)
		wr_human_span(span, i->end_ns > i->start_ns ? i->end_ns - i->start_ns : 0);
	wr_buf_fmt(b, " %8s %-8s %s of ", span, i->severity, i->class);
	plain(b, i->target);
	wr_buf_fmt(b, " (incident %" PRIu64 ")\n", i->id);
	if (i->text[0]) {
		wr_buf_fmt(b, "%*s", (int)INDENT, "");
		plain(b, i->text);
		wr_buf_char(b, '\n');
	}
}

void wr_view_history_rule(struct wr_buf *b, const struct wr_store_rule *r, uint64_t *day)
{
	char until[32];

	day_line(b, r->at_ns / NS, day);
	clock_cell(b, r->at_ns / NS);
	wr_buf_fmt(b, " %-8s %-8s rule %" PRIu64, r->state, r->action, r->id);
	if (r->incident)
		wr_buf_fmt(b, " for incident %" PRIu64, r->incident);
	if (r->expires_ns) {
		local(until, sizeof(until), "%H:%M:%S", r->expires_ns / NS);
		wr_buf_fmt(b, ", until %s", until);
	}
	wr_buf_fmt(b, "\n%*s", (int)INDENT, "");
	plain(b, r->text);
	wr_buf_char(b, '\n');
}
