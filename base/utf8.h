/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_UTF8_H
#define WR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Characters in strangers' text. */

/* Bytes of the UTF-8 character at s (n > 0 bytes are there), 0 = it is none (RFC 3629, 4). */
size_t wr_utf8_size(const uint8_t *s, size_t n);

/* Of a character of size 2 or more: it steers a terminal or turns text around (C1 controls, line
 * and direction marks). */
bool wr_utf8_steers(const uint8_t *s, size_t size);

/* The code point of a whole character. */
uint32_t wr_utf8_point(const uint8_t *s, size_t size);

/* Adds it for a line of text or an environment variable: what steers becomes a blank or '?'. */
void wr_utf8_plain(struct wr_buf *b, const char *text, size_t n);

#endif
