/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Malformed packets, second DHCP servers and routers, services that were not there before: each is
 * found, and what only looks like one is not.
 */
#include "detect/impl.h"
#include "detect/learned.h"
#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_usual.h"
#include "tests/unit/sentence.h"

enum { WARM_S = 620, SERVER = 0x0a000002, ROGUE = 0x0a000042 };

static struct host host; /* large */

static void begin(int v, double seconds)
{
	host_open(&host, v);
	pass(&host, seconds, usual_turn, NULL);
}

static void quiet(const char *what)
{
	bool none = !host_other(&host, WR_CLASS_COUNT);
	struct wr_buf b = {0};

	if (!ok(none, "%s is nothing", what)) {
		wr_finding_reason(&b, &host_other(&host, WR_CLASS_COUNT)->f);
		note("%s", wr_buf_text(&b));
		wr_buf_free(&b);
	}
	host_close(&host);
}

/* ---- malformed ---- */

/* UDP whose length is below its header's, or TCP whose header is longer than the packet. */
static void broken(struct host *h, uint32_t src, bool tcp)
{
	struct seen s = {.src = src, .dst = WEB, .proto = tcp ? WR_IP_TCP : WR_IP_UDP};

	host_ip(h, &s, 20, 0);
	host_put16(h, 4000);
	host_put16(h, 9);
	if (tcp) {
		host_put32(h, 1);
		host_put32(h, 1);
		host_put16(h, 0xf010);
		host_fill(h, 6, 0);
	} else {
		host_put16(h, 3);
		host_fill(h, 14, 0);
	}
	host_send(h, &s);
}

static void broken_udp(struct host *h, uint32_t turn)
{
	if (turn % 20 == 0)
		broken(h, ATTACKER, turn % 100 == 0);
}

static void broken_seldom(struct host *h, uint32_t turn)
{
	if (turn % 400 == 0) /* fifteen in a minute */
		broken(h, ATTACKER, false);
}

static void broken_often(struct host *h, uint32_t turn)
{
	if (turn % 200 == 0)
		broken(h, ATTACKER, false);
}

static void test_malformed(int v)
{
	const struct told *t;
	struct wr_buf b = {0};

	begin(v, 60);
	pass(&host, 20, usual_turn, broken_udp);
	t = host_told(&host, WR_CLASS_MALFORMED);
	ok(t && t->raised == 1 && !host_other(&host, WR_CLASS_MALFORMED) &&
		   host_is(&host, t->f.victim.addr, WEB) && t->f.severity == WR_SEVERITY_LOW,
	   "IPv%d: malformed packets are found, at whom, and nothing else", v);
	ok(t && t->f.n_sources == 1 && host_is(&host, t->f.source[0].addr, ATTACKER),
	   "IPv%d: from whom", v);
	is_int((long)value_of(t, WR_FEATURE_BROKEN), WR_DETECT_MALFORMED, "as many as it takes");
	is_int((long)value_of(t, WR_FEATURE_REASON), WR_BAD_UDP_LEN, "why most of them are");
	/* The window is the minute, in which a fifth were the others. */
	ok(fabs(value_of(t, WR_FEATURE_REASON_SHARE) - 0.8) < 0.06, "and how many of them");
	if (t)
		wr_finding_reason(&b, &t->f);
	ok(strstr(wr_buf_text(&b), "UDP length below 8 bytes") != NULL, "in words: %s",
	   wr_buf_text(&b));
	wr_buf_free(&b);
	if (t && v == 4)
		sentence_holds(&t->f, "malformed");
	host_close(&host);
	begin(v, 60);
	pass(&host, 180, usual_turn, broken_seldom);
	quiet("fifteen malformed packets a minute");
}

/* Where thirty come each minute forty are no news; who is told a higher floor keeps quiet. */
static void test_malformed_usual(void)
{
	begin(4, 60);
	host.d->conf.tune.malformed = 1000;
	pass(&host, 600, usual_turn, broken_often);
	ok(!host_told(&host, WR_CLASS_MALFORMED), "below a floor of a thousand nothing is told");
	host.d->conf.tune.malformed = WR_DETECT_MALFORMED;
	pass(&host, 120, usual_turn, broken_often);
	quiet("what comes each minute");
}

