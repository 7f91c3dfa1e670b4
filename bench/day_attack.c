/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "bench/day.h"

/*
 * One attack of each class, at a time by chance behind the first ten minutes: a line of the table
 * is how fast, how long, and what makes a packet (or whatever takes part in it).
 */

enum {
	MARGIN_S = 620,
	REFLECTORS = 300,
	BOTS = 30,
	TRIES_PORT = 54321, /* that a scanner sends from */
	BODY_NS = SECOND_NS / 2,
	BAD = 0xc6336440 /* 198.51.100.64 and more: one for each class */
};

/* 198.18.0.0/15 is for tests (RFC 2544). */
static uint32_t forged(struct day *d)
{
	return 0xc6120000 + (uint32_t)(chance(d) % (1 << 17));
}

static void set(struct day *d, struct actor *a, uint32_t from, uint32_t to, uint16_t dport)
{
	a->from = from;
	a->to = to;
	a->sport = (uint16_t)among(d, 1024, 65000);
	a->dport = dport;
	a->seq = (uint32_t)chance(d);
	a->ack = (uint32_t)chance(d);
}

static void make_syn(struct day *d, struct actor *a, uint32_t i)
{
	(void)i;
	set(d, a, forged(d), WEB, 443);
	a->ttl = 241; /* without options */
	day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
}

static void make_synack(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, 0x50000000 + i * 7919 % 500, WEB, 0);
	a->dport = (uint16_t)among(d, 1024, 65000);
	a->sport = i % 2 ? 443 : 80;
	day_tcp(d, a, true, WR_TCP_SYN | WR_TCP_ACK, NULL, 0, 0);
}

static void make_ack(struct day *d, struct actor *a, uint32_t i)
{
	(void)i;
	set(d, a, forged(d), WEB, 443);
	day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, 0);
}

static void make_rst(struct day *d, struct actor *a, uint32_t i)
{
	(void)i;
	set(d, a, forged(d), WEB, 443);
	day_tcp(d, a, true, WR_TCP_RST, NULL, 0, 0);
}

static void make_udp(struct day *d, struct actor *a, uint32_t i)
{
	(void)i;
	set(d, a, forged(d), APP, 9999);
	day_udp(d, a, true, NULL, 0, 100);
}

static void make_ping(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, forged(d), WEB, 0);
	day_icmp(d, a, true, 8, i, 64);
}

static void make_fragments(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, forged(d), APP, 5000);
	day_fragment(d, a, i % 3 * 1480, 1480);
}

static void make_amplified(struct day *d, struct actor *a, uint32_t i)
{
	const struct day_attack *k = a->kind;

	set(d, a, 0x51000000 + i * 104729 % REFLECTORS * 257, WEB, 0);
	a->dport = (uint16_t)among(d, 1024, 65000);
	a->sport = k->port;
	day_udp(d, a, true, NULL, 0, 440 + i % 5 * 100);
}

static void make_carpet(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, forged(d), CARPET + 1 + (i * 91) % 250, 0);
	a->dport = (uint16_t)among(d, 1024, 65000);
	day_udp(d, a, true, NULL, 0, 300);
}

static void make_requests(struct day *d, struct actor *a, uint32_t i)
{
	struct actor *b = day_connect(d, 0x52000000 + i % BOTS * 65, WEB, 443, d->now_ns);

	(void)a;
	if (b)
		b->answer = 1000;
}

static void make_slow(struct day *d, struct actor *a, uint32_t i)
{
	struct actor *b = day_connect(d, BAD + 1, WEB, 80, d->now_ns);

	(void)i;
	if (!b)
		return;
	b->answer = 0; /* never asked for in full */
	b->held = true;
	b->think_ns = 10 * SECOND_NS;
	b->until_ns = a->until_ns + 120 * SECOND_NS;
}

