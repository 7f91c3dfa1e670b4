/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins that are tried one after another, and what programs do where people log in: sessions that
 * differ are none, and who had such is believed to be a program until they are as alike as only
 * tries are. Who tries is found, also when his tries are not all of one length.
 */
#include "tests/unit/detect_usual.h"

enum { FTP = 21, SQL = 5432 };

static struct host host; /* large */
static uint64_t dice;
static uint16_t port;

static void say(uint32_t from, uint16_t sport, uint32_t to, uint16_t dport, uint32_t bytes)
{
	for (; bytes > 1400; bytes -= 1400)
		host_tcp(&host, from, sport, to, dport, PSH | ACK, 1400);
	host_tcp(&host, from, sport, to, dport, PSH | ACK, bytes);
}

/* A session of one question and its answer; 0: of none. */
static void asks(uint32_t client, uint16_t service, uint32_t question, uint32_t answer)
{
	host_opens(&host, client, ++port, MAIL, service);
	say(MAIL, service, client, port, 60);
	if (question) {
		say(client, port, MAIL, service, question);
		say(MAIL, service, client, port, answer);
	}
	host_closes(&host, client, port, MAIL, service);
}

/* USER, PASS, and that it was wrong. */
static void logs_in(uint32_t client, uint32_t password)
{
	host_opens(&host, client, ++port, MAIL, FTP);
	say(MAIL, FTP, client, port, 60);
	say(client, port, MAIL, FTP, 11);
	say(MAIL, FTP, client, port, 34);
	say(client, port, MAIL, FTP, 7 + password);
	say(MAIL, FTP, client, port, 22);
	host_closes(&host, client, port, MAIL, FTP);
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
	minutes(3, 20, somewhat);
	end(true, "the same of one of whom nothing else is known");
}

/* ---- tries ---- */

static void same(uint32_t i)
{
	(void)i;
	asks(PC, SQL, 90, 120);
}

static void passwords(uint32_t i)
{
	(void)i;
	logs_in(ATTACKER, 6 + host_random(&dice) % 11);
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
	minutes(1, 11, same);
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
	logs_in(ATTACKER + 1, 9);
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
	second_one();
	busy();
	return done();
}