/* What is left of it, less than it takes, is usual after a while, and no incident for ever. */
static void test_malformed_weak(void)
{
	const struct told *t;

	begin(4, 60);
	pass(&host, 60, usual_turn, broken_often);
	pass(&host, 300, usual_turn, broken_seldom);
	t = host_told(&host, WR_CLASS_MALFORMED);
	ok(t && !t->over, "fifteen a minute are what was told before, at first");
	pass(&host, 900, usual_turn, broken_seldom);
	ok(t && t->over == 1 && t->raised == 1, "and what is usual there in the end");
	host_close(&host);
}

/* ---- DHCP ---- */

struct dhcp {
	uint32_t server, router;
	uint8_t kind, station;
	bool address;
};

static void send_dhcp(struct host *h, const struct dhcp *in)
{
	struct seen s = {
		.src = in->server, .dst = PC, .sport = 67, .dport = 68, .proto = WR_IP_UDP};
	uint32_t n = 240 + 3 + 6 + 6 + 6 + 1;

	host_ip(h, &s, 8 + n, 0);
	h->frame[11] = in->station;
	host_put16(h, 67);
	host_put16(h, 68);
	host_put16(h, 8 + n);
	host_put16(h, 0);
	host_put32(h, 0x02010600);
	host_fill(h, 12, 0);
	host_put32(h, in->address ? PC : 0);
	host_fill(h, 216, 0);
	host_put32(h, 0x63825363);
	host_put(h, (uint8_t[]){53, 1, in->kind}, 3);
	host_put16(h, 54 << 8 | 4);
	host_put32(h, in->server);
	host_put16(h, 3 << 8 | 4);
	host_put32(h, in->router);
	host_put16(h, 6 << 8 | 4);
	host_put32(h, in->router);
	host_fill(h, 1, 255);
	host_send(h, &s);
}

static void dhcp_times(const struct dhcp *in, int n)
{
	for (int i = 0; i < n; i++) {
		send_dhcp(&host, in);
		pass(&host, 2, usual_turn, NULL);
	}
}

static const struct dhcp good = {SERVER, GATEWAY, 2, 2, true};

static void test_dhcp(void)
{
	static const struct dhcp bad = {ROGUE, ROGUE, 2, 0x42, true};
	static const struct dhcp backup = {ROGUE, GATEWAY, 5, 0x42, true};
	static const struct dhcp boot = {ROGUE, ROGUE, 2, 0x42, false};
	static const struct dhcp forged = {SERVER, ROGUE, 5, 0x42, true};
	const struct told *t;

	begin(4, 10);
	dhcp_times(&good, 3);
	pass(&host, WARM_S, usual_turn, NULL);
	ok(!host_other(&host, WR_CLASS_COUNT), "a DHCP server is nothing");
	dhcp_times(&bad, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_HIGH && !t->f.victim.ip_v,
	   "another one is told, with its first offer");
	ok(t && host_is(&host, t->f.source[0].addr, ROGUE), "who it is");
	is_int((long)value_of(t, WR_FEATURE_KNOWN), 1, "that one is known");
	is_int((long)value_of(t, WR_FEATURE_DIFFERS), 1, "that it gives out something else");
	if (t)
		sentence_holds(&t->f, "rogue_dhcp");
	host_close(&host);

	begin(4, 10);
	dhcp_times(&good, 1);
	pass(&host, WARM_S, usual_turn, NULL);
	dhcp_times(&backup, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_LOW, "one that gives out the same is low");
	dhcp_times(&bad, 1);
	ok(t && t->over == 1 && host.n_told == 2 && host.told[1].f.severity == WR_SEVERITY_HIGH,
	   "and high, as another finding, when it gives out something else");
	host_close(&host);

	begin(4, 10);
	dhcp_times(&good, 1);
	pass(&host, WARM_S, usual_turn, NULL);
	dhcp_times(&forged, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_HIGH,
	   "another station under the address of the known one is told");
	host_close(&host);

	begin(4, 10);
	dhcp_times(&good, 1);
	dhcp_times(&backup, 4);
	quiet("at the start a second server that gives out the same");
	begin(4, 10);
	dhcp_times(&good, 1);
	dhcp_times(&bad, 2);
	ok(!host_told(&host, WR_CLASS_ROGUE_DHCP), "at the start another one is waited for");
	dhcp_times(&bad, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_LOW, "and is low then");
	is_int(t ? t->f.n_sources : 0, 2, "with the first: nobody knows which of them is right");
	host_close(&host);
	begin(4, 10);
	dhcp_times(&good, 1);
	pass(&host, WARM_S, usual_turn, NULL);
	dhcp_times(&boot, 5);
	quiet("a boot server that gives no addresses");
	begin(4, 10);
	{
		struct wr_detect_tune tune = {.known = {{.ip_v = 4, .addr = {10, 0, 0, 0x42}}},
					      .n_known = 1};

		wr_detect_tune(host.d, &tune);
	}
	dhcp_times(&good, 1);
	pass(&host, WARM_S, usual_turn, NULL);
	dhcp_times(&bad, 5);
	quiet("one that is said to be fine");
}

