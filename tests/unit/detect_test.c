/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What detection finds: each attack, on top of a usual day, with its name, victim, sources and
 * numbers that are right; and what only looks like one, not.
 */
#include <time.h>

#include "detect/learned.h"

#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_scans.h"
#include "tests/unit/sentence.h"

enum { V4 = 1, V6 = 2, BOTH = 3 };

static uint64_t random_state;
static struct host host; /* large */

/* ---- attacks ---- */

static void syn_flood(struct host *h, uint32_t turn)
{
	for (int i = 0; i < 20; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)(turn * 20 + (uint32_t)i), WEB,
			 443, SYN, 0);
}

static void reflection(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (uint32_t i = 0; i < 10; i++)
		host_tcp(h, 0xb0000000u + (turn * 10 + i) % 500 * 1000, 443, WEB,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), SYN_ACK, 0);
	h->unasked = false;
}

static void ack_flood(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (int i = 0; i < 10; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)turn, WEB, 443, ACK, 0);
	h->unasked = false;
}

static void rst_flood(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (int i = 0; i < 10; i++)
		host_tcp(h, host_stranger(&random_state), (uint16_t)turn, WEB, 443, RST, 0);
	h->unasked = false;
}

static void udp_flood(struct host *h, uint32_t turn)
{
	(void)turn;
	h->unasked = true;
	for (int i = 0; i < 10; i++)
		host_udp(h, ATTACKER, 4444, WEB, 9999, 512);
	h->unasked = false;
}

static uint16_t amplifier;

static void amplification(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (uint32_t i = 0; i < 5; i++)
		host_udp(h, 0xb0000000u + (turn * 5 + i) % 300 * 1000, amplifier, WEB,
			 (uint16_t)(1024 + host_random(&random_state) % 60000), 1200);
	h->unasked = false;
}

static void icmp_flood(struct host *h, uint32_t turn)
{
	(void)turn;
	for (int i = 0; i < 5; i++)
		host_icmp(h, ATTACKER, WEB, false, 1000);
}

static void fragments(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 5; i++)
		host_fragment(h, ATTACKER, WEB, 100 + (turn + i) % 50, 480);
}

static void carpet(struct host *h, uint32_t turn)
{
	h->unasked = true;
	for (uint32_t i = 0; i < 4; i++)
		host_udp(h, 0xb0000000u + host_random(&random_state) % 300 * 1000, 500,
			 (WEB & ~0xffu) + (turn * 4 + i) * 37 % 60, 500, 300);
	h->unasked = false;
}

static void http_flood(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 3; i++)
		host_session(h, ATTACKER + i * 256, (uint16_t)(1024 + turn), WEB, 443, 100, 1000);
}

/* A hundred connections, opened within a second, that say a line every five. */
static void slow_http(struct host *h, uint32_t turn)
{
	if (turn < 100)
		host_opens(h, ATTACKER, (uint16_t)(5000 + turn), WEB, 443);
	if (turn % 500 < 100)
		host_says(h, ATTACKER, (uint16_t)(5000 + turn % 500), WEB, 443, 11);
}

static void scan_ports(struct host *h, uint32_t turn)
{
	uint16_t port = (uint16_t)(1 + turn * 7);

	if (turn % 4)
		return;
	host_tcp(h, ATTACKER, 50000, WEB, port, SYN, 0);
	host_tcp(h, WEB, port, ATTACKER, 50000, RST | ACK, 0);
}

static void scan_hosts(struct host *h, uint32_t turn)
{
	if (turn % 5 == 0)
		host_tcp(h, ATTACKER, (uint16_t)(50000 + turn),
			 (WEB & ~0xffu) + 40 + turn / 5 % 180, 22, SYN, 0);
}

static void sweep_arp(struct host *h, uint32_t turn)
{
	if (turn % 2 == 0)
		host_arp(h, false, PC, 0x32, (PC & ~0xffu) + 1 + turn / 2 % 250);
}

static void brute_force(struct host *h, uint32_t turn)
{
	if (turn % 150 == 0)
		host_session(h, ATTACKER, (uint16_t)(40000 + turn / 150), MAIL, 22, 1500, 2500);
}

static void dns_tunnel(struct host *h, uint32_t turn)
{
	char name[128];

	if (turn % 10)
		return;
	snprintf(name, sizeof(name), "%032x%020x.t.example.net", host_random(&random_state), turn);
	host_dns(h, PC, (uint16_t)(2000 + turn), RESOLVER, name, 16, -1);
	host_dns(h, PC, (uint16_t)(2000 + turn), RESOLVER, name, 16, 0);
}

