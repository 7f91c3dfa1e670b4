/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/loop.h"
#include "daemon/output_kind.h"
#include "export/sheetdir.h"
#include "view/flow_columns.h"
#include "view/window_columns.h"

/* The way out for rows to learn from: files in a folder. */

static const char *iface_name(void *ctx, uint32_t number)
{
	const struct wr_output_run *r = ctx;

	(void)number;
	return r->iface;
}

static const struct wr_sheet *features_sheet(const struct wr_daemon_conf *conf)
{
	static const enum wr_flow_sheet of[] = {
		[WR_OUTPUT_SCHEMA_WEIR] = WR_FLOW_SHEET_FEATURES,
		[WR_OUTPUT_SCHEMA_NF_V3] = WR_FLOW_SHEET_NF_V3,
		[WR_OUTPUT_SCHEMA_CIC] = WR_FLOW_SHEET_CIC,
	};

	return wr_output_wants_windows(conf) ? wr_window_sheet()
					     : wr_flow_sheet(of[conf->output.features_schema]);
}

int wr_output_hide(struct wr_hide *h, const struct wr_daemon_conf *conf, struct wr_err *err)
{
	enum wr_hide_how how = (enum wr_hide_how)conf->output.features_addresses;
	struct wr_err why = {0};

	if (!wr_hide_open(h, how, conf->output.features_key, &why))
		return 0;
	return wr_fail(err, EINVAL, "output.features_key: %s", why.text);
}

/* Without a file of its own the key is the one that this weir was started with. */
static int open_hide(struct wr_output_run *r, struct wr_err *err)
{
	int ret = wr_output_hide(&r->hide, r->conf, err);

	if (ret)
		return ret;
	if (!r->conf->output.features_key[0]) {
		memcpy(r->hide.key, r->shared->key, sizeof(r->shared->key));
		r->hide.n_key = sizeof(r->shared->key);
	}
	return 0;
}

/* What an ended process had in a file that was not complete is lost. */
static void lost_before(struct wr_output_run *r, struct wr_output_one *o)
{
	uint64_t rows = o->slot->open_rows;
	char line[WR_OUTPUT_NAME + 64];

	if (!rows)
		return;
	o->slot->box.n.given += rows;
	o->slot->box.n.lost += rows;
	o->slot->open_rows = 0;
	snprintf(line, sizeof(line), "%s: %llu rows of an incomplete file are lost", o->slot->name,
		 (unsigned long long)rows);
	r->start->say(r->start->ctx, line);
}

static int features_open(struct wr_output_run *r, struct wr_output_one *o, const char *to,
			 struct wr_err *err)
{
	struct wr_sheetdir_conf conf = {
		.dir = to,
		.format = (enum wr_sheetfile_format)r->conf->output.features_format,
		.sheet = features_sheet(r->conf),
		.hide = &r->hide,
		.max_bytes = r->conf->output.features_bytes,
		.max_age_ns = r->conf->output.features_age_ns,
		.keep = (uint32_t)r->conf->output.features_keep,
	};
	int ret = open_hide(r, err);

	if (!ret)
		ret = wr_sheetdir_open(&o->features, &conf, err);
	if (!ret)
		lost_before(r, o);
	return ret;
}

/* What became of the rows since the last look. */
static void features_count(struct wr_output_one *o, struct wr_sheetdir_count before)
{
	struct wr_sheetdir_count now = wr_sheetdir_count(o->features);

	o->slot->box.n.given += now.given - before.given;
	o->slot->box.n.sent += now.whole - before.whole;
	o->slot->box.n.lost += now.lost - before.lost;
	o->slot->open_rows = now.given - now.whole - now.lost;
}

static void features_failed(struct wr_output_run *r, int ret, const struct wr_err *err)
{
	if (ret && ret != -EAGAIN)
		r->start->say(r->start->ctx, err->text);
}

static void features_row(struct wr_output_run *r, struct wr_output_one *o, const void *row)
{
	struct wr_sheetdir_count before = wr_sheetdir_count(o->features);
	struct wr_err err = {0};

	features_failed(r, wr_sheetdir_add(o->features, row, wr_loop_now_ns(), &err), &err);
	features_count(o, before);
}

static void features_flow(struct wr_output_run *r, struct wr_output_one *o)
{
	const struct wr_flow_style style = {.iface = iface_name, .ctx = r};
	struct wr_flow_told told = wr_flow_told(&r->flow, &style);

	if (!wr_output_wants_windows(r->conf))
		features_row(r, o, &told);
}

static bool features_window(struct wr_output_one *o, const uint8_t *message, size_t n,
			    uint32_t holds)
{
	struct wr_window w;

	(void)holds;
	if (n != sizeof(w) || !wr_output_wants_windows(o->run->conf))
		return false;
	memcpy(&w, message, sizeof(w));
	features_row(o->run, o, &w);
	return true;
}

static int features_step(struct wr_output_one *o, uint64_t now_ns, struct wr_err *err)
{
	struct wr_sheetdir_count before = wr_sheetdir_count(o->features);
	int ret = wr_sheetdir_step(o->features, now_ns, err);

	features_count(o, before);
	return ret;
}

static const char *features_trouble(const struct wr_output_one *o)
{
	return wr_sheetdir_trouble(o->features);
}

static void features_end(struct wr_output_one *o)
{
	struct wr_sheetdir_count before = wr_sheetdir_count(o->features);
	struct wr_err err = {0};

	features_failed(o->run, wr_sheetdir_end(o->features, &err), &err);
	features_count(o, before);
}

static void features_close(struct wr_output_one *o)
{
	wr_sheetdir_close(&o->features);
}

const struct wr_output_ways wr_output_features = {
	.open = features_open,
	.flow = features_flow,
	.takes = WR_OUTPUT_TAKES(WINDOW),
	.text = features_window,
	.step = features_step,
	.outlet = wr_output_no_outlet,
	.trouble = features_trouble,
	.close = features_close,
	.end = features_end,
};
