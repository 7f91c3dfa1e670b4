/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/when.h"
#include "daemon/rules_impl.h"

/*
 * What became of rules: since when each is a shadow or enforced, and what it had counted then. So
 * what a shadow has predicted can be held against what came of it.
 */

/* ---- since when ---- */

static struct wr_rule_phase phase_of(const struct wr_rules_past *p, const struct wr_rule_count *now)
{
	return (struct wr_rule_phase){
		.since_ns = p->since_ns,
		.ns = wr_loop_now_ns() - p->mono_ns,
		.matched = {now->packets - p->at.packets, now->bytes - p->at.bytes},
		.stopped = {now->hit_packets - p->at.hit_packets, now->hit_bytes - p->at.hit_bytes},
	};
}

/* The first policy is no change: it stands in files. */
static void tell(const struct wr_rules *r, const struct wr_policy *p, const struct wr_rule *x,
		 const char *state)
{
	struct wr_buf text = {0};
	struct wr_rules_event e = {
		.at_ns = wr_when_now(),
		.expires_ns = x->until_s > 0 ? (uint64_t)x->until_s * 1000000000u : 0,
		.state = state,
		.action = wr_rules_action(x->action),
		.who = r->who ? r->who : "its end",
	};

	if (!r->conf.changed || !r->live)
		return;
	wr_policy_print_rule(&text, p, x);
	e.text = wr_buf_text(&text);
	r->conf.changed(r->conf.changed_ctx, &e);
	wr_buf_free(&text);
}

/* Of the policy that was in force until now. */
static void tell_gone(const struct wr_rules *r, const struct wr_rules_past *p)
{
	int at = wr_policy_rule(r->all, p->name);

	if (at >= 0)
		tell(r, r->all, &r->all->rule[at],
		     p->until_s && p->until_s <= wr_rules_now_s() ? "expired" : "deleted");
}

static void note_rule(struct wr_rules *r, const struct wr_policy *policy, uint16_t slot,
		      const struct wr_rule *x)
{
	struct wr_rules_past *p = &r->past[slot];
	bool is_new = strcmp(p->name, x->name) != 0;
	struct wr_rule_count now;

	p->there = true;
	p->until_s = x->until_s;
	if (!is_new && p->shadow == x->shadow)
		return;
	wr_force_count(r->force, slot, &now);
	if (is_new)
		*p = (struct wr_rules_past){.there = true, .until_s = x->until_s};
	else if (p->shadow)
		p->last_shadow = phase_of(p, &now);
	memcpy(p->name, x->name, sizeof(p->name));
	p->shadow = x->shadow;
	p->since_ns = wr_when_now();
	p->mono_ns = wr_loop_now_ns();
	p->at = now;
	tell(r, policy, x, x->shadow ? "shadow" : "active");
}

void wr_rules_note(struct wr_rules *r, const struct wr_policy *p)
{
	struct wr_err err = {0};

	for (size_t i = 0; i < WR_JUDGE_RULES; i++)
		r->past[i].there = false;
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rule[i].action != WR_ACTION_CLASS)
			note_rule(r, p, r->slot[i], &p->rule[i]);
	for (size_t i = 0; i < WR_JUDGE_RULES; i++) {
		if (r->past[i].there || !r->past[i].name[0])
			continue;
		tell_gone(r, &r->past[i]);
		r->past[i].name[0] = 0;
	}
	if (wr_shadows_follow(r->shadows, p, &err))
		wr_rules_say(r, "policy: whom shadows would hit is not found out: %s", err.text);
}

/* ---- whom shadows would hit ---- */

/* What is known of a connection that had its addresses and ports before is not of this one. */
static void begin_flow(struct wr_rules *r, const struct wr_live_part *part,
		       const struct wr_flow *flow)
{
	const struct wr_app *app;

	if (!r->hosts.in_force.n || flow->key.proto != WR_IP_TCP ||
	    flow->sent[0].packets + flow->sent[1].packets != part->flow.n.packets ||
	    !((flow->tcp_flags[0] | flow->tcp_flags[1]) & WR_TCP_SYN))
		return;
	app = wr_live_app(r->live, flow);
	if (!app || app->at_ns >= flow->first_ns)
		return;
	wr_hosts_forget(&r->hosts, &flow->key);
	wr_live_app_drop(r->live, &flow->key);
}

