/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/iface.h"
#include "daemon/session.h"
#include "ui/cli/command.h"
#include "ui/cli/out.h"
#include "ui/cli/stop.h"
#include "ui/cli/top_ask.h"
#include "view/ledger.h"

enum {
	RING_BYTES = 32 << 20,
	WHOLE_PACKET = 65535,
	BATCH = 4096,
	/* Between two looks into the ring, which holds more than 50 ms of the worst flood: waking
	 * up costs as much as reading some hundred records. Shorter while somebody may be looking
	 * at lines. */
	SHOWN_US = 4000,
	PAUSE_US = 10000,
};

struct args {
	struct wr_strings ifaces;
	const char *hook, *netns, *write, *color;
	uint64_t count, payload, snaplen, sample, depth, seconds;
	bool json, quiet, ether, only_count;
};

struct watch {
	struct args a;
	const char *names[WR_STRINGS_MAX];
	char default_iface[16];
	char *filter;
	struct wr_source *source;
	struct wr_out out;
	struct wr_ledger rows[WR_SESSION_ROWS];
	struct timespec began;
};

static void say(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "weir: %s\n", line);
}

/* What the kernel puts into records: nothing, facts, or bytes of the frame. */
static struct wr_board_conf board_conf(const struct args *a)
{
	struct wr_board_conf c = {
		.records = WR_RECORDS_FACTS,
		.sample = (uint32_t)a->sample,
		.max_depth = (uint32_t)a->depth,
	};

	if (a->only_count)
		c.records = WR_RECORDS_NONE;
	if (a->write || a->payload)
		c.records = WR_RECORDS_BYTES;
	c.snap = a->write ? (uint32_t)(a->snaplen ? a->snaplen : WHOLE_PACKET)
			  : WR_WINDOW + (uint32_t)a->payload;
	return c;
}

static int open_source(struct watch *w, struct wr_err *err)
{
	struct wr_session_conf conf = {
		.ifaces = w->a.ifaces.at,
		.n_ifaces = w->a.ifaces.n,
		.any = wr_any_wanted(&w->a.ifaces),
		.filter = w->filter,
		.board = board_conf(&w->a),
		.whole_packets = w->a.write || w->a.payload,
		.ring_bytes = RING_BYTES,
		.say = say,
	};
	int ret = wr_hook_wanted(w->a.hook, &conf.hook, err);

	if (ret)
		return ret;
	if (w->a.netns)
		ret = wr_netns_enter(w->a.netns, err);
	if (!ret && !conf.n_ifaces) {
		ret = wr_iface_default(w->default_iface, err);
		w->names[0] = w->default_iface;
		conf.ifaces = w->names;
		conf.n_ifaces = 1;
	}
	return ret ? ret : wr_session_open(&w->source, &conf, err);
}

/* ---- a policy that is in force there ---- */

/* Whose program sees a packet first is not ours to say, and rates and classes are known to the
 * kernel alone: a verdict worked out here could differ from the one that a packet gets. So where
 * verdicts are is said, and nothing is made up. */
static void tell_policy(void *ctx, const json_t *o)
{
	const struct watch *w = ctx;
	const json_t *policy = json_object_get(o, "policy"), *iface;
	size_t i;

	if (!policy || json_is_false(json_object_get(policy, "enforced")))
		return;
	json_array_foreach(json_object_get(o, "interfaces"), i, iface)
	{
		const char *name = wr_top_text(iface, "in_iface");
		bool ours = wr_any_wanted(&w->a.ifaces);

		for (size_t k = 0; k < w->a.ifaces.n && !ours; k++)
			ours = !strcmp(w->a.ifaces.at[k], name);
		if (!w->a.ifaces.n)
			ours = !strcmp(w->default_iface, name);
		if (!ours)
			continue;
		fprintf(stderr,
			"weir: rules are in force on %s: what they keep out may not be seen "
			"here, verdicts are not; 'weir dump -f' shows both\n",
			name);
		return;
	}
}

static void ask_policy(const struct watch *w)
{
	struct wr_top_ask ask = {.ask.fd = -1};

	if (w->a.netns) /* names are those of another namespace */
		return;
	wr_top_ask(&ask, "status", tell_policy, (void *)w);
	wr_top_ask_close(&ask);
}

static void not_written(void *ctx, const char *iface, uint64_t packets)
{
	struct watch *w = ctx;

	wr_session_write_failed(w->source, iface, packets);
}