/* Opened, a header in full, and then what it brings: a byte at a time. */
static bool post(struct day *d, struct actor *a)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: www.example.org\r\n"
				   "Content-Length: 100000\r\n\r\n";
	uint32_t n = a->n++;

	if (d->now_ns >= a->until_ns)
		return false;
	a->at_ns = d->now_ns + (n < 4 ? SECOND_NS / 50 : BODY_NS / 2);
	if (!n) {
		day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
		a->seq++;
	} else if (n == 1) {
		day_tcp(d, a, false, WR_TCP_SYN | WR_TCP_ACK, NULL, 0, 0);
		a->ack++;
	} else if (n == 2) {
		day_tcp(d, a, true, WR_TCP_ACK, NULL, 0, 0);
	} else if (n == 3) {
		day_tcp(d, a, true, WR_TCP_PSH | WR_TCP_ACK, head, sizeof(head) - 1,
			sizeof(head) - 1);
		a->seq += sizeof(head) - 1;
	} else if (n % 2) {
		day_tcp(d, a, true, WR_TCP_PSH | WR_TCP_ACK, "x", 1, 1);
		a->seq++;
	} else {
		day_tcp(d, a, false, WR_TCP_ACK, NULL, 0, 0);
	}
	return true;
}

static void make_posts(struct day *d, struct actor *a, uint32_t i)
{
	struct actor *b = day_actor(d, post, d->now_ns);

	(void)i;
	if (!b)
		return;
	set(d, b, BAD + 11, WEB, 443);
	b->until_ns = a->until_ns + 30 * SECOND_NS;
}

/* Another one for each seed: who is known for a scan is told once for a minute. */
static uint32_t scanner(const struct day *d)
{
	return BAD + 2 + (uint32_t)(d->seed % 100 << 8);
}

/* What is closed answers with RST, where it is there to answer. */
static void make_ports(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, scanner(d), APP, (uint16_t)(1 + i * 7 % 10000));
	a->ttl = 241;
	day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
	if (d->whole)
		return;
	a->seq++;
	a->ack = 0;
	day_tcp(d, a, false, WR_TCP_RST | WR_TCP_ACK, NULL, 0, 0);
}

/* FIN, nothing, Xmas or ACK, by the seed. */
static void make_stealth(struct day *d, struct actor *a, uint32_t i)
{
	static const uint8_t flags[] = {WR_TCP_FIN, 0, WR_TCP_FIN | WR_TCP_PSH | WR_TCP_URG,
					WR_TCP_ACK};

	set(d, a, scanner(d) + 8, DATABASE, (uint16_t)(1 + i * 7 % 10000));
	a->sport = TRIES_PORT;
	a->ttl = 241;
	day_tcp(d, a, true, flags[d->seed % sizeof(flags)], NULL, 0, 0);
	if (!d->whole)
		day_tcp(d, a, false, WR_TCP_RST, NULL, 0, 0);
}

/* One in ten is told that nobody is there: hosts say so once a second (RFC 1812, 4.3.2.8). */
static void make_udp_ports(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, scanner(d) + 9, ADMIN, (uint16_t)(1 + i * 13 % 10000));
	a->sport = TRIES_PORT;
	day_udp(d, a, true, NULL, 0, 20);
	if (!d->whole && i % 10 == 0)
		day_icmp(d, a, false, WR_ICMP_UNREACHABLE, 0, 28);
}

static void make_pings(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, scanner(d) + 10, CARPET + 1 + i % 250, 0);
	day_icmp(d, a, true, 8, i, 8);
}

static void make_sweep(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, scanner(d) + 1, CARPET + 1 + i % 250, 22);
	a->ttl = 241;
	day_tcp(d, a, true, WR_TCP_SYN, NULL, 0, 0);
}

static void make_logins(struct day *d, struct actor *a, uint32_t i)
{
	struct actor *b = day_connect(d, BAD + 4, ADMIN, 22, d->now_ns);

	(void)a, (void)i;
	if (!b)
		return;
	b->rounds = 5;
	b->ask = 150;
	b->answer = 250;
	b->think_ns = SECOND_NS / 5;
}

static void make_broken(struct day *d, struct actor *a, uint32_t i)
{
	(void)i;
	set(d, a, BAD + 5, WEB, 443);
	day_broken(d, a);
}

