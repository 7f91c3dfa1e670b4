/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/top_rules.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "ui/cli/ask.h"
#include "view/text.h"

enum { AGAIN_S = 5 };

struct answer {
	struct wr_tui_rule *rows;
	int n, room;
	bool off;
};

static const char *text_of(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static uint64_t number_of(json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static struct wr_count count_of(json_t *o, const char *key)
{
	json_t *c = json_object_get(o, key);

	return (struct wr_count){number_of(c, "packets"), number_of(c, "bytes")};
}

/* The state of most rules is that they end. */
static void put_state(struct wr_tui_rule *to, json_t *o)
{
	uint64_t now = wr_when_now(), end;
	const char *state = text_of(o, "state"), *expires = text_of(o, "expires");
	char cell[WR_VIEW_CELL];
	struct wr_err err;

	snprintf(to->state, sizeof(to->state), "%s", state);
	if (strcmp(state, "enforced") != 0 || !*expires ||
	    wr_when_parse(expires, now, &end, &err) || end <= now)
		return;
	wr_view_duration(cell, end - now);
	snprintf(to->state, sizeof(to->state), "ends in %s", cell);
}

static void put_rule(struct wr_tui_rule *to, json_t *o)
{
	bool shadow = !strcmp(text_of(o, "state"), "shadow");

	*to = (struct wr_tui_rule){0};
	snprintf(to->name, sizeof(to->name), "%s", text_of(o, "rule_id"));
	snprintf(to->action, sizeof(to->action), "%s", text_of(o, "action"));
	snprintf(to->text, sizeof(to->text), "%s", text_of(o, "text"));
	put_state(to, o);
	to->matched = count_of(o, "matched");
	to->matched_now = number_of(o, "matched_pps");
	to->stopped = count_of(o, shadow ? "would_stop" : "stopped");
	to->stopped_now = number_of(o, shadow ? "would_stop_pps" : "stopped_pps");
	to->keeps_out = !shadow && (!strcmp(to->action, "drop") || !strcmp(to->action, "limit"));
}

static int line(void *ctx, const char *text, size_t n)
{
	struct answer *a = ctx;
	json_t *o = json_loadb(text, n, 0, NULL);
	const char *kind = text_of(o, "event_type");

	if (!strcmp(kind, "rule") && a->n < a->room)
		put_rule(&a->rows[a->n++], o);
	else if (!strcmp(kind, "policy"))
		a->off = json_is_false(json_object_get(o, "enforced"));
	json_decref(o);
	return 0;
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

int wr_top_rules(struct wr_top_rules *r, struct wr_tui_rule *rows, int n)
{
	struct answer a = {.rows = rows, .room = n};
	struct wr_err err = {0};
	int ret = 0;

	if (!r->open && r->wait-- > 0)
		return -ENODATA;
	if (!r->open)
		ret = wr_cli_connect(&r->ask, r->conf, r->socket, &err);
	r->open = !ret;
	if (!ret)
		ret = wr_ask_send(&r->ask, "rules", &err);
	if (!ret)
		ret = wr_ask_answer(&r->ask, line, &a, &err);
	all_off(&a);
	if (!ret)
		return a.n;
	wr_top_rules_close(r);
	r->wait = AGAIN_S;
	return -ENODATA;
}

void wr_top_rules_close(struct wr_top_rules *r)
{
	wr_ask_close(&r->ask);
	r->ask = (struct wr_ask){.fd = -1};
	r->open = false;
}
