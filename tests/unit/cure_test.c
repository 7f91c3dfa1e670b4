/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that are made from findings: each is a statement of the policy language, and held against
 * the packets that follow it drops the attack and nothing usual; where both look the same none is
 * made that drops.
 */
#include "policy/verdict.h"
#include "tests/unit/detect_usual.h"

static struct wr_cure_want want = {.name = "auto1", .for_s = 60};

enum { V4 = 1, V6 = 2, BOTH = 3 };

static uint64_t random_state;
static struct host host; /* large */
static bool attacking;	 /* the packets that are made are the attack's */

static struct cured {
	struct wr_cure cure;
	struct wr_policy *policy;
	struct wr_verdicts *judge; /* NULL: no rule yet */
	uint64_t attack, attack_out, usual, usual_out;
	uint32_t asked, drops, limits, none;
	bool broken;
} cured;

static void wrong(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	(void)ctx;
	note("%u:%u: %s", line, column, text);
}

/* As a daemon would: the first one that may be put in without asking, and better ones later. */
static void news(struct host *h, enum wr_finding_news n, const struct wr_finding *f)
{
	struct wr_cure cure;
	struct wr_err err = {0};

	if (n == WR_FINDING_OVER || f->severity == WR_SEVERITY_INFO)
		return;
	wr_detect_cure(h->d, f, &want, &cure);
	cured.asked++;
	cured.none += cure.verb == WR_CURE_NONE;
	cured.limits += cure.verb == WR_CURE_LIMIT;
	cured.drops += cure.verb == WR_CURE_DROP;
	if (cure.verb != WR_CURE_NONE) {
		struct wr_policy *p = NULL;

		if (wr_policy_parse(&p, cure.rule, strlen(cure.rule), "cure", wrong, NULL, &err)) {
			note("%s: %s", cure.rule, err.text);
			cured.broken = true;
			return;
		}
		if (!cure.safe || !strcmp(cure.rule, cured.cure.rule)) {
			wr_policy_free(&p);
			return;
		}
		wr_verdicts_close(&cured.judge);
		wr_policy_free(&cured.policy);
		cured.policy = p;
		cured.cure = cure;
		cured.broken |= wr_verdicts_open(&cured.judge, p, &err) != 0;
	}
}

static void judge(struct host *h, const struct wr_packet *pkt, const struct seen *s)
{
	struct wr_verdict_packet in = {.rec = &h->parse.rec,
				       .data = pkt->data,
				       .caplen = pkt->caplen,
				       .len = pkt->len,
				       .linktype = pkt->linktype,
				       .iface = "",
				       .ts_ns = pkt->ts_ns};
	struct wr_verdict_of v = {.verdict = WR_VERDICT_PASS};
	struct wr_err err = {0};

	(void)s;
	if (!cured.judge)
		return;
	cured.broken |= wr_verdict(cured.judge, &in, &v, &err) != 0;
	cured.attack += attacking;
	cured.attack_out += attacking && v.verdict != WR_VERDICT_PASS;
	cured.usual += !attacking;
	cured.usual_out += !attacking && v.verdict != WR_VERDICT_PASS;
}

/* ---- attacks on the service that is used, too ---- */

static uint8_t ttl_lo, ttl_n;
static uint16_t window;

static void begin(struct host *h)
{
	attacking = true;
	h->unasked = true;
	h->ttl = (uint8_t)(ttl_lo + (ttl_n ? host_random(&random_state) % ttl_n : 0));
	h->window = window;
}

static void end(struct host *h)
{
	attacking = false;
	h->unasked = false;
	h->ttl = 57;
	h->window = 64240;
}

static void syn_flood(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 20; i++) {
		begin(h);
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn * 20 + (uint32_t)i), WEB,
			 443, SYN, 0);
	}
	end(h);
}

/* From so many addresses of one network of strangers. */
static void acks_of(struct host *h, uint32_t turn, uint32_t n, uint32_t apart)
{
	for (uint32_t i = 0; i < 20; i++) {
		begin(h);
		host_tcp(h, ATTACKER + (turn * 20 + i) % n * apart,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), WEB, 443, ACK, 0);
	}
	end(h);
}

