/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_BUF_H
#define WR_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text on its way out. Grows when needed and is reused: after the first packets nothing is
 * allocated. Made for millions of lines a second, so numbers and addresses are written without
 * printf. When memory runs out the buffer stops growing and `failed` is set; writers need not check
 * each call.
 */
struct wr_buf {
	char *at;    /* owned; not terminated, see wr_buf_text() */
	size_t used; /* bytes */
	size_t room;
	bool failed;
};

void wr_buf_free(struct wr_buf *b);
static inline void wr_buf_clear(struct wr_buf *b)
{
	b->used = 0;
}
const char *wr_buf_text(struct wr_buf *b); /* terminated; borrowed until the next call */

/* Makes room for n more bytes. Returns where they go, or NULL. The caller moves `used`. */
char *wr_buf_grow(struct wr_buf *b, size_t n);
static inline char *wr_buf_room(struct wr_buf *b, size_t n)
{
	return b->room - b->used >= n ? b->at + b->used : wr_buf_grow(b, n);
}

void wr_buf_add(struct wr_buf *b, const void *bytes, size_t n);
void wr_buf_str(struct wr_buf *b, const char *s);
void wr_buf_char(struct wr_buf *b, char c);
void wr_buf_fmt(struct wr_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wr_buf_u64(struct wr_buf *b, uint64_t v);
void wr_buf_double(struct wr_buf *b, double v); /* shortest decimal that reads back the same */
void wr_buf_hex(struct wr_buf *b, uint64_t v, int digits); /* lower case, at least `digits` */
void wr_buf_pad(struct wr_buf *b,
		size_t column); /* spaces up to this many bytes since the last newline or start */
void wr_buf_ip4(struct wr_buf *b, const uint8_t addr_net[4]);
void wr_buf_ip6(struct wr_buf *b, const uint8_t addr_net[16]); /* RFC 5952 */
void wr_buf_mac(struct wr_buf *b, const uint8_t mac[6]);
void wr_buf_time(struct wr_buf *b, uint64_t ns);  /* RFC 3339 UTC, nanoseconds */
void wr_buf_clock(struct wr_buf *b, uint64_t ns); /* local HH:MM:SS.uuuuuu */

/* Writes everything to fd and clears. Returns 0 or -errno (what could not be written is dropped).
 */
int wr_buf_flush(struct wr_buf *b, int fd);

/* Adds all that can be read from fd. 0 or -errno; -EFBIG: more than max bytes; -ENOMEM. */
int wr_buf_read(struct wr_buf *b, int fd, size_t max);

#endif
