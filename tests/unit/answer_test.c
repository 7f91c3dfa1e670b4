/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done about findings: rules are put in, renewed, made better, ended; what somebody takes
 * out or turns stays as he wants it; names of others are left alone; what cannot be put in is not
 * tried without end.
 */
#include <math.h>

#include "detect/answer.h"
#include "tests/unit/detect_usual.h"

static struct host host; /* large */
static uint64_t random_state;
static int no_room; /* what put() says */

static struct kept {
	char name[WR_ANSWER_NAME], statement[700];
	bool there, turned;
	uint32_t puts, takes, tries;
	bool others; /* somebody has an auto1 */
	bool agrees; /* somebody else finds it, too */
	/* What it stops, in hundredths of what comes; below 0: nobody knows. */
	int stops;
	uint64_t came;
	uint32_t fails, hurts; /* hurts: of them */
	uint32_t known, hit;   /* usual clients that are asked for; packets of the first */
	bool shadow_first;
	double share;
	struct wr_answer_did did; /* added up */
	long long first;	  /* it would have stopped before it was put in */
} kept;

static int put(void *ctx, const char *name, const char *statement)
{
	(void)ctx;
	kept.tries++;
	if (no_room)
		return no_room;
	if (!kept.puts++)
		kept.first = (long long)(kept.came * (uint64_t)kept.stops / 100);
	kept.shadow_first |= kept.puts == 1 && strstr(statement, " shadow");
	kept.there = true;
	snprintf(kept.name, sizeof(kept.name), "%s", name);
	snprintf(kept.statement, sizeof(kept.statement), "%s", statement);
	return 0;
}

static void take(void *ctx, const struct wr_answer *a)
{
	(void)ctx;
	kept.takes += !strcmp(a->name, kept.name);
	kept.there = false;
}

static bool taken(void *ctx, const char *name)
{
	(void)ctx;
	return kept.others && !strcmp(name, "auto1");
}

static enum wr_answer_is is(void *ctx, const struct wr_answer *a)
{
	(void)ctx, (void)a;
	return kept.turned ? WR_ANSWER_TURNED : kept.there ? WR_ANSWER_THERE : WR_ANSWER_GONE;
}

static struct wr_count stopped(void *ctx, const struct wr_answer *a)
{
	uint64_t n = kept.there ? kept.came * (uint64_t)kept.stops / 100 : 0;

	(void)ctx, (void)a;
	return (struct wr_count){n, n * 60};
}

static void did(void *ctx, const struct wr_answer *a, const struct wr_answer_did *did)
{
	(void)ctx, (void)a;
	kept.did.stopped.packets += did->stopped.packets;
	kept.did.stopped.bytes += did->stopped.bytes;
	kept.did.came += did->came;
}

static void fails(void *ctx, const struct wr_answer *a, enum wr_answer_fails why, double share)
{
	(void)ctx, (void)a;
	kept.fails++;
	kept.hurts += why != WR_ANSWER_MISSES;
	kept.share = share;
}

static uint64_t hits(void *ctx, const struct wr_answer *a, struct wr_finding_source *who,
		     uint32_t n)
{
	(void)ctx, (void)a;
	kept.known = n;
	for (uint32_t i = 0; i < n && i < 1; i++)
		who[i].packets = kept.hit;
	return 100;
}

static bool agrees(void *ctx, const struct wr_finding *f)
{
	(void)ctx, (void)f;
	return kept.agrees;
}

static const struct wr_answer_ops ops = {
	.put = put, .take = take, .taken = taken, .is = is, .agrees = agrees};
static const struct wr_answer_ops judged = {.put = put,
					    .take = take,
					    .taken = taken,
					    .is = is,
					    .stopped = stopped,
					    .hits = hits,
					    .did = did,
					    .fails = fails};
static struct wr_answers answers;

static void news(struct host *h, enum wr_finding_news n, const struct wr_finding *f)
{
	wr_answers_finding(&answers, h->d, n, f, h->ns);
}

static void flood(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 10; i++)
		host_udp(h, host_stranger(&random_state), 4444, WEB, 9999, 512);
	wr_answers_tick(&answers, h->ns);
}

static void rest(struct host *h, uint32_t turn)
{
	(void)turn;
	wr_answers_tick(&answers, h->ns);
}

static void begin(enum wr_answer_mode mode)
{
	host_open(&host, 4);
	memset(&kept, 0, sizeof(kept));
	memset(&answers, 0, sizeof(answers));
	no_room = 0;
	random_state = 7;
	answers = (struct wr_answers){.mode = mode, .prefix = "auto", .ops = &ops};
	host.news = news;
	pass(&host, 70, usual_turn, NULL);
}

