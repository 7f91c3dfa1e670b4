/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CAPTURE_STREAM_H
#define WR_CAPTURE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The bytes of a file or pipe, unpacked when they are gzip or zstd, lent in one piece so that
 * nobody has to copy them. Memory is fixed at open, but for the window that a zstd frame asks for
 * (2 GiB at most).
 */

enum {
	WR_STREAM_CHUNK = 256 << 10, /* bytes taken in at once */
	WR_STREAM_PIECE =
		(1 << 20) + (192 << 10), /* most bytes that can be asked for in one piece */
};

struct wr_stream {
	const uint8_t *pos, *end; /* bytes not yet consumed */
	uint64_t taken;		  /* offset of `end` in the unpacked bytes */
	uint64_t debt;		  /* bytes to skip that have not come yet */
	bool wait;		  /* block when a pipe has nothing; else 0 is returned */
	bool packed;		  /* gzip or zstd: offsets are of the unpacked bytes */
};

/* Opens path ("-" = standard input) and tells gzip, zstd and plain apart by their first bytes, for
 * which it blocks on a pipe. -EINVAL: directory, empty, or packed in a way that weir does not read.
 * Errors do not name the file. */
int wr_stream_open(struct wr_stream **out, const char *path, struct wr_err *err);
void wr_stream_close(struct wr_stream **s); /* NULL is fine; sets NULL */

/* Slow path of wr_stream_need(). */
int wr_stream_fill(struct wr_stream *s, size_t n, struct wr_err *err);

static inline size_t wr_stream_have(const struct wr_stream *s)
{
	return (size_t)(s->end - s->pos);
}

/* Makes n bytes (1..WR_STREAM_PIECE) stand at s->pos, valid until the next call. 1 = they do; 0 = a
 * pipe has not brought them yet; -ENODATA = the end comes first (wr_stream_have() tells what is
 * left, s->debt what was to be skipped); other -errno = reading or unpacking failed, err filled. */
static inline int wr_stream_need(struct wr_stream *s, size_t n, struct wr_err *err)
{
	return wr_stream_have(s) >= n ? 1 : wr_stream_fill(s, n, err);
}

/* Consumes n bytes, also more than have come. */
void wr_stream_skip(struct wr_stream *s, uint64_t n);

/* Bytes before s->pos, unpacked. */
static inline uint64_t wr_stream_offset(const struct wr_stream *s)
{
	return s->taken - wr_stream_have(s);
}

/* The descriptor of a pipe, to poll on; -1 for a regular file. */
int wr_stream_poll_fd(const struct wr_stream *s);

/* 0..1 of the bytes on disk; -1 when there is no size. */
double wr_stream_progress(const struct wr_stream *s);

#endif
