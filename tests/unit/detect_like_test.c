/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only looks like an attack: nothing above information is said of it. */
#include "tests/unit/detect_scans.h"

enum { V4 = 1, V6 = 2, BOTH = 3 };

static uint64_t random_state;
static struct host host; /* large */

#define NAMES_HOST 0x0a000035u /* 10.0.0.53 */
#define IDLE 0x0a00004du       /* 10.0.0.77: hardly anybody asks it */

/* ---- names ---- */

/* Four hundred names a second, of servers everywhere, with answers of all sizes. */
static void resolver_asks(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t server = 0xb0000000u + host_random(&random_state) % 2000 * 300;
		uint16_t port = (uint16_t)(1024 + (turn * 4 + i) % 60000);

		host_udp(h, NAMES_HOST, port, server, 53, 40);
		host_udp(h, server, 53, NAMES_HOST, port, 80 + i * 350);
	}
}

/* As many from clients near by. */
static void resolver_answers(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 4; i++) {
		uint32_t client = 0x0a000200u + host_random(&random_state) % 200;
		uint16_t port = (uint16_t)(1024 + (turn * 4 + i) % 60000);

		host_udp(h, client, port, NAMES_HOST, 53, 40);
		host_udp(h, NAMES_HOST, 53, client, port, 120);
	}
}

/* Is that sender on a list? Most are not: the name does not exist. */
static void mail_filter(struct host *h, uint32_t turn)
{
	uint32_t a = host_random(&random_state);
	uint16_t port = (uint16_t)(2000 + turn % 60000);
	char name[80];

	if (turn % 20)
		return;
	snprintf(name, sizeof(name), "%u.%u.%u.%u.zen.blocklist.example", a & 255, a >> 8 & 255,
		 a >> 16 & 255, a >> 24);
	host_dns(h, MAIL, port, RESOLVER, name, 1, -1);
	host_dns(h, MAIL, port, RESOLVER, name, 1, 3);
	snprintf(name, sizeof(name), "%u.%u.%u.%u.in-addr.arpa", a & 255, a >> 8 & 255,
		 a >> 16 & 255, a >> 24);
	host_dns(h, MAIL, port, RESOLVER, name, 12, -1);
	host_dns(h, MAIL, port, RESOLVER, name, 12, 3);
}

/* ---- much of it ---- */

static void backup(struct host *h, uint32_t turn)
{
	if (!turn)
		host_opens(h, PC, 50000, WEB, 873);
	host_says(h, PC, 50000, WEB, 873, 14000);
}

/* The same, and its beginning was before detection's. */
static void backup_goes_on(struct host *h, uint32_t turn)
{
	(void)turn;
	host_says(h, PC, 50000, WEB, 873, 14000);
}

static void quic_upload(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 10; i++) {
		host_udp(h, PC, 50000, WEB, 443, 1250);
		if (i % 2)
			host_udp(h, WEB, 443, PC, 50000, 40);
	}
}

static void crowd(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 2; i++)
		host_session(h, host_stranger(&random_state),
			     (uint16_t)(1024 + host_random(&random_state) % 60000), WEB, 443, 500,
			     3000);
}

/* Pages: a connection, and when that has told what belongs to it three more. */
static void crowd_of_browsers(struct host *h, uint32_t turn)
{
	enum { LATER = 15 /* turns */ };
	static uint32_t who[LATER];
	uint32_t *one = &who[turn % LATER];

	for (uint32_t i = 1; turn >= LATER && i <= 3; i++)
		host_session(h, *one, (uint16_t)(20000 + turn * 4 + i), WEB, 443, 500, 3000);
	*one = host_stranger(&random_state);
	host_session(h, *one, (uint16_t)(20000 + turn * 4), WEB, 443, 500, 3000);
}

/* ---- patient ones ---- */

static void monitoring(struct host *h, uint32_t turn)
{
	if (turn % 6000 < 5)
		host_session(h, PC, (uint16_t)(20000 + turn % 6000 + turn / 6000),
			     MAIL + turn % 6000, 22, 60, 60);
	if (turn % 6000 == 7)
		host_session(h, PC, (uint16_t)(20000 + turn / 6000), MAIL, 25, 30, 60);
}

static void gateway_asks(struct host *h, uint32_t turn)
{
	uint32_t neighbour = (WEB & ~0xffu) + 100 + turn / 100 % 50;

	if (turn % 100)
		return;
	host_arp(h, false, GATEWAY, 0xff, neighbour);
	host_arp(h, true, neighbour, (uint8_t)neighbour, GATEWAY);
}