static void dns_dga(struct host *h, uint32_t turn)
{
	char name[64];

	if (turn % 20)
		return;
	snprintf(name, sizeof(name), "x%08x.com", host_random(&random_state));
	host_dns(h, PC, (uint16_t)(2000 + turn), RESOLVER, name, 1, -1);
	host_dns(h, PC, (uint16_t)(2000 + turn), RESOLVER, name, 1, 3);
}

static void icmp_tunnel(struct host *h, uint32_t turn)
{
	if (turn % 100 == 0)
		host_icmp(h, PC, 0x60000000u + host_random(&random_state) % 0x10000000u, false, 60);
}

static void beacon(struct host *h, uint32_t turn)
{
	if (turn % 200 == 0)
		host_session(h, PC, (uint16_t)(10000 + turn / 200), FAR_WEB, 443, 300, 400);
}

static void backscatter(struct host *h, uint32_t turn)
{
	h->unasked = true;
	if (turn % 50 == 0)
		host_tcp(h, ATTACKER, 80, (WEB & ~0xffu) + 40 + turn / 50 % 100,
			 (uint16_t)(1024 + turn), SYN_ACK, 0);
	h->unasked = false;
}

static void crowd(struct host *h, uint32_t turn)
{
	host_session(h, host_stranger(&random_state), (uint16_t)(1024 + turn), WEB, 443, 500, 3000);
	host_session(h, host_stranger(&random_state), (uint16_t)(1024 + turn), WEB, 443, 500, 3000);
}

#define HELD (1ull << WR_FEATURE_HELD | 1ull << WR_FEATURE_TOP_SHARE)