static void test_life(void)
{
	uint32_t puts;

	begin(WR_ANSWER_ENFORCE);
	pass(&host, 3, usual_turn, flood);
	ok(kept.there && !strcmp(kept.name, "auto1") && strstr(kept.statement, "drop to udp/9999@"),
	   "a flood gets a rule: %s", kept.statement);
	puts = kept.puts;
	pass(&host, 70, usual_turn, flood);
	ok(kept.puts > puts && kept.puts <= puts + 4 && !kept.takes,
	   "it is renewed while it lasts (%u times in 70 s)", kept.puts - puts);
	pass(&host, 50, usual_turn, rest);
	ok(kept.there, "50 s after it, it is there");
	pass(&host, 20, usual_turn, rest);
	ok(!kept.there && kept.takes == 1, "70 s after it, it is not");
	host_close(&host);
}

static void test_shadow(void)
{
	begin(WR_ANSWER_SHADOW);
	pass(&host, 3, usual_turn, flood);
	ok(strlen(kept.statement) > 7 &&
		   !strcmp(kept.statement + strlen(kept.statement) - 7, " shadow"),
	   "as a shadow: %s", kept.statement);
	host_close(&host);
	begin(WR_ANSWER_OFF);
	pass(&host, 3, usual_turn, flood);
	is_int(kept.tries, 0, "off: nothing is made");
	host_close(&host);
}

static void test_declined(bool turned)
{
	const char *what = turned ? "turned to a shadow" : "taken out";
	uint32_t puts;

	begin(WR_ANSWER_ENFORCE);
	pass(&host, 3, usual_turn, flood);
	puts = kept.puts;
	kept.there = turned;
	kept.turned = turned;
	pass(&host, 90, usual_turn, flood);
	is_int(kept.puts, puts, "%s by hand, it stays so while the attack lasts", what);
	pass(&host, 70, usual_turn, rest);
	is_int(kept.takes, 0, "%s, nobody touches it when the attack is over", what);
	kept.turned = false;
	kept.there = false;
	pass(&host, 3, usual_turn, flood);
	ok(kept.puts > puts, "%s: the next attack has a rule again", what);
	host_close(&host);
}

/* The kernel ended it before the attack came back: that is nobody's wish. */
static void test_own_end(void)
{
	uint32_t puts;

	begin(WR_ANSWER_ENFORCE);
	pass(&host, 3, usual_turn, flood);
	pass(&host, 20, usual_turn, flood);
	puts = kept.puts;
	pass(&host, 50, usual_turn, rest); /* it was put in more than 60 s ago by then */
	kept.there = false;
	pass(&host, 4, usual_turn, flood);
	ok(kept.puts > puts && kept.there, "a rule that came to its own end is made again");
	host_close(&host);
}

static void test_names(void)
{
	begin(WR_ANSWER_ENFORCE);
	kept.others = true;
	pass(&host, 3, usual_turn, flood);
	is_str(kept.name, "auto2", "a name that somebody has given is left alone");
	host_close(&host);
}

static void test_refused(void)
{
	begin(WR_ANSWER_ENFORCE);
	no_room = -1;
	pass(&host, 100, usual_turn, flood);
	ok(kept.tries >= 10 && kept.tries <= 40,
	   "what is refused is tried again, but not each second (%u times in 100 s)", kept.tries);
	host_close(&host);
}

/* ---- does it stop it? ---- */

static void counted_flood(struct host *h, uint32_t turn)
{
	flood(h, turn);
	kept.came += 10;
}

static void begin_judged(int stops)
{
	begin(WR_ANSWER_ENFORCE);
	answers.ops = &judged;
	kept.stops = stops;
}

