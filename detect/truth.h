/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_TRUTH_H
#define WR_DETECT_TRUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What is known to be in a capture, from the tables beside it:
 *	DIR/NAME.pcap[ng][.gz|.zst]	the capture
 *	DIR/NAME.lab.gz		a byte for each packet: 0 usual, n of event n
 *	DIR/NAME.events.tsv	its events, or, for many captures, DIR/events.tsv with a
 *				column `capture`
 * Tables have a line of names first: event, class, start_s, end_s, packets, and victim or victims.
 * One that has a table of its own begins with minutes of usual traffic.
 */

enum {
	WR_TRUTH_EVENTS = 255, /* a label is a byte */
	WR_TRUTH_TEXT = 64,
	WR_TRUTH_PATH = 4096,
	WR_TRUTH_WARMUP_S = 600,
};

struct wr_truth_event {
	uint8_t number; /* of the packets' labels */
	char klass[WR_TRUTH_TEXT];
	char victim[WR_TRUTH_TEXT]; /* an address, with a port or a prefix length, or words */
	double start_s, end_s;	    /* since the beginning of the capture */
	uint64_t packets;
};

struct wr_truth {
	char name[WR_TRUTH_TEXT];
	char labels[WR_TRUTH_PATH]; /* a file */
	bool warms_up;
	uint32_t n;
	struct wr_truth_event event[WR_TRUTH_EVENTS]; /* in order of time */
};

/* Is it the name of a capture file? */
bool wr_truth_is_capture(const char *path);

/* Reads the tables beside a capture. 0 or -errno: -ENOENT when there are none, -EINVAL with the
 * line that is wrong. */
int wr_truth_read(struct wr_truth *out, const char *capture, struct wr_err *err);

/* The event of a label; NULL: of none that is scored. */
const struct wr_truth_event *wr_truth_event(const struct wr_truth *t, uint8_t label);

#endif
