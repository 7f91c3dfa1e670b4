/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_BOARD_H
#define WR_CAPTURE_BOARD_H

#include "capture/capture.h"
#include "core/board.h"

/* Reading the board that the kernel program and the reader write, while they write it. */

/* Maps the board of a data path to read and write, for this process and not for its children: a
 * guard must not hold it. NULL: errno tells why. Unmapped by munmap(). */
struct wr_board *wr_board_map(int fd);

/* Notes this process as the board's reader. */
void wr_board_claim(struct wr_board *b);

/* Has the reader that is noted on the board ended? */
bool wr_board_orphaned(const struct wr_board *b);

/* Packets of a CPU whose fate is known. */
uint64_t wr_board_done(const struct wr_cpu_count *c);

/* Sums up all CPUs from snapshots that are whole (see core/board.h). ncpu = possible CPUs. */
void wr_board_ledger(const struct wr_board *b, int ncpu, struct wr_ledger *out);

#endif
