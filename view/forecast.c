/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/forecast.h"

#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "view/table.h"
#include "view/text.h"

enum { MINUTE_S = 60 };

static const struct {
	const char *unit, *direction;
} whats[WR_FORECAST_WHATS] = {
#define X(sym, unit, direction) {unit, direction},
	WR_FORECAST_WHAT_TABLE(X)
#undef X
};

static uint64_t ends_ns(const struct wr_forecast *f, uint32_t ahead)
{
	return (f->minute + 1 + ahead) * MINUTE_S * 1000000000ull;
}

/* Of a rate that is a guess, four digits say all. */
static double digits(double v)
{
	double scale = v > 0 ? pow(10, 3 - floor(log10(v))) : 1;

	if (v < 0.001)
		return 0;
	/* Powers of ten are whole numbers, and exact, on one side only. */
	return scale < 1 ? round(v * scale) * round(1 / scale) : round(v * scale) / scale;
}

/* ---- JSON ---- */

static void range_json(struct wr_buf *b, const struct wr_forecast_range *r)
{
	wr_json_double(b, "low95", digits(r->low95));
	wr_json_double(b, "low80", digits(r->low80));
	wr_json_double(b, "mid", digits(r->mid));
	wr_json_double(b, "high80", digits(r->high80));
	wr_json_double(b, "high95", digits(r->high95));
}

