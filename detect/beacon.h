/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_BEACON_H
#define WR_DETECT_BEACON_H

#include "detect/impl.h"
#include "detect/rhythm.h"

/* Connections of one client to one far service at regular intervals. */

enum { BEACON_GAPS = 14 }; /* between its connections, at least */

struct beacon {
	struct wr_victim service;
	struct wr_finding_source from; /* packets: connections */
	struct rhythm every;	       /* seconds; of so many */
};

/*
 * There was one more. It is told, once as long as it goes on, whatever becomes of its finding:
 * told: the client's, of this service, the step of the newest one since then; 0: it was not told.
 */
void beacon_tell(struct wr_detect *d, const struct beacon *b, uint32_t *told);

#endif