static void gateway_pings(struct host *h, uint32_t turn)
{
	uint32_t neighbour = (WEB & ~0xffu) + 100 + turn / 50 % 60;

	if (turn % 50)
		return;
	host_icmp(h, GATEWAY, neighbour, false, 56);
	host_icmp(h, neighbour, GATEWAY, true, 56);
}

/* A page was got, and the connection is kept for the next one. */
static void keep_alive(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn % 150 * 77;

	if (turn >= 150)
		return;
	host_opens(h, client, 40000, WEB, 443);
	host_says(h, client, 40000, WEB, 443, 400);
	host_says(h, WEB, 443, client, 40000, 2000);
}

static void clock_asks(struct host *h, uint32_t turn)
{
	uint32_t i = turn % 6400 / 100;

	if (turn % 100 || i >= 4)
		return;
	host_udp(h, PC, 123, FAR_WEB + i, 123, 48);
	host_udp(h, FAR_WEB + i, 123, PC, 123, 48);
}

static void crawler(struct host *h, uint32_t turn)
{
	if (turn % 50 == 0)
		host_session(h, PC, (uint16_t)(20000 + turn / 50), 0x60000000u + turn * 511, 443,
			     300, 4000);
}

/* ---- what servers do ---- */

/* Connections for a question or some, as programs without a pool make them. */
static void questions(struct host *h, uint32_t turn)
{
	uint32_t answer = 100u << host_random(&random_state) % 8;

	if (turn % 60 == 0)
		host_session(h, WEB, (uint16_t)(20000 + turn / 60 % 40000), MAIL, 5432, 200,
			     answer);
}

/* Sixty connections that are held and used, and a server that says nothing for half a minute, in
 * which they are told in parts. */
static void held_and_silent(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn % 1000 * 77;

	if (turn % 1000 >= 60)
		return;
	if (turn < 1000)
		host_opens(h, client, 40000, WEB, 443);
	host_tcp(h, client, 40000, WEB, 443, WR_TCP_PSH | ACK, 100);
	if (turn < 29500 || turn > 32500)
		host_tcp(h, WEB, 443, client, 40000, WR_TCP_PSH | ACK, 200);
}

/* Connections that are held and used, until the server cuts them all at once: right behind the time
 * after which flows are told in parts. */
static void pool(struct host *h, uint32_t turn)
{
	uint16_t port = (uint16_t)(30000 + turn % 400);

	if (turn % 400 >= 40)
		return;
	if (turn < 400)
		host_opens(h, WEB, port, MAIL, 5432);
	if (turn < 32000) {
		host_says(h, WEB, port, MAIL, 5432, 400);
		host_says(h, MAIL, 5432, WEB, port, 400);
	} else if (turn < 32400) {
		host_tcp(h, MAIL, 5432, WEB, port, RST | ACK, 0);
	}
}

/* A program asks a database for each of those who come, */
static void usual_and_questions(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 97 == 0)
		host_session(h, PC, (uint16_t)(20000 + turn / 97 % 40000), MAIL, 5432, 200,
			     100u << host_random(&random_state) % 8);
}

/* more of it, */
static void many_questions(struct host *h, uint32_t turn)
{
	host_session(h, PC, (uint16_t)(2000 + turn % 18000), MAIL, 5432, 200,
		     100u << host_random(&random_state) % 8);
}

/* and many who come. */
static void crowd_in_front(struct host *h, uint32_t turn)
{
	crowd(h, turn);
	many_questions(h, turn);
}

/* Thirty servers of it, of which no one has much; each asks in each minute, */
static void one_of_thirty(struct host *h, uint32_t number)
{
	host_session(h, PC + 1 + number % 30, (uint16_t)(2000 + number % 60000), MAIL, 5432, 200,
		     100u << host_random(&random_state) % 8);
}

static void usual_of_thirty(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 97 == 0)
		one_of_thirty(h, turn / 97);
}

/* and in a rush more than clients do. */
static void crowd_before_thirty(struct host *h, uint32_t turn)
{
	crowd(h, turn);
	one_of_thirty(h, turn * 2);
	one_of_thirty(h, turn * 2 + 1);
}

/* A minute and a half of clients, then it does not answer for half a minute: they open again after
 * 1, 3 and 7 seconds; then they are served. */
static void goes_down(struct host *h, uint32_t turn)
{
	static const uint32_t again[] = {0, 100, 300, 700};

	if (turn % 10)
		return;
	if (turn < 9000 || turn >= 12000) {
		usual_turn(h, turn);
		return;
	}
	for (size_t i = 0; i < sizeof(again) / sizeof(*again); i++) {
		uint32_t first = (turn - again[i]) / 10;

		if (turn - again[i] >= 9000)
			host_tcp(h, 0xd0000000u + first * 7919 % USERS * 77,
				 (uint16_t)(20000 + first % 30000), WEB, 443, SYN, 0);
	}
}

