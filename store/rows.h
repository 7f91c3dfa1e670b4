/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_STORE_ROWS_H
#define WR_STORE_ROWS_H

#include <stdbool.h>
#include <stdint.h>

/* What history is made of. All times are CLOCK_REALTIME; nanoseconds (_ns) or seconds (_s) since
 * 1970. Texts are UTF-8, ended by NUL. */

/* ---- flows: detail ---- */

/* Why a flow was told (IPFIX flowEndReason, IANA information element 136). */
enum wr_store_end {
	WR_STORE_END_UNKNOWN = 0,
	WR_STORE_END_IDLE = 1,	 /* nothing came for a while */
	WR_STORE_END_ACTIVE = 2, /* it goes on: a part of a long flow */
	WR_STORE_END_OVER = 3,	 /* FIN or RST */
	WR_STORE_END_FORCED = 4, /* weir ended */
	WR_STORE_END_ROOM = 5,	 /* it made room in a full table */
};

enum {
	WR_STORE_VLAN = 1 << 12, /* has a VLAN id, in the low twelve bits */
	WR_STORE_IFACE_MAX = 16,
	WR_STORE_HOST_MAX = 128,
};

/*
 * A flow, or a part of a long one. src is the client, dst the server (wr_flow_server()); [0] counts
 * what was sent to the server, [1] what was sent back. Unused bytes of addresses are 0, and so is
 * all padding.
 */
struct wr_store_flow {
	uint64_t start_ns, end_ns;
	uint64_t packets[2], bytes[2];
	uint8_t src[16], dst[16]; /* network order; IPv4 in the first four bytes, the rest 0 */
	uint32_t rtt_us;	  /* 0 = not measured */
	uint16_t sport, dport;	  /* host order; 0 = none */
	uint16_t vlan;		  /* 0 = none, else WR_STORE_VLAN | id */
	uint16_t tcp_flags;	  /* WR_TCP_* of all packets, both ways */
	uint16_t l7;		  /* number of the application protocol; 0 = not known */
	uint8_t ip_v;		  /* 4 or 6 */
	uint8_t proto;		  /* of IP */
	uint8_t end;		  /* enum wr_store_end */
	char iface[WR_STORE_IFACE_MAX];
	char host[WR_STORE_HOST_MAX]; /* name that the client asked for (SNI, Host, DNS); may be ""
				       */
	uint8_t pad[3];
};

/* ---- roll-ups ---- */

/* X(SYMBOL, name in the table) */
#define WR_STORE_KIND_TABLE(X)  \
	X(TOTAL, "total")       \
	X(SERVICE, "service")   \
	X(SOURCE, "source")     \
	X(PROTOCOL, "protocol") \
	X(IFACE, "interface")   \
	X(RULE, "rule")         \
	X(CLASS, "class")       \
	X(ROUTE, "route")       \
	X(CONSUMER, "consumer")

enum wr_store_kind {
#define X(sym, name) WR_STORE_##sym,
	WR_STORE_KIND_TABLE(X)
#undef X
		WR_STORE_KINDS
};

const char *wr_store_kind_name(enum wr_store_kind kind); /* as in the table series */

/* X(column and field, separator): what is counted for a key in a period. */
#define WR_STORE_COUNT_TABLE(X)                                                          \
	X(packets, "")	     /* arrived */                                               \
	X(bytes, ",")	     /* of these */                                              \
	X(packets_back, ",") /* sent the other way, where that is seen */                \
	X(bytes_back, ",")   /* of these */                                              \
	X(flows, ",")	     /* that began */                                            \
	X(dropped, ",")	     /* packets of `packets` that a rule or a reason kept out */ \
	X(limited, ",")	     /* packets of `packets` that were over a limit */

struct wr_store_counts {
#define X(name, sep) uint64_t name;
	WR_STORE_COUNT_TABLE(X)
#undef X
};

/*
 * What is asked of API gateways has the same columns: packets are requests, bytes and bytes_back
 * those of requests and answers, packets_back tokens of models both ways, flows the microseconds
 * that answers took together, dropped requests that failed (5xx, no answer), limited those that
 * were refused (4xx).
 */
static inline bool wr_store_is_api(enum wr_store_kind kind)
{
	return kind == WR_STORE_ROUTE || kind == WR_STORE_CONSUMER;
}

enum { WR_STORE_KEY_MAX = 96 };

/* The key of a name that a stranger may have chosen: itself when it is printable ASCII and fits,
 * else what is like it and a hash of all of it. A key has itself for a key. */
void wr_store_key(char to[WR_STORE_KEY_MAX], const char *name);

/* ---- incidents and rules ---- */

struct wr_store_incident {
	uint64_t id; /* 0: a new one */
	uint64_t start_ns;
	uint64_t end_ns; /* 0 = goes on */
	char class[32];
	char severity[12]; /* info, low, high, critical */
	char target[WR_STORE_KEY_MAX];
	char text[512];
	char evidence[4096]; /* JSON */
};

struct wr_store_rule {
	uint64_t id; /* 0: a new one */
	uint64_t at_ns;
	uint64_t expires_ns; /* 0 = never */
	uint64_t incident;   /* id of the incident it answers; 0 = none */
	char action[16];     /* block, limit, allow, ... */
	char state[16];	     /* shadow, active, expired, undone, ... */
	char text[512];	     /* the rule as it is written */
};

#endif
