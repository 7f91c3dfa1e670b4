/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host that answers nobody for a while: its clients ask again and again, and that is no flood. As
 * many SYNs of others are one, whether it answers or not, and so are those to all its neighbours.
 */
#include "tests/unit/detect_usual.h"

enum { WARM_S = 620, DOWN_S = 20, NEIGHBOURS = 60 };

static struct host host; /* large */
static uint64_t dice;

/* It begins with as many as always; five seconds later each of two hundred clients tries once a
 * second. */
static uint32_t syns_of(uint32_t turn)
{
	return turn < 500 ? turn % 10 == 0 : 2;
}

static void again(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < syns_of(turn); i++) {
		uint32_t n = turn * 2 + i;

		host_tcp(h, 0xd0000000u + n % USERS * 77, (uint16_t)(20000 + n / USERS), WEB, 443,
			 SYN, 0);
	}
}

static void strangers(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < syns_of(turn); i++)
		host_tcp(h, host_stranger(&dice), (uint16_t)(1024 + turn), WEB, 443, SYN, 0);
}

static void both(struct host *h, uint32_t turn)
{
	again(h, turn);
	strangers(h, turn);
}

/* Half as many in the first seconds. */
static void neighbours(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < (turn < 500 ? 1 : 2); i++)
		host_tcp(h, host_stranger(&dice), (uint16_t)(1024 + turn),
			 (WEB & ~0xffu) + 40 + (turn * 2 + i) % NEIGHBOURS, 443, SYN, 0);
}

static void neighbours_of_known(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < (turn < 500 ? 1 : 2); i++) {
		uint32_t n = turn * 2 + i;

		host_tcp(h, 0xd0000000u + n % USERS * 77, (uint16_t)(1024 + turn),
			 (WEB & ~0xffu) + 40 + n % NEIGHBOURS, 443, SYN, 0);
	}
}

static const struct outage {
	const char *what;
	turn_fn usual, turn; /* while it lasts */
	enum wr_finding_class klass;
} outages[] = {
	{"clients of a host that is down ask again and again", NULL, again, WR_CLASS_COUNT},
	{"as many SYNs of others, of a host that is up", usual_turn, strangers, WR_CLASS_SYN_FLOOD},
	{"as many of others, of a host that is down", NULL, strangers, WR_CLASS_SYN_FLOOD},
	{"as many of both, of a host that is down", NULL, both, WR_CLASS_SYN_FLOOD},
	{"as many of others, to all its neighbours", usual_turn, neighbours,
	 WR_CLASS_CARPET_BOMBING},
	{"as many of those that come, to all its neighbours", usual_turn, neighbours_of_known,
	 WR_CLASS_CARPET_BOMBING},
};

static void outage(const struct outage *o, int v)
{
	const struct told *t;
	struct wr_buf b = {0};
	bool right;

	host_open(&host, v);
	dice = 7;
	pass(&host, WARM_S, usual_turn, NULL);
	pass(&host, DOWN_S, o->usual, o->turn);
	pass(&host, 20, usual_turn, NULL);
	t = host_other(&host, WR_CLASS_COUNT);
	right = o->klass == WR_CLASS_COUNT
			? !t
			: t && t->f.klass == o->klass && !host_other(&host, o->klass);
	if (t)
		wr_finding_reason(&b, &t->f);
	ok(right, "IPv%d: %s: %s", v, o->what, t ? wr_class_name(t->f.klass) : "nothing");
	if (t)
		note("%.1f s: %s", (double)(t->f.raised_ns - EPOCH) / 1e9 - WARM_S,
		     wr_buf_text(&b));
	wr_buf_free(&b);
	host_close(&host);
}

/* Three hundred connections a second of thirty, and behind them, later, twice as many SYNs of
 * strangers: what a limit keeps out would not come again so often. */
static void behind_connections(struct host *h, uint32_t turn)
{
	for (uint32_t i = turn * 3; i < turn * 3 + 3; i++)
		host_session(h, ATTACKER + i % 30 * 256, (uint16_t)(1024 + i), WEB, 443, 100, 1000);
	for (uint32_t i = 0; turn >= 500 && i < 7; i++)
		host_tcp(h, host_stranger(&dice), (uint16_t)(1024 + turn), WEB, 443, SYN, 0);
}

static void test_behind_connections(int v)
{
	host_open(&host, v);
	dice = 7;
	pass(&host, WARM_S, usual_turn, NULL);
	pass(&host, DOWN_S, usual_turn, behind_connections);
	ok(host_told(&host, WR_CLASS_HTTP_FLOOD) && host_told(&host, WR_CLASS_SYN_FLOOD),
	   "IPv%d: SYNs of strangers behind a flood of connections are found", v);
	host_close(&host);
}

/* A hundred thousand SYNs a second of forged sources. */
static void forged(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 1000; i++)
		host_tcp(h, host_stranger(&dice), (uint16_t)(1024 + turn), WEB, 443, SYN, 0);
}

/* Strangers are told from clients afterwards, too. As IPv6 they would be of few networks. */
static void test_after_millions(void)
{
	const struct told *t = NULL;

	host_open(&host, 4);
	dice = 7;
	pass(&host, WARM_S, usual_turn, NULL);
	pass(&host, 50, usual_turn, forged);
	pass(&host, 120, usual_turn, NULL);
	is_int(host.n_told, 1, "millions of forged sources are one flood");
	pass(&host, DOWN_S, NULL, strangers);
	for (uint32_t i = 1; i < host.n_told; i++)
		if (host.told[i].f.klass == WR_CLASS_SYN_FLOOD)
			t = &host.told[i];
	ok(t != NULL, "and then SYNs of strangers at a host that is down are one");
	host_close(&host);
	host_open(&host, 4);
	dice = 7;
	pass(&host, WARM_S, usual_turn, NULL);
	pass(&host, 50, usual_turn, forged);
	pass(&host, 120, usual_turn, NULL);
	pass(&host, DOWN_S, NULL, again);
	is_int(host.n_told, 1, "and those of clients are none");
	host_close(&host);
}

int main(void)
{
	test_after_millions();
	test_behind_connections(4);
	test_behind_connections(6);
	for (size_t i = 0; i < sizeof(outages) / sizeof(*outages); i++)
		for (int v = 4; v <= 6; v += 2)
			outage(&outages[i], v);
	return done();
}
