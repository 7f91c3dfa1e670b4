/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_FLOW_H
#define WR_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/capture.h"
#include "core/proto.h"
#include "core/record.h"

/*
 * The flows of a capture. A flow is what two ends say to each other: both addresses, both ports,
 * the protocol and the outermost VLAN id, of the outermost IP header. Both directions are one flow
 * (RFC 5103), its ends in canonical order: end 0 is the one with the lower address, then the lower
 * port.
 *
 * Later fragments have no ports and belong to a flow of their protocol with ports 0 (RFC 791, 3.2):
 * guessing would charge them to the wrong one.
 *
 * Memory is fixed at open. When the table is full the flow that was idle for the longest (in order
 * of arrival, since clocks in captures jump) makes room: it is handed to `gone` and its counters go
 * to the `other` row, so that rows + other is always all that was added, to the packet and to the
 * byte.
 */

enum {
	WR_FLOW_VLAN_ID = 0x0fff,
	WR_FLOW_VLAN = 1 << 12,	    /* has a VLAN id */
	WR_FLOW_NO_PROTO = 1 << 13, /* the upper protocol could not be read: proto is 0 */
};

struct wr_flow_key {
	uint8_t addr[2][16]; /* network order; IPv4 in the first four bytes, the rest 0 */
	uint16_t port[2];    /* host order; 0 = none */
	uint16_t tag;	     /* WR_FLOW_VLAN and so on, id in the low twelve bits */
	uint8_t proto;
	uint8_t ip_v; /* 4 or 6 */
};
_Static_assert(sizeof(struct wr_flow_key) == 40, "hashed and compared as five words");

enum { WR_FLOW_CALLER_UNKNOWN = 2 };

/* A flow as it is told; how the table keeps it is in flow/pack.h. Arrays are by end: what end 0 and
 * end 1 sent. */
struct wr_flow {
	struct wr_flow_key key;
	uint64_t first_ns, last_ns; /* earliest and latest time stamp, CLOCK_REALTIME */
	uint64_t told_ns; /* when a part of it was last told (active timeout), or first_ns */
	struct wr_count sent[2];
	uint64_t first_num;    /* frame number in the file of the first packet; 0 = live */
	uint32_t rtt_us;       /* from SYN to the first ACK of the end that opened; 0 = not seen */
	uint16_t tcp_flags[2]; /* WR_TCP_* of all packets */
	uint8_t opener;	       /* end that sent the first packet seen */
	uint8_t caller;	    /* end that opened the TCP connection: sent SYN, or was sent SYN+ACK */
	uint8_t end_reason; /* enum wr_flow_end, when it is handed to `gone` */
	uint8_t iface;	    /* of the first packet, a number of the caller's */
};

/* Why a flow, or a part of one, is told: the numbers of IPFIX flowEndReason (RFC 5102, 5.11.3). */
enum wr_flow_end {
	WR_FLOW_END_NONE = 0,	/* it has not ended */
	WR_FLOW_END_IDLE = 1,	/* no packets for the idle timeout */
	WR_FLOW_END_ACTIVE = 2, /* a part of a long one; it goes on, its counters begin anew */
	WR_FLOW_END_SEEN = 3,	/* TCP: FIN of both ends, or RST */
	WR_FLOW_END_FORCED = 4, /* the program ends */
	WR_FLOW_END_ROOM = 5,	/* displaced by a newer one */
};

enum { WR_FLOW_SYN = 1, WR_FLOW_SYN_ACK = 2 };

static inline uint8_t wr_flow_syn(uint16_t tcp_flags)
{
	if (!(tcp_flags & WR_TCP_SYN))
		return 0;
	return tcp_flags & WR_TCP_ACK ? WR_FLOW_SYN_ACK : WR_FLOW_SYN;
}

/*
 * Packets of one direction of a flow that were counted together: by the kernel in a window, or one
 * packet of a file.
 */
struct wr_flow_part {
	struct wr_flow_key key; /* ends in canonical order: wr_flow_key_make() */
	struct wr_count n;
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME */
	uint64_t num;		    /* frame number of the first packet; 0 = live */
	uint32_t rtt_us;	    /* from SYN to the next ACK of the same end; 0 = not seen */
	uint16_t tcp_flags;	    /* of all of them */
	uint8_t syn;		    /* WR_FLOW_SYN and so on, seen among them */
	uint8_t from;		    /* end that sent them */
	uint8_t iface;		    /* a number of the caller's */
};

/* What made room. Directions as wr_flow_server() had them. */
struct wr_flow_other {
	uint64_t flows;
	struct wr_count to_server, to_client;
	uint64_t first_ns, last_ns; /* 0 when flows is 0 */
};

/* Told and gone by timeout: rows + other + ended is all that was added. */
struct wr_flow_ended {
	uint64_t flows;
	struct wr_count n;
};

