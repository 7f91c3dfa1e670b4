/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_OPTIONS_H
#define WR_UI_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Options as a table: it parses, it prints the help and it makes the manual page. */

enum wr_option_type {
	WR_OPTION_FLAG,	  /* bool */
	WR_OPTION_STRING, /* const char * */
	WR_OPTION_LIST,	  /* struct wr_strings: may be given several times */
	WR_OPTION_NUMBER, /* uint64_t, from min to max */
};

struct wr_option {
	char letter; /* 0 = none */
	const char *name;
	const char *arg; /* what the help calls its value; NULL for flags */
	const char *help;
	enum wr_option_type type;
	size_t offset; /* in the command's struct */
	uint64_t min, max;
};

enum { WR_STRINGS_MAX = 64 };

struct wr_strings {
	const char *at[WR_STRINGS_MAX];
	size_t n;
};

struct wr_args {
	int argc; /* what is left behind the options */
	char **argv;
	bool help; /* --help was given */
};

/* Fills `into` by the table (ended by a name of NULL). Options may stand between other arguments;
 * "--" ends them. -EINVAL: err says which option, what is wrong and, for a typing error, which was
 * meant. */
int wr_options_parse(const struct wr_option *table, void *into, int argc, char **argv,
		     struct wr_args *rest, struct wr_err *err);

#endif