static void test_stops(void)
{
	uint64_t all;

	begin_judged(95);
	pass(&host, 40, usual_turn, counted_flood);
	ok(kept.there && !kept.fails, "a rule that stops it stays");
	all = kept.did.stopped.packets;
	ok(all > 35000 && kept.did.stopped.bytes == all * 60 && kept.did.came >= all &&
		   fabs((double)all / (double)kept.did.came - 0.95) < 0.02,
	   "what it did is told: %llu of %llu packets", (unsigned long long)all,
	   (unsigned long long)kept.did.came);
	pass(&host, 5, usual_turn, rest);
	kept.came += 100;
	pass(&host, 70, usual_turn, rest);
	is_int((long long)kept.did.stopped.packets, (long long)(kept.came * 95 / 100) - kept.first,
	       "and that to the packet, to its end");
	host_close(&host);

	begin_judged(30);
	pass(&host, 20, usual_turn, counted_flood);
	is_int(kept.fails, 1, "one that stops less than half of what was expected is told, once");
	ok(fabs(kept.share - 0.3) < 0.05, "with what it stopped (%.2f)", kept.share);
	ok(!kept.there && kept.takes == 1, "and is taken out, where there is no other");
	pass(&host, 40, usual_turn, counted_flood);
	is_int(kept.fails, 1, "and not put in again while the attack goes on");
	pass(&host, 70, usual_turn, rest);
	kept.stops = 95;
	pass(&host, 10, usual_turn, counted_flood);
	ok(kept.there, "the next attack has a rule again");
	host_close(&host);
}

/* Logins from one address, and what they do goes on from its neighbour. */
static void logins(struct host *h, uint32_t turn)
{
	if (turn % 50 == 0) {
		host_session(h, ATTACKER, (uint16_t)(40000 + turn / 50), MAIL, 22, 1500, 2500);
		kept.came += 10;
	}
	wr_answers_tick(&answers, h->ns);
}

static void test_next_best(void)
{
	begin_judged(0);
	pass(&host, 7, usual_turn, logins);
	ok(kept.there && strstr(kept.statement, "drop from 198.51.100.7 to tcp/22@10.0.0.11"),
	   "logins are stopped by address: %s", kept.statement);
	pass(&host, 15, usual_turn, logins);
	ok(kept.fails >= 1 && strstr(kept.statement, "limit 1cps from 198.51.100.0/24 to"),
	   "where that does not stop it, by prefix: %s", kept.statement);
	pass(&host, 20, usual_turn, logins);
	ok(kept.fails == 2 && !kept.there, "where that does not, either, by nothing");
	host_close(&host);
}

/* A user's, four a second: the limit keeps three SYNs of them out, or nothing. */
static bool limit_works;

static void limited_logins(struct host *h, uint32_t turn)
{
	uint16_t port = (uint16_t)(40000 + turn / 25);

	if (turn % 25 == 0 && (turn % 100 == 0 || !kept.there || !limit_works)) {
		host_session(h, ATTACKER, port, MAIL, 22, 1500, 2500);
	} else if (turn % 25 == 0) {
		host_tcp(h, ATTACKER, port, MAIL, 22, SYN, 0);
		kept.came++;
	}
	wr_answers_tick(&answers, h->ns);
}

static void user(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 700 == 0)
		host_session(h, ATTACKER, (uint16_t)(20000 + turn / 700), MAIL, 22, 9000, 90000);
}

static void test_limit(void)
{
	for (int works = 1; works >= 0; works--) {
		begin_judged(100);
		limit_works = works;
		pass(&host, 60, user, NULL);
		pass(&host, 30, user, limited_logins);
		ok(strstr(kept.statement, "limit 1cps from 198.51.100.7 to") != NULL,
		   "a user who tries has a limit: %s", kept.statement);
		ok(works ? kept.there && !kept.fails : kept.fails > 0,
		   "which is judged by connections: it %s", works ? "stops it" : "does not");
		host_close(&host);
	}
}

/* ---- whom does it hurt? ---- */

static enum { SERVED, HURT, DOWN } clients; /* HURT: kept out while the rule is there */

static void clients_turn(struct host *h, uint32_t turn)
{
	if (clients == SERVED || (clients == HURT && !kept.there))
		usual_turn(h, turn);
	else if (turn % 10 == 0)
		host_tcp(h, 0xd0000000u + turn / 10 * 7919 % USERS * 77,
			 (uint16_t)(20000 + turn / 10 % 30000), WEB, 443, SYN, 0);
}

static void begin_clients(int is)
{
	begin_judged(95);
	clients = SERVED;
	pass(&host, 20, clients_turn, NULL);
	clients = is;
}

