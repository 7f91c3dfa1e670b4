/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/mcp/mcp.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/conf.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/mcp/rpc.h"

struct args {
	const char *conf, *socket;
	bool allow_shadow;
};

/* A connection for each: a daemon that was started again answers, too. */
static int ask(void *ctx, const char *request, struct wr_buf *answer, struct wr_err *err)
{
	const struct args *a = ctx;

	return wr_cli_fetch(a->conf, a->socket, request, answer, err);
}

/* Whole lines; of one that is too long only so much that it is told. */
static int lines(struct wr_mcp *m, struct wr_err *err)
{
	static char in[WR_RPC_LINE + 2];
	size_t used = 0;
	bool skipping = false;
	struct wr_buf b = {0};
	ssize_t n;
	int ret = 0;

	while (!ret && (n = read(STDIN_FILENO, in + used, sizeof(in) - used))) {
		char *line = in, *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return wr_fail(err, errno, "standard input: %s", strerror(errno));
		used += (size_t)n;
		while ((end = memchr(line, '\n', used - (size_t)(line - in)))) {
			if (!skipping && end > line)
				wr_mcp_line(m, line, (size_t)(end - line), &b);
			skipping = false;
			line = end + 1;
		}
		used -= (size_t)(line - in);
		memmove(in, line, used);
		if (used == sizeof(in)) {
			if (!skipping)
				wr_mcp_line(m, in, used, &b);
			skipping = true;
			used = 0;
		}
		ret = wr_buf_flush(&b, STDOUT_FILENO);
	}
	if (!ret && used && !skipping)
		wr_mcp_line(m, in, used, &b);
	if (!ret)
		ret = wr_buf_flush(&b, STDOUT_FILENO);
	wr_buf_free(&b);
	if (ret && ret != -EPIPE)
		return wr_fail(err, -ret, "standard output: %s", strerror(-ret));
	return 0;
}

/* What is not set is no: also where the file cannot be read. */
static bool allowed(const char *path)
{
	struct wr_daemon_conf c;
	struct wr_conf *values = NULL;
	const char *from;
	bool yes = false;

	if (!wr_daemon_conf_open(&values, path, &from, NULL, NULL, NULL)) {
		wr_conf_fill(values, &c);
		yes = c.explain.mcp_shadow;
	}
	wr_conf_close(&values);
	return yes;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_mcp m = {.ask = ask, .ctx = &a};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_mcp, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (rest.argc) {
		wr_fail(err, EINVAL, "'%s': it takes options only", rest.argv[0]);
		return WR_EXIT_USAGE;
	}
	m.allow_shadow = a.allow_shadow || allowed(a.conf);
	return lines(&m, err) ? WR_EXIT_FAILED : WR_EXIT_OK;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "allow-shadow", NULL,
	 "the assistant may add rules that only count (explain.mcp_shadow = yes: always)",
	 WR_OPTION_FLAG, AT(allow_shadow)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_mcp = {
	.name = "mcp",
	.brief = "lets an assistant ask the running daemon (Model Context Protocol)",
	.args = "",
	.text = "A server of the Model Context Protocol on standard input and output: an "
		"assistant's program starts it and asks for status, services, talkers, incidents, "
		"rules and the ledger, with the rights of who runs it. It reads only, unless it "
		"may add shadow rules, which count and keep nothing out. docs/explain.md has the "
		"lines for an assistant's configuration.",
	.examples = "weir mcp\tas an assistant's program starts it\n"
		    "weir mcp --allow-shadow\tand it may try rules that only count\n",
	.options = options,
	.run = run,
};
