/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"

/* weir notify test: whether those who are told of incidents are reached. */

enum { LOOK_MS = 200, WAIT_S = 20 };

struct args {
	const char *conf, *socket;
	uint64_t wait_s;
	bool json;
};

/* Of the daemon's answer: what waits, what was lost; b gets it as text. */
struct result {
	int n, waiting, lost;
	struct wr_buf text;
};

static void add_row(struct result *r, const json_t *row)
{
	const char *output = json_string_value(json_object_get(row, "output"));
	const char *is = json_string_value(json_object_get(row, "result"));
	const char *trouble = json_string_value(json_object_get(row, "trouble"));

	if (!output || !is)
		return;
	r->n++;
	r->waiting += !strcmp(is, "waiting");
	r->lost += !strcmp(is, "lost");
	wr_buf_fmt(&r->text, "%-8s %s%s%s\n", is, output, trouble ? "\n         " : "",
		   trouble ? trouble : "");
}

static void read_rows(struct result *r, const struct wr_buf *b)
{
	size_t at = 0;

	r->n = r->waiting = r->lost = 0;
	wr_buf_clear(&r->text);
	while (at < b->used) {
		const char *end = memchr(b->at + at, '\n', b->used - at);
		size_t n = end ? (size_t)(end - b->at) - at : b->used - at;
		json_t *row = json_loadb(b->at + at, n, 0, NULL);

		add_row(r, row);
		json_decref(row);
		at += n + 1;
	}
}

/* Asks until nobody waits any more, or for so long. An exit status; rows are in *answer. */
static int follow(const struct args *a, uint64_t test, struct result *r, struct wr_buf *answer,
		  struct wr_err *err)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	uint64_t until = wr_loop_now_ns() + (a->wait_s ? a->wait_s : WAIT_S) * 1000000000u;
	char request[64];
	int ret;

	snprintf(request, sizeof(request), "notify test=%" PRIu64, test);
	do {
		nanosleep(&pause, NULL);
		wr_buf_clear(answer);
		ret = wr_cli_fetch(a->conf, a->socket, request, answer, err);
		if (ret)
			return ret;
		read_rows(r, answer);
	} while ((r->waiting || !r->n) && wr_loop_now_ns() < until);
	return 0;
}

static int test(const struct args *a, struct wr_err *err)
{
	struct wr_buf answer = {0};
	struct result r = {0};
	int ret = wr_cli_fetch(a->conf, a->socket, "notify do=test", &answer, err);
	json_t *begun = ret ? NULL : json_loadb(answer.at, answer.used, 0, NULL);

	if (!ret)
		ret = follow(a, (uint64_t)json_integer_value(json_object_get(begun, "test")), &r,
			     &answer, err);
	json_decref(begun);
	if (!ret)
		ret = wr_buf_flush(a->json ? &answer : &r.text, STDOUT_FILENO);
	if (!ret && (r.waiting || r.lost || !r.n))
		ret = WR_EXIT_FAILED;
	wr_buf_free(&answer);
	wr_buf_free(&r.text);
	return ret < 0 ? WR_EXIT_FAILED : ret;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct args a = {0};
	struct wr_args rest;
	int ret = wr_command_begin(&wr_command_notify, &a, argc, argv, &rest, err);

	if (ret >= 0)
		return ret;
	if (rest.argc != 1 || strcmp(rest.argv[0], "test") != 0) {
		wr_fail(err, EINVAL, "weir notify test: it knows nothing else");
		return WR_EXIT_USAGE;
	}
	return test(&a, err);
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "wait", "SECONDS", "so long for all of them (default 20)", WR_OPTION_NUMBER, AT(wait_s),
	 1, 3600},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_notify = {
	.name = "notify",
	.brief = "whether those who are told of incidents are reached",
	.args = " test",
	.text = "Has the running daemon tell a made incident by every way in [notify] (webhooks, "
		"syslog, a command; docs/notify.md), as a test that says so, and says of each "
		"whether "
		"it was taken. By UDP nobody says so: then taken means sent. Exit status 1: one "
		"was "
		"not, or still waits.",
	.examples = "weir notify test\tand what is wrong, if something is\n",
	.options = options,
	.run = run,
};
