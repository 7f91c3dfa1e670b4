/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/run.h"
#include "ui/cli/command.h"
#include "ui/cli/run_screen.h"
#include "ui/web/page.h"

struct args {
	struct wr_strings ifaces, set;
	const char *conf, *hook, *netns, *socket, *page;
	bool out, persist;
};

/* Fronts of this build: one, or none. */
static const struct wr_front *const fronts[] = {&wr_web_page, NULL};

static void tell(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "weir: %s\n", line);
}

/* ---- options over the file ---- */

static int set_list(struct wr_conf *c, const char *name, const struct wr_strings *list,
		    const char *origin, struct wr_err *err)
{
	char text[2048] = "";

	for (size_t i = 0; i < list->n; i++) {
		if (strlen(text) + strlen(list->at[i]) + 2 > sizeof(text))
			return wr_fail(err, EINVAL, "%s: too much of it", origin);
		strcat(text, list->at[i]);
		strcat(text, " ");
	}
	return list->n ? wr_conf_set(c, name, text, origin, err) : 0;
}

/* --set ITEM=VALUE */
static int set_any(struct wr_conf *c, const char *word, struct wr_err *err)
{
	const char *equals = strchr(word, '=');
	char name[128];

	if (!equals)
		return wr_fail(err, EINVAL,
			       "--set: '%s': expected ITEM=VALUE (weir config dump "
			       "shows the items)",
			       word);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	return wr_conf_set(c, name, equals + 1, "--set", err);
}

/* A folder that is named elsewhere stays. */
static int persist(struct wr_conf *c, struct wr_err *err)
{
	struct wr_daemon_conf now;
	int ret = wr_daemon_conf_fill(c, &now, err);

	if (ret || now.capture.pin[0])
		return ret;
	return wr_conf_set(c, "capture.pin", WR_DAEMON_PIN, "--persist", err);
}

static int options_over(const struct args *a, struct wr_conf *c, struct wr_err *err)
{
	const struct {
		const char *value, *item, *origin;
	} one[] = {
		{a->hook, "capture.hook", "--hook"},
		{a->netns, "capture.netns", "--netns"},
		{a->socket, "socket.path", "--socket"},
		{a->page, "page.listen", "--page"},
		{a->out ? "yes" : NULL, "capture.out", "--out"},
	};
	int ret = set_list(c, "capture.interfaces", &a->ifaces, "--interface", err);

	for (size_t i = 0; i < sizeof(one) / sizeof(one[0]) && !ret; i++)
		if (one[i].value)
			ret = wr_conf_set(c, one[i].item, one[i].value, one[i].origin, err);
	for (size_t i = 0; i < a->set.n && !ret; i++)
		ret = set_any(c, a->set.at[i], err);
	if (!ret && a->persist)
		ret = persist(c, err);
	return ret;
}

static int read_conf(void *ctx, struct wr_conf **out, const char **from, struct wr_err *err)
{
	const struct args *a = ctx;
	struct wr_conf *c = NULL;
	int ret = wr_daemon_conf_open(&c, a->conf, from, tell, NULL, err);

	if (!ret)
		ret = options_over(a, c, err);
	if (ret)
		wr_conf_close(&c);
	else
		*out = c;
	return ret;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	static struct args a; /* read again at each reload */
	struct wr_run_conf conf = {.read = read_conf, .ctx = &a, .front = fronts[0]};
	const char *manager = getenv("NOTIFY_SOCKET");
	struct wr_args rest;
	int status, ret;

	a = (struct args){0};
	status = wr_command_begin(&wr_command_run, &a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	if (rest.argc) {
		wr_fail(err, EINVAL, "'%s': it takes options only", rest.argv[0]);
		return WR_EXIT_USAGE;
	}
	if (!manager || !*manager) /* a person has started it */
		conf.screen = &wr_run_screen;
	ret = wr_run(&conf, err);
	if (ret != -EADDRINUSE)
		return wr_exit_status(ret);
	strncat(err->text,
		": look at that one ('weir status'), or end it (Ctrl-C where it runs, 'systemctl "
		"stop "
		"weir'), or start this one with --socket and --page of its own",
		sizeof(err->text) - strlen(err->text) - 1);
	return WR_EXIT_FAILED;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'c', "config", "FILE", "read this file instead of " WR_DAEMON_CONF, WR_OPTION_STRING,
	 AT(conf)},
	{'i', "interface", "IF",
	 "watch this interface; again for more; any = all of them (default: the one of the default "
	 "route)",
	 WR_OPTION_LIST, AT(ifaces)},
	{0, "hook", "HOOK", "auto, xdp, xdp-generic, tc or packet", WR_OPTION_STRING, AT(hook)},
	{0, "out", NULL, "watch what leaves, too", WR_OPTION_FLAG, AT(out)},
	{'n', "netns", "NETNS", "in this network namespace (name or path)", WR_OPTION_STRING,
	 AT(netns)},
	{0, "persist", NULL,
	 "programs, rules and counters stay in the kernel when weir ends, for the next one "
	 "(capture.pin, " WR_DAEMON_PIN " unless that is set)",
	 WR_OPTION_FLAG, AT(persist)},
	{0, "socket", "PATH", "the control socket", WR_OPTION_STRING, AT(socket)},
	{0, "page", "ADDRESS:PORT", "where the web page is served; empty: nowhere",
	 WR_OPTION_STRING, AT(page)},
	{0, "set", "ITEM=VALUE", "any other item of the configuration; again for more",
	 WR_OPTION_LIST, AT(set)},
	{0},
};

const struct wr_command wr_command_run = {
	.name = "run",
	.brief = "the daemon: watches, keeps, answers weir status, flows, services …",
	.args = "",
	.text = "Watches interfaces, counts every packet in the kernel, and answers the other "
		"commands "
		"over a control\n"
		"socket. Without a file and options: the interface of the default route, observing "
		"only.\n"
		"When everything is attached it gives up its rights and goes on as nobody.\n\n"
		"SIGHUP, or 'systemctl reload': the configuration is read again and checked as a "
		"whole; "
		"when it is wrong, the\n"
		"old one stays. Interfaces come and go without touching the others.\n"
		"SIGTERM and SIGINT end it; nothing stays attached unless --persist or capture.pin "
		"says so: then rules stay in\n"
		"force and packets are counted until the next weir run adopts them, or 'weir "
		"flush' takes them off.",
	.examples = "weir run\tthe interface of the default route\n"
		    "weir run -i eth0 -i eth1 --out\ttwo interfaces, both directions\n"
		    "weir run -c /etc/weir/weir.conf\twith a file ('weir config dump' makes one)\n"
		    "weir run --persist\twhat is in force stays so between two of them\n"
		    "weir run --set flow.idle=30s\tany item as an option\n",
	.options = options,
	.run = run,
};
