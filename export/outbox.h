/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_OUTBOX_H
#define WR_EXPORT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Messages that wait to go out, oldest first, in memory of fixed size: lines of JSON, IPFIX
 * messages. Nothing here waits for whoever reads them. A message that finds no room is lost and
 * counted; a message is sent whole or, after wr_outbox_again(), once more from its start.
 */

/* What the messages hold, flows or lines. given = sent + lost + waiting. */
struct wr_outbox_count {
	uint64_t given, sent, lost;
};

struct wr_outbox {
	uint8_t *at; /* owned */
	size_t room; /* bytes */
	size_t head, tail;
	uint32_t messages; /* that wait */
	uint32_t part;	   /* bytes of the oldest that are out already */
	uint32_t last;	   /* what the datagram sent last held */
	struct wr_outbox_count n;
};

/* bytes: 64 KiB to 1 GiB, taken now. 0, -EINVAL or -ENOMEM. */
int wr_outbox_open(struct wr_outbox *o, size_t bytes, struct wr_err *err);
void wr_outbox_close(struct wr_outbox *o);

/*
 * One in memory of the caller's (`bytes`, aligned to 16), which another process may have used
 * before and may have left at any point: whole messages that wait stay, the oldest from its start
 * on. What is not whole is lost and counted. *o zeroed: a new one. Not for wr_outbox_close().
 */
void wr_outbox_adopt(struct wr_outbox *o, void *memory, size_t bytes);

/* Copies a message of n bytes that holds so many things. mark: the caller's own number. False: it
 * found no room. */
bool wr_outbox_put(struct wr_outbox *o, const void *message, uint32_t n, uint32_t holds,
		   uint32_t mark);

/* Whether a message of n bytes would find room. */
bool wr_outbox_fits(const struct wr_outbox *o, uint32_t n);

enum wr_outbox_how {
	WR_OUTBOX_FILE,	    /* write() takes all at once */
	WR_OUTBOX_PIPE,	    /* also a terminal: pieces that it takes without waiting (POSIX
			       PIPE_BUF) */
	WR_OUTBOX_STREAM,   /* stream socket */
	WR_OUTBOX_DATAGRAM, /* datagram socket, connected */
	WR_OUTBOX_LOCAL,    /* the same on this host: a refusal is of the datagram itself */
};

/*
 * Sends what can be sent now. 0: nothing waits any more; -EAGAIN: the other side takes no more
 * now; another -errno: it failed and what waits still waits. A datagram that is too long
 * (-EMSGSIZE) is lost; so is the one before a refusal (-ECONNREFUSED).
 */
int wr_outbox_send(struct wr_outbox *o, int fd, enum wr_outbox_how how);

/* The other side is a new one: the oldest goes out from its start. */
void wr_outbox_again(struct wr_outbox *o);

/* The messages that wait, oldest first: at NULL: the first; NULL: there is none left. May be
 * written, but for the one that is out in part. */
struct wr_outbox_message {
	uint32_t bytes, holds, mark, pad;
	uint8_t data[];
};
struct wr_outbox_message *wr_outbox_next(const struct wr_outbox *o,
					 const struct wr_outbox_message *at);

/* The oldest is done with, by other means than wr_outbox_send(): `lost` of what it held were lost,
 * the rest was sent. */
void wr_outbox_done(struct wr_outbox *o, uint32_t lost);

static inline uint64_t wr_outbox_waiting(const struct wr_outbox *o)
{
	return o->n.given - o->n.sent - o->n.lost;
}

/* What waits is lost. */
void wr_outbox_drop(struct wr_outbox *o);

#endif