/* ---- routers ---- */

struct advert {
	uint32_t router, prefix;
	uint16_t lifetime;
	uint8_t station;
};

static void send_advert(struct host *h, const struct advert *in)
{
	struct seen s = {.src = in->router, .dst = 0x0a000001, .proto = WR_IP_ICMP6};
	uint8_t ttl = h->ttl;

	h->ttl = 255;
	host_ip(h, &s, 16 + 32, 0);
	h->ttl = ttl;
	h->frame[11] = in->station;
	memset(h->frame + 38, 0, 16); /* to all nodes */
	h->frame[38] = 0xff;
	h->frame[39] = 2;
	h->frame[53] = 1;
	host_put32(h, 134u << 24);
	host_put16(h, 64 << 8);
	host_put16(h, in->lifetime);
	host_fill(h, 8, 0);
	host_put32(h, 0x030440c0);
	host_fill(h, 12, 0);
	host_put32(h, 0x20010db8);
	host_put32(h, in->prefix);
	host_fill(h, 8, 0);
	host_send(h, &s);
}

static void adverts(const struct advert *in, int n)
{
	for (int i = 0; i < n; i++) {
		send_advert(&host, in);
		pass(&host, 1, usual_turn, NULL);
	}
}

static const struct advert router = {0x0a000001, 1, 1800, 1};

static void test_routers(void)
{
	static const struct advert bad = {ROGUE, 2, 1800, 0x42}, kills = {0x0a000001, 1, 0, 0x42},
				   second = {ROGUE, 1, 1800, 0x42}, border = {ROGUE, 7, 0, 0x42};
	const struct told *t;

	begin(6, 10);
	adverts(&router, 2);
	pass(&host, WARM_S, usual_turn, NULL);
	ok(!host_other(&host, WR_CLASS_COUNT), "a router is nothing");
	adverts(&bad, 1);
	t = host_told(&host, WR_CLASS_ROGUE_RA);
	ok(t && t->f.severity == WR_SEVERITY_HIGH && host_is(&host, t->f.source[0].addr, ROGUE),
	   "another one is told with its first advertisement");
	if (t)
		sentence_holds(&t->f, "rogue_ra");
	host_close(&host);
	begin(6, 10);
	adverts(&router, 2);
	pass(&host, WARM_S, usual_turn, NULL);
	adverts(&kills, 1);
	t = host_told(&host, WR_CLASS_ROGUE_RA);
	ok(t && t->f.severity == WR_SEVERITY_HIGH,
	   "another station that speaks for the router, too");
	host_close(&host);
	begin(6, 10);
	adverts(&router, 2);
	adverts(&second, 5);
	quiet("at the start a second router of the same prefix");
	begin(6, 10);
	adverts(&router, 2);
	pass(&host, WARM_S, usual_turn, NULL);
	adverts(&border, 5);
	quiet("the border of a network of its own, which is no way out");
}

