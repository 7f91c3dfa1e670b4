/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/cli/policy_file.h"

struct args {
	const char *conf, *socket;
	bool running;
};

static void count(struct wr_buf *b, size_t n, const char *one, const char *many)
{
	if (n)
		wr_buf_fmt(b, ", %zu %s", n, n == 1 ? one : many);
}

static void check(struct wr_buf *b, const char *path, const struct wr_policy *p)
{
	size_t prefixes = 0;

	for (size_t i = 0; i < p->n_sets; i++)
		prefixes += p->set[i].all.n;
	wr_buf_fmt(b, "%s: %zu rule%s", path, p->n_rules, p->n_rules == 1 ? "" : "s");
	count(b, p->n_sets, "set", "sets");
	count(b, prefixes, "prefix in sets", "prefixes in sets");
	count(b, p->n_classes, "class", "classes");
	count(b, p->n_links, "link", "links");
	count(b, p->n_models, "model", "models");
	wr_buf_char(b, '\n');
}

static void print(struct wr_buf *b, const char *path, const struct wr_policy *p)
{
	(void)path;
	wr_policy_print(b, p);
}

static void order(struct wr_buf *b, const char *path, const struct wr_policy *p)
{
	uint32_t *in = calloc(p->n_rules + 1, sizeof(*in));

	(void)path;
	b->failed |= !in;
	if (!in)
		return;
	wr_policy_order(p, in);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct wr_rule *r = &p->rule[in[i]];

		wr_buf_fmt(b, "%4zu  ", i + 1);
		if (!r->named)
			wr_buf_fmt(b, "%s: ", r->name);
		wr_policy_print_rule(b, p, r);
		wr_buf_char(b, '\n');
	}
	free(in);
}

static const struct {
	const char *name;
	void (*show)(struct wr_buf *b, const char *path, const struct wr_policy *p);
} verbs[] = {{"check", check}, {"print", print}, {"order", order}};

static int run_verb(size_t verb, const char *path, struct wr_err *err)
{
	struct wr_policy *p = NULL;
	struct wr_buf b = {0};
	int ret = wr_policy_file_load(&p, "policy", path, err);

	if (!ret) {
		verbs[verb].show(&b, path, p);
		ret = b.failed ? wr_fail(err, ENOMEM, "out of memory") : wr_print(&b, err);
	}
	wr_buf_free(&b);
	wr_policy_free(&p);
	return wr_exit_status(ret);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct wr_args rest;
	struct args a = {0};
	int status = wr_command_begin(&wr_command_policy, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (a.running && rest.argc == 1 && !strcmp(rest.argv[0], "print"))
		return wr_cli_ask(a.conf, a.socket, "policy as=text", err);
	for (size_t i = 0; rest.argc == 2 && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(rest.argv[0], verbs[i].name))
			return run_verb(i, rest.argv[1], err);
	wr_fail(err, EINVAL, "what about which file? check, print or order, and a file");
	return WR_EXIT_USAGE;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "running", NULL, "print: what the running daemon has in force", WR_OPTION_FLAG,
	 AT(running)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_policy = {
	.name = "policy",
	.brief = "checks a file of rules, limits and classes",
	.args = " check|print|order FILE",
	.text = "check: is the file right? Every wrong line is told with its line, column and "
		"word, "
		"and what was expected.\n\n"
		"print: the same policy in the form in which weir writes it: one statement a line, "
		"without comments.\n\n"
		"print --running: the policy of the running daemon, with what was added (weir "
		"rule).\n\n"
		"order: the rules in the order in which a packet meets them.\n\n"
		"FILE may be - for standard input. docs/policy.md describes the language.",
	.examples = "weir policy check edge.policy\tbefore it is put in force\n"
		    "weir policy order edge.policy\twhich rule decides first\n"
		    "echo 'drop from 203.0.113.0/24 for 10m' | weir policy print -\thow weir "
		    "reads a line\n",
	.options = options,
	.run = run,
};