static int open_output(struct watch *w, struct wr_err *err)
{
	struct wr_out_conf conf = {
		.quiet = w->a.quiet || w->a.only_count || (w->a.write && !w->a.json),
		.json = w->a.json,
		.write = w->a.write,
		.filter = w->filter,
		.snaplen = (uint32_t)w->a.snaplen,
		.count = w->a.count,
		.max_depth = (uint32_t)w->a.depth,
		.lost = not_written,
		.lost_ctx = w,
		.style =
			{
				.payload = (uint32_t)w->a.payload,
				.show_iface = w->a.ifaces.n > 1 || wr_any_wanted(&w->a.ifaces),
				.ether = w->a.ether,
			},
	};
	int ret = wr_color_wanted(w->a.color, &conf.style.color, err);

	if (!ret && w->a.json && w->a.write && !strcmp(w->a.write, "-"))
		ret = wr_fail(err, EINVAL, "-w - and --json both want standard output");
	return ret ? ret : wr_out_open(&w->out, &conf, err);
}

static double seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static void sum(struct watch *w, struct wr_count *arrived, struct wr_count *matched)
{
	int n = w->source->ops->ledger(w->source, w->rows, WR_SESSION_ROWS);

	memset(arrived, 0, sizeof(*arrived));
	memset(matched, 0, sizeof(*matched));
	for (int i = 0; i < n; i++) {
		arrived->packets += w->rows[i].arrived.packets;
		arrived->bytes += w->rows[i].arrived.bytes;
		matched->packets += w->rows[i].matched.packets;
		matched->bytes += w->rows[i].matched.bytes;
	}
}

/* With --count or -w and a terminal: one line that is written anew each second. */
static void show_progress(struct watch *w)
{
	static double shown;
	static uint64_t before;
	double now = seconds_since(&w->began);
	struct wr_count arrived, matched;

	if (now - shown < 1 || !w->out.conf.quiet || !isatty(STDERR_FILENO))
		return;
	sum(w, &arrived, &matched);
	fprintf(stderr, "\r%" PRIu64 " packets arrived, %.0f a second, %" PRIu64 " chosen \x1b[K",
		arrived.packets, (double)(arrived.packets - before) / (now - shown),
		matched.packets);
	before = arrived.packets;
	shown = now;
}

static int loop(struct watch *w, struct wr_err *err)
{
	int n = 0;

	while (!wr_stopped && !w->out.enough && !w->out.failed) {
		n = w->source->ops->read(w->source, wr_out_packet, &w->out, BATCH, err);
		if (n < 0)
			return n;
		show_progress(w);
		if (w->a.seconds && seconds_since(&w->began) >= (double)w->a.seconds)
			break;
		if (n >= BATCH)
			continue;
		wr_out_flush(&w->out);
		usleep(n && !w->out.conf.quiet ? SHOWN_US : PAUSE_US);
	}
	return 0;
}

/* Detached, but records are still on their way: they are shown too. */
static void drain(struct watch *w, struct wr_err *err)
{
	wr_session_finish(w->source);
	while (w->source->ops->read(w->source, wr_out_packet, &w->out, BATCH, err) >= 0)
		;
}

