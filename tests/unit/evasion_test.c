/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that are sent to get past somebody: which they are, that twenty of them in a minute are
 * told with why, and what only looks like them is not.
 */
#include "detect/evasion.h"

#include "core/reason.h"
#include "tests/unit/detect_evidence.h"
#include "tests/unit/detect_scans.h"

static struct host host; /* large */

/* ---- packets ---- */

static void syn_fin(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, SYN | FIN, 0);
}

static void syn_rst(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, SYN | RST, 0);
}

static void no_flags(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, 0, 0);
}

static void xmas(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, XMAS, 0);
}

static void land(struct host *h)
{
	host_tcp(h, WEB, 443, WEB, 443, SYN, 0);
}

static void land_udp(struct host *h)
{
	host_udp(h, WEB, 7, WEB, 7, 10);
}

/* Back through a translation of addresses. */
static void hairpin(struct host *h)
{
	host_tcp(h, WEB, 40000, WEB, 443, SYN, 0);
}

/* offset: in units of eight bytes; more: another fragment follows */
static void tcp_fragment(struct host *h, uint32_t offset, uint32_t bytes, bool more)
{
	struct seen s = {.src = ATTACKER, .dst = WEB, .proto = WR_IP_TCP, .frag = true};

	host_ip(h, &s, bytes, (more ? 0x2000 : 0) | offset);
	host_put16(h, 4000);
	host_put16(h, 443);
	host_put32(h, 1);
	if (bytes > 8) {
		host_put32(h, 1);
		host_put16(h, 0x5000 | ACK);
		host_put16(h, 1000);
		host_fill(h, bytes - 16, 0);
	}
	host_send(h, &s);
}

static void tiny(struct host *h)
{
	tcp_fragment(h, 0, 8, true);
}

static void inside(struct host *h)
{
	tcp_fragment(h, 1, 16, false);
}

static void whole_header(struct host *h)
{
	tcp_fragment(h, 0, 24, true);
}

static void rest(struct host *h)
{
	tcp_fragment(h, 3, 400, false);
}

static void udp_rest(struct host *h)
{
	host_fragment(h, ATTACKER, WEB, 1, 400);
}

static void plain_syn(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, SYN, 0);
}

static void plain_fin(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, FIN | ACK, 0);
}

static void plain_rst(struct host *h)
{
	host_tcp(h, ATTACKER, 4000, WEB, 443, RST, 0);
}

static void ping(struct host *h)
{
	host_icmp(h, WEB, WEB, false, 8);
}

static const struct kind {
	const char *what;
	void (*packet)(struct host *h);
	enum wr_evasion is;
} kinds[] = {
	{"SYN and FIN", syn_fin, WR_EVASION_SYN_FIN},
	{"SYN and RST", syn_rst, WR_EVASION_SYN_FIN},
	{"no flags", no_flags, WR_EVASION_NO_ACK},
	{"FIN, PSH and URG", xmas, WR_EVASION_NO_ACK},
	{"source and destination the same", land, WR_EVASION_LAND},
	{"the same, UDP", land_udp, WR_EVASION_LAND},
	{"a fragment at byte 8 of TCP", inside, WR_EVASION_INSIDE},
	{"a first fragment with a whole header", whole_header, WR_EVASION_COUNT},
	{"the fragment behind it", rest, WR_EVASION_COUNT},
	{"a fragment at byte 8 of UDP", udp_rest, WR_EVASION_COUNT},
	{"SYN", plain_syn, WR_EVASION_COUNT},
	{"FIN and ACK", plain_fin, WR_EVASION_COUNT},
	{"RST", plain_rst, WR_EVASION_COUNT},
	{"back to itself from another port", hairpin, WR_EVASION_COUNT},
	{"ICMP to itself", ping, WR_EVASION_COUNT},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void kinds_are_known(int v)
{
	host_open(&host, v);
	for (int i = 0; i < KINDS; i++) {
		kinds[i].packet(&host);
		ok(wr_evasion_of(&host.parse.rec) == kinds[i].is, "IPv%d, %s: %d, malformed %d", v,
		   kinds[i].what, (int)wr_evasion_of(&host.parse.rec), host.parse.rec.bad);
	}
	land(&host);
	memset(host.parse.rec.eth_src, 0, 6);
	ok(wr_evasion_of(&host.parse.rec) == WR_EVASION_COUNT,
	   "IPv%d: what a host says to itself is none", v);
	tiny(&host);
	is_int(host.parse.rec.bad, WR_BAD_TCP_SHORT,
	       "a first fragment of 8 bytes of TCP is malformed by itself");
	host_close(&host);
}

/* ---- what is told ---- */

static const struct kind *sent;
static uint32_t every;

static void send_kind(struct host *h, uint32_t turn)
{
	if (turn % every == 0)
		sent->packet(h);
}

static const struct told *told_of(int v, const struct kind *k, uint32_t turns)
{
	sent = k;
	every = turns;
	host_open(&host, v);
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 20, usual_turn, send_kind);
	wr_detect_finish(host.d);
	return host_told(&host, WR_CLASS_MALFORMED);
}

/* Five a second. */
static void each_is_told(int v)
{
	for (int i = 0; i < KINDS && kinds[i].is != WR_EVASION_COUNT; i++) {
		const struct told *t = told_of(v, &kinds[i], 20);
		struct wr_buf b = {0};

		ok(t && t->raised == 1 && !host_other(&host, WR_CLASS_MALFORMED) &&
			   host_is(&host, t->f.victim.addr, WEB) &&
			   host_is(&host, t->f.source[0].addr,
				   kinds[i].is == WR_EVASION_LAND ? WEB : ATTACKER),
		   "IPv%d, %s: told as malformed, at whom and from whom, and nothing else", v,
		   kinds[i].what);
		is_int((long)value_of(t, WR_FEATURE_REASON), WR_BAD_COUNT + kinds[i].is, "why");
		is_int((long)value_of(t, WR_FEATURE_BROKEN), WR_DETECT_MALFORMED,
		       "as many as it takes");
		if (t)
			wr_finding_reason(&b, &t->f);
		ok(strstr(wr_buf_text(&b), "most of them: evasion: ") != NULL, "in words: %s",
		   wr_buf_text(&b));
		wr_buf_free(&b);
		host_close(&host);
	}
	ok(!told_of(v, &kinds[0], 150), "IPv%d: fourteen of them are nothing", v);
	host_close(&host);
}

/* A scan is told as one, and its packets are not twice. */
static void scan_is_a_scan(int v)
{
	host_open(&host, v);
	pass(&host, 60, usual_turn, NULL);
	pass(&host, 20, usual_turn, scan_null);
	ok(host_told(&host, WR_CLASS_PORT_SCAN_VERTICAL) && !host_told(&host, WR_CLASS_MALFORMED),
	   "IPv%d: a scan without flags is a scan and nothing malformed", v);
	host_close(&host);
}

int main(void)
{
	for (int v = 4; v <= 6; v += 2) {
		kinds_are_known(v);
		each_is_told(v);
		scan_is_a_scan(v);
	}
	return done();
}
