/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_L7_PARSER_H
#define WR_L7_PARSER_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "l7/l7.h"

/* What the parsers share. Not for other folders. */

/* What is looked at. */
struct wr_l7_look {
	const uint8_t *at; /* borrowed */
	size_t n;	   /* bytes, WR_L7_LOOK_MAX at most */
	uint16_t sport, dport;
	uint8_t ip_proto;
	bool inside; /* behind a PROXY header */
};

/*
 * One protocol. read() returns as wr_l7_read() does and follows three rules, so that the list can
 * be asked in order and an answer never has to be taken back:
 *   - it says 0 as soon as a byte rules the protocol out, and -ENODATA only while none has;
 *   - it leaves *out alone (all zero) until it is certain, and says so with out->proto;
 *   - a fact is written when all of it is there, and only once.
 */
struct wr_l7_parser {
	uint8_t ip_proto; /* whose payload; 0 = TCP and UDP */
	int (*read)(struct wr_l7 *out, const struct wr_l7_look *in);
};

extern const struct wr_l7_parser wr_l7_proxy, wr_l7_tls, wr_l7_dtls, wr_l7_ssh, wr_l7_http,
	wr_l7_quic, wr_l7_dns;

/* Asks all parsers in order of the list. */
int wr_l7_ask(struct wr_l7 *out, const struct wr_l7_look *in);

/* Writes bytes as harmless text. True: there was no room for all. */
bool wr_l7_text(char *to, size_t room, const void *bytes, size_t n);

/* The bytes begin as `magic` does: 1, 0, or -ENODATA when they end before it does. */
static inline int wr_l7_begins(const struct wr_l7_look *in, const void *magic, size_t n)
{
	if (memcmp(in->at, magic, in->n < n ? in->n : n))
		return 0;
	return in->n < n ? -ENODATA : 1;
}

static inline uint16_t wr_l7_be16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t wr_l7_be32(const uint8_t *b)
{
	return (uint32_t)wr_l7_be16(b) << 16 | wr_l7_be16(b + 2);
}

#endif