static const struct attack {
	enum wr_finding_class klass;
	int versions;
	turn_fn turn;
	double seconds;
	uint32_t victim; /* 0: everybody, or the link */
	uint16_t port;
	uint32_t source;    /* the only one; 0: many */
	uint16_t amplifier; /* source port */
	uint64_t skip;	    /* features that are counted in a test of their own */
	const char *kind;   /* of its class, where there are several */
} attacks[] = {
	{WR_CLASS_SYN_FLOOD, BOTH, syn_flood, 4, WEB, 443, 0, 0, 0, NULL},
	{WR_CLASS_SYNACK_REFLECTION, BOTH, reflection, 4, WEB, 0, 0, 0, 0, NULL},
	{WR_CLASS_ACK_FLOOD, BOTH, ack_flood, 4, WEB, 0, 0, 0, 0, NULL},
	{WR_CLASS_RST_FLOOD, BOTH, rst_flood, 4, WEB, 0, 0, 0, 0, NULL},
	{WR_CLASS_UDP_FLOOD, BOTH, udp_flood, 4, WEB, 9999, ATTACKER, 0, 0, NULL},
	{WR_CLASS_AMP_DNS, BOTH, amplification, 4, WEB, 0, 0, 53, 0, NULL},
	{WR_CLASS_AMP_NTP, BOTH, amplification, 4, WEB, 0, 0, 123, 0, NULL},
	{WR_CLASS_AMP_SNMP, V4, amplification, 4, WEB, 0, 0, 161, 0, NULL},
	{WR_CLASS_AMP_CLDAP, V4, amplification, 4, WEB, 0, 0, 389, 0, NULL},
	{WR_CLASS_AMP_SSDP, V4, amplification, 4, WEB, 0, 0, 1900, 0, NULL},
	{WR_CLASS_AMP_MEMCACHED, V4, amplification, 4, WEB, 0, 0, 11211, 0, NULL},
	{WR_CLASS_AMP_CHARGEN, V4, amplification, 4, WEB, 0, 0, 19, 0, NULL},
	{WR_CLASS_AMP_OTHER, V4, amplification, 4, WEB, 0, 0, 3702, 0, NULL},
	{WR_CLASS_ICMP_FLOOD, BOTH, icmp_flood, 4, WEB, 0, ATTACKER, 0, 0, NULL},
	{WR_CLASS_FRAG_FLOOD, BOTH, fragments, 4, WEB, 0, ATTACKER, 0, 0, NULL},
	{WR_CLASS_CARPET_BOMBING, BOTH, carpet, 4, WEB & ~0xffu, 0, 0, 0, 0, NULL},
	{WR_CLASS_HTTP_FLOOD, BOTH, http_flood, 8, WEB, 0, 0, 0, 0, NULL},
	{WR_CLASS_SLOW_HTTP, BOTH, slow_http, 40, WEB, 443, ATTACKER, 0, HELD, NULL},
	{WR_CLASS_HTTP_FLOOD, BOTH, tls_hellos, 8, WEB, 0, 0, 0, 0, "TLS"},
	{WR_CLASS_SLOW_HTTP, BOTH, slow_post, 40, WEB, 443, ATTACKER, 0, HELD, "POST"},
	{WR_CLASS_SLOW_HTTP, BOTH, slow_idle, 40, WEB, 443, ATTACKER, 0, HELD, "idle"},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_ports, 10, WEB, 0, ATTACKER, 0, 0, NULL},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_fin, 10, WEB, 0, ATTACKER, 0, 0, "FIN"},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_null, 10, WEB, 0, ATTACKER, 0, 0, "NULL"},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_xmas, 10, WEB, 0, ATTACKER, 0, 0, "Xmas"},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_ack, 10, WEB, 0, ATTACKER, 0, 0, "ACK"},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_refused_first, 10, WEB, 0, ATTACKER, 0, 0,
	 "refused first"},
	{WR_CLASS_PORT_SCAN_VERTICAL, BOTH, scan_udp, 10, WEB, 0, ATTACKER, 0, 0, "UDP"},
	{WR_CLASS_PORT_SCAN_HORIZONTAL, BOTH, sweep_ack, 10, WEB & ~0xffu, 0, ATTACKER, 0, 0,
	 "ACK"},
	{WR_CLASS_PORT_SCAN_HORIZONTAL, BOTH, sweep_icmp, 10, WEB & ~0xffu, 0, ATTACKER, 0, 0,
	 "ICMP"},
	{WR_CLASS_PORT_SCAN_HORIZONTAL, BOTH, scan_hosts, 10, WEB & ~0xffu, 0, ATTACKER, 0, 0,
	 NULL},
	{WR_CLASS_PORT_SCAN_HORIZONTAL, V4, sweep_arp, 5, PC & ~0xffu, 0, PC, 0, 0, "ARP"},
	{WR_CLASS_BRUTE_FORCE, BOTH, brute_force, 50, MAIL, 22, ATTACKER, 0, 0, NULL},
	{WR_CLASS_DNS_TUNNEL, BOTH, dns_tunnel, 20, RESOLVER, 0, PC, 0, 0, NULL},
	{WR_CLASS_DNS_DGA, BOTH, dns_dga, 20, PC, 0, PC, 0, 0, NULL},
	{WR_CLASS_ICMP_TUNNEL, BOTH, icmp_tunnel, 40, PC, 0, PC, 0, 0, NULL},
	{WR_CLASS_BEACON, BOTH, beacon, 240, FAR_WEB, 443, PC, 0,
	 1ull << WR_FEATURE_INTERVAL | 1ull << WR_FEATURE_JITTER, NULL},
	{WR_CLASS_BACKSCATTER, BOTH, backscatter, 20, WEB & ~0xffu, 0, ATTACKER, 0, 0, NULL},
	{WR_CLASS_FLASH_CROWD, BOTH, crowd, 10, WEB, 0, 0, 0, 0, NULL},
	{WR_CLASS_FLASH_CROWD, BOTH, bots, 8, WEB, 0, 0, 0, 0, "bots"},
};

static bool right_victim(const struct host *h, const struct attack *a, const struct wr_finding *f)
{
	uint8_t want[16];
	bool net = !(a->victim & 0xff);
	uint8_t prefix = h->v == 4 ? (net ? 24 : 32) : (net ? 64 : 128);

	host_address(h, a->victim, want);
	return f->victim.ip_v == h->v && !memcmp(f->victim.addr, want, net ? prefix / 8 : 16) &&
	       f->victim.prefix == prefix && f->victim.port == a->port;
}

/* Of its packets. */
static int proto_of(const struct host *h, const struct attack *a)
{
	if (a->klass == WR_CLASS_DNS_TUNNEL || a->klass == WR_CLASS_DNS_DGA || a->turn == scan_udp)
		return WR_IP_UDP;
	if (a->klass == WR_CLASS_ICMP_TUNNEL || a->turn == sweep_icmp)
		return h->v == 4 ? WR_IP_ICMP : WR_IP_ICMP6;
	return a->turn == sweep_arp ? 0 : WR_IP_TCP;
}

