/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_FILTERS_H
#define WR_CONTROL_FILTERS_H

#include <stdbool.h>
#include <stdint.h>

/* A filter on the clsact queueing discipline of an interface, anybody's. */
struct wr_tc_filter {
	uint32_t handle, priority;
	uint32_t prog_id; /* of its BPF program; 0: it is none of BPF */
};

/* Calls fn for each; f is borrowed for the call. Returns how many there are, 0 also without the
 * discipline, or -errno. */
int wr_filters_each(int ifindex, bool egress, void (*fn)(void *ctx, const struct wr_tc_filter *f),
		    void *ctx);

#endif
