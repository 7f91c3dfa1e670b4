/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/top_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "view/text.h"

struct answer {
	struct wr_tui_rule *rows;
	int n, room;
	bool off;
};

/* The state of most rules is that they end. */
static void put_state(struct wr_tui_rule *to, const json_t *o)
{
	uint64_t now = wr_when_now(), end;
	const char *state = wr_top_text(o, "state"), *expires = wr_top_text(o, "expires");
	char cell[WR_VIEW_CELL];
	struct wr_err err;

	snprintf(to->state, sizeof(to->state), "%s", state);
	if (strcmp(state, "enforced") != 0 || !*expires ||
	    wr_when_parse(expires, now, &end, &err) || end <= now)
		return;
	wr_view_duration(cell, end - now);
	snprintf(to->state, sizeof(to->state), "ends in %s", cell);
}

static void put_rule(struct wr_tui_rule *to, const json_t *o)
{
	bool shadow = !strcmp(wr_top_text(o, "state"), "shadow");

	*to = (struct wr_tui_rule){0};
	snprintf(to->name, sizeof(to->name), "%s", wr_top_text(o, "rule_id"));
	snprintf(to->action, sizeof(to->action), "%s", wr_top_text(o, "action"));
	snprintf(to->text, sizeof(to->text), "%s", wr_top_text(o, "text"));
	put_state(to, o);
	to->matched = wr_top_count(o, "matched");
	to->matched_now = wr_top_number(o, "matched_pps");
	to->stopped = wr_top_count(o, shadow ? "would_stop" : "stopped");
	to->stopped_now = wr_top_number(o, shadow ? "would_stop_pps" : "stopped_pps");
	to->keeps_out = !shadow && (!strcmp(to->action, "drop") || !strcmp(to->action, "limit"));
}

static void row(void *ctx, const json_t *o)
{
	struct answer *a = ctx;
	const char *kind = wr_top_text(o, "event_type");

	if (!strcmp(kind, "rule") && a->n < a->room)
		put_rule(&a->rows[a->n++], o);
	else if (!strcmp(kind, "policy"))
		a->off = json_is_false(json_object_get(o, "enforced"));
}

/* Switched off, a rule that would keep something out does not. */
static void all_off(struct answer *a)
{
	for (int i = 0; a->off && i < a->n; i++) {
		if (!a->rows[i].keeps_out)
			continue;
		a->rows[i].keeps_out = false;
		snprintf(a->rows[i].state, sizeof(a->rows[i].state), "off");
	}
}

int wr_top_rules(struct wr_top_ask *ask, struct wr_tui_rule *rows, int n)
{
	struct answer a = {.rows = rows, .room = n};
	int ret = wr_top_ask(ask, "rules", row, &a);

	if (ret)
		return ret;
	all_off(&a);
	return a.n;
}
