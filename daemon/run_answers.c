/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/peers.h"
#include "daemon/run_impl.h"
#include "explain/explain.h"

enum { RESOLVERS = 8, ADDRESS_MOST = 48, EXPLAIN_FOR_S = 600 };

/* Rules that detection makes (detect/answer.h), put in as if somebody had typed them: with the same
 * guards, in history, for everybody to see and to take out (weir rule). */

static const struct wr_rule *rule_of(const struct wr_run *r, const char *name)
{
	const struct wr_policy *p = r->rules ? wr_rules_policy(r->rules) : NULL;
	int at = p ? wr_policy_rule(p, name) : -1;

	return at < 0 ? NULL : &p->rule[at];
}

static int put(void *ctx, const char *name, const char *statement)
{
	struct wr_run *r = ctx;
	struct wr_rules_change c = {
		.text = statement, .replace = true, .by = WR_CHANGER_DETECTION, .who = "detection"};
	char called[WR_POLICY_NAME], line[sizeof(r->answered)];
	struct wr_err err = {0};
	int ret = wr_rules_add(r->rules, &c, called, &err);

	(void)name; /* it stands in the statement */
	if (ret)
		snprintf(line, sizeof(line), "detection: no rule: %s", err.text);
	else
		snprintf(line, sizeof(line), "detection: %s", statement);
	if (strcmp(r->answered, line) != 0) /* not the same again and again */
		wr_run_log(line);
	memcpy(r->answered, line, sizeof(line));
	return ret;
}

static void take(void *ctx, const struct wr_answer *a)
{
	struct wr_run *r = ctx;
	struct wr_rules_change c = {.text = a->name,
				    .by = WR_CHANGER_DETECTION,
				    .counted_out = true,
				    .who = "detection"};
	char called[WR_POLICY_NAME];
	struct wr_err err = {0};
	const struct wr_rule *x = rule_of(r, a->name);

	if (x && x->automatic) /* it may have ended by itself */
		wr_rules_del(r->rules, &c, called, &err);
}

static bool taken(void *ctx, const char *name)
{
	return rule_of(ctx, name) != NULL;
}

static enum wr_answer_is is(void *ctx, const struct wr_answer *a)
{
	const struct wr_run *r = ctx;
	const struct wr_rule *x = rule_of(r, a->name);

	if (!x)
		return WR_ANSWER_GONE;
	return x->automatic && x->shadow == (a->mode == WR_ANSWER_SHADOW) ? WR_ANSWER_THERE
									  : WR_ANSWER_TURNED;
}

struct stops {
	const char *name;
	struct wr_count n;
};

static void add_stopped(void *ctx, const struct wr_rule_row *row)
{
	struct stops *s = ctx;

	if (!strcmp(row->name, s->name))
		s->n = row->stopped;
}

static struct wr_count stopped(void *ctx, const struct wr_answer *a)
{
	const struct wr_run *r = ctx;
	struct stops s = {.name = a->name};

	wr_rules_each(r->rules, add_stopped, &s);
	return s.n;
}

struct hits {
	struct wr_finding_source *who;
	uint32_t n;
	uint64_t all;
};

/* Of what is counted for another one nothing is counted for him. */
static void add_hit(const struct hits *to, const uint8_t addr[16], const struct wr_hit *x)
{
	for (uint32_t i = 0; i < to->n; i++)
		if (!memcmp(to->who[i].addr, addr, sizeof(to->who[i].addr)))
			to->who[i].packets += x->n.packets - x->over.packets;
}

static void add_hits(void *ctx, const struct wr_rule_report *report)
{
	const struct wr_hits *h = report->hits;
	struct hits *to = ctx;

	to->all = h ? h->all.packets : 0;
	for (uint32_t i = 0; h && i < h->sources.n; i++)
		add_hit(to, h->sources.at[i].key.addr[0], &h->sources.at[i]);
}

static uint64_t hits(void *ctx, const struct wr_answer *a, struct wr_finding_source *who,
		     uint32_t n)
{
	const struct wr_run *r = ctx;
	struct hits to = {who, n, 0};
	struct wr_err err = {0};

	wr_rules_report(r->rules, a->name, add_hits, &to, &err);
	return to.all;
}

static bool keeps_out(const struct wr_run *r, const struct wr_rule *x)
{
	return !x->shadow && !wr_rules_state(r->rules).off;
}

static void did(void *ctx, const struct wr_answer *a, const struct wr_answer_did *did)
{
	struct wr_run *r = ctx;
	const struct wr_rule *x = rule_of(r, a->name);

	if (x)
		wr_findings_did(r->findings, a->finding, a->name,
				keeps_out(r, x) ? WR_INCIDENT_STOPPED : WR_INCIDENT_WOULD,
				a->begun_ns, did->stopped, did->came);
}

static void fails(void *ctx, const struct wr_answer *a, enum wr_answer_fails why, double share)
{
	struct wr_run *r = ctx;
	char line[200];

	if (why == WR_ANSWER_TRIED)
		snprintf(line, sizeof(line),
			 "detection: %s is not enforced: as a shadow it would have kept out usual "
			 "clients",
			 a->name);
	else if (why == WR_ANSWER_HURTS)
		snprintf(line, sizeof(line),
			 "detection: %s hurts usual clients: since it is there they get %.0f %% of "
			 "the least that is usual",
			 a->name, 100 * share);
	else
		snprintf(line, sizeof(line),
			 "detection: %s does not stop it: %.0f %% of %" PRIu64
			 " packets, where %.0f %% were expected",
			 a->name, 100 * share, a->seen, 100 * a->cure.attack);
	wr_run_log(line);
	wr_findings_answered(r->findings, a->finding, a->name,
			     why == WR_ANSWER_MISSES ? WR_INCIDENT_RULE_FAILS
						     : WR_INCIDENT_RULE_HURTS);
}

