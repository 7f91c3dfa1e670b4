/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Floods as a running weir sees them on a busy machine: rows of the kernel's windows, in no order,
 * of several CPUs, in windows that come late; a flood right after a scan, beside another flood, and
 * of one flow that two CPUs have; logins that are over before their window is.
 */
#include "core/proto.h"
#include "core/sketch.h"
#include "detect/detect.h"
#include "flow/account.h"
#include "tests/tap.h"

#include <stdlib.h>

#define SECOND 1000000000ull
#define MS 1000000ull
#define T0 (1700000000 * SECOND)

enum { ROWS = 8192, KNOWN_S = 60, SCAN_S = 8, SCAN_PPS = 200 };

struct weir {
	struct wr_live *live;
	struct wr_detect *d;
	uint32_t raised[WR_CLASS_COUNT], over[WR_CLASS_COUNT];
	uint64_t now, window_ns, every_ns;
	struct wr_account_row row[ROWS]; /* of the window that is being filled */
	uint32_t n, sent;
};

static void finding(void *ctx, enum wr_finding_news news, const struct wr_finding *f)
{
	struct weir *w = ctx;

	w->raised[f->klass] += news == WR_FINDING_RAISED;
	w->over[f->klass] += news == WR_FINDING_OVER;
}

static void part(void *ctx, const struct wr_live_part *p, const struct wr_flow *f)
{
	struct weir *w = ctx;

	wr_detect_part(w->d, p, f);
}

/* every_ms: how late windows are drained. one_way: only what arrives is seen. */
static void begin_seen(struct weir *w, uint64_t every_ms, bool one_way)
{
	struct wr_detect_conf conf = {.finding = finding, .ctx = w, .one_way = one_way};
	struct wr_live_tap tap = {.ctx = w, .part = part};

	memset(w, 0, sizeof(*w));
	if (wr_live_open(&w->live, NULL, NULL) || wr_detect_open(&w->d, &conf, NULL)) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	w->now = w->window_ns = T0;
	w->every_ns = every_ms * MS;
	wr_live_begin(w->live, T0);
	wr_live_tap(w->live, &tap);
	wr_detect_tick(w->d, T0);
}

static void begin(struct weir *w, uint64_t every_ms)
{
	begin_seen(w, every_ms, true);
}

static void end(struct weir *w)
{
	wr_detect_close(&w->d);
	wr_live_close(&w->live);
}

/* What a window has, in no order, and then that it is over. */
static void drain(struct weir *w)
{
	for (uint32_t i = w->n; i > 1; i--) {
		uint32_t k = (uint32_t)(wr_mix(i + w->sent) % i);
		struct wr_account_row was = w->row[i - 1];

		w->row[i - 1] = w->row[k];
		w->row[k] = was;
	}
	for (uint32_t i = 0; i < w->n; i++)
		wr_live_add_row(w->live, 0, false, &w->row[i], w->window_ns);
	w->n = 0;
	wr_detect_tick(w->d, w->now);
	wr_live_end(w->live, w->now);
	wr_live_begin(w->live, w->now);
	w->window_ns = w->now;
}

static uint16_t since(const struct weir *w)
{
	return (uint16_t)((w->now - w->window_ns) >> WR_ACCOUNT_TIME_SHIFT);
}

static struct wr_account_row *packet(struct weir *w, uint8_t proto, uint32_t from, uint16_t sport,
				     uint16_t dport)
{
	struct wr_account_row *r = &w->row[w->n++];

	*r = (struct wr_account_row){.key = {.src = {198, 18, (uint8_t)(from >> 8), (uint8_t)from},
					     .dst = {10, 77, 0, 2},
					     .sport = sport,
					     .dport = dport,
					     .proto = proto,
					     .ip_v = 4},
				     .bytes = 100,
				     .packets = 1,
				     .first = since(w),
				     .last = since(w)};
	w->sent++;
	return r;
}

static void udp(struct weir *w, uint32_t i)
{
	packet(w, WR_IP_UDP, i % 4096, (uint16_t)(1024 + i % 4096), 9);
}

static void syn(struct weir *w, uint32_t from, uint16_t dport)
{
	struct wr_account_row *r =
		packet(w, WR_IP_TCP, from, (uint16_t)(1024 + w->sent % 60000), dport);

	r->tcp_flags = WR_TCP_SYN | WR_ROW_SYN;
}

static void scan(struct weir *w, uint32_t i)
{
	syn(w, 66, (uint16_t)(1 + i % 60000));
}

static void forged(struct weir *w, uint32_t i)
{
	syn(w, i % 4096, 443);
}

static void both(struct weir *w, uint32_t i)
{
	if (i % 4)
		udp(w, i);
	else
		forged(w, i);
}

/* So many seconds of so many packets each; windows are drained meanwhile. */
static void play(struct weir *w, double seconds, uint32_t pps,
		 void (*make)(struct weir *w, uint32_t i))
{
	uint32_t n = (uint32_t)(seconds * pps);
	uint64_t began = w->now;

	for (uint32_t i = 0; i < n; i++) {
		w->now = began + (uint64_t)i * SECOND / pps;
		if (w->now >= w->window_ns + w->every_ns)
			drain(w);
		make(w, i);
	}
	w->now = began + (uint64_t)(seconds * 1e9);
}

