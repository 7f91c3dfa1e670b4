/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules by who it is: logins, scans, connections that are held open or made in masses, and SYN
 * cookies. Each is a statement of the language; who may be forged, or has usual packets, is limited
 * and not dropped; what no rule can stop has none.
 */
#include "policy/policy.h"
#include "tests/unit/detect_scans.h"

static struct host host; /* large */
static uint64_t random_state;

static struct {
	struct wr_cure cure; /* the last one that is safe */
	uint64_t raised_ns;  /* the first finding */
	bool broken;
} got;

static void wrong(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	(void)ctx;
	note("%u:%u: %s", line, column, text);
}

static void news(struct host *h, enum wr_finding_news n, const struct wr_finding *f)
{
	static const struct wr_cure_want want = {.name = "auto1", .for_s = 60, .cookies = true};
	struct wr_policy *p = NULL;
	struct wr_err err = {0};
	struct wr_cure cure;

	if (n == WR_FINDING_OVER || f->severity == WR_SEVERITY_INFO)
		return;
	got.raised_ns = got.raised_ns ? got.raised_ns : f->raised_ns;
	wr_detect_cure(h->d, f, &want, &cure);
	if (cure.verb == WR_CURE_NONE)
		return;
	got.broken |= wr_policy_parse(&p, cure.rule, strlen(cure.rule), "cure", wrong, NULL, &err);
	wr_policy_free(&p);
	if (cure.safe)
		got.cure = cure;
}

static void logins(struct host *h, uint32_t turn)
{
	if (turn % 50 == 0)
		host_session(h, ATTACKER, (uint16_t)(40000 + turn / 50), MAIL, 22, 1500, 2500);
}

/* Who logs in there every day, in longer sessions. */
static void user(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 700 == 0)
		host_session(h, ATTACKER, (uint16_t)(20000 + turn / 700), MAIL, 22, 9000, 90000);
}

static void quick_logins(struct host *h, uint32_t turn)
{
	if (turn % 25 == 0)
		host_session(h, ATTACKER, (uint16_t)(40000 + turn / 25), MAIL, 22, 1500, 2500);
}

static void scan(struct host *h, uint32_t turn)
{
	if (turn % 4 == 0)
		host_tcp(h, ATTACKER, 50000, WEB, (uint16_t)(1 + turn * 7), SYN, 0);
}

/* One that takes what answers: it is who it says. */
static void connect_scan(struct host *h, uint32_t turn)
{
	scan(h, turn);
	if (turn % 100 == 0)
		host_session(h, ATTACKER, (uint16_t)(40000 + turn), WEB, 443, 10, 10);
}

static void sweep_arp(struct host *h, uint32_t turn)
{
	if (turn % 2 == 0)
		host_arp(h, false, PC, 0x32, (PC & ~0xffu) + 1 + turn / 2 % 250);
}

static void sweep_udp(struct host *h, uint32_t turn)
{
	if (turn % 5 == 0)
		host_udp(h, ATTACKER, 5000, (WEB & ~0xffu) + 40 + turn / 5 % 180, 161, 40);
}

static void slow_http(struct host *h, uint32_t turn)
{
	if (turn < 100)
		host_opens(h, ATTACKER, (uint16_t)(5000 + turn), WEB, 443);
	if (turn % 500 < 100)
		host_says(h, ATTACKER, (uint16_t)(5000 + turn % 500), WEB, 443, 11);
}

static void http_flood(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 3; i++)
		host_session(h, ATTACKER + i * 256, (uint16_t)(1024 + turn), WEB, 443, 100, 1000);
}

/* Thirty sources: three hundred connections a second. */
static void http_flood_of_many(struct host *h, uint32_t turn)
{
	for (uint32_t i = turn * 3; i < turn * 3 + 3; i++)
		host_session(h, ATTACKER + i % 30 * 256, (uint16_t)(1024 + i), WEB, 443, 100, 1000);
}

/* Half as many. */
static void http_flood_of_less(struct host *h, uint32_t turn)
{
	if (turn % 2 == 0)
		http_flood_of_many(h, turn / 2);
}

/* A proxy that always comes: many connections, among those of others. */
static void proxy(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 20 == 7)
		host_session(h, PC, (uint16_t)(20000 + turn / 20), WEB, 443, 500, 3000);
}

/* Eight of them have always come, twice a second each. */
static void came_before(struct host *h, uint32_t turn)
{
	proxy(h, turn);
	if (turn % 50 < 8)
		host_session(h, ATTACKER + turn % 50 * 256, (uint16_t)(30000 + turn / 50), WEB, 443,
			     500, 3000);
}

static void syns(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 5; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn * 5 + (uint32_t)i), WEB,
			 443, SYN, 0);
}

/* One source: an address says who it is, and no cookie is needed. */
static void syns_of_one(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 5; i++)
		host_tcp(h, 0xd0000000u, (uint16_t)(turn * 5 + (uint32_t)i), WEB, 443, SYN, 0);
}