/* Those of the rule's family; a rule names one of them. */
static void list_resolvers(char *to, size_t room, uint8_t ip_v)
{
	struct wr_peer peer[RESOLVERS];
	struct wr_buf b = {0};
	int n = wr_dns_servers(peer, RESOLVERS);

	for (int i = 0; i < n; i++) {
		if (peer[i].ip_v != ip_v || b.used + ADDRESS_MOST > room)
			continue;
		wr_buf_str(&b, b.used ? ", " : "");
		if (ip_v == 4)
			wr_buf_ip4(&b, peer[i].addr);
		else
			wr_buf_ip6(&b, peer[i].addr);
	}
	snprintf(to, room, "%s", b.used ? wr_buf_text(&b) : "");
	wr_buf_free(&b);
}

void wr_run_answers_open(struct wr_run *r)
{
	static const struct wr_answer_ops ops = {.put = put,
						 .take = take,
						 .taken = taken,
						 .is = is,
						 .stopped = stopped,
						 .hits = hits,
						 .did = did,
						 .fails = fails,
						 .agrees = wr_run_advice_agrees};

	list_resolvers(r->resolvers[0], sizeof(r->resolvers[0]), 4);
	list_resolvers(r->resolvers[1], sizeof(r->resolvers[1]), 6);
	r->answers = (struct wr_answers){.prefix = "auto",
					 .resolvers = {r->resolvers[0], r->resolvers[1]},
					 .ops = &ops,
					 .ctx = r};
	wr_run_answers_mode(r, &r->c);
}

void wr_run_answers_mode(struct wr_run *r, const struct wr_daemon_conf *c)
{
	enum wr_answer_mode mode = WR_ANSWER_OFF;
	uint8_t own[WR_CLASS_COUNT] = {0};

	if (r->rules && c->detect.on) {
		mode = (enum wr_answer_mode)c->detect.automatic;
		wr_detect_conf_modes(c, own);
	}
	if (mode != r->answers.mode || memcmp(own, r->answers.own, sizeof(own)))
		wr_answers_end(&r->answers);
	r->answers.mode = mode;
	memcpy(r->answers.own, own, sizeof(own));
	r->answers.agreed = r->rules && r->advice && c->detect.on
				    ? (enum wr_answer_mode)c->advice.automatic
				    : WR_ANSWER_OFF;
	r->answers.cookies = c->detect.cookies;
}

/* What is done about it, as it is now: somebody may have switched it off. */
static void tell_incident(struct wr_run *r, const struct wr_finding *f)
{
	const struct wr_answer *a = wr_answers_of(&r->answers, f);
	const struct wr_rule *x = a && a->name[0] ? rule_of(r, a->name) : NULL;

	if (!a || !a->name[0])
		return;
	wr_findings_answered(r->findings, f->id, a->name,
			     !x		       ? WR_INCIDENT_RULE_GONE
			     : keeps_out(r, x) ? WR_INCIDENT_RULE_STOPS
					       : WR_INCIDENT_RULE_COUNTS);
}

void wr_run_finding(void *run, enum wr_finding_news news, const struct wr_finding *f)
{
	struct wr_run *r = run;

	wr_findings_news(r->findings, news, f);
	if (!r->engine || r->ending)
		return;
	if (wr_run_gateways_behind(r, news, f))
		return;
	wr_answers_finding(&r->answers, wr_engine_detector(r->engine), news, f, wr_run_now_ns());
	tell_incident(r, f);
}

/* The rule that is there, else what one could be while packets of it are at hand. */
void wr_run_explain(void *run, struct wr_explain *e)
{
	struct wr_run *r = run;
	const struct wr_finding *f = &e->i.strongest;
	const struct wr_answer *a = wr_answers_of(&r->answers, f);
	struct wr_detect *d = r->engine ? wr_engine_detector(r->engine) : NULL;
	char name[WR_ANSWER_NAME];
	struct wr_cure_want want = {
		.name = name, .for_s = EXPLAIN_FOR_S, .cookies = r->answers.cookies};

	e->mode = wr_answers_mode(&r->answers, (enum wr_finding_class)f->klass);
	for (uint32_t k = 0; k < WR_ANSWERS && e->i.rule[0]; k++)
		if (r->answers.at[k].used && !strcmp(r->answers.at[k].name, e->i.rule))
			a = &r->answers.at[k];
	if (a && a->cure.verb != WR_CURE_NONE) {
		e->cure = a->cure;
		return;
	}
	if (!d || f->over || e->i.rule[0])
		return;
	snprintf(name, sizeof(name), "i%llu", (unsigned long long)e->i.id);
	want.resolvers = r->answers.resolvers[f->victim.ip_v == 6];
	want.spared = a ? a->spared : NULL;
	want.level = a ? a->level : 0;
	wr_detect_cure(d, f, &want, &e->cure);
}
