/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_WINDOW_H
#define WR_DETECT_WINDOW_H

#include "base/err.h"
#include "capture/capture.h"
#include "core/account.h"
#include "detect/spread.h"
#include "flow/live.h"

/*
 * What there was in a window of time, by key: interface, host that packets arrive at, service, and
 * prefix (/24, /64) that they came from. Fed with parts of flows as detection is, so a capture and
 * a host give rows of the same meaning.
 *
 * All packets of a window are in one row of each kind that they can have a key of; what finds no
 * room is in the kind's row `other`. Memory is fixed at open.
 */

/* X(symbol, name in the column `key`, rows at most) */
#define WR_WINDOW_KIND_TABLE(X)     \
	X(IFACE, "interface", 64)   \
	X(HOST, "host", 1024)       \
	X(SERVICE, "service", 1024) \
	X(PREFIX, "source_prefix", 1024)

enum wr_window_kind {
#define X(sym, name, rows) WR_WINDOW_##sym,
	WR_WINDOW_KIND_TABLE(X)
#undef X
		WR_WINDOW_KINDS
};

const char *wr_window_kind_name(enum wr_window_kind kind);

/*
 * Counts: X(symbol, name of the column, unit, what it means)
 */
#define WR_WINDOW_COUNT_TABLE(X)                                                            \
	X(PACKETS, "packets", "packets", "all; of a service: to it")                        \
	X(BYTES, "bytes", "bytes", "of their whole frames")                                 \
	X(BACK_PACKETS, "packets_back", "packets",                                          \
	  "the other way: from the service; interfaces: "                                   \
	  "sent, where the way out is watched")                                             \
	X(BACK_BYTES, "bytes_back", "bytes", "of their whole frames")                       \
	X(NOT_IP, "not_ip", "packets", "that are not IP; interfaces only")                  \
	X(TCP, "tcp", "packets", "TCP")                                                     \
	X(UDP, "udp", "packets", "UDP")                                                     \
	X(ICMP, "icmp", "packets", "ICMP and ICMPv6")                                       \
	X(ICMP_ERROR, "icmp_error", "packets", "ICMP errors (RFC 792, RFC 4443)")           \
	X(SYN, "syn", "packets", "SYN without ACK")                                         \
	X(SYNACK, "synack", "packets", "SYN with ACK")                                      \
	X(RST, "rst", "packets", "with RST")                                                \
	X(FIN, "fin", "packets", "with FIN")                                                \
	X(HANDSHAKES, "handshakes", "connections", "completed by their ACK")                \
	X(FRAGMENTS, "fragments", "packets", "fragments, first and later")                  \
	X(MALFORMED, "malformed", "packets", "malformed")                                   \
	X(NEW_FLOWS, "new_flows", "flows", "that began")                                    \
	X(NEW_SOURCES, "new_sources", "sources",                                            \
	  "that began a flow and were not seen before (IPv6: their /64)")                   \
	X(REFLECTED, "reflected", "packets",                                                \
	  "UDP that nobody asked for, from a port of servers "                              \
	  "that answer little with much")                                                   \
	X(DNS, "dns", "packets", "of flows whose payloads are DNS")                         \
	X(HTTP, "http", "packets", "of flows whose payloads are HTTP")                      \
	X(TLS, "tls", "packets", "of flows whose payloads are TLS, DTLS or QUIC")           \
	X(OLD, "old", "packets", "of flows that are older than 10 s")                       \
	X(SLOW, "slow", "packets", "of those: with less than 100 bytes/s since they began") \
	X(HEADERS, "headers", "packets",                                                    \
	  "whose headers were looked at for what follows; of a "                            \
	  "capture all, of a host a sample")                                                \
	X(ECHO_REQUEST, "icmp_echo_request", "headers", "ICMP echo requests")               \
	X(ECHO_REPLY, "icmp_echo_reply", "headers", "ICMP echo replies")                    \
	X(UNREACHABLE, "icmp_unreachable", "headers", "ICMP destination unreachable")       \
	X(TIME_EXCEEDED, "icmp_time_exceeded", "headers", "ICMP time exceeded")             \
	X(DNS_QUESTIONS, "dns_questions", "headers", "DNS questions to it")                 \
	X(DNS_MISSING, "dns_nxdomain", "headers", "its answers that a name does not exist") \
	X(HTTP_REQUESTS, "http_requests", "headers", "HTTP/1 requests to it")               \
	X(HTTP_REFUSED, "http_4xx", "headers", "its answers with status 400 to 499")        \
	X(HTTP_ERRORS, "http_5xx", "headers", "its answers with status 500 and more")       \
	X(TLS_HELLOS, "tls_hellos", "headers", "ClientHellos to it: TLS, DTLS, QUIC")