static void make_spoof(struct day *d, struct actor *a, uint32_t i)
{
	(void)a, (void)i;
	day_arp(d, true, GATEWAY, SCRIPTS, WEB);
}

static void make_dhcp(struct day *d, struct actor *a, uint32_t i)
{
	(void)a, (void)i;
	day_dhcp(d, chance(d));
}

/* What is asked and what comes back. */
static void talk(struct day *d, struct actor *a, const char *name, uint32_t type, uint32_t rcode)
{
	uint8_t b[300];
	uint32_t n = day_dns(b, a->seq & 0xffff, name, type, false, 0);

	day_udp(d, a, true, b, n, n);
	n = day_dns(b, a->seq & 0xffff, name, type, true, rcode);
	day_udp(d, a, false, b, n, n + (rcode ? 0 : 120));
}

static void make_tunnel(struct day *d, struct actor *a, uint32_t i)
{
	char name[128];

	snprintf(name, sizeof(name), "%016llx%016llx%016llx%04x.t.example",
		 (unsigned long long)chance(d), (unsigned long long)chance(d),
		 (unsigned long long)chance(d), i);
	set(d, a, SCRIPTS, 0xc0000235, 53);
	talk(d, a, name, 16, 0);
}

static void make_missing(struct day *d, struct actor *a, uint32_t i)
{
	char name[64];

	(void)i;
	snprintf(name, sizeof(name), "%010llx.example",
		 (unsigned long long)chance(d) & 0xffffffffff);
	set(d, a, SCRIPTS, RESOLVER, 53);
	talk(d, a, name, 1, 3);
}

static void make_icmp_tunnel(struct day *d, struct actor *a, uint32_t i)
{
	set(d, a, SCRIPTS, BAD + 6, 0);
	day_icmp(d, a, true, 8, i, among(d, 100, 1000));
	day_icmp(d, a, false, 0, i, among(d, 100, 1000));
}

static void make_beacon(struct day *d, struct actor *a, uint32_t i)
{
	struct actor *b = day_connect(d, SCRIPTS, BAD + 7, 443, d->now_ns);

	(void)a, (void)i;
	if (b)
		b->answer = 300;
}

static const struct day_attack attacks[] = {
	{"syn_flood", "10.20.0.10:443", 3000, 12, make_syn, 0, NULL},
	{"synack_reflection", "10.20.0.10", 1500, 8, make_synack, 0, NULL},
	{"ack_flood", "10.20.0.10", 2000, 10, make_ack, 0, NULL},
	{"rst_flood", "10.20.0.10", 1500, 10, make_rst, 0, NULL},
	{"udp_flood", "10.20.0.11", 2500, 10, make_udp, 0, NULL},
	{"icmp_flood", "10.20.0.10", 800, 10, make_ping, 0, NULL},
	{"frag_flood", "10.20.0.11", 600, 10, make_fragments, 0, NULL},
	{"amp_dns", "10.20.0.10", 1000, 10, make_amplified, 53, NULL},
	{"amp_ntp", "10.20.0.10", 1000, 10, make_amplified, 123, NULL},
	{"amp_snmp", "10.20.0.10", 400, 10, make_amplified, 161, NULL},
	{"amp_cldap", "10.20.0.10", 600, 10, make_amplified, 389, NULL},
	{"amp_ssdp", "10.20.0.10", 600, 10, make_amplified, 1900, NULL},
	{"amp_memcached", "10.20.0.10", 1500, 10, make_amplified, 11211, NULL},
	{"amp_chargen", "10.20.0.10", 400, 10, make_amplified, 19, NULL},
	{"carpet_bombing", "10.20.1.0/24", 1800, 10, make_carpet, 0, NULL},
	{"http_flood", "10.20.0.10:443", 150, 30, make_requests, 0, NULL},
	{"slow_http", "10.20.0.10:80", 10, 30, make_slow, 0, NULL},
	{"slow_http", "10.20.0.10:443", 6, 10, make_posts, 0, "slow_post"},
	{"port_scan_vertical", "10.20.0.11", 50, 12, make_ports, 0, NULL},
	{"port_scan_horizontal", "10.20.1.0/24", 10, 20, make_sweep, 0, NULL},
	{"port_scan_vertical", "10.20.0.20", 20, 12, make_stealth, 0, "port_scan_stealth"},
	{"port_scan_vertical", "10.20.0.22", 10, 12, make_udp_ports, 0, "port_scan_udp"},
	{"port_scan_horizontal", "10.20.1.0/24", 10, 20, make_pings, 0, "icmp_sweep"},
	{"brute_force", "10.20.0.22:22", 1, 120, make_logins, 0, NULL},
	{"malformed", "10.20.0.10", 5, 60, make_broken, 0, NULL},
	{"arp_spoof", "10.20.0.10", 2, 20, make_spoof, 0, NULL},
	{"dhcp_flood", "DHCP server", 100, 10, make_dhcp, 0, NULL},
	{"dns_tunnel", "192.0.2.53", 5, 60, make_tunnel, 0, NULL},
	{"dns_dga", "10.20.0.12", 2, 60, make_missing, 0, NULL},
	{"icmp_tunnel", "198.51.100.70", 2, 120, make_icmp_tunnel, 0, NULL},
	{"beacon", "198.51.100.71:443", 0.1, 1200, make_beacon, 0, NULL},
};
enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

