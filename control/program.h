/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PROGRAM_H
#define WR_CONTROL_PROGRAM_H

#include <stdint.h>

/* Ids of the maps that a loaded program uses, at most `room` of them. Returns how many, or -errno:
 * -ENOENT there is no such program. Needs CAP_SYS_ADMIN. */
int wr_program_maps(uint32_t prog_id, uint32_t *ids, uint32_t room);

#endif
