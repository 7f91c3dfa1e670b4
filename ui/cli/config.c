/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/places.h"
#include "daemon/conf.h"
#include "gateway/when.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"

struct args {
	const char *conf, *socket;
	bool running, json;
};

static void tell(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "weir config: %s\n", line);
}

/* All errors have been told, one a line: main() shall not show the first again. */
static int open_conf(const struct args *a, struct wr_conf **c, const char **from,
		     struct wr_daemon_conf *conf, struct wr_err *err)
{
	int ret = wr_daemon_conf_open(c, a->conf, from, tell, NULL, err);

	if (ret == -EINVAL)
		err->text[0] = 0;
	return ret ? ret : wr_daemon_conf_fill(*c, conf, err);
}

static int check(const struct args *a, struct wr_err *err)
{
	static struct wr_gateway_whens whens; /* large */
	struct wr_daemon_conf conf;
	struct wr_places *places = NULL;
	struct wr_conf *c = NULL;
	const char *from;
	int ret = open_conf(a, &c, &from, &conf, err);

	if (!ret && conf.gateway.policies[0])
		ret = wr_gateway_whens_read(&whens, conf.gateway.policies, err);
	if (!ret)
		ret = wr_places_open(&places, conf.detect.asn, conf.detect.country, err);
	wr_places_close(&places);
	if (!ret)
		printf("%s\n", from ? from : "no " WR_DAEMON_CONF ": the defaults");
	wr_conf_close(&c);
	return wr_exit_status(ret);
}

static int show(const struct args *a, struct wr_err *err)
{
	struct wr_daemon_conf conf;
	struct wr_conf *c = NULL;
	struct wr_buf b = {0};
	const char *from;
	int ret;

	if (a->running)
		return wr_cli_ask(a->conf, a->socket, a->json ? "config" : "config as=text", err);
	ret = open_conf(a, &c, &from, &conf, err);
	if (!ret && a->json)
		wr_conf_json(&b, c);
	else if (!ret)
		wr_conf_show(&b, c);
	wr_buf_flush(&b, STDOUT_FILENO);
	wr_buf_free(&b);
	wr_conf_close(&c);
	return wr_exit_status(ret);
}

static int dump(const struct args *a, struct wr_err *err)
{
	struct wr_buf b = {0};

	(void)a, (void)err;
	wr_conf_dump(&b, wr_daemon_items);
	wr_buf_flush(&b, STDOUT_FILENO);
	wr_buf_free(&b);
	return WR_EXIT_OK;
}

static int reload(const struct args *a, struct wr_err *err)
{
	return wr_cli_ask(a->conf, a->socket, a->json ? "reload" : "reload as=text", err);
}

static const struct {
	const char *name;
	int (*run)(const struct args *a, struct wr_err *err);
} verbs[] = {{"check", check}, {"show", show}, {"dump", dump}, {"reload", reload}};

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_config, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	for (size_t i = 0; rest.argc == 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(rest.argv[0], verbs[i].name))
			return verbs[i].run(&a, err);
	if (rest.argc > 1)
		wr_fail(err, EINVAL, "'%s': a file is named by -c: weir config %s -c %s",
			rest.argv[1], rest.argv[0], rest.argv[1]);
	else
		wr_fail(err, EINVAL, "what about it? one of check, show, dump, reload");
	return WR_EXIT_USAGE;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'c', "config", "FILE", "this file instead of " WR_DAEMON_CONF, WR_OPTION_STRING, AT(conf)},
	{0, "running", NULL, "show: what the running daemon has in effect", WR_OPTION_FLAG,
	 AT(running)},
	{0, "json", NULL, "show, reload: one JSON object a line", WR_OPTION_FLAG, AT(json)},
	{0, "socket", "PATH", "the control socket of the running daemon", WR_OPTION_STRING,
	 AT(socket)},
	{0},
};

const struct wr_command wr_command_config = {
	.name = "config",
	.brief = "checks and shows the configuration of the daemon, makes a file",
	.args = " check|show|dump|reload",
	.text = "check: is the file right? Every error is told with its line, and what was "
		"expected.\n\n"
		"show: what is in effect, and where each value comes from.\n\n"
		"dump: a file with every item, its default, its range and what it is for.\n\n"
		"reload: the running daemon reads its configuration again, as at SIGHUP; when it "
		"is "
		"wrong, the old one stays.",
	.examples = "weir config check -c weir.conf\tbefore a reload\n"
		    "weir config show --running\twhat the daemon goes by\n"
		    "weir config dump >weir.conf\ta file to begin with\n"
		    "weir config reload\tafter a change\n",
	.options = options,
	.run = run,
};
