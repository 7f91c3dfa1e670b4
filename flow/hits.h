/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_HITS_H
#define WR_FLOW_HITS_H

#include "core/sketch.h"
#include "flow/live.h"
#include "flow/talk.h"

/*
 * Who is hit: of those parts of flows that something chooses, the sources, the services, and the
 * known-good flows. Fixed size. A table that is full gives the place of its smallest row to the new
 * one, which begins with what that had (Metwally, Agrawal, El Abbadi 2005): whoever has more than
 * 1/WR_HITS_ROWS of all is in it, and has at least n - over.
 *
 * A flow is known-good when it was there before `since_ns` and was no one-sided attempt: of TCP the
 * other host has sent an ACK and neither end an RST; of others both ends were seen to send, for
 * which the way out has to be watched.
 */
enum { WR_HITS_ROWS = 64 };

struct wr_hit {
	struct wr_flow_key key; /* a source: addr[0]; a service: the end [0]; a flow: all of it */
	uint8_t server;		/* a flow: the end that offers the service */
	bool answers; /* a service: it is the other end's; what is hit are its answers to us */
	struct wr_count n;
	struct wr_count over; /* of n: may have been others' */
};

struct wr_hit_table {
	struct wr_hit at[WR_HITS_ROWS];
	uint32_t n;
};

struct wr_hits {
	uint64_t since_ns; /* CLOCK_REALTIME */
	struct wr_count all, good;
	struct wr_hit_table sources, services, flows; /* flows: known-good ones */
	uint8_t seen[WR_SKETCH_REGISTERS];	      /* sources; see flow/distinct.h */
};

void wr_hits_begin(struct wr_hits *h, uint64_t since_ns);
/* flow: the one the part belongs to, or NULL when it is not known. */
void wr_hits_add(struct wr_hits *h, const struct wr_live_part *part, const struct wr_flow *flow);
uint32_t wr_hits_sources(const struct wr_hits *h); /* different ones; an estimate, 3.3 % */
/* The n largest by packets, largest first. Returns how many were written. */
uint32_t wr_hits_top(const struct wr_hit_table *t, const struct wr_hit **out, uint32_t n);

#endif
