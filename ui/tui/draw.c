/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/account.h"
#include "ui/tui/keys.h"
#include "ui/tui/paint.h"
#include "ui/tui/state.h"
#include "view/ledger.h"
#include "view/spark.h"

/*
 * From the top: headline, two charts, names of the panels, the list, what is said, keys. Screens
 * with room to spare get blank lines between them.
 */

enum {
	CHART_LINES = 2,
	CHART_AT = 20, /* 60 windows behind it make 80 columns */
	ASIDE = 102,   /* columns of a screen with room for peaks beside the charts */
	ROOMY = 30,    /* rows of a screen with blank lines */
};

static struct wr_buf buf; /* of the line that is being made */

static struct wr_buf *fresh(void)
{
	wr_buf_clear(&buf);
	return &buf;
}

/* ---- headline ---- */

/* An interface has a row for each of its hooks. */
static int headline_hooks(const struct wr_tui *t, int x, int end)
{
	const struct wr_ledger *l = t->m->ledger;

	for (int i = 0; i < t->m->n_ledger; i++) {
		bool same = i && !strcmp(l[i].iface, l[i - 1].iface);
		struct wr_buf *b = fresh();

		wr_buf_str(b, same ? ", " : i ? "  " : "");
		if (!same)
			wr_buf_fmt(b, "%s ", l[i].iface);
		if (x + (int)b->used + (int)strlen(wr_hook_text(l[i].hook)) > end) {
			wr_buf_clear(b);
			wr_buf_fmt(b, "  and %d more", t->m->n_ledger - i);
			return wr_paint_some(0, x, end, WR_TUI_DIM, wr_buf_text(b));
		}
		x = wr_paint_some(0, x, end, same ? WR_TUI_DIM : WR_TUI_PLAIN, wr_buf_text(b));
		x = wr_paint_some(0, x, end, WR_TUI_DIM, wr_hook_text(l[i].hook));
	}
	return x;
}