static void test_harm(void)
{
	uint32_t puts;

	begin_clients(HURT);
	pass(&host, 3, clients_turn, counted_flood);
	ok(kept.there, "a rule is put in");
	pass(&host, 7, clients_turn, counted_flood);
	ok(kept.hurts == 1 && kept.fails == 1 && kept.share < 0.2 && !kept.there,
	   "who usually comes is kept out with it: it is out in seconds (%.2f)", kept.share);
	puts = kept.puts;
	pass(&host, 60, clients_turn, counted_flood);
	ok(!kept.there && kept.puts == puts, "and not put in again while the attack goes on");
	host_close(&host);

	begin_clients(SERVED);
	pass(&host, 10, clients_turn, counted_flood);
	ok(kept.there && !kept.fails, "who goes on being served is not hurt");
	clients = DOWN;
	pass(&host, 20, clients_turn, counted_flood);
	ok(kept.there && !kept.fails, "a fall long after it began is not its fault");
	host_close(&host);

	begin_clients(DOWN);
	pass(&host, 2, clients_turn, NULL);
	pass(&host, 20, clients_turn, counted_flood);
	ok(kept.there && !kept.fails, "nor is one that was there before it");
	host_close(&host);

	begin_clients(DOWN);
	answers.mode = WR_ANSWER_SHADOW;
	pass(&host, 10, clients_turn, counted_flood);
	ok(kept.there && !kept.fails, "a shadow hurts nobody");
	host_close(&host);

	begin_clients(HURT);
	kept.stops = 0;
	pass(&host, 4.5, clients_turn, counted_flood);
	ok(kept.there && !kept.hurts, "nor does what stops nothing");
	host_close(&host);
}

/* ---- is it tried first? ---- */

/* Somebody comes to the mail host, and not often. */
static void rare_turn(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 1000 == 0)
		host_udp(h, PC, 5000, MAIL, 514, 100);
}

static void mail_flood(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 10; i++)
		host_udp(h, host_stranger(&random_state), 4444, MAIL, 9999, 512);
	kept.came += 10;
	wr_answers_tick(&answers, h->ns);
}

static bool is_shadow(void)
{
	return strstr(kept.statement, " shadow") != NULL;
}

/* A class that is turned off takes its rule with it. */
static void test_off(void)
{
	begin_judged(95);
	pass(&host, 2, usual_turn, counted_flood);
	ok(kept.there, "a rule is put in");
	wr_answers_off(&answers, 1ull << WR_CLASS_SYN_FLOOD);
	ok(kept.there, "it stays when another class is turned off");
	wr_answers_off(&answers, 1ull << WR_CLASS_UDP_FLOOD);
	ok(!kept.there, "and is gone with its own");
	host_close(&host);
}

static void test_trial(void)
{
	begin_judged(95);
	pass(&host, 1, usual_turn, counted_flood);
	ok(kept.there && !kept.shadow_first, "a rule that many usual packets back is in at once");
	host_close(&host);

	for (int bad = 0; bad < 3; bad++) {
		begin_judged(bad == 1 ? 10 : 95);
		pass(&host, 60, rare_turn, NULL);
		kept.hit = bad == 2 ? 3 : 0;
		pass(&host, 1, rare_turn, mail_flood);
		ok(kept.there && is_shadow(), "one of few is a shadow first: %s", kept.statement);
		pass(&host, 2.5, rare_turn, mail_flood);
		is_int(kept.known, 1, "who usually comes is known");
		if (bad == 2)
			ok(kept.there && !is_shadow() && kept.hurts == 1 && kept.fails == 1 &&
				   strstr(kept.statement, " not from "),
			   "it is not for him, whom it would have hit: %s", kept.statement);
		ok(bad == 1 ? !kept.there && kept.fails == 1 && !kept.hurts
			    : kept.there && !is_shadow() && kept.fails == (bad == 2),
		   "%s",
		   bad == 2   ? "and is enforced"
		   : bad == 1 ? "when it would not stop it neither"
			      : "then it is enforced");
		pass(&host, 30, rare_turn, mail_flood);
		ok(bad == 1 ? !kept.there : kept.there && !is_shadow(), "and so it stays");
		host_close(&host);
	}

	begin_judged(95);
	pass(&host, 60, rare_turn, NULL);
	kept.hit = 500;
	pass(&host, 5, rare_turn, mail_flood);
	ok(kept.there && !is_shadow(), "when the attack is his, it is enforced");
	host_close(&host);
}

/* ---- who is spared ---- */

/* A proxy that always comes, and a flood of thirty. */
static void proxy(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 20 == 7)
		host_session(h, PC, (uint16_t)(20000 + turn / 20), WEB, 443, 500, 3000);
}

static bool proxy_floods;

