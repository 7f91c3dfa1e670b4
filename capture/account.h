/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_ACCOUNT_H
#define WR_CAPTURE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "core/account.h"
#include "core/board.h"

/*
 * The reading side of in-kernel accounting (core/account.h). A window ends by wr_account_flip():
 * the kernel fills the other tables from then on. Some time later nobody is left in the old ones,
 * and wr_account_drain() hands out what they hold and empties them. No packet is lost or counted
 * twice between two windows.
 */
struct wr_account;

struct wr_account_maps {
	int heads_fd, sets_fd, used_fd, peeked_fd; /* borrowed while opening */
	uint32_t cpus, set_bits;
};

/* board: of the same data path, borrowed. Begins a window. When an earlier process has left
 * something in the tables the first drain, before any flip, hands it out. */
int wr_account_open(struct wr_account **out, const struct wr_account_maps *maps,
		    struct wr_board *board, struct wr_err *err);
void wr_account_close(struct wr_account **a); /* NULL is fine; sets NULL */

/* Ends the window and begins another. Not before the last one was drained. What the kernel may
 * send to the reader is bounded for a second, which may have several windows: new_second tells that
 * this one is the first. */
void wr_account_flip(struct wr_account *a, bool new_second);

/* Has every program that may fill the old tables ended? Ask no sooner than WR_ACCOUNT_SETTLE_US
 * after the flip: what a CPU has written is seen by all by then. */
enum { WR_ACCOUNT_SETTLE_US = 1000 };
bool wr_account_settled(const struct wr_account *a);

/* What the window that is being filled has so far, of all CPUs: added to `to`. */
struct wr_account_look {
	uint64_t packets, bytes;
	uint64_t syns; /* that open: without ACK */
	uint64_t rows;
};
void wr_account_look(const struct wr_account *a, struct wr_account_look *to);

struct wr_account_reader {
	/* start_ns: CLOCK_REALTIME of the window's begin; row times count from there */
	void (*row)(void *ctx, const struct wr_account_row *row, uint64_t start_ns);
	void (*rest)(void *ctx,
		     const struct wr_account_head *head); /* one per CPU that saw packets */
	void *ctx;
	/* Rows that will be handed out soon, so that what they need of memory can be on its way:
	 * each twice, first `far`, some rows later `near`. number: the row's, counts up, and those
	 * between far and near are less than WR_ACCOUNT_SOON. Both NULL: nobody asks. */
	void (*far)(void *ctx, const struct wr_account_row *row, uint32_t number);
	void (*near)(void *ctx, uint32_t number);
};
enum { WR_ACCOUNT_SOON = 16 };

/* Hands out the window that the last flip ended. Returns the packets that it had. */
uint64_t wr_account_drain(struct wr_account *a, const struct wr_account_reader *reader);

/* First payloads count as not seen again: now and then, so that hashes that fall together do not
 * hide one for ever. */
void wr_account_forget_peeks(struct wr_account *a);

#endif