static void headline(const struct wr_tui *t)
{
	time_t s = (time_t)(t->m->time_ns / 1000000000);
	enum wr_tui_ink ink = t->m->balanced ? WR_TUI_IN : WR_TUI_ALARM;
	const char *books = t->m->balanced ? "balanced" : "NOT BALANCED";
	char clock[16] = "";
	struct tm tm;
	int x, right = COLS - 10;

	if (s && localtime_r(&s, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	wr_paint(0, right, 9, WR_TUI_PLAIN, clock);
	right -= (int)strlen(books) + 2;
	if (t->m->n_ledger)
		wr_paint(0, right, (int)strlen(books), ink, books);
	if (t->frozen) {
		right -= 10;
		wr_paint(0, right, 8, WR_TUI_CHOSEN, " FROZEN");
	} else if (t->hold) {
		right -= 10;
		wr_paint(0, right, 8, WR_TUI_CHOSEN, " PAUSED");
	}
	x = wr_paint_some(0, 1, right - 2, WR_TUI_BOLD, "weir");
	x = wr_paint_some(0, x + 2, right - 2, WR_TUI_BOLD, t->conf->host);
	headline_hooks(t, x + 3, right - 2);
}

/* ---- charts ---- */

/* One way: what it is now, on two lines, its last minute, and what was the most of it. */
struct chart {
	const char *name;
	enum wr_tui_ink ink;
	const double *series;
	struct wr_count now, all;
	bool packets; /* the series is of packets */
};

static double largest(const double *v)
{
	double top = 0;

	for (int i = 0; i < WR_TUI_SERIES; i++)
		top = v[i] > top ? v[i] : top;
	return top;
}

static void chart_rate(struct wr_buf *b, const struct wr_tui *t, const struct chart *c, double v)
{
	if (c->packets)
		wr_tui_packet_rate(b, v);
	else
		wr_tui_rate(b, v, &t->style);
}

static void chart_aside(const struct wr_tui *t, int y, const struct chart *c)
{
	int x = CHART_AT + WR_TUI_SERIES + 2;
	char cell[WR_VIEW_CELL];
	struct wr_buf *b = fresh();

	wr_buf_str(b, "peak ");
	chart_rate(b, t, c, largest(c->series));
	wr_paint_some(y, x, COLS, WR_TUI_DIM, wr_buf_text(b));
	b = fresh();
	wr_buf_str(b, "all  ");
	if (c->packets) {
		wr_view_number(cell, c->all.packets);
		wr_buf_fmt(b, "%s packets", cell);
	} else {
		wr_view_si(cell, (double)c->all.bytes, "B");
		wr_buf_str(b, cell);
	}
	wr_paint_some(y + 1, x, COLS, WR_TUI_DIM, wr_buf_text(b));
}

/* Ends where the charts begin. */
static void before_chart(int y, enum wr_tui_ink ink, const char *text)
{
	int x = CHART_AT - 1 - (int)strlen(text);

	wr_paint_some(y, x > 5 ? x : 5, CHART_AT, ink, text);
}

static void chart(const struct wr_tui *t, int y, const struct chart *c)
{
	struct wr_spark spark = {.values = c->series,
				 .n = WR_TUI_SERIES,
				 .height = CHART_LINES,
				 .utf8 = t->style.utf8};
	double now = c->packets ? (double)c->now.packets : (double)c->now.bytes;
	struct wr_buf *b = fresh();

	for (spark.line = 0; spark.line < CHART_LINES; spark.line++) {
		wr_view_spark(b, &spark);
		wr_paint_some(y + spark.line, CHART_AT, COLS, c->ink, wr_buf_text(b));
		b = fresh();
	}
	wr_paint(y, 1, 4, WR_TUI_BOLD, c->name);
	chart_rate(b, t, c, now);
	before_chart(y, c->ink, wr_buf_text(b));
	b = fresh();
	if (t->style.out)
		wr_tui_packet_rate(b, (double)c->now.packets);
	else
		chart_rate(b, t, c, largest(c->series));
	before_chart(y + 1, WR_TUI_DIM, wr_buf_text(b));
	if (!t->style.out)
		wr_paint_some(y + 1, 1, 5, WR_TUI_DIM, "peak");
	if (COLS >= ASIDE)
		chart_aside(t, y, c);
}

/* Where the way out is not watched its place shows how many packets come in. */
static int charts(const struct wr_tui *t, int y)
{
	const struct wr_tui_model *m = t->m;
	const struct chart in = {"in", WR_TUI_IN, m->in_series, m->in_now, m->in, false};
	const struct chart out = {"out", WR_TUI_OUT, m->out_series, m->out_now, m->out, false};
	const struct chart packets = {"pkt", WR_TUI_IN, m->packets_series, m->in_now, m->in, true};

	chart(t, y, &in);
	chart(t, y + CHART_LINES, t->style.out ? &out : &packets);
	return y + 2 * CHART_LINES;
}

/* ---- names of the panels ---- */

/* Most policies have no classes, and narrow screens no room for what is not there. */
static bool has_tab(const struct wr_tui *t, int panel)
{
	return panel != WR_TUI_CLASSES || t->m->count[panel] || t->level[0].panel == WR_TUI_CLASSES;
}

/* The first `counted` panels say how many rows they have, and so does the one that is shown, and
 * one that one should look at; counted < 0: none does, and no blank follows. */
static void tab(struct wr_buf *b, const struct wr_tui *t, int panel, int counted)
{
	bool here = t->level[0].panel == (enum wr_tui_panel)panel;
	bool alarm = panel == WR_TUI_DROPS && t->m->malformed;
	char cell[WR_VIEW_CELL];

	if (!has_tab(t, panel))
		return;
	wr_buf_fmt(b, " %d %s%s", panel + 1, wr_tui_panel_def((enum wr_tui_panel)panel)->name,
		   counted < 0 ? "" : " ");
	if (counted < 0 || (panel >= counted && !here && !alarm))
		return;
	wr_view_si(cell, t->m->count[panel], "");
	wr_buf_fmt(b, "%s ", cell);
}

static int tabs_width(const struct wr_tui *t, int counted)
{
	struct wr_buf *b = fresh();

	for (int i = 0; i < WR_TUI_PANELS; i++)
		tab(b, t, i, counted);
	return (int)b->used;
}

static void tabs(const struct wr_tui *t, int y)
{
	int counted = WR_TUI_PANELS, x = 1;

	while (counted >= 0 && tabs_width(t, counted) + x > COLS)
		counted--;
	for (int i = 0; i < WR_TUI_PANELS; i++) {
		bool here = t->level[0].panel == (enum wr_tui_panel)i;
		bool alarm = i == WR_TUI_DROPS && t->m->malformed;
		enum wr_tui_ink ink = here ? WR_TUI_CHOSEN : alarm ? WR_TUI_ALARM : WR_TUI_PLAIN;
		struct wr_buf *b = fresh();

		tab(b, t, i, counted);
		x = wr_paint_some(y, x, COLS, ink, wr_buf_text(b));
	}
}

/* ---- the list ---- */

static void list_heads(const struct wr_tui *t, int y, const struct wr_tui_spot *spot, int n)
{
	enum wr_tui_panel panel = t->level[t->depth].panel;

	for (int i = 0; i < n; i++) {
		bool sorted = spot[i].column->order == (int)t->order[panel];
		struct wr_buf *b = fresh();

		wr_tui_head(b, &spot[i], &t->style, sorted);
		wr_paint(y, spot[i].x, spot[i].width, sorted ? WR_TUI_BOLD : WR_TUI_DIM,
			 wr_buf_text(b));
	}
}

static void list_row(const struct wr_tui *t, int y, const struct wr_tui_spot *spot, int n,
		     const struct wr_tui_row *r, bool chosen)
{
	if (chosen)
		wr_paint(y, 0, COLS, WR_TUI_CHOSEN, "");
	for (int i = 0; i < n; i++) {
		enum wr_tui_ink ink = r->other ? WR_TUI_DIM : spot[i].column->ink;
		struct wr_buf *b = fresh();

		wr_tui_cell(b, &spot[i], r, &t->style);
		wr_paint(y, spot[i].x, spot[i].width, chosen ? WR_TUI_CHOSEN : ink, wr_buf_text(b));
	}
}

static void centred(int y, const char *text)
{
	int x = (COLS - (int)strlen(text)) / 2;

	wr_paint_some(y, x > 0 ? x : 0, COLS, WR_TUI_DIM, text);
}

static void size_name(struct wr_buf *b, int i)
{
	static const uint32_t bound[WR_LIVE_SIZES] = WR_SIZE_BOUNDS;

	if (i == WR_LIVE_SIZES - 1)
		wr_buf_fmt(b, "over %u", bound[i - 1]);
	else if (i && bound[i - 1] + 1 < bound[i])
		wr_buf_fmt(b, "%u - %u", bound[i - 1] + 1, bound[i]);
	else
		wr_buf_fmt(b, i ? "%u" : "up to %u", bound[i]);
}

/* Below the protocols there is room. */
static void sizes(const struct wr_tui *t, int y)
{
	uint64_t all = 0, most = 1;

	for (int i = 0; i < WR_LIVE_SIZES; i++) {
		all += t->m->sizes[i];
		most = t->m->sizes[i] > most ? t->m->sizes[i] : most;
	}
	wr_paint_some(y, 1, COLS, WR_TUI_DIM, "bytes of a packet, since the start");
	for (int i = 0; i < WR_LIVE_SIZES; i++) {
		char share[WR_VIEW_CELL], line[64];
		struct wr_buf *b = fresh();

		size_name(b, i);
		wr_view_percent(share, t->m->sizes[i], all);
		snprintf(line, sizeof(line), "%-12s%7s", wr_buf_text(b), share);
		wr_paint_some(y + 1 + i, 1, COLS, WR_TUI_PLAIN, line);
		b = fresh();
		wr_view_bar(b, (double)t->m->sizes[i] / (double)most, COLS - 23, t->style.utf8);
		wr_paint_some(y + 1 + i, 22, COLS, WR_TUI_IN, wr_buf_text(b));
	}
}

static const char *why_empty(const struct wr_tui *t)
{
	const struct wr_tui_level *l = &t->level[t->depth];

	if (!t->m->window)
		return "the first second is being counted";
	if (wr_tui_scope_any(&l->scope))
		return "nothing now";
	if (wr_tui_model_filtered(t->m) && l->panel < WR_TUI_DROPS)
		return "the filter chooses nothing that there is now";
	return wr_tui_panel_def(l->panel)->empty;
}

static void list(struct wr_tui *t, int y, int rows)
{
	struct wr_tui_level *l = wr_tui_here(t);
	const struct wr_tui_panel_def *def = wr_tui_panel_def(l->panel);
	struct wr_tui_spot spot[WR_TUI_SPOTS];
	int n = wr_tui_layout(def, COLS, &t->style, spot);
	uint32_t room = rows > 1 ? (uint32_t)rows - 1 : 0;

	t->list_rows = room;
	list_heads(t, y, spot, n);
	if (!t->m->n)
		centred(y + rows / 2, why_empty(t));
	if (l->at < l->first)
		l->first = l->at;
	if (room && l->at >= l->first + room)
		l->first = l->at - room + 1;
	if (l->first + room > t->m->n)
		l->first = t->m->n > room ? t->m->n - room : 0;
	for (uint32_t i = 0; i < room && l->first + i < t->m->n; i++)
		list_row(t, y + 1 + (int)i, spot, n, &t->m->rows[l->first + i],
			 l->first + i == l->at);
	if (l->panel == WR_TUI_PROTOCOLS && !wr_tui_model_filtered(t->m) && t->m->n &&
	    t->m->n + WR_LIVE_SIZES + 2 <= room)
		sizes(t, y + rows - WR_LIVE_SIZES - 1);
}

/* ---- packets, and the ledger in words ---- */

static void packet_lines(struct wr_tui *t, int y, int rows)
{
	struct wr_tui_level *l = wr_tui_here(t);
	uint32_t n = wr_tui_packets_lines(t->packets), room = rows > 1 ? (uint32_t)rows - 1 : 0;
	uint32_t last = n - (l->at < n ? l->at : 0), first = last > room ? last - room : 0;
	struct wr_buf *b = fresh();

	t->list_rows = room;
	wr_buf_str(b, "packets as they arrive: ");
	wr_view_digits(b, t->packets->shown);
	if (t->packets->skipped) {
		wr_buf_str(b, " shown, ");
		wr_view_digits(b, t->packets->skipped);
		wr_buf_str(b, " more than can be read");
	}
	if (t->packets->lost) {
		wr_buf_str(b, ", ");
		wr_view_digits(b, t->packets->lost);
		wr_buf_str(b, " lost");
	}
	wr_paint(y, 1, COLS - 1, WR_TUI_DIM, wr_buf_text(b));
	if (!n)
		centred(y + rows / 2, "waiting for the next packet");
	for (uint32_t i = first; i < last; i++)
		wr_paint(y + 1 + (int)(i - first), 1, COLS - 1, WR_TUI_PLAIN,
			 wr_tui_packets_line(t->packets, i));
}

/* Lines of text from `first` on, as many as fit. Returns how many there are. */
static uint32_t text_lines(const char *text, int y, int rows, uint32_t *first)
{
	uint32_t n = 0, room = rows > 0 ? (uint32_t)rows : 0;

	for (const char *c = text; *c; c++)
		n += *c == '\n';
	if (*first + room > n)
		*first = n > room ? n - room : 0;
	for (uint32_t i = 0; *text; i++) {
		size_t size = strcspn(text, "\n");
		char line[256];

		snprintf(line, sizeof(line), "%.*s", (int)size, text);
		if (i >= *first && i < *first + room)
			wr_paint(y + (int)(i - *first), 1, COLS - 1, WR_TUI_PLAIN, line);
		text += size + (text[size] == '\n');
	}
	return n;
}

static void book(struct wr_tui *t, int y, int rows)
{
	struct wr_buf *b = fresh();

	wr_view_ledger_text(b, t->m->ledger, t->m->n_ledger);
	t->text_lines = text_lines(wr_buf_text(b), y, rows, &wr_tui_here(t)->at);
	t->list_rows = rows > 0 ? (uint32_t)rows : 0;
}

/* ---- the two lines at the bottom ---- */

static void crumb(struct wr_buf *b, const struct wr_tui *t)
{
	const char *arrow = t->style.utf8 ? " \u203a " : " > ";
	const struct wr_tui_level *l = &t->level[t->depth];

	wr_buf_str(b, wr_tui_panel_def(t->level[0].panel)->name);
	if (l->scope.has_service) {
		wr_buf_str(b, arrow);
		wr_view_service_of(b, &l->scope.service);
	}
	if (l->scope.has_talker) {
		wr_buf_str(b, arrow);
		wr_view_address(b, l->scope.talker.addr, l->scope.talker.ip_v);
	}
	if (l->scope.has_proto) {
		wr_buf_str(b, arrow);
		wr_view_protocol_of(b, &l->scope.proto);
	}
	if (l->scope.has_flow && !l->scope.has_service) {
		wr_buf_str(b, arrow);
		wr_view_end_of(b, &l->scope.flow, 0);
		wr_buf_str(b, " - ");
		wr_view_end_of(b, &l->scope.flow, 1);
	}
	if (t->depth) {
		wr_buf_str(b, arrow);
		wr_buf_str(b, l->what == WR_TUI_PACKET_LINES ? "packets"
			      : l->what == WR_TUI_BOOK	     ? "in words"
			      : l->panel == WR_TUI_TALKERS   ? "talkers"
							     : "flows");
	}
}

/* Where we are, to the left; filter, order and how much there is, to the right. */
static void status(struct wr_tui *t, int y)
{
	const struct wr_tui_level *l = wr_tui_here(t);
	const char *filter = wr_tui_model_filtered(t->m);
	struct wr_buf *b = fresh();
	int x;

	if (t->typing) {
		x = wr_paint_some(y, 1, COLS, WR_TUI_BOLD, "filter: ");
		x = wr_paint_some(y, x, COLS - 1, WR_TUI_PLAIN, t->input);
		move(y, x);
		return;
	}
	if (t->said[0]) {
		wr_paint_cut(y, 1, COLS - 2, t->alarm ? WR_TUI_ALARM : WR_TUI_BOLD, t->said,
			     WR_VIEW_CUT_MIDDLE);
		return;
	}
	crumb(b, t);
	x = wr_paint_some(y, 1, COLS, WR_TUI_BOLD, wr_buf_text(b));
	b = fresh();
	if (filter) {
		wr_buf_fmt(b, "filter: %s", filter);
		if (t->m->no_row) {
			wr_buf_str(b, " (cannot choose among ");
			wr_view_digits(b, t->m->no_row);
			wr_buf_str(b, " packet/s)");
		}
		wr_buf_str(b, "   ");
	}
	if (l->what == WR_TUI_LIST && l->panel < WR_TUI_DROPS)
		wr_buf_fmt(b, "by %s   ", wr_tui_order_name(t->order[l->panel]));
	if (l->what == WR_TUI_LIST && t->m->n) {
		wr_view_digits(b, l->at + 1);
		wr_buf_str(b, " of ");
		wr_view_digits(b, t->m->all);
	}
	x = COLS - 1 - wr_view_columns(wr_buf_text(b), true) > x + 2
		    ? COLS - 1 - wr_view_columns(wr_buf_text(b), true)
		    : x + 2;
	wr_paint_some(y, x, COLS - 1, WR_TUI_DIM, wr_buf_text(b));
}

static void hints(const struct wr_tui *t, int y)
{
	int x = 1;

	if (t->typing && t->said[0]) {
		wr_paint_cut(y, x, COLS - 2, WR_TUI_ALARM, t->said, WR_VIEW_CUT_MIDDLE);
		return;
	}
	if (t->typing) {
		wr_paint_some(y, x, COLS, WR_TUI_DIM,
			      "Enter apply   Esc leave it   Ctrl-U empty   as: tcp port 443 and "
			      "net 10.0.0.0/8");
		return;
	}
	for (const struct wr_tui_key *k = wr_tui_keys; k->name; k++) {
		if (!k->hint)
			continue;
		x = wr_paint_some(y, x, COLS, WR_TUI_BOLD, k->name);
		x = wr_paint_some(y, x + 1, COLS, WR_TUI_DIM, k->hint) + 2;
	}
}

/* ---- help ---- */

static void help(struct wr_tui *t)
{
	struct wr_buf *b = fresh();

	for (const struct wr_tui_key *k = wr_tui_keys; k->name; k++)
		if (k->help)
			wr_buf_fmt(b, "  %-11s %s\n", k->name, k->help);
	wr_buf_str(b,
		   "\n"
		   "Rates are of the newest second; charts are of the seconds before it, the\n"
		   "newest to the right, each to its own scale. A filter shows flows that the\n"
		   "expression chooses, counted from when it was set. sources: distinct senders\n"
		   "in a minute, estimated within some percent.\n");
	wr_paint_some(0, 1, COLS, WR_TUI_BOLD, "weir top: keys");
	t->text_lines = text_lines(wr_buf_text(b), 2, LINES - 3, &t->help_first);
	wr_paint_some(LINES - 1, 1, COLS, WR_TUI_DIM, "Esc or ? back to the screen");
}

/* ---- all of it ---- */

static void too_small(void)
{
	char text[80];

	snprintf(text, sizeof(text), "weir top needs %d x %d characters; this is %d x %d.",
		 WR_TUI_MIN_COLS, WR_TUI_MIN_ROWS, COLS, LINES);
	wr_paint_some(0, 0, COLS, WR_TUI_PLAIN, text);
	wr_paint_some(1, 0, COLS, WR_TUI_PLAIN, "Make the window larger, or q to quit.");
}

static void screen(struct wr_tui *t)
{
	int blank = LINES >= ROOMY, y = 1 + blank, bottom = LINES - 2 - blank;

	headline(t);
	y = charts(t, y) + blank;
	tabs(t, y);
	y += 1 + blank;
	switch (wr_tui_here(t)->what) {
	case WR_TUI_LIST:
		list(t, y, bottom - y);
		break;
	case WR_TUI_PACKET_LINES:
		packet_lines(t, y, bottom - y);
		break;
	case WR_TUI_BOOK:
		book(t, y, bottom - y);
		break;
	}
	hints(t, LINES - 1);
	status(t, LINES - 2); /* last: it leaves the cursor where one types */
}

void wr_tui_draw(struct wr_tui *t)
{
	erase();
	if (COLS < WR_TUI_MIN_COLS || LINES < WR_TUI_MIN_ROWS)
		too_small();
	else if (t->help)
		help(t);
	else
		screen(t);
	curs_set(t->typing && COLS >= WR_TUI_MIN_COLS && LINES >= WR_TUI_MIN_ROWS);
	refresh();
}
