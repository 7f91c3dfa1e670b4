/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_TALLY_H
#define WR_FLOW_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "core/reason.h"
#include "core/record.h"

/*
 * Counters that nothing can fill: every packet is in `all` and in exactly one of ip[][],
 * no_proto[], ether[], ether_rest, llc and unknown. The headers are the outermost ones. A zeroed
 * struct is an empty tally.
 */

enum { WR_TALLY_TYPES = 32 };

struct wr_tally_type {
	uint16_t ethertype;
	struct wr_count n; /* packets 0: the slot is free */
};

struct wr_tally {
	struct wr_count all;
	uint64_t captured_bytes;
	uint64_t first_ns, last_ns;  /* earliest and latest time stamp; 0 when all.packets is 0 */
	struct wr_count ip[2][256];  /* IPv4, IPv6 by upper protocol */
	struct wr_count no_proto[2]; /* IPv4, IPv6 whose upper protocol could not be read */
	struct wr_tally_type ether[WR_TALLY_TYPES]; /* not IP, the first types that came */
	struct wr_count ether_rest;		    /* not IP, the types that found no slot */
	struct wr_count llc;			    /* 802.3 without an EtherType */
	struct wr_count unknown;		    /* no link header that names what follows */
	/* What some of them were as well: */
	struct wr_count fragments, vlan;
	struct wr_count tunnel[WR_TUNNEL_COUNT]; /* with an inner packet, by the innermost tunnel */
	struct wr_count bad[WR_BAD_COUNT];	 /* enum wr_bad; [WR_BAD_NONE] stays 0 */
};

void wr_tally_add(struct wr_tally *t, const struct wr_packet *pkt, const struct wr_rec *rec);

/* IPv4 and IPv6 packets: version is 4 or 6. */
struct wr_count wr_tally_ip(const struct wr_tally *t, int version);

/* A protocol that occurred. */
struct wr_tally_row {
	enum {
		WR_TALLY_PROTO, /* number = IP protocol, both versions */
		WR_TALLY_NO_PROTO,
		WR_TALLY_ETHER, /* number = EtherType */
		WR_TALLY_ETHER_REST,
		WR_TALLY_LLC,
		WR_TALLY_UNKNOWN,
	} kind;
	uint16_t number;
	struct wr_count n;
};

enum { WR_TALLY_ROWS_MAX = 256 + WR_TALLY_TYPES + 4 };

/* The protocols that occurred, most bytes first; together they are `all`. Returns how many. */
int wr_tally_rows(const struct wr_tally *t, struct wr_tally_row rows[WR_TALLY_ROWS_MAX]);

#endif
