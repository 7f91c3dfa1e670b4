/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_LIVE_H
#define WR_FLOW_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "capture/capture.h"
#include "core/account.h"
#include "flow/apps.h"
#include "flow/cell.h"
#include "flow/flow.h"
#include "flow/talk.h"

/*
 * What is going on now: flows, services, talkers, protocols and interfaces of a host, window by
 * window. Fed from the kernel's tables when live and from packets when reading files; every screen,
 * metric and history row is made from what stands here, so they cannot disagree.
 *
 * A window is WR_LIVE_WINDOW_NS long and has a number that counts up from 0. Between
 * wr_live_begin() and wr_live_end() parts of flows are added; readers are asked only after an end.
 *
 * Memory is fixed at open. Where a table is full, a row that is small and quiet makes room and its
 * counters go to the kind's `other` row: rows + other is always all that was added, to the packet
 * and to the byte.
 */

#define WR_LIVE_WINDOW_NS 1000000000ull

/* Kinds of rows. X(symbol, name in JSON and options, what a person reads, rows at most) */
#define WR_LIVE_TABLE(X)                                 \
	X(SERVICES, "services", "services", 1024)        \
	X(TALKERS, "talkers", "talkers", 4096)           \
	X(PROTOCOLS, "protocols", "protocols", 256 + 64) \
	X(IFACES, "interfaces", "interfaces", 256)

enum wr_live_kind {
#define X(sym, name, text, max) WR_LIVE_##sym,
	WR_LIVE_TABLE(X)
#undef X
		WR_LIVE_KINDS
};

const char *wr_live_name(enum wr_live_kind kind);

enum { WR_LIVE_CELLS = 64 }; /* windows that a row remembers, 20 bytes each */

/*
 * A row of any kind. The key: services: local address, protocol and port (wr_flow_server());
 * talkers: the other end's address; protocols: proto, or EtherType in port when ip_v is 0;
 * interfaces: the number wr_live_iface() gave, in port.
 */
struct wr_live_row {
	struct wr_talk_key key;
	struct wr_count in, out;    /* since the row began */
	uint64_t first_ns, last_ns; /* CLOCK_REALTIME */
	uint32_t flows;		    /* flows that began since the row began */
	uint32_t sources; /* services: distinct sources in this minute or the one before, the larger
			     one; an estimate, standard error 3.3 % (1024 registers) */
	bool listens;	  /* services: a socket of this host listens there */
	uint8_t app;	  /* services: enum wr_l7_proto of the payloads that were understood */
	uint64_t began, newest; /* windows that cells are of; use wr_live_cell() */
	struct wr_packed_cell cells[WR_LIVE_CELLS];
};

/* Packet sizes: bytes on the wire, upper bounds of wr_size_class() (core/account.h): as RFC 2819
 * (RMON), then jumbo frames and merged packets. */
enum { WR_LIVE_SIZES = WR_SIZE_CLASSES };
extern const uint32_t
	wr_live_size_bound[WR_LIVE_SIZES]; /* 63 127 255 511 1023 1518 9018 UINT32_MAX */

/* Totals of everything since the start, counted before any table that can fill. */
struct wr_live_total {
	struct wr_count in, out;
	struct wr_count other;	/* of these: found no row in the kernel's flow tables */
	struct wr_count not_ip; /* of these: belongs to no flow */
	struct wr_count sizes[WR_LIVE_SIZES];
	uint64_t tcp_flags[256]; /* packets by the eight bits CWR..FIN */
	uint64_t displaced;	 /* rows of the kernel's flow tables that made room for others */
	uint64_t unread;	 /* first payloads that were more than are sent to the reader */
	uint64_t flows_begun, flows_ended;
	uint64_t window;    /* number of the newest whole window; 0 = none yet */
	uint64_t window_ns; /* CLOCK_REALTIME of its end */
};

