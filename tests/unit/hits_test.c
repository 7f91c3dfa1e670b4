/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is hit: tables of fixed size, and who was there before. */
#include "tests/tap.h"

#include "flow/hits.h"
#include "tests/unit/feed.h"

#define SINCE (FEED_START + 10 * FEED_SECOND)

static struct wr_hits h;

/* A part with a flow of its own that began then; flags: of both ends. */
static void hit(uint32_t client, uint16_t dport, bool out, uint64_t packets, uint64_t first_ns,
		uint16_t theirs, uint16_t ours)
{
	struct wr_live_part p =
		feed_part(client, (uint16_t)(30000 + client), dport, out, packets, SINCE);
	struct wr_flow f = {.key = p.flow.key, .first_ns = first_ns};
	int other = out ? !p.flow.from : p.flow.from;

	f.caller = (uint8_t)other;
	f.tcp_flags[other] = theirs;
	f.tcp_flags[!other] = ours;
	f.sent[other].packets = 1;
	f.sent[!other].packets = ours != 0;
	wr_hits_add(&h, &p, &f);
}

static uint64_t packets_of(const struct wr_hit_table *t)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < t->n; i++)
		n += t->at[i].n.packets;
	return n;
}

static void test_known_good(void)
{
	enum { SYN = WR_TCP_SYN, ACK = WR_TCP_ACK, RST = WR_TCP_RST };
	static const struct {
		const char *what;
		uint16_t dport;
		bool before;
		uint16_t theirs, ours;
		bool good;
	} cases[] = {
		{"a connection from before", 443, true, SYN | ACK, 0, true},
		{"one that is new", 443, false, SYN | ACK, 0, false},
		{"an attempt from before", 443, true, SYN, 0, false},
		{"one that was reset by us", 443, true, SYN | ACK, RST, false},
		{"one that was reset by them", 443, true, SYN | ACK | RST, ACK, false},
		{"a question over UDP that was answered", 53, true, 0, 1, true},
		{"one that was not seen to be answered", 53, true, 0, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		wr_hits_begin(&h, SINCE);
		hit(1, cases[i].dport, false, 7, SINCE - (cases[i].before ? 1 : 0), cases[i].theirs,
		    cases[i].ours);
		is_int((long long)h.good.packets, cases[i].good ? 7 : 0, "%s", cases[i].what);
		is_int(h.flows.n, cases[i].good, "%s: rows", cases[i].what);
	}
	wr_hits_begin(&h, SINCE);
	hit(1, 443, false, 2, SINCE - 1, SYN | ACK, 0);
	hit(1, 443, false, 3, SINCE + 5, 0, 0); /* told in parts: it begins anew */
	is_int((long long)h.good.packets, 5, "a long flow stays known-good");
	hit(1, 443, false, 3, SINCE + 5, RST, 0);
	is_int((long long)h.good.packets, 5, "until it is reset");
}

static void test_services(void)
{
	const struct wr_hit *top[4];

	wr_hits_begin(&h, SINCE);
	hit(1, 443, false, 5, SINCE, 2, 0);
	hit(2, 443, false, 6, SINCE, 2, 0);
	hit(2, 53, false, 20, SINCE, 0, 0);
	hit(3, 443, true, 100, SINCE, 2, 0); /* what leaves: from the service */
	is_int(wr_hits_top(&h.services, top, 4), 2, "two services");
	is_int(top[0]->key.port[0], 443, "the larger one first");
	is_int((long long)top[0]->n.packets, 111, "with all that it was hit by");
	ok(!top[0]->answers, "it is ours");
	is_int(wr_hits_top(&h.sources, top, 4), 3, "three sources: two clients and we");
	is_int((long long)top[0]->n.packets, 100, "the largest first");
	is_int((long long)h.all.bytes, 13100, "all of it is summed up");
	is_int(wr_hits_sources(&h), 3, "and so are distinct sources");
}

/* We are the client: what is hit are answers. */
static void test_answers(void)
{
	struct wr_live_part p = feed_part(1, 443, 40000, false, 3, SINCE);
	struct wr_flow f = {.key = p.flow.key, .first_ns = SINCE, .caller = !p.flow.from};

	wr_hits_begin(&h, SINCE);
	wr_hits_add(&h, &p, &f);
	ok(h.services.at[0].answers && h.services.at[0].key.port[0] == 443,
	   "answers are told as those of the other's service");
	wr_hits_begin(&h, SINCE);
	wr_hits_add(&h, &p, NULL);
	ok(!h.services.at[0].answers && h.services.at[0].key.port[0] == 40000,
	   "without a flow what is asked for is the service");
}

static void test_room(void)
{
	const struct wr_hit *top[3];

	wr_hits_begin(&h, SINCE);
	for (uint32_t round = 0; round < 50; round++) {
		hit(9999, 443, false, 40, SINCE, 2, 0);
		for (uint32_t i = 0; i < 1000; i++)
			hit(i, 443, false, 1, SINCE, 2, 0);
	}
	is_int(h.sources.n, WR_HITS_ROWS, "a table has its rows and no more");
	is_int((long long)packets_of(&h.sources), (long long)h.all.packets,
	       "rows are all that was added");
	wr_hits_top(&h.sources, top, 3);
	ok(top[0]->key.addr[0][3] == (uint8_t)9999 && top[0]->key.addr[0][2] == 9999 >> 8,
	   "who has more than its share is the first");
	ok(top[0]->n.packets >= 2000 && top[0]->n.packets - top[0]->over.packets <= 2000,
	   "with what it had within its bounds");
	ok(wr_hits_sources(&h) > 900 && wr_hits_sources(&h) < 1100, "about 1001 sources: %u",
	   wr_hits_sources(&h));
}

int main(void)
{
	test_known_good();
	test_services();
	test_answers();
	test_room();
	return done();
}
