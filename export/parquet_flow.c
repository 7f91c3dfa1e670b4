/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/parquet_flow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/parquet.h"

enum { NOTES = 3 };

struct wr_parquet_flow {
	struct wr_parquet *file; /* owned */
	enum wr_flow_columns which;
	struct wr_flow_style style;
	struct wr_parquet_column columns[WR_FLOW_COLUMNS_MAX];
	struct wr_parquet_note notes[NOTES];
	char version[12];
	struct wr_buf text; /* of one value */
};

static const enum wr_parquet_type types[] = {
	[WR_FLOW_TYPE_TIME] = WR_PARQUET_TIME,	  [WR_FLOW_TYPE_U8] = WR_PARQUET_U8,
	[WR_FLOW_TYPE_U16] = WR_PARQUET_U16,	  [WR_FLOW_TYPE_U32] = WR_PARQUET_U32,
	[WR_FLOW_TYPE_U64] = WR_PARQUET_U64,	  [WR_FLOW_TYPE_HEX] = WR_PARQUET_TEXT,
	[WR_FLOW_TYPE_REAL] = WR_PARQUET_REAL,	  [WR_FLOW_TYPE_TEXT] = WR_PARQUET_TEXT,
	[WR_FLOW_TYPE_ADDRESS] = WR_PARQUET_TEXT,
};

static uint32_t fill_columns(struct wr_parquet_flow *p)
{
	const struct wr_flow_column *c = NULL;
	uint32_t n = 0;

	while ((c = wr_view_flow_column(p->which, c)))
		p->columns[n++] = (struct wr_parquet_column){c->name, types[c->type], !c->always};
	return n;
}

static void fill_notes(struct wr_parquet_flow *p)
{
	snprintf(p->version, sizeof(p->version), "%d", WR_FLOW_COLUMNS_VERSION);
	p->notes[0] = (struct wr_parquet_note){
		"weir.columns", p->which == WR_FLOW_COLUMNS_FLOWS ? "flows" : "features"};
	p->notes[1] = (struct wr_parquet_note){"weir.columns_version", p->version};
	p->notes[2] = (struct wr_parquet_note){"weir.version", WR_VERSION};
}

int wr_parquet_flow_open(struct wr_parquet_flow **out, const char *to, enum wr_flow_columns which,
			 const struct wr_flow_style *style, struct wr_err *err)
{
	struct wr_parquet_flow *p = calloc(1, sizeof(*p));
	struct wr_parquet_conf conf = {.created_by = "weir version " WR_VERSION, .n_notes = NOTES};
	int ret;

	if (!p)
		return wr_fail(err, ENOMEM, "%s: no memory", to);
	p->which = which;
	if (style)
		p->style = *style;
	fill_notes(p);
	conf.to = to;
	conf.n_columns = fill_columns(p);
	conf.columns = p->columns;
	conf.notes = p->notes;
	conf.name = p->notes[0].value;
	ret = wr_parquet_open(&p->file, &conf, err);
	if (ret) {
		free(p);
		return ret;
	}
	*out = p;
	return 0;
}

static void value(struct wr_parquet_flow *p, uint32_t column, const struct wr_flow_column *c,
		  const struct wr_flow_told *t, union wr_flow_value v)
{
	switch (types[c->type]) {
	case WR_PARQUET_REAL:
		wr_parquet_real(p->file, column, v.real);
		break;
	case WR_PARQUET_TEXT:
		wr_buf_clear(&p->text);
		wr_view_flow_value(&p->text, c, t, v);
		wr_parquet_text(p->file, column, p->text.at, p->text.used);
		break;
	default:
		wr_parquet_number(p->file, column, v.u);
	}
}

int wr_parquet_flow_add(struct wr_parquet_flow *p, const struct wr_flow *f, struct wr_err *err)
{
	struct wr_flow_told t = wr_view_flow_told(f, &p->style);
	const struct wr_flow_column *c = NULL;
	union wr_flow_value v;

	for (uint32_t i = 0; (c = wr_view_flow_column(p->which, c)); i++)
		if (c->get(&t, &v))
			value(p, i, c, &t, v);
	if (p->text.failed)
		return wr_fail(err, ENOMEM, "no memory for the text of a flow");
	return wr_parquet_row(p->file, err);
}

int wr_parquet_flow_close(struct wr_parquet_flow **out, bool keep, struct wr_err *err)
{
	struct wr_parquet_flow *p = *out;
	int ret;

	if (!p)
		return 0;
	*out = NULL;
	ret = wr_parquet_close(&p->file, keep && !p->text.failed, err);
	wr_buf_free(&p->text);
	free(p);
	return ret;
}