static void named(char name[64], const struct host *h, const char *what)
{
	snprintf(name, 64, "%s, IPv%d", what, h->v);
}

static void show_other(const struct host *h, const struct told *t)
{
	struct wr_buf b = {0};

	(void)h;
	wr_finding_reason(&b, &t->f);
	note("%s", wr_buf_text(&b));
	wr_buf_free(&b);
}

static void holds(const struct host *h, const struct attack *a)
{
	const struct told *t = host_told(h, a->klass), *other = host_other(h, a->klass);
	char name[64];

	named(name, h, wr_class_name(a->klass));
	if (!ok(t && !other, "%s is found, and nothing else", name)) {
		if (other)
			show_other(h, other);
		if (!t)
			return;
	}
	if (!ok(right_victim(h, a, &t->f), "%s: of whom", name))
		show_other(h, t);
	if (a->source)
		ok(t->f.n_sources && host_is(h, t->f.source[0].addr, a->source), "%s: its source",
		   name);
	else
		ok(t->f.n_sources > 1, "%s: %u of its sources", name, t->f.n_sources);
	/* Usual packets of the second before may be of the same kind. */
	ok(t->f.start_ns >= EPOCH + 59 * SECOND && t->f.start_ns <= t->f.raised_ns,
	   "%s: since when", name);
	ok(t->raised == 1 && t->over == 1 && !t->wrong && t->last.over &&
		   t->last.last_ns >= t->f.raised_ns,
	   "%s: raised, %u times renewed, over", name, t->renewed);
	evidence_holds(h, t, proto_of(h, a), a->skip, name);
	if (h->v == 4) {
		snprintf(name, sizeof(name), a->kind ? "%s (%s)" : "%s", wr_class_name(a->klass),
			 a->kind);
		sentence_holds(&t->f, name);
	}
}

static void attacks_are_found(void)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
		for (int v = 4; v <= 6; v += 2) {
			if (!(attacks[i].versions & (v == 4 ? V4 : V6)))
				continue;
			host_open(&host, v);
			random_state = i;
			amplifier = attacks[i].amplifier;
			pass(&host, 60, usual_turn, NULL);
			pass(&host, attacks[i].seconds, usual_turn, attacks[i].turn);
			pass(&host, 35, usual_turn, NULL);
			wr_detect_finish(host.d);
			holds(&host, &attacks[i]);
			host_close(&host);
		}
}

/* Each of thirty opens one connection after the other, ten a second: not what a client does. */
static void http_flood_of_thirty(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 3; i++)
		host_session(h, ATTACKER + (turn * 3 + i) % 30 * 256, (uint16_t)(1024 + turn), WEB,
			     443, 100, 1000);
}

static void http_flood_is_found_soon(int v)
{
	const struct told *t;
	uint64_t began;

	host_open(&host, v);
	pass(&host, 65, usual_turn, NULL);
	began = host.ns;
	pass(&host, 3, usual_turn, http_flood_of_thirty);
	t = host_told(&host, WR_CLASS_HTTP_FLOOD);
	ok(t && t->f.raised_ns - began <= 400000000,
	   "IPv%d: connections in masses are found in less than half a second: %.2f s", v,
	   t ? (double)(t->f.raised_ns - began) / 1e9 : 0);
	host_close(&host);
}

/* Two a second: few are held when it begins to be looked at. */
static void slow_rise(struct host *h, uint32_t turn)
{
	uint16_t port = (uint16_t)(5000 + turn / 50);

	if (turn % 50 == 0)
		host_opens(h, ATTACKER, port, WEB, 443);
	if (turn % 50 == 0 && turn >= 500) /* opened ten seconds ago */
		host_says(h, ATTACKER, (uint16_t)(port - 10), WEB, 443, 11);
}

static void slow_rise_is_found(int v)
{
	const struct told *t;

	host_open(&host, v);
	pass(&host, 150, usual_turn, NULL);
	pass(&host, 60, usual_turn, slow_rise);
	t = host_told(&host, WR_CLASS_SLOW_HTTP);
	ok(t && t->f.victim.port == 443 && host_is(&host, t->f.source[0].addr, ATTACKER),
	   "IPv%d: held connections that become more by two a second are found", v);
	host_close(&host);
}

