/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/distinct.h"

#include <math.h>

enum { RANK_MOST = 33 /* as wr_sketch_rank() says */ };

uint32_t wr_distinct_estimate(const uint8_t registers[WR_SKETCH_REGISTERS])
{
	const double m = WR_SKETCH_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
	uint64_t sum = 0; /* of powers of two, in units of the least one: exact */
	uint32_t i, empty = 0;
	double estimate;

	for (i = 0; i < WR_SKETCH_REGISTERS; i++) {
		sum += registers[i] <= RANK_MOST ? 1ull << (RANK_MOST - registers[i]) : 0;
		empty += !registers[i];
	}
	estimate = alpha * m * m / ldexp((double)sum, -RANK_MOST);
	/* Few things: the registers that are still empty tell more exactly (linear counting). */
	if (estimate <= 2.5 * m && empty)
		estimate = m * log(m / empty);
	return (uint32_t)(estimate + 0.5);
}

void wr_distinct_join(uint8_t to[WR_SKETCH_REGISTERS], const uint8_t from[WR_SKETCH_REGISTERS])
{
	uint32_t i;

	for (i = 0; i < WR_SKETCH_REGISTERS; i++)
		to[i] = to[i] > from[i] ? to[i] : from[i];
}
