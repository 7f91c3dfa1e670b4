/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/distinct.h"

#include <math.h>

uint32_t wr_distinct_estimate(const uint8_t registers[WR_SKETCH_REGISTERS])
{
	const double m = WR_SKETCH_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
	double sum = 0, estimate;
	uint32_t i, empty = 0;

	for (i = 0; i < WR_SKETCH_REGISTERS; i++) {
		sum += ldexp(1, -registers[i]);
		empty += !registers[i];
	}
	estimate = alpha * m * m / sum;
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