/* Each seven to ten minutes, as routers do. */
static void test_router_stays(void)
{
	static const struct advert bad = {ROGUE, 2, 1800, 0x42};

	begin(6, 10);
	adverts(&router, 2);
	pass(&host, WARM_S, usual_turn, NULL);
	for (int i = 0; i < 12; i++) {
		send_advert(&host, &bad);
		pass(&host, 420 + i % 4 * 60, NULL, NULL);
		send_advert(&host, &router);
	}
	is_int(host.n_told, 1, "a second router that stays for two hours is told once");
	host_close(&host);
}

static uint32_t told_times(enum wr_finding_class klass, uint32_t source, enum wr_severity severity)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < host.n_told; i++) {
		const struct wr_finding *f = &host.told[i].f;

		n += f->klass == klass && f->severity == severity && f->n_sources &&
		     host_is(&host, f->source[0].addr, source);
	}
	return n;
}

static uint32_t flood_told(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < host.n_told; i++)
		n += value_of(&host.told[i], WR_FEATURE_PREFIXES) > 0;
	return n;
}

static void flood_of_routers(void)
{
	struct advert made_up = {0, 0, 1800, 0x42};

	for (uint32_t i = 0; i < 200; i++) {
		made_up.router = 0x0a010000 + i;
		made_up.prefix = 100 + i;
		send_advert(&host, &made_up);
		pass(&host, 0.05, NULL, NULL);
	}
}

/* Behind one that stays, whatever else comes is told: once each. */
static void test_router_hides_none(void)
{
	static const struct advert same = {ROGUE, 1, 1800, 0x42}, bad = {ROGUE, 2, 1800, 0x42},
				   evil = {0x0a000077, 9, 1800, 0x77},
				   kills = {0x0a000001, 1, 0, 0x66};
	uint32_t before;

	begin(6, 10);
	adverts(&router, 2);
	pass(&host, WARM_S, usual_turn, NULL);
	for (int i = 0; i < 40; i++) {
		send_advert(&host, i < 30 ? &same : &bad);
		pass(&host, 420 + i % 4 * 60, NULL, NULL);
		send_advert(&host, &router);
		if (i >= 10)
			send_advert(&host, &evil);
		if (i >= 20)
			send_advert(&host, &kills);
	}
	is_int(told_times(WR_CLASS_ROGUE_RA, ROGUE, WR_SEVERITY_LOW), 1, "a second router is told");
	is_int(told_times(WR_CLASS_ROGUE_RA, 0x0a000077, WR_SEVERITY_HIGH), 1,
	       "and so is a third one of another prefix while it stays");
	is_int(told_times(WR_CLASS_ROGUE_RA, 0x0a000001, WR_SEVERITY_HIGH), 1,
	       "who speaks for the right one");
	is_int(told_times(WR_CLASS_ROGUE_RA, ROGUE, WR_SEVERITY_HIGH), 1,
	       "and the second one when it says otherwise, behind worse ones");
	is_int(host.n_told, 4, "and none of them twice in six hours");
	flood_of_routers();
	is_int(flood_told(), 1, "a flood of advertisements is told while others hold");
	before = host.n_told;
	pass(&host, 40, usual_turn, NULL);
	for (int i = 0; i < 10; i++) {
		send_advert(&host, &bad);
		pass(&host, 420, NULL, NULL);
	}
	is_int(host.n_told, before + 1, "and the router that stays behind it once more");
	host_close(&host);
}

/* So many at most, one in ten seconds. */
static void test_routers_made_up(void)
{
	struct advert made_up = {0, 2, 1800, 0x42};

	begin(6, 10);
	adverts(&router, 2);
	pass(&host, WARM_S, usual_turn, NULL);
	for (uint32_t i = 0; i < 50; i++) {
		made_up.router = ROGUE + (i << 8);
		send_advert(&host, &made_up);
	}
	is_int(host.n_told, 1, "fifty that say the same at once are told once");
	for (uint32_t i = 0; i < 600; i++) {
		made_up.router = ROGUE + (i << 8);
		send_advert(&host, &made_up);
		pass(&host, 11, NULL, NULL);
	}
	ok(host.n_told > 1 && host.n_told <= WR_FINDING_SOURCES,
	   "and twenty at most of those that come one after another (%u)", host.n_told);
	host_close(&host);
}

