/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_IPFIX_H
#define WR_EXPORT_IPFIX_H

#include <stddef.h>
#include <stdint.h>

#include "flow/flow.h"

/*
 * Flows as IPFIX messages (RFC 7011): one record for both directions (RFC 5103), its source the
 * client. Pure: messages go to a callback; export/ipfix_send.h sends them.
 *
 * A record: sourceIPv4Address or sourceIPv6Address, destination likewise, sourceTransportPort,
 * destinationTransportPort, ingressInterface, [vlanId], [protocolIdentifier], flowEndReason,
 * biflowDirection, tcpControlBits, flowStartMilliseconds, flowEndMilliseconds, octetDeltaCount,
 * packetDeltaCount, and of the way back (enterprise number 29305) tcpControlBits, octetDeltaCount,
 * packetDeltaCount. Templates 256 to 263: 256 + IPv6 (1) + vlanId (2) + no protocolIdentifier (4).
 * ingressInterface is what conf.ifindex says; options template 512 tells names (interfaceName).
 * Octets are counted from the link header on, as everywhere in weir.
 */

enum {
	WR_IPFIX_BYTES_MIN = 512, /* what RFC 7011, 10.3.3 wants where the path is not known */
	WR_IPFIX_BYTES_MAX = 65535,
	WR_IPFIX_IFACES = 256,
};

struct wr_ipfix_conf {
	uint32_t domain;    /* observation domain */
	uint32_t bytes_max; /* of a message, WR_IPFIX_BYTES_MIN to _MAX */
	/* ifIndex of the interface with that number (wr_flow.iface); 0: not known. NULL: the number
	 * plus one. */
	uint32_t (*ifindex)(void *ctx, uint32_t number);
	/* Its name, to be told by options records; NULL or "": not known. NULL: tell none. nfcapd
	 * 1.7 takes the numbers of options records for lost flows. */
	const char *(*iface)(void *ctx, uint32_t number);
	void *iface_ctx; /* of both */
	/* A whole message, borrowed for the call. records: data records in it, those of options as
	 * well, which is what sequence numbers count; flows: of them, flows. */
	void (*message)(void *ctx, const uint8_t *msg, size_t n, uint32_t records, uint32_t flows);
	void *ctx;
};

/* Fields are private. */
struct wr_ipfix {
	struct wr_ipfix_conf conf;
	uint32_t sequence; /* of the message that is being filled */
	uint32_t records, flows;
	uint32_t told_templates; /* bits, by template id - 256; bit 31: options */
	uint64_t told_ifaces[WR_IPFIX_IFACES / 64]; /* bits */
	uint16_t set_id;			    /* that is open; 0 = none */
	size_t set, used;			    /* where it begins; bytes */
	uint8_t msg[WR_IPFIX_BYTES_MAX];
};

void wr_ipfix_begin(struct wr_ipfix *x, const struct wr_ipfix_conf *conf);

/* Adds a flow, and in front of it what a collector needs to read it and has not been told since
 * wr_ipfix_forget(). */
void wr_ipfix_flow(struct wr_ipfix *x, const struct wr_flow *f, uint32_t export_s);

/* Hands out the message that is being filled, if there is something in it. export_s: seconds since
 * 1970. */
void wr_ipfix_flush(struct wr_ipfix *x, uint32_t export_s);

/* The collector may not know the templates any more: they are told again when next used (UDP: RFC
 * 7011, 8.4; a new connection). */
void wr_ipfix_forget(struct wr_ipfix *x);

/*
 * A stream begins (TCP, a file: RFC 7011, 8.1; RFC 5655): one message with all templates, at most
 * WR_IPFIX_TEMPLATES_MAX bytes, is written to `to`; returns its bytes. The next message is number
 * `sequence`.
 */
enum { WR_IPFIX_TEMPLATES_MAX = 1024 };
size_t wr_ipfix_start(struct wr_ipfix *x, uint8_t to[WR_IPFIX_TEMPLATES_MAX], uint32_t export_s,
		      uint32_t sequence);

/* Sets the sequence number of a whole message: a new connection counts from 0. */
void wr_ipfix_renumber(uint8_t *msg, uint32_t sequence);

#endif
