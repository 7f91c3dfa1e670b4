/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/query.h"
#include "explain/explain.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/cli/explain_file.h"
#include "ui/cli/explain_prose.h"
#include "ui/cli/stop.h"

struct args {
	const char *conf, *socket, *file;
	bool json, prose, print_prompt;
	struct wr_daemon_conf c; /* filled with prose and print_prompt */
};

/* Marked as what it is; nothing is read from it. */
static void prose(const struct args *a, struct wr_buf *b, const struct wr_explain *e)
{
	struct wr_buf said = {0};
	struct wr_err err = {0};

	if (wr_prose_ask(&said, &a->c, e, &err)) {
		fprintf(stderr, "weir explain: no prose: %s\n", err.text);
	} else {
		wr_buf_str(b, "\nA MODEL SAYS (written by a machine; it may be wrong)\n");
		wr_explain_wrap(b, 2, wr_buf_text(&said), said.used);
	}
	wr_buf_free(&said);
}

/* The text is there before a model is waited for; while it is, a signal ends the command. */
static int show(const struct args *a, struct wr_buf *b, const struct wr_explain *e,
		struct wr_err *err)
{
	int ret;

	if (a->print_prompt) {
		wr_prose_prompt(b, &a->c, e);
		return 0;
	}
	if (a->json)
		wr_explain_json(b, e);
	else
		wr_explain_text(b, e);
	if (!a->prose)
		return 0;
	ret = wr_print(b, err);
	if (ret)
		return ret;
	fflush(stdout);
	wr_stop_as_usual();
	prose(a, b, e);
	return 0;
}

static int of_daemon(const struct args *a, const char *id, struct wr_err *err)
{
	static struct wr_explain e;
	struct wr_buf request = {0}, answer = {0}, b = {0};
	int status;

	wr_buf_str(&request, "explain id=");
	wr_query_encode(&request, id);
	status = wr_cli_fetch(a->conf, a->socket, wr_buf_text(&request), &answer, err);
	if (!status && wr_explain_read(&e, answer.at, answer.used, err))
		status = WR_EXIT_FAILED;
	if (!status) {
		if (show(a, &b, &e, err) || wr_print(&b, err))
			status = WR_EXIT_FAILED;
	}
	wr_buf_free(&request);
	wr_buf_free(&answer);
	wr_buf_free(&b);
	return status;
}

/* The number of one; 0: all. */
static int number(const char *text, uint32_t n, uint32_t *which, struct wr_err *err)
{
	char *end;
	unsigned long v = text ? strtoul(text, &end, 10) : 0;

	*which = (uint32_t)v;
	if (!text || (*text >= '0' && *text <= '9' && !*end && v && v <= n))
		return 0;
	return wr_fail(err, EINVAL,
		       "'%s': the capture has %u %s; a number from 1 on, or none for "
		       "all of them",
		       text, n, n == 1 ? "incident" : "incidents");
}

/* Each would be a call: a person says which one. */
static int one_for_prose(const struct args *a, uint32_t which, uint32_t n, struct wr_err *err)
{
	if (!a->prose || which || n < 2)
		return 0;
	return wr_fail(err, EINVAL,
		       "--prose is about one incident and the capture has %u; which one? weir "
		       "explain --file CAPTURE --prose N",
		       n);
}

static int of_file(const struct args *a, const char *text, struct wr_err *err)
{
	static struct wr_explain e;
	struct wr_explain_file *f = NULL;
	struct wr_buf b = {0};
	uint32_t which = 0, n;
	int ret;

	wr_stop_on_signals();
	ret = wr_explain_file_open(&f, a->file, err);
	if (!ret)
		ret = number(text, wr_explain_file_n(f), &which, err);
	n = ret ? 0 : wr_explain_file_n(f);
	if (!ret)
		ret = one_for_prose(a, which, n, err);
	for (uint32_t k = 0; !ret && !wr_stopped && k < n; k++) {
		if (which && which != k + 1)
			continue;
		wr_explain_file_get(f, k, &e);
		if (b.used && a->print_prompt)
			wr_buf_char(&b, '\n');
		else if (b.used && !a->json)
			wr_buf_str(&b, "\n\n");
		ret = show(a, &b, &e, err);
	}
	if (!ret && wr_stopped)
		ret = wr_fail(err, EINTR, "%s: interrupted", a->file);
	if (!ret && !n && !a->json && !a->print_prompt)
		wr_buf_str(&b, "nothing unusual\n");
	wr_explain_file_close(&f);
	if (!ret)
		ret = wr_print(&b, err);
	wr_buf_free(&b);
	return wr_exit_status(ret);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	static struct args a;
	struct wr_conf *values = NULL;
	struct wr_args rest;
	int status = wr_command_begin(&wr_command_explain, &a, argc, argv, &rest, err);

	if (status >= 0)
		return status;
	if (rest.argc > 1 || (!a.file && !rest.argc)) {
		wr_fail(err, EINVAL,
			"which incident? weir explain ID (weir incidents lists them), "
			"or weir explain --file CAPTURE [N]");
		return WR_EXIT_USAGE;
	}
	if (!a.file && wr_incident_wanted(rest.argv[0], err))
		return WR_EXIT_USAGE;
	if (a.prose && (a.json || a.print_prompt)) {
		wr_fail(err, EINVAL,
			"--prose is for people; it takes neither --json nor "
			"--print-prompt");
		return WR_EXIT_USAGE;
	}
	if (a.prose || a.print_prompt) {
		status = wr_exit_status(wr_prose_conf(&values, &a.c, a.conf, err));
		if (status) {
			wr_conf_close(&values);
			return status;
		}
	}
	status = a.file ? of_file(&a, rest.argc ? rest.argv[0] : NULL, err)
			: of_daemon(&a, rest.argv[0], err);
	wr_conf_close(&values);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "file", "CAPTURE", "what is unusual in a capture file, instead of asking the daemon",
	 WR_OPTION_STRING, AT(file)},
	{0, "prose", NULL,
	 "and what the language model of the configuration says of it; needs explain.consent",
	 WR_OPTION_FLAG, AT(prose)},
	{0, "print-prompt", NULL, "only the bytes that --prose would send; sends nothing",
	 WR_OPTION_FLAG, AT(print_prompt)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_explain = {
	.name = "explain",
	.brief = "an incident in words: what, how much against what is usual, who, what to do",
	.args = " [ID|N]",
	.text = "Tells an incident of the running daemon (ID as weir incidents shows it), or of a "
		"capture file "
		"(all, or the N-th of them), in words: what happened, the numbers that say so and "
		"what is usual of them, from whom, "
		"its life so far, what weir does about it or could do and whom else that would "
		"hit, those like it before, and what to type next. It is made from numbers alone, "
		"on this host, the same each time (docs/explain.md).\n\n"
		"With --prose a language model may say it, too, when the configuration names one "
		"and consents: it is sent numbers "
		"and pseudonyms only, and what it says is shown and nothing else. Without an "
		"answer the text stands alone.",
	.examples = "weir explain 7\tthe incident with that number\n"
		    "weir explain --file trace.pcap\tall that is unusual in a capture\n"
		    "weir explain 7 --json | jq -r '.next[].command'\tfor a program\n",
	.options = options,
	.run = run,
};
