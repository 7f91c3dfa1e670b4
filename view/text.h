/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_TEXT_H
#define WR_VIEW_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "flow/flow.h"
#include "flow/talk.h"

/* How numbers, ends and protocols look where people read them: the same in every table and on every
 * screen. */

enum { WR_VIEW_CELL = 24 }; /* bytes that any number needs, with the end */

void wr_view_number(char out[WR_VIEW_CELL],
		    uint64_t v);		   /* 1,234,567; "12.3 M" from ten millions on */
void wr_view_digits(struct wr_buf *b, uint64_t v); /* all digits, in groups of three */
/* 1.2 kB, 3.4 Mbit/s: SI prefixes, one decimal. unit "" leaves the prefix alone: "3.4 M". */
void wr_view_si(char out[WR_VIEW_CELL], double v, const char *unit);
void wr_view_percent(char out[WR_VIEW_CELL], uint64_t part, uint64_t all);
void wr_view_duration(char out[WR_VIEW_CELL], uint64_t ns);
void wr_view_moment(struct wr_buf *b, uint64_t ns); /* 2023-11-14 22:13:20, UTC */

/* Addresses are in network order; ip_v is 4 or 6; port 0 = none. 10.0.0.1:80, [2001:db8::1]:80 */
void wr_view_address(struct wr_buf *b, const uint8_t *addr_net, int ip_v);
void wr_view_end(struct wr_buf *b, const uint8_t *addr_net, int ip_v, unsigned int port);
void wr_view_end_of(struct wr_buf *b, const struct wr_flow_key *k, int end);
/* TCP, "proto 99" or ?; tag as in struct wr_flow_key. */
void wr_view_proto_of(struct wr_buf *b, uint16_t tag, uint8_t proto);
/* What rows of flow/live.h are called: TCP 10.0.0.1:443; a protocol or an EtherType. */
void wr_view_service_of(struct wr_buf *b, const struct wr_talk_key *k);
void wr_view_protocol_of(struct wr_buf *b, const struct wr_talk_key *k);
/* client > server TCP, with the VLAN when it has one; see wr_flow_server() */
void wr_view_flow_of(struct wr_buf *b, const struct wr_flow *f);

/*
 * Strangers' text made fit for a terminal: what steers one is written as '?', and so is what is not
 * UTF-8. wr_view_plain() keeps all columns; wr_view_fit() gives exactly `columns` of them: filled
 * up with spaces, or cut with a mark in its place. utf8 false: the terminal knows only ASCII.
 */
enum wr_view_cut { WR_VIEW_CUT_END, WR_VIEW_CUT_MIDDLE };
void wr_view_plain(struct wr_buf *b, const char *text, bool utf8);
void wr_view_fit(struct wr_buf *b, const char *text, int columns, enum wr_view_cut cut, bool utf8);
int wr_view_columns(const char *text, bool utf8); /* that it takes when it is plain */

#endif