/* A flow leaves the table; borrowed for the call. */
typedef void (*wr_flow_gone_fn)(void *ctx, const struct wr_flow *f);

struct wr_flow_conf {
	/*
	 * Rows; 0 = WR_FLOW_MAX_DEFAULT. 80 bytes each when it is a power of two, else at most 88;
	 * 32 more for a flow of IPv6, 8 when frames have numbers (files), 56 for a flow with more
	 * than 2^32 packets or 256 TiB of an end, or longer than three days. Taken when used.
	 */
	uint32_t flows_max;
	wr_flow_gone_fn gone; /* may be NULL */
	wr_flow_gone_fn soon; /* told of a flow that will probably be gone soon, to fetch memory;
				 may be NULL */
	void *ctx;
	bool paces; /* remember the newest windows of each flow: 184 bytes more a row */
};

enum { WR_FLOW_MAX_DEFAULT = 1 << 18 };

struct wr_flow_table;

/* Takes all memory that the table will ever need. 0 or -errno; *out is untouched on failure. conf
 * NULL: defaults. */
int wr_flow_open(struct wr_flow_table **out, const struct wr_flow_conf *conf, struct wr_err *err);

/* Counts a packet of pkt->len bytes. False: it is not IP and belongs to no flow. */
bool wr_flow_add(struct wr_flow_table *t, const struct wr_packet *pkt, const struct wr_rec *rec);

/* The key of a packet that is IP (WR_H_IP). Returns the end that sent it. */
uint8_t wr_flow_key_make(struct wr_flow_key *key, const struct wr_rec *rec);

/* A part of that flow will be counted soon: asks for its place, and returns what the row itself is
 * asked for by when some parts later that has come. */
uint32_t wr_flow_ask(const struct wr_flow_table *t, const struct wr_flow_key *key);
void wr_flow_ask_row(struct wr_flow_table *t, uint32_t tag);

/* Counts a part. Returns the flow it belongs to, as it is now. */
struct wr_flow wr_flow_merge(struct wr_flow_table *t, const struct wr_flow_part *part);

/*
 * Ends what is due at now_ns: told to `gone` with its reason. A flow that ended is no row any more
 * and counts for `ended`; of one that is told in parts the counters begin anew. Returns how many
 * were told. Counters of ended flows and told parts are in wr_flow_ended().
 */
uint32_t wr_flow_expire(struct wr_flow_table *t, uint64_t now_ns, uint64_t idle_ns,
			uint64_t active_ns);

/* With `paces`: what is added from now on belongs to window `filling`, and the newest that is whole
 * is `whole`: the same, or the one before it. Numbers count up from 1. */
void wr_flow_window(struct wr_flow_table *t, uint64_t filling, uint64_t whole);

/* Rows 0 .. wr_flow_rows()-1, in no order that means something. The last packets added may still
 * wait for memory: wr_flow_rows() and wr_flow_other() count them first, so ask one of them before
 * the first wr_flow_row(). */
uint32_t wr_flow_rows(struct wr_flow_table *t);
struct wr_flow wr_flow_row(const struct wr_flow_table *t, uint32_t row);
const struct wr_flow_other *wr_flow_other(struct wr_flow_table *t);
/* The row of a flow, UINT32_MAX: it has none. */
uint32_t wr_flow_find(struct wr_flow_table *t, const struct wr_flow_key *key);
const struct wr_flow_ended *wr_flow_ended(const struct wr_flow_table *t);

/*
 * What a flow did in the newest windows; all 0 without `paces`. A flow that is told in parts begins
 * anew with each of them; here it goes on.
 */
enum { WR_FLOW_CELLS = 16 };

struct wr_flow_pace {
	struct wr_count now[2]; /* in the newest whole window, by end */
	struct wr_count all[2]; /* since it began, by end */
	uint64_t began_ns;	/* CLOCK_REALTIME */
};

struct wr_flow_pace wr_flow_pace(const struct wr_flow_table *t, uint32_t row);
/* Bytes of both ends in the window `ago` windows before the newest whole one (0 = that one); to
 * seven digits. ago < WR_FLOW_CELLS - 1. */
double wr_flow_cell(const struct wr_flow_table *t, uint32_t row, unsigned int ago);

/*
 * The end that offers the service: the one that did not open the connection; when that was not seen
 * the one with the lower port; when the ports are the same the one that did not send the first
 * packet.
 */
static inline int wr_flow_server(const struct wr_flow *f)
{
	if (f->caller != WR_FLOW_CALLER_UNKNOWN)
		return !f->caller;
	if (f->key.port[0] != f->key.port[1])
		return f->key.port[1] < f->key.port[0];
	return !f->opener;
}

/* NULL is fine; sets NULL. */
void wr_flow_close(struct wr_flow_table **t);

#endif