/* The same, and it refuses: the program is not there. */
static void refuses(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn / 5 * 7919 % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn / 5 % 30000);

	if (turn < 9000 || turn >= 12000) {
		usual_turn(h, turn);
	} else if (turn % 5 == 0) {
		host_tcp(h, client, port, WEB, 443, SYN, 0);
		host_tcp(h, WEB, 443, client, port, RST | ACK, 0);
	}
}

/* The same, and what else the host has is there; a program that is refused tries again at once. */
static void refuses_beside(struct host *h, uint32_t turn)
{
	refuses(h, turn);
	if (turn % 100 == 0)
		host_session(h, PC, (uint16_t)(20000 + turn / 100), WEB, 8080, 200, 1000);
	if (turn >= 9000 && turn < 12000 && turn % 3 == 0) {
		host_tcp(h, PC, (uint16_t)(1024 + turn), WEB, 80, SYN, 0);
		host_tcp(h, WEB, 80, PC, (uint16_t)(1024 + turn), RST | ACK, 0);
	}
}

/* Many that are new, and one of those that always come has something to do. */
static void crowd_and_job(struct host *h, uint32_t turn)
{
	if (turn % 2 == 0)
		crowd(h, turn);
	if (turn % 6 == 0)
		host_session(h, PC, (uint16_t)(20000 + turn / 6), WEB, 443, 500, 3000);
}

/* Twenty hosts of a network, forty clients, and all that ask are served. */
static void at_neighbours(struct host *h, uint32_t number)
{
	uint32_t client = 0xd0000000u + number % 40 * 77, server = (WEB & ~0xffu) + 100;

	host_session(h, client, (uint16_t)(1024 + number % 60000), server + number % 20, 443, 200,
		     1000);
}

static void usual_at_neighbours(struct host *h, uint32_t turn)
{
	if (turn % 5 < 3)
		at_neighbours(h, turn);
}

static void many_at_neighbours(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 3; i++)
		at_neighbours(h, turn * 3 + i);
}

static const struct like {
	const char *what;
	int versions;
	turn_fn turn;
	double warm, seconds;
	turn_fn usual;
} likes[] = {
	{"a usual day", BOTH, NULL, 0, 120, usual_turn},
	{"a flash crowd", BOTH, crowd, 60, 15, usual_turn},
	{"a flash crowd of browsers", BOTH, crowd_of_browsers, 60, 15, usual_turn},
	{"a busy resolver, after a restart", BOTH, resolver_asks, 0, 20, usual_turn},
	{"a resolver that gets busy", BOTH, resolver_asks, 60, 20, usual_turn},
	{"a busy server of names, after a restart", BOTH, resolver_answers, 0, 20, usual_turn},
	{"a filter of mail that asks lists", V4, mail_filter, 60, 60, usual_turn},
	{"a backup", BOTH, backup, 60, 15, usual_turn},
	{"a backup that goes on when weir starts", BOTH, backup_goes_on, 0, 15, usual_turn},
	{"an upload by QUIC", BOTH, quic_upload, 60, 15, usual_turn},
	{"monitoring that connects each minute", BOTH, monitoring, 0, 1800, NULL},
	{"a gateway that asks for its neighbours", V4, gateway_asks, 60, 120, usual_turn},
	{"a gateway that pings its neighbours", BOTH, gateway_pings, 60, 120, usual_turn},
	{"connections that are kept", BOTH, keep_alive, 60, 40, usual_turn},
	{"clocks that are asked every 64 s", BOTH, clock_asks, 0, 7200, NULL},
	{"a program that asks a database", BOTH, questions, 60, 900, usual_turn},
	{"a server that is down for a while", BOTH, goes_down, 0, 150, NULL},
	{"a server that refuses for a while", BOTH, refuses, 0, 150, NULL},
	{"one that refuses what another program on it does not", BOTH, refuses_beside, 0, 150,
	 NULL},
	{"a flash crowd and one with more to do", BOTH, crowd_and_job, 120, 15, usual_turn},
	{"a server that is silent, and connections held", BOTH, held_and_silent, 150, 340,
	 usual_turn},
	{"a pool of connections that is cut", BOTH, pool, 60, 330, usual_turn},
	{"a database behind a flash crowd", BOTH, crowd_in_front, 700, 15, usual_and_questions},
	{"a database behind thirty servers and a flash crowd", BOTH, crowd_before_thirty, 700, 15,
	 usual_of_thirty},
	{"a crowd at a whole network", BOTH, many_at_neighbours, 620, 20, usual_at_neighbours},
	{"the way to a host", BOTH, trace_route, 60, 60, usual_turn},
	{"answers of a server, after a restart", BOTH, late_answers, 0, 60, usual_turn},
	{"some answers that nobody asked for", BOTH, forged_answers, 60, 60, usual_turn},
	{"calls that nobody answers", BOTH, calls, 60, 60, usual_turn},
	{"a laptop that wakes up", BOTH, laptop_wakes, 0, 20, usual_turn},
	{"the same, later", BOTH, laptop_wakes, 620, 20, usual_turn},
	{"a server that closes what was idle", BOTH, server_closes, 60, 20, usual_turn},
	{"services that are in use when weir starts", BOTH, services_go_on, 0, 20, usual_turn},
	{"a crawler", BOTH, crawler, 60, 60, usual_turn},
};

