/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/sheet.h"

#include <string.h>

#include "base/json.h"

static const char *const type_names[WR_CELL_TYPES] = {
	[WR_CELL_TIME] = "time", [WR_CELL_U8] = "u8",	  [WR_CELL_U16] = "u16",
	[WR_CELL_U32] = "u32",	 [WR_CELL_U64] = "u64",	  [WR_CELL_HEX] = "text",
	[WR_CELL_REAL] = "real", [WR_CELL_TEXT] = "text", [WR_CELL_ADDRESS] = "text",
};

static bool is_in(const struct wr_sheet *s, const struct wr_column *c)
{
	return c->in & s->bit;
}

const struct wr_column *wr_sheet_next(const struct wr_sheet *s, const struct wr_column *after)
{
	const struct wr_column *c = after ? after + 1 : s->columns,
			       *end = s->columns + s->n_columns;

	while (c < end && !(is_in(s, c) && c->get))
		c++;
	return c < end ? c : NULL;
}

bool wr_sheet_text(struct wr_buf *b, const struct wr_column *c, const struct wr_cell *v,
		   const struct wr_hide *hide)
{
	switch (c->type) {
	case WR_CELL_TIME:
		wr_buf_time(b, v->u);
		return true;
	case WR_CELL_HEX:
		wr_buf_hex(b, v->u, 2);
		return true;
	case WR_CELL_REAL:
		wr_buf_fmt(b, "%.*g", c->digits, v->real);
		return true;
	case WR_CELL_TEXT:
		wr_buf_str(b, v->text);
		return true;
	case WR_CELL_ADDRESS:
		return wr_hide_address(b, hide, v->addr, v->ip_v, v->prefix);
	default:
		wr_buf_u64(b, v->u);
		return true;
	}
}

/* ---- CSV ---- */

/* A field with a comma, a quote or a line end stands in quotes. */
static void quoted(struct wr_buf *b, const char *s)
{
	if (!strpbrk(s, ",\"\r\n")) {
		wr_buf_str(b, s);
		return;
	}
	wr_buf_char(b, '"');
	for (; *s; s++) {
		if (*s == '"')
			wr_buf_char(b, '"');
		wr_buf_char(b, *s);
	}
	wr_buf_char(b, '"');
}

void wr_sheet_csv_header(struct wr_buf *b, const struct wr_sheet *s)
{
	const struct wr_column *c = NULL;
	const char *between = "";

	while ((c = wr_sheet_next(s, c))) {
		wr_buf_str(b, between);
		quoted(b, c->name);
		between = ",";
	}
	wr_buf_char(b, '\n');
}

void wr_sheet_csv(struct wr_buf *b, const struct wr_sheet *s, const void *row,
		  const struct wr_hide *hide)
{
	const struct wr_column *c = NULL;
	const char *between = "";
	struct wr_cell v;

	while ((c = wr_sheet_next(s, c))) {
		wr_buf_str(b, between);
		v = (struct wr_cell){0};
		if (c->get(row, &v)) {
			if (c->type == WR_CELL_TEXT)
				quoted(b, v.text);
			else
				wr_sheet_text(b, c, &v, hide);
		}
		between = ",";
	}
	wr_buf_char(b, '\n');
}

/* ---- JSON ---- */

static bool is_number(enum wr_cell_type type)
{
	return (type >= WR_CELL_U8 && type <= WR_CELL_U64) || type == WR_CELL_REAL;
}

static void json_value(struct wr_buf *b, const struct wr_column *c, const struct wr_cell *v,
		       const struct wr_hide *hide)
{
	size_t at;

	if (c->type == WR_CELL_TEXT) {
		wr_json_str(b, c->name, v->text);
		return;
	}
	wr_json_key(b, c->name);
	at = b->used;
	if (!is_number(c->type))
		wr_buf_char(b, '"');
	if (!wr_sheet_text(b, c, v, hide)) {
		b->used = at;
		wr_buf_str(b, "null");
	} else if (!is_number(c->type)) {
		wr_buf_char(b, '"');
	}
}

void wr_sheet_json(struct wr_buf *b, const struct wr_sheet *s, const void *row,
		   const struct wr_hide *hide)
{
	const struct wr_column *c = NULL;
	struct wr_cell v;

	wr_json_open(b);
	while ((c = wr_sheet_next(s, c))) {
		v = (struct wr_cell){0};
		if (c->get(row, &v)) {
			json_value(b, c, &v, hide);
		} else {
			wr_json_key(b, c->name);
			wr_buf_str(b, "null");
		}
	}
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- the sheet itself ---- */

static void list_some(struct wr_buf *b, const struct wr_sheet *s, bool known)
{
	enum { TYPE_AT = 30, UNIT_AT = 36, WHAT_AT = 48 };

	for (uint32_t i = 0; i < s->n_columns; i++) {
		const struct wr_column *c = &s->columns[i];

		if (!is_in(s, c) || known != (c->get != NULL))
			continue;
		wr_buf_str(b, c->name);
		wr_buf_pad(b, TYPE_AT);
		wr_buf_str(b, known ? type_names[c->type] : "-");
		wr_buf_pad(b, UNIT_AT);
		wr_buf_str(b, *c->unit ? c->unit : "-");
		wr_buf_pad(b, WHAT_AT);
		wr_buf_str(b, known ? "" : "not written: ");
		wr_buf_str(b, c->what);
		wr_buf_char(b, '\n');
	}
}

void wr_sheet_list(struct wr_buf *b, const struct wr_sheet *s)
{
	wr_buf_fmt(b, "schema %s version %u\n", s->name, s->version);
	list_some(b, s, true);
	list_some(b, s, false);
}

void wr_sheet_list_json(struct wr_buf *b, const struct wr_sheet *s)
{
	wr_json_open(b);
	wr_json_str(b, "schema", s->name);
	wr_json_u64(b, "version", s->version);
	wr_json_array(b, "columns");
	for (uint32_t i = 0; i < s->n_columns; i++) {
		const struct wr_column *c = &s->columns[i];

		if (!is_in(s, c))
			continue;
		wr_json_open(b);
		wr_json_str(b, "name", c->name);
		wr_json_bool(b, "written", c->get != NULL);
		wr_json_str(b, "type", type_names[c->type]);
		wr_json_str(b, "unit", c->unit);
		wr_json_bool(b, "always", c->always && c->get);
		wr_json_str(b, c->get ? "meaning" : "why_not", c->what);
		wr_json_close(b);
	}
	wr_json_end_array(b);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}