/* Whatever came last is looked at, and time goes on for a second. */
static void rest(struct weir *w)
{
	drain(w);
	w->now += SECOND;
	drain(w);
}

static void after_a_scan(uint64_t every_ms)
{
	static struct weir w;

	begin(&w, every_ms);
	play(&w, KNOWN_S, 1, udp);
	play(&w, SCAN_S, SCAN_PPS, scan);
	play(&w, 1, 4000, udp);
	rest(&w);
	is_int(w.raised[WR_CLASS_UDP_FLOOD], 1,
	       "windows of %u ms: a flood of a second right after a scan is found",
	       (unsigned int)every_ms);
	is_int(w.raised[WR_CLASS_PORT_SCAN_VERTICAL], 1, "so was the scan");
	is_int(w.raised[WR_CLASS_SYN_FLOOD], 0, "which is no flood, nor is the end of it");
	end(&w);
}

/* Of two kinds at once each is told, where the second is larger. */
static void beside_another(void)
{
	static struct weir w;

	begin(&w, 100);
	play(&w, KNOWN_S, 1, udp);
	play(&w, 3, 1000, forged);
	is_int(w.raised[WR_CLASS_SYN_FLOOD], 1, "a flood of SYNs is found");
	play(&w, 12, 4000, both);
	is_int(w.raised[WR_CLASS_UDP_FLOOD], 1,
	       "and three times as much UDP beside it, while it goes on");
	is_int(w.raised[WR_CLASS_SYN_FLOOD], 1, "which is still the same one");
	is_int(w.over[WR_CLASS_SYN_FLOOD], 0, "and not over");
	end(&w);
}

/* Its sender moves from one CPU to the other in the window in which it begins: the rows of both
 * are drained one after the other, the later one first. */
static void of_two_cpus(void)
{
	static struct weir w;

	begin(&w, 100);
	play(&w, KNOWN_S, 1, udp);
	for (int i = 0; i < 20; i++) {
		for (int cpu = 0; cpu < 2; cpu++) {
			struct wr_account_row *r = packet(&w, WR_IP_UDP, 7, 4444, 9);

			r->packets = 200;
			r->first = r->last = cpu ? 10 : 50;
			wr_live_add_row(w.live, 0, false, r, w.window_ns);
			w.n = 0;
		}
		w.now = w.window_ns + 100 * MS;
		drain(&w);
	}
	rest(&w);
	is_int(w.raised[WR_CLASS_UDP_FLOOD], 1,
	       "a flood of one flow, 4,000 packets/s by two CPUs, is found");
	end(&w);
}

/* The other direction of its flow. */
static void turn_round(struct wr_account_row *r)
{
	struct wr_account_key k = r->key;

	memcpy(r->key.src, k.dst, 16);
	memcpy(r->key.dst, k.src, 16);
	r->key.sport = k.dport;
	r->key.dport = k.sport;
}

/* What one end of a session has sent in a window. */
static void half(struct weir *w, bool of_server, uint16_t port, uint32_t flags, uint32_t packets)
{
	struct wr_account_row *r = packet(w, WR_IP_TCP, 9, port, 21);

	r->tcp_flags = (uint16_t)flags;
	r->packets = packets;
	r->bytes = flags & WR_TCP_PSH ? 100 * packets : 66 * packets;
	if (of_server)
		turn_round(r);
	wr_live_add_row(w->live, 0, of_server, r, w->window_ns);
	w->n = 0;
}

static uint32_t begins(bool of_server)
{
	return WR_TCP_SYN | WR_TCP_ACK | (of_server ? WR_ROW_SYN_ACK : WR_ROW_SYN);
}

/* A row of one direction of a session that is over before its window is; nothing is said in one
 * that only looks whether somebody listens. */
static void session(struct weir *w, bool of_server, uint16_t port, bool says)
{
	half(w, of_server, port, begins(of_server) | (says ? WR_TCP_PSH : 0) | WR_TCP_FIN,
	     says ? 6 : 3);
}

/* What arrives is drained before what leaves: the client's end of a session before the server has
 * said anything. */
static void short_sessions(bool server_first, bool says)
{
	static struct weir w;

	begin_seen(&w, 100, false);
	play(&w, KNOWN_S, 1, udp);
	for (uint16_t i = 0; i < 12; i++) {
		session(&w, server_first, (uint16_t)(5000 + i), says);
		session(&w, !server_first, (uint16_t)(5000 + i), says);
		w.now = w.window_ns + SECOND;
		drain(&w);
	}
	rest(&w);
	is_int(w.raised[WR_CLASS_BRUTE_FORCE], says, "%s of less than a window, %s first, are %s",
	       says ? "logins" : "connections without a word",
	       server_first ? "what the server sent" : "what the client sent",
	       says ? "found" : "no logins");
	end(&w);
}

