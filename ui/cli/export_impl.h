/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_EXPORT_IMPL_H
#define WR_UI_CLI_EXPORT_IMPL_H

#include "detect/window.h"
#include "export/eve.h"
#include "export/ipfix_send.h"
#include "export/sheetfile.h"
#include "flow/live.h"
#include "ui/cli/files.h"
#include "ui/cli/out.h"

/* Inside `weir export`: what is exported (export.c) and into what (export_formats.c). */

struct export_args {
	const char *format, *schema, *addresses, *key_file, *window;
	uint64_t idle_s, active_s, flows_max;
	bool list, json;
};

struct export;

struct export_format {
	const char *name;
	bool sheet; /* holds rows of any sheet; else flows alone, with addresses as they are */
	int (*open)(struct export *e, struct wr_err *err);
	/* A flow, or a row of e->sheet. */
	void (*flow)(struct export *e, const struct wr_flow *f);
	void (*close)(struct export *e);
};

struct export
{
	struct export_args a;
	struct wr_files files;
	const struct export_format *format;
	const char *to; /* in a.format */
	const struct wr_sheet *sheet;
	struct wr_hide hide;
	struct wr_live *live;
	struct wr_windows *windows; /* NULL: flows are exported */
	struct wr_out out;
	/* One of these takes what is exported. */
	struct wr_sheetfile *rows;
	struct wr_eve *eve;
	struct wr_ipfix_send *ipfix;
	uint64_t flows, lost, window_rows;
	struct wr_count told, read;
	int failed;   /* -errno of the output: no use to go on */
	bool nothing; /* could be read: what stood in the output's place may stay */
	struct wr_err err;
};

/* Sets e->format and e->to by a.format. -EINVAL. */
int export_format_of(struct export *e, struct wr_err *err);

/* A row of e->sheet. */
void export_row(struct export *e, const void *row);

/* The interface's name, for struct wr_flow_style. ctx: struct export. */
const char *export_iface(void *ctx, uint32_t number);

#endif
