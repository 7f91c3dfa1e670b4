/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/session.h"
#include "ui/cli/ask.h"
#include "ui/cli/command.h"
#include "ui/cli/frames.h"
#include "ui/cli/out.h"
#include "ui/cli/stop.h"
#include "view/ledger.h"
#include "view/text.h"

/* The daemon gives bytes, a piece of its ring at a time; what is made of them is made here. */

enum { FOLLOW_US = 100000 }; /* the daemon itself has packets ten times a second */

struct args {
	const char *conf, *socket, *last, *write, *color;
	uint64_t count, payload, incident;
	bool json, ether, follow;
};

struct dump {
	struct args a;
	char *filter;
	struct wr_ask ask;
	struct wr_out out;
	struct wr_frames frames;
	struct wr_ledger rows[WR_SESSION_ROWS];
	int n_rows;
};

/* ---- an answer ---- */

static int packet(void *ctx, const struct wr_packet *pkt)
{
	struct dump *d = ctx;

	wr_out_packet(&d->out, pkt);
	return d->out.failed;
}

static int ledger_line(void *ctx, const char *at, size_t n)
{
	struct dump *d = ctx;

	if (d->n_rows < WR_SESSION_ROWS && !wr_view_ledger_read(at, n, &d->rows[d->n_rows]))
		d->n_rows++;
	return 0;
}

/* ---- questions ---- */

static int ask_ledger(struct dump *d, struct wr_err *err)
{
	int ret = wr_ask_send(&d->ask, "ledger", err);

	d->n_rows = 0;
	return ret ? ret : wr_ask_answer(&d->ask, ledger_line, d, err);
}

static int ask_piece(struct dump *d, uint64_t to, struct wr_err *err)
{
	struct wr_frames_want want = {
		.filter = d->filter,
		.last = d->a.last,
		.to = to,
		.count = d->a.count,
		.incident = d->a.incident,
	};
	int ret = wr_frames_ask(&d->frames, &want, err);

	if (ret && d->out.failed)
		*err = d->out.err;
	return ret;
}

/* Up to what was the newest at the first answer: under load there was no end otherwise. */
static int ask_all(struct dump *d, struct wr_err *err)
{
	uint64_t to;
	int ret = ask_piece(d, 0, err);

	to = d->frames.newest;
	while (!ret && d->frames.next <= to)
		ret = ask_piece(d, to, err);
	return ret;
}

/* What comes from now on, as it comes; before it only what was asked for by time or number. */
static int follow(struct dump *d, struct wr_err *err)
{
	struct wr_frames_want want = {.filter = d->filter};
	int ret = d->a.last || d->a.count ? ask_all(d, err) : wr_frames_newest(&d->frames, err);

	while (!ret && !wr_stopped) {
		wr_out_flush(&d->out);
		if (d->frames.next > d->frames.newest)
			usleep(FOLLOW_US);
		ret = wr_frames_ask(&d->frames, &want, err);
	}
	if (ret && d->out.failed)
		*err = d->out.err;
	return ret;
}

/* ---- out ---- */

static bool several(const struct dump *d)
{
	for (int i = 1; i < d->n_rows; i++)
		if (strcmp(d->rows[i].iface, d->rows[0].iface))
			return true;
	return false;
}

static int open_output(struct dump *d, struct wr_err *err)
{
	struct wr_out_conf conf = {
		.quiet = d->a.write && !d->a.json,
		.json = d->a.json,
		.write = d->a.write,
		.filter = d->filter,
		.max_depth = 1,
		.style = {.payload = (uint32_t)d->a.payload,
			  .show_iface = several(d),
			  .ether = d->a.ether},
	};
	int ret = wr_color_wanted(d->a.color, &conf.style.color, err);

	if (!ret && d->a.json && d->a.write && !strcmp(d->a.write, "-"))
		ret = wr_fail(err, EINVAL, "-w - and --json both want standard output");
	return ret ? ret : wr_out_open(&d->out, &conf, err);
}

static void say_summary(const struct dump *d)
{
	struct wr_buf b = {0};

	wr_view_digits(&b, d->out.packets);
	if (d->a.incident) {
		wr_buf_fmt(&b, " of the first packets of incident %" PRIu64 "\n", d->a.incident);
		wr_buf_flush(&b, STDERR_FILENO);
		wr_buf_free(&b);
		return;
	}
	wr_buf_str(&b, " packets; of all since weir keeps them ");
	wr_view_digits(&b, d->frames.passed_over);
	wr_buf_fmt(&b, " were passed over (rate %" PRIu64 "/s", d->frames.rate);
	if (d->frames.sample > 1)
		wr_buf_fmt(&b, ", 1 in %" PRIu64, d->frames.sample);
	wr_buf_str(&b, ")\n");
	if (d->frames.missed) {
		wr_view_digits(&b, d->frames.missed);
		wr_buf_str(&b, " were written over before they were read: more [dump] size keeps "
			       "more\n");
	}
	wr_buf_flush(&b, STDERR_FILENO);
	wr_buf_free(&b);
}

