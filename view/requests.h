/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_REQUESTS_H
#define WR_VIEW_REQUESTS_H

#include <stdbool.h>

#include "api/stats.h"
#include "base/buf.h"
#include "capture/capture.h"

/* What the packets of a client say, of whom requests are told. */
struct wr_requests_packets {
	struct wr_count in, out; /* that it sent here and got, since it is counted apart */
	/* The newest connection that a line has told the port of is among its flows: what the
	 * gateway believes to be the client is who sends the packets. */
	bool by_port;
	uint32_t flows; /* of its flows now: those with a round trip that was seen, and these */
	uint32_t rtt_least_us, rtt_mean_us, rtt_most_us;
};

/* An incident of packets that is near in time to what failed. */
struct wr_requests_near {
	uint64_t incident;
	const char *klass; /* its name; borrowed */
	int64_t lead_ns;   /* it began so long before the first failure; below 0: after it */
};

/* What is known besides lines of logs; any may be NULL, and false says that nothing is. */
struct wr_requests_joined {
	bool (*client)(void *ctx, const struct wr_api_row *row, struct wr_requests_packets *out);
	bool (*near)(void *ctx, uint64_t failing_ns, struct wr_requests_near *out);
	void *ctx;
};

/* What is asked of API gateways (docs/api.md), `top` rows of each kind: tables of 80 columns, or
 * objects with event_type "api". No line is empty. joined: NULL when there are only lines. */
void wr_view_requests_text(struct wr_buf *b, const struct wr_api_stats *s, uint32_t top, bool color,
			   const struct wr_requests_joined *joined);
void wr_view_requests_json(struct wr_buf *b, const struct wr_api_stats *s, uint32_t top,
			   const struct wr_requests_joined *joined);

#endif