/* Sessions that begin at the end of a window: each is counted once, however little was said before
 * the next one and whose end is drained first. */
static void sessions_in_two(bool server_first, bool greeted)
{
	static struct weir w;
	uint32_t before = 0;

	begin_seen(&w, 100, false);
	play(&w, KNOWN_S, 1, udp);
	for (uint16_t i = 0; i < 10; i++) {
		before = w.raised[WR_CLASS_BRUTE_FORCE];
		for (int k = 0; k < 2; k++) {
			bool server = k != server_first;

			half(&w, server, (uint16_t)(5000 + i),
			     begins(server) | (server && greeted ? WR_TCP_PSH : 0), 2);
		}
		w.now = w.window_ns + 100 * MS;
		drain(&w);
		for (int k = 0; k < 2; k++)
			half(&w, k != server_first, (uint16_t)(5000 + i),
			     WR_TCP_ACK | WR_TCP_PSH | WR_TCP_FIN, 4);
		w.now = w.window_ns + 100 * MS;
		drain(&w);
		/* The last acknowledgement. */
		half(&w, false, (uint16_t)(5000 + i), WR_TCP_ACK, 1);
		w.now = w.window_ns + SECOND;
		drain(&w);
	}
	ok(!before && w.raised[WR_CLASS_BRUTE_FORCE] == 1,
	   "logins over a window's end, %s first, %s: the tenth is found (%u before)",
	   server_first ? "what the server sent" : "what the client sent",
	   greeted ? "greeted before it" : "greeted behind it", before);
	end(&w);
}

/* So many packets of a window that of a single one the size is never known. */
static void pings(uint32_t asked, uint32_t answered, bool tunnel)
{
	static struct weir w;

	begin_seen(&w, 100, false);
	play(&w, KNOWN_S, 1, udp);
	for (int i = 0; i < 300; i++) {
		for (int back = 0; back < 2; back++) {
			struct wr_account_row *r = packet(&w, WR_IP_ICMP, 9, 0, 0);

			r->packets = 5;
			r->bytes = 5 * (back ? answered : asked);
			if (back)
				turn_round(r);
			wr_live_add_row(w.live, 0, back, r, w.window_ns);
			w.n = 0;
		}
		w.now = w.window_ns + 100 * MS;
		drain(&w);
	}
	is_int(w.raised[WR_CLASS_ICMP_TUNNEL], tunnel,
	       "fifty pings a second of %u bytes, answered with %u", asked, answered);
	end(&w);
}

/* A client's connection, answered. */
static void connection(struct weir *w, uint32_t i)
{
	uint16_t sport = (uint16_t)(1024 + i % 60000);
	struct wr_account_row *r = packet(w, WR_IP_TCP, i, sport, 80);
	struct wr_account_row *back;

	r->tcp_flags = (uint16_t)(WR_TCP_SYN | WR_TCP_ACK | WR_TCP_PSH | WR_ROW_SYN);
	r->packets = 3;
	r->bytes = 400;
	back = &w->row[w->n++];
	*back = *r;
	memcpy(back->key.src, r->key.dst, 16);
	memcpy(back->key.dst, r->key.src, 16);
	back->key.sport = 80;
	back->key.dport = sport;
	back->tcp_flags = (uint16_t)(WR_TCP_SYN | WR_TCP_ACK | WR_TCP_PSH | WR_ROW_SYN_ACK);
}

/* Half as many as connections: fewer than twice what is told already, and no part of
 * it. */
static void crowd_and_icmp(struct weir *w, uint32_t i)
{
	if (i % 3)
		connection(w, i);
	else
		packet(w, WR_IP_ICMP, i % 4096, 0, 0);
}

/* A crowd is no attack: what comes with it is told, and is none of its parts. */
static void beside_a_crowd(void)
{
	static struct weir w;

	begin_seen(&w, 100, false);
	play(&w, KNOWN_S * 2, 10, connection);
	play(&w, 5, 600, connection);
	is_int(w.raised[WR_CLASS_FLASH_CROWD], 1, "a crowd is known");
	play(&w, 8, 900, crowd_and_icmp);
	is_int(w.raised[WR_CLASS_ICMP_FLOOD], 1, "a flood of ICMP beside it is found");
	is_int(w.raised[WR_CLASS_HTTP_FLOOD], 0, "and the crowd is none");
	end(&w);
}

int main(void)
{
	after_a_scan(100);
	after_a_scan(300);
	after_a_scan(700);
	after_a_scan(1300);
	beside_another();
	of_two_cpus();
	short_sessions(false, true);
	short_sessions(true, true);
	short_sessions(false, false);
	short_sessions(true, false);
	sessions_in_two(false, false);
	sessions_in_two(true, false);
	sessions_in_two(false, true);
	sessions_in_two(true, true);
	beside_a_crowd();
	pings(98, 98, false);
	pings(98, 120, false);
	pings(1400, 106, false); /* cut */
	pings(98, 600, true);
	return done();
}
