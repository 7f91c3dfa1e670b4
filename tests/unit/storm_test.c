/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes on for an hour, hardly faster than it has to be in order to be found, is told once: one
 * finding, and one incident, that hold until it ends.
 */
#include "detect/incident.h"
#include "tests/unit/detect_scans.h"

enum {
	WARM_S = 60,
	COLD_S = 700,
	HOUR_S = 3600,
	FLOOD_S = 300,
	REST_S = 400, /* three intervals of the slowest beacon */
	FAR = 0xc6336446,
	ONE_PORT = 41000
};

static struct host host; /* large */
static struct wr_incidents *incidents;
static uint64_t dice;
static uint32_t findings, raised, others;
static enum wr_finding_class wanted;
static bool is_over;
static struct wr_finding newest; /* of what is wanted, as it was raised */
static uint64_t over_ns;

static void news(struct host *h, enum wr_finding_news n, const struct wr_finding *f)
{
	enum wr_incident_news what;

	wr_incidents_add(incidents, n, f, &what);
	raised += what == WR_INCIDENT_RAISED;
	if (f->klass == wanted && n == WR_FINDING_RAISED)
		newest = *f;
	if (f->klass == wanted)
		findings += n == WR_FINDING_RAISED;
	else if (f->severity > WR_SEVERITY_INFO)
		others += n == WR_FINDING_RAISED;
	is_over = n == WR_FINDING_OVER;
	if (is_over)
		over_ns = h->ns;
}

static void begin(enum wr_finding_class klass)
{
	struct wr_err err = {0};

	if (wr_incidents_open(&incidents, &err)) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	host_open(&host, 4);
	host.news = news;
	dice = 11;
	wanted = klass;
	findings = raised = others = 0;
	is_over = false;
	pass(&host, WARM_S, usual_turn, NULL);
}

static void end(void)
{
	host_close(&host);
	wr_incidents_close(&incidents);
}

/* ---- what goes on: a time of it each ---- */

static void missing(uint32_t i)
{
	char name[64];

	snprintf(name, sizeof(name), "x%08x.com", host_random(&dice));
	host_dns(&host, PC, (uint16_t)(2000 + i), RESOLVER, name, 1, -1);
	host_dns(&host, PC, (uint16_t)(2000 + i), RESOLVER, name, 1, 3);
}

static void tunnel(uint32_t i)
{
	char name[128];

	snprintf(name, sizeof(name), "%032x%020x.t.example.net", host_random(&dice), i);
	host_dns(&host, PC, (uint16_t)(2000 + i), RESOLVER, name, 10, -1);
	host_dns(&host, PC, (uint16_t)(2000 + i), RESOLVER, name, 10, 0);
}

static void talk(uint32_t i)
{
	(void)i;
	host_udp(&host, PC, ONE_PORT, RESOLVER, 53, 90);
	host_udp(&host, RESOLVER, 53, PC, ONE_PORT, 90);
}

static void pings(uint32_t i)
{
	(void)i;
	host_icmp(&host, PC, FAR, false, 60 + host_random(&dice) % 900);
	host_icmp(&host, FAR, PC, true, 60 + host_random(&dice) % 900);
}

static void addresses(uint32_t i)
{
	(void)i;
	host_icmp(&host, PC, 0x60000000u + host_random(&dice) % 0x10000000u, false, 60);
}

static void ports(uint32_t i)
{
	host_tcp(&host, ATTACKER, (uint16_t)(2000 + i), WEB, (uint16_t)(1 + i * 7), SYN, 0);
	host_tcp(&host, WEB, (uint16_t)(1 + i * 7), ATTACKER, (uint16_t)(2000 + i), RST | ACK, 0);
}

static void hosts(uint32_t i)
{
	host_tcp(&host, ATTACKER, (uint16_t)(2000 + i), 0x0a000000u + i * 7919 % 50000, 22, SYN, 0);
}

static void beacon(uint32_t i)
{
	host_session(&host, PC, (uint16_t)(10000 + i), FAR_WEB, 443, 300, 400);
}

static void logins(uint32_t i)
{
	host_opens(&host, ATTACKER, (uint16_t)(3000 + i), MAIL, 22);
	host_says(&host, MAIL, 22, ATTACKER, (uint16_t)(3000 + i), 40);
	host_says(&host, ATTACKER, (uint16_t)(3000 + i), MAIL, 22, 900);
	host_says(&host, MAIL, 22, ATTACKER, (uint16_t)(3000 + i), 1500);
	host_closes(&host, ATTACKER, (uint16_t)(3000 + i), MAIL, 22);
}

static void broken(uint32_t i)
{
	host_tcp(&host, ATTACKER, (uint16_t)(4000 + i), WEB, 443, SYN | RST, 0);
}

