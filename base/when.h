/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_WHEN_H
#define WR_BASE_WHEN_H

#include <stdint.h>

#include "base/err.h"

/* Moments and spans of time as people write them. */

/* Nanoseconds since 1970 (CLOCK_REALTIME). */
uint64_t wr_when_now(void);

/*
 * A moment, in nanoseconds since 1970:
 *   now
 *   -2h  -1h30m  +5m             a span (see below) before or after now_ns
 *   2026-11-23T04:44:00.5Z       RFC 3339; with +02:00, with a space for the T, without seconds;
 *                                without a zone it is local time
 *   2026-11-23                   the first moment of that day, local time
 *   1795409040.5                 Unix seconds
 * -EINVAL: err says what is wrong with it; *ns is untouched.
 */
int wr_when_parse(const char *text, uint64_t now_ns, uint64_t *ns, struct wr_err *err);

/*
 * A span: numbers with the units w d h m s ms us ns, largest first ("1h30m", "1.5s"). A number
 * without a unit is seconds. -EINVAL: err says what is wrong; *ns is untouched.
 */
int wr_when_span(const char *text, uint64_t *ns, struct wr_err *err);

#endif
