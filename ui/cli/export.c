/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "export/eve.h"
#include "export/ipfix_send.h"
#include "export/parquet_flow.h"
#include "flow/live.h"
#include "ui/cli/command.h"
#include "ui/cli/files.h"
#include "ui/cli/out.h"
#include "ui/cli/stop.h"
#include "view/flow_columns.h"
#include "view/flow_csv.h"

enum {
	BATCH = 8192,
	FLUSH_AT = 1 << 16,
	WAIT_MS = 10000, /* for whoever takes the flows */
	BURST = 16,	 /* datagrams at a time: a collector's socket holds about a hundred */
};

struct args {
	const char *format;
	uint64_t idle_s, active_s, flows_max;
};

struct format;

struct export
{
	struct args a;
	struct wr_files files;
	const struct format *format;
	const char *to; /* in a.format */
	enum wr_flow_columns columns;
	struct wr_live *live;
	struct wr_out out;
	/* One of these takes the flows. */
	struct wr_buf csv;
	int csv_fd;
	struct wr_eve *eve;
	struct wr_ipfix_send *ipfix;
	struct wr_parquet_flow *parquet;
	uint64_t flows, lost;
	struct wr_count told, read;
	int failed;   /* -errno of the output: no use to go on */
	bool nothing; /* could be read: what stood in the output's place may stay */
	struct wr_err err;
};

static const char *iface_name(void *ctx, uint32_t number)
{
	const struct export *e = ctx;

	return wr_live_iface_name(e->live, number);
}

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void went(struct export *e, int ret)
{
	if (ret < 0 && !e->failed)
		e->failed = ret;
}

/* A file is read faster than anybody takes its flows, so here is waited, which nothing live does.
 */
static void wait_for_room(struct export *e, struct wr_outlet *o)
{
	if (!wr_outbox_fits(wr_outlet_box(o), FLUSH_AT))
		went(e, wr_outlet_drain(o, WAIT_MS, &e->err));
}

/* ---- formats ---- */

static int csv_open(struct export *e, struct wr_err *err)
{
	e->csv_fd = !strcmp(e->to, "-")
			    ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			    : open(e->to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (e->csv_fd < 0)
		return wr_fail(err, errno, "%s: %s", e->to, strerror(errno));
	wr_view_flow_csv_header(&e->csv, e->columns);
	return 0;
}

static void csv_flush(struct export *e)
{
	int ret = wr_buf_flush(&e->csv, e->csv_fd);

	if (ret && !e->failed)
		e->failed = wr_fail(&e->err, -ret, "%s: %s", e->to, strerror(-ret));
}

static void csv_flow(struct export *e, const struct wr_flow *f)
{
	const struct wr_flow_style style = {.iface = iface_name, .ctx = e};

	wr_view_flow_csv(&e->csv, e->columns, f, &style);
	if (e->csv.used > FLUSH_AT)
		csv_flush(e);
}

static void csv_close(struct export *e)
{
	csv_flush(e);
	wr_buf_free(&e->csv);
	if (close(e->csv_fd) && !e->failed)
		e->failed = wr_fail(&e->err, errno, "%s: %s", e->to, strerror(errno));
}

static int eve_open(struct export *e, struct wr_err *err)
{
	struct wr_eve_conf conf = {
		.to = e->to, .style = {.iface = iface_name, .ctx = e}, .offline = true};

	return wr_eve_open(&e->eve, &conf, err);
}

static void eve_flow(struct export *e, const struct wr_flow *f)
{
	wait_for_room(e, wr_eve_outlet(e->eve));
	wr_eve_flow(e->eve, f);
}

static void eve_close(struct export *e)
{
	struct wr_outbox_count n = {0};

	went(e, wr_eve_close(&e->eve, WAIT_MS, &n, &e->err));
	e->lost = n.lost;
}

/* HOST:PORT is UDP, as with other exporters. */
static int ipfix_open(struct export *e, struct wr_err *err)
{
	bool stream = !strncmp(e->to, "tcp:", 4) || strchr(e->to, '/');
	bool plain = !stream && strncmp(e->to, "udp:", 4) != 0;
	struct wr_ipfix_send_conf conf = {.iface = stream ? iface_name : NULL, .iface_ctx = e};
	char to[512];

	if (!strcmp(e->to, "-"))
		return wr_fail(err, EINVAL, "ipfix: where to? (ipfix:HOST:PORT)");
	snprintf(to, sizeof(to), "%s%s", plain ? "udp:" : "", e->to);
	conf.to = to;
	return wr_ipfix_open(&e->ipfix, &conf, err);
}

static void ipfix_flow(struct export *e, const struct wr_flow *f)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct wr_outlet *o = wr_ipfix_outlet(e->ipfix);

	wr_ipfix_add(e->ipfix, f);
	if (wr_outlet_way(o) == WR_OUTLET_UDP && wr_outlet_box(o)->messages >= BURST) {
		went(e, wr_ipfix_step(e->ipfix, clock_ns(), &e->err));
		nanosleep(&pause, NULL);
	}
	wait_for_room(e, o);
}

