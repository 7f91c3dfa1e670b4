/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/unit.h"

enum { WIDTH = 80, VALUE_COLUMN = 40 };

/* ---- what an item takes ---- */

static void bound(const struct wr_conf_item *it, char out[WR_UNIT_TEXT], uint64_t v)
{
	if (it->type == WR_CONF_DURATION)
		wr_unit_duration_text(out, v);
	else if (it->type == WR_CONF_SIZE)
		wr_unit_size_text(out, v);
	else
		snprintf(out, WR_UNIT_TEXT, "%" PRIu64, v);
}

static void range(struct wr_buf *b, const struct wr_conf_item *it)
{
	char low[WR_UNIT_TEXT], high[WR_UNIT_TEXT];

	bound(it, low, it->min);
	bound(it, high, it->max);
	if (it->max == UINT64_MAX)
		wr_buf_fmt(b, ", at least %s", low);
	else
		wr_buf_fmt(b, " from %s to %s", low, high);
}

static void choices(struct wr_buf *b, const char *const *names)
{
	for (; *names; names++)
		wr_buf_fmt(b, "%s%s", *names, !names[1] ? "" : names[2] ? ", " : " or ");
}

void wr_conf_expects(struct wr_buf *b, const struct wr_conf_item *it)
{
	static const char *const what[WR_CONF_TYPES] = {
		[WR_CONF_BOOL] = "yes or no",
		[WR_CONF_NUMBER] = "a number",
		[WR_CONF_DURATION] = "a duration (as 500ms, 60s, 5m, 2h, 1d)",
		[WR_CONF_SIZE] = "a size (as 4096, 64kB, 32MiB, 1GiB)",
		[WR_CONF_STRING] = "text",
		[WR_CONF_LIST] = "a list",
		[WR_CONF_ENUM] = "one of ",
	};

	if (it->unit && (it->type == WR_CONF_STRING || it->type == WR_CONF_LIST))
		wr_buf_str(b, it->unit);
	else
		wr_buf_str(b, what[it->type]);
	if (it->type == WR_CONF_NUMBER && it->unit)
		wr_buf_fmt(b, " of %s", it->unit);
	if (it->type == WR_CONF_ENUM)
		choices(b, it->choices);
	if (it->type == WR_CONF_NUMBER || it->type == WR_CONF_DURATION || it->type == WR_CONF_SIZE)
		range(b, it);
}

/* ---- the commented file ---- */

/* Words up to the edge, each line with a # in front. */
static void comment(struct wr_buf *b, const char *text)
{
	size_t column = 1;

	wr_buf_char(b, '#');
	while (*text) {
		size_t n = strcspn(text, " ");

		if (column > 1 && column + 1 + n > WIDTH) {
			wr_buf_str(b, "\n#");
			column = 1;
		}
		wr_buf_char(b, ' ');
		wr_buf_add(b, text, n);
		column += 1 + n;
		text += n;
		text += strspn(text, " ");
	}
	wr_buf_char(b, '\n');
}

static void item(struct wr_buf *b, const struct wr_conf_item *it)
{
	struct wr_buf takes = {0};

	wr_buf_char(b, '\n');
	comment(b, it->help);
	wr_buf_char(&takes, '(');
	wr_conf_expects(&takes, it);
	wr_buf_fmt(&takes, "; %s)", it->live ? "a reload is enough" : "needs a restart");
	comment(b, wr_buf_text(&takes));
	wr_buf_free(&takes);
	wr_buf_fmt(b, "#%s =%s%s\n", strchr(it->name, '.') + 1, it->standard[0] ? " " : "",
		   it->standard);
}

void wr_conf_dump(struct wr_buf *b, const struct wr_conf_item *table)
{
	const char *section = "";
	size_t n = 0;

	comment(b, "Every item with its default. To change one, take the # in front of it away. "
		   "'weir config check' says whether the file is right, 'weir config show' what is "
		   "in effect.");
	for (; table->name; table++) {
		if (strncmp(section, table->name, n + 1) || !n) {
			section = table->name;
			n = strcspn(section, ".");
			wr_buf_fmt(b, "\n[%.*s]\n", (int)n, section);
		}
		item(b, table);
	}
}

void wr_conf_show(struct wr_buf *b, const struct wr_conf *c)
{
	for (size_t i = 0; i < wr_conf_items(c); i++) {
		wr_buf_fmt(b, "%s =%s%s", wr_conf_item(c, i)->name,
			   wr_conf_value(c, i)[0] ? " " : "", wr_conf_value(c, i));
		wr_buf_str(b, "  ");
		wr_buf_pad(b, VALUE_COLUMN);
		wr_buf_fmt(b, "# %s\n", wr_conf_origin(c, i));
	}
}

void wr_conf_json(struct wr_buf *b, const struct wr_conf *c)
{
	for (size_t i = 0; i < wr_conf_items(c); i++) {
		wr_json_open(b);
		wr_json_str(b, "event_type", "config");
		wr_json_str(b, "item", wr_conf_item(c, i)->name);
		wr_json_str(b, "value", wr_conf_value(c, i));
		wr_json_str(b, "origin", wr_conf_origin(c, i));
		wr_json_close(b);
		wr_buf_char(b, '\n');
	}
}
