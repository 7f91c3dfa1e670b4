/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/ledger.h"

#include <inttypes.h>

#include "core/reason.h"
#include "view/fact_json.h"
#include "view/packet.h"

static void bad_json(struct wr_buf *b, const struct wr_ledger *row)
{
	wr_json_open_key(b, "malformed");
	for (int i = 1; i < WR_BAD_COUNT; i++)
		if (row->bad[i])
			wr_json_u64(b, wr_view_bad((uint8_t)i), row->bad[i]);
	wr_json_close(b);
}

/* ---- by rule ---- */

static struct wr_count dropped_by(const struct wr_ledger_rule *r)
{
	return r->dropped;
}

static struct wr_count limited_by(const struct wr_ledger_rule *r)
{
	return r->limited;
}

/* Of an earlier time, when packets were held against a policy: there is a sum only. */
static struct wr_ledger_rule gone_by(const struct wr_ledger *row)
{
	return (struct wr_ledger_rule){
		.name = "(gone)", .dropped = row->dropped, .limited = row->limited};
}

static void rules_json(struct wr_buf *b, const char *key, const struct wr_ledger *row,
		       struct wr_count (*of)(const struct wr_ledger_rule *r))
{
	struct wr_ledger_rule gone = gone_by(row);
	const struct wr_ledger_rule *rule = row->n_rules ? row->rule : &gone;
	uint32_t n = row->n_rules ? row->n_rules : 1;

	wr_json_open_key(b, key);
	for (uint32_t i = 0; i < n; i++)
		if (of(&rule[i]).packets)
			wr_view_count_json(b, rule[i].name, of(&rule[i]));
	wr_json_close(b);
}

static void rules_text(struct wr_buf *b, const char *word, const struct wr_ledger *row,
		       struct wr_count (*of)(const struct wr_ledger_rule *r))
{
	struct wr_ledger_rule gone = gone_by(row);
	const struct wr_ledger_rule *rule = row->n_rules ? row->rule : &gone;
	uint32_t n = row->n_rules ? row->n_rules : 1;

	for (uint32_t i = 0; i < n; i++)
		if (of(&rule[i]).packets)
			wr_buf_fmt(b, "  %s %15" PRIu64 "   by rule %s\n", word,
				   of(&rule[i]).packets, rule[i].name);
}

void wr_view_ledger_json(struct wr_buf *b, const struct wr_ledger *row)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", "ledger");
	if (row->iface[0])
		wr_json_str(b, "in_iface", row->iface);
	wr_json_str(b, "hook", wr_hook_name(row->hook));
	wr_view_time_json(b, "since", row->since_ns);
	wr_view_count_json(b, "arrived", row->arrived);
	wr_view_count_json(b, "passed", row->passed);
	rules_json(b, "dropped", row, dropped_by);
	rules_json(b, "limited", row, limited_by);
	if (row->answered)
		wr_json_u64(b, "answered", row->answered);
	wr_view_count_json(b, "matched", row->matched);
	wr_json_open_key(b, "records");
	wr_json_u64(b, "made", row->made);
	wr_json_u64(b, "seen", row->seen);
	wr_json_open_key(b, "lost");
	for (int i = 0; i < WR_LOST_COUNT; i++)
		if (row->lost[i])
			wr_json_u64(b, wr_lost_name(i), row->lost[i]);
	wr_json_close(b);
	wr_json_u64(b, "waiting", row->waiting);
	wr_json_close(b);
	bad_json(b, row);
	wr_json_bool(b, "balanced", row->balanced);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static uint64_t lost_of(const struct wr_ledger *row)
{
	uint64_t n = 0;

	for (int i = 0; i < WR_LOST_COUNT; i++)
		n += row->lost[i];
	return n;
}

static void row_text(struct wr_buf *b, const struct wr_ledger *row)
{
	wr_buf_fmt(b, "%s (%s)\n", row->iface[0] ? row->iface : "file", wr_hook_text(row->hook));
	wr_buf_fmt(b, "  arrived %15" PRIu64 "   %" PRIu64 " bytes\n", row->arrived.packets,
		   row->arrived.bytes);
	wr_buf_fmt(b, "  passed  %15" PRIu64 "\n", row->passed.packets);
	rules_text(b, "dropped", row, dropped_by);
	rules_text(b, "limited", row, limited_by);
	if (row->answered)
		wr_buf_fmt(b, "  of them %15" PRIu64 "   answered with SYN cookies\n",
			   row->answered);
	if (row->matched.packets != row->arrived.packets)
		wr_buf_fmt(b, "  chosen  %15" PRIu64 "   by the filter\n", row->matched.packets);
	wr_buf_fmt(b, "  records %15" PRIu64 "   seen %" PRIu64 ", lost %" PRIu64, row->made,
		   row->seen, lost_of(row));
	if (row->waiting)
		wr_buf_fmt(b, ", %" PRIu64 " on their way", row->waiting);
	wr_buf_char(b, '\n');
	for (int i = 0; i < WR_LOST_COUNT; i++)
		if (row->lost[i])
			wr_buf_fmt(b, "  lost    %15" PRIu64 "   %s: %s\n", row->lost[i],
				   wr_lost_name(i), wr_lost_remedy(i));
	for (int i = 1; i < WR_BAD_COUNT; i++)
		if (row->bad[i])
			wr_buf_fmt(b, "  broken  %15" PRIu64 "   %s: %s\n", row->bad[i],
				   wr_view_bad((uint8_t)i), wr_view_bad_text((uint8_t)i));
	wr_buf_str(b, row->balanced ? "  balanced: every packet is accounted for\n"
				    : "  NOT BALANCED: please report this as a defect\n");
}

void wr_view_ledger_text(struct wr_buf *b, const struct wr_ledger *rows, int n)
{
	for (int i = 0; i < n; i++)
		row_text(b, &rows[i]);
}