/* Ten a second, wherever in a look at all flows they begin; at a server that is known or not. */
static uint32_t held_at;

static void ten_a_second(struct host *h, uint32_t turn)
{
	if (turn % 10 == 0)
		host_opens(h, ATTACKER, (uint16_t)(5000 + turn / 10), held_at, 443);
	if (turn % 10 == 5 && turn >= 500)
		host_says(h, ATTACKER, (uint16_t)(5000 + turn / 10 - 50), held_at, 443, 11);
}

static void phase_is_nothing(uint32_t server, const char *what)
{
	uint32_t found = 0;

	held_at = server;
	for (int phase = 0; phase < 10; phase++) {
		host_open(&host, 4);
		pass(&host, 150 + phase, usual_turn, NULL);
		pass(&host, 35, usual_turn, ten_a_second);
		found += host_told(&host, WR_CLASS_SLOW_HTTP) != NULL;
		host_close(&host);
	}
	is_int(found, 10, "held connections that become more by ten a second, of ten phases, at %s",
	       what);
}

/* A broker whose clients come back one after the other when weir begins with what was learned of
 * its address: each says hardly anything, and nothing of it goes. */
static void clients_come_back(struct host *h, uint32_t turn)
{
	if (turn % 1200 == 0)
		host_opens(h, PC, (uint16_t)(5000 + turn / 1200), WEB, 1883);
	for (uint32_t i = 0; i <= turn / 1200; i++)
		if (turn % 3000 == i * 1200 % 3000)
			host_says(h, PC, (uint16_t)(5000 + i), WEB, 1883, 2);
}

static void clients_that_come_back_are_nothing(int v)
{
	struct wr_buf saved = {0};
	struct wr_err err = {0};

	host_open(&host, v);
	pass(&host, 1200, usual_turn, NULL);
	wr_detect_learned_write(host.d, &saved);
	host_close(&host);
	host_open(&host, v);
	ok(!wr_detect_learned_read(host.d, wr_buf_text(&saved), saved.used, EPOCH, &err),
	   "what was learned is read: %s", err.text);
	wr_buf_free(&saved);
	pass(&host, 900, NULL, clients_come_back);
	ok(!host_told(&host, WR_CLASS_SLOW_HTTP),
	   "IPv%d: clients of a broker that come back after a restart are nothing", v);
	host_close(&host);
}

/* Three hundred services, each with more and more connections that are held, up to 48. */
static void many_hold(struct host *h, uint32_t turn)
{
	uint16_t service = (uint16_t)(2000 + turn % 1000), last = (uint16_t)(turn / 1000);

	if (turn % 1000 >= 300)
		return;
	if (last < 48)
		host_opens(h, PC, (uint16_t)(5000 + last), WEB, service);
	for (uint16_t i = last % 3; i < 48 && i <= last; i += 3)
		host_says(h, PC, (uint16_t)(5000 + i), WEB, service, 2);
}

static void many_services_hold_some(void)
{
	host_open(&host, 4);
	pass(&host, 540, NULL, many_hold);
	ok(!host_told(&host, WR_CLASS_SLOW_HTTP),
	   "three hundred services that always hold some are nothing");
	host_close(&host);
}

/* Who asks for other names does not go on with it, nor begin it anew. */
static void tunnel_is_over(int v)
{
	const struct told *t;

	host_open(&host, v);
	random_state = 3;
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 8, usual_turn, dns_tunnel);
	pass(&host, 32, NULL, NULL);
	pass(&host, 30, usual_turn, NULL);
	wr_detect_finish(host.d);
	t = host_told(&host, WR_CLASS_DNS_TUNNEL);
	ok(t && host.n_told == 1 && t->over == 1 && t->last.last_ns < EPOCH + 69 * SECOND,
	   "IPv%d: a tunnel is over with its last name", v);
	host_close(&host);
}

int main(void)
{
	attacks_are_found();
	many_services_hold_some();
	phase_is_nothing(WEB, "a known server");
	phase_is_nothing(0x0a000063u, "one that nobody asked before"); /* 10.0.0.99 */
	for (int v = 4; v <= 6; v += 2) {
		slow_rise_is_found(v);
		http_flood_is_found_soon(v);
		clients_that_come_back_are_nothing(v);
		tunnel_is_over(v);
	}
	return done();
}
