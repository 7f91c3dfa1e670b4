/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins that are tried one after another, and what programs do where people log in: sessions that
 * differ are none, and who had such is believed to be a program until they are as alike as only
 * tries are. Who tries is found, also when his tries are not all of one length.
 */
#include <math.h>

#include "tests/unit/detect_usual.h"

enum { FTP = 21, SQL = 5432 };

static struct host host; /* large */
static uint64_t dice;
static uint16_t port;
static uint32_t server;
static uint16_t ports; /* that a client takes in turn; 0: a new one each time */

static void say(uint32_t from, uint16_t sport, uint32_t to, uint16_t dport, uint32_t bytes)
{
	for (; bytes > 1400; bytes -= 1400)
		host_tcp(&host, from, sport, to, dport, PSH | ACK, 1400);
	host_tcp(&host, from, sport, to, dport, PSH | ACK, bytes);
}

static uint16_t next_port(void)
{
	port++;
	return ports ? 20000 + port % ports : port;
}

/* A session of one question and its answer; 0: of none. */
static void asks(uint32_t client, uint16_t service, uint32_t question, uint32_t answer)
{
	uint16_t at = next_port();

	host_opens(&host, client, at, server, service);
	say(server, service, client, at, 60);
	if (question) {
		say(client, at, server, service, question);
		say(server, service, client, at, answer);
	}
	host_closes(&host, client, at, server, service);
}

/* USER, PASS, and that it was wrong, so many seconds later. */
static void logs_in(uint32_t client, uint32_t password, double wait_s)
{
	uint16_t at = next_port();

	host_opens(&host, client, at, server, FTP);
	say(server, FTP, client, at, 60);
	say(client, at, server, FTP, 11);
	say(server, FTP, client, at, 34);
	say(client, at, server, FTP, 7 + password);
	if (wait_s > 0)
		pass(&host, wait_s, NULL, NULL);
	say(server, FTP, client, at, 22);
	host_closes(&host, client, at, server, FTP);
}

/* So many a minute, for so many minutes; of each it is told how many there were before. */
static void minutes(int n, uint32_t a_minute, void (*one)(uint32_t i))
{
	for (uint32_t i = 0; i < (uint32_t)n * a_minute; i++) {
		one(i);
		pass(&host, 60.0 / a_minute, NULL, NULL);
	}
}

static void begin(void)
{
	host_open(&host, 4);
	dice = 7;
	port = 20000;
	server = MAIL;
	ports = 0;
	pass(&host, 1, usual_turn, NULL);
}

static void end(bool found, const char *what)
{
	const struct told *t = host_told(&host, WR_CLASS_BRUTE_FORCE);

	ok(!!t == found && host.n_told == found, "%s: %s", what, found ? "found" : "no logins");
	if (t && found)
		note("after %.0f s", (double)(t->f.raised_ns - EPOCH) / 1e9);
	host_close(&host);
}

/* ---- programs ---- */

static void looks(uint32_t i)
{
	(void)i;
	asks(PC, FTP, 0, 0);
}

static void different(uint32_t i)
{
	asks(PC, SQL, 200, 100u << i % 8);
}

/* Sizes that differ by a quarter of their mean: of a program, or of nobody known. */
static void somewhat(uint32_t i)
{
	asks(PC, SQL, 300, i % 2 ? 500 : 1500);
}

static void somewhat_at_times(uint32_t i)
{
	somewhat(i);
	pass(&host, (double)(host_random(&dice) % 400) / 100, NULL, NULL);
}

/* Half of them are alike. */
static void half_same(uint32_t i)
{
	asks(PC, SQL, 200, host_random(&dice) % 2 ? 400 : 100u << i % 8);
}

static void programs(void)
{
	begin();
	minutes(3, 30, looks);
	end(false, "one that looks whether somebody listens, thirty times a minute");
	begin();
	minutes(10, 30, different);
	end(false, "a database client with a connection for each request");
	begin();
	minutes(10, 30, half_same);
	end(false, "one that asks the same each other time");
	begin();
	minutes(5, 3, different);
	minutes(3, 20, somewhat);
	end(false, "one that asked different things, three a minute, and asks more now");
	begin();
	minutes(1, 20, somewhat_at_times);
	end(true, "the same of one of whom nothing else is known, at no regular time");
}

/* ---- tries ---- */

static void same(uint32_t i)
{
	(void)i;
	asks(PC, SQL, 90, 120);
}

/* At no regular time. */
static void same_at_times(uint32_t i)
{
	same(i);
	pass(&host, (double)(host_random(&dice) % 400) / 100, NULL, NULL);
}

