/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/board.h"
#include "control/boards.h"
#include "ui/cli/command.h"
#include "view/ledger.h"

enum { MAX_ROWS = 256 };

struct args {
	bool json;
};

struct rows {
	struct wr_ledger row[MAX_ROWS];
	int n;
	bool unbalanced;
};

static void add(void *ctx, const struct wr_board *b)
{
	struct rows *r = ctx;

	if (r->n == MAX_ROWS)
		return;
	wr_board_ledger(b, WR_MAX_CPUS, &r->row[r->n]);
	r->unbalanced = r->unbalanced || !r->row[r->n].balanced;
	r->n++;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct wr_buf out = {0};
	struct args a = {0};
	struct wr_args rest;
	struct rows *r;
	int status, n;

	status = wr_command_begin(&wr_command_ledger, &a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	r = calloc(1, sizeof(*r));
	if (!r)
		return WR_EXIT_FAILED;
	n = wr_boards_each(add, r, err);
	if (!n)
		wr_fail(err, 1, "nothing is being watched on this host (weir watch)");
	for (int i = 0; a.json && i < r->n; i++)
		wr_view_ledger_json(&out, &r->row[i]);
	if (!a.json)
		wr_view_ledger_text(&out, r->row, r->n);
	wr_buf_flush(&out, STDOUT_FILENO);
	wr_buf_free(&out);
	status = n < 0 ? wr_exit_status(n) : n == 0 || r->unbalanced ? WR_EXIT_FAILED : WR_EXIT_OK;
	free(r);
	return status;
}

static const struct wr_option options[] = {
	{.name = "json",
	 .help = "one JSON object a line",
	 .type = WR_OPTION_FLAG,
	 .offset = offsetof(struct args, json)},
	{0},
};

const struct wr_command wr_command_ledger = {
	.name = "ledger",
	.brief = "where every packet went, to the packet",
	.args = "",
	.text = "Shows, for each interface and hook that a weir on this host watches, how many "
		"packets arrived, passed,\n"
		"became records, were seen by the reader, and were lost, by stage. The kernel "
		"counts before anything\n"
		"that can fill; the numbers balance at every moment.",
	.examples = "weir ledger\tthe ledger of every running weir\n"
		    "weir ledger --json | jq .records.lost\twhat was lost, and where\n",
	.options = options,
	.run = run,
};