static void look(const struct like *l, int v)
{
	struct wr_buf b = {0};

	host_open(&host, v);
	random_state = 7;
	pass(&host, l->warm, l->usual, NULL);
	pass(&host, l->seconds, l->usual, l->turn);
	pass(&host, 20, l->usual, NULL);
	wr_detect_finish(host.d);
	for (uint32_t i = 0; i < host.n_told; i++)
		if (host.told[i].f.severity > WR_SEVERITY_INFO) {
			wr_buf_fmt(&b,
				   "# %.1f s: ", (double)(host.told[i].f.raised_ns - EPOCH) / 1e9);
			wr_finding_reason(&b, &host.told[i].f);
			wr_buf_char(&b, '\n');
		}
	ok(!b.used && host.n, "%s, IPv%d: nothing is said of %u packets", l->what, v, host.n);
	if (b.used)
		printf("%s", wr_buf_text(&b));
	wr_buf_free(&b);
	host_close(&host);
}

/* A flood of the database after so long of what is usual. */
static void is_told(int v, double usual_s, turn_fn usual, turn_fn flood, const char *what)
{
	const struct told *t;

	host_open(&host, v);
	random_state = 7;
	pass(&host, usual_s, usual, NULL);
	pass(&host, 15, usual, flood);
	t = host_told(&host, WR_CLASS_HTTP_FLOOD);
	ok(t && host_is(&host, t->f.victim.addr, MAIL), "IPv%d: %s", v, what);
	host_close(&host);
}

/* A client that connects once a minute, and an address that is hardly ever asked for something. */
static void one_a_minute(struct host *h, uint32_t turn)
{
	if (turn % 6000 == 50)
		host_session(h, PC, (uint16_t)(20000 + turn / 6000), MAIL, 5432, 200, 1000);
	if (turn % 6000 == 70)
		host_udp(h, RESOLVER, 53, IDLE, 4000, 60);
}

/* As if somebody had connected: who is forged sees no answer, and there need not be one. */
static void pretend(struct host *h, uint32_t turn)
{
	uint32_t who = host_stranger(&random_state);

	host_tcp(h, who, (uint16_t)(1024 + turn), IDLE, 443, SYN, 0);
	host_tcp(h, who, (uint16_t)(1024 + turn), IDLE, 443, ACK, 0);
}

/* What is to hide it began two seconds before. */
static void five_a_turn(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; turn >= 200 && i < 5; i++)
		host_session(h, PC, (uint16_t)(1024 + (turn * 5 + i) % 60000), MAIL, 5432, 100,
			     100);
}

static void behind_few(struct host *h, uint32_t turn)
{
	five_a_turn(h, turn);
	if (turn % 25 == 0)
		pretend(h, turn);
}

/* A fifth as many. */
static void behind_many(struct host *h, uint32_t turn)
{
	five_a_turn(h, turn);
	pretend(h, turn);
}

int main(void)
{
	for (int v = 4; v <= 6; v += 2) {
		/* What is nothing behind a crowd is something without one, */
		is_told(v, 700, usual_and_questions, many_questions,
			"as many questions and no crowd are told");
		/* and some who connect elsewhere are none. */
		is_told(v, 840, one_a_minute, behind_few,
			"a flood of one's own client is found behind four of forged sources a "
			"second");
		is_told(v, 840, one_a_minute, behind_many,
			"and behind as many of forged sources as a crowd has clients");
	}
	for (size_t i = 0; i < sizeof(likes) / sizeof(*likes); i++)
		for (int v = 4; v <= 6; v += 2)
			if (likes[i].versions & (v == 4 ? V4 : V6))
				look(&likes[i], v);
	return done();
}