static void passwords(uint32_t i)
{
	(void)i;
	logs_in(ATTACKER, 6 + host_random(&dice) % 11, 0);
}

static void other_things(uint32_t i)
{
	asks(ATTACKER, FTP, 200, 100u << i % 8);
}

/* Among them one that is large: of somebody at the same address, or to hide them. */
static void passwords_and_more(uint32_t i)
{
	if (i % 12 == 5)
		asks(ATTACKER, FTP, 200, 15000);
	else
		passwords(i);
}

static void tries(void)
{
	begin();
	minutes(1, 11, passwords);
	end(true, "passwords of 6 to 16 bytes, eleven a minute");
	begin();
	minutes(5, 13, passwords);
	end(true, "five minutes of them, once");
	begin();
	minutes(5, 3, different);
	minutes(1, 20, same_at_times);
	end(true, "tries of who was taken for a program");
	begin();
	minutes(5, 3, other_things);
	minutes(1, 12, passwords);
	end(true, "passwords of who was taken for one");
	begin();
	minutes(2, 24, passwords_and_more);
	end(true, "passwords, and a large session twice a minute");
	begin();
	minutes(3, 12, passwords_and_more);
	end(true, "eleven passwords a minute, and a large session");
	begin();
	minutes(5, 3, other_things);
	minutes(2, 60, passwords_and_more);
	end(true, "the same, many, of who was taken for a program");
}

static void one_more_tries(uint32_t i)
{
	(void)i;
	logs_in(ATTACKER + 1, 9, 0);
}

static void both_try(uint32_t i)
{
	passwords(i);
	one_more_tries(i);
}

/* The second one begins while the first one tries, and goes on alone. */
static void second_one(void)
{
	const struct told *t;

	begin();
	minutes(1, 20, passwords);
	minutes(1, 20, both_try);
	minutes(3, 20, one_more_tries);
	t = host_told(&host, WR_CLASS_BRUTE_FORCE);
	ok(t && host.n_told == 1 && t->last.n_sources == 2 &&
		   host_is(&host, t->last.source[0].addr, ATTACKER) &&
		   host_is(&host, t->last.source[1].addr, ATTACKER + 1),
	   "who tries at the same service, later, is a source of the same finding");
	ok(t && !t->over && t->last.last_ns + 10 * SECOND > host.ns,
	   "which goes on as long as one of them does");
	host_close(&host);
}

/* ---- timers ---- */

/* Each of it so many seconds after the one before. */
static void every(double seconds, int n, void (*one)(uint32_t i))
{
	uint64_t ns = host.ns;

	for (uint32_t i = 0; i < (uint32_t)n; i++) {
		one(i);
		ns += (uint64_t)(seconds * 1e9);
		if (host.ns < ns)
			pass(&host, (double)(ns - host.ns) / 1e9, NULL, NULL);
	}
}

static void three_at_once(uint32_t i)
{
	same(i);
	same(i);
	same(i);
}

/* Two that look at it for two services. */
static void two_in_turn(uint32_t i)
{
	same(i);
	pass(&host, 1.7, NULL, NULL);
	same(i);
}

static void nine_at_once(uint32_t i)
{
	for (int k = 0; k < 9; k++)
		same(i);
}

/* Once in 16 somebody at the same host does something else there. */
static void same_and_more(uint32_t i)
{
	if (i % 16 == 9)
		asks(PC, SQL, 2000, 9000);
	else
		same(i);
}

/* Twice somebody asks the same by hand, in between. */
static void same_by_hand(uint32_t i)
{
	same(i);
	if (i % 32 != 20 && i % 32 != 22)
		return;
	pass(&host, 2.5, NULL, NULL);
	same(i);
}

static void checks_by_neighbour(uint32_t i)
{
	(void)i;
	asks(ATTACKER, SQL, 90, 120);
}

/* A client that asks the same at regular intervals and does nothing in between. */
static void checks(void)
{
	begin();
	every(5, 200, same);
	end(false, "a health check each 5 s");
	begin();
	every(2, 500, same);
	end(false, "a health check each 2 s");
	begin();
	every(15, 60, three_at_once);
	end(false, "three at once, each 15 s");
	begin();
	every(5, 200, two_in_turn);
	end(false, "two health checks by one host, each 5 s");
	begin();
	every(5, 200, same_and_more);
	end(false, "a health check, and at times somebody at the same host");
	begin();
	every(5, 200, same_by_hand);
	end(false, "a health check, and at times somebody who asks the same");
	begin();
	every(20, 40, same);
	every(4, 100, same);
	end(false, "a health check that has another interval now");
	begin();
	server = ATTACKER + 1;
	every(5, 60, checks_by_neighbour); /* fewer than a beacon has */
	end(false, "a health check by a public address of the server's /24");
}