static void backscatter(uint32_t i)
{
	host_tcp(&host, ATTACKER, 80, (WEB & ~0xffu) + 40 + i % 200, (uint16_t)(1024 + i), SYN_ACK,
		 0);
}

/* ---- floods: a packet each ---- */

static void udp(uint32_t i)
{
	host_udp(&host, ATTACKER + i % 900 * 256, 4000, WEB, 7000, 100);
}

static void ping(uint32_t i)
{
	host_icmp(&host, ATTACKER + i % 900 * 256, WEB, false, 56);
}

static void reset(uint32_t i)
{
	host_tcp(&host, ATTACKER + i % 900 * 256, 4000, WEB, (uint16_t)(1024 + i), RST, 0);
}

static void syn(uint32_t i)
{
	host_tcp(&host, host_stranger(&dice), (uint16_t)(1024 + i), WEB, 443, SYN, 0);
}

static void fragment(uint32_t i)
{
	host_fragment(&host, ATTACKER + i % 900 * 256, WEB, 100, 500);
}

static const struct {
	const char *what;
	enum wr_finding_class klass;
	double a_minute;
	void (*one)(uint32_t i);
	double stray; /* as a share of the time between two */
} lasting[] = {
	{"30 names a minute that do not exist", WR_CLASS_DNS_DGA, 30, missing, 0.5},
	{"26 names a minute that do not exist", WR_CLASS_DNS_DGA, 26, missing, 0.5},
	{"a tunnel of 40 names a minute", WR_CLASS_DNS_TUNNEL, 40, tunnel, 0.5},
	{"a tunnel of 31 names a minute", WR_CLASS_DNS_TUNNEL, 31, tunnel, 0.5},
	{"a talk with the port of DNS", WR_CLASS_DNS_TUNNEL, 140, talk, 0.2},
	{"a tunnel of 10 pings a minute", WR_CLASS_ICMP_TUNNEL, 10, pings, 0.5},
	{"pings of data to 20 hosts a minute", WR_CLASS_ICMP_TUNNEL, 20, addresses, 0.5},
	{"a scan of 30 ports a minute", WR_CLASS_PORT_SCAN_VERTICAL, 30, ports, 0.5},
	{"a scan of 6 ports a minute", WR_CLASS_PORT_SCAN_VERTICAL, 6, ports, 0.5},
	{"a scan of 30 hosts a minute", WR_CLASS_PORT_SCAN_HORIZONTAL, 30, hosts, 0.5},
	{"a scan of 6 hosts a minute", WR_CLASS_PORT_SCAN_HORIZONTAL, 6, hosts, 0.5},
	{"a beacon each 20 seconds", WR_CLASS_BEACON, 3, beacon, 0.05},
	{"a beacon each minute", WR_CLASS_BEACON, 1, beacon, 0.05},
	{"a beacon each two minutes", WR_CLASS_BEACON, 0.5, beacon, 0.05},
	{"12 logins a minute", WR_CLASS_BRUTE_FORCE, 12, logins, 0.5},
	{"24 malformed packets a minute", WR_CLASS_MALFORMED, 24, broken, 0.5},
	{"80 SYNs a second", WR_CLASS_SYN_FLOOD, 80 * 60, syn, 1},
	{"275 UDP packets a second", WR_CLASS_UDP_FLOOD, 275 * 60, udp, 1},
	{"110 pings a second", WR_CLASS_ICMP_FLOOD, 110 * 60, ping, 1},
	{"165 RSTs a second", WR_CLASS_RST_FLOOD, 165 * 60, reset, 1},
	{"66 fragments a second", WR_CLASS_FRAG_FLOOD, 66 * 60, fragment, 1},
	{"answers nobody asked for", WR_CLASS_BACKSCATTER, 12, backscatter, 0.5},
};

static void lasts(size_t k)
{
	double gap = 60 / lasting[k].a_minute, at = 0;
	bool flood = lasting[k].klass <= WR_CLASS_CARPET_BOMBING;
	uint64_t from;

	begin(lasting[k].klass);
	/* What may have been there always takes longer to be found: a beacon. */
	pass(&host, lasting[k].klass == WR_CLASS_BEACON ? COLD_S : 1, NULL, NULL);
	from = host.ns;
	for (uint32_t i = 0; at < (flood ? FLOOD_S : HOUR_S); i++) {
		double stray = host_random(&dice) / 2147483648.0 - 1;

		host.ns = from + (uint64_t)(at * 1e9);
		lasting[k].one(i);
		at += gap * (1 + stray * lasting[k].stray);
	}
	wr_detect_tick(host.d, host.ns + REST_S * SECOND);
	ok(findings == 1 && !others && raised == (wr_class_severity(wanted) > WR_SEVERITY_INFO) &&
		   is_over == (wanted != WR_CLASS_BACKSCATTER),
	   "%s: told once, until it ends (%u findings, %u incidents, %u others)", lasting[k].what,
	   findings, raised, others);
	end();
}

