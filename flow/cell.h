/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_CELL_H
#define WR_FLOW_CELL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/account.h"

/* One window of a row. `in` arrived at this host, `out` left it (only where the way out is watched,
 * or in a file); in a file `in` is to the server, or to the address. */
struct wr_live_cell {
	struct wr_count in, out;
};

/* The same as rows keep it: a table of rows is mostly cells. */
struct wr_packed_cell {
	uint32_t packets[2], bytes_low[2]; /* 0: in, 1: out; modulo 2^32 */
	uint16_t bytes_high[2];		   /* bytes are modulo 2^48, 256 TiB */
};
_Static_assert(sizeof(struct wr_packed_cell) == 20, "told in live.h");

static inline struct wr_count wr_packed_get(const struct wr_packed_cell *c, bool out)
{
	return (struct wr_count){c->packets[out],
				 (uint64_t)c->bytes_high[out] << 32 | c->bytes_low[out]};
}

static inline void wr_packed_set(struct wr_packed_cell *c, bool out, struct wr_count n)
{
	c->packets[out] = (uint32_t)n.packets;
	c->bytes_low[out] = (uint32_t)n.bytes;
	c->bytes_high[out] = (uint16_t)(n.bytes >> 32);
}

#endif
