/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_TALK_H
#define WR_FLOW_TALK_H

#include <stdint.h>

#include "base/err.h"
#include "flow/flow.h"

/*
 * Who talks, and which services are used. Made from flows when they leave the flow table and once
 * more from those that are still in it at the end, so it costs nothing per packet.
 *
 * A talker is an address that sent something; what it received is what came back in the flows that
 * it sent in, so a scan does not fill the table with those that never answered. A service is the
 * address, protocol and port of a flow's server (wr_flow_server()); without ports (ICMP, later
 * fragments) the port is 0. VLANs are not told apart here.
 *
 * Memory is fixed at open. When the table is full, the smallest of the next few rows (a hand goes
 * round) makes room and its counters go to the `other` row: rows + other is always all that was
 * added. What is heavy stays; while other.flows is 0 every row is exact, afterwards a row is a
 * lower bound.
 */

struct wr_talk_key {
	uint8_t addr[16]; /* network order; IPv4 in the first four bytes, the rest 0 */
	uint16_t port;	  /* host order; 0 = none, or a talker */
	uint16_t tag;	  /* WR_FLOW_NO_PROTO */
	uint8_t proto;	  /* 0 for a talker */
	uint8_t ip_v;	  /* 4 or 6 */
	uint8_t pad[2];	  /* 0 */
};
_Static_assert(sizeof(struct wr_talk_key) == 24, "hashed and compared as three words");

struct wr_talk_row {
	struct wr_talk_key key;
	uint64_t flows;
	struct wr_count out,
		in; /* sent by the address, sent to it; for a service: by and to the server */
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME */
};

enum wr_talk_kind { WR_TALK_TALKERS, WR_TALK_SERVICES };

enum { WR_TALK_MAX_DEFAULT = 1 << 18 };

struct wr_talk;

/* rows_max 0 = WR_TALK_MAX_DEFAULT; 92 bytes each, taken when used. 0 or -errno; *out is untouched
 * on failure. */
int wr_talk_open(struct wr_talk **out, enum wr_talk_kind kind, uint32_t rows_max,
		 struct wr_err *err);

/* Adds all that a flow has counted: to each end that sent something for talkers, to the server for
 * services. */
void wr_talk_add(struct wr_talk *t, const struct wr_flow *f);

/* A flow that will be added soon: the memory that this needs is asked for. Changes nothing. */
void wr_talk_ask(const struct wr_talk *t, const struct wr_flow *f);

/* Rows 0 .. wr_talk_rows()-1, in no order that means something. Borrowed until the next add. */
uint32_t wr_talk_rows(const struct wr_talk *t);
const struct wr_talk_row *wr_talk_row(const struct wr_talk *t, uint32_t row);

/* What made room; *displaced = how many times. `flows` counts the flows of displaced rows. key is
 * all 0. */
const struct wr_talk_row *wr_talk_other(const struct wr_talk *t, uint64_t *displaced);

/* NULL is fine; sets NULL. */
void wr_talk_close(struct wr_talk **t);

#endif
