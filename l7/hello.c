/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"
#include "l7/bytes.h"
#include "l7/hello.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, HEAD = 4, RANDOM = 32 };

/* Values that mean nothing, so that servers learn to ignore what they do not know (RFC 8701). */
static bool grease(uint32_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void add(struct wr_l7_numbers *l, uint32_t v)
{
	if (grease(v))
		return;
	if (l->n < WR_L7_HELLO_LIST)
		l->at[l->n++] = (uint16_t)v;
	else
		l->more = true;
}

static void add_all(struct wr_l7_numbers *l, struct wr_l7_bytes *b)
{
	while (b->len && !b->state) {
		uint32_t v = wr_l7_number(b, 2);

		if (!b->state)
			add(l, v);
	}
}

/* ---- versions ---- */

static void version_text(struct wr_l7 *out, uint32_t v)
{
	static const struct {
		uint16_t number;
		char text[6];
	} known[] = {
		{0x0300, "SSL 3"}, {0x0301, "1.0"}, {0x0302, "1.1"}, {0x0303, "1.2"},
		{0x0304, "1.3"},   {0xfeff, "1.0"}, {0xfefd, "1.2"}, {0xfefc, "1.3"},
	};
	static const char hex[] = "0123456789abcdef";
	size_t i;

	if (out->version[0])
		return;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].number == v) {
			memcpy(out->version, known[i].text, sizeof(known[i].text));
			return;
		}
	memcpy(out->version, "0x", 2);
	for (i = 0; i < 4; i++)
		out->version[2 + i] = hex[v >> (12 - 4 * i) & 15];
}

/* DTLS counts its versions downwards (RFC 6347, 4.1). */
static bool newer(enum wr_l7_transport over, uint32_t v, uint32_t than)
{
	return !than || (over == WR_L7_OVER_DTLS ? v < than : v > than);
}

/* ---- extensions ---- */

struct state {
	struct wr_l7 *out;
	struct wr_l7_hello h;
	bool client;
};

/* RFC 6066, 3: names by type, of which only host_name (0) was ever defined */
static void server_name(struct state *s, struct wr_l7_bytes *ext)
{
	struct wr_l7_bytes names = wr_l7_vector(ext, 2);

	s->h.sni = true;
	while (names.len && !names.state && !s->out->host[0]) {
		uint32_t type = wr_l7_number(&names, 1);
		struct wr_l7_bytes name = wr_l7_vector(&names, 2);
		size_t n = name.len;
		const uint8_t *at = wr_l7_take(&name, n);

		if (at && !type && wr_l7_text(s->out->host, sizeof(s->out->host), at, n))
			s->out->cut |= WR_L7_CUT_HOST;
	}
}

/* RFC 7301, 3.1 */
static void alpn(struct state *s, struct wr_l7_bytes *ext)
{
	struct wr_l7_bytes names = wr_l7_vector(ext, 2), name = wr_l7_vector(&names, 1);
	size_t n = name.len;
	const uint8_t *at = wr_l7_take(&name, n);

	if (!at || !n || s->h.alpn_len)
		return;
	s->h.alpn_len = (uint8_t)n;
	s->h.alpn[0] = at[0];
	s->h.alpn[1] = at[n - 1];
	if (wr_l7_text(s->out->alpn, sizeof(s->out->alpn), at, n))
		s->out->cut |= WR_L7_CUT_ALPN;
}

/* RFC 8446, 4.2.1: what the client offers, or the one that the server chose */
static void supported_versions(struct state *s, struct wr_l7_bytes *ext)
{
	struct wr_l7_bytes list = s->client ? wr_l7_vector(ext, 1) : *ext;
	uint32_t best = 0;

	while (list.len && !list.state) {
		uint32_t v = wr_l7_number(&list, 2);

		if (!list.state && !grease(v) && newer(s->h.over, v, best))
			best = v;
	}
	if (list.state || !best || s->h.highest)
		return;
	s->h.highest = (uint16_t)best;
	version_text(s->out, best);
}

/* RFC 8446, 4.2.3 */
static void signature_algorithms(struct state *s, struct wr_l7_bytes *ext)
{
	struct wr_l7_bytes list = wr_l7_vector(ext, 2);

	if (!s->h.signatures.n)
		add_all(&s->h.signatures, &list);
}

static const struct {
	uint16_t type;
	void (*read)(struct state *s, struct wr_l7_bytes *ext);
} extensions[] = {
	{0, server_name},
	{13, signature_algorithms},
	{16, alpn},
	{43, supported_versions},
};

/* An extension that is broken inside says nothing; the ones behind it still do. */
static void read_extensions(struct state *s, struct wr_l7_bytes *list)
{
	size_t i;

	while (list->len && !list->state) {
		uint32_t type = wr_l7_number(list, 2);
		struct wr_l7_bytes ext = wr_l7_vector(list, 2);

		if (ext.state)
			break;
		add(&s->h.extensions, type);
		for (i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
			if (extensions[i].type == type)
				extensions[i].read(s, &ext);
	}
}

/* ---- messages ---- */

/* RFC 8446, 4.1.2; the cookie is RFC 6347, 4.2.1 */
static void client_hello(struct state *s, struct wr_l7_bytes *b)
{
	struct wr_l7_bytes ciphers;

	wr_l7_vector(b, 1); /* session id */
	if (s->h.over == WR_L7_OVER_DTLS)
		wr_l7_vector(b, 1);
	ciphers = wr_l7_vector(b, 2);
	add_all(&s->h.ciphers, &ciphers);
	wr_l7_vector(b, 1); /* compression */
}

/* RFC 8446, 4.1.3 */
static void server_hello(struct state *s, struct wr_l7_bytes *b)
{
	uint32_t cipher;

	wr_l7_vector(b, 1); /* session id */
	cipher = wr_l7_number(b, 2);
	wr_l7_number(b, 1); /* compression */
	if (b->state)
		return;
	s->out->cipher = (uint16_t)cipher;
	s->out->has |= WR_L7_HAS_CIPHER;
}

int wr_l7_hello(struct wr_l7 *out, enum wr_l7_transport over, const uint8_t *msg, size_t have)
{
	struct wr_l7_bytes all = {msg, have, SIZE_MAX, 0}, b, list;
	struct state s = {.out = out};

	s.h.over = over;
	s.client = wr_l7_number(&all, 1) == CLIENT_HELLO;
	b = wr_l7_vector(&all, 3);
	s.h.version = (uint16_t)wr_l7_number(&b, 2);
	wr_l7_take(&b, RANDOM);
	if (s.client)
		client_hello(&s, &b);
	else
		server_hello(&s, &b);
	/* Before TLS 1.2 there need be no extensions. */
	if (b.len && !b.state) {
		list = wr_l7_vector(&b, 2);
		read_extensions(&s, &list);
		if (!b.state)
			b.state = list.state;
	}
	if (b.state == -ENODATA)
		return -ENODATA;
	version_text(out, s.h.version);
	if (s.client && !b.state)
		wr_l7_ja4(out->ja4, &s.h);
	return 1;
}

int wr_l7_is_hello(const uint8_t *msg, size_t have, enum wr_l7_transport over)
{
	uint8_t major = over == WR_L7_OVER_DTLS ? 0xfe : 3;

	if (msg[0] != CLIENT_HELLO && msg[0] != SERVER_HELLO)
		return 0;
	if ((have > 1 && msg[1]) || (have > HEAD && msg[HEAD] != major))
		return 0;
	return have > HEAD ? 1 : -ENODATA;
}
