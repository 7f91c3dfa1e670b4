/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "view/fact_json.h"
#include "view/packet.h"
#include "view/table.h"
#include "view/text.h"

/* ---- JSON ---- */

const char *wr_view_rule_state(const struct wr_rule_row *r)
{
	return r->ended ? "ended" : r->shadow ? "shadow" : r->idle ? "idle" : "enforced";
}

void wr_view_rule_fields_json(struct wr_buf *b, const struct wr_rule_row *r)
{
	wr_json_u64(b, "order", r->order);
	wr_json_str(b, "rule_id", r->name);
	wr_json_str(b, "action", r->action);
	wr_json_str(b, "text", r->text);
	wr_json_str(b, "origin", r->origin);
	wr_json_str(b, "state", wr_view_rule_state(r));
	if (r->automatic)
		wr_json_bool(b, "auto", true);
	if (r->unconfirmed)
		wr_json_bool(b, "unconfirmed", true);
	if (r->syncookies > 0)
		wr_json_u64(b, "syncookies", (uint64_t)r->syncookies - 1);
	if (r->why)
		wr_json_str(b, "why", r->why);
	if (r->until_s)
		wr_view_time_json(b, "expires", (uint64_t)r->until_s * 1000000000u);
	wr_view_count_json(b, "matched", r->matched);
	wr_view_count_json(b, r->shadow ? "would_stop" : "stopped", r->stopped);
	wr_json_u64(b, "matched_pps", r->matched_pps);
	wr_json_u64(b, r->shadow ? "would_stop_pps" : "stopped_pps", r->stopped_pps);
}

void wr_view_rule_json(struct wr_buf *b, const struct wr_rule_row *r)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "rule");
	wr_view_rule_fields_json(b, r);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

void wr_view_rules_state_json(struct wr_buf *b, const struct wr_rules_state *s)
{
	wr_json_str(b, "file", s->file);
	if (s->state && s->state[0])
		wr_json_str(b, "state", s->state);
	wr_json_bool(b, "enforced", !s->off);
	wr_json_u64(b, "rules", s->rules);
	wr_json_u64(b, "prefixes", s->prefixes);
	wr_json_u64(b, "paths", s->paths);
	wr_json_u64(b, "changes", s->changes);
	wr_json_u64(b, "put_us", s->put_ns / 1000);
	wr_json_u64(b, "forgiven_ns", s->forgiven_ns);
	if (s->confirm_ms)
		wr_json_u64(b, "confirm_ms", s->confirm_ms);
	if (s->trouble)
		wr_json_str(b, "trouble", s->trouble);
}

/* ---- text ---- */

enum { WIDTH = 80, INDENT = 6 };

static const struct wr_view_column columns[] = {{"Rule", 28},  {"matched", 12}, {"stopped", 12},
						{"pkt/s", 10}, {"ends", 17},	{0}};

void wr_view_rules_head(struct wr_buf *b, const struct wr_rules_state *s, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};

	if (s->off)
		wr_buf_str(b, "Switched off: all is counted, nothing is kept out (weir rule on)\n");
	if (s->confirm_ms)
		wr_buf_fmt(b, "A change is taken back in %" PRIu64 " s (weir rule confirm)\n",
			   (s->confirm_ms + 999) / 1000);
	if (s->trouble)
		wr_buf_fmt(b, "Not in force everywhere: %s\n", s->trouble);
	wr_view_table_head(&t, columns);
	wr_view_table_end(&t);
}

static void put_end(char *to, size_t room, const struct wr_rule_row *r)
{
	time_t t = (time_t)r->until_s;
	struct tm tm;

	snprintf(to, room, "%s", r->ended ? "ended" : "-");
	if (!r->ended && r->until_s && localtime_r(&t, &tm))
		strftime(to, room, "%m-%d %H:%M:%S", &tm);
}

/* As much as fits the line; the rest is in the JSON. */
static void put_text(struct wr_buf *b, const struct wr_rule_row *r)
{
	const char *s = r->text;
	size_t n = strlen(r->name);

	if (!strncmp(s, r->name, n) && s[n] == ':')
		s += n + 2;
	wr_buf_fmt(b, "%*s", INDENT, "");
	if (wr_view_columns(s, true) <= WIDTH - INDENT)
		wr_view_plain(b, s, true);
	else
		wr_view_fit(b, s, WIDTH - INDENT, WR_VIEW_CUT_END, true);
	wr_buf_char(b, '\n');
}

void wr_view_rule_text(struct wr_buf *b, const struct wr_rule_row *r, bool color)
{
	struct wr_view_table t = {.b = b, .color = color, .columns = columns};
	const char *state = r->unconfirmed ? "unconfirmed"
			    : r->ended	   ? ""
			    : r->shadow	   ? "shadow"
			    : r->idle	   ? "idle"
			    : r->automatic ? "auto"
					   : "";

	wr_buf_fmt(wr_view_table_label(&t), "%" PRIu32 " %.14s %s", r->order, r->name, state);
	wr_view_number(t.cell[1], r->matched.packets);
	wr_view_number(t.cell[2], r->stopped.packets);
	wr_view_number(t.cell[3], r->matched_pps);
	put_end(t.cell[4], sizeof(t.cell[4]), r);
	wr_view_table_row(&t);
	wr_view_table_end(&t);
	put_text(b, r);
}

/* What the kernel gives cookies for, by the sysctl. */
static const char *cookies_say(int sysctl)
{
	return sysctl == 0   ? "none are given, nothing is answered"
	       : sysctl == 1 ? "once the service's own queue is full (2: at once)"
			     : "at once";
}

void wr_view_rule_head_text(struct wr_buf *b, const struct wr_rule_row *r, bool color)
{
	struct wr_view_table t = {.b = b, .color = color};
	char end[WR_VIEW_CELL];

	wr_view_table_color(&t, "\033[1m");
	wr_buf_str(b, r->name);
	wr_view_table_color(&t, "\033[0m");
	wr_buf_fmt(b, ": %s", wr_view_rule_state(r));
	put_end(end, sizeof(end), r);
	if (!r->ended && r->until_s)
		wr_buf_fmt(b, ", ends %s", end);
	if (r->unconfirmed)
		wr_buf_str(b, ", not confirmed");
	wr_buf_fmt(b, "\n%*s", INDENT, "");
	wr_view_plain(b, r->text, true);
	wr_buf_char(b, '\n');
	if (r->syncookies > 0)
		wr_buf_fmt(b, "  %-15s net.ipv4.tcp_syncookies = %d: %s\n", "SYN cookies",
			   r->syncookies - 1, cookies_say(r->syncookies - 1));
}
