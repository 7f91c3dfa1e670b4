/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "ui/cli/command.h"

enum { HELP_COLUMN = 26, WIDTH = 80 };

/* Words up to the edge of the terminal, further lines indented; an empty line begins a paragraph.
 */
static void wrapped(const char *text, int indent)
{
	int column = indent;

	while (*text) {
		int n = (int)strcspn(text, " \n");

		if (column > indent && column + 1 + n > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", n, text);
		text += n;
		if (!strncmp(text, "\n\n", 2)) {
			printf("\n\n%*s", indent, "");
			column = indent;
		}
		text += strspn(text, " \n");
	}
	printf("\n");
}

static void option_line(const struct wr_option *o)
{
	char left[64];
	int n;

	n = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
		     o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name, o->arg ? " " : "",
		     o->arg ? o->arg : "");
	if (n >= HELP_COLUMN)
		printf("%s\n%*s", left, HELP_COLUMN, "");
	else
		printf("%-*s", HELP_COLUMN, left);
	wrapped(o->help, HELP_COLUMN);
}

/* "command<TAB>sentence" a line; the sentence stands under its command when both do not fit. */
static void example_lines(const char *text)
{
	while (*text) {
		const char *tab = strchr(text, '\t'), *end = strchr(text, '\n');

		printf("  %.*s\n      %.*s\n", (int)(tab - text), text, (int)(end - tab - 1),
		       tab + 1);
		text = end + 1;
	}
}

void wr_command_usage(const struct wr_command *c)
{
	printf("weir %s - %s\n\nUsage: weir %s%s%s\n", c->name, c->brief, c->name,
	       c->options->name ? " [OPTION]..." : "", c->args);
	if (c->examples) {
		printf("\nExamples:\n");
		example_lines(c->examples);
	}
	if (c->text) {
		printf("\n");
		wrapped(c->text, 0);
	}
	if (c->options->name)
		printf("\nOptions:\n");
	for (const struct wr_option *o = c->options; o->name; o++)
		option_line(o);
}

/* A manual page in scdoc's language, from the same tables (packaging makes the pages with it). */
static void manual(const struct wr_command *c)
{
	printf("weir-%s(8)\n\n# NAME\n\nweir-%s - %s\n\n# SYNOPSIS\n\n*weir %s*%s%s\n", c->name,
	       c->name, c->brief, c->name, c->options->name ? " [OPTION]..." : "", c->args);
	if (c->text)
		printf("\n# DESCRIPTION\n\n%s\n", c->text);
	if (c->options->name)
		printf("\n# OPTIONS\n");
	for (const struct wr_option *o = c->options; o->name; o++) {
		printf("\n");
		if (o->letter)
			printf("*-%c*, ", o->letter);
		printf("*--%s*%s%s%s\n\t%s\n", o->name, o->arg ? " _" : "", o->arg ? o->arg : "",
		       o->arg ? "_" : "", o->help);
	}
	printf("\n# EXIT STATUS\n\n0 fine, 1 ran but failed or found something, 2 usage or bad "
	       "input, 3 no permission or "
	       "kernel too old.\n");
}

static int overview(void)
{
	printf("weir - sees, learns and controls the packets arriving at a Linux host\n\n"
	       "Usage: weir COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n");
	for (size_t i = 0; wr_commands[i]; i++)
		printf("  %-9s %s\n", wr_commands[i]->name, wr_commands[i]->brief);
	printf("\n'weir help COMMAND' or 'weir COMMAND --help' tells more. Exit status: 0 fine, 1 "
	       "ran but\n"
	       "failed or found something, 2 usage or bad input, 3 no permission or kernel too "
	       "old.\n");
	return WR_EXIT_OK;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct wr_args rest;
	bool man = false;
	const struct wr_command *c;
	int status;

	if (argc < 2)
		return overview();
	status = wr_command_begin(&wr_command_help, &man, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	if (!rest.argc)
		return overview();
	c = wr_command_find(rest.argv[0]);
	if (!c) {
		wr_fail(err, 22, "there is no command '%s'; 'weir help' lists them", rest.argv[0]);
		return WR_EXIT_USAGE;
	}
	if (man)
		manual(c);
	else
		wr_command_usage(c);
	return WR_EXIT_OK;
}

static const struct wr_option options[] = {
	{.name = "man", .help = "as the source of a manual page (scdoc)", .type = WR_OPTION_FLAG},
	{0},
};

const struct wr_command wr_command_help = {
	.name = "help",
	.brief = "what a command does and how it is used",
	.args = " [COMMAND]",
	.options = options,
	.run = run,
};
