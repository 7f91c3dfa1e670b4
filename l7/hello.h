/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_L7_HELLO_H
#define WR_L7_HELLO_H

#include <stdbool.h>

#include "l7/l7.h"

/* ClientHello and ServerHello, the same for TLS, DTLS and QUIC. */

enum wr_l7_transport { WR_L7_OVER_TCP = 't', WR_L7_OVER_QUIC = 'q', WR_L7_OVER_DTLS = 'd' };

/* Numbers of a list that are kept; GREASE (RFC 8701) is not. */
enum { WR_L7_HELLO_LIST = 256 };

struct wr_l7_numbers {
	uint16_t at[WR_L7_HELLO_LIST];
	uint16_t n;
	bool more; /* there were others */
};

/* A ClientHello as far as fingerprints look at it. */
struct wr_l7_hello {
	enum wr_l7_transport over;
	uint16_t version; /* legacy_version */
	uint16_t highest; /* of supported_versions; 0 = has none */
	bool sni;	  /* has the extension */
	uint8_t alpn[2];  /* first and last byte of the first protocol */
	uint8_t alpn_len; /* of the first protocol; 0 = none */
	struct wr_l7_numbers ciphers, extensions, signatures;
};

/*
 * Reads a handshake message: type (1 or 2), length in three bytes, body; `have` bytes are there.
 * 1: read to its end or to where it is broken; -ENODATA: the bytes end.
 */
int wr_l7_hello(struct wr_l7 *out, enum wr_l7_transport over, const uint8_t *msg, size_t have);

/* Whether `have` > 0 bytes begin a ClientHello or ServerHello: 1, 0, -ENODATA. */
int wr_l7_is_hello(const uint8_t *msg, size_t have, enum wr_l7_transport over);

/* Writes the JA4 fingerprint; nothing when a list was too long or SHA-256 is not built in. */
void wr_l7_ja4(char ja4[37], const struct wr_l7_hello *h);

#endif
