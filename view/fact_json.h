/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FACT_JSON_H
#define WR_VIEW_FACT_JSON_H

#include "base/buf.h"
#include "base/json.h"
#include "capture/capture.h"

/* Facts that objects of several kinds have, written into an object that is open. Names are EVE's.
 */

void wr_view_count_json(struct wr_buf *b, const char *key,
			struct wr_count n); /* "key":{"packets","bytes"} */
void wr_view_time_json(struct wr_buf *b, const char *key, uint64_t ns); /* RFC 3339 UTC */
void wr_view_addr_json(struct wr_buf *b, const char *key, const uint8_t *addr_net, int ip_v);

/* "proto" when it has a name, and "ip_proto"; nothing when tag (flow/flow.h) says that it could not
 * be read. */
void wr_view_proto_json(struct wr_buf *b, uint16_t tag, uint8_t proto);

/* "pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start", "end" */
void wr_view_both_ways_json(struct wr_buf *b, struct wr_count to_server, struct wr_count to_client,
			    uint64_t first_ns, uint64_t last_ns);

#endif