enum wr_window_count {
#define X(sym, name, unit, what) WR_WINDOW_N_##sym,
	WR_WINDOW_COUNT_TABLE(X)
#undef X
		WR_WINDOW_COUNTS
};

/* A row that is told. Numbers alone: it can be copied anywhere. */
struct wr_window {
	uint64_t start_ns, length_ns; /* CLOCK_REALTIME */
	/* host: addr; service: addr, port, proto; prefix: addr, tag = bits. */
	struct wr_talk_key key;
	char iface[16]; /* interface: its name, may be "" */
	uint8_t kind;	/* enum wr_window_kind */
	bool other;	/* what found no room: it has no key */
	uint64_t n[WR_WINDOW_COUNTS];
	uint64_t size[WR_SIZE_CLASSES]; /* packets; of a host by the mean size of their part */
	/* Different ones and entropy, of `packets`; hosts: that they were sent to. */
	struct wr_spread_told sources, hosts, sports, dports;
	uint16_t reflector;	  /* the port with most `reflected`; 0: there is none */
	uint16_t ttls;		  /* different TTLs */
	uint8_t ttl_min, ttl_max; /* when ttls > 0 */
	uint16_t options;	  /* different orders of options in SYNs: an estimate, 64 bits */
	double age_s;		  /* mean age of the flows of packets; 0: no packets of IP */
	uint64_t flow_packets;	  /* that age_s is the mean of */
};

/* w: borrowed for the call. Rows of a window come by kind, then by key; `other` last. */
typedef void (*wr_window_fn)(void *ctx, const struct wr_window *w);

struct wr_windows_conf {
	uint64_t length_ns; /* 100 ms or 1 s, or others; windows begin at multiples of it */
	/* Borrowed: what flows said, names of interfaces. May be NULL. */
	struct wr_live *live;
	bool file;     /* each packet is told by wr_windows_packet(), too */
	uint64_t seed; /* of hashes: for what comes from strangers a random one; for files 0, so
			  that the same file gives the same rows */
	wr_window_fn row;
	void *ctx;
};

struct wr_windows;

/* Takes all memory, 34 MiB at most, used as rows come. 0 or -errno; *out is untouched on failure.
 */
int wr_windows_open(struct wr_windows **out, const struct wr_windows_conf *conf,
		    struct wr_err *err);
void wr_windows_close(struct wr_windows **w); /* NULL is fine; sets NULL; tells nothing more */

/* The time is now_ns: tells the window that is over by then, if it has packets. Time that goes back
 * belongs to the window that is open. */
void wr_windows_tick(struct wr_windows *w, uint64_t now_ns);

/* A part of a flow and the flow with it, as wr_live_tap.part has them; what found no row, as
 * wr_live_tap.rest. */
void wr_windows_part(struct wr_windows *w, const struct wr_live_part *p, const struct wr_flow *f);
void wr_windows_rest(struct wr_windows *w, const struct wr_talk_key *service,
		     const struct wr_count *n);

/* All of an interface that found no row, and what is not IP: as wr_live_tap.rest_all. */
void wr_windows_rest_all(struct wr_windows *w, uint32_t iface, bool out,
			 const struct wr_live_rest *rest);

/* Headers of a packet, behind its part. Of a file: all packets, also those that are not IP. */
void wr_windows_packet(struct wr_windows *w, const struct wr_packet *pkt, const struct wr_rec *rec);

/* The end: tells the window that is open. */
void wr_windows_finish(struct wr_windows *w);

#endif
