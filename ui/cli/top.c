/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/iface.h"
#include "core/proto.h"
#include "core/window.h"
#include "daemon/engine.h"
#include "daemon/session.h"
#include "detect/incident.h"
#include "ui/cli/command.h"
#include "ui/cli/stop.h"
#include "ui/cli/top_rules.h"
#include "ui/tui/tui.h"

enum { RING_BYTES = 4 << 20, MAX_ROWS = 256, NEWS = 512, INCIDENT_WINDOWS = 5 };

struct args {
	struct wr_strings ifaces;
	const char *hook, *netns, *color, *conf, *socket;
};

struct top {
	struct args a;
	struct wr_engine_conf engine_conf;
	struct wr_engine *engine;
	const char *names[1];
	char default_iface[16];
	char *filter;
	char news[NEWS];
	bool has_news, on_screen;
	struct wr_top_ask rules, classes;
	struct wr_incidents *incidents;
	uint32_t windows; /* since an incident was told */
};

/* What is said while there is a screen is shown there. */
static void say(void *ctx, const char *line)
{
	struct top *t = ctx;

	if (!t->on_screen) {
		fprintf(stderr, "weir: %s\n", line);
		return;
	}
	snprintf(t->news, sizeof(t->news), "%s", line);
	t->has_news = true;
}

static void keep_quiet(void *ctx, const char *line)
{
	(void)ctx, (void)line;
}

/* ---- what the screen asks for ---- */

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct top *t = ctx;
	enum wr_incident_news what;

	wr_incidents_add(t->incidents, news, f, &what);
	if (what == WR_INCIDENT_RAISED || what == WR_INCIDENT_MORE)
		t->windows = 0;
}

/* The worst incident that goes on, now and then: between, there is room for other news. */
static void tell_incident(struct top *t)
{
	const struct wr_incident *worst = wr_incidents_worst(t->incidents);
	struct wr_buf b = {0};

	if (!worst || t->windows++ % INCIDENT_WINDOWS)
		return;
	wr_buf_fmt(&b, "%s: ", wr_severity_name(worst->severity));
	wr_incident_title(&b, worst);
	say(t, wr_buf_text(&b));
	wr_buf_free(&b);
}

static const char *news(void *ctx)
{
	struct top *t = ctx;
	bool has;

	if (!t->has_news)
		tell_incident(t);
	has = t->has_news;
	t->has_news = false;
	return has ? t->news : NULL;
}

static int step(void *ctx, struct wr_err *err)
{
	struct top *t = ctx;

	return wr_engine_step(t->engine, err);
}

static int ledger(void *ctx, struct wr_ledger *rows, int n)
{
	struct top *t = ctx;

	return wr_engine_ledger(t->engine, rows, n);
}

static int rules(void *ctx, struct wr_tui_rule *rows, int n)
{
	struct top *t = ctx;

	return wr_top_rules(&t->rules, rows, n);
}

static int classes(void *ctx, struct wr_tui_class *rows, int n)
{
	struct top *t = ctx;

	return wr_top_classes(&t->classes, rows, n);
}

/* Beside the engine: TC takes several programs, and a packet socket is always possible. XDP is left
 * alone, since putting a program there may stop some drivers for a moment. */
static int packets(void *ctx, struct wr_source **out, const char *filter, struct wr_err *err)
{
	const enum wr_hook hooks[] = {WR_HOOK_TC, WR_HOOK_PACKET};
	struct top *t = ctx;
	struct wr_session_conf conf = {
		.ifaces = t->engine_conf.ifaces,
		.n_ifaces = t->engine_conf.n_ifaces,
		.any = t->engine_conf.any,
		.filter = filter,
		.board = {.records = WR_RECORDS_FACTS, .max_depth = 1, .snap = WR_WINDOW},
		.ring_bytes = RING_BYTES,
		.say = keep_quiet,
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(hooks[0]); i++) {
		conf.hook = hooks[i];
		ret = wr_session_open(out, &conf, err);
		if (!ret)
			break;
	}
	return ret;
}

/* ---- the command ---- */

static int open_engine(struct top *t, struct wr_err *err)
{
	struct wr_filter *filter = NULL;
	struct wr_engine_conf *c = &t->engine_conf;
	int ret = wr_hook_wanted(t->a.hook, &c->hook, err);

	if (!ret) /* before anything is attached for a mistyped word */
		ret = wr_filter_open(&filter, t->filter, WR_LINK_ETHER, err);
	wr_filter_close(&filter);
	if (!ret && t->a.netns)
		ret = wr_netns_enter(t->a.netns, err);
	c->ifaces = t->a.ifaces.at;
	c->n_ifaces = t->a.ifaces.n;
	c->any = wr_any_wanted(&t->a.ifaces);
	if (!ret && !c->n_ifaces) {
		ret = wr_iface_default(t->default_iface, err);
		t->names[0] = t->default_iface;
		c->ifaces = t->names;
		c->n_ifaces = 1;
	}
	c->out = true;
	c->live.paces = true;
	c->say = say;
	c->say_ctx = t;
	c->detect = true;
	c->finding = finding;
	c->finding_ctx = t;
	if (!ret)
		ret = wr_incidents_open(&t->incidents, err);
	return ret ? ret : wr_engine_open(&t->engine, c, err);
}

