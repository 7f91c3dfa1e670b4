/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_RING_H
#define WR_CAPTURE_RING_H

#include "capture/capture.h"
#include "core/board.h"

/*
 * The reading side of the kernel's ring buffer. Mapped by ourselves: libbpf maps the data twice,
 * which counts twice against our memory, and hands out one record a call.
 */
struct wr_ring;

/* fd: of the ring map, borrowed until close. */
int wr_ring_open(struct wr_ring **out, int fd, struct wr_err *err);
void wr_ring_close(struct wr_ring **r); /* NULL is fine */

/* Finds the board of an interface and hook for a record; NULL: not ours any more. */
typedef struct wr_board *(*wr_ring_board_fn)(void *ctx, uint32_t ifindex, uint32_t hook);

struct wr_ring_reader {
	wr_ring_board_fn board;
	void *board_ctx;
	wr_packet_fn packet; /* NULL: taken, counted as seen, handed to nobody */
	void *packet_ctx;
	/* The name of a rule by its slot, for packets that were held against a policy; NULL: there
	 * is none. */
	const char *(*rule)(void *ctx, uint32_t slot);
	void *rule_ctx;
};

/* Hands out at most max records and marks them as seen on their boards. Returns how many there
 * were. */
int wr_ring_read(struct wr_ring *r, const struct wr_ring_reader *reader, int max);

/* Is there anything to read? */
bool wr_ring_empty(const struct wr_ring *r);

#endif
