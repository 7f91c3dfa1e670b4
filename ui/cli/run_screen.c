/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/run_screen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/unit.h"
#include "view/ledger.h"
#include "view/text.h"

enum { LABEL = 10, COMMANDS = 6, WIDTH = 80, INCIDENT = 40 };

/* As it was started: a weir that is not installed is not found by its name alone. */
static const char *name(void)
{
	return strchr(program_invocation_name, '/') ? program_invocation_name : "weir";
}

static void show(struct wr_buf *b)
{
	wr_buf_flush(b, STDOUT_FILENO);
	wr_buf_free(b);
}

static void label(struct wr_buf *b, const char *text)
{
	wr_buf_fmt(b, "%-*s", LABEL, text);
}

/* Text in lines of the screen's width, broken at blanks. */
static void folded(struct wr_buf *b, const char *text)
{
	size_t room = WIDTH - LABEL;
	char line[WIDTH];

	while (strlen(text) > room) {
		const char *end = text + room;

		while (end > text && *end != ' ')
			end--;
		if (end == text)
			break;
		snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		wr_view_plain(b, line, false);
		wr_buf_char(b, '\n');
		label(b, "");
		text = end + 1;
	}
	wr_view_plain(b, text, false);
	wr_buf_char(b, '\n');
}

static void ifaces(struct wr_buf *b, const struct wr_status *s)
{
	for (uint32_t i = 0; i < s->n_ifaces; i++) {
		label(b, i ? "" : "watches");
		folded(b, s->ifaces[i].why);
	}
}

static void keeps(struct wr_buf *b, const struct wr_status *s)
{
	char size[WR_UNIT_TEXT];

	if (s->front.listen && s->front.listen[0]) {
		label(b, s->front.name);
		wr_buf_fmt(b, "http%s://%s/\n", s->front.tls ? "s" : "", s->front.listen);
	}
	if (s->history.path) {
		label(b, "history");
		wr_view_plain(b, s->history.path, false);
		wr_buf_char(b, '\n');
	}
	if (s->dump.bytes) {
		wr_unit_size_text(size, s->dump.bytes);
		label(b, "dump");
		wr_buf_fmt(b, "the last packets, in %s of memory\n", size);
	}
	if (s->rights.known) {
		label(b, "rights");
		wr_buf_fmt(b, "given up: runs as %s\n", s->rights.user);
	}
}

static void commands(struct wr_buf *b, const struct wr_status *s)
{
	char watch[32];
	const struct {
		const char *what, *help;
	} c[COMMANDS] = {
		{"top", "what goes on, live"},
		{"services", "what this host is asked for"},
		{watch, "packet after packet"},
		{s->dump.bytes ? "dump --last 30s" : NULL, "the last packets"},
		{"incidents", "what is unusual"},
		{"status", "how it is"},
	};
	int width = 0;

	snprintf(watch, sizeof(watch), "watch -i %s", s->n_ifaces ? s->ifaces[0].name : "any");
	for (int i = 0; i < COMMANDS; i++)
		if (c[i].what && (int)strlen(c[i].what) > width)
			width = (int)strlen(c[i].what);
	for (int i = 0; i < COMMANDS; i++)
		if (c[i].what)
			wr_buf_fmt(b, "  %s %-*s  %s\n", name(), width, c[i].what, c[i].help);
}

static void ready(const struct wr_status *s)
{
	struct wr_buf b = {0};

	ifaces(&b, s);
	keeps(&b, s);
	wr_buf_str(&b, "\nLook, from another terminal:\n");
	commands(&b, s);
	wr_buf_str(&b, "\nCtrl-C ends it and shows the ledger.\n");
	show(&b);
}

static void way(struct wr_buf *b, const char *label, const struct wr_count *n)
{
	char packets[WR_VIEW_CELL], bits[WR_VIEW_CELL];

	wr_view_number(packets, n->packets);
	wr_view_si(bits, (double)n->bytes * 8 * 1e9 / WR_LIVE_WINDOW_NS, "bit/s");
	wr_buf_fmt(b, "  %s %s packets, %s", label, packets, bits);
}

static void window(struct wr_live *live, const char *incident)
{
	const struct wr_live_total *t = wr_live_totals(live);
	struct wr_live_cell now = wr_live_total_cell(live, 0);
	char flows[WR_VIEW_CELL];
	struct wr_buf b = {0};

	if (!isatty(STDOUT_FILENO))
		return;
	wr_view_number(flows, wr_flow_rows(wr_live_flows(live)));
	wr_buf_str(&b, "\r\x1b[K");
	wr_buf_clock(&b, t->window_ns);
	b.used -= strlen(".uuuuuu");
	way(&b, "in", &now.in);
	if (t->out.packets)
		way(&b, "out", &now.out);
	wr_buf_fmt(&b, "  %s flows", flows);
	if (incident) { /* on the same line, which is written over and over */
		wr_buf_str(&b, "  \x1b[31m");
		wr_view_fit(&b, incident, INCIDENT, WR_VIEW_CUT_END, false);
		wr_buf_str(&b, "\x1b[0m");
	}
	show(&b);
}

static void ended(const struct wr_ledger *rows, int n)
{
	struct wr_buf b = {0};

	wr_buf_str(&b, isatty(STDOUT_FILENO) ? "\r\x1b[K\n" : "\n");
	wr_view_ledger_text(&b, rows, n);
	show(&b);
}

const struct wr_run_screen wr_run_screen = {ready, window, ended};