static int show(struct top *t, bool color, struct wr_err *err)
{
	char host[256] = "";
	struct wr_tui_conf conf = {
		.ctx = t,
		.live = wr_engine_live(t->engine),
		.step = step,
		.ledger = ledger,
		.rules = rules,
		.classes = classes,
		.packets = packets,
		.news = news,
		.host = host,
		.filter = t->filter,
		.color = color,
		.stop = &wr_stopped,
	};
	int ret;

	t->rules = (struct wr_top_ask){.conf = t->a.conf, .socket = t->a.socket, .ask.fd = -1};
	t->classes = t->rules;
	gethostname(host, sizeof(host) - 1);
	t->on_screen = true;
	ret = wr_tui_run(&conf, err);
	t->on_screen = false;
	wr_top_ask_close(&t->rules);
	wr_top_ask_close(&t->classes);
	return ret;
}

/* The books are closed when nothing is counted any more. */
static int finish(struct top *t, struct wr_err *err)
{
	static struct wr_ledger rows[MAX_ROWS];
	int n;

	wr_engine_finish(t->engine);
	n = wr_engine_ledger(t->engine, rows, MAX_ROWS);
	for (int i = 0; i < n && i < MAX_ROWS; i++)
		if (!rows[i].balanced) {
			wr_fail(err, 1, "%s: the ledger does not balance", rows[i].iface);
			return WR_EXIT_FAILED;
		}
	return WR_EXIT_OK;
}

/* A sentence of its own, which begins with the command's name. */
static int no_screen(int ret, struct wr_err *err)
{
	fprintf(stderr, "%s\n", err->text);
	err->text[0] = '\0';
	return wr_exit_status(ret);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct top t = {0};
	struct wr_args rest;
	bool color = false;
	int status, ret;

	status = wr_command_begin(&wr_command_top, &t.a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	ret = wr_tui_check(err);
	if (ret)
		return no_screen(ret, err);
	t.filter = wr_join_args(rest.argc, rest.argv, 0);
	wr_stop_on_signals();
	ret = wr_color_wanted(t.a.color, &color, err);
	if (!ret)
		ret = open_engine(&t, err);
	if (!ret)
		ret = show(&t, color, err);
	status = ret ? wr_exit_status(ret) : finish(&t, err);
	wr_engine_close(&t.engine);
	wr_incidents_close(&t.incidents);
	free(t.filter);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'i', "interface", "IF",
	 "watch this interface; again for more; any = all of them "
	 "(default: the one of the default route)",
	 WR_OPTION_LIST, AT(ifaces)},
	{0, "hook", "HOOK", "auto, xdp, xdp-generic, tc or packet", WR_OPTION_STRING, AT(hook)},
	{'n', "netns", "NETNS", "in this network namespace (name or path)", WR_OPTION_STRING,
	 AT(netns)},
	{'c', "config", "FILE", "the configuration of the weir whose rules are shown",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "its control socket", WR_OPTION_STRING, AT(socket)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_top = {
	.name = "top",
	.brief = "a live screen: services, talkers, flows, what is wrong",
	.args = " [FILTER]",
	.text = "Shows what arrives and what leaves, second by second: services of this host, who "
		"talks to them, single flows,\n"
		"protocols, malformed, lost and dropped packets, the ledger, rules and classes. "
		"Enter goes "
		"deeper, from a "
		"service to its talkers,\n"
		"to the flows between them, to their packets. ? tells the keys.\n\n"
		"FILTER is a pcap-filter(7) expression, also behind /. It chooses flows: by "
		"addresses, ports, protocol,\n"
		"VLAN, TCP flags that they have shown, and their packets' mean size.\n\n"
		"The panels of rules and classes show the policy of the weir that runs on this "
		"host, when one "
		"does "
		"('weir rule', 'weir classes').\n\n"
		"Packets are counted in the kernel; no record of each is made. Nothing is left "
		"behind when weir ends.",
	.examples = "weir top\tthe interface of the default route\n"
		    "weir top -i eth0 -i wg0\ttwo interfaces together\n"
		    "weir top -i any not port 22\tall interfaces, without one's own session\n",
	.options = options,
	.run = run,
};
