/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/parquet_sheet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "export/parquet.h"

enum { NOTES = 3 };

struct wr_parquet_sheet {
	struct wr_parquet *file; /* owned */
	const struct wr_sheet *sheet;
	const struct wr_hide *hide;
	struct wr_parquet_column columns[WR_SHEET_COLUMNS_MAX];
	struct wr_parquet_note notes[NOTES];
	char version[12];
	struct wr_buf text; /* of one value */
};

static const enum wr_parquet_type types[WR_CELL_TYPES] = {
	[WR_CELL_TIME] = WR_PARQUET_TIME,    [WR_CELL_U8] = WR_PARQUET_U8,
	[WR_CELL_U16] = WR_PARQUET_U16,	     [WR_CELL_U32] = WR_PARQUET_U32,
	[WR_CELL_U64] = WR_PARQUET_U64,	     [WR_CELL_HEX] = WR_PARQUET_TEXT,
	[WR_CELL_REAL] = WR_PARQUET_REAL,    [WR_CELL_TEXT] = WR_PARQUET_TEXT,
	[WR_CELL_ADDRESS] = WR_PARQUET_TEXT,
};

static uint32_t fill_columns(struct wr_parquet_sheet *p)
{
	bool hidden = p->hide && p->hide->how == WR_HIDE_NONE;
	const struct wr_column *c = NULL;
	uint32_t n = 0;

	while ((c = wr_sheet_next(p->sheet, c)))
		p->columns[n++] = (struct wr_parquet_column){
			c->name, types[c->type],
			!c->always || (hidden && c->type == WR_CELL_ADDRESS)};
	return n;
}

static void fill_notes(struct wr_parquet_sheet *p)
{
	snprintf(p->version, sizeof(p->version), "%u", p->sheet->version);
	p->notes[0] = (struct wr_parquet_note){"weir.columns", p->sheet->name};
	p->notes[1] = (struct wr_parquet_note){"weir.columns_version", p->version};
	p->notes[2] = (struct wr_parquet_note){"weir.version", WR_VERSION};
}

int wr_parquet_sheet_open(struct wr_parquet_sheet **out, const char *to, const struct wr_sheet *s,
			  const struct wr_hide *hide, uint32_t rows, struct wr_err *err)
{
	struct wr_parquet_sheet *p = calloc(1, sizeof(*p));
	struct wr_parquet_conf conf = {
		.created_by = "weir version " WR_VERSION, .n_notes = NOTES, .rows = rows};
	int ret;

	if (!p)
		return wr_fail(err, ENOMEM, "%s: no memory", to);
	p->sheet = s;
	p->hide = hide;
	fill_notes(p);
	conf.to = to;
	conf.n_columns = fill_columns(p);
	conf.columns = p->columns;
	conf.notes = p->notes;
	conf.name = s->name;
	ret = wr_parquet_open(&p->file, &conf, err);
	if (ret) {
		free(p);
		return ret;
	}
	*out = p;
	return 0;
}

static void value(struct wr_parquet_sheet *p, uint32_t column, const struct wr_column *c,
		  const struct wr_cell *v)
{
	switch (types[c->type]) {
	case WR_PARQUET_REAL:
		wr_parquet_real(p->file, column, v->real);
		break;
	case WR_PARQUET_TEXT:
		wr_buf_clear(&p->text);
		if (wr_sheet_text(&p->text, c, v, p->hide))
			wr_parquet_text(p->file, column, p->text.at, p->text.used);
		break;
	default:
		wr_parquet_number(p->file, column, v->u);
	}
}

int wr_parquet_sheet_add(struct wr_parquet_sheet *p, const void *row, struct wr_err *err)
{
	const struct wr_column *c = NULL;
	struct wr_cell v;

	for (uint32_t i = 0; (c = wr_sheet_next(p->sheet, c)); i++) {
		v = (struct wr_cell){0};
		if (c->get(row, &v))
			value(p, i, c, &v);
	}
	if (p->text.failed)
		return wr_fail(err, ENOMEM, "no memory for the text of a row");
	return wr_parquet_row(p->file, err);
}

int wr_parquet_sheet_close(struct wr_parquet_sheet **out, bool keep, struct wr_err *err)
{
	struct wr_parquet_sheet *p = *out;
	int ret;

	if (!p)
		return 0;
	*out = NULL;
	ret = wr_parquet_close(&p->file, keep && !p->text.failed, err);
	wr_buf_free(&p->text);
	free(p);
	return ret;
}