static void ipfix_close(struct export *e)
{
	struct wr_outbox_count n = {0};

	went(e, wr_ipfix_close(&e->ipfix, WAIT_MS, &n, &e->err));
	e->lost = n.lost;
}

/* A file of bytes that no terminal can show, and that ends with where things are in it. */
static int parquet_open(struct export *e, struct wr_err *err)
{
	const struct wr_flow_style style = {.iface = iface_name, .ctx = e};

	if (!strcmp(e->to, "-") && isatty(STDOUT_FILENO))
		return wr_fail(err, EINVAL, "parquet: into which file? (parquet:FILE)");
	return wr_parquet_flow_open(&e->parquet, e->to, e->columns, &style, err);
}

static void parquet_flow(struct export *e, const struct wr_flow *f)
{
	went(e, wr_parquet_flow_add(e->parquet, f, &e->err));
}

static void parquet_close(struct export *e)
{
	struct wr_err err = {0};
	int ret = wr_parquet_flow_close(&e->parquet, !e->failed && !e->nothing, &err);

	if (ret && !e->failed)
		e->err = err;
	went(e, ret);
}

static const struct format {
	const char *name;
	bool features; /* can hold them */
	int (*open)(struct export *e, struct wr_err *err);
	void (*flow)(struct export *e, const struct wr_flow *f);
	void (*close)(struct export *e);
} formats[] = {
	{"csv", true, csv_open, csv_flow, csv_close},
	{"eve", false, eve_open, eve_flow, eve_close},
	{"ipfix", false, ipfix_open, ipfix_flow, ipfix_close},
	{"parquet", true, parquet_open, parquet_flow, parquet_close},
};

static int which_format(struct export *e, struct wr_err *err)
{
	const char *text = e->a.format ? e->a.format : "csv", *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text), i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strlen(formats[i].name) == n && !strncmp(formats[i].name, text, n))
			break;
	if (i == sizeof(formats) / sizeof(formats[0]))
		return wr_fail(err, EINVAL,
			       "--format: '%s' is none of csv, eve, ipfix:HOST:PORT, parquet:FILE",
			       text);
	e->format = &formats[i];
	e->to = colon && colon[1] ? colon + 1 : "-";
	if (e->columns == WR_FLOW_COLUMNS_FEATURES && !e->format->features)
		return wr_fail(err, EINVAL,
			       "features: only --format csv and parquet can hold them");
	return 0;
}

/* ---- from packets to flows ---- */

static void flow_end(void *ctx, const struct wr_flow *f)
{
	struct export *e = ctx;

	e->flows++;
	for (int end = 0; end < 2; end++) {
		e->told.packets += f->sent[end].packets;
		e->told.bytes += f->sent[end].bytes;
	}
	if (!e->failed)
		e->format->flow(e, f);
}

static void packet(void *ctx, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	struct export *e = ctx;

	e->read.packets++;
	e->read.bytes += pkt->len;
	wr_live_packet(e->live, pkt, rec);
}

static int read_one(struct export *e, const char *path, struct wr_err *err)
{
	struct wr_source *s = NULL;
	int n = wr_file_open(&s, path, e->files.filter, err);

	while (n >= 0 && !wr_stopped && !e->failed)
		n = s->ops->read(s, wr_out_packet, &e->out, BATCH, err);
	wr_source_close(&s);
	return n == -ENODATA || n > 0 ? 0 : n;
}

static int open_all(struct export *e, struct wr_err *err)
{
	struct wr_live_conf live = {
		.flows_max = (uint32_t)e->a.flows_max,
		.idle_ns = e->a.idle_s * 1000000000u,
		.active_ns = e->a.active_s * 1000000000u,
		.flow_end = flow_end,
		.ctx = e,
	};
	struct wr_out_conf out = {.quiet = true, .max_depth = 1, .tap = packet, .tap_ctx = e};
	int ret = which_format(e, err);

	if (!ret)
		ret = wr_files_not_onto(&e->files, "--format", e->to, err);
	if (!ret)
		ret = wr_live_open(&e->live, &live, err);
	if (!ret)
		ret = wr_out_open(&e->out, &out, err);
	return ret ? ret : e->format->open(e, err);
}

