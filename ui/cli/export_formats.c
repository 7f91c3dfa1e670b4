/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ui/cli/export_impl.h"
#include "view/flow_columns.h"

enum {
	FLUSH_AT = 1 << 16,
	WAIT_MS = 10000, /* for whoever takes the flows */
	BURST = 16,	 /* datagrams at a time: a collector's socket holds about a hundred */
};

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

/* ---- rows of a sheet ---- */

static int rows_open(struct export *e, enum wr_sheetfile_format format, struct wr_err *err)
{
	struct wr_sheetfile_conf conf = {
		.to = e->to, .format = format, .sheet = e->sheet, .hide = &e->hide};

	return wr_sheetfile_open(&e->rows, &conf, err);
}

static int csv_open(struct export *e, struct wr_err *err)
{
	return rows_open(e, WR_SHEETFILE_CSV, err);
}

static int jsonl_open(struct export *e, struct wr_err *err)
{
	return rows_open(e, WR_SHEETFILE_JSONL, err);
}

/* A file of bytes that no terminal can show, and that ends with where things are in it. */
static int parquet_open(struct export *e, struct wr_err *err)
{
	if (!strcmp(e->to, "-") && isatty(STDOUT_FILENO))
		return wr_fail(err, EINVAL, "parquet: into which file? (parquet:FILE)");
	return rows_open(e, WR_SHEETFILE_PARQUET, err);
}

void export_row(struct export *e, const void *row)
{
	went(e, wr_sheetfile_add(e->rows, row, &e->err));
}

static void rows_flow(struct export *e, const struct wr_flow *f)
{
	const struct wr_flow_style style = {.iface = export_iface, .ctx = e};
	struct wr_flow_told told = wr_flow_told(f, &style);

	export_row(e, &told);
}

static void rows_close(struct export *e)
{
	struct wr_err err = {0};
	int ret = wr_sheetfile_close(&e->rows, !e->failed && !e->nothing, &err);

	if (ret && !e->failed)
		e->err = err;
	went(e, ret);
}

/* ---- flows in others' formats ---- */

static int eve_open(struct export *e, struct wr_err *err)
{
	struct wr_eve_conf conf = {
		.to = e->to, .style = {.iface = export_iface, .ctx = e}, .offline = true};

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
	struct wr_ipfix_send_conf conf = {.iface = stream ? export_iface : NULL, .iface_ctx = e};
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

static const struct export_format formats[] = {
	{"csv", true, csv_open, rows_flow, rows_close},
	{"eve", false, eve_open, eve_flow, eve_close},
	{"ipfix", false, ipfix_open, ipfix_flow, ipfix_close},
	{"jsonl", true, jsonl_open, rows_flow, rows_close},
	{"parquet", true, parquet_open, rows_flow, rows_close},
};

int export_format_of(struct export *e, struct wr_err *err)
{
	const char *text = e->a.format ? e->a.format : "csv", *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text), i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strlen(formats[i].name) == n && !strncmp(formats[i].name, text, n))
			break;
	if (i == sizeof(formats) / sizeof(formats[0]))
		return wr_fail(err, EINVAL,
			       "--format: '%s' is none of csv, jsonl, eve, ipfix:HOST:PORT, "
			       "parquet:FILE",
			       text);
	e->format = &formats[i];
	e->to = colon && colon[1] ? colon + 1 : "-";
	return 0;
}
