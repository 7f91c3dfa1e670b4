/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/run_gateways.h"

/*
 * What is done at gateways: by detection against one client (a limit first, a block of who goes on
 * all the same), by policies against those who ask for a route. Who is in api.trust is none of
 * them; of a route's limit the gateway leaves him out (docs/gateways.md).
 */

enum {
	HARDER = 10,	    /* who goes on for such a part of its time with a limit is refused */
	A_MINUTE = 20,	    /* new entries by detection, at most */
	BEHIND_LEAST = 100, /* requests of the client that asks most, behind a balancer */
};

static const char *const verbs[] = {[WR_GATEWAY_DENY] = "deny", [WR_GATEWAY_LIMIT] = "limit"};

bool wr_run_gateways_trusts(const struct wr_run *r, uint8_t ip_v, const uint8_t addr[16])
{
	for (size_t i = 0; i < r->trust.n; i++)
		if (wr_prefix_has(&r->trust.at[i], ip_v, addr))
			return true;
	return false;
}

struct wr_gateway_entry wr_run_gateways_entry(enum wr_gateway_verb verb, uint8_t ip_v,
					      const uint8_t addr[16], uint32_t rate,
					      uint64_t until_s)
{
	struct wr_gateway_entry e = {.verb = (uint8_t)verb,
				     .kind = WR_GATEWAY_ADDRESS,
				     .who = {.ip_v = ip_v, .bits = ip_v == 4 ? 32 : 128},
				     .rate = verb == WR_GATEWAY_LIMIT ? rate : 0,
				     .until_s = until_s};

	memcpy(e.who.addr, addr, sizeof(e.who.addr));
	return e;
}

struct wr_act *wr_run_gateways_at(struct wr_run *r, const char *gateway,
				  const struct wr_gateway_entry *e)
{
	struct wr_act *a = wr_gateways_acts(r->gateways);

	for (int k = 0; k < WR_ACTS; k++)
		if (a[k].id && a[k].state != WR_ACT_LEAVES && !wr_gateway_entry_order(&a[k].e, e) &&
		    !strcmp(a[k].gateway, gateway))
			return &a[k];
	return NULL;
}

/* ---- in words ---- */

static void say_what(struct wr_buf *b, const struct wr_act *a)
{
	time_t until = (time_t)a->e.until_s;
	struct tm tm;
	char at[16];

	gmtime_r(&until, &tm);
	strftime(at, sizeof(at), "%H:%M:%S", &tm);
	wr_buf_fmt(b, "%s%s ", a->state == WR_ACT_SHADOW ? "would " : "", verbs[a->e.verb]);
	wr_gateway_who_print(b, &a->e, true);
	if (a->e.verb == WR_GATEWAY_LIMIT)
		wr_buf_fmt(b, " to %u/s", a->e.rate);
	wr_buf_fmt(b, " at %s until %s UTC", a->gateway, at);
	if (a->state == WR_ACT_SHADOW)
		wr_buf_str(b, ", but detect.auto is shadow");
	else if (a->state == WR_ACT_REFUSED || a->state == WR_ACT_DECLINED)
		wr_buf_fmt(b, ": not done: %.100s", a->why);
	else if (a->state == WR_ACT_WAITS)
		wr_buf_fmt(b, ": not there yet%s%.100s", a->why[0] ? ": " : "", a->why);
}

/* The command that takes it back; of a shadow the one that would do it. */
static void say_command(struct wr_buf *b, const struct wr_act *a)
{
	wr_buf_fmt(b, "weir gateway %s %s %s ", a->state == WR_ACT_SHADOW ? "apply" : "lift",
		   a->gateway, verbs[a->e.verb]);
	if (a->e.kind == WR_GATEWAY_ROUTE) /* of which a shell would make other words */
		wr_buf_fmt(b, "%s \"%s\"", wr_gateway_kind_names[a->e.kind], a->e.name);
	else
		wr_gateway_who_print(b, &a->e, true);
	if (a->state == WR_ACT_SHADOW && a->e.verb == WR_GATEWAY_LIMIT)
		wr_buf_fmt(b, " to %u", a->e.rate);
}

