/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_BUDGET_H
#define WR_POLICY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How much a link may carry just now, bits a second. As much as it can, while the host keeps up;
 * less when it does not (CPU, backlog, socket buffers): then a seventh less with each step, and a
 * little more with each step after that, as TCP does (AIMD: Chiu, Jain 1989). Never less than what
 * is guaranteed. Pure: several steps a second, each told what happened since the last one.
 */
struct wr_budget {
	uint64_t capacity_bps; /* of the link; 0: nobody knows */
	uint64_t floor_bps;    /* guarantees together */
	uint64_t now_bps;      /* in force; 0: no bound */
};

/* used_bps: what passed since the last step. pressed: the host did not keep up. True: now_bps is
 * another one. */
bool wr_budget_step(struct wr_budget *b, uint64_t used_bps, bool pressed);

#endif