static void acks_of_one(struct host *h, uint32_t turn)
{
	acks_of(h, turn, 1, 1);
}

static void acks_of_eight(struct host *h, uint32_t turn)
{
	acks_of(h, turn, 8, 0x10001);
}

static void acks_of_network(struct host *h, uint32_t turn)
{
	acks_of(h, turn, 200, 1);
}

static void acks_of_many(struct host *h, uint32_t turn)
{
	acks_of(h, turn, 40, 0x10001);
}

/* A client of usual_turn() that comes more often than others, */
static void regular_turn(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 20 == 7)
		host_session(h, 0xd0000000u + 77, (uint16_t)(20000 + turn / 20 % 30000), WEB, 443,
			     500, 3000);
}

/* and floods. */
static void acks_of_client(struct host *h, uint32_t turn)
{
	(void)turn;
	for (uint32_t i = 0; i < 20; i++) {
		begin(h);
		host_tcp(h, 0xd0000000u + 77, (uint16_t)(1024 + host_random(&random_state) % 60000),
			 WEB, 443, ACK, 0);
	}
	end(h);
}

static void syns_of_one(struct host *h, uint32_t turn)
{
	(void)turn;
	for (uint32_t i = 0; i < 20; i++) {
		begin(h);
		host_tcp(h, ATTACKER, (uint16_t)(1024 + host_random(&random_state) % 60000), WEB,
			 443, SYN, 0);
	}
	end(h);
}

static void reflection(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 10; i++) {
		begin(h);
		host_tcp(h, 0xb0000000u + (turn * 10 + i) % 500 * 1000, 443, WEB,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), SYN_ACK, 0);
	}
	end(h);
}

static void udp_flood(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 10; i++) {
		begin(h);
		host_udp(h, host_stranger(&random_state), 4444, WEB, 9999, 512);
	}
	end(h);
}

static void amp_dns(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 10; i++) {
		begin(h);
		host_udp(h, 0xb0000000u + (turn * 10 + i) % 300 * 1000, 53, PC,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), 1200);
	}
	end(h);
}

static void icmp_flood(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 5; i++) {
		begin(h);
		host_icmp(h, host_stranger(&random_state), WEB, false, 1000);
	}
	end(h);
}

static void fragments(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 5; i++) {
		begin(h);
		host_fragment(h, ATTACKER, WEB, 100 + (turn + i) % 50, 480);
	}
	end(h);
}

/* What was one datagram: first ones are longer, and the later ones follow them. */
static void pieces(struct host *h, uint32_t turn)
{
	(void)turn;
	begin(h);
	host_fragment(h, ATTACKER, WEB + 60, 0, 24);
	for (uint32_t i = 1; i < 150; i++) {
		begin(h);
		host_fragment(h, ATTACKER, WEB + 60, i, 8);
	}
	end(h);
}

static void carpet(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 4; i++) {
		begin(h);
		host_udp(h, 0xb0000000u + host_random(&random_state) % 300 * 1000, 500,
			 (WEB & ~0xffu) + (turn * 4 + i) * 37 % 60, 500, 300);
	}
	end(h);
}

/* Of an address of which nothing usual is known every fact tells as much as any other. */
static void lonely(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 20; i++) {
		begin(h);
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn * 20 + (uint32_t)i),
			 WEB + 60, 443, SYN, 0);
	}
	end(h);
}

static void lonely_udp(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 20; i++) {
		begin(h);
		host_udp(h, host_stranger(&random_state), (uint16_t)(turn * 20 + (uint32_t)i),
			 WEB + 60, (uint16_t)host_random(&random_state), 100);
	}
	end(h);
}

static void pings_of_one(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 20; i++) {
		begin(h);
		host_icmp(h, ATTACKER, WEB, false, 56);
	}
	end(h);
}

/* As those that come each day, at the same service, more of them. */
static void pings(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 5; i++) {
		begin(h);
		host_icmp(h, host_stranger(&random_state), WEB, false, 56);
	}
	end(h);
}