static void test_servers(void)
{
	struct dhcp bad = {ROGUE, ROGUE, 2, 0x42, true};

	begin(4, 10);
	dhcp_times(&good, 3);
	pass(&host, WARM_S, usual_turn, NULL);
	for (uint32_t i = 0; i < 30; i++) {
		bad.server = bad.router = ROGUE + i % 3;
		dhcp_times(&bad, 1);
		pass(&host, 600, NULL, NULL);
	}
	ok(host.n_told == 3 && told_times(WR_CLASS_ROGUE_DHCP, ROGUE + 2, WR_SEVERITY_HIGH) == 1,
	   "three more DHCP servers are told once each (%u)", host.n_told);
	host_close(&host);
}

static void test_router_flood(void)
{
	struct advert made_up = {ROGUE, 100, 1800, 0x42};
	const struct told *t;

	begin(6, 10);
	adverts(&router, 2);
	for (uint32_t i = 0; i < 500; i++) {
		made_up.router = ROGUE + (i << 8);
		made_up.prefix = 100 + i;
		send_advert(&host, &made_up);
	}
	pass(&host, 2, usual_turn, NULL);
	t = host_told(&host, WR_CLASS_ROGUE_RA);
	ok(t && t->raised == 1 && t->f.severity == WR_SEVERITY_HIGH &&
		   value_of(t, WR_FEATURE_PREFIXES) >= 9,
	   "a flood of made-up routers is told, also at the start");
	adverts(&router, 2);
	pass(&host, 40, usual_turn, NULL);
	t = host_told(&host, WR_CLASS_ROGUE_RA);
	ok(t && t->over == 1, "and over when it is");
	is_int(host.n_told, 1, "the router that was known before is known after it");
	host_close(&host);
}

/* Bytes that end anywhere are read to their end and no further; the sanitizer says so. */
static void test_cut_off(void)
{
	uint32_t read = 0;

	begin(4, 1);
	send_dhcp(&host, &good);
	for (uint32_t n = 14; n <= host.used; n++) {
		uint8_t *copy = malloc(n);
		struct wr_packet pkt = {.data = copy, .caplen = n, .len = n};
		struct wr_offer o;

		if (!copy)
			continue;
		memcpy(copy, host.frame, n);
		wr_parse(&host.parse, copy, n, n, WR_LINK_ETHER);
		read += wr_offer_read(&o, &pkt, &host.parse.rec);
		free(copy);
	}
	ok(read > 0, "an offer that is cut off anywhere is read as far as it goes (%u times)",
	   read);
	host_close(&host);
}

/* ---- services ---- */

static void connections(uint16_t port, int n)
{
	for (int i = 0; i < n; i++) {
		host_session(&host, ATTACKER + (uint32_t)i * 256, 4000, WEB, port, 100, 100);
		pass(&host, 1, usual_turn, NULL);
	}
}

static void send_gre(struct host *h)
{
	struct seen s = {.src = ATTACKER, .dst = WEB, .proto = WR_IP_ESP};

	host_ip(h, &s, 40, 0);
	host_fill(h, 40, 7);
	host_send(h, &s);
}

static void answer_gre(struct host *h)
{
	struct seen s = {.src = WEB, .dst = ATTACKER, .proto = WR_IP_ESP};

	host_ip(h, &s, 40, 0);
	host_fill(h, 40, 7);
	host_send(h, &s);
}

