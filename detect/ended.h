/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_ENDED_H
#define WR_DETECT_ENDED_H

#include "flow/flow.h"

/*
 * Connections that are over: of fixed size, by hash; a newer one takes the place of an older one,
 * whose last packets are a second connection then. The row of a flow outlives its connection by a
 * second, so that a client that comes back with the same port at once shares it.
 */

enum { ENDED = 4096 }; /* a power of two */

struct ended_one {
	uint32_t tag;
	uint32_t number;   /* what the caller gave it */
	uint64_t first_ns; /* of the row; 0: none is here */
	uint64_t begin_ns; /* of a newer connection, which is not over; 0: there is none */
	uint64_t bytes;	   /* that the row had before that */
};

struct ended {
	struct ended_one one[ENDED];
};

/* NULL: none of that row has ended. */
struct ended_one *ended_find(struct ended *e, const struct wr_flow *f);
/* It is over now. */
struct ended_one *ended_put(struct ended *e, const struct wr_flow *f, uint32_t number);

#endif
