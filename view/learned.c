/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/learned.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/json.h"
#include "detect/week.h"
#include "view/table.h"
#include "view/text.h"

enum { LEAST = 60, TEN_MINUTES = 600, HOUR = 3600, DAY = 24 /* hours */ };

const char *wr_view_learned_sure(const struct wr_learned *l)
{
	if (l->hours == WR_WEEK_HOURS)
		return "the week";
	if (l->hours >= DAY)
		return "days";
	if (l->seconds >= HOUR)
		return "hours";
	return l->seconds >= TEN_MINUTES ? "minutes" : "new";
}

static void victim(const struct wr_victim *v, char *to, size_t room)
{
	struct wr_buf b = {0};

	wr_victim_text(&b, v);
	snprintf(to, room, "%s", wr_buf_text(&b));
	wr_buf_free(&b);
}

static double digits(double v)
{
	return round(v * 1000) / 1000;
}

static void hours_json(struct wr_buf *b, const struct wr_learned_hour *hour, uint32_t n)
{
	wr_json_array(b, "by_hour");
	for (uint32_t i = 0; i < n; i++) {
		wr_json_open(b);
		wr_json_u64(b, "hour", hour[i].hour);
		wr_json_u64(b, "seen", hour[i].seen);
		wr_json_double(b, "usual", digits(hour[i].usual));
		if (hour[i].most >= 0)
			wr_json_double(b, "most", digits(hour[i].most));
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

void wr_view_learned_json(struct wr_buf *b, const struct wr_learned *l,
			  const struct wr_learned_hour *hour, uint32_t n_hours)
{
	char who[80];

	victim(&l->who, who, sizeof(who));
	wr_json_open(b);
	wr_json_str(b, "event_type", "learned");
	wr_json_str(b, "who", who);
	wr_json_time(b, "since", l->since_ns);
	wr_json_u64(b, "seconds", l->seconds);
	wr_json_u64(b, "hours", l->hours);
	wr_json_str(b, "sure", wr_view_learned_sure(l));
	if (l->kept)
		wr_json_bool(b, "kept", true);
	wr_json_open_key(b, "features");
	for (uint32_t i = 0; i < l->n; i++) {
		wr_json_open_key(b, wr_feature_name(l->of[i].feature));
		wr_json_double(b, "now", l->of[i].now);
		wr_json_double(b, "usual", digits(l->of[i].usual));
		wr_json_double(b, "most", digits(l->of[i].most));
		wr_json_close(b);
	}
	wr_json_close(b);
	if (hour)
		hours_json(b, hour, n_hours);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* What fits in 80 columns: packets and new connections. */
static const struct wr_view_column columns[] = {{"Address", 21}, {"known", 9},	  {"since", 11},
						{"hours", 8},	 {"now", 7},	  {"usual", 7},
						{"most", 8},	 {"SYN most", 9}, {0}};

void wr_view_learned_head(struct wr_buf *b, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};

	wr_view_table_head(&t, columns);
	wr_view_table_end(&t);
}

static double value(const struct wr_learned *l, enum wr_feature f, bool most)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->of[i].feature == f)
			return most ? l->of[i].most : l->of[i].usual;
	return 0;
}

/* What is called usual at most of one that is hardly known is as good as no bound at all. */
static void most(const struct wr_learned *l, enum wr_feature f, char *to, size_t room)
{
	if (l->seconds < LEAST)
		snprintf(to, room, "unknown");
	else
		wr_view_number(to, (uint64_t)value(l, f, true));
}

/* The day, UTC. */
static void day(uint64_t ns, char *to, size_t room)
{
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;

	if (!s || !gmtime_r(&s, &tm) || !strftime(to, room, "%Y-%m-%d", &tm))
		snprintf(to, room, "-");
}

void wr_view_learned_text(struct wr_buf *b, const struct wr_learned *l, bool color)
{
	struct wr_view_table t = {.b = b, .color = color, .columns = columns};
	char who[80];

	victim(&l->who, who, sizeof(who));
	wr_buf_str(wr_view_table_label(&t), who);
	snprintf(t.cell[1], sizeof(t.cell[1]), "%s", l->kept ? "kept" : wr_view_learned_sure(l));
	day(l->since_ns, t.cell[2], sizeof(t.cell[2]));
	snprintf(t.cell[3], sizeof(t.cell[3]), "%u/%d", l->hours, WR_WEEK_HOURS);
	wr_view_number(t.cell[4], (uint64_t)l->of[0].now);
	wr_view_number(t.cell[5], (uint64_t)value(l, WR_FEATURE_PACKETS, false));
	most(l, WR_FEATURE_PACKETS, t.cell[6], sizeof(t.cell[6]));
	most(l, WR_FEATURE_SYN, t.cell[7], sizeof(t.cell[7]));
	wr_view_table_row(&t);
	wr_view_table_end(&t);
}