static const struct attack {
	const char *what;
	turn_fn usual, turn;
	double seconds;
	enum wr_cure_verb verb;
	const char *rule4, *rule6; /* how they begin behind the name; NULL: none */
} attacks[] = {
	{"logins", usual_turn, logins, 20, WR_CURE_DROP,
	 "drop from 198.51.100.7 to tcp/22@10.0.0.11 auto for 60s",
	 "drop from 2001:db8:c6:3364::7 to tcp/22@fd00:db8:a::b auto"},
	{"logins of a user", user, logins, 20, WR_CURE_LIMIT, "limit 1cps from 198.51.100.7 to",
	 NULL},
	{"quick logins of a user", user, quick_logins, 20, WR_CURE_LIMIT,
	 "limit 1cps from 198.51.100.7 to tcp/22@10.0.0.11 ", NULL},
	{"a scan that may be forged", usual_turn, scan, 10, WR_CURE_LIMIT,
	 "limit 1cps from 198.51.100.7 to tcp@10.0.0.10 ", NULL},
	{"a scan that connects", usual_turn, connect_scan, 10, WR_CURE_LIMIT,
	 "limit 1cps from 198.51.100.7 to tcp@10.0.0.10 ", NULL},
	{"an ARP sweep", usual_turn, sweep_arp, 5, WR_CURE_NONE, NULL, NULL},
	{"a UDP sweep, which may be forged", usual_turn, sweep_udp, 10, WR_CURE_NONE, NULL, NULL},
	{"a scan by UDP", usual_turn, scan_udp, 10, WR_CURE_NONE, NULL, NULL},
	{"a scan without SYNs, which no limit of connections stops", usual_turn, scan_fin, 10,
	 WR_CURE_NONE, NULL, NULL},
	{"connections that are held open", usual_turn, slow_http, 40, WR_CURE_DROP,
	 "drop from 198.51.100.7 to tcp/443@10.0.0.10 ", NULL},
	{"connections in masses", usual_turn, http_flood, 8, WR_CURE_LIMIT,
	 "limit 1cps from 198.51.", NULL},
	{"connections in masses of many", usual_turn, http_flood_of_many, 8, WR_CURE_LIMIT,
	 "limit 1cps burst 3 per source not from ", "limit 1cps burst 3 per source not from "},
	{"connections of many, less of them", usual_turn, http_flood_of_less, 8, WR_CURE_LIMIT,
	 "limit 1cps burst 3 per source not from ", NULL},
	{"connections of many, beside a proxy", proxy, http_flood_of_many, 8, WR_CURE_LIMIT,
	 "limit 1cps burst 3 per source not from ", NULL},
	{"connections of many, for a minute beside a proxy", proxy, http_flood_of_many, 60,
	 WR_CURE_LIMIT, "limit 1cps burst 3 per source not from ", NULL},
	{"connections of many who came before", came_before, http_flood_of_many, 8, WR_CURE_LIMIT,
	 "limit 1cps burst 3 per source not from ", NULL},
	{"SYNs like those of clients", usual_turn, syns, 8, WR_CURE_COOKIES,
	 "cookies over 20cps to tcp/443@10.0.0.10 auto for 60s", NULL},
	{"SYNs like those of clients, of one", usual_turn, syns_of_one, 8, WR_CURE_NONE, NULL,
	 NULL},
};

static void cure(const struct attack *a, int v, const char *want)
{
	uint64_t began_ns;
	const char *at;

	host_open(&host, v);
	memset(&got, 0, sizeof(got));
	random_state = 5;
	host.news = news;
	pass(&host, 90, a->usual, NULL);
	began_ns = host.ns;
	pass(&host, a->seconds, a->usual, a->turn);
	wr_detect_finish(host.d);
	is_int(got.cure.verb, a->verb, "IPv%d: %s", v, a->what);
	at = strstr(got.cure.rule, ": ");
	if (want)
		ok(at && !strncmp(at + 2, want, strlen(want)) && !got.broken, "IPv%d: %s: %s", v,
		   a->what, got.cure.rule);
	if (a->turn == http_flood_of_many || a->turn == http_flood_of_less)
		ok(got.raised_ns && got.raised_ns <= began_ns + SECOND,
		   "IPv%d: %s: found within a second", v, a->what);
	if (a->usual == came_before)
		ok(!strstr(got.cure.rule, "198.51."), "IPv%d: %s: not those: %s", v, a->what,
		   got.cure.rule);
	if (a->usual == proxy || a->usual == came_before)
		ok(strstr(got.cure.rule, "10.0.1.50") != NULL, "IPv%d: %s: not the proxy: %s", v,
		   a->what, got.cure.rule);
	if (a->verb == WR_CURE_DROP)
		ok(got.cure.attack >= 0.9 && !got.cure.usual_clients,
		   "IPv%d: %s: all of it (%.2f), and no usual client", v, a->what, got.cure.attack);
	host_close(&host);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
		cure(&attacks[i], 4, attacks[i].rule4);
		if (attacks[i].rule6)
			cure(&attacks[i], 6, attacks[i].rule6);
	}
	return done();
}