/* What went where, and whether it is all of it. */
static void tell(const struct export *e)
{
	const struct wr_live_total *t = wr_live_totals(e->live);
	struct wr_count sum = {e->told.packets + t->not_ip.packets,
			       e->told.bytes + t->not_ip.bytes};
	bool fine = sum.packets == e->read.packets && sum.bytes == e->read.bytes;

	fprintf(stderr,
		"%" PRIu64 " flows, %" PRIu64 " packets, %" PRIu64 " bytes; %" PRIu64
		" packets were not IP\n",
		e->flows, e->told.packets, e->told.bytes, t->not_ip.packets);
	if (!fine)
		fprintf(stderr, "NOT BALANCED: please report this as a defect\n");
	if (e->lost)
		fprintf(stderr, "%" PRIu64 " flows were lost on the way to %s\n", e->lost, e->to);
}

static int export_all(struct export *e, struct wr_err *err)
{
	int ret = 0;

	for (int i = 0; i < e->files.n && !ret && !wr_stopped; i++)
		ret = read_one(e, e->files.at[i], err);
	wr_live_finish(e->live); /* the flows that have not ended do so with the file */
	e->nothing = ret && !e->read.packets;
	e->format->close(e);
	tell(e);
	if (!ret && e->failed) {
		*err = e->err;
		return WR_EXIT_FAILED;
	}
	return ret ? wr_exit_status(ret) : e->lost ? WR_EXIT_FAILED : WR_EXIT_OK;
}

static int what(struct export *e, struct wr_args *rest, struct wr_err *err)
{
	const char *word = rest->argc ? rest->argv[0] : "";

	if (!strcmp(word, "features"))
		e->columns = WR_FLOW_COLUMNS_FEATURES;
	else if (strcmp(word, "flows") != 0)
		return wr_fail(err, EINVAL, "'%s': wanted is flows or features, then files", word);
	return wr_files_split(&e->files, rest->argc - 1, rest->argv + 1, err);
}

static int run(int argc, char **argv, struct wr_err *err)
{
	struct export *e = calloc(1, sizeof(*e));
	struct wr_args rest;
	int status, ret;

	if (!e)
		return WR_EXIT_FAILED;
	status = wr_command_begin(&wr_command_export, &e->a, argc, argv, &rest, err);
	if (status < 0) {
		wr_stop_on_signals();
		ret = what(e, &rest, err);
		if (!ret)
			ret = open_all(e, err);
		status = ret ? wr_exit_status(ret) : export_all(e, err);
	}
	if (e->live)
		wr_out_close(&e->out, NULL, 0);
	wr_live_close(&e->live);
	free(e->files.filter);
	free(e);
	return status;
}

#define AT(field) .offset = offsetof(struct args, field)
static const struct wr_option options[] = {
	{'f', "format", "FORMAT",
	 "csv[:FILE], eve[:FILE], eve:unix:PATH, ipfix:[udp:|tcp:]HOST:PORT, "
	 "ipfix:/FILE, parquet:FILE (default csv)",
	 WR_OPTION_STRING, AT(format)},
	{0, "idle", "SECONDS", "a flow without packets for so long has ended (default 60)",
	 WR_OPTION_NUMBER, AT(idle_s), 1, 86400},
	{0, "active", "SECONDS", "a longer flow is told in parts (default 300)", WR_OPTION_NUMBER,
	 AT(active_s), 1, 86400},
	{0, "flows", "N", "flows at a time that are told apart (default 262144)", WR_OPTION_NUMBER,
	 AT(flows_max), 1024, 1 << 28},
	{0},
};

const struct wr_command wr_command_export = {
	.name = "export",
	.brief = "flows and features from capture files, for other programs",
	.args = " flows|features FILE... [FILTER]",
	.text = "flows: a row for each flow that ended, and for each part of a long one. features: "
		"the same rows with numbers for learning. CSV has a header line; a fact that a "
		"flow does not have is an empty field. Parquet has the same columns with types, "
		"and null there.\n"
		"FILTER is a pcap-filter(7) expression. Ends with a line about what was exported, "
		"on standard error.",
	.examples =
		"weir export flows trace.pcap\tas CSV\n"
		"weir export features trace.pcap --format csv:features.csv 'tcp'\tfor learning\n"
		"weir export features trace.pcap --format parquet:features.parquet\tthe same, "
		"smaller and with types\n"
		"weir export flows trace.pcap --format eve | jq .dest_port\tJSON Lines\n"
		"weir export flows trace.pcap --format ipfix:127.0.0.1:4739\tto a collector\n",
	.options = options,
	.run = run,
};
