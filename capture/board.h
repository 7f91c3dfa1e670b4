/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_BOARD_H
#define WR_CAPTURE_BOARD_H

#include "capture/capture.h"
#include "core/board.h"
#include "core/image.h"

/* Reading the board that the kernel program and the reader write, while they write it. */

/* Maps the board of a data path to read and write, for this process and not for its children: a
 * guard must not hold it. NULL: errno tells why. Unmapped by munmap(). */
struct wr_board *wr_board_map(int fd);

/* When that process began, in clock ticks since the boot: tells it from a later one with its
 * number. 0: there is none. */
uint64_t wr_process_start(uint32_t pid);

/* Notes this process as the board's reader. */
void wr_board_claim(struct wr_board *b);

/* Has the reader that is noted on the board ended? */
bool wr_board_orphaned(const struct wr_board *b);

/* Packets of a CPU whose fate is known. */
uint64_t wr_board_done(const struct wr_cpu_count *c);

/* What rules kept out of this path: their counters, which the kernel writes, and their names. */
struct wr_board_rules {
	const struct wr_gone *gone; /* cpu * WR_JUDGE_RULES + slot */
	uint32_t cpus;
	const char *(*name)(void *ctx, uint32_t slot); /* NULL: there is none */
	uint32_t slots; /* only those below this one, and the last two, are looked at */
	void *ctx;
};

/* Rows of rules, each name once. All 0: there are none. */
struct wr_ledger_rules {
	struct wr_ledger_rule *at; /* owned: free() */
	uint32_t n, room;
};
/* Adds to the row of that name. False: no memory, the row is missing. */
bool wr_ledger_rules_add(struct wr_ledger_rules *r, const struct wr_ledger_rule *more);

/*
 * Sums up all CPUs from snapshots that are whole (see core/board.h). ncpu = possible CPUs. rules:
 * NULL where packets are held against none; else rows is filled anew, and out->rule points to it.
 * Rules count while they are read: what a CPU had in all at the moment of its snapshot is exact,
 * and what each of them had then lies between what it had before and after it.
 */
void wr_board_ledger(const struct wr_board *b, int ncpu, const struct wr_board_rules *rules,
		     struct wr_ledger_rules *rows, struct wr_ledger *out);

#endif
