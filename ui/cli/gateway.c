/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/gateway.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "daemon/conf.h"
#include "ui/cli/command.h"
#include "ui/cli/gateway_job.h"

/* API gateways, without a daemon: what shall be so stands in the ledger of each. */

/* ---- verbs ---- */

static int list_one(struct wr_gateway_job *j, const char *name, bool entries, struct wr_err *err)
{
	struct wr_gateway_opened o;
	int ret = wr_cli_gateway_open(j, name, &o, err);

	if (ret)
		return ret;
	if (entries)
		wr_cli_gateway_entries(&j->out, j->a->json, &o.g, &o.l, j->now_s);
	else
		wr_cli_gateway_row(&j->out, j->a->json, &o.g, &o.l);
	wr_cli_gateway_close(&o);
	return 0;
}

static int list(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_names names;
	int ret;

	if (argc)
		return list_one(j, argv[0], true, err);
	ret = wr_gateway_names(&names, j->folder, err);
	if (!ret && !names.n && !j->a->json)
		wr_buf_fmt(&j->out, "no gateways: %s has no NAME.conf (docs/gateways.md)\n",
			   j->folder);
	else if (!ret && !j->a->json)
		wr_buf_str(&j->out, "GATEWAY          DRIVER    ENTRIES  WHERE\n");
	for (size_t i = 0; !ret && i < names.n; i++)
		ret = list_one(j, names.at[i], false, err);
	wr_gateway_names_free(&names);
	return ret;
}

static void tell_check(void *ctx, enum wr_gateway_mark mark, const char *text, const char *mend)
{
	struct wr_gateway_job *j = ctx;

	wr_cli_gateway_check(&j->out, j->a->json, j->name, mark, text, mend);
	if (mark == WR_GATEWAY_BAD)
		j->worst = WR_EXIT_FAILED;
}

static int probe(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_opened o;
	int ret = wr_cli_gateway_open(j, argv[0], &o, err);
	uint32_t can;

	(void)argc;
	if (ret)
		return ret;
	j->name = argv[0];
	can = wr_gateway_can(&o.g);
	if (j->a->json)
		wr_cli_gateway_row(&j->out, true, &o.g, &o.l);
	for (const struct wr_gateway_can *c = wr_gateway_cans; c->name && !j->a->json; c++)
		wr_buf_fmt(&j->out, "%s   %s\n", can & c->bit ? "can" : "-  ", c->text);
	wr_gateway_probe(&o.g, tell_check, j);
	wr_cli_gateway_close(&o);
	return 0;
}

static int dump(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err)
{
	(void)argc, (void)argv, (void)err;
	wr_conf_dump(&j->out, wr_gateway_items);
	return 0;
}

/* ---- the command ---- */

static const struct {
	const char *name;
	int least, most; /* words behind it */
	int (*run)(struct wr_gateway_job *j, int argc, char **argv, struct wr_err *err);
	const char *usage;
} verbs[] = {
	{"list", 0, 1, list, "list [NAME]"},
	{"probe", 1, 1, probe, "probe NAME"},
	{"apply", 1, 256, wr_cli_gateway_apply, "apply NAME ENTRY"},
	{"lift", 1, 8, wr_cli_gateway_lift, "lift NAME deny|limit WHO"},
	{"reconcile", 0, 64, wr_cli_gateway_keep, "reconcile [NAME...]"},
	{"flush", 1, 1, wr_cli_gateway_flush, "flush NAME"},
	{"policies", 0, 0, wr_cli_gateway_policies, "policies"},
	{"dump", 0, 0, dump, "dump"},
};

static int start(struct wr_gateway_job *j, struct wr_err *err)
{
	struct wr_daemon_conf conf;
	const struct passwd *p;
	const char *from;
	int ret = wr_daemon_conf_open(&j->values, j->a->conf, &from, NULL, NULL, err);

	if (ret)
		return ret;
	wr_gateway_begin();
	wr_conf_fill(j->values, &conf);
	j->folder = conf.gateway.folder;
	j->state = conf.gateway.state;
	j->policies = conf.gateway.policies;
	p = getpwnam(conf.gateway.user[0] ? conf.gateway.user : conf.daemon.user);
	j->keeper = p ? p->pw_uid : 0;
	j->now_s = wr_when_now() / NS_PER_S;
	return 0;
}

