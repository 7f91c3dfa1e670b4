/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_PACKET_IMPL_H
#define WR_VIEW_PACKET_IMPL_H

#include "view/packet.h"

/* What the line and the JSON object of a packet, and other views, share. Not for other folders. */

/* One option of a TCP header or of an IPv4 header. */
struct wr_view_opt {
	uint8_t kind;
	uint8_t size;	      /* bytes of value, without kind and length */
	const uint8_t *value; /* borrowed from the record */
};

/* Options, one after the other. */
struct wr_view_opts {
	const uint8_t *bytes; /* borrowed from the record */
	uint32_t n, at;
	bool cut; /* the capture ends within: of the last one the kind is known, but no value */
};

/* Those of header h (0 = outer, 1 = inner), which has WR_H_TCP or is IPv4 and has WR_H_EXT. */
struct wr_view_opts wr_view_tcpopts(const struct wr_rec *rec, int h);
struct wr_view_opts wr_view_ip4opts(const struct wr_rec *rec, int h);

/* The next one. False: no more, or its length is wrong (the record's `bad` says so). */
bool wr_view_opt_next(struct wr_view_opts *opts, struct wr_view_opt *opt);

/* Name of a TCP option as it stands in JSON; NULL: has none. */
const char *wr_view_tcpopt(uint8_t kind);

/*
 * Bytes of payload behind header h (0 = outer, 1 = inner) that were captured, `want` at most. Of
 * TCP and UDP what the record says; of other protocols what follows the outer IP header. Returns
 * how many; *at is borrowed from the packet.
 */
uint32_t wr_view_payload(const struct wr_packet *pkt, const struct wr_rec *rec, int h,
			 uint32_t want, const uint8_t **at);

void wr_view_addr(struct wr_buf *b, const struct wr_hdr *h, const uint8_t addr_net[16]);

/* "tcp_flags":"12","syn":true,...: within an object that is open */
void wr_view_tcp_flags_json(struct wr_buf *b, uint32_t flags);

/* What a byte looks like where people read: itself, or a dot. */
static inline char wr_view_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f ? (char)c : '.';
}

#endif
