/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"
#include "l7/hello.h"

/* TLS over TCP: records (RFC 8446, 5.1), and in the first ones the hello, in one piece or in many.
 */

enum {
	RECORD = 5, /* bytes of a record's header */
	HANDSHAKE = 22,
	HANDSHAKE_HEAD = 4,
	RECORD_MAX = (1 << 14) + 2048, /* RFC 5246, 6.2.3: the largest that ever was allowed */
};

/* Lengths that records of a type may have: 20 change_cipher_spec, 21 alert, 22 handshake,
 * 23 application_data. Without them any bytes that begin with 0x14..0x17, 3 were TLS. */
static const struct {
	uint16_t least, most;
} record_len[4] = {{1, 1}, {2, 512}, {1, RECORD_MAX}, {1, RECORD_MAX}};

/* Whether n > 0 bytes begin a record: 1, 0, -ENODATA. */
static int is_record(const uint8_t *b, size_t n)
{
	size_t len;

	if (b[0] < 20 || b[0] > 23 || (n > 1 && b[1] != 3) || (n > 2 && b[2] > 4))
		return 0;
	if (n < RECORD)
		return -ENODATA;
	len = wr_l7_be16(b + 3);
	return len >= record_len[b[0] - 20].least && len <= record_len[b[0] - 20].most;
}

/* The handshake message in front, over as many records as it takes. */
struct message {
	uint8_t *to;
	size_t have;
	bool more; /* false: what follows does not continue it */
};

static bool whole(const struct message *m)
{
	return m->have >= HANDSHAKE_HEAD &&
	       m->have - HANDSHAKE_HEAD >= wr_l7_be32(m->to) % (1 << 24);
}

static void collect(struct message *m, const uint8_t *b, size_t n)
{
	while (!whole(m)) {
		size_t len;

		m->more = !n || (is_record(b, n) && b[0] == HANDSHAKE);
		if (n < RECORD || !m->more)
			return;
		len = wr_l7_be16(b + 3);
		b += RECORD;
		n -= RECORD;
		memcpy(m->to + m->have, b, len < n ? len : n);
		m->have += len < n ? len : n;
		if (len > n)
			return;
		b += len;
		n -= len;
	}
	m->more = false;
}

static int tls_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	uint8_t joined[WR_L7_LOOK_MAX];
	struct message m = {.to = joined};
	int r = is_record(in->at, in->n);

	if (r <= 0)
		return r;
	out->proto = WR_L7_TLS;
	if (in->at[0] != HANDSHAKE)
		return 1;
	collect(&m, in->at, in->n);
	if (!m.have)
		return -ENODATA;
	r = wr_l7_is_hello(m.to, m.have, WR_L7_OVER_TCP);
	if (r > 0) {
		out->side = m.to[0] == 1 ? WR_L7_CLIENT : WR_L7_SERVER;
		r = wr_l7_hello(out, WR_L7_OVER_TCP, m.to, m.have);
	}
	/* Another handshake message, or one that is encrypted: that it is TLS is all there is. */
	return r == -ENODATA && m.more ? r : 1;
}

const struct wr_l7_parser wr_l7_tls = {.ip_proto = 6, .read = tls_read};
