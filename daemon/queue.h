/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_QUEUE_H
#define WR_DAEMON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Messages from one process to another, through memory that both share: one writes, one reads,
 * nobody waits and nobody makes a system call. What finds no room is lost, and the writer counts
 * it. The writer trusts nothing that the reader can write: a reader gone wrong loses messages, no
 * more.
 */
struct wr_queue;

struct wr_queue_writer {
	struct wr_queue *queue;
	uint64_t size, head; /* bytes; written so far, of which the reader gets a copy */
};

struct wr_queue_reader {
	struct wr_queue *queue;
	uint64_t size, at; /* read so far, but not done with */
};

/* Bytes of memory that a queue with room for `size` bytes of messages takes, and with a cache line
 * each for the two positions. size: a multiple of 64. */
size_t wr_queue_bytes(size_t size);
/* In zeroed memory that is aligned to a cache line. */
void wr_queue_write_to(struct wr_queue_writer *w, void *memory, size_t size);
/* Begins, or goes on with what an earlier reader has not done. */
void wr_queue_read_from(struct wr_queue_reader *r, void *memory, size_t size);

/* Room for a message of n bytes, aligned to 16, such that `spare` bytes stay free behind it; NULL:
 * there is none. wr_queue_put() makes it seen. */
void *wr_queue_room(struct wr_queue_writer *w, size_t n, size_t spare);
void wr_queue_put(struct wr_queue_writer *w, uint32_t kind, size_t n);
uint64_t wr_queue_used(const struct wr_queue_writer *w); /* bytes that wait */

/* The next message; NULL: there is none. Borrowed until wr_queue_done(). */
const void *wr_queue_next(struct wr_queue_reader *r, uint32_t *kind, size_t *n);
/* All that were taken are done with: their room is free, and no later reader gets them. */
void wr_queue_done(struct wr_queue_reader *r);
uint64_t wr_queue_left(const struct wr_queue_reader *r); /* bytes that wait behind the last taken */

#endif
