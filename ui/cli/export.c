/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cli/command.h"
#include "ui/cli/export_impl.h"
#include "ui/cli/stop.h"
#include "view/flow_columns.h"
#include "view/window_columns.h"

enum { BATCH = 8192 };

const char *export_iface(void *ctx, uint32_t number)
{
	const struct export *e = ctx;

	return wr_live_iface_name(e->live, number);
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
	if (!e->failed && !e->windows)
		e->format->flow(e, f);
}

static void window_row(void *ctx, const struct wr_window *w)
{
	struct export *e = ctx;

	e->window_rows++;
	if (!e->failed)
		export_row(e, w);
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	struct export *e = ctx;

	wr_windows_part(e->windows, p, f);
}

static void packet(void *ctx, const struct wr_packet *pkt, const struct wr_rec *rec)
{
	struct export *e = ctx;

	e->read.packets++;
	e->read.bytes += pkt->len;
	if (!e->windows) {
		wr_live_packet(e->live, pkt, rec);
		return;
	}
	wr_windows_tick(e->windows, pkt->ts_ns);
	wr_live_payload(e->live, pkt, rec);
	wr_live_packet(e->live, pkt, rec);
	wr_windows_packet(e->windows, pkt, rec);
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

static int open_windows(struct export *e, struct wr_err *err)
{
	struct wr_windows_conf conf = {
		.length_ns = !strcmp(e->a.window, "100ms") ? 100000000u : 1000000000u,
		.live = e->live,
		.file = true,
		.row = window_row,
		.ctx = e,
	};
	struct wr_live_tap tap = {.ctx = e, .part = part};
	int ret = wr_windows_open(&e->windows, &conf, err);

	if (!ret)
		wr_live_tap(e->live, &tap);
	return ret;
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
	int ret = wr_files_not_onto(&e->files, "--format", e->to, err);

	if (!ret)
		ret = wr_live_open(&e->live, &live, err);
	if (!ret && e->sheet == wr_window_sheet())
		ret = open_windows(e, err);
	if (!ret)
		ret = wr_out_open(&e->out, &out, err);
	if (!ret)
		ret = wr_hide_open(&e->hide, e->hide.how, e->a.key_file, err);
	return ret ? ret : e->format->open(e, err);
}

/* What went where, and whether it is all of it. */
static void tell(const struct export *e)
{
	const struct wr_live_total *t = wr_live_totals(e->live);
	struct wr_count sum = {e->told.packets + t->not_ip.packets,
			       e->told.bytes + t->not_ip.bytes};
	bool fine = sum.packets == e->read.packets && sum.bytes == e->read.bytes;

	if (e->windows)
		fprintf(stderr, "%" PRIu64 " rows of windows; ", e->window_rows);
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
	if (e->windows)
		wr_windows_finish(e->windows);
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

/* ---- what was asked for ---- */

static int want_sheet(struct export *e, const char *word, struct wr_err *err)
{
	enum wr_flow_sheet which = WR_FLOW_SHEET_FEATURES;
	int ret = 0;

	if (e->a.schema && strcmp(word, "features") != 0)
		return wr_fail(err, EINVAL, "--schema is for 'weir export features'");
	if (e->a.window && strcmp(word, "windows") != 0)
		return wr_fail(err, EINVAL, "--window is for 'weir export windows'");
	if (!strcmp(word, "flows"))
		which = WR_FLOW_SHEET_FLOWS;
	else if (e->a.schema)
		ret = wr_flow_schema(e->a.schema, &which, err);
	e->sheet = wr_flow_sheet(which);
	if (!strcmp(word, "windows"))
		e->sheet = wr_window_sheet();
	else if (strcmp(word, "flows") != 0 && strcmp(word, "features") != 0)
		return wr_fail(err, EINVAL,
			       "'%s': wanted is flows, features or windows, then files", word);
	return ret ? wr_within(err, "--schema") : 0;
}

static int want_window(struct export *e, struct wr_err *err)
{
	if (!e->a.window)
		e->a.window = "1s";
	if (strcmp(e->a.window, "1s") != 0 && strcmp(e->a.window, "100ms") != 0)
		return wr_fail(err, EINVAL, "--window: '%s': expected 100ms or 1s", e->a.window);
	return 0;
}

/* Flows are for one's own collector; features go to others. */
static int want_addresses(struct export *e, bool flows, struct wr_err *err)
{
	e->hide.how = flows ? WR_HIDE_RAW : WR_HIDE_HASH;
	if (e->a.addresses && wr_hide_how(e->a.addresses, &e->hide.how, err))
		return wr_within(err, "--addresses");
	if (e->a.key_file && e->hide.how != WR_HIDE_HASH)
		return wr_fail(err, EINVAL, "--addresses-key is for --addresses hash");
	if (!e->format->sheet && e->hide.how != WR_HIDE_RAW)
		return wr_fail(err, EINVAL, "--addresses: %s has them as they are",
			       e->format->name);
	return 0;
}

static int what(struct export *e, struct wr_args *rest, struct wr_err *err)
{
	const char *word = rest->argc ? rest->argv[0] : "";
	int ret = want_sheet(e, word, err);

	if (!ret)
		ret = want_window(e, err);
	if (!ret)
		ret = export_format_of(e, err);
	if (!ret && !e->format->sheet && strcmp(word, "flows") != 0)
		return wr_fail(err, EINVAL,
			       "%s: only --format csv, jsonl and parquet can hold them", word);
	if (!ret)
		ret = want_addresses(e, !strcmp(word, "flows"), err);
	if (ret || e->a.list)
		return ret;
	return wr_files_split(&e->files, rest->argc - 1, rest->argv + 1, err);
}

static int list(const struct export *e, struct wr_err *err)
{
	struct wr_buf b = {0};

	if (e->a.json)
		wr_sheet_list_json(&b, e->sheet);
	else
		wr_sheet_list(&b, e->sheet);
	return wr_print(&b, err);
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
		if (!ret && e->a.list) {
			status = list(e, err);
			free(e);
			return status;
		}
		if (!ret)
			ret = open_all(e, err);
		status = ret ? wr_exit_status(ret) : export_all(e, err);
	}
	if (e->live)
		wr_out_close(&e->out, NULL, 0);
	wr_windows_close(&e->windows);
	wr_live_close(&e->live);
	explicit_bzero(e->hide.key, sizeof(e->hide.key));
	free(e->files.filter);
	free(e);
	return status;
}

#define AT(field) .offset = offsetof(struct export_args, field)
static const struct wr_option options[] = {
	{'f', "format", "FORMAT",
	 "csv[:FILE], jsonl[:FILE], eve[:FILE], eve:unix:PATH, ipfix:[udp:|tcp:]HOST:PORT, "
	 "ipfix:/FILE, parquet:FILE (default csv)",
	 WR_OPTION_STRING, AT(format)},
	{0, "schema", "NAME", "features: names of columns: weir, nf-v3, cic (default weir)",
	 WR_OPTION_STRING, AT(schema)},
	{0, "window", "LENGTH", "windows: 100ms or 1s (default 1s)", WR_OPTION_STRING, AT(window)},
	{0, "addresses", "HOW",
	 "raw; hash: under a secret key; prefix: /24 and /48; none (default: hash; flows: raw)",
	 WR_OPTION_STRING, AT(addresses)},
	{0, "addresses-key", "FILE",
	 "hash: a file of 16 to 64 bytes, so that hashes of several runs are the same "
	 "(default: a new key each time)",
	 WR_OPTION_STRING, AT(key_file)},
	{0, "list", NULL, "show the columns: names, units, meanings; nothing is read",
	 WR_OPTION_FLAG, AT(list)},
	{0, "json", NULL, "with --list: as JSON", WR_OPTION_FLAG, AT(json)},
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
	.brief = "flows, features and windows from capture files, for other programs",
	.args = " flows|features|windows FILE... [FILTER]",
	.text = "flows: a row for each flow that ended, and for each part of a long one. features: "
		"the same rows with numbers for learning, under weir's names or those of NF-v3 and "
		"CICFlowMeter data sets. windows: a row for each 100 ms or second and each "
		"interface, host, service and source prefix. CSV has a header line; a fact that a "
		"row does not have is an empty field. JSON Lines and Parquet have the same columns "
		"with types, and null there.\n"
		"Addresses in features and windows are hashed under a secret key unless something "
		"else is asked for.\n"
		"FILTER is a pcap-filter(7) expression. Ends with a line about what was exported, "
		"on standard error.",
	.examples =
		"weir export flows trace.pcap\tas CSV\n"
		"weir export features trace.pcap --format csv:features.csv 'tcp'\tfor learning\n"
		"weir export features trace.pcap --format parquet:features.parquet\tthe same, "
		"smaller and with types\n"
		"weir export features trace.pcap --schema nf-v3\tunder the names of NF-v3\n"
		"weir export windows trace.pcap --window 100ms --format jsonl\twhat there was each "
		"100 ms\n"
		"weir export windows --list\tthe columns\n"
		"weir export flows trace.pcap --format eve | jq .dest_port\tJSON Lines\n"
		"weir export flows trace.pcap --format ipfix:127.0.0.1:4739\tto a collector\n",
	.options = options,
	.run = run,
};
