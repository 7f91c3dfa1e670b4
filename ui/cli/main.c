/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/near.h"
#include "ui/cli/command.h"

/* One a line, so that two new ones do not meet. */
/* clang-format off */
const struct wr_command *const wr_commands[] = {
	&wr_command_watch,
	&wr_command_top,
	&wr_command_read,
	&wr_command_export,
	&wr_command_score,
	&wr_command_ledger,
	&wr_command_run,
	&wr_command_config,
	&wr_command_policy,
	&wr_command_why,
	&wr_command_rule,
	&wr_command_flush,
	&wr_command_demo,
	&wr_command_learn,
	&wr_command_forecast,
	&wr_command_swap,
	&wr_command_program,
	&wr_command_gateway,
	&wr_command_api,
	&wr_command_status,
	&wr_command_services,
	&wr_command_talkers,
	&wr_command_flows,
	&wr_command_drops,
	&wr_command_classes,
	&wr_command_incidents,
	&wr_command_explain,
	&wr_command_notify,
	&wr_command_mcp,
	&wr_command_dump,
	&wr_command_history,
	&wr_command_doctor,
	&wr_command_version,
	&wr_command_help,
	NULL,
};
/* clang-format on */

const struct wr_command *wr_command_find(const char *name)
{
	for (size_t i = 0; wr_commands[i]; i++)
		if (!strcmp(wr_commands[i]->name, name))
			return wr_commands[i];
	return NULL;
}

int wr_exit_status(int code)
{
	switch (-code) {
	case 0:
		return WR_EXIT_OK;
	case EPERM:
	case EACCES:
	case EOPNOTSUPP:
		return WR_EXIT_REFUSED;
	case EINVAL:
	case ENODEV:
	case ENOENT:
	case E2BIG:
	case EISDIR:
	case ENOTDIR:
		return WR_EXIT_USAGE;
	}
	return WR_EXIT_FAILED;
}

int wr_command_begin(const struct wr_command *c, void *into, int argc, char **argv,
		     struct wr_args *rest, struct wr_err *err)
{
	if (wr_options_parse(c->options, into, argc, argv, rest, err))
		return WR_EXIT_USAGE;
	if (!rest->help)
		return -1;
	wr_command_usage(c);
	return WR_EXIT_OK;
}

int wr_color_wanted(const char *when, bool *color, struct wr_err *err)
{
	const char *no = getenv("NO_COLOR");

	if (!when || !strcmp(when, "auto"))
		*color = isatty(STDOUT_FILENO) && !(no && *no);
	else if (!strcmp(when, "always"))
		*color = true;
	else if (!strcmp(when, "never"))
		*color = false;
	else
		return wr_fail(err, EINVAL, "--color: '%s' is none of auto, always, never", when);
	return 0;
}

int wr_print(struct wr_buf *b, struct wr_err *err)
{
	int ret = wr_buf_flush(b, STDOUT_FILENO);

	wr_buf_free(b);
	if (!ret || ret == -EPIPE)
		return 0;
	return wr_fail(err, -ret, "standard output: %s", strerror(-ret));
}

int wr_hook_wanted(const char *name, enum wr_hook *hook, struct wr_err *err)
{
	*hook = WR_HOOK_COUNT;
	if (!name || !strcmp(name, "auto"))
		return 0;
	for (int i = WR_HOOK_XDP; i <= WR_HOOK_PACKET; i++)
		if (!strcmp(name, wr_hook_name((enum wr_hook)i))) {
			*hook = (enum wr_hook)i;
			return 0;
		}
	return wr_fail(err, EINVAL, "--hook: '%s' is none of auto, xdp, xdp-generic, tc, packet",
		       name);
}

bool wr_any_wanted(const struct wr_strings *ifaces)
{
	for (size_t i = 0; i < ifaces->n; i++)
		if (!strcmp(ifaces->at[i], "any"))
			return true;
	return false;
}

char *wr_join_args(int argc, char **argv, int i)
{
	size_t n = 1;
	char *text;

	if (i >= argc)
		return NULL;
	for (int k = i; k < argc; k++)
		n += strlen(argv[k]) + 1;
	text = calloc(1, n);
	for (int k = i; text && k < argc; k++) {
		strcat(text, argv[k]);
		if (k + 1 < argc)
			strcat(text, " ");
	}
	return text;
}

static int no_such_command(const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	for (; wr_commands[n]; n++)
		names[n] = wr_commands[n]->name;
	names[n] = NULL;
	near = wr_near(word, names);
	fprintf(stderr, "weir: there is no command '%s'", word);
	if (near)
		fprintf(stderr, ": did you mean '%s'?", near);
	fprintf(stderr, "\nweir: 'weir help' lists them\n");
	return WR_EXIT_USAGE;
}

/* The number of a closed standard descriptor goes to the next file that is opened, a capture or a
 * map, and lines would end in there. What stands in its place refuses them. */
static void hold_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct wr_command *c;
	struct wr_err err = {0};
	const char *name;
	int status;

	hold_descriptors();
	signal(SIGPIPE,
	       SIG_IGN); /* a reader that goes away is an error of the write, not our end */
	signal(SIGXFSZ, SIG_IGN);
	if (argc < 2) {
		wr_command_help.run(1, argv, &err);
		return WR_EXIT_USAGE;
	}
	name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	c = wr_command_find(name);
	if (!c)
		return no_such_command(name);
	status = c->run(argc - 1, argv + 1, &err);
	if (err.text[0] && status)
		fprintf(stderr, "weir %s: %s\n", c->name, err.text);
	return status;
}

int wr_incident_wanted(const char *text, struct wr_err *err)
{
	char *end;

	errno = 0;
	if (*text >= '1' && *text <= '9' && strtoull(text, &end, 10) && !*end && !errno)
		return 0;
	return wr_fail(err, EINVAL, "'%s' is no number of an incident (weir incidents)", text);
}
