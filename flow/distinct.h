/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_FLOW_DISTINCT_H
#define WR_FLOW_DISTINCT_H

#include <stdint.h>

#include "core/sketch.h"

/* How many different things were added to the registers of core/sketch.h; standard error 3.3 %. */
uint32_t wr_distinct_estimate(const uint8_t registers[WR_SKETCH_REGISTERS]);

/* Afterwards `to` has seen what `from` has seen, too. */
void wr_distinct_join(uint8_t to[WR_SKETCH_REGISTERS], const uint8_t from[WR_SKETCH_REGISTERS]);

#endif