static void test_services(int v)
{
	struct wr_buf saved = {0};
	struct wr_err err = {0};
	const struct told *t;

	begin(v, 10);
	connections(8080, 1);
	pass(&host, WARM_S, usual_turn, NULL);
	connections(8080, 5);
	for (uint16_t port = 50000; port < 50040; port++)
		host_session(&host, ATTACKER, 4000, WEB, port, 100, 100);
	ok(!host_told(&host, WR_CLASS_NEW_SERVICE),
	   "IPv%d: a port that answered before, and ports that answer once, are nothing", v);
	connections(31337, 2);
	ok(!host_told(&host, WR_CLASS_NEW_SERVICE), "IPv%d: nor is one that answered twice", v);
	connections(31337, 1);
	t = host_told(&host, WR_CLASS_NEW_SERVICE);
	ok(t && t->f.victim.port == 31337 && host_is(&host, t->f.victim.addr, WEB) &&
		   t->f.severity == WR_SEVERITY_INFO,
	   "IPv%d: a port that answers for the third time is told, as information", v);
	if (t && v == 4)
		sentence_holds(&t->f, "new_service");
	wr_detect_learned_write(host.d, &saved);
	host_close(&host);

	host_open(&host, v);
	ok(!wr_detect_learned_read(host.d, wr_buf_text(&saved), saved.used, EPOCH, &err),
	   "IPv%d: what is known is read by the next one", v);
	pass(&host, WARM_S, usual_turn, NULL);
	connections(31337, 5);
	ok(!host_told(&host, WR_CLASS_NEW_SERVICE), "IPv%d: and told once in a life", v);
	for (int i = 0; i < 4; i++) {
		send_gre(&host);
		pass(&host, 70, usual_turn, NULL); /* its flow is another one then */
	}
	ok(!host_told(&host, WR_CLASS_NEW_SERVICE),
	   "IPv%d: a protocol that nothing answers by is none", v);
	for (int i = 0; i < 4; i++) {
		send_gre(&host);
		answer_gre(&host);
		pass(&host, 70, usual_turn, NULL);
	}
	t = host_told(&host, WR_CLASS_NEW_SERVICE);
	is_int((long)value_of(t, WR_FEATURE_PROTOCOL), WR_IP_ESP,
	       "a protocol that was not there before is told");
	if (t && v == 4)
		sentence_holds(&t->f, "new_service (protocol)");
	wr_buf_free(&saved);
	host_close(&host);
}

/* Who was there first in the first ten minutes is not taken for the right one for ever. */
static void test_first_is_rogue(void)
{
	static const struct dhcp bad = {ROGUE, ROGUE, 2, 0x42, true};
	static const struct dhcp backup = {ROGUE, GATEWAY, 5, 0x42, true};
	struct wr_detect_tune tune = {.known = {{.ip_v = 4, .addr = {10, 0, 0, 2}}}, .n_known = 1};
	struct wr_buf saved = {0};
	struct wr_err err = {0};
	const struct told *t;

	begin(4, 10);
	dhcp_times(&bad, 2);
	dhcp_times(&good, 3);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_LOW && t->f.n_sources == 2 &&
		   (host_is(&host, t->f.source[0].addr, ROGUE) ||
		    host_is(&host, t->f.source[1].addr, ROGUE)),
	   "the first of two that differ is told, too");
	pass(&host, WARM_S, usual_turn, NULL);
	dhcp_times(&bad, 1);
	ok(host.n_told == 2 && host.told[1].f.severity == WR_SEVERITY_HIGH &&
		   host_is(&host, host.told[1].f.source[0].addr, ROGUE),
	   "and as high when it still answers after ten minutes");
	pass(&host, 60, usual_turn, NULL);
	dhcp_times(&bad, 3);
	dhcp_times(&good, 3);
	is_int(host.n_told, 2, "not again with each answer");
	wr_detect_learned_write(host.d, &saved);
	wr_detect_tune(host.d, &tune);
	dhcp_times(&good, 1);
	host.ns += 86400 * SECOND;
	dhcp_times(&good, 1);
	dhcp_times(&bad, 1);
	ok(host.n_told == 3 && host.told[2].f.n_sources == 1 &&
		   host_is(&host, host.told[2].f.source[0].addr, ROGUE) &&
		   value_of(&host.told[2], WR_FEATURE_KNOWN) == 1,
	   "of whom the right one has been named, the other one alone, a day later");
	host_close(&host);

	host_open(&host, 4);
	ok(!wr_detect_learned_read(host.d, wr_buf_text(&saved), saved.used, host.ns, &err),
	   "that they are doubted is kept for the next run");
	dhcp_times(&bad, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.n_sources == 2, "which tells both, too");
	host.ns += 86400 * SECOND + SECOND;
	dhcp_times(&good, 2);
	is_int(host.n_told, 1, "and the one that is left alone for a day is known then");
	wr_buf_free(&saved);
	host_close(&host);

	begin(4, 10);
	dhcp_times(&good, 1);
	dhcp_times(&backup, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_INFO && host.n_told == 1,
	   "two that give out the same are information");
	host_close(&host);
}

