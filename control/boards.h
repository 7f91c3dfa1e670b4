/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_BOARDS_H
#define WR_CONTROL_BOARDS_H

#include "base/err.h"
#include "core/board.h"

/* Calls fn for the board of every data path on this host, whoever runs it, unless its reader has
 * ended in order; boards are read-only and borrowed. Returns how many there were, or -EPERM. */
int wr_boards_each(void (*fn)(void *ctx, const struct wr_board *b), void *ctx, struct wr_err *err);

#endif
