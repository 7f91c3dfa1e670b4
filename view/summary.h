/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_SUMMARY_H
#define WR_VIEW_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "capture/capture.h"
#include "core/record.h"
#include "flow/tally.h"

/*
 * What a capture holds, in short: totals, protocols, talkers, services, flows, what is malformed,
 * and the ledger. Text and JSON are made from the same rows. Memory is fixed at open (see
 * flow/flow.h, flow/talk.h).
 */

struct wr_summary_conf {
	const char *name;   /* of the file or files, as shown; copied. NULL = none */
	const char *filter; /* the expression that chose the packets; copied. NULL = none */
	uint32_t flows_max; /* rows of the flow table; 0 = 262,144 */
	uint32_t talk_max;  /* rows of talkers, and of services; 0 = 262,144 each */
	uint32_t top;	    /* rows of each table that the text shows; 0 = 10 */
};

struct wr_summary;

/* Takes all memory. 0 or -errno; *out is untouched on failure. conf may be NULL and is only read
 * here. */
int wr_summary_open(struct wr_summary **out, const struct wr_summary_conf *conf,
		    struct wr_err *err);

/* Counts a packet. Not after text or JSON were made. */
void wr_summary_add(struct wr_summary *s, const struct wr_packet *pkt, const struct wr_rec *rec);

/*
 * What the source counted, when all of it has been read; once for each file. Then the ledger says
 * whether all packets that the source handed out were added. Without it, it says only that the
 * tables add up.
 */
void wr_summary_ledger(struct wr_summary *s, const struct wr_ledger *rows, int n);

struct wr_policy;
struct wr_verdicts;

/* The summary tells what became of the packets, too. All are borrowed until it is closed; verdicts
 * has judged every packet of the source, also those that the filter did not choose. */
void wr_summary_policy(struct wr_summary *s, const struct wr_policy *policy,
		       const struct wr_verdicts *verdicts, const char *file);

const struct wr_tally *wr_summary_tally(const struct wr_summary *s);

/* All that was added is in a row, in `other` or was not IP, and the source agrees. */
bool wr_summary_balanced(struct wr_summary *s);

/*
 * For people: 80 columns, bytes in SI units (1 kB = 1000 bytes), times in UTC. In each table what
 * is not shown is the last row, so every column adds up.
 */
void wr_summary_text(struct wr_summary *s, struct wr_buf *b, bool color);

/*
 * For programs: JSON Lines in this order, each kind with most bytes first. What a row does not have
 * is absent.
 *
 * {"event_type":"summary", "file", "filter", "start", "end" (RFC 3339), "duration" (seconds),
 * "packets", "bytes", "captured_bytes", "ipv4":{packets,bytes}, "ipv6":{…}, "not_ip":{…},
 * "fragments":{…}, "vlan":{…}, "tunnels":{NAME:{…}}, "malformed":{REASON:{…}},
 * "flows":{"rows","displaced"}, "talkers":{…}, "services":{…},
 *  "ledger":{"arrived":{…},"chosen":{…},"read":{…},"in_flows":{…},"in_other":{…},"not_ip":{…},"balanced"}}
 *  arrived and chosen only after wr_summary_ledger(). After wr_summary_policy() also
 *  "policy":{"file","packets","bytes","passed":{packets,bytes},"dropped":{…},"limited":{…},
 *  "answered":{…}, "fragments":{…}, "unreadable":{…} (of dropped: by that statement), "rules":[as
 * they are asked:
 *  {"rule","action","text","shadow","asked":false (when packets are not held against it),
 *  "matched":{…},"stopped":{…} or "would_stop":{…}}], "classes":{NAME:{…}}, "balanced"}: of all
 *  packets, also of those that the filter did not choose.
 * {"event_type":"protocol", "proto" (name), "ip_proto" or "ethertype" or "llc":true, "packets",
 * "bytes"}
 * {"event_type":"talker", "src_ip", "ip_v", "flows", "sent":{packets,bytes}, "received":{…},
 * "start", "end"}
 * {"event_type":"service", "dest_ip", "ip_v", "proto", "ip_proto", "dest_port", "flows",
 * "pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start", "end"}
 * {"event_type":"flow", …}: view/flow_json.h, with "pcap_cnt" (frame number of its first packet).
 * When a table was full, its kind ends with a row that holds what made room: "other":true and the
 * counters, with "flows":n, without addresses.
 *
 * fd >= 0: b is written there whenever it has grown to 64 KiB and at the end, and is empty
 * afterwards; -1: all stays in b. Returns 0 or -errno of a failed write.
 */
int wr_summary_json(struct wr_summary *s, struct wr_buf *b, int fd);

/* NULL is fine; sets NULL. */
void wr_summary_close(struct wr_summary **s);

#endif