void wr_run_gateways_tell(struct wr_run *r, const struct wr_act *a)
{
	struct wr_buf done = {0}, undo = {0};

	if (!a->finding)
		return;
	say_what(&done, a);
	say_command(&undo, a);
	wr_findings_done(r->findings, a->finding, wr_buf_text(&done), wr_buf_text(&undo),
			 a->state == WR_ACT_STANDS);
	wr_buf_free(&done);
	wr_buf_free(&undo);
}

static void log_act(const struct wr_act *a)
{
	struct wr_buf b = {0};

	wr_buf_str(&b, "gateways: ");
	say_what(&b, a);
	if (a->e.why[0])
		wr_buf_fmt(&b, " (%s)", a->e.why);
	wr_run_log(wr_buf_text(&b));
	wr_buf_free(&b);
}

/* ---- what the process tells ---- */

static void on_act(void *ctx, struct wr_act *a)
{
	struct wr_run *r = ctx;

	if (!a->again && a->state != WR_ACT_WAITS)
		log_act(a);
	wr_run_gateways_tell(r, a);
}

static void on_gateway(void *ctx, const struct wr_gateways_row *row)
{
	char line[400];

	(void)ctx;
	snprintf(line, sizeof(line), "gateways: %s%s%s", row->well ? row->name : "",
		 row->well ? ": is well again" : "", row->why);
	wr_run_log(line);
}

/* -1: there is none any more. */
static int policy_of(const struct wr_run *r, const char *gateway, const struct wr_gateway_entry *e)
{
	char why[WR_GATEWAY_WHY];

	for (size_t i = 0; i < r->whens.n; i++) {
		wr_gateway_when_why(why, &r->whens.at[i]);
		if (r->whens.at[i].consumers == (e->kind == WR_GATEWAY_ROUTE) &&
		    !strcmp(why, e->why) && !strcmp(gateway, r->whens.at[i].gateway))
			return (int)i;
	}
	return -1;
}

/* An earlier weir has put it there: its policy goes on with it, or it leaves. */
static void on_found(void *ctx, const char *gateway, const struct wr_gateway_entry *e)
{
	struct wr_run *r = ctx;
	int policy = policy_of(r, gateway, e);
	struct wr_act *a;

	if (wr_run_gateways_at(r, gateway, e))
		return;
	a = wr_gateways_act(r->gateways, gateway, e, policy, false);
	if (!a)
		return;
	a->state = WR_ACT_STANDS;
	a->sent = true;
	if (policy >= 0)
		r->when_state[policy].acts = r->when_state[policy].blind = true;
	else
		wr_gateways_lift(a);
}

/* ---- detection ---- */

static bool has_room(struct wr_run *r)
{
	if (r->second / 60 != r->auto_minute) {
		r->auto_minute = r->second / 60;
		r->auto_n = 0;
	}
	return r->auto_n < A_MINUTE;
}

static void act(struct wr_run *r, const struct wr_finding *f, const struct wr_finding_source *s,
		enum wr_gateway_verb verb)
{
	uint64_t now_s = wr_run_now_ns() / NS_PER_S, last_s = r->c.gateway.last_ns / NS_PER_S;
	struct wr_gateway_entry e = wr_run_gateways_entry(
		verb, s->ip_v, s->addr, (uint32_t)r->c.gateway.limit, now_s + last_s);
	struct wr_act *a = wr_run_gateways_at(r, r->c.gateway.at, &e);
	bool harder = f->klass == WR_CLASS_API_TRIES || f->klass == WR_CLASS_API_SCRAPING ||
		      f->klass == WR_CLASS_API_TOKENS;

