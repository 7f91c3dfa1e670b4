/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_COMMAND_H
#define WR_UI_CLI_COMMAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "capture/capture.h"
#include "ui/cli/options.h"

/* Exit statuses, the same for every command. */
enum {
	WR_EXIT_OK = 0,
	WR_EXIT_FAILED = 1,  /* ran, but failed or found something it was asked to look for */
	WR_EXIT_USAGE = 2,   /* usage or bad input */
	WR_EXIT_REFUSED = 3, /* no permission, or the kernel is too old */
};

/* A command is a file with one of these, and a line in `list`. Its text makes --help and the manual
 * page. */
struct wr_command {
	const char *name;
	const char *brief;    /* one line */
	const char *args;     /* behind the options in the usage line */
	const char *text;     /* what it does, paragraphs separated by empty lines */
	const char *examples; /* lines "command\tsentence" */
	const struct wr_option *options;
	/* Returns an exit status; with err filled main() shows it. */
	int (*run)(int argc, char **argv, struct wr_err *err);
};

extern const struct wr_command wr_command_watch, wr_command_top, wr_command_read, wr_command_ledger,
	wr_command_doctor, wr_command_version, wr_command_help;
extern const struct wr_command wr_command_export;
extern const struct wr_command wr_command_history;
extern const struct wr_command wr_command_policy;
extern const struct wr_command wr_command_why;
extern const struct wr_command wr_command_rule;
extern const struct wr_command wr_command_flush;
extern const struct wr_command wr_command_swap;
extern const struct wr_command wr_command_program;
extern const struct wr_command wr_command_dump;
extern const struct wr_command wr_command_demo;
extern const struct wr_command wr_command_learn;
extern const struct wr_command wr_command_score;
extern const struct wr_command wr_command_gateway;
extern const struct wr_command wr_command_explain;
extern const struct wr_command wr_command_mcp;
extern const struct wr_command wr_command_api;
extern const struct wr_command wr_command_notify;

extern const struct wr_command wr_command_run, wr_command_config, wr_command_status,
	wr_command_services, wr_command_talkers, wr_command_flows, wr_command_drops,
	wr_command_classes, wr_command_incidents, wr_command_forecast;

extern const struct wr_command *const wr_commands[]; /* ended by NULL */

const struct wr_command *wr_command_find(const char *name);
void wr_command_usage(const struct wr_command *c); /* --help, to standard output */

/* Parses the options of a command. Returns -1: go on; else an exit status (help was shown, or err
 * is filled). */
int wr_command_begin(const struct wr_command *c, void *into, int argc, char **argv,
		     struct wr_args *rest, struct wr_err *err);

/* The exit status that belongs to a negative errno value. */
int wr_exit_status(int code);

/* Whether to colour: "always", "never", "auto" or NULL (NO_COLOR and terminals are honoured).
 * -EINVAL otherwise. */
int wr_color_wanted(const char *when, bool *color, struct wr_err *err);

/* Writes b to standard output and frees it. A reader that has gone is no failure. */
int wr_print(struct wr_buf *b, struct wr_err *err);

/* A hook by its name; "auto" or NULL: WR_HOOK_COUNT, the best that works. -EINVAL otherwise. */
int wr_hook_wanted(const char *name, enum wr_hook *hook, struct wr_err *err);

/* "any" is among the interfaces. */
bool wr_any_wanted(const struct wr_strings *ifaces);

/* Arguments from i on, joined by spaces as one filter expression; NULL when there are none. Owned
 * by the caller. */
char *wr_join_args(int argc, char **argv, int i);

/* Is it the number of an incident? -EINVAL: no, which is wrong whether a daemon runs or not. */
int wr_incident_wanted(const char *text, struct wr_err *err);

#endif
