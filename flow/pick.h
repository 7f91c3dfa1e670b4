/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_PICK_H
#define WR_FLOW_PICK_H

#include "capture/filter.h"
#include "flow/flow.h"
#include "flow/live.h"

/*
 * The first n flows in an order: by rate (bytes per second since the flow began or was last told),
 * bytes, packets, or age (newest first). The other orders are none of a flow's: they mean bytes.
 *
 * filter, compiled for Ethernet: a flow is chosen when a packet of one of its directions would be,
 * with that direction's addresses, ports, VLAN id, mean length, and all TCP flags that it sent.
 * What else stands in headers is not known and is 0. NULL: all are chosen.
 *
 * Returns how many were written to out. *of_n = how many were chosen.
 */
uint32_t wr_flow_pick(struct wr_flow_table *t, enum wr_live_order order,
		      const struct wr_filter *filter, uint64_t now_ns, struct wr_flow *out,
		      uint32_t n, uint32_t *of_n);

/* Whether the filter chooses a flow: as above, and of a flow that was just told in a part, so that
 * nothing is counted any more, by the direction of its first packet. NULL chooses all. */
bool wr_flow_chosen(const struct wr_flow *f, const struct wr_filter *filter);

/* The frame that stands for what `end` sent. Returns its bytes; *len = its length on the wire. */
enum { WR_FLOW_FRAME_MAX = 14 + 4 + 40 + 20 };
uint32_t wr_flow_frame(const struct wr_flow *f, int end, uint8_t frame[WR_FLOW_FRAME_MAX],
		       uint32_t *len);

#endif
