/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/keys.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

enum { ESC = 27, ENTER = '\r', CTRL_U = 21, BACKSPACE = 127, TOP = -1000000, END = 1000000 };

/* ---- the bar ---- */

static int64_t within(int64_t v, int64_t n)
{
	return v < 0 || !n ? 0 : v < n ? v : n - 1;
}

/* Lines of packets are counted from the newest: there the screen follows what comes. */
static void move_bar(struct wr_tui *t, int by)
{
	struct wr_tui_level *l = wr_tui_here(t);

	if (t->help) {
		t->help_first = (uint32_t)within((int64_t)t->help_first + by, t->text_lines);
	} else if (l->what == WR_TUI_PACKET_LINES) {
		l->at = (uint32_t)within((int64_t)l->at - by, wr_tui_packets_lines(t->packets));
	} else if (l->what == WR_TUI_BOOK) {
		l->at = (uint32_t)within((int64_t)l->at + by, t->text_lines);
	} else {
		l->at = (uint32_t)within((int64_t)l->at + by, t->m->n);
		if (l->at < t->m->n)
			memcpy(l->chosen, t->m->rows[l->at].id, sizeof(l->chosen));
	}
}

static void move_pages(struct wr_tui *t, int pages)
{
	int page = t->list_rows > 1 ? (int)t->list_rows - 1 : 1;

	move_bar(t, pages * page);
}

/* ---- panels and levels ---- */

static void leave_packets(struct wr_tui *t)
{
	if (wr_tui_here(t)->what != WR_TUI_PACKET_LINES)
		wr_tui_packets_close(&t->packets);
}

static void go_panel(struct wr_tui *t, int panel)
{
	t->depth = 0;
	t->level[0] = (struct wr_tui_level){.panel = (enum wr_tui_panel)panel};
	leave_packets(t);
	wr_tui_renew(t);
}

static void next_panel(struct wr_tui *t, int by)
{
	go_panel(t, ((int)t->level[0].panel + by + WR_TUI_PANELS) % WR_TUI_PANELS);
}

static void back(struct wr_tui *t, int unused)
{
	(void)unused;
	if (t->help) {
		t->help = false;
		return;
	}
	if (t->depth) {
		t->depth--;
		leave_packets(t);
		wr_tui_renew(t);
	} else if (wr_tui_model_filtered(t->m)) {
		wr_tui_model_filter(t->m, NULL, NULL);
		wr_tui_renew(t);
		wr_tui_say(t, false, "the filter is off");
	}
}

static struct wr_tui_level *deeper(struct wr_tui *t, enum wr_tui_what what)
{
	struct wr_tui_level *l;

	if (t->depth + 1 == WR_TUI_LEVELS)
		return NULL;
	l = &t->level[++t->depth];
	*l = t->level[t->depth - 1];
	l->what = what;
	l->at = l->first = 0;
	memset(l->chosen, 0, sizeof(l->chosen));
	return l;
}

/* The traffic of a row, within that of the level it stands on. False: it has none of its own. */
static bool scope_of(const struct wr_tui *t, const struct wr_tui_row *r, struct wr_tui_scope *s)
{
	const struct wr_tui_level *l = &t->level[t->depth];

	*s = l->scope;
	switch (l->panel) {
	case WR_TUI_SERVICES:
		s->has_service = true;
		s->service = r->key;
		break;
	case WR_TUI_TALKERS:
		s->has_talker = true;
		s->talker = r->key;
		break;
	case WR_TUI_FLOWS:
		s->has_flow = true;
		s->flow = r->flow.key;
		break;
	case WR_TUI_PROTOCOLS:
		s->has_proto = true;
		s->proto = r->key;
		break;
	default:
		return false;
	}
	return !r->other && (l->panel != WR_TUI_PROTOCOLS || r->key.ip_v);
}

static bool several_ifaces(const struct wr_tui_model *m)
{
	for (int i = 1; i < m->n_ledger; i++)
		if (strcmp(m->ledger[i].iface, m->ledger[0].iface))
			return true;
	return false;
}