static void on_part(void *ctx, const struct wr_live_part *part, const struct wr_flow *flow)
{
	struct wr_rules *r = ctx;

	wr_shadows_part(r->shadows, r->live, part, flow);
	begin_flow(r, part, flow);
}

static void on_app(void *ctx, const struct wr_app *app)
{
	struct wr_rules *r = ctx;

	wr_hosts_app(&r->hosts, app);
}

/*
 * A connection that was silent for long, or has made room, may go on: its marks stay until its end
 * was seen, or another connection has the same addresses and ports.
 */
void wr_rules_flow_end(struct wr_rules *r, const struct wr_flow *f)
{
	bool may_go_on = f->key.proto == WR_IP_TCP && f->end_reason != WR_FLOW_END_SEEN;

	if (f->end_reason == WR_FLOW_END_ACTIVE || may_go_on || !r->live)
		return;
	wr_hosts_forget(&r->hosts, &f->key);
	wr_live_app_drop(r->live, &f->key);
}

void wr_rules_watch(struct wr_rules *r, struct wr_live *live)
{
	struct wr_live_tap tap = {.ctx = r, .part = on_part, .app = on_app};

	r->live = live;
	wr_live_tap(live, &tap);
}

void wr_rules_packet(struct wr_rules *r, const struct wr_packet *pkt)
{
	if (r->live)
		wr_shadows_packet(r->shadows, r->live, pkt);
}

/* ---- the report ---- */

static uint32_t order_of(const struct wr_rules *r, uint32_t rule)
{
	uint32_t *order = calloc(r->all->n_rules + 1, sizeof(*order)), i = 0;

	if (!order)
		return 0;
	wr_policy_order(r->all, order);
	while (i < r->all->n_rules && order[i] != rule)
		i++;
	free(order);
	return i + 1;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct wr_packet *)a)->ts_ns, y = ((const struct wr_packet *)b)->ts_ns;

	return (x > y) - (x < y);
}

/* Oldest first. */
static uint32_t copy_packets(const struct wr_shadow *x, struct wr_packet out[WR_SHADOW_PACKETS])
{
	uint32_t n = 0;

	for (int i = 0; i < WR_SHADOW_PACKETS; i++)
		if (x->packet[i].pkt.ts_ns)
			out[n++] = x->packet[i].pkt;
	qsort(out, n, sizeof(out[0]), by_time);
	return n;
}

int wr_rules_report(const struct wr_rules *r, const char *rule,
		    void (*fn)(void *ctx, const struct wr_rule_report *report), void *ctx,
		    struct wr_err *err)
{
	struct wr_packet packet[WR_SHADOW_PACKETS];
	int at = wr_policy_rule(r->all, rule);
	const struct wr_shadow *x = wr_shadows_of(r->shadows, rule);
	struct wr_rule_report report = {0};
	const struct wr_rules_past *past;
	struct wr_buf text = {0};
	struct wr_rule_row row;
	struct wr_rule_count now;

	if (at < 0)
		return wr_fail(err, ENOENT, "there is no rule '%s' (weir rule list)", rule);
	wr_rules_row(r, (size_t)at, order_of(r, (uint32_t)at), &text, &row);
	report.row = &row;
	past = &r->past[r->slot[at]];
	if (r->all->rule[at].action != WR_ACTION_CLASS && !strcmp(past->name, rule)) {
		wr_force_count(r->force, r->slot[at], &now);
		*(past->shadow ? &report.shadow : &report.enforced) = phase_of(past, &now);
		if (!past->shadow)
			report.shadow = past->last_shadow;
	}
	if (x) {
		report.hits = &x->hits;
		report.sampled = x->sampled;
		report.packet = packet;
		report.packets = copy_packets(x, packet);
	}
	fn(ctx, &report);
	wr_buf_free(&text);
	return 0;
}