struct wr_live_conf {
	uint32_t flows_max; /* rows of the flow table; 0 = WR_FLOW_MAX_DEFAULT */
	uint64_t idle_ns;   /* a flow without packets for so long has ended; 0 = 60 s */
	uint64_t active_ns; /* a longer flow is told in parts (RFC 5102 flowEndReason 2); 0 = 300 s
			     */
	uint64_t seed;	    /* of distinct counts; the kernel's for what comes from there */
	bool paces;	    /* remember what each flow did in the newest windows */
	wr_flow_gone_fn flow_end; /* told of each flow, or part of one, that ended; may be NULL */
	void *ctx;
};

struct wr_live;

/* Takes all memory. 0 or -errno; *out is untouched on failure. conf may be NULL. */
int wr_live_open(struct wr_live **out, const struct wr_live_conf *conf, struct wr_err *err);
/* Other timeouts from now on, as in struct wr_live_conf. */
void wr_live_timeouts(struct wr_live *live, uint64_t idle_ns, uint64_t active_ns);
void wr_live_close(struct wr_live **live); /* NULL is fine; sets NULL. Flows left are not told */

/* A number for an interface's name, the same for the same name; at most 256, then the last one. */
uint32_t wr_live_iface(struct wr_live *live, const char *name);
const char *wr_live_iface_name(const struct wr_live *live, uint32_t number);

/* One direction of a flow in one window. */
struct wr_live_part {
	struct wr_flow_part flow; /* key and counters, see flow/flow.h */
	uint32_t iface;		  /* wr_live_iface() */
	uint16_t facts;		  /* WR_FACT_* of core/account.h */
	bool out;		  /* left this host */
	/* When a SYN came whose ACK is not of this part, and when the bare ACK that this part
	 * begins with, so that a round trip is known when both are of different windows: low 32
	 * bits of 1.024 us; 0 = none. */
	uint32_t syn_time, ack_time;
};

void wr_live_begin(struct wr_live *live, uint64_t start_ns);
void wr_live_add(struct wr_live *live, const struct wr_live_part *part);

/*
 * What the kernel counted without a row for the flow. All of it is told by wr_live_add_rest() and
 * counts for the `other` row of each kind; what it knows of talkers and services moves from there
 * to a row of theirs.
 */
struct wr_live_rest {
	struct wr_count other, not_ip;
	struct wr_count sizes[WR_LIVE_SIZES]; /* of all packets of the window */
	uint64_t tcp_flags[256];
	uint64_t displaced, unread;
};
void wr_live_add_rest(struct wr_live *live, uint32_t iface, bool out,
		      const struct wr_live_rest *rest);
void wr_live_add_talker(struct wr_live *live, const struct wr_talk_key *talker,
			const struct wr_count *n);
/* sources: WR_SKETCH_REGISTERS of a distinct count (core/sketch.h), or NULL */
void wr_live_add_service(struct wr_live *live, const struct wr_talk_key *service,
			 const struct wr_count *n, const uint8_t *sources);
/* A packet that was not counted in the kernel. */
void wr_live_add_packet(struct wr_live *live, const struct wr_packet *pkt,
			const struct wr_rec *rec);
/* Payload of a packet, for what it says of its flow; the packet is counted elsewhere. */
void wr_live_payload(struct wr_live *live, const struct wr_packet *pkt, const struct wr_rec *rec);
void wr_live_end(struct wr_live *live, uint64_t end_ns); /* also ends flows that are due */
/* The program ends: flow_end is told of every flow that is left (WR_FLOW_END_FORCED). They stay
 * where they are; nothing is added any more. */
void wr_live_finish(struct wr_live *live);

/*
 * A part will be added soon. With many flows each finds what it needs in no cache, and waits for
 * it: so places of tables are asked for some parts before, and what they name some parts later.
 * number: counts up; less than WR_LIVE_SOON lie between the two. Says nothing, and changes nothing.
 */
enum { WR_LIVE_SOON = 16 };
struct wr_live_soon {
	const struct wr_flow_key *key; /* borrowed for the call */
	uint8_t from;
	bool out;
	uint32_t number;
};
void wr_live_soon(struct wr_live *live, const struct wr_live_soon *soon);
void wr_live_near(struct wr_live *live, uint32_t number);

