/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "ui/cli/command.h"

static int run(int argc, char **argv, struct wr_err *err)
{
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_version, NULL, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	printf("weir %s\n", WR_VERSION);
	printf("kernel programs: %s\n",
	       WR_HAVE_BPF ? "built in" : "none (built with -Dbpf=disabled)");
	return WR_EXIT_OK;
}

static const struct wr_option options[] = {{0}};

const struct wr_command wr_command_version = {
	.name = "version",
	.brief = "which weir this is",
	.args = "",
	.options = options,
	.run = run,
};
