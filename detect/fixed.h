/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_FIXED_H
#define WR_DETECT_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/class.h"

/*
 * Numbers that people have set: from so many on it is told, whatever is usual there and whatever
 * the detector's own least number is. What else makes it that class has to hold all the same.
 */

enum { WR_DETECT_FIXED = 64 };

struct wr_detect_fixed {
	uint8_t first, last;  /* enum wr_finding_class: of all of these */
	uint8_t ip_v, prefix; /* 4, 6; 0: of everybody. prefix: its length, 32 or 128 of one */
	uint16_t port;	      /* of the service there; 0: of all */
	uint8_t addr[16];     /* network order; bits behind the prefix are 0 */
	uint32_t at;	      /* in wr_fixed_unit() */
};

/* What such a number of a class is of: "packets/s", "connections held". NULL: it takes none. */
const char *wr_fixed_unit(enum wr_finding_class c);
/* May it be of one port? */
bool wr_fixed_port(enum wr_finding_class c);

#endif