/* Connections that were opened long ago and say nothing but that they are there. */
static void held_turn(struct host *h, uint32_t turn)
{
	usual_turn(h, turn);
	if (turn % 3)
		return;
	h->window = 1024;
	host_tcp(h, 0xd0000000u + turn % USERS * 77, (uint16_t)(10000 + turn % USERS), WEB, 443,
		 ACK, 0);
	h->window = 64240;
}

/* A question to a service like DNS: who asks it, what is asked, one thing. */
static void question(struct host *h, uint32_t client, uint16_t port, uint32_t flags)
{
	struct seen s = {.src = client, .dst = WEB, .sport = port, .dport = 53, .proto = WR_IP_UDP};

	host_ip(h, &s, 8 + 40, 0);
	host_put16(h, port);
	host_put16(h, 53);
	host_put16(h, 8 + 40);
	host_put16(h, 0);
	host_put16(h, host_random(&random_state));
	host_put16(h, flags);
	host_put16(h, 1);
	host_fill(h, 34, 'x');
	host_send(h, &s);
}

static void names_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn % USERS * 77;

	usual_turn(h, turn);
	if (turn % 4)
		return;
	question(h, client, (uint16_t)(1024 + turn % 60000), turn % 8 ? 0x0100 : 0x0120);
	host_udp(h, WEB, 53, client, (uint16_t)(1024 + turn % 60000), 120);
}

static void questions_of_one(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 20; i++) {
		begin(h);
		question(h, ATTACKER, (uint16_t)(1024 + host_random(&random_state) % 60000),
			 0x0100);
	}
	end(h);
}

/* Beside a forwarder that asks more than a tenth of that, as ever. */
static void forwarder_turn(struct host *h, uint32_t turn)
{
	names_turn(h, turn);
	for (uint32_t i = 0; i < 2; i++) {
		uint16_t port = (uint16_t)(1024 + (turn * 2 + i) % 60000);

		question(h, 0xcb007109, port, turn % 8 ? 0x0100 : 0x0120);
		host_udp(h, WEB, 53, 0xcb007109, port, 120);
	}
}

static void questions(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 20; i++) {
		begin(h);
		question(h, host_stranger(&random_state),
			 (uint16_t)(1024 + host_random(&random_state) % 60000), 0x2900);
	}
	end(h);
}

/* As Linux clients open one: how large a segment may be (2), and what is known of SACK (4). */
static void open_with(struct host *h, uint32_t client, uint16_t port, uint16_t mss)
{
	struct seen s = {.src = client,
			 .dst = WEB,
			 .sport = port,
			 .dport = 443,
			 .proto = WR_IP_TCP,
			 .flags = SYN};

	host_ip(h, &s, 28, 0);
	host_put16(h, port);
	host_put16(h, 443);
	host_put32(h, 1);
	host_put32(h, 0);
	host_put16(h, 0x7000 | SYN);
	host_put16(h, h->window);
	host_put32(h, 0);
	host_put16(h, 0x0204);
	host_put16(h, mss);
	host_put32(h, 0x01010402);
	host_send(h, &s);
}

static void options_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn / 10 * 7919 % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn / 10 % 30000);

	if (turn % 10)
		return;
	open_with(h, client, port, turn % 20 ? 1460 : 1440);
	host_tcp(h, WEB, 443, client, port, SYN_ACK, 0);
	host_tcp(h, client, port, WEB, 443, ACK, 0);
	host_says(h, client, port, WEB, 443, 500);
	host_says(h, WEB, 443, client, port, 3000);
	host_closes(h, client, port, WEB, 443);
}

static void option_flood(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 20; i++) {
		begin(h);
		open_with(h, host_stranger(&random_state), (uint16_t)(turn * 20 + (uint32_t)i),
			  1300);
	}
	end(h);
}

/* One client in a hundred is as far away as the attack. */
static void far_turn(struct host *h, uint32_t turn)
{
	h->ttl = turn / 10 % 100 == 7 ? 44 : 57;
	usual_turn(h, turn);
	h->ttl = 57;
}