static int run_verb(struct wr_gateway_job *j, const struct wr_args *rest, struct wr_err *err)
{
	const char *word = rest->argc ? rest->argv[0] : "list";
	int argc = rest->argc ? rest->argc - 1 : 0;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(word, verbs[i].name) != 0)
			continue;
		if (argc < verbs[i].least || argc > verbs[i].most)
			return wr_fail(err, EINVAL, "expected: %s", verbs[i].usage);
		return verbs[i].run(j, argc, rest->argv + 1, err);
	}
	return wr_fail(
		err, EINVAL,
		"'%s': expected list, probe, apply, lift, reconcile, flush, policies or dump",
		word);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct wr_gateway_args a = {0};
	struct wr_gateway_job j = {.a = &a};
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_gateway, &a, argc, argv, &rest, err), ret;

	if (status >= 0)
		return status;
	ret = start(&j, err);
	if (!ret)
		ret = run_verb(&j, &rest, err);
	wr_conf_close(&j.values);
	status = ret ? wr_exit_status(ret) : j.worst;
	return wr_print(&j.out, err) ? WR_EXIT_FAILED : status;
}

#define AT(field) .offset = offsetof(struct wr_gateway_args, field)
static const struct wr_option options[] = {
	{0, "file", "FILE", "apply: an entry on each line; '#' begins a comment", WR_OPTION_STRING,
	 AT(file)},
	{0, "only", NULL, "apply: what is in no line of the file is taken out", WR_OPTION_FLAG,
	 AT(only)},
	{0, "dry-run", NULL, "apply, lift, reconcile, flush: show the bytes, change nothing",
	 WR_OPTION_FLAG, AT(dry_run)},
	{0, "force", NULL, "apply: also a wide prefix, or for longer than gateway.longest",
	 WR_OPTION_FLAG, AT(force)},
	{0, "every", "SPAN", "reconcile: again and again, until it is ended", WR_OPTION_STRING,
	 AT(every)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "this file instead of " WR_DAEMON_CONF, WR_OPTION_STRING, AT(conf)},
	{0},
};

const struct wr_command wr_command_gateway = {
	.name = "gateway",
	.brief = "refuses and limits clients at API gateways: HAProxy, nginx, Caddy and others",
	.args = " [list|probe|apply|lift|reconcile|flush|policies|dump] [NAME] [ENTRY]",
	.text = "A gateway is a file in gateway.folder, /etc/weir/gateways/NAME.conf "
		"(docs/gateways.md has the lines for it and for\n"
		"the gateway's own configuration). An entry is\n\n"
		"deny ADDRESS|PREFIX|key HASH|consumer NAME [for SPAN | until TIME] [why TEXT]\n\n"
		"limit ADDRESS|PREFIX|key HASH|consumer NAME|route ROUTE to RATE [for SPAN | until "
		"TIME] [why TEXT]\n\n"
		"and ends after 10 minutes when it does not say. What shall be so is kept in a "
		"ledger "
		"(gateway.state); apply takes\n"
		"entries in, makes the gateway so and reads back. What weir has not put there is "
		"never "
		"changed.\n\n"
		"probe: what it can, whether it answers, what is wrong with its configuration, and "
		"the "
		"mend.\n\n"
		"reconcile: takes out what has ended, and puts back what a restart of the gateway "
		"has "
		"lost; --every 1s goes on with\n"
		"that, and tells each trouble once. HAProxy, and nginx with its Lua module, end "
		"entries by their own clock; for the\n"
		"others something has to call this.\n\n"
		"flush: takes all out that is weir's, reads back and says what is left.\n\n"
		"policies: those over routes (gateway.policies), which the running weir carries "
		"out, "
		"and which of them act now.\n\n"
		"dump: the items of NAME.conf, as a commented file.",
	.examples = "weir gateway apply edge deny 203.0.113.7 for 10m why tries passwords\tone "
		    "client\n"
		    "weir gateway apply edge --file list.txt --dry-run\twhat would be sent?\n"
		    "weir gateway probe edge\tis all well there?\n",
	.options = options,
	.run = run,
};
