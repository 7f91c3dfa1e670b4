/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"
#include "l7/hello.h"

/* DTLS over UDP: the hello of one or more datagrams (RFC 6347, 4.1 and 4.2.2). */

enum {
	RECORD = 13,
	FRAGMENT = 12, /* type, length, message_seq, fragment_offset, fragment_length */
	HEAD = 4,      /* of it: type, length, as in TLS */
	HANDSHAKE = 22,
	RECORD_MAX = (1 << 14) + 2048,
};

/* Whether n > 0 bytes begin a record: 1, 0, -ENODATA. Plain text is of epoch 0, so that the
 * magic is five bytes long; records of later epochs are not the first ones. */
static int is_record(const uint8_t *b, size_t n)
{
	size_t len;

	if (b[0] < 20 || b[0] > 23 || (n > 1 && b[1] != 0xfe))
		return 0;
	if ((n > 2 && b[2] != 0xff && b[2] != 0xfd) || (n > 3 && b[3]) || (n > 4 && b[4]))
		return 0;
	if (n < RECORD)
		return -ENODATA;
	len = wr_l7_be16(b + 11);
	return len && len <= RECORD_MAX;
}

struct message {
	uint8_t *to;
	size_t have;
	bool more; /* false: what follows does not continue it */
};

static uint32_t be24(const uint8_t *b)
{
	return (uint32_t)b[0] << 16 | wr_l7_be16(b + 1);
}

static bool whole(const struct message *m)
{
	return m->have >= HEAD && m->have - HEAD >= be24(m->to + 1);
}

/* Adds a fragment that continues the message. The header that TLS has too is kept once. */
static bool add(struct message *m, const uint8_t *b, size_t n)
{
	size_t at = be24(b + 6), len = be24(b + 9), body = n - FRAGMENT;

	if (!m->have) {
		memcpy(m->to, b, HEAD);
		m->have = HEAD;
	}
	if (memcmp(m->to, b, HEAD) || at != m->have - HEAD || at + len > be24(b + 1))
		return false;
	memcpy(m->to + m->have, b + FRAGMENT, body < len ? body : len);
	m->have += body < len ? body : len;
	return body >= len;
}

static void collect(struct message *m, const uint8_t *b, size_t n)
{
	while (!whole(m)) {
		size_t len, have;

		m->more = !n || (is_record(b, n) && b[0] == HANDSHAKE);
		if (n < RECORD || !m->more)
			return;
		len = wr_l7_be16(b + 11);
		b += RECORD;
		n -= RECORD;
		have = n < len ? n : len;
		m->more = n < len;
		if (have < FRAGMENT || !add(m, b, have) || m->more)
			return;
		b += len;
		n -= len;
	}
	m->more = false;
}

static int dtls_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	uint8_t joined[WR_L7_LOOK_MAX];
	struct message m = {.to = joined};
	int r = is_record(in->at, in->n);

	if (r <= 0)
		return r;
	out->proto = WR_L7_DTLS;
	if (in->at[0] != HANDSHAKE)
		return 1;
	collect(&m, in->at, in->n);
	if (!m.have)
		return m.more ? -ENODATA : 1;
	r = wr_l7_is_hello(m.to, m.have, WR_L7_OVER_DTLS);
	if (r > 0) {
		out->side = m.to[0] == 1 ? WR_L7_CLIENT : WR_L7_SERVER;
		r = wr_l7_hello(out, WR_L7_OVER_DTLS, m.to, m.have);
	}
	return r == -ENODATA && m.more ? r : 1;
}

const struct wr_l7_parser wr_l7_dtls = {.ip_proto = 17, .read = dtls_read};