/* To another address, too, forty times what begins and ends a connection. */
static void few_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn / 200);

	usual_turn(h, turn);
	if (turn % 200)
		return;
	host_opens(h, client, port, WEB + 60, 443);
	host_closes(h, client, port, WEB + 60, 443);
}

/* One client in eight has the attack's window, and says little of it beside what it sends. */
static void sends_turn(struct host *h, uint32_t turn)
{
	uint32_t client = 0xd0000000u + turn / 10 % USERS * 77;
	uint16_t port = (uint16_t)(20000 + turn / 10 % 30000);

	if (turn % 10)
		return;
	h->window = turn / 10 % 8 == 5 ? 1024 : 64240;
	host_tcp(h, client, port, WEB, 443, SYN, 0);
	host_tcp(h, WEB, 443, client, port, SYN_ACK, 0);
	h->window = 500;
	host_says(h, client, port, WEB, 443, 40 * 1400);
	host_closes(h, client, port, WEB, 443);
	h->window = 64240;
}

enum outcome {
	NOTHING,
	DROPS, /* it can be told apart by what it has */
	LIMITS /* by who sends it alone */
};

static const struct attack {
	const char *what;
	turn_fn turn;
	int versions;
	enum outcome outcome;
	uint8_t ttl_lo, ttl_n;
	uint16_t window;
	turn_fn usual; /* NULL: usual_turn */
} attacks[] = {
	{"SYNs with a window of their own", syn_flood, BOTH, DROPS, 57, 0, 1024},
	{"SYNs with a window that connections have", syn_flood, BOTH, DROPS, 57, 0, 1024,
	 held_turn},
	{"SYNs with options of their own", option_flood, BOTH, DROPS, 57, 0, 64240, options_turn},
	{"questions of another kind", questions, BOTH, DROPS, 57, 0, 0, names_turn},
	{"SYNs from a distance of their own", syn_flood, BOTH, DROPS, 230, 20, 64240},
	{"SYNs from where one client in a hundred is", syn_flood, BOTH, NOTHING, 44, 0, 64240,
	 far_turn},
	{"SYNs like those of one client in eight", syn_flood, BOTH, NOTHING, 57, 0, 1024,
	 sends_turn},
	{"SYNs from a distance of their own to who gets few", lonely, BOTH, NOTHING, 240, 0, 64240,
	 few_turn},
	{"SYNs like those of clients", syn_flood, BOTH, NOTHING, 57, 0, 64240},
	{"SYN+ACKs", reflection, BOTH, DROPS, 40, 30, 1000},
	{"UDP", udp_flood, BOTH, DROPS, 57, 0, 0},
	{"answers of 1200 bytes from port 53", amp_dns, BOTH, DROPS, 57, 0, 0},
	{"pings of 1000 bytes", icmp_flood, BOTH, DROPS, 57, 0, 0},
	{"pings like those of each day", pings, BOTH, NOTHING, 57, 0, 0},
	{"fragments", fragments, BOTH, DROPS, 57, 0, 0},
	{"fragments behind their first", pieces, BOTH, DROPS, 57, 0, 0},
	{"a carpet", carpet, BOTH, DROPS, 57, 0, 0},
	{"SYNs to who gets no others", lonely, BOTH, DROPS, 240, 0, 1024},
	{"UDP to who gets no other", lonely_udp, BOTH, DROPS, 57, 0, 0},
	{"ACKs like those of clients, from one", acks_of_one, BOTH, LIMITS, 57, 0, 64240},
	{"the same from eight", acks_of_eight, BOTH, LIMITS, 57, 0, 64240},
	{"the same from a network", acks_of_network, BOTH, LIMITS, 57, 0, 64240},
	{"the same from forty", acks_of_many, BOTH, NOTHING, 57, 0, 64240},
	{"the same from one of the clients", acks_of_client, BOTH, NOTHING, 57, 0, 64240,
	 regular_turn},
	{"SYNs like those of clients, from one", syns_of_one, BOTH, NOTHING, 57, 0, 64240},
	{"pings like those of each day, from one", pings_of_one, BOTH, LIMITS, 57, 0, 0},
	{"questions like those of clients, from one", questions_of_one, BOTH, LIMITS, 57, 0, 0,
	 names_turn},
	{"the same beside a forwarder", questions_of_one, BOTH, LIMITS, 57, 0, 0, forwarder_turn},
};