static int finish(struct dump *d, struct wr_err *err)
{
	int ret = d->a.write && !d->out.failed ? ask_ledger(d, err) : 0;

	wr_out_close(&d->out, d->rows, ret ? 0 : d->n_rows);
	if (d->out.failed && d->out.failed != -EPIPE) {
		*err = d->out.err;
		return WR_EXIT_FAILED;
	}
	if (!ret && d->a.json)
		ret = wr_buf_flush(&d->frames.state, STDOUT_FILENO);
	if (!d->a.json)
		say_summary(d);
	return ret && ret != -EPIPE ? wr_cli_ask_status(ret) : WR_EXIT_OK;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct dump *d = calloc(1, sizeof(*d));
	struct wr_args rest;
	int status, ret;

	if (!d)
		return WR_EXIT_FAILED;
	status = wr_command_begin(&wr_command_dump, &d->a, argc, argv, &rest, err);
	if (status < 0) {
		if (d->a.follow)
			wr_stop_on_signals();
		d->frames.ask = &d->ask;
		d->frames.fn = packet;
		d->frames.ctx = d;
		d->filter = wr_join_args(rest.argc, rest.argv, 0);
		ret = wr_cli_connect(&d->ask, d->a.conf, d->a.socket, err);
		if (!ret)
			ret = ask_ledger(d, err);
		if (!ret)
			ret = open_output(d, err);
		if (!ret && d->a.follow && d->a.incident)
			ret = wr_fail(err, EINVAL, "--follow goes on and --incident is past");
		if (!ret)
			ret = d->a.follow ? follow(d, err) : ask_all(d, err);
		status = !ret || d->out.failed ? finish(d, err) : wr_cli_ask_status(ret);
	}
	wr_out_close(&d->out, NULL, 0); /* nothing is left of it after finish() */
	wr_ask_close(&d->ask);
	wr_frames_free(&d->frames);
	free(d->filter);
	free(d);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{0, "last", "SPAN", "not older than that (30s, 2m; default: all that are kept)",
	 WR_OPTION_STRING, AT(last)},
	{0, "packets", "COUNT", "the newest so many only", WR_OPTION_NUMBER, AT(count), 1, 10000},
	{0, "incident", "ID",
	 "the first packets of that incident instead (weir incidents), as far as they are kept",
	 WR_OPTION_NUMBER, AT(incident), 1, UINT64_MAX},
	{'f', "follow", NULL,
	 "packets as they come, until Ctrl-C; older ones only with --last or --packets",
	 WR_OPTION_FLAG, AT(follow)},
	{'w', "write", "FILE", "write packets to a pcapng file (- = standard output)",
	 WR_OPTION_STRING, AT(write)},
	{0, "payload", "N", "show N bytes of payload, as far as they are kept", WR_OPTION_NUMBER,
	 AT(payload), 1, 65000},
	{'e', "ether", NULL, "show link addresses too", WR_OPTION_FLAG, AT(ether)},
	{0, "json", NULL, "one JSON object a line (docs/events.md)", WR_OPTION_FLAG, AT(json)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{'c', "config", "FILE", "the daemon's configuration, which names its socket",
	 WR_OPTION_STRING, AT(conf)},
	{0, "socket", "PATH", "the daemon's control socket", WR_OPTION_STRING, AT(socket)},
	{0},
};

const struct wr_command wr_command_dump = {
	.name = "dump",
	.brief = "the last packets that the running daemon kept, as lines or as a capture file",
	.args = " [FILTER]",
	.text = "The running daemon (weir run) keeps the last packets in memory, so that a capture "
		"can begin before\n"
		"somebody asked for it. FILTER is a pcap-filter(7) expression; host names in it "
		"are "
		"looked up in files only.\n\n"
		"How many are kept is a matter of [dump] in the configuration: size (memory), snap "
		"(bytes of each),\n"
		"rate (so many of a second, spread over it) and sample (every n-th). What is "
		"passed "
		"over is counted.\n\n"
		"Where a policy is in force, each packet has the verdict that it got in the "
		"kernel, and the rule.",
	.examples = "weir dump --last 30s\tlines, as weir watch has them\n"
		    "weir dump --last 30s -w last.pcapng tcp port 443\tfor Wireshark\n"
		    "weir dump -f --json 'tcp port 443'\tverdict and rule of each packet, as it "
		    "comes\n"
		    "weir dump --incident 7 -w 7.pcapng\twhat an incident began with\n"
		    "weir dump -w - | tshark -r -\tthe same, through a pipe\n"
		    "weir dump --packets 20 --json host 192.0.2.7\tfor a program\n",
	.options = options,
	.run = run,
};
