/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_DETECT_SCANS_H
#define WR_TESTS_DETECT_SCANS_H

#include "tests/unit/detect_usual.h"

/* Scans that need no SYN, what looks like one, and connections that are held open; a turn each. */

enum {
	XMAS = FIN | WR_TCP_PSH | WR_TCP_URG,
	SCAN_PORT = 50000, /* a scanner sends from one */
	SLOW_CLIENTS = 60,
};

/* ---- scans ---- */

/* Twenty-five ports a second; a host that is there says of most that they are closed. */
static inline void scan_with(struct host *h, uint32_t turn, uint8_t flags, bool refused)
{
	uint16_t port = (uint16_t)(1 + turn * 7);

	if (turn % 4)
		return;
	host_tcp(h, ATTACKER, SCAN_PORT, WEB, port, flags, 0);
	if (refused)
		host_tcp(h, WEB, port, ATTACKER, SCAN_PORT, RST | ACK, 0);
}

static inline void scan_fin(struct host *h, uint32_t turn)
{
	scan_with(h, turn, FIN, true);
}

static inline void scan_null(struct host *h, uint32_t turn)
{
	scan_with(h, turn, 0, false);
}

static inline void scan_xmas(struct host *h, uint32_t turn)
{
	scan_with(h, turn, XMAS, true);
}

static inline void scan_ack(struct host *h, uint32_t turn)
{
	scan_with(h, turn, ACK, true);
}

/* The kernel counts both directions in a window, and may tell of the refusal first. */
static inline void scan_refused_first(struct host *h, uint32_t turn)
{
	uint16_t port = (uint16_t)(1 + turn * 7);

	if (turn % 4)
		return;
	host_tcp(h, WEB, port, ATTACKER, SCAN_PORT, RST, 0);
	host_tcp(h, ATTACKER, SCAN_PORT, WEB, port, ACK, 0);
}

static inline void sweep_ack(struct host *h, uint32_t turn)
{
	if (turn % 5 == 0)
		host_tcp(h, ATTACKER, SCAN_PORT, (WEB & ~0xffu) + 40 + turn / 5 % 180, 22, ACK, 0);
}

static inline void scan_udp(struct host *h, uint32_t turn)
{
	if (turn % 4 == 0)
		host_udp(h, ATTACKER, SCAN_PORT, WEB, (uint16_t)(1 + turn * 7), 20);
}

static inline void sweep_icmp(struct host *h, uint32_t turn)
{
	if (turn % 5 == 0)
		host_icmp(h, ATTACKER, (WEB & ~0xffu) + 40 + turn / 5 % 180, false, 8);
}

/* ---- what looks like one ---- */

/* Ninety ports of a host in three seconds, to know the way there; each ten seconds. */
static inline void trace_route(struct host *h, uint32_t turn)
{
	if (turn % 1000 < 270 && turn % 3 == 0)
		host_udp(h, PC, 45000, FAR_WEB, (uint16_t)(33434 + turn % 1000 / 3), 32);
}

/* To what was asked before. */
static inline void late_answers(struct host *h, uint32_t turn)
{
	if (turn % 10 == 0)
		host_udp(h, FAR_WEB, 443, PC, (uint16_t)(20000 + turn * 3), 120);
}

/* To who was named as the asker, to lower ports than their own. */
static inline void forged_answers(struct host *h, uint32_t turn)
{
	if (turn % 10 == 0)
		host_udp(h, FAR_WEB, 11211, PC, (uint16_t)(1024 + turn), 120);
}

/* A call each second, of five, that nobody answers: music, and a report from the next port. */
static inline void calls(struct host *h, uint32_t turn)
{
	for (uint32_t call = turn / 100; turn % 5 == 0 && call + 5 > turn / 100; call--) {
		host_udp(h, MAIL, (uint16_t)(30000 + 2 * call), FAR_WEB,
			 (uint16_t)(16384 + 2 * call), 172);
		if (!call)
			break;
	}
}

/* Each of its connections is forgotten where it leads. */
static inline void laptop_wakes(struct host *h, uint32_t turn)
{
	uint32_t there = 0x5db80000u + turn / 5 * 256;

	if (turn % 5 || turn >= 400)
		return;
	host_tcp(h, PC, (uint16_t)(40000 + turn * 3), there, 443, turn % 2 ? ACK : FIN | ACK, 0);
	host_tcp(h, there, 443, PC, (uint16_t)(40000 + turn * 3), RST, 0);
}

/* Of a whole office that has gone, and was idle before. */
static inline void server_closes(struct host *h, uint32_t turn)
{
	if (turn % 5 == 0 && turn < 400)
		host_tcp(h, WEB, 443, FAR_WEB, (uint16_t)(40000 + turn * 3), FIN | ACK, 0);
}

/* Forty services of a host, in use when weir starts. */
static inline void services_go_on(struct host *h, uint32_t turn)
{
	uint16_t service = (uint16_t)(7000 + turn % 40);

	host_tcp(h, PC, SCAN_PORT, WEB, service, ACK, 0);
	host_tcp(h, WEB, service, PC, SCAN_PORT, ACK, 100);
}

/* ---- connections held open ---- */

/* The header of a POST in full, and then what it brings, a byte at a time, ten times a second. */
static inline void slow_post(struct host *h, uint32_t turn)
{
	if (turn < SLOW_CLIENTS) {
		host_opens(h, ATTACKER, (uint16_t)(5000 + turn), WEB, 443);
		host_says(h, ATTACKER, (uint16_t)(5000 + turn), WEB, 443, 400);
		return;
	}
	for (uint32_t i = turn % 10; i < SLOW_CLIENTS; i += 10)
		host_says(h, ATTACKER, (uint16_t)(5000 + i), WEB, 443, 1);
}

static inline void slow_idle(struct host *h, uint32_t turn)
{
	if (turn < SLOW_CLIENTS)
		host_opens(h, ATTACKER, (uint16_t)(5000 + turn), WEB, 443);
}

/* Ten connections a second of each of thirty, that say hello to TLS and no more. */
static inline void tls_hellos(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t client = ATTACKER + (turn * 3 + i) % 30 * 256;
		uint16_t port = (uint16_t)(1024 + turn);

		host_opens(h, client, port, WEB, 443);
		host_says(h, client, port, WEB, 443, 517);
		host_says(h, WEB, 443, client, port, 3000);
	}
}

/* Five hundred that each make one a second: what detection takes for a crowd. */
static inline void bots(struct host *h, uint32_t turn)
{
	for (uint32_t i = 0; i < 5; i++)
		host_session(h, ATTACKER + (turn * 5 + i) % 500 * 256, (uint16_t)(1024 + turn), WEB,
			     443, 500, 3000);
}

#endif
