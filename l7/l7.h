/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_L7_L7_H
#define WR_L7_L7_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the first payload bytes of one direction say about the application protocol.
 *
 * Pure: no memory is taken, nothing outside `payload` is read, and no more than WR_L7_LOOK_MAX
 * bytes of it are looked at, so the time of a call is bounded whatever a stranger sends.
 *
 * Secrets are not kept: of headers only Host, of a target neither query nor fragment nor user
 * information nor the values of path parameters (;jsessionid=...), no bodies, no certificates.
 *
 * Texts are what the other side chose, made harmless: printable ASCII only. Every other byte and
 * the backslash are written \xNN, in DNS names as RFC 4343, 2.1 has it (\DDD, and \. \\ for a dot
 * and a backslash within a label). They are terminated, not folded to one case, and cut between
 * two characters when there is no room: then their bit in `cut` is set. What was not there is "".
 */

/* Protocols: X(symbol, name in JSON) */
#define WR_L7_TABLE(X)                                              \
	X(NONE, "none")                                             \
	X(PROXY, "proxy") /* and behind it nothing that is known */ \
	X(TLS, "tls")                                               \
	X(DTLS, "dtls")                                             \
	X(SSH, "ssh")                                               \
	X(HTTP, "http")                                             \
	X(HTTP2, "http2")                                           \
	X(QUIC, "quic")                                             \
	X(DNS, "dns")

enum wr_l7_proto {
#define X(sym, name) WR_L7_##sym,
	WR_L7_TABLE(X)
#undef X
		WR_L7_COUNT
};

/* Bytes of payload that are looked at. A caller that collects segments needs to keep no more. */
enum { WR_L7_LOOK_MAX = 8192 };

/* Who speaks in these bytes. */
enum wr_l7_side { WR_L7_EITHER, WR_L7_CLIENT, WR_L7_SERVER };

/* wr_l7.has: numbers that are there although they may be 0 */
enum {
	WR_L7_HAS_CIPHER = 1 << 0,   /* cipher */
	WR_L7_HAS_QUESTION = 1 << 1, /* qtype, qclass, and host (the root is ".") */
	WR_L7_HAS_ANSWER = 1 << 2,   /* rcode, answers */
};

/* wr_l7.cut */
enum {
	WR_L7_CUT_HOST = 1 << 0,
	WR_L7_CUT_PATH = 1 << 1,
	WR_L7_CUT_METHOD = 1 << 2,
	WR_L7_CUT_ALPN = 1 << 3,
	WR_L7_CUT_BANNER = 1 << 4,
};

/* What a proxy said of the connection it took (PROXY protocol versions 1 and 2). */
struct wr_l7_via {
	uint8_t version;     /* 1, 2; 0 = no such header */
	uint8_t ip_v;	     /* 4, 6; 0 = it names no IP addresses */
	uint8_t addr[2][16]; /* source, destination; network order; IPv4 in the first four bytes */
	uint16_t port[2];
};

struct wr_l7 {
	uint8_t proto;	 /* enum wr_l7_proto */
	uint8_t side;	 /* enum wr_l7_side */
	uint8_t has;	 /* WR_L7_HAS_* */
	uint8_t cut;	 /* WR_L7_CUT_* */
	uint16_t status; /* HTTP response; 0 = none */
	uint16_t cipher; /* TLS ServerHello: the suite chosen (IANA) */
	uint16_t qtype;	 /* DNS */
	uint16_t qclass;
	uint16_t answers; /* DNS response: answer records as its header says */
	uint8_t rcode;	  /* DNS response: the four bits of the header */
	uint8_t name_len; /* DNS question: characters of the name, of which host has some as \DDD */
	struct wr_l7_via via;
	char version[12]; /* HTTP "1.1", TLS "1.3" (highest offered, or chosen), SSH "2.0", QUIC
			     "1", "2", "draft-29" */
	char method[20];  /* HTTP */
	char path[128];	  /* HTTP; "*" for the server itself; "" for CONNECT */
	char host[256];	  /* HTTP Host or the target's authority, with port when it has one; TLS
			     and QUIC server name; DNS question */
	char alpn[32];	  /* ClientHello: the first offered; ServerHello: the one chosen */
	char ja4[37];	  /* of a whole ClientHello; needs the build with nettle */
	char banner[64];  /* SSH identification string, without line end */
};

/*
 * Reads the first `len` payload bytes of one direction. ip_proto is 6 (TCP) or 17 (UDP), ports in
 * host order. Returns
 *   1         recognised; more bytes would not change what is in *out
 *   0         none of the protocols; *out is all zero
 *   -ENODATA  more bytes could tell more. *out has the facts so far; its proto, when not NONE, is
 *             certain (but PROXY becomes what follows it). Call again with the next segment
 *             appended, for UDP with the next datagram: a QUIC ClientHello often takes two. Never
 *             returned when len >= WR_L7_LOOK_MAX.
 * Facts never change with more bytes, they only grow in number. Sizes that the message claims are
 * believed as far as they do not contradict each other; what is broken ends the reading, and the
 * facts before stay.
 *
 * RFC 9112 (HTTP/1), 9113 (HTTP/2 preface), 8446, 5246, 6066, 7301 (TLS), 9147, 6347 (DTLS), 9000,
 * 9001, 9369 (QUIC), 1035, 7766 (DNS), 4253 (SSH); proxy-protocol.txt of HAProxy.
 */
int wr_l7_read(struct wr_l7 *out, const uint8_t *payload, size_t len, uint8_t ip_proto,
	       uint16_t sport, uint16_t dport);

/* Name of an enum wr_l7_proto. */
const char *wr_l7_name(uint8_t proto);

#endif
