/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "daemon/query.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"

/* Users' programs in the running daemon. */

struct args {
	const char *conf, *socket;
	bool json, before, after;
};

static const struct {
	const char *name;
	int words; /* behind it */
} verbs[] = {{"list", 0}, {"add", 2}, {"replace", 2}, {"del", 1}};

static void add(struct wr_buf *b, const char *name, const char *value)
{
	wr_buf_fmt(b, " %s=", name);
	wr_query_encode(b, value);
}

static int check(const struct args *a, const struct wr_args *rest, struct wr_err *err)
{
	if (a->before && a->after)
		return wr_fail(err, EINVAL, "--before and --after: one of them");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, rest->argv[0]) != 0)
			continue;
		if (rest->argc - 1 == verbs[i].words)
			return 0;
		return wr_fail(err, EINVAL, "%s: expected %s", rest->argv[0],
			       verbs[i].words == 2   ? "NAME FILE"
			       : verbs[i].words == 1 ? "NAME"
						     : "nothing behind it");
	}
	return wr_fail(err, EINVAL, "'%s': expected list, add, replace or del", rest->argv[0]);
}

static int ask(const struct args *a, const struct wr_args *rest, struct wr_err *err)
{
	struct wr_buf b = {0};
	char path[PATH_MAX];
	int status;

	wr_buf_fmt(&b, "program do=%s", rest->argc ? rest->argv[0] : "list");
	if (rest->argc > 1)
		add(&b, "name", rest->argv[1]);
	if (rest->argc > 2 && !realpath(rest->argv[2], path)) {
		wr_buf_free(&b);
		return wr_exit_status(
			wr_fail(err, errno, "%s: %s", rest->argv[2], strerror(errno)));
	}
	if (rest->argc > 2)
		add(&b, "object", path);
	if (a->after)
		add(&b, "where", "after");
	if (!a->json)
		wr_buf_str(&b, " as=text");
	status = wr_cli_ask(a->conf, a->socket, wr_buf_text(&b), err);
	wr_buf_free(&b);
	return status;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_program, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (rest.argc && check(&a, &rest, err))
		return WR_EXIT_USAGE;
	return ask(&a, &rest, err);
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "before", NULL, "add: it is asked before the rules (as without)", WR_OPTION_FLAG,
	 AT(before)},
	{0, "after", NULL, "add: it is asked of what the rules let pass", WR_OPTION_FLAG,
	 AT(after)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_program = {
	.name = "program",
	.brief = "kernel programs of your own that are asked about each packet",
	.args = " [list | add NAME FILE | replace NAME FILE | del NAME]",
	.text = "An object that clang has made (docs/programs.md, examples/) with SEC(\"xdp\") for "
		"interfaces that are watched at\n"
		"XDP, SEC(\"tc\") for those at TC, or both. It says of each packet that arrives "
		"WEIR_CONTINUE, WEIR_PASS or\n"
		"WEIR_DROP (bpf/weir.h). What it drops is in the ledger as 'program NAME'.\n\n"
		"list: how often each was asked, what it passed and dropped, and how long it takes "
		"for "
		"one made packet.\n\n"
		"add, replace, del: while packets fly, on all interfaces or on none. replace keeps "
		"place, "
		"counters, and maps of the\n"
		"same name and shape. They are gone when weir ends; 'weir rule off' is for them, "
		"too.\n\n"
		"Only root may change them, with files that are root's. It needs a policy "
		"(policy.file) "
		"and daemon.attach_later.",
	.examples = "weir program add short drop_short.o\tasked before the rules\n"
		    "weir program add mine mine.o --after\tasked of what they let pass\n"
		    "weir program list\twhat has it done?\n",
	.options = options,
	.run = run,
};