static void cure(const struct attack *a, int v)
{
	turn_fn usual = a->usual ? a->usual : usual_turn;

	host_open(&host, v);
	memset(&cured, 0, sizeof(cured));
	random_state = 3;
	ttl_lo = a->ttl_lo;
	ttl_n = a->ttl_n;
	window = a->window;
	host.news = news;
	host.tap = judge;
	pass(&host, 90, usual, NULL);
	pass(&host, 6, usual, a->turn);
	pass(&host, 2, usual, NULL);
	ok(cured.asked && !cured.broken, "%s, IPv%d: found, and each rule is one of the language",
	   a->what, v);
	if (a->outcome != NOTHING) {
		enum wr_cure_verb verb = a->outcome == DROPS ? WR_CURE_DROP : WR_CURE_LIMIT;

		ok(cured.cure.verb == verb && cured.attack &&
			   cured.attack_out >= cured.attack * 0.95,
		   "%s, IPv%d: %llu of %llu are kept out", a->what, v,
		   (unsigned long long)cured.attack_out, (unsigned long long)cured.attack);
		ok(!cured.usual_out && cured.usual > 500, "%s, IPv%d: of %llu usual ones none",
		   a->what, v, (unsigned long long)cured.usual);
	} else {
		ok(!cured.judge, "%s, IPv%d: nothing is put in without asking", a->what, v);
	}
	note("%s", *cured.cure.rule ? cured.cure.rule : "no rule");
	wr_verdicts_close(&cured.judge);
	wr_policy_free(&cured.policy);
	host_close(&host);
}

/* Who is spared is named by no rule, which is one of the language with them, too. */
static void spared(void)
{
	static const struct attack of_one = {"the same from who resolves names",
					     questions_of_one,
					     V4,
					     NOTHING,
					     57,
					     0,
					     0,
					     names_turn};
	static const struct attack others = {"the same where others resolve names",
					     questions_of_one,
					     V4,
					     LIMITS,
					     57,
					     0,
					     0,
					     names_turn};

	want.resolvers = "192.0.2.53, 198.51.100.7";
	cure(&of_one, 4);
	want.resolvers = "192.0.2.53, fd00::53";
	cure(&others, 4);
	want.resolvers = NULL;
	want.spared = "198.51.100.7";
	cure(&of_one, 4);
	want.spared = NULL;
}

/* A finding of headers that say nothing has no rule. */
static void nothing_to_cure(void)
{
	struct wr_finding f = {.klass = WR_CLASS_BRUTE_FORCE, .n_evidence = 1};
	struct wr_cure c;

	host_open(&host, 4);
	pass(&host, 10, usual_turn, NULL);
	wr_detect_cure(host.d, &f, &want, &c);
	is_int(c.verb, WR_CURE_NONE, "logins are not stopped by headers");
	f = (struct wr_finding){.klass = WR_CLASS_UDP_FLOOD,
				.n_evidence = 1,
				.victim = {.ip_v = 4, .prefix = 32, .addr = {10, 9, 9, 9}},
				.evidence = {{.feature = WR_FEATURE_UDP_UNASKED, .value = 1000}}};
	wr_detect_cure(host.d, &f, &want, &c);
	ok(c.verb == WR_CURE_NONE && !c.safe && !c.attack_samples,
	   "of whom no packet is known there is no rule");
	host_close(&host);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
		for (int v = 4; v <= 6; v += 2)
			if (attacks[i].versions & (v == 4 ? V4 : V6))
				cure(&attacks[i], v);
	spared();
	nothing_to_cure();
	return done();
}