/* Now the one thing, now another: what a program of two questions asks in one minute is as alike
 * as tries are. */
static void exports(uint32_t i)
{
	asks(PC, SQL, 300, i % 3 ? 500 : 1100 + host_random(&dice) % 400);
}

static void exports_twice(uint32_t i)
{
	exports(i);
	pass(&host, 0.4, NULL, NULL);
	exports(i + 1);
}

static void exporters(void)
{
	begin();
	every(5, 200, exports);
	end(false, "different questions, each 5 s");
	begin();
	every(5, 200, exports_twice);
	end(false, "two of them, each 5 s");
	begin();
	minutes(3, 20, exports);
	end(false, "different questions, each 3 s");
}

static void passwords_inside(uint32_t i)
{
	(void)i;
	logs_in(PC, 6 + host_random(&dice) % 11, 0);
}

static void refused_late(uint32_t i)
{
	(void)i;
	logs_in(PC, 6 + host_random(&dice) % 11, 3);
}

/* Whose next one does not come later for that. */
static void strays(uint32_t i)
{
	pass(&host, (double)(host_random(&dice) % 266) / 100, NULL, NULL);
	same(i);
}

/* From a host that has a timer, too. */
static void beside_a_timer(uint32_t i)
{
	exports(i);
	for (int k = 0; k < 2; k++) {
		pass(&host, 0.2 + (double)(host_random(&dice) % 150) / 100, NULL, NULL);
		passwords_inside(i);
	}
}

static void no_checks(void)
{
	begin();
	every(5, 40, beside_a_timer);
	end(true, "somebody at a host that asks for different things, each 5 s");
	begin();
	every(5, 40, checks_by_neighbour);
	end(true, "the same by a public address elsewhere: tries");
	begin();
	every(1.5, 40, passwords_inside);
	end(true, "somebody inside, each 1.5 s");
	begin();
	every(3.1, 40, refused_late);
	end(true, "somebody inside, each time he was refused, which takes the server 3 s");
	begin();
	every(20, 5, nine_at_once);
	end(true, "nine at once, each 20 s");
	begin();
	every(28, 5, nine_at_once);
	end(true, "nine at once, each 28 s");
	begin();
	every(4, 40, strays);
	end(true, "what strays by a third of 4 s");
	begin();
	minutes(3, 20, same_at_times);
	end(true, "what a health check asks, at no regular time");
}

/* ---- ports that a client takes again ---- */

/* Before the row of the older connection has gone, and after. */
static void again(uint16_t n, double seconds, int times, const char *what)
{
	const struct told *t;

	begin();
	ports = n;
	every(seconds, times, passwords);
	t = host_told(&host, WR_CLASS_BRUTE_FORCE);
	ok(t && t->f.evidence[0].feature == WR_FEATURE_SESSIONS && t->f.evidence[0].value == 10,
	   "%s: each is a session", what);
	ok(t && fabs(t->f.evidence[1].value - 727) < 1, "%s: of its own bytes (%.0f)", what,
	   t ? t->f.evidence[1].value : 0);
	ok(t && !t->over && t->last.last_ns + 10 * SECOND > host.ns, "%s: it goes on", what);
	end(true, what);
}

static void large_first(void)
{
	begin();
	ports = 1;
	asks(ATTACKER, FTP, 200, 30000);
	every(0.8, 40, passwords);
	end(true, "a large session, and passwords from its port");
}

static void ports_again(void)
{
	again(0, 1.2, 40, "a new port for each try");
	again(1, 1.2, 40, "one port");
	again(1, 0.5, 1000, "one port, more than five minutes without a pause");
	again(8, 1.2, 40, "eight ports in turn");
	again(20, 1.2, 40, "twenty ports in turn");
	large_first();
}

/* ---- one server that is asked often ---- */

static void asks_far(uint64_t wait_ns)
{
	host_opens(&host, PC, ++port, FAR_WEB, 443);
	host.ns += wait_ns + host_random(&dice) % 1000 * wait_ns / 100;
}

/* At no regular time, more often than sixteen bits can count. */
static void busy(void)
{
	begin();
	for (int i = 0; i < 65450; i++)
		asks_far(MS);
	pass(&host, 900, NULL, NULL);
	for (int i = 0; i < 150; i++)
		asks_far(SECOND);
	ok(!host_told(&host, WR_CLASS_BEACON), "65,600 connections at random times: no beacon");
	host_close(&host);
}

int main(void)
{
	programs();
	tries();
	checks();
	exporters();
	no_checks();
	second_one();
	ports_again();
	busy();
	return done();
}