/* ---- what hides behind it ---- */

/* Another host does the same at the same place, later: it is told, too, and both once. */
static void second_beacon(void)
{
	begin(WR_CLASS_BEACON);
	pass(&host, COLD_S, NULL, NULL);
	for (uint32_t i = 0; i < 240; i++) {
		beacon(i);
		if (i == 60)
			is_int(findings, 1, "a beacon each minute is told");
		pass(&host, 20, NULL, NULL);
		if (i > 60 && i < 180)
			host_session(&host, PC + 1, (uint16_t)(10000 + i), FAR_WEB, 443, 300, 400);
		pass(&host, 40, NULL, NULL);
	}
	ok(findings == 2 && host_is(&host, newest.source[0].addr, PC + 1) && newest.n_sources == 2,
	   "a second host that calls the same service is told, and none of them twice (%u)",
	   findings);
	end();
}

static void second_tunnel(void)
{
	begin(WR_CLASS_DNS_TUNNEL);
	for (uint32_t i = 0; i < 1200; i++) {
		char name[128];

		tunnel(i);
		snprintf(name, sizeof(name), "%032x%020x.v.example.org", host_random(&dice), i);
		if (i > 300)
			host_dns(&host, PC + 1, (uint16_t)(2000 + i), RESOLVER, name, 10, -1);
		pass(&host, 1, NULL, NULL);
	}
	ok(findings == 2 && host_is(&host, newest.source[0].addr, PC + 1) && newest.n_sources == 2,
	   "a second host that has a tunnel by the same resolver is told, and none of them twice "
	   "(%u)",
	   findings);
	end();
}

/* At a gateway: each is told once, and they leave room. */
static void pollers(void)
{
	enum { PLACES = 70 };

	begin(WR_CLASS_BEACON);
	pass(&host, COLD_S, NULL, NULL);
	for (uint32_t i = 0; i < 40; i++)
		for (uint32_t k = 0; k < PLACES; k++) {
			host_session(&host, PC, (uint16_t)(10000 + i * PLACES + k),
				     FAR_WEB + k * 256, 443, 300, 400);
			pass(&host, 300.0 / PLACES, NULL, NULL);
		}
	is_int(findings, PLACES, "each of seventy that are asked each five minutes is told once");
	wanted = WR_CLASS_MALFORMED;
	findings = 0;
	for (uint32_t i = 0; i < 60; i++) {
		broken(i);
		pass(&host, 1, NULL, NULL);
	}
	is_int(findings, 1, "and beside them what is low, too");
	end();
}

/* ---- what does not go on ---- */

enum { SCAN_SPAN_S = 600, SCAN_HOLD_S = 30 };

static void honest(uint32_t i)
{
	host_session(&host, ATTACKER, (uint16_t)(20000 + i), WEB, 443, 300, 4000);
}

static void hosts_later(uint32_t i)
{
	hosts(100 + i);
}

/* It is what a scan leaves behind, and much less: the scan is over with its ten minutes. */
static void not_by(const char *what, enum wr_finding_class klass, uint32_t n,
		   void (*scan)(uint32_t i), double gap, void (*then)(uint32_t i), double then_gap)
{
	uint64_t from;
	double s;

	begin(klass);
	from = host.ns;
	for (uint32_t i = 0; i < n; i++) {
		scan(i);
		pass(&host, gap, NULL, NULL);
	}
	for (uint32_t i = 0; i < HOUR_S / then_gap; i++) {
		then(i);
		pass(&host, then_gap, NULL, NULL);
	}
	s = (double)(over_ns - from) / SECOND;
	ok(findings == 1 && !others && is_over && s < SCAN_SPAN_S + SCAN_HOLD_S + then_gap,
	   "%s does not go on by it (%u findings, until %.0f s)", what, findings, s);
	end();
}

static void scans_end(void)
{
	not_by("a scan of 1,000 ports, then an answered connection each 25 s",
	       WR_CLASS_PORT_SCAN_VERTICAL, 1000, ports, 0.01, honest, 25);
	not_by("a scan of 60 hosts in 30 s, then three a minute", WR_CLASS_PORT_SCAN_HORIZONTAL, 60,
	       hosts, 0.5, hosts_later, 20);
}

int main(void)
{
	second_beacon();
	second_tunnel();
	pollers();
	for (size_t k = 0; k < sizeof(lasting) / sizeof(*lasting); k++)
		lasts(k);
	scans_end();
	return done();
}
