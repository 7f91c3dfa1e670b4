/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/tui/keys.h"
#include "ui/tui/paint.h"
#include "ui/tui/state.h"
#include "ui/tui/term.h"

enum {
	SAID_FOR = 6,	     /* windows */
	WAIT_MAX_MS = 1000,  /* without anything to do */
	PACKETS_MS = 200,    /* lines of packets are shown five times a second */
	KEYS_AT_ONCE = 1000, /* then the screen is drawn, however many more there are */
};

/* ---- what the other files ask for ---- */

void wr_tui_say(struct wr_tui *t, bool alarm, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->said, sizeof(t->said), fmt, ap);
	va_end(ap);
	t->alarm = alarm;
	t->said_for = SAID_FOR;
}

/* The bar stays on its row; when that is gone, on its place. */
static void place_bar(struct wr_tui *t)
{
	struct wr_tui_level *l = wr_tui_here(t);
	uint32_t at = wr_tui_model_find(t->m, l->chosen);

	if (l->what != WR_TUI_LIST)
		return;
	if (at < t->m->n)
		l->at = at;
	else if (l->at >= t->m->n)
		l->at = t->m->n ? t->m->n - 1 : 0;
	/* On the first row it stays on the first: that is what one looks at. */
	if (l->at < t->m->n && l->at)
		memcpy(l->chosen, t->m->rows[l->at].id, sizeof(l->chosen));
	else
		memset(l->chosen, 0, sizeof(l->chosen));
}

void wr_tui_renew(struct wr_tui *t)
{
	const struct wr_tui_level *l = wr_tui_here(t);
	struct wr_tui_query q = {l->panel, t->order[l->panel], l->scope, t->hold};
	struct wr_err err = {0};

	if (wr_tui_model_make(t->m, &q, &err))
		wr_tui_say(t, true, "%s", err.text);
	t->style.out = wr_live_totals(t->conf->live)->out.packets > 0;
	t->style.now_ns = t->m->time_ns;
	t->style.now.packets = t->m->in_now.packets + t->m->out_now.packets;
	t->style.now.bytes = t->m->in_now.bytes + t->m->out_now.bytes;
	place_bar(t);
}

const struct wr_tui_row *wr_tui_chosen(struct wr_tui *t)
{
	const struct wr_tui_level *l = wr_tui_here(t);

	return l->what == WR_TUI_LIST && l->at < t->m->n ? &t->m->rows[l->at] : NULL;
}

/* ---- the loop ---- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void new_window(struct wr_tui *t)
{
	static struct wr_ledger rows[WR_TUI_HOOKS];
	static struct wr_tui_rule rules[WR_TUI_RULES_MAX];
	static struct wr_tui_class classes[WR_TUI_CLASSES_MAX];
	const char *news = t->conf->news ? t->conf->news(t->conf->ctx) : NULL;

	wr_tui_model_ledger(t->m, rows, t->conf->ledger(t->conf->ctx, rows, WR_TUI_HOOKS));
	if (t->conf->rules)
		wr_tui_model_rules(t->m, rules,
				   t->conf->rules(t->conf->ctx, rules, WR_TUI_RULES_MAX));
	if (t->conf->classes)
		wr_tui_model_classes(t->m, classes,
				     t->conf->classes(t->conf->ctx, classes, WR_TUI_CLASSES_MAX));
	if (news)
		wr_tui_say(t, false, "%s", news);
	else if (t->said[0] && !t->typing && --t->said_for <= 0)
		t->said[0] = '\0';
	if (!t->frozen)
		wr_tui_renew(t);
}

/* True: a key was pressed, or the window has another size. */
static bool keys(struct wr_tui *t)
{
	int code, n = 0;

	while (n < KEYS_AT_ONCE && (code = getch()) != ERR) {
		n++;
		if (code != KEY_RESIZE) {
			if (!t->typing)
				t->said[0] = '\0';
			wr_tui_press(t, code);
		}
	}
	return n;
}

static bool read_packets(struct wr_tui *t)
{
	struct wr_tui_level *l = wr_tui_here(t);
	uint64_t before;
	bool some;

	if (!t->packets)
		return false;
	before = t->packets->shown;
	some = wr_tui_packets_read(t->packets, t->frozen);
	if (l->what == WR_TUI_PACKET_LINES && l->at) /* what one reads stays where it is */
		l->at += (uint32_t)(t->packets->shown - before);
	return some;
}

static int loop(struct wr_tui *t, struct wr_err *err)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	uint64_t window = UINT64_MAX, due = now_ms(), now, draw_at = 0;
	bool changed = true;

	while (!t->quit && !*t->conf->stop) {
		now = now_ms();
		if (now >= due) {
			int wait = t->conf->step(t->conf->ctx, err);

			if (wait < 0)
				return wait;
			due = now_ms() + (uint64_t)(wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS);
		}
		if (wr_live_totals(t->conf->live)->window != window) {
			window = wr_live_totals(t->conf->live)->window;
			new_window(t);
			changed = changed || !t->frozen;
		}
		if (now >= draw_at && read_packets(t))
			changed = true;
		if (changed)
			wr_tui_draw(t);
		if (t->packets && now >= draw_at)
			draw_at = now + PACKETS_MS;
		now = now_ms();
		in.revents = 0;
		if (t->packets && draw_at < due)
			poll(&in, 1, draw_at > now ? (int)(draw_at - now) : 0);
		else
			poll(&in, 1, due > now ? (int)(due - now) : 0);
		if (in.revents & (POLLHUP | POLLERR | POLLNVAL))
			break; /* the terminal is gone */
		changed = keys(t);
	}
	return 0;
}

static int open_all(struct wr_tui *t, struct wr_err *err)
{
	int ret = wr_tui_model_open(&t->m, t->conf->live, err);

	if (!ret && t->conf->filter)
		ret = wr_tui_model_filter(t->m, t->conf->filter, err);
	if (!ret)
		ret = wr_term_open(t->conf->stop, err);
	return ret;
}

int wr_tui_run(const struct wr_tui_conf *conf, struct wr_err *err)
{
	struct wr_tui *t = calloc(1, sizeof(*t));
	int ret;

	if (!t)
		return wr_fail(err, ENOMEM, "no memory for a screen");
	t->conf = conf;
	for (int i = 0; i < WR_TUI_PANELS; i++)
		t->order[i] = wr_tui_panel_def((enum wr_tui_panel)i)->orders[0];
	ret = open_all(t, err);
	if (!ret) {
		t->style.utf8 = wr_term_utf8();
		wr_paint_open(conf->color, t->style.utf8);
		ret = loop(t, err);
	}
	wr_term_close();
	wr_tui_packets_close(&t->packets);
	wr_tui_model_close(&t->m);
	free(t);
	return ret;
}
