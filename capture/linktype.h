/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_LINKTYPE_H
#define WR_CAPTURE_LINKTYPE_H

#include <stdint.h>

/*
 * Files carry LINKTYPE numbers, programs use DLT numbers. They are the same but for a few that had
 * different DLT numbers on different systems (https://www.tcpdump.org/linktypes.html).
 */

uint16_t wr_linktype_to_dlt(uint16_t linktype);
uint16_t wr_linktype_of_dlt(uint16_t dlt);

#endif
