/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules against what goes on in a capture: each is there as long as that is, whatever comes and
 * goes beside it. */
#include "tests/unit/detect_usual.h"
#include "ui/cli/auto.h"

static struct host host; /* large */
static struct wr_auto *rules;
static uint32_t logins, kept_out;

static void held_against_rules(struct host *h, const struct wr_packet *pkt, const struct seen *s)
{
	struct wr_err err = {0};
	bool out = false;

	if (wr_auto_packet(rules, pkt, &h->parse.rec, &out, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	logins += s->src == ATTACKER;
	kept_out += s->src == ATTACKER && out;
}

static void answered(struct host *h, enum wr_finding_news news, const struct wr_finding *f)
{
	wr_auto_finding(rules, h->d, news, f);
}

static void flood(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 10; i++)
		host_udp(h, 0xc6336509u, 4444, WEB, 9999, 512);
}

static void brute_force(struct host *h, uint32_t turn)
{
	if (turn % 100 == 0)
		host_session(h, ATTACKER, (uint16_t)(40000 + turn / 100), MAIL, 22, 1500, 2500);
}

/* The flood's rule is older, and taken out a minute after it, while logins are tried. */
static void one_goes(int v)
{
	struct wr_err err = {0};

	host_open(&host, v);
	host.tap = held_against_rules;
	host.news = answered;
	if (wr_auto_open(&rules, WR_ANSWER_ENFORCE, NULL, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 4, usual_turn, flood);
	pass(&host, 80, usual_turn, brute_force);
	ok(host_told(&host, WR_CLASS_UDP_FLOOD) && host_told(&host, WR_CLASS_BRUTE_FORCE),
	   "IPv%d: a flood and logins are found", v);
	logins = kept_out = 0;
	pass(&host, 20, usual_turn, brute_force);
	ok(logins && kept_out == logins,
	   "IPv%d: logins are kept out when the flood's rule is gone: %u of %u packets", v,
	   kept_out, logins);
	wr_auto_close(&rules);
	host_close(&host);
}

int main(void)
{
	one_goes(4);
	one_goes(6);
	return done();
}
