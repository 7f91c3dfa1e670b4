/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/run_gateways.h"

/* Policies over routes: who asks for one that is not well is limited until it is. */

enum { POLICY_S = 120 }; /* an entry lasts so long behind what it waits for */

struct sums {
	struct wr_run *r;
	struct {
		uint32_t requests, errors, timed;
		uint64_t p95_ns;
		char route[WR_API_ROUTE]; /* the last one of it */
		struct wr_run_askers who;
	} of[WR_GATEWAY_WHENS];
};

static void add_pulse(void *ctx, const struct wr_api_pulse *p)
{
	struct sums *s = ctx;

	for (size_t i = 0; i < s->r->whens.n; i++) {
		if (!wr_gateway_when_is(&s->r->whens.at[i], p->route))
			continue;
		s->of[i].requests += p->requests;
		s->of[i].errors += p->errors;
		s->of[i].timed += p->timed;
		if (p->p95_ns > s->of[i].p95_ns)
			s->of[i].p95_ns = p->p95_ns;
		snprintf(s->of[i].route, sizeof(s->of[i].route), "%s", p->route);
		wr_run_askers_add(&s->of[i].who, p);
	}
}

/* One entry of a policy: made, or kept in force. false: there is no room. */
static bool keep(struct wr_run *r, int i, struct wr_gateway_entry *e, const char *route)
{
	const struct wr_gateway_when *w = &r->whens.at[i];
	uint64_t now_s = wr_run_now_ns() / NS_PER_S, last_s = POLICY_S + w->below_s;
	enum wr_finding_class klass =
		w->measure == WR_GATEWAY_ERRORS ? WR_CLASS_API_ERRORS : WR_CLASS_API_SLOW;
	struct wr_act *a = wr_run_gateways_at(r, w->gateway, e);

	wr_gateway_when_why(e->why, w);
	e->until_s = now_s + last_s;
	if (a && a->state == WR_ACT_SHADOW) {
		a->id = 0;
		a = NULL;
	}
	if (!a)
		a = wr_gateways_act(r->gateways, w->gateway, e, i, false);
	if (!a)
		return false;
	/* It is found later than a policy may act. */
	if (a->policy == i && a->state == WR_ACT_DECLINED)
		a->e.until_s = now_s + last_s;
	if (a->policy == i && !a->finding) {
		a->finding = wr_run_requests_finding(r, klass, route);
		wr_run_gateways_tell(r, a);
	}
	if (a->policy == i && a->state == WR_ACT_STANDS && a->e.until_s < now_s + last_s / 2)
		wr_gateways_longer(a, now_s + last_s);
	return true;
}

/* Each client that asks for it now; or the route, whose consumers the gateway tells apart. */
static void limit(struct wr_run *r, int i, const struct wr_run_askers *who, const char *route)
{
	const struct wr_gateway_when *w = &r->whens.at[i];
	struct wr_gateway_entry e = {
		.verb = WR_GATEWAY_LIMIT, .kind = WR_GATEWAY_ROUTE, .rate = w->rate};

	if (w->consumers) {
		if (!wr_gateway_route(e.name, w->route, NULL))
			keep(r, i, &e, route);
		return;
	}
	for (uint32_t k = 0; k < who->n; k++) {
		e = wr_run_gateways_entry(WR_GATEWAY_LIMIT, who->at[k].ip_v, who->at[k].addr,
					  w->rate, 0);
		if (!who->at[k].packets || wr_run_gateways_trusts(r, e.who.ip_v, e.who.addr))
			continue;
		if (!keep(r, i, &e, route))
			return;
	}
}

static void take_back(struct wr_run *r, int i)
{
	struct wr_act *a = wr_gateways_acts(r->gateways);

	for (int k = 0; k < WR_ACTS; k++) {
		if (!a[k].id || a[k].policy != i)
			continue;
		if (a[k].finding)
			wr_findings_done(r->findings, a[k].finding, "", "", false);
		wr_gateways_lift(&a[k]);
	}
}

static void say_policy(const struct wr_gateway_when *w, const char *what, double value)
{
	struct wr_buf b = {0};

	wr_buf_fmt(&b, "gateways: policy line %u: %s", w->line, what);
	if (w->measure == WR_GATEWAY_ERRORS)
		wr_buf_fmt(&b, " (errors %.1f%%): ", value * 100);
	else
		wr_buf_fmt(&b, " (latency %.0f ms): ", value / 1e6);
	wr_gateway_when_print(&b, w);
	wr_run_log(wr_buf_text(&b));
	wr_buf_free(&b);
}

void wr_run_policies(struct wr_run *r)
{
	static struct sums s; /* large */

	if (!r->whens.n || !r->requests)
		return;
	memset(&s, 0, sizeof(s));
	s.r = r;
	wr_api_watch_routes(wr_requests_watched(r->requests), add_pulse, &s);
	for (size_t i = 0; i < r->whens.n; i++) {
		const struct wr_gateway_when *w = &r->whens.at[i];
		bool errors = w->measure == WR_GATEWAY_ERRORS, acted = r->when_state[i].acts;
		bool known = (errors ? s.of[i].requests : s.of[i].timed) >= WR_API_ENOUGH;
		double value = !errors		  ? (double)s.of[i].p95_ns
			       : s.of[i].requests ? (double)s.of[i].errors / s.of[i].requests
						  : 0;
		enum wr_gateway_when_step step =
			wr_gateway_when_second(w, &r->when_state[i], known, value);

		if (step == WR_GATEWAY_WHEN_ACT && !acted)
			say_policy(w, "acts", value);
		/* Who asks when it is already better has not made it bad. */
		if (step == WR_GATEWAY_WHEN_ACT && known && value > w->below)
			limit(r, (int)i, &s.of[i].who, s.of[i].route);
		if (step != WR_GATEWAY_WHEN_BACK)
			continue;
		say_policy(w, "has recovered, is taken back", value);
		take_back(r, (int)i);
	}
}