/* Somebody who wants to see each window's parts go by: begin and end with their times, and each
 * part when it has been added, with the flow it belongs to (borrowed for the call). */
struct wr_live_tap {
	void *ctx;
	void (*begin)(void *ctx, uint64_t start_ns);
	void (*part)(void *ctx, const struct wr_live_part *part, const struct wr_flow *flow);
	void (*end)(void *ctx, uint64_t end_ns);
	/* What found no row, of a service: as wr_live_add_service() is told. */
	void (*rest)(void *ctx, const struct wr_talk_key *service, const struct wr_count *n);
	/* Something more is known of a flow by its first payloads; borrowed for the call. */
	void (*app)(void *ctx, const struct wr_app *app);
	/* And all of it, of an interface: as wr_live_add_rest() is told. */
	void (*rest_all)(void *ctx, uint32_t iface, bool out, const struct wr_live_rest *rest);
	/* As wr_live_soon() and wr_live_near(). */
	void (*soon)(void *ctx, const struct wr_live_soon *soon);
	void (*near)(void *ctx, uint32_t number);
};
/* One more of at most WR_LIVE_TAPS, or another one in place of that with the same ctx. tap is
 * copied. Between windows only. */
enum { WR_LIVE_TAPS = 6 };
void wr_live_tap(struct wr_live *live, const struct wr_live_tap *tap);
void wr_live_untap(struct wr_live *live, const void *ctx);

/* A packet of a file: does begin, add and end by its time stamp. */
void wr_live_packet(struct wr_live *live, const struct wr_packet *pkt, const struct wr_rec *rec);

/*
 * What this host offers: where sockets listen. Replaces what was told before. Their services are
 * marked, and the end that listens is the server when no opening of a connection was seen. ip_v 0:
 * any address. At most WR_LIVE_LISTEN_MAX are kept.
 */
enum { WR_LIVE_LISTEN_MAX = 4096 };
void wr_live_listen(struct wr_live *live, const struct wr_talk_key *keys, uint32_t n);

/* ---- readers: borrowed until the next begin ---- */

const struct wr_live_total *wr_live_totals(const struct wr_live *live);

enum wr_live_order {
	WR_LIVE_BY_RATE,    /* bytes in the newest window, then of the last ten */
	WR_LIVE_BY_BYTES,   /* since the row began */
	WR_LIVE_BY_PACKETS, /* packets in the newest window */
	WR_LIVE_BY_FLOWS,
	WR_LIVE_BY_SOURCES,
	WR_LIVE_BY_AGE, /* newest first */
};

/* The first n rows in that order. Returns how many were written to `rows`. */
uint32_t wr_live_top(struct wr_live *live, enum wr_live_kind kind, enum wr_live_order order,
		     const struct wr_live_row **rows, uint32_t n);
uint32_t wr_live_rows(const struct wr_live *live, enum wr_live_kind kind); /* how many there are */
const struct wr_live_row *wr_live_find(struct wr_live *live, enum wr_live_kind kind,
				       const struct wr_talk_key *key); /* NULL: there is none */
const struct wr_live_row *wr_live_other(const struct wr_live *live, enum wr_live_kind kind);

/* The window `ago` windows before the newest whole one (0 = that one) of a row, or of the totals;
 * all 0 when nothing came. ago < WR_LIVE_CELLS - 1. */
struct wr_live_cell wr_live_cell(const struct wr_live *live, const struct wr_live_row *row,
				 unsigned int ago);
struct wr_live_cell wr_live_total_cell(const struct wr_live *live, unsigned int ago);

/* The flows themselves, see flow/flow.h. */
struct wr_flow_table *wr_live_flows(struct wr_live *live);

/* What the first payloads of a flow said; NULL: nothing that is known. */
const struct wr_app *wr_live_app(const struct wr_live *live, const struct wr_flow *f);
void wr_live_app_drop(struct wr_live *live, const struct wr_flow_key *key); /* as wr_apps_drop() */
const struct wr_apps *wr_live_apps(const struct wr_live *live);

#endif
