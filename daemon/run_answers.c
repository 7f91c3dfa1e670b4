/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "control/peers.h"
#include "daemon/run_impl.h"

enum { RESOLVERS = 8 };

/* Rules that detection makes (detect/answer.h), put in as if somebody had typed them: with the same
 * guards, in history, for everybody to see and to take out (weir rule). */

static int put(void *ctx, const char *name, const char *statement)
{
	struct wr_run *r = ctx;
	struct wr_rules_change c = {.text = statement, .replace = true, .who = "detection"};
	char called[WR_POLICY_NAME], line[sizeof(((struct wr_err *)0)->text) + 100];
	struct wr_err err = {0};
	int ret = wr_rules_add(r->rules, &c, called, &err);

	if (ret)
		snprintf(line, sizeof(line), "detection: %s is not put in: %s", name, err.text);
	else
		snprintf(line, sizeof(line), "detection: %s", statement);
	if (ret || strcmp(r->answered, statement) != 0)
		wr_run_log(line);
	if (!ret)
		snprintf(r->answered, sizeof(r->answered), "%s", statement);
	return ret;
}

static void take(void *ctx, const struct wr_answer *a)
{
	struct wr_run *r = ctx;
	struct wr_rules_change c = {.text = a->name, .who = "detection"};
	char called[WR_POLICY_NAME];
	struct wr_err err = {0};

	/* It may have ended by itself, or somebody took it out. */
	if (r->rules && wr_policy_rule(wr_rules_policy(r->rules), a->name) >= 0)
		wr_rules_del(r->rules, &c, called, &err);
}

/* Those of the rule's family; a rule names one of them. */
static void list_resolvers(char *to, size_t room, uint8_t ip_v)
{
	struct wr_peer peer[RESOLVERS];
	struct wr_buf b = {0};
	int n = wr_dns_servers(peer, RESOLVERS);

	for (int i = 0; i < n; i++) {
		if (peer[i].ip_v != ip_v)
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
	static const struct wr_answer_ops ops = {put, take};

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

	if (r->rules && c->detect.on)
		mode = (enum wr_answer_mode)c->detect.automatic;
	if (mode != r->answers.mode)
		wr_answers_end(&r->answers);
	r->answers.mode = mode;
}

void wr_run_finding(void *run, enum wr_finding_news news, const struct wr_finding *f)
{
	struct wr_run *r = run;

	wr_findings_news(r->findings, news, f);
	if (!r->engine || r->ending)
		return;
	wr_answers_finding(&r->answers, wr_engine_detector(r->engine), news, f, wr_run_now_ns());
	for (int i = 0; i < WR_ANSWERS && news != WR_FINDING_OVER; i++)
		if (r->answers.at[i].name[0] && r->answers.at[i].finding == f->id)
			wr_findings_answered(r->findings, f->id, r->answers.at[i].name,
					     r->answers.mode == WR_ANSWER_ENFORCE);
}