static void horizons_json(struct wr_buf *b, const struct wr_forecast *f)
{
	struct wr_forecast_range r;

	wr_json_array(b, "horizons");
	for (int h = 0; h < WR_FORECAST_HORIZONS; h++) {
		enum wr_forecast_horizon at = (enum wr_forecast_horizon)h;

		if (!wr_forecast_range(f, wr_forecast_minutes(at), &r))
			continue;
		wr_json_open(b);
		wr_json_str(b, "ahead", wr_forecast_name(at));
		wr_json_u64(b, "minutes", wr_forecast_minutes(at));
		range_json(b, &r);
		wr_json_u64(b, "checked", f->at[h].n);
		if (f->at[h].n) {
			wr_json_double(b, "held80", digits(wr_forecast_held(f, at, false)));
			wr_json_double(b, "held95", digits(wr_forecast_held(f, at, true)));
		}
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void path_json(struct wr_buf *b, const struct wr_forecast *f, uint32_t points)
{
	struct wr_forecast_range r;

	wr_json_array(b, "path");
	for (uint32_t i = 1; i <= points; i++) {
		uint32_t ahead = (uint32_t)((uint64_t)WR_FORECAST_MOST * i / points);

		if (!wr_forecast_range(f, ahead, &r))
			continue;
		wr_json_open(b);
		wr_json_time(b, "at", ends_ns(f, ahead));
		range_json(b, &r);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

void wr_view_forecast_json(struct wr_buf *b, const struct wr_forecast_row *row, uint32_t points)
{
	const struct wr_forecast *f = row->of;

	wr_json_open(b);
	wr_json_time(b, "timestamp", ends_ns(f, 0));
	wr_json_str(b, "event_type", "forecast");
	wr_json_str(b, "kind", row->kind);
	if (row->key[0])
		wr_json_str(b, "key", row->key);
	wr_json_str(b, "unit", whats[row->what].unit);
	wr_json_str(b, "direction", whats[row->what].direction);
	wr_json_double(b, "now", digits((double)f->now));
	wr_json_u64(b, "minutes", f->minutes);
	wr_json_u64(b, "hours", f->week.hours);
	wr_json_u64(b, "sure_minutes", wr_forecast_sure(f));
	horizons_json(b, f);
	if (row->limit_name) {
		wr_json_open_key(b, "limit");
		wr_json_str(b, "name", row->limit_name);
		wr_json_u64(b, "value", row->limit);
		if (row->meets >= 0) {
			wr_json_u64(b, "meets_minutes", (uint64_t)row->meets);
			wr_json_time(b, "meets_at", ends_ns(f, (uint32_t)row->meets));
		}
		wr_json_close(b);
	}
	if (points)
		path_json(b, f, points);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- text ---- */

static void rate(char cell[WR_VIEW_CELL], double v, enum wr_forecast_what what)
{
	wr_view_si(cell, v, what == WR_FORECAST_PACKETS_IN ? "p/s" : "b/s");
}

static void name(struct wr_buf *b, const struct wr_forecast_row *row)
{
	struct wr_buf text = {0};

	wr_buf_fmt(&text, "%s%s%s %s", row->kind, row->key[0] ? " " : "", row->key,
		   whats[row->what].direction);
	wr_view_plain(b, wr_buf_text(&text), true);
	wr_buf_free(&text);
}

static const struct wr_view_column columns[] = {
	{"Expected", 24}, {"now", 11}, {"in 1 h", 11}, {"at most", 11}, {"in 24 h", 11},
	{"at most", 11},  {0}};

void wr_view_forecasts_head(struct wr_buf *b, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};

	wr_view_table_head(&t, columns);
	wr_view_table_end(&t);
}

static void meets(struct wr_buf *b, const struct wr_forecast_row *row)
{
	char limit[WR_VIEW_CELL], in[WR_VIEW_CELL];

	rate(limit, (double)row->limit, row->what);
	wr_buf_fmt(b, "    %s %s: ", row->limit_name, limit);
	if (row->meets < 0) {
		wr_buf_str(b, "not met, as far as is known\n");
		return;
	}
	if (!row->meets) {
		wr_buf_str(b, "met now\n");
		return;
	}
	wr_view_duration(in, (uint64_t)row->meets * MINUTE_S * 1000000000u);
	wr_buf_fmt(b, "expected to be met in %s, ", in);
	wr_view_moment(b, ends_ns(row->of, (uint32_t)row->meets));
	wr_buf_str(b, " UTC\n");
}

void wr_view_forecasts_text(struct wr_buf *b, const struct wr_forecast_row *row, bool color)
{
	static const uint8_t shown[] = {WR_FORECAST_1H, WR_FORECAST_24H};
	struct wr_view_table t = {.b = b, .color = color, .columns = columns};
	struct wr_forecast_range r;

	name(wr_view_table_label(&t), row);
	rate(t.cell[1], (double)row->of->now, row->what);
	for (size_t i = 0; i < sizeof(shown); i++) {
		enum wr_forecast_horizon h = (enum wr_forecast_horizon)shown[i];

		if (!wr_forecast_range(row->of, wr_forecast_minutes(h), &r))
			continue;
		rate(t.cell[2 + 2 * i], r.mid, row->what);
		rate(t.cell[3 + 2 * i], r.high80, row->what);
	}
	wr_view_table_row(&t);
	wr_view_table_end(&t);
	if (row->limit_name && row->meets >= 0)
		meets(b, row);
}

static const struct wr_view_column full[] = {
	{"ahead", 9},	 {"95 % from", 11}, {"80 % from", 11}, {"middle", 11},
	{"80 % to", 11}, {"95 % to", 11},   {"held", 12},      {0}};

void wr_view_forecast_text(struct wr_buf *b, const struct wr_forecast_row *row, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};
	struct wr_forecast_range r;
	char now[WR_VIEW_CELL];

	name(b, row);
	rate(now, (double)row->of->now, row->what);
	wr_buf_fmt(b, ": now %s; known: %u minutes, %u hours\n", now, row->of->minutes,
		   row->of->week.hours);
	if (row->limit_name)
		meets(b, row);
	wr_view_table_head(&t, full);
	for (int h = 0; h < WR_FORECAST_HORIZONS; h++) {
		enum wr_forecast_horizon at = (enum wr_forecast_horizon)h;

		if (!wr_forecast_range(row->of, wr_forecast_minutes(at), &r))
			continue;
		wr_buf_str(wr_view_table_label(&t), wr_forecast_name(at));
		rate(t.cell[1], r.low95, row->what);
		rate(t.cell[2], r.low80, row->what);
		rate(t.cell[3], r.mid, row->what);
		rate(t.cell[4], r.high80, row->what);
		rate(t.cell[5], r.high95, row->what);
		if (row->of->at[h].n)
			snprintf(t.cell[6], sizeof(t.cell[6]), "%.0f/%.0f %%",
				 100 * wr_forecast_held(row->of, at, false),
				 100 * wr_forecast_held(row->of, at, true));
		else
			snprintf(t.cell[6], sizeof(t.cell[6]), "-");
		wr_view_table_row(&t);
	}
	wr_view_table_end(&t);
}
