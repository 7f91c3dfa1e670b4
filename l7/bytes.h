/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_L7_BYTES_H
#define WR_L7_BYTES_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a message whose bytes may end before it does: `len` is what the message claims, `have` is
 * what came. The first thing that goes wrong sticks: then every read gives 0 or NULL.
 */
struct wr_l7_bytes {
	const uint8_t *at; /* borrowed */
	size_t have, len;
	int state; /* 0; -ENODATA: the bytes ended; -EBADMSG: lengths contradict each other */
};

static inline const uint8_t *wr_l7_take(struct wr_l7_bytes *b, size_t n)
{
	const uint8_t *at = b->at;

	if (!b->state && n > b->len)
		b->state = -EBADMSG;
	if (!b->state && n > b->have)
		b->state = -ENODATA;
	if (b->state)
		return NULL;
	b->at += n;
	b->have -= n;
	b->len -= n;
	return at;
}

/* A number of n <= 4 bytes, most significant first. */
static inline uint32_t wr_l7_number(struct wr_l7_bytes *b, size_t n)
{
	const uint8_t *at = wr_l7_take(b, n);
	uint32_t v = 0;

	while (at && n--)
		v = v << 8 | *at++;
	return v;
}

/* A part of n bytes to be read on its own; the rest of b comes behind it. When not all of the part
 * is there, b has nothing behind it. */
static inline struct wr_l7_bytes wr_l7_part(struct wr_l7_bytes *b, size_t n)
{
	struct wr_l7_bytes part = {b->at, b->have < n ? b->have : n, n, 0};

	if (b->state || n > b->len) {
		b->state = b->state ? b->state : -EBADMSG;
		return (struct wr_l7_bytes){.state = b->state};
	}
	wr_l7_take(b, n);
	return part;
}

/* The same with its length in front, in n bytes. */
static inline struct wr_l7_bytes wr_l7_vector(struct wr_l7_bytes *b, size_t n)
{
	uint32_t len = wr_l7_number(b, n);

	if (b->state)
		return (struct wr_l7_bytes){.state = b->state};
	return wr_l7_part(b, len);
}

#endif
