/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/near.h"
#include "daemon/query.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"

/* Rules of the running daemon: each verb is a request to its control socket. */

struct args {
	const char *conf, *socket, *color, *confirm;
	bool json, force;
};

static const char *const verbs[] = {"list", "show",    "add", "shadow", "enforce",
				    "del",  "confirm", "off", "on",	NULL};

static int ask(const struct args *a, struct wr_buf *b, struct wr_err *err)
{
	bool color = false;
	int status;

	if (wr_color_wanted(a->color, &color, err))
		return WR_EXIT_USAGE;
	if (!a->json)
		wr_buf_fmt(b, " as=text color=%d", color);
	status = wr_cli_ask(a->conf, a->socket, wr_buf_text(b), err);
	wr_buf_free(b);
	return status;
}

static void add_key(struct wr_buf *b, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	wr_buf_fmt(b, " %s=", name);
	wr_query_encode(b, value);
}

/* A person is asked once more; what a program asks for stays refused. */
static bool all_the_same(struct wr_err *err)
{
	char answer[16] = "";

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	fprintf(stderr, "weir rule: %s\nall the same? [y/N] ", err->text);
	*err = (struct wr_err){0}; /* it has been told */
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

static int send_change(const struct args *a, const char *verb, const char *text, bool force,
		       struct wr_err *err)
{
	struct wr_buf b = {0};

	wr_buf_fmt(&b, "rule do=%s", verb);
	add_key(&b, "text", text);
	add_key(&b, "confirm", a->confirm);
	add_key(&b, "ssh", getenv("SSH_CONNECTION"));
	if (force)
		wr_buf_str(&b, " force=1");
	return ask(a, &b, err);
}

static int change(const struct args *a, const char *verb, char *text, struct wr_err *err)
{
	int status = send_change(a, verb, text, a->force, err);

	if (status == WR_EXIT_USAGE && !a->force && strstr(err->text, "--force") &&
	    !strstr(err->text, "an automatic rule") && all_the_same(err))
		status = send_change(a, verb, text, true, err);
	free(text);
	return status;
}

static int show(const struct args *a, const struct wr_args *rest, struct wr_err *err)
{
	struct wr_buf b = {0};

	if (rest->argc != 2) {
		wr_fail(err, EINVAL, "show: which rule? weir rule show NAME");
		return WR_EXIT_USAGE;
	}
	wr_buf_str(&b, "report");
	add_key(&b, "rule", rest->argv[1]);
	return ask(a, &b, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_args rest;
	struct wr_buf b = {0};
	const char *near;
	int status = wr_command_begin(&wr_command_rule, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (!rest.argc || (rest.argc == 1 && !strcmp(rest.argv[0], "list"))) {
		wr_buf_str(&b, "rules");
		return ask(&a, &b, err);
	}
	if (!strcmp(rest.argv[0], "show"))
		return show(&a, &rest, err);
	for (size_t i = 2; verbs[i]; i++)
		if (!strcmp(verbs[i], rest.argv[0]))
			return change(&a, verbs[i], wr_join_args(rest.argc, rest.argv, 1), err);
	near = wr_near(rest.argv[0], verbs);
	wr_fail(err, EINVAL,
		"'%s': expected list, show, add, shadow, enforce, del, confirm, off or on%s%s%s",
		rest.argv[0], near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return WR_EXIT_USAGE;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "confirm", "TIME", "take the change back after TIME unless 'weir rule confirm' comes",
	 WR_OPTION_STRING, AT(confirm)},
	{0, "force", NULL, "also when it keeps out what you may need yourself", WR_OPTION_FLAG,
	 AT(force)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_rule = {
	.name = "rule",
	.brief = "rules of the running daemon: shows and changes them while packets fly",
	.args = " [list|show|add|shadow|enforce|del|confirm|off|on] [STATEMENT|NAME]",
	.text = "list: the rules in the order in which a packet meets them: what they matched, "
		"what "
		"they stopped\n"
		"(a shadow: would have stopped), packets a second, and when they end.\n\n"
		"show: a rule in full. As a shadow: how much it would have stopped, of which "
		"sources and services, whether\n"
		"known-good flows are among them, and a few of its packets; once enforced: what "
		"came of it.\n\n"
		"add: puts a rule or a set (docs/policy.md) in force at once, beside those of the "
		"file. It is kept for a\n"
		"restart; 'for 10m' becomes a date. Quote the statement. A rule without a name is "
		"called a1, a2 ...\n\n"
		"shadow: adds a rule that only counts, or makes one that was added count only; "
		"enforce: the other way.\n\n"
		"del: takes away what was added, a rule or a @SET. What stands in the file is "
		"changed there.\n\n"
		"confirm: with --confirm 60s a change is taken back unless this comes in time, "
		"from "
		"another connection: when\n"
		"the change has cut yours off, it mends itself, also when weir has ended "
		"meanwhile.\n\n"
		"off, on: the kill switch (off: SIGUSR2, too). Off, all is counted and nothing is "
		"kept out.\n\n"
		"A rule that would keep out the other end of an SSH session, a default gateway, a "
		"DNS server, DHCP, ARP or\n"
		"neighbour discovery, or a source of the set 'never', or that is for everything or "
		"for a /8, is refused without "
		"--force; an automatic one always. On a terminal it is asked about.\n"
		"One that is only wide may be tried with --confirm.\n\n"
		"Who is not root may change rules so many times in a minute (policy.changes); root "
		"is told.\n"
		"Rules are changed by root, or by members of socket.group.",
	.examples =
		"weir rule add 'drop from 203.0.113.0/24 for 10m why \"scan\"'\tat once, ends by "
		"itself\n"
		"weir rule add 'limit 200cps per source to tcp/443' --confirm 60s\tand then: weir "
		"rule confirm\n"
		"weir rule add 'cookies over 1kcps to tcp/443 for 10m'\ta SYN flood is answered "
		"with "
		"SYN cookies\n"
		"weir rule shadow 'drop to tcp/23'\twhat would it stop?\n"
		"weir rule show a1\twhom does it hit?\n"
		"weir rule list --json | jq 'select(.rule_id==\"a1\").stopped'\tfor a program\n"
		"weir rule off\tlet everything through, now\n",
	.options = options,
	.run = run,
};