static void connections(struct host *h, uint32_t turn)
{
	for (uint32_t i = turn * 3; i < turn * 3 + 3; i++)
		host_session(h, ATTACKER + i % 30 * 256, (uint16_t)(1024 + i), WEB, 443, 100, 1000);
	if (proxy_floods)
		host_session(h, PC, (uint16_t)(1024 + turn), WEB, 443, 100, 1000);
	wr_answers_tick(&answers, h->ns);
}

static bool spares_proxy(void)
{
	return strstr(kept.statement, "10.0.1.50") != NULL;
}

static void test_spared(void)
{
	begin(WR_ANSWER_ENFORCE);
	proxy_floods = false;
	pass(&host, 60, proxy, NULL);
	pass(&host, 45, proxy, connections);
	ok(kept.there && spares_proxy(), "who always comes has no limit: %s", kept.statement);
	proxy_floods = true;
	pass(&host, 3, proxy, connections);
	ok(kept.there && strstr(kept.statement, " per source") && !spares_proxy(),
	   "until he joins the flood: %s", kept.statement);
	pass(&host, 40, proxy, connections);
	ok(kept.there && !spares_proxy(), "and as long as he goes on");
	host_close(&host);
}

/* ---- a mode for each class ---- */

static void test_classes(void)
{
	begin(WR_ANSWER_ENFORCE);
	answers.own[WR_CLASS_UDP_FLOOD] = 1 + WR_ANSWER_OFF;
	pass(&host, 3, usual_turn, flood);
	is_int(kept.tries, 0, "off for its class: nothing is made");
	host_close(&host);
	begin(WR_ANSWER_OFF);
	answers.own[WR_CLASS_UDP_FLOOD] = 1 + WR_ANSWER_SHADOW;
	pass(&host, 3, usual_turn, flood);
	ok(strstr(kept.statement, " shadow") != NULL, "a shadow for its class alone: %s",
	   kept.statement);
	host_close(&host);
}

/* Somebody else who finds something there, too, decides of the mode, and alone of nothing. */
static void test_agreed(void)
{
	uint32_t puts;

	begin(WR_ANSWER_OFF);
	answers.agreed = WR_ANSWER_ENFORCE;
	kept.agrees = true;
	pass(&host, 10, usual_turn, rest);
	is_int(kept.tries, 0, "agreed: where nothing is found nothing is made");
	kept.agrees = false;
	pass(&host, 3, usual_turn, flood);
	is_int(kept.tries, 0, "and where nobody agrees neither");
	kept.agrees = true;
	pass(&host, 3, usual_turn, flood);
	ok(kept.there && !is_shadow(), "both: in force: %s", kept.statement);
	kept.agrees = false;
	pass(&host, 50, usual_turn, flood);
	ok(kept.there, "50 s after it was agreed to, it is there");
	pass(&host, 20, usual_turn, flood);
	ok(!kept.there, "70 s after it, it is not, though the flood goes on");
	host_close(&host);

	begin(WR_ANSWER_SHADOW);
	answers.agreed = WR_ANSWER_ENFORCE;
	pass(&host, 3, usual_turn, flood);
	ok(kept.there && is_shadow(), "not agreed: a shadow");
	kept.agrees = true;
	puts = kept.puts;
	pass(&host, 3, usual_turn, flood);
	ok(!is_shadow() && kept.puts > puts, "agreed: in force at once");
	kept.agrees = false;
	pass(&host, 5, usual_turn, flood);
	ok(!is_shadow(), "no more: it stays so for a while");
	pass(&host, 40, usual_turn, flood);
	ok(kept.there && is_shadow(), "and is a shadow again when it is renewed");
	host_close(&host);

	begin(WR_ANSWER_ENFORCE);
	answers.agreed = WR_ANSWER_SHADOW;
	kept.agrees = true;
	pass(&host, 3, usual_turn, flood);
	ok(kept.there && !is_shadow(), "it makes no mode less");
	host_close(&host);

	begin(WR_ANSWER_OFF);
	answers.agreed = WR_ANSWER_ENFORCE;
	answers.own[WR_CLASS_UDP_FLOOD] = 1 + WR_ANSWER_OFF;
	kept.agrees = true;
	pass(&host, 3, usual_turn, flood);
	is_int(kept.tries, 0, "and a class that is off stays off");
	host_close(&host);
}

int main(void)
{
	test_agreed();
	test_life();
	test_shadow();
	test_declined(false);
	test_declined(true);
	test_own_end();
	test_names();
	test_refused();
	test_stops();
	test_next_best();
	test_limit();
	test_harm();
	test_off();
	test_trial();
	test_spared();
	test_classes();
	return done();
}