	if (!a) {
		struct wr_gateway_entry softer = e;
		const struct wr_act *limit = NULL;

		softer.verb = WR_GATEWAY_LIMIT;
		if (verb == WR_GATEWAY_DENY)
			limit = wr_run_gateways_at(r, r->c.gateway.at, &softer);
		if (!has_room(r))
			return;
		snprintf(e.why, sizeof(e.why), "detection: %s",
			 wr_class_name((enum wr_finding_class)f->klass));
		a = wr_gateways_act(r->gateways, r->c.gateway.at, &e, -1,
				    r->c.detect.automatic == WR_ANSWER_SHADOW);
		if (!a)
			return;
		r->auto_n++;
		a->harder = limit && limit->state == WR_ACT_STANDS;
		a->finding = f->id;
		a->since_s = now_s;
		if (a->state == WR_ACT_SHADOW)
			log_act(a);
		wr_run_gateways_tell(r, a);
		return;
	}
	if (a->policy >= 0)
		return;
	if (a->state == WR_ACT_DECLINED) { /* as long as it goes on */
		a->e.until_s = now_s + last_s;
		return;
	}
	/* It was only counted, and is to be from now on. */
	if (a->state == WR_ACT_SHADOW && r->c.detect.automatic == WR_ANSWER_ENFORCE) {
		a->state = WR_ACT_WAITS;
		a->e.until_s = now_s + last_s;
		a->since_s = now_s;
	}
	if (a->finding != f->id) {
		a->finding = f->id;
		wr_run_gateways_tell(r, a);
	}
	if (a->state == WR_ACT_STANDS && a->e.until_s < now_s + last_s / 2)
		wr_gateways_longer(a, now_s + last_s);
	if (verb == WR_GATEWAY_LIMIT && harder && a->since_s &&
	    now_s >= a->since_s + last_s / HARDER &&
	    (a->state == WR_ACT_STANDS || a->state == WR_ACT_REFUSED))
		act(r, f, s, WR_GATEWAY_DENY);
}

static bool acts_by_itself(const struct wr_run *r)
{
	return r->gateways && r->c.gateway.at[0] && r->c.detect.automatic != WR_ANSWER_OFF;
}

void wr_run_gateways_finding(struct wr_run *r, enum wr_finding_news news,
			     const struct wr_finding *f, bool alone)
{
	if (!acts_by_itself(r) || news == WR_FINDING_OVER || !alone || !f->n_sources ||
	    wr_run_gateways_trusts(r, f->source[0].ip_v, f->source[0].addr))
		return;
	act(r, f, &f->source[0], WR_GATEWAY_LIMIT);
}

void wr_run_askers_add(void *ctx, const struct wr_api_pulse *p)
{
	struct wr_run_askers *m = ctx;

	for (uint32_t k = 0; k < p->n_askers; k++) {
		const struct wr_api_asker *a = &p->asker[k];
		uint32_t i = 0;

		m->all += a->n;
		while (i < m->n && (m->at[i].ip_v != a->ip_v ||
				    memcmp(m->at[i].addr, a->addr, sizeof(a->addr)) != 0))
			i++;
		if (i == sizeof(m->at) / sizeof(m->at[0]))
			continue;
		if (i == m->n) {
			m->at[m->n] = (struct wr_finding_source){.ip_v = a->ip_v};
			memcpy(m->at[m->n++].addr, a->addr, sizeof(a->addr));
		}
		m->at[i].packets += a->n;
	}
}

bool wr_run_gateways_behind(struct wr_run *r, enum wr_finding_news news, const struct wr_finding *f)
{
	struct wr_run_askers m = {.n = 0};
	uint32_t best = 0;

	for (uint32_t k = 0; k < f->n_sources; k++)
		if (!wr_run_gateways_trusts(r, f->source[k].ip_v, f->source[k].addr))
			return false;
	if (!f->n_sources)
		return false;
	if (!acts_by_itself(r) || news == WR_FINDING_OVER || !r->requests)
		return true;
	wr_api_watch_routes(wr_requests_watched(r->requests), wr_run_askers_add, &m);
	for (uint32_t k = 1; k < m.n; k++)
		if (m.at[k].packets > m.at[best].packets)
			best = k;
	if (m.n && m.at[best].packets >= BEHIND_LEAST && 2 * m.at[best].packets >= m.all &&
	    !wr_run_gateways_trusts(r, m.at[best].ip_v, m.at[best].addr))
		act(r, f, &m.at[best], WR_GATEWAY_LIMIT);
	return true;
}

