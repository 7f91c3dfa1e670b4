/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "capture/board.h"
#include "control/boards.h"
#include "ui/cli/command.h"
#include "view/ledger.h"

struct args {
	bool json;
};

struct rows {
	struct wr_ledger *row;
	struct wr_ledger_rules *rules; /* of each row */
	int n, room;
	bool unbalanced, no_memory;
};

static bool grow(struct rows *r)
{
	size_t room = r->room ? (size_t)r->room * 2 : 16;
	struct wr_ledger *row = realloc(r->row, room * sizeof(*row));
	struct wr_ledger_rules *rules = realloc(r->rules, room * sizeof(*rules));

	if (row)
		r->row = row;
	if (rules)
		r->rules = rules;
	if (row && rules)
		r->room = (int)room;
	r->no_memory = r->no_memory || !row || !rules;
	return row && rules;
}

static void add(void *ctx, const struct wr_board *b, const struct wr_board_rules *rules)
{
	struct rows *r = ctx;

	if (r->n == r->room && !grow(r))
		return;
	r->rules[r->n] = (struct wr_ledger_rules){0};
	wr_board_ledger(b, WR_MAX_CPUS, rules, &r->rules[r->n], &r->row[r->n]);
	r->unbalanced = r->unbalanced || !r->row[r->n].balanced;
	r->n++;
}

static int show(const struct rows *r, bool json, struct wr_err *err)
{
	struct wr_buf out = {0};

	for (int i = 0; json && i < r->n; i++)
		wr_view_ledger_json(&out, &r->row[i]);
	if (!json)
		wr_view_ledger_text(&out, r->row, r->n);
	return wr_print(&out, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct rows r = {0};
	struct args a = {0};
	struct wr_args rest;
	int status, n;

	status = wr_command_begin(&wr_command_ledger, &a, argc, argv, &rest, err);
	if (status >= 0)
		return status;
	n = wr_boards_each(add, &r, err);
	if (!n)
		wr_fail(err, 1, "nothing is being watched on this host (weir watch)");
	else if (r.no_memory)
		n = wr_fail(err, ENOMEM, "not enough memory for all ledgers of this host");
	status = n < 0 ? wr_exit_status(n) : n == 0 || r.unbalanced ? WR_EXIT_FAILED : WR_EXIT_OK;
	if (show(&r, a.json, err))
		status = WR_EXIT_FAILED;
	for (int i = 0; i < r.n; i++)
		free(r.rules[i].at);
	free(r.rules);
	free(r.row);
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