static void watch_packets(struct wr_tui *t, const struct wr_tui_scope *scope)
{
	struct wr_tui_packets *packets = NULL;
	struct wr_buf expr = {0};
	struct wr_err err = {0};
	int ret;

	wr_tui_scope_expr(&expr, scope, wr_tui_model_filtered(t->m));
	ret = wr_tui_packets_open(&packets, t->conf, wr_buf_text(&expr), several_ifaces(t->m),
				  &err);
	wr_buf_free(&expr);
	if (ret) {
		wr_tui_say(t, true, "%s", err.text);
		return;
	}
	wr_tui_packets_close(&t->packets);
	t->packets = packets;
	deeper(t, WR_TUI_PACKET_LINES)->scope = *scope;
}

static void packets_of(struct wr_tui *t, int unused)
{
	const struct wr_tui_row *r = wr_tui_chosen(t);
	struct wr_tui_scope scope;

	(void)unused;
	if (!r || t->depth + 1 == WR_TUI_LEVELS)
		return;
	if (scope_of(t, r, &scope))
		watch_packets(t, &scope);
	else
		wr_tui_say(t, false, "this row has no packets of its own");
}

/* Below a row of each panel. */
static const struct {
	enum wr_tui_what what;
	enum wr_tui_panel panel;
} below[WR_TUI_PANELS] = {
	[WR_TUI_SERVICES] = {WR_TUI_LIST, WR_TUI_TALKERS},
	[WR_TUI_TALKERS] = {WR_TUI_LIST, WR_TUI_FLOWS},
	[WR_TUI_FLOWS] = {WR_TUI_PACKET_LINES, WR_TUI_FLOWS},
	[WR_TUI_PROTOCOLS] = {WR_TUI_LIST, WR_TUI_FLOWS},
	[WR_TUI_DROPS] = {WR_TUI_LIST, WR_TUI_PANELS},
	[WR_TUI_LEDGER] = {WR_TUI_BOOK, WR_TUI_LEDGER},
	[WR_TUI_RULES] = {WR_TUI_LIST, WR_TUI_PANELS},
	[WR_TUI_CLASSES] = {WR_TUI_LIST, WR_TUI_PANELS},
};

static void open_row(struct wr_tui *t, int unused)
{
	const struct wr_tui_row *r = wr_tui_chosen(t);
	enum wr_tui_panel panel = wr_tui_here(t)->panel;
	struct wr_tui_level *l;
	struct wr_tui_scope scope;

	(void)unused;
	if (!r || t->depth + 1 == WR_TUI_LEVELS)
		return;
	if (panel == WR_TUI_LEDGER) {
		deeper(t, WR_TUI_BOOK);
		return;
	}
	if (!scope_of(t, r, &scope) || below[panel].panel == WR_TUI_PANELS) {
		wr_tui_say(t, false, "there is nothing below this row");
		return;
	}
	if (below[panel].what == WR_TUI_PACKET_LINES) {
		watch_packets(t, &scope);
		return;
	}
	l = deeper(t, WR_TUI_LIST);
	l->panel = below[panel].panel;
	l->scope = scope;
	wr_tui_renew(t);
}

/* ---- order, filter, standing still ---- */

static void next_order(struct wr_tui *t, int unused)
{
	enum wr_tui_panel panel = wr_tui_here(t)->panel;
	const struct wr_tui_panel_def *def = wr_tui_panel_def(panel);
	int i = 0;

	(void)unused;
	while (i < def->n_orders && def->orders[i] != t->order[panel])
		i++;
	t->order[panel] = def->orders[(i + 1) % def->n_orders];
	wr_tui_here(t)->first = 0;
	wr_tui_renew(t);
}

static void change_unit(struct wr_tui *t, int unused)
{
	(void)unused;
	t->style.bytes = !t->style.bytes;
}

static void freeze(struct wr_tui *t, int unused)
{
	(void)unused;
	t->frozen = !t->frozen;
	if (!t->frozen)
		wr_tui_renew(t);
}

static void hold(struct wr_tui *t, int unused)
{
	(void)unused;
	t->hold = !t->hold;
	wr_tui_renew(t);
}

static void type_filter(struct wr_tui *t, int unused)
{
	const char *now = wr_tui_model_filtered(t->m);

	(void)unused;
	t->typing = true;
	t->help = false;
	snprintf(t->input, sizeof(t->input), "%s", now ? now : "");
}

static void show_help(struct wr_tui *t, int unused)
{
	(void)unused;
	t->help = !t->help;
	t->help_first = 0;
}

static void quit(struct wr_tui *t, int unused)
{
	(void)unused;
	t->quit = true;
}