/* ---- in the run ---- */

int wr_run_gateways_policies(struct wr_run *r, struct wr_err *err)
{
	const struct wr_daemon_conf *c = &r->c;
	struct wr_prefix p;
	int ret = 0;

	for (size_t i = 0; i < c->api.trust.n && !ret; i++)
		if (!wr_prefix_parse(&p, c->api.trust.at[i], strlen(c->api.trust.at[i])))
			ret = wr_prefixes_add(&r->trust, &p);
	wr_prefixes_sort(&r->trust);
	if (ret)
		return wr_fail(err, -ret, "no memory for api.trust");
	return c->gateway.policies[0] ? wr_gateway_whens_read(&r->whens, c->gateway.policies, err)
				      : 0;
}

static bool is_ours(void *ctx, uint8_t ip_v, const uint8_t addr[16])
{
	const struct wr_run *r = ctx;
	const struct wr_act *a = wr_gateways_acts(r->gateways);

	for (int k = 0; k < WR_ACTS; k++)
		if (a[k].id && a[k].state == WR_ACT_STANDS && a[k].e.kind == WR_GATEWAY_ADDRESS &&
		    wr_prefix_has(&a[k].e.who, ip_v, addr))
			return true;
	return false;
}

void wr_run_gateways_open(struct wr_run *r)
{
	const struct wr_gateways_ops ops = {on_act, on_found, on_gateway, r};

	if (!r->gateways)
		return;
	wr_gateways_ops(r->gateways, &ops);
	if (r->requests)
		wr_requests_ours(r->requests, is_ours, r);
	if (!r->requests && (r->c.gateway.at[0] || r->whens.n))
		wr_run_log(
			"gateways: nothing tells of requests (api.listen, api.udp): detection and "
			"policies do nothing at gateways");
}

void wr_run_gateways_second(struct wr_run *r)
{
	if (!r->gateways)
		return;
	wr_run_policies(r);
	wr_gateways_second(r->gateways, wr_run_now_ns() / NS_PER_S, r->acts.starts);
}

void wr_run_gateways_status(struct wr_run *r, struct wr_status *s)
{
	const struct wr_gateways_row *rows;
	const struct wr_act *a;

	if (!r->gateways)
		return;
	s->gateways.on = true;
	s->gateways.pid = r->acts.front;
	s->gateways.restarts = r->acts.starts ? r->acts.starts - 1 : 0;
	s->gateways.rights = r->acts.rights;
	s->gateways.why = r->acts.why;
	s->gateways.n = wr_gateways_rows(r->gateways, &rows);
	for (uint32_t k = 0; k < s->gateways.n; k++)
		r->gateway_rows[k] = (struct wr_status_gateway){rows[k].name, rows[k].why,
								rows[k].in_force, rows[k].foreign};
	s->gateways.at = r->gateway_rows;
	s->gateways.no_room = wr_gateways_no_room(r->gateways);
	s->gateways.policies = (uint32_t)r->whens.n;
	for (size_t i = 0; i < r->whens.n; i++)
		s->gateways.acting += r->when_state[i].acts;
	a = wr_gateways_acts(r->gateways);
	for (int k = 0; k < WR_ACTS; k++) {
		s->gateways.stands += a[k].id && a[k].state == WR_ACT_STANDS;
		s->gateways.waits += a[k].id && a[k].state == WR_ACT_WAITS;
		s->gateways.refused += a[k].id && a[k].state == WR_ACT_REFUSED;
		s->gateways.shadow += a[k].id && a[k].state == WR_ACT_SHADOW;
	}
}