/* Made-up protocols, as many as there are numbers, at many addresses. */
static void protocol(uint32_t at, uint8_t number)
{
	struct seen s = {.src = ATTACKER, .dst = at, .proto = number};

	for (int back = 0; back < 2; back++) {
		host_ip(&host, &s, 40, 0);
		host_fill(&host, 40, 7);
		host_send(&host, &s);
		s.src = at;
		s.dst = ATTACKER;
	}
}

static uint32_t known_ports(uint32_t *protocols)
{
	struct wr_talk_key key;
	uint32_t ports = 0;

	*protocols = 0;
	for (uint32_t at = 0; services_next(host.d, &at, &key);) {
		ports += key.port > 0;
		*protocols += !key.port;
	}
	return ports;
}

static void test_protocol_flood(void)
{
	uint32_t protocols, ports;

	begin(4, 10);
	for (uint16_t port = 2000; port < 5000; port++)
		host_session(&host, ATTACKER, 4000, WEB, port, 1, 1);
	ports = known_ports(&protocols);
	for (uint32_t at = WEB; at < WEB + 60; at++)
		for (uint8_t number = 143; number < 253; number++)
			protocol(at, number);
	ok(ports >= 3000 && known_ports(&protocols) == ports,
	   "6,600 made-up protocols take no port its place: %u", ports);
	ok(protocols > 100 && protocols <= 512, "and have their own: %u", protocols);
	pass(&host, WARM_S, usual_turn, NULL);
	for (int i = 0; i < 3; i++) {
		for (uint8_t number = 90; number < 100; number++)
			protocol(WEB, number);
		pass(&host, 70, usual_turn, NULL);
	}
	for (uint8_t number = 90; number < 100; number++)
		protocol(WEB, number);
	connections(31337, 3);
	protocols = ports = 0;
	for (uint32_t i = 0; i < host.n_told; i++) {
		bool is = host.told[i].f.klass == WR_CLASS_NEW_SERVICE && !host.told[i].over;

		ports += is && host.told[i].f.victim.port == 31337;
		protocols += is && !host.told[i].f.victim.port;
	}
	ok(protocols > 0 && protocols <= 4, "so many are told at a time: %u", protocols);
	is_int(ports, 1, "and a new port besides");
	host_close(&host);
}

static void test_saved_offers(void)
{
	static const struct dhcp bad = {ROGUE, ROGUE, 2, 0x42, true};
	struct wr_buf saved = {0};
	struct wr_err err = {0};
	const struct told *t;

	begin(4, 10);
	dhcp_times(&good, 2);
	wr_detect_learned_write(host.d, &saved);
	host_close(&host);
	host_open(&host, 4);
	ok(!wr_detect_learned_read(host.d, wr_buf_text(&saved), saved.used, EPOCH, &err),
	   "servers are kept for the next run");
	dhcp_times(&bad, 1);
	t = host_told(&host, WR_CLASS_ROGUE_DHCP);
	ok(t && t->f.severity == WR_SEVERITY_HIGH, "which knows better from its start on");
	dhcp_times(&good, 1);
	is_int(t ? t->f.n_sources : 0, 1, "the known one is no source of it");
	wr_buf_free(&saved);
	host_close(&host);
}

int main(void)
{
	test_malformed(4);
	test_malformed(6);
	test_malformed_usual();
	test_malformed_weak();
	test_dhcp();
	test_routers();
	test_router_stays();
	test_router_hides_none();
	test_routers_made_up();
	test_servers();
	test_router_flood();
	test_cut_off();
	test_services(4);
	test_services(6);
	test_protocol_flood();
	test_first_is_rogue();
	test_saved_offers();
	return done();
}
