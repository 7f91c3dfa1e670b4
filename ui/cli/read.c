/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/cli/auto.h"
#include "ui/cli/command.h"
#include "ui/cli/files.h"
#include "ui/cli/find.h"
#include "policy/verdict.h"
#include "ui/cli/out.h"
#include "ui/cli/policy_file.h"
#include "ui/cli/stop.h"
#include "view/ledger.h"
#include "view/summary.h"

enum { BATCH = 8192, BAR = 40 };

struct args {
	const char *write, *color, *policy, *alerts, *automatic, *verdicts, *learned;
	uint64_t count, payload, snaplen, depth;
	bool packets, json, ether, findings;
};

struct reading {
	struct args a;
	struct wr_files files;
	struct wr_summary *summary;
	struct wr_find *find; /* NULL: not asked for */
	struct wr_auto *automatic;
	bool loaded;
	struct wr_out out;
	struct wr_ledger total;
	struct wr_policy *policy; /* NULL: none */
	struct wr_verdicts *verdicts;
	struct wr_parse parse;
	struct wr_fate fate;
	struct wr_err cannot; /* judge: why not */
	struct timespec began;
	double shown;
};

static double seconds_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* After a second, on a terminal: how far, how fast, how long still. */
static void show_progress(struct reading *r, struct wr_source *s, const char *name)
{
	static const char full[] = "########################################";
	static const char empty[] = "........................................";
	double done, now;

	if (!isatty(STDERR_FILENO) || (r->a.packets && isatty(STDOUT_FILENO)))
		return;
	now = seconds_since(&r->began);
	if (now < 1 || now - r->shown < 0.2)
		return;
	r->shown = now;
	done = s->ops->progress ? s->ops->progress(s) : -1;
	if (done > 0)
		fprintf(stderr, "\r%.*s%.*s %3.0f %%  %.1f M packets/s, %.0f s to go\x1b[K",
			(int)(BAR * done), full, BAR - (int)(BAR * done), empty, 100 * done,
			(double)r->out.packets / now / 1e6, now / done - now);
	else
		fprintf(stderr, "\r%s: %" PRIu64 " packets\x1b[K", name, r->out.packets);
}

static void add_ledger(struct reading *r, struct wr_source *s)
{
	struct wr_ledger row;

	if (s->ops->ledger(s, &row, 1) < 1)
		return;
	if (r->summary)
		wr_summary_ledger(r->summary, &row, 1);
	r->total.hook = WR_HOOK_FILE;
	r->total.since_ns = r->total.since_ns ? r->total.since_ns : row.since_ns;
	r->total.arrived.packets += row.arrived.packets;
	r->total.arrived.bytes += row.arrived.bytes;
	r->total.passed.packets += row.passed.packets;
	r->total.passed.bytes += row.passed.bytes;
	r->total.matched.packets += row.matched.packets;
	r->total.matched.bytes += row.matched.bytes;
	r->total.made += row.made;
	r->total.seen += row.seen;
	r->total.balanced = r->total.balanced && row.balanced;
}

