/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_TELL_H
#define WR_DAEMON_TELL_H

#include "detect/incident.h"

/*
 * Which changes of incidents people are told of, so that they go on reading: each state of an
 * incident once and at once; one that it had before again after a minute at the earliest, when the
 * last that was told is that it is over, or else when it has stayed so (WR_INCIDENT_REST_NS);
 * nothing below the least severity; no more than so many a minute. What was not told is counted.
 * Pure.
 */
struct wr_tell {
	uint8_t least;	    /* enum wr_severity */
	bool last;	    /* weir ends: whether something stays so is not waited for */
	uint32_t rate;	    /* a minute */
	uint64_t minute_ns; /* when the minute began */
	uint32_t told;	    /* in it */
	uint64_t untold;    /* changes, since that was told last */
};

/* To be asked about each incident, often; now_ns: CLOCK_REALTIME. True: tell it now, and it counts
 * as told. Too many for this minute: it counts as untold. */
bool wr_tell_incident(struct wr_tell *t, struct wr_incident *i, uint64_t now_ns);

/* How many were not told, when it is time to say so (a minute is over); 0: it is not, or none. */
uint64_t wr_tell_untold(struct wr_tell *t, uint64_t now_ns);

#endif
