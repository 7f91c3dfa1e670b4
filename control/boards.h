/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_BOARDS_H
#define WR_CONTROL_BOARDS_H

#include "base/err.h"
#include "capture/board.h"

/* rules: what they kept out, or NULL where packets are held against none. */
typedef void (*wr_boards_fn)(void *ctx, const struct wr_board *b,
			     const struct wr_board_rules *rules);

/* Calls fn for the board of every data path on this host, whoever runs it, unless its reader has
 * ended in order; boards are read-only and borrowed. Returns how many there were, or -EPERM. */
int wr_boards_each(wr_boards_fn fn, void *ctx, struct wr_err *err);

#endif