/* Every packet, whatever is shown of them: rates and fragments depend on those before. */
static void judge(void *ctx, struct wr_packet *pkt)
{
	struct reading *r = ctx;
	struct wr_verdict_packet in = {
		.rec = &r->parse.rec,
		.data = pkt->data,
		.caplen = pkt->caplen,
		.len = pkt->len,
		.linktype = pkt->linktype,
		.iface = pkt->iface,
		.ts_ns = pkt->ts_ns ? pkt->ts_ns : 1,
	};
	struct wr_verdict_of v;

	if (r->cannot.code)
		return;
	wr_parse(&r->parse, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	r->parse.rec.gso_segs = pkt->gso_segs;
	if (wr_verdict(r->verdicts, &in, &v, &r->cannot)) {
		wr_within(&r->cannot, "packet %" PRIu64, pkt->num);
		r->out.enough = true;
		return;
	}
	r->fate = (struct wr_fate){
		.verdict = v.verdict,
		.rule = wr_verdict_rule(r->policy, v.rule),
		.klass = v.klass < 0 ? NULL : r->policy->class_[v.klass].name,
	};
	pkt->rec = &r->parse.rec;
	pkt->fate = &r->fate;
}

/* So many that what was read and what was shown agree when --count ends it. */
static int batch(const struct reading *r)
{
	uint64_t left = r->a.count - r->out.packets;

	return r->a.count && left < BATCH ? (int)left : BATCH;
}

static int read_one(struct reading *r, const char *path, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_file_open(&s, path, r->files.filter, err);

	if (n >= 0 && r->policy)
		wr_file_watch(s, judge, r);
	while (n >= 0 && !wr_stopped && !r->out.enough && !r->out.failed && !r->cannot.code) {
		n = s->ops->read(s, wr_out_packet, &r->out, batch(r), err);
		show_progress(r, s, path);
		if (n == 0)
			wr_out_flush(&r->out);
	}
	if (s)
		add_ledger(r, s);
	wr_source_close(&s);
	if (r->cannot.code) {
		*err = r->cannot;
		return wr_within(err, "%s", path);
	}
	return n == -ENODATA || n > 0 ? 0 : n;
}

/* As of the first packet: it is the clock that counts. */
static void load_learned(struct reading *r, uint64_t now_ns)
{
	int ret = wr_find_load(r->find, r->a.learned, now_ns, &r->cannot);

	r->loaded = true;
	if (ret == -ENOENT)
		r->cannot.code = 0;
	else if (ret)
		r->out.enough = true;
}

static void tap(void *ctx, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	struct reading *r = ctx;

	if (r->summary)
		wr_summary_add(r->summary, pkt, rec);
	if (r->automatic && !r->cannot.code &&
	    wr_auto_packet(r->automatic, pkt, rec, NULL, &r->cannot))
		wr_within(&r->cannot, "packet %" PRIu64, pkt->num);
	if (r->find && r->a.learned && !r->loaded)
		load_learned(r, pkt->ts_ns);
	if (r->find)
		wr_find_packet(r->find, pkt, rec);
}

static int open_policy(struct reading *r, struct wr_err *err)
{
	int ret = 0;

	if (!r->a.policy)
		return 0;
	for (int i = 0; i < r->files.n && !ret; i++)
		if (!strcmp(r->a.policy, "-") && !strcmp(r->files.at[i], "-"))
			ret = wr_fail(err, EINVAL,
				      "--policy - and the capture - both want "
				      "standard input");
	if (!ret)
		ret = wr_policy_file_load(&r->policy, "read", r->a.policy, err);
	r->parse.max_depth = (uint32_t)r->a.depth;
	return ret ? ret : wr_verdicts_open(&r->verdicts, r->policy, err);
}

static int open_all(struct reading *r, struct wr_err *err)
{
	bool lines = r->a.packets, find = r->a.findings || r->a.alerts || r->a.automatic;
	bool summary = !lines && !r->a.write && !find;
	struct wr_summary_conf sconf = {.name = r->files.n == 1 ? r->files.at[0] : NULL,
					.filter = r->files.filter};
	struct wr_out_conf conf = {
		.quiet = !lines,
		.json = r->a.json,
		.write = r->a.write,
		.filter = r->files.filter,
		.snaplen = (uint32_t)r->a.snaplen,
		.count = r->a.count,
		.max_depth = (uint32_t)r->a.depth,
		.style = {.payload = (uint32_t)r->a.payload, .ether = r->a.ether},
	};
	enum wr_answer_mode mode = WR_ANSWER_OFF;
	int ret = wr_files_not_onto(&r->files, "-w", r->a.write, err);

	if (!ret && lines && r->a.write && !strcmp(r->a.write, "-"))
		ret = wr_fail(err, EINVAL, "-w - and --packets both want standard output");
	if (!ret)
		ret = wr_color_wanted(r->a.color, &conf.style.color, err);
	if (!ret)
		ret = open_policy(r, err);
	if (!ret && summary)
		ret = wr_summary_open(&r->summary, &sconf, err);
	if (!ret && summary && r->policy)
		wr_summary_policy(r->summary, r->policy, r->verdicts, r->a.policy);
	if (!ret && r->a.verdicts && !r->a.automatic)
		ret = wr_fail(err, EINVAL, "--verdicts needs --auto: off, shadow or enforce");
	if (!ret && r->a.automatic)
		ret = wr_auto_mode(r->a.automatic, &mode, err);
	if (!ret && (mode != WR_ANSWER_OFF || r->a.verdicts))
		ret = wr_auto_open(&r->automatic, mode, r->a.verdicts, err);
	if (!ret && find)
		ret = wr_find_open(&r->find, mode == WR_ANSWER_OFF ? NULL : r->automatic, err);
	if (summary || find) {
		conf.tap = tap;
		conf.tap_ctx = r;
	}
	return ret ? ret : wr_out_open(&r->out, &conf, err);
}

static int print_findings(struct reading *r, struct wr_err *err)
{
	enum wr_find_form form = r->a.json		   ? WR_FIND_JSON
				 : r->out.conf.style.color ? WR_FIND_COLOR
							   : WR_FIND_TEXT;
	struct wr_buf b = {0}, said = {0};
	int fd, ret = 0;

	if (!r->find)
		return 0;
	wr_find_finish(r->find);
	if (r->a.learned && (ret = wr_find_save(r->find, r->a.learned, err)))
		return ret;
	if (r->a.alerts) {
		fd = open(r->a.alerts, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			return wr_fail(err, errno, "cannot write %s: %s", r->a.alerts,
				       strerror(errno));
		wr_find_print(r->find, &b, WR_FIND_TSV);
		ret = wr_buf_flush(&b, fd);
		close(fd);
		if (ret)
			return wr_fail(err, -ret, "cannot write %s: %s", r->a.alerts,
				       strerror(-ret));
	}
	if (r->a.findings)
		wr_find_print(r->find, &b, form);
	if (r->automatic)
		ret = wr_auto_finish(r->automatic, &said, err);
	if (!ret && r->a.findings && !r->a.json)
		wr_buf_add(&b, said.at, said.used);
	wr_buf_free(&said);
	return ret ? ret : wr_print(&b, err);
}

static int print_summary(struct reading *r, struct wr_err *err)
{
	struct wr_buf b = {0};

	if (!r->summary)
		return 0;
	if (r->a.json) {
		wr_summary_json(r->summary, &b, STDOUT_FILENO);
		wr_view_ledger_json(&b, &r->total);
	} else {
		wr_summary_text(r->summary, &b, r->out.conf.style.color);
	}
	return wr_print(&b, err);
}

static int read_all(struct reading *r, struct wr_err *err)
{
	int ret = 0;

	r->total.balanced = true;
	clock_gettime(CLOCK_MONOTONIC, &r->began);
	for (int i = 0; i < r->files.n && !ret && !wr_stopped; i++)
		ret = read_one(r, r->files.at[i], err);
	if (r->shown > 0)
		fprintf(stderr, "\r\x1b[K");
	wr_out_close(&r->out, &r->total, 1);
	if ((r->out.packets || !ret) &&
	    (print_findings(r, ret ? NULL : err) || print_summary(r, ret ? NULL : err)))
		return ret ? wr_exit_status(ret) : WR_EXIT_FAILED;
	if (!ret && r->out.failed && r->out.failed != -EPIPE) {
		*err = r->out.err;
		return WR_EXIT_FAILED;
	}
	return wr_exit_status(ret);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct wr_args rest;
	int status, ret;

	if (!r)
		return WR_EXIT_FAILED;
	r->a.depth = 1;
	status = wr_command_begin(&wr_command_read, &r->a, argc, argv, &rest, err);
	if (status < 0) {
		wr_stop_on_signals();
		ret = wr_files_split(&r->files, rest.argc, rest.argv, err);
		if (!ret)
			ret = open_all(r, err);
		status = ret ? wr_exit_status(ret) : read_all(r, err);
	}
	wr_summary_close(&r->summary);
	wr_find_close(&r->find);
	wr_auto_close(&r->automatic);
	wr_verdicts_close(&r->verdicts);
	wr_policy_free(&r->policy);
	free(r->files.filter);
	free(r);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'p', "packets", NULL, "a line for each packet instead of the summary", WR_OPTION_FLAG,
	 AT(packets)},
	{0, "json", NULL, "one JSON object a line", WR_OPTION_FLAG, AT(json)},
	{'w', "write", "FILE", "write the chosen packets to a pcapng file (- = standard output)",
	 WR_OPTION_STRING, AT(write)},
	{'c', "count", "N", "end after so many packets", WR_OPTION_NUMBER, AT(count), 1,
	 UINT64_MAX},
	{0, "payload", "N", "show N bytes of payload", WR_OPTION_NUMBER, AT(payload), 1, 65000},
	{'s', "snaplen", "N", "write at most N bytes of each packet", WR_OPTION_NUMBER, AT(snaplen),
	 14, 65535},
	{'e', "ether", NULL, "show link addresses too", WR_OPTION_FLAG, AT(ether)},
	{0, "tunnels", "N", "enter so many nested tunnels (default 1)", WR_OPTION_NUMBER, AT(depth),
	 0, 4},
	{0, "policy", "FILE",
	 "hold every packet against these rules: lines and JSON get its verdict, the summary what "
	 "each rule matched and stopped",
	 WR_OPTION_STRING, AT(policy)},
	{0, "findings", NULL, "what is unusual, instead of the summary", WR_OPTION_FLAG,
	 AT(findings)},
	{0, "alerts", "FILE", "write what is unusual as a table", WR_OPTION_STRING, AT(alerts)},
	{0, "auto", "MODE",
	 "make rules of what is found and hold the packets after it against them: off, shadow or "
	 "enforce",
	 WR_OPTION_STRING, AT(automatic)},
	{0, "learned", "FILE",
	 "begin with what was learned before, as far as FILE is there, and write it back",
	 WR_OPTION_STRING, AT(learned)},
	{0, "verdicts", "FILE", "with --auto: a byte for each packet, 0 passed, 1 kept out",
	 WR_OPTION_STRING, AT(verdicts)},
	{0, "color", "WHEN", "auto, always or never", WR_OPTION_STRING, AT(color)},
	{0},
};

const struct wr_command wr_command_read = {
	.name = "read",
	.brief = "the same from capture files: a summary, or one line for each packet",
	.args = " FILE... [FILTER]",
	.text = "Reads pcap and pcapng, also gzip and zstd; - is standard input. FILTER is a "
		"pcap-filter(7) expression.\n"
		"Without --packets: totals, protocols, talkers, services, flows, what is "
		"malformed, and the ledger.\n\n"
		"With --policy every packet is judged, also those that FILTER does not choose, "
		"with the clock of the capture: rates, schedules and fragments depend on the "
		"packets before. Interfaces are those of a pcapng file; `for` has no end. "
		"docs/policy.md describes the rules.",
	.examples = "weir read trace.pcap\twhat is in it\n"
		    "weir read -p trace.pcapng.zst 'tcp[tcpflags] & tcp-rst != 0'\tthe resets, a "
		    "line each\n"
		    "weir read -p --json trace.pcap | jq .src_ip\tfor a program\n"
		    "tcpdump -w - | weir read -p -\tfrom a pipe\n"
		    "weir read --policy edge.policy trace.pcap\twhat the rules would have "
		    "done\n",
	.options = options,
	.run = run,
};