static void say_summary(struct watch *w, int n, double seconds)
{
	struct wr_buf b = {0};

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\x1b[K");
	wr_buf_fmt(&b, "\n%" PRIu64 " packets shown in %.1f s\n", w->out.packets, seconds);
	wr_view_ledger_text(&b, w->rows, n);
	wr_buf_flush(&b, STDERR_FILENO);
	wr_buf_free(&b);
}

static int finish(struct watch *w, struct wr_err *err)
{
	double seconds = seconds_since(&w->began);
	struct wr_err drain_err = {0};
	struct wr_buf b = {0};
	int n, ret, bad = 0;

	drain(w, &drain_err);
	n = w->source->ops->ledger(w->source, w->rows, WR_SESSION_ROWS);
	wr_out_close(&w->out, w->rows, n);
	/* now with what was not written */
	n = w->source->ops->ledger(w->source, w->rows, WR_SESSION_ROWS);
	for (int i = 0; i < n; i++) {
		bad += !w->rows[i].balanced;
		if (w->a.json)
			wr_view_ledger_json(&b, &w->rows[i]);
	}
	ret = wr_print(&b, err);
	say_summary(w, n, seconds);
	if (w->out.failed && w->out.failed != -EPIPE)
		*err = w->out.err;
	if (ret || (w->out.failed && w->out.failed != -EPIPE))
		return WR_EXIT_FAILED;
	if (bad)
		wr_fail(err, EIO, "the ledger does not balance");
	return bad ? WR_EXIT_FAILED : WR_EXIT_OK;
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	struct wr_args rest;
	int status, ret;

	if (!w)
		return WR_EXIT_FAILED;
	w->a.depth = 1;
	status = wr_command_begin(&wr_command_watch, &w->a, argc, argv, &rest, err);
	if (status < 0) {
		w->filter = wr_join_args(rest.argc, rest.argv, 0);
		clock_gettime(CLOCK_MONOTONIC, &w->began);
		wr_stop_on_signals();
		ret = open_output(w, err);
		if (!ret)
			ret = open_source(w, err);
		if (!ret)
			ask_policy(w);
		if (!ret)
			ret = loop(w, err);
		status = ret ? wr_exit_status(ret) : finish(w, err);
	}
	wr_out_close(&w->out, NULL, 0); /* nothing is left of it after finish() */
	wr_source_close(&w->source);
	free(w->filter);
	free(w);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'i', "interface", "IF",
	 "watch this interface; again for more; any = all of them "
	 "(default: the one of the default route)",
	 WR_OPTION_LIST, AT(ifaces)},
	{0, "hook", "HOOK", "auto, xdp, xdp-generic, tc or packet", WR_OPTION_STRING, AT(hook)},
	{'n', "netns", "NETNS", "in this network namespace (name or path)", WR_OPTION_STRING,
	 AT(netns)},
	{'c', "packets", "COUNT", "end after so many packets", WR_OPTION_NUMBER, AT(count), 1,
	 UINT64_MAX},
	{'t', "seconds", "N", "end after so many seconds", WR_OPTION_NUMBER, AT(seconds), 1,
	 UINT32_MAX},
	{0, "payload", "N", "show N bytes of payload", WR_OPTION_NUMBER, AT(payload), 1, 65000},
	{'e', "ether", NULL, "show link addresses too", WR_OPTION_FLAG, AT(ether)},
	{0, "json", NULL, "one JSON object a line", WR_OPTION_FLAG, AT(json)},
	{'w', "write", "FILE", "write packets to a pcapng file (- = standard output)",
	 WR_OPTION_STRING, AT(write)},
	{'s', "snaplen", "N", "write at most N bytes of each packet", WR_OPTION_NUMBER, AT(snaplen),
	 14, WHOLE_PACKET},
	{0, "sample", "N", "a record of every N-th chosen packet only", WR_OPTION_NUMBER,
	 AT(sample), 1, UINT32_MAX},
	{0, "count", NULL, "count only, in the kernel: no records, no lines", WR_OPTION_FLAG,
	 AT(only_count)},
	{'q', "quiet", NULL, "take records but show none", WR_OPTION_FLAG, AT(quiet)},
	{0, "tunnels", "N", "enter so many nested tunnels (default 1)", WR_OPTION_NUMBER, AT(depth),
	 0, 4},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_watch = {
	.name = "watch",
	.brief = "one line for each packet that arrives",
	.args = " [FILTER]",
	.text = "FILTER is a pcap-filter(7) expression, as tcpdump has it; it runs in the kernel, "
		"beside the parser.\n"
		"Nothing is changed on the interface but a program attached to it, which is gone "
		"when weir ends,\n"
		"however it ends. A program of somebody else is never displaced.\n\n"
		"Where a running weir has rules in force, 'weir dump -f' shows the verdict and "
		"the rule of each packet, also of\n"
		"those that are kept out; that is not known here.\n\n"
		"At the end, or at Ctrl-C, the ledger tells where every packet went.",
	.examples =
		"weir watch\tpackets at the interface of the default route\n"
		"weir watch -i eth0 'tcp port 443 and tcp[tcpflags] & tcp-syn != 0'\tnew TLS "
		"connections\n"
		"weir watch -i eth0 --payload 64 udp port 53\twith the first bytes of each "
		"question\n"
		"weir watch -i any -w all.pcapng -t 60\ta minute of everything, for Wireshark\n",
	.options = options,
	.run = run,
};
