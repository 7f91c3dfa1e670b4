/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "base/json.h"
#include "base/unit.h"
#include "gateway/when.h"
#include "ui/cli/gateway.h"
#include "ui/cli/gateway_job.h"

/* What weir gateway prints. */

static const char *const states[] = {"want", "put", "gone", "longer"};
static const char *const verbs[] = {"deny", "limit"};
_Static_assert(sizeof(states) / sizeof(states[0]) == WR_GATEWAY_STATES, "a state has no name");
_Static_assert(sizeof(verbs) / sizeof(verbs[0]) == WR_GATEWAY_VERBS, "a verb has no name");

static void begin(struct wr_buf *b, const char *type, const char *name)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", type);
	wr_json_str(b, "gateway", name);
}

static void end(struct wr_buf *b)
{
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- a gateway ---- */

static void row_json(struct wr_buf *b, const struct wr_gateway *g,
		     const struct wr_gateway_ledger *l)
{
	uint32_t can = wr_gateway_can(g);

	begin(b, "gateway", g->name);
	wr_json_str(b, "driver", wr_gateway_driver_name(g));
	wr_json_str(b, "where", wr_gateway_where(g));
	wr_json_array(b, "can");
	for (const struct wr_gateway_can *c = wr_gateway_cans; c->name; c++)
		if (can & c->bit)
			wr_json_str(b, NULL, c->name);
	wr_json_end_array(b);
	wr_json_u64(b, "entries", l->set.n);
	wr_json_u64(b, "generation", l->generation);
	end(b);
}

void wr_cli_gateway_row(struct wr_buf *b, bool json, const struct wr_gateway *g,
			const struct wr_gateway_ledger *l)
{
	if (json) {
		row_json(b, g, l);
		return;
	}
	wr_buf_str(b, g->name);
	wr_buf_pad(b, 17);
	wr_buf_str(b, wr_gateway_driver_name(g));
	wr_buf_pad(b, 26);
	wr_buf_fmt(b, "%8zu  %s\n", l->set.n, wr_gateway_where(g));
}

/* ---- its entries ---- */

static void entry_json(struct wr_buf *b, const struct wr_gateway *g,
		       const struct wr_gateway_entry *e)
{
	struct wr_buf who = {0};

	wr_gateway_who_print(&who, e, false);
	begin(b, "gateway_entry", g->name);
	wr_json_str(b, "verb", verbs[e->verb]);
	wr_json_str(b, e->kind == WR_GATEWAY_ADDRESS ? "prefix" : wr_gateway_kind_names[e->kind],
		    wr_buf_text(&who));
	if (e->verb == WR_GATEWAY_LIMIT)
		wr_json_u64(b, "rate", e->rate);
	wr_json_time(b, "until", e->until_s * NS_PER_S);
	wr_json_str(b, "state", states[e->state]);
	if (e->why[0])
		wr_json_str(b, "why", e->why);
	end(b);
	wr_buf_free(&who);
}

static void entry_text(struct wr_buf *b, const struct wr_gateway_entry *e, uint64_t now_s)
{
	char left[WR_UNIT_TEXT] = "0s";

	if (e->until_s > now_s)
		wr_unit_duration_text(left, (e->until_s - now_s) * NS_PER_S);
	wr_buf_fmt(b, "%-5s ", verbs[e->verb]);
	wr_gateway_who_print(b, e, true);
	if (e->verb == WR_GATEWAY_LIMIT)
		wr_buf_fmt(b, " to %u/s", e->rate);
	wr_buf_fmt(b, ", %s left, %s", left,
		   e->state == WR_GATEWAY_PUT || e->state == WR_GATEWAY_LONGER ? "put there"
		   : e->state == WR_GATEWAY_GONE ? "is to be taken out"
						 : "not there yet");
	if (e->why[0])
		wr_buf_fmt(b, ": %s", e->why);
	wr_buf_char(b, '\n');
}

void wr_cli_gateway_entries(struct wr_buf *b, bool json, const struct wr_gateway *g,
			    const struct wr_gateway_ledger *l, uint64_t now_s)
{
	for (size_t i = 0; i < l->set.n; i++)
		if (json)
			entry_json(b, g, &l->set.at[i]);
		else
			entry_text(b, &l->set.at[i], now_s);
}

/* ---- a policy ---- */

void wr_cli_gateway_policy(struct wr_buf *b, bool json, const struct wr_gateway_when *w,
			   size_t entries)
{
	struct wr_buf text = {0};

	wr_gateway_when_print(&text, w);
	if (json) {
		begin(b, "gateway_policy", w->gateway);
		wr_json_u64(b, "line", w->line);
		wr_json_str(b, "text", wr_buf_text(&text));
		wr_json_u64(b, "entries", entries);
		end(b);
	} else {
		wr_buf_fmt(b, "%4u  %-8s %s\n", w->line, entries ? "ACTS" : "rests",
			   wr_buf_text(&text));
		if (entries)
			wr_buf_fmt(b, "      %zu %s limited (weir gateway list %s)\n", entries,
				   w->consumers ? "route" : "clients", w->gateway);
	}
	wr_buf_free(&text);
}

/* ---- what was done ---- */

static void result_json(struct wr_buf *b, const struct wr_gateway *g,
			const struct wr_gateway_result *r)
{
	begin(b, "gateway_change", g->name);
	wr_json_u64(b, "added", r->added);
	wr_json_u64(b, "changed", r->changed);
	wr_json_u64(b, "removed", r->removed);
	wr_json_u64(b, "in_force", r->in_force);
	wr_json_u64(b, "foreign", r->foreign);
	wr_json_u64(b, "taken", r->taken);
	wr_json_u64(b, "untaken", r->untaken);
	wr_json_u64(b, "steps", r->steps);
	wr_json_u64(b, "generation", r->generation);
	end(b);
}

void wr_cli_gateway_result(struct wr_buf *b, bool json, const struct wr_gateway *g,
			   const struct wr_gateway_result *r)
{
	if (json) {
		result_json(b, g, r);
		return;
	}
	wr_buf_fmt(b, "%s: %zu added, %zu changed, %zu taken out; %zu of weir in %s", g->name,
		   r->added, r->changed, r->removed, r->in_force,
		   wr_gateway_can(g) & WR_GATEWAY_CAN_CONFIRM ? "force" : "its file");
	if (r->foreign)
		wr_buf_fmt(b, ", %zu of others left alone", r->foreign);
	wr_buf_char(b, '\n');
	if (r->taken)
		wr_buf_fmt(b,
			   "%s: %zu not put there: others have an entry for the same (%s); take it "
			   "out "
			   "there, or lift it here\n",
			   g->name, r->taken, r->first_taken);
	if (r->untaken)
		wr_buf_fmt(b, "%s: %zu ended, for its configuration no longer takes them: %s\n",
			   g->name, r->untaken, r->first_untaken);
}

/* ---- what was looked at ---- */

void wr_cli_gateway_check(struct wr_buf *b, bool json, const char *name, enum wr_gateway_mark mark,
			  const char *text, const char *mend)
{
	static const char *const marks[] = {"ok", "warn", "bad"};
	static const char *const shown[] = {"ok    ", "warn  ", "BAD   "};

	if (!json) {
		wr_buf_fmt(b, "%s%s\n", shown[mark], text);
		if (mend)
			wr_buf_fmt(b, "      -> %s\n", mend);
		return;
	}
	begin(b, "gateway_check", name);
	wr_json_str(b, "mark", marks[mark]);
	wr_json_str(b, "text", text);
	if (mend)
		wr_json_str(b, "mend", mend);
	end(b);
}
