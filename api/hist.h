/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_API_HIST_H
#define WR_API_HIST_H

#include <stdint.h>

/*
 * Times in classes: each power of two of microseconds is split into 32, so a quantile is at most
 * 1/64 (1.6 %) away from a time that was there. Times of an hour and ten minutes (2^32 µs) and more
 * are in the last class; below 32 µs each microsecond has its own.
 */
enum { WR_API_HIST_PARTS = 32, WR_API_HIST = 28 * WR_API_HIST_PARTS };

struct wr_api_hist {
	uint64_t n, sum_ns;
	uint32_t of[WR_API_HIST];
};

void wr_api_hist_add(struct wr_api_hist *h, uint64_t ns);
void wr_api_hist_join(struct wr_api_hist *to, const struct wr_api_hist *from);
/* The time that `share` (0 to 1) of all are not above, in ns; 0 when there are none. */
uint64_t wr_api_hist_quantile(const struct wr_api_hist *h, double share);
/* How many are in classes that end at most at so many microseconds. */
uint64_t wr_api_hist_up_to(const struct wr_api_hist *h, uint64_t us);

#endif
