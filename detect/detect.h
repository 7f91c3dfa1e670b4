/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_DETECT_H
#define WR_DETECT_DETECT_H

#include "base/err.h"
#include "capture/capture.h"
#include "detect/finding.h"
#include "detect/fixed.h"
#include "flow/live.h"

/*
 * What is unusual. Fed with the same parts of flows as flow/live.h, from the kernel's windows when
 * live and packet by packet from files; so a capture and a host give the same findings.
 *
 * Time goes in steps of 100 ms. What counts how much arrives (floods) is looked at after each step,
 * over the last second; what needs patience (scans, logins, beacons) when something happens to it.
 * Memory is fixed at open; where a table is full, what is small and quiet makes room.
 */

#define WR_DETECT_STEP_NS 100000000ull

enum wr_finding_news { WR_FINDING_RAISED, WR_FINDING_RENEWED, WR_FINDING_OVER };

/* f is borrowed for the call. RENEWED comes once a second at most. */
typedef void (*wr_finding_fn)(void *ctx, enum wr_finding_news news, const struct wr_finding *f);

enum { WR_DETECT_MALFORMED = 20, WR_DETECT_KNOWN = 16, WR_DETECT_ANOMALY_DAYS = 30 };

/* What people set; may change at any time. */
struct wr_detect_tune {
	uint32_t malformed; /* packets in a minute, from which on they are told; 0:
			       WR_DETECT_MALFORMED */
	bool old_services;  /* new ones are not told */
	bool no_anomalies;  /* what has no name is not told */
	/* A false alarm of an anomaly in so many days is aimed at; 0: WR_DETECT_ANOMALY_DAYS. */
	uint32_t anomaly_days;
	/* DHCP servers and routers that are fine besides those that are learned. */
	struct wr_detect_addr {
		uint8_t addr[16]; /* network order; IPv4 in the first four bytes, the rest 0 */
		uint8_t ip_v;
	} known[WR_DETECT_KNOWN];
	uint32_t n_known;
	struct wr_detect_fixed fixed[WR_DETECT_FIXED]; /* the nearest one counts, then the last */
	uint32_t n_fixed;
	uint64_t off; /* 1 << enum wr_finding_class: not told, and what is found so far is over */
};

struct wr_detect_conf {
	struct wr_live *live; /* borrowed: its flows are looked through for those held open */
	bool one_way; /* only what arrives is seen: an answer cannot be told from what nobody asked
			 for */
	wr_finding_fn finding;
	void *ctx;
	struct wr_detect_tune tune;
};

struct wr_detect;

/* Takes all memory. 0 or -errno; *out is untouched on failure. */
int wr_detect_open(struct wr_detect **out, const struct wr_detect_conf *conf, struct wr_err *err);
void wr_detect_close(struct wr_detect **d); /* NULL is fine; sets NULL */
void wr_detect_tune(struct wr_detect *d, const struct wr_detect_tune *tune);

/* The time is now_ns (CLOCK_REALTIME): ends the steps that are over by then. Before what belongs to
 * the step that begins. Time that goes back a little is the time of the newest step; more than two
 * seconds: the clock was put back, and the next step has its time. */
void wr_detect_tick(struct wr_detect *d, uint64_t now_ns);

/* A part of a flow, and the flow with it: as wr_live_tap.part has them. */
void wr_detect_part(struct wr_detect *d, const struct wr_live_part *part, const struct wr_flow *f);

/* It will come soon: as wr_live_tap.soon and near have it. */
void wr_detect_soon(struct wr_detect *d, const struct wr_live_soon *soon);
void wr_detect_near(struct wr_detect *d, uint32_t number);

/* Packets whose flows are not known, for a service: as wr_live_tap.rest has them. They count for
 * its address; who sent them, and which flags they had, is not known. */
void wr_detect_rest(struct wr_detect *d, const struct wr_talk_key *service,
		    const struct wr_count *n);

/* A packet with its bytes, for what parts do not say: ARP, neighbour discovery, DHCP, DNS. Live
 * only some come. */
void wr_detect_packet(struct wr_detect *d, const struct wr_packet *pkt, const struct wr_rec *rec);

/* Ends the step that is not over and every finding. */
void wr_detect_finish(struct wr_detect *d);

/* So many had no room beside those that hold, and were not told. One that goes on is one. */
uint64_t wr_detect_missed(const struct wr_detect *d);

/* The findings that are not over, borrowed until the next call. Returns how many. */
uint32_t wr_detect_findings(const struct wr_detect *d, const struct wr_finding **out, uint32_t n);

#endif