/* ---- the table ---- */

const struct wr_tui_key wr_tui_keys[] = {
	{"Up Down", "move the bar (also k j)", NULL, {KEY_UP, 'k'}, move_bar, -1},
	{"", NULL, NULL, {KEY_DOWN, 'j'}, move_bar, 1},
	{"PgUp PgDn", "move it by a page", NULL, {KEY_PPAGE}, move_pages, -1},
	{"", NULL, NULL, {KEY_NPAGE}, move_pages, 1},
	{"Home End", "move it to the first row, to the last", NULL, {KEY_HOME, 'g'}, move_bar, TOP},
	{"", NULL, NULL, {KEY_END, 'G'}, move_bar, END},
	{"Enter",
	 "go deeper: service, its talkers, their flows, their packets",
	 "open",
	 {ENTER, '\n', KEY_ENTER, KEY_RIGHT},
	 open_row,
	 0},
	{"Esc",
	 "back; from a panel: the filter off",
	 "back",
	 {ESC, KEY_LEFT, KEY_BACKSPACE, BACKSPACE},
	 back,
	 0},
	{"w", "watch the packets of the row as they arrive", "watch", {'w'}, packets_of, 0},
	{"1 .. 8",
	 "services, talkers, flows, protocols, drops, ledger, rules, classes",
	 NULL,
	 {'1'},
	 go_panel,
	 0},
	{"", NULL, NULL, {'2'}, go_panel, 1},
	{"", NULL, NULL, {'3'}, go_panel, 2},
	{"", NULL, NULL, {'4'}, go_panel, 3},
	{"", NULL, NULL, {'5'}, go_panel, 4},
	{"", NULL, NULL, {'6'}, go_panel, 5},
	{"", NULL, NULL, {'7'}, go_panel, 6},
	{"", NULL, NULL, {'8'}, go_panel, 7},
	{"Tab", "the next panel; Shift-Tab: the one before", NULL, {'\t'}, next_panel, 1},
	{"", NULL, NULL, {KEY_BTAB}, next_panel, -1},
	{"/",
	 "show only what a pcap-filter expression chooses",
	 "filter",
	 {'/', 'f'},
	 type_filter,
	 0},
	{"s", "sort by the next column", "sort", {'s'}, next_order, 0},
	{"Space", "freeze the screen; the counting goes on", "freeze", {' '}, freeze, 0},
	{"p", "pause the sorting: rows stay, numbers go on", NULL, {'p'}, hold, 0},
	{"u", "rates in bit/s or in B/s", NULL, {'u'}, change_unit, 0},
	{"?", "this page", "help", {'?', 'h', KEY_F(1)}, show_help, 0},
	{"q", "quit", "quit", {'q'}, quit, 0},
	{0},
};

/* ---- typing ---- */

static void end_typing(struct wr_tui *t)
{
	struct wr_err err = {0};

	t->typing = false;
	if (wr_tui_model_filter(t->m, t->input, &err)) {
		t->typing = true; /* to be mended */
		wr_tui_say(t, true, "%s", err.text);
		return;
	}
	t->depth = 0;
	t->level[0] = (struct wr_tui_level){.panel = t->level[0].panel};
	leave_packets(t);
	wr_tui_renew(t);
}

/* Only ASCII: an expression has nothing else. */
static void type(struct wr_tui *t, int code)
{
	size_t n = strlen(t->input);

	t->said[0] = '\0';
	if (code == ESC) {
		t->typing = false;
	} else if (code == ENTER || code == '\n' || code == KEY_ENTER) {
		end_typing(t);
	} else if (code == KEY_BACKSPACE || code == BACKSPACE || code == '\b') {
		t->input[n ? n - 1 : 0] = '\0';
	} else if (code == CTRL_U) {
		t->input[0] = '\0';
	} else if (code >= 0x20 && code < BACKSPACE && n + 1 < sizeof(t->input)) {
		t->input[n] = (char)code;
		t->input[n + 1] = '\0';
	}
}

void wr_tui_press(struct wr_tui *t, int code)
{
	if (t->typing) {
		type(t, code);
		return;
	}
	for (const struct wr_tui_key *k = wr_tui_keys; k->name; k++)
		for (int i = 0; i < 4; i++)
			if (code && k->code[i] == code) {
				k->press(t, k->arg);
				return;
			}
}
