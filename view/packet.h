/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_PACKET_H
#define WR_VIEW_PACKET_H

#include "base/buf.h"
#include "capture/capture.h"
#include "core/record.h"

/* One packet for a person or a program. Both are made from the same record, so they cannot
 * disagree. */

struct wr_packet_style {
	bool color;
	uint32_t payload; /* bytes of payload to show, 0 = none */
	bool show_iface;  /* several interfaces: say which */
	bool ether;	  /* link addresses too (tcpdump -e) */
};

/* The line that people read, with newline; payload as hex and text below it. Fits 80 columns for
 * common packets. */
void wr_view_packet_line(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
			 const struct wr_packet_style *style);

/* One JSON object as docs/events.md has it, with newline. */
void wr_view_packet_json(struct wr_buf *b, const struct wr_packet *pkt, const struct wr_rec *rec,
			 const struct wr_packet_style *style);

/* Names: of a protocol number as EVE writes it, of an EtherType (NULL: has none), of a reason, of a
 * tunnel. */
const char *wr_view_proto(uint8_t proto);
const char *wr_view_ethertype(uint16_t type);
const char *wr_view_bad(uint8_t bad);
const char *wr_view_bad_text(uint8_t bad);
const char *wr_view_tunnel(uint8_t tunnel);

#endif
