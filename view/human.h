/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_HUMAN_H
#define WR_VIEW_HUMAN_H

#include <stdint.h>

#include "base/buf.h"

/* Numbers and addresses for people: short, in cells of a table. */

enum { WR_HUMAN_CELL = 24 };

/* 1234567 as "1,234,567"; from ten millions on "12.3 M". */
void wr_human_number(char out[WR_HUMAN_CELL], uint64_t v);

/* All digits, in groups of three. */
void wr_human_digits(struct wr_buf *b, uint64_t v);

/* 1.2 kB, 3.4 Mbit/s: SI prefixes, one decimal. */
void wr_human_si(char out[WR_HUMAN_CELL], double v, const char *unit);

/* 12 ms, 1.5 s, 3m 20s, 4h 05m, 2d 03h */
void wr_human_span(char out[WR_HUMAN_CELL], uint64_t ns);

/* 192.0.2.1:443, [2001:db8::1]:443; port 0: the address alone. */
void wr_human_end(struct wr_buf *b, const uint8_t *addr_net, int ip_v, unsigned int port);

#endif
