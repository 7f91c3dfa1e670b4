/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SCORE_CLEAN_H
#define WR_DETECT_SCORE_CLEAN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When an attack is clean: the first time from which less than 5 % of what it sends passes, for two
 * seconds, or for half of it when it is shorter than four. Time goes in steps of 100 ms; only a
 * last few of them are kept, however long the attack is.
 */

enum { WR_CLEAN_STEPS = 20, WR_CLEAN_PERCENT = 5 };

struct wr_clean {
	uint32_t packets[WR_CLEAN_STEPS], passed[WR_CLEAN_STEPS]; /* of a step, in a ring */
	uint64_t step;						  /* the newest */
	uint32_t wide;						  /* steps that are looked at */
	bool is;
	double since_s; /* after the beginning of the attack, when it is */
};

/* lasts_s: the attack, 0 or more. */
void wr_clean_begin(struct wr_clean *c, double lasts_s);

/* A packet of it, at_s after its beginning; out: it was kept out. */
void wr_clean_packet(struct wr_clean *c, double at_s, bool out);

/* No more packets. */
void wr_clean_end(struct wr_clean *c);

#endif
