/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "control/left.h"
#include "ui/cli/command.h"

/* Takes off what a weir that has ended has left, and looks again. */

struct args {
	bool dry_run, force, json;
};

/* The kernel takes links and maps down some time after their last user went. */
enum { LOOKS = 100, LOOK_MS = 100 };

/* The counters of a weir that runs are its own, whatever becomes of its programs. */
static bool wanted(const struct args *a, const struct wr_left *l)
{
	return l->kind != WR_LEFT_ELSEWHERE &&
	       (!l->reader || (a->force && l->kind != WR_LEFT_BOARD));
}

static void say(const struct args *a, struct wr_buf *b, const char *what, const struct wr_left *l,
		const char *why)
{
	if (a->json) {
		wr_json_open(b);
		wr_json_str(b, "event_type", "flush");
		wr_json_str(b, "what", what);
		wr_json_str(b, "text", l->text);
		if (l->reader)
			wr_json_u64(b, "reader", l->reader);
		if (why)
			wr_json_str(b, "why", why);
		wr_json_close(b);
		wr_buf_char(b, '\n');
		return;
	}
	wr_buf_fmt(b, "%-8s  %s", what, l->text);
	if (l->reader)
		wr_buf_fmt(b, ", of weir, process %u", l->reader);
	wr_buf_fmt(b, "%s%s\n", why ? ": " : "", why ? why : "");
}

/* Boards go when what holds them has gone: they are looked at afterwards. */
static int take_off(const struct args *a, const struct wr_lefts *l, struct wr_buf *b)
{
	int taken = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct wr_left *left = &l->at[i];
		struct wr_err err = {0};

		if (!wanted(a, left) || left->kind == WR_LEFT_BOARD)
			continue;
		/* A link goes with its pin; one that a process holds only by force. */
		if (left->kind == WR_LEFT_LINK && !a->force)
			continue;
		taken++;
		if (a->dry_run)
			say(a, b, "would", left, NULL);
		else if (wr_left_remove(left, &err))
			say(a, b, "failed", left, err.text);
		else
			say(a, b, "removed", left, NULL);
	}
	return taken;
}

static bool any_wanted(const struct args *a, const struct wr_lefts *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (wanted(a, &l->at[i]))
			return true;
	return false;
}

static bool board_stays(const struct args *a, const struct wr_lefts *before)
{
	for (size_t i = 0; i < before->n; i++)
		if (before->at[i].kind == WR_LEFT_BOARD && wanted(a, &before->at[i]) &&
		    wr_left_board_is_there(before->at[i].id))
			return true;
	return false;
}

static int look_again(const struct args *a, const struct wr_lefts *before, struct wr_lefts *now,
		      struct wr_err *err)
{
	const struct timespec wait = {.tv_nsec = LOOK_MS * 1000000};
	int ret = 0;

	for (int i = 0; i < LOOKS && !ret; i++) {
		if (i)
			nanosleep(&wait, NULL);
		ret = wr_lefts_find(now, err);
		if (!ret && !any_wanted(a, now) && !board_stays(a, before))
			break;
	}
	return ret;
}

static const char *why_left(const struct args *a, const struct wr_left *l)
{
	if (l->reader)
		return a->force ? "it runs, and goes without its programs: end it"
				: "it runs: end it first, or --force";
	switch (l->kind) {
	case WR_LEFT_LINK:
		return "a process or another mount namespace holds its link: --force takes it off";
	case WR_LEFT_BOARD:
		return "a process holds it";
	default:
		return NULL;
	}
}

static bool has_board(const struct wr_lefts *l, enum wr_left_kind kind, uint32_t id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->at[i].kind == kind && l->at[i].id == id)
			return true;
	return false;
}

/* Returns how many are left. What is of another place is told, and is not ours to judge: another
 * weir may have left it to go on. */
static int tell_rest(const struct args *a, const struct wr_lefts *before,
		     const struct wr_lefts *now, struct wr_buf *b)
{
	int left = 0, besides = 0;

	for (size_t i = 0; i < now->n; i++) {
		if (now->at[i].kind == WR_LEFT_ELSEWHERE)
			continue;
		say(a, b, "left", &now->at[i], why_left(a, &now->at[i]));
		left++;
	}
	for (size_t i = 0; i < before->n; i++) {
		const struct wr_left *l = &before->at[i];

		if (l->kind != WR_LEFT_BOARD || has_board(now, WR_LEFT_BOARD, l->id) ||
		    !wr_left_board_is_there(l->id))
			continue;
		say(a, b, "left", l, why_left(a, l));
		left++;
	}
	for (size_t i = 0; i < now->n; i++) {
		const struct wr_left *l = &now->at[i];

		if (l->kind != WR_LEFT_ELSEWHERE || has_board(before, WR_LEFT_BOARD, l->id))
			continue;
		say(a, b, "besides", l, "of another network or mount namespace, look there");
		besides++;
	}
	if (!left && !a->json)
		wr_buf_fmt(b, "nothing is left%s\n", besides ? " here" : "");
	return left;
}

static int flush(const struct args *a, struct wr_buf *b, struct wr_err *err)
{
	struct wr_lefts before = {0}, now = {0};
	int ret = wr_lefts_find(&before, err), left = 0;

	if (!ret && !take_off(a, &before, b) && a->dry_run && !a->json)
		wr_buf_str(b, "nothing would be removed\n");
	if (!ret && !a->dry_run) {
		ret = look_again(a, &before, &now, err);
		left = ret ? 0 : tell_rest(a, &before, &now, b);
	}
	wr_lefts_free(&before);
	wr_lefts_free(&now);
	return ret ? wr_exit_status(ret) : left ? WR_EXIT_FAILED : WR_EXIT_OK;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_args rest;
	struct wr_buf b = {0};
	int status = wr_command_begin(&wr_command_flush, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (rest.argc) {
		wr_fail(err, EINVAL, "'%s': it takes options only", rest.argv[0]);
		return WR_EXIT_USAGE;
	}
	status = flush(&a, &b, err);
	return wr_print(&b, err) ? WR_EXIT_FAILED : status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "dry-run", NULL, "say what would be removed, remove nothing", WR_OPTION_FLAG,
	 AT(dry_run)},
	{0, "force", NULL, "also what a weir that runs has on its interfaces", WR_OPTION_FLAG,
	 AT(force)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{0},
};

const struct wr_command wr_command_flush = {
	.name = "flush",
	.brief = "takes everything off that an earlier weir has left on this host",
	.args = "",
	.text = "With --persist, or capture.pin, weir leaves programs, rules and counters in the "
		"kernel when it ends. This takes\n"
		"them off: pins in every bpffs that is mounted here, and TC filters, on the "
		"interfaces of this network\n"
		"namespace and of those with a name (ip netns). Then it looks again, at every "
		"interface (XDP, tcx, clsact),\n"
		"every bpffs and every board, and says 'nothing is left', or what is and why; then "
		"the exit status is 1.\n\n"
		"What is not weir's is never touched: a program is weir's when it uses one of "
		"weir's "
		"boards. What belongs to a\n"
		"weir that runs is left alone and told; --force takes that off, too, and that weir "
		"goes on without it.\n"
		"An empty clsact goes with weir's last filter in it. History and configuration are "
		"files, and stay.",
	.examples = "weir flush --dry-run\twhat is there?\n"
		    "weir flush\tand away with it\n",
	.options = options,
	.run = run,
};