static const char *name_of(const struct day_attack *k)
{
	return k->name ? k->name : k->class;
}

static bool attack(struct day *d, struct actor *a)
{
	const struct day_attack *k = a->kind;

	if (d->now_ns >= a->until_ns)
		return false;
	k->make(d, a, a->n++);
	/* Never as regular as a clock; a beacon nearly is. */
	a->at_ns = d->now_ns + (uint64_t)(1e9 / k->a_second * (0.95 + 0.1 * share(d)));
	return true;
}

static void begin(struct day *d, const struct day_attack *k, double at)
{
	struct actor *a = day_actor(d, attack, d->begun_ns + (uint64_t)(at * 1e9));

	a->kind = k;
	a->until_ns = a->begun_ns + (uint64_t)(k->lasts_s * 1e9);
	a->label = day_event(d, k->class, k->victim, at, at + k->lasts_s,
			     k->name ? k->name : "made up");
}

/* False: there is no such kind. */
static bool begin_only(struct day *d, const struct day_attack *k, uint32_t n, const char *only)
{
	while (n && strcmp(only, name_of(k)) != 0)
		k++, n--;
	if (!n)
		return false;
	if (k->before)
		k->before(d);
	begin(d, k, k->after_s);
	d->end_ns = d->begun_ns + (uint64_t)((k->after_s + k->lasts_s) * 1e9);
	return true;
}

void day_attacks(struct day *d, const char *only)
{
	double room = (d->length_s - MARGIN_S - 1300) / ATTACKS;
	uint32_t order[ATTACKS];

	/* Each has a part of the day, in an order by chance. */
	for (uint32_t i = 0; i < ATTACKS; i++)
		order[i] = i;
	for (uint32_t i = ATTACKS - 1; i; i--) {
		uint32_t j = among(d, 0, i), was = order[i];

		order[i] = order[j];
		order[j] = was;
	}
	for (uint32_t i = 0; i < ATTACKS; i++) {
		double at = MARGIN_S + room * (i + 0.6 * share(d));

		if (!only)
			begin(d, &attacks[order[i]], at);
	}
	if (only && !begin_only(d, attacks, ATTACKS, only) &&
	    !begin_only(d, day_alone, day_alone_n, only)) {
		fprintf(stderr, "day: no attack '%s'; classes:", only);
		day_attack_names(stderr);
		exit(2);
	}
}

static void names(FILE *to, const struct day_attack *k, uint32_t n)
{
	for (; n; k++, n--)
		fprintf(to, " %s", name_of(k));
}

void day_attack_names(FILE *to)
{
	names(to, attacks, ATTACKS);
	fputs("\nonly by --only:", to);
	names(to, day_alone, day_alone_n);
	fputc('\n', to);
}
