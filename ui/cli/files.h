/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_FILES_H
#define WR_UI_CLI_FILES_H

#include "base/err.h"
#include "ui/cli/options.h"

/* Capture files on the command line, and the filter behind them. */
struct wr_files {
	char **at; /* borrowed from argv */
	int n;
	char *filter; /* owned; NULL = none */
};

/* Leading arguments that are files; the rest is the filter. A word that looks like a file and is
 * none is an error, or it would be taken for a filter and refused with a puzzling message. */
int wr_files_split(struct wr_files *out, int argc, char **argv, struct wr_err *err);

/* What is written to must not be a file that is read: it would be emptied first. option: how the
 * user named it. to may be NULL. */
int wr_files_not_onto(const struct wr_files *f, const char *option, const char *to,
		      struct wr_err *err);

#endif
