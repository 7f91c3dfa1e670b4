/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"
#include "l7/bytes.h"
#include "l7/crypto.h"
#include "l7/hello.h"

/*
 * QUIC: version of a long header (RFC 9000, 17.2), and the ClientHello of a client's Initial
 * packets. They are encrypted with keys that follow from the connection id in front of them (RFC
 * 9001, 5.2), so that anyone may read them. The tag behind a packet is not looked at: it would
 * prove nothing about the sender, and a packet that the capture cut off has none. What tells a
 * client's packet from a server's, whose keys cannot be known here, is that a ClientHello comes
 * out.
 */

/* The second bit of a header may be anything (RFC 9287). */
enum {
	LONG = 0x80,
	CID_MAX = 20,
	SAMPLE = 16,
	TAG = 16,
	PN_MAX = 4,
	INITIAL = 0,
	ZERO_RTT = 1,
	RETRY = 3
};
enum { CLIENT_HELLO = 1 };

struct version {
	uint32_t number;
	char text[9];
	uint8_t initial; /* the bits that mean Initial; the other types count on from there */
	uint8_t salt[20];
	char key[11], iv[10], hp[10]; /* labels */
};

static const struct version versions[] = {
	{1, "1", 0,
	 "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
	 "quic key", "quic iv", "quic hp"},
	/* RFC 9369, 3 */
	{0x6b3343cf, "2", 1,
	 "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
	 "quicv2 key", "quicv2 iv", "quicv2 hp"},
	/* draft-ietf-quic-tls-29, 5.2 */
	{0xff00001d, "draft-29", 0,
	 "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99",
	 "quic key", "quic iv", "quic hp"},
};

static const struct version *find_version(uint32_t v)
{
	size_t i;

	for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (v == versions[i].number)
			return &versions[i];
	return NULL;
}

/* Variable-length integer (RFC 9000, 16) */
static uint64_t number(struct wr_l7_bytes *b)
{
	uint32_t first = wr_l7_number(b, 1), more = (1u << (first >> 6)) - 1;
	uint64_t v = first & 0x3f;

	if (more > 4) {
		v = v << 32 | wr_l7_number(b, 4);
		more -= 4;
	}
	return more ? v << (8 * more) | wr_l7_number(b, more) : v;
}

/* ---- keys ---- */

struct keys {
	uint8_t key[WR_L7_AES128], iv[12], hp[WR_L7_AES128];
};

/* Of the client; 0 or -ENOTSUP. */
static int make_keys(struct keys *k, const struct version *v, const uint8_t *cid, size_t n)
{
	uint8_t initial[WR_L7_SHA256], client[WR_L7_SHA256];

	if (wr_l7_hkdf_extract(initial, v->salt, sizeof(v->salt), cid, n))
		return -ENOTSUP;
	wr_l7_hkdf_label(client, sizeof(client), initial, "client in");
	wr_l7_hkdf_label(k->key, sizeof(k->key), client, v->key);
	wr_l7_hkdf_label(k->iv, sizeof(k->iv), client, v->iv);
	wr_l7_hkdf_label(k->hp, sizeof(k->hp), client, v->hp);
	return 0;
}

/* ---- what the frames say ---- */

/* The stream that the CRYPTO frames make, whatever order they come in. What came first counts. */
struct stream {
	uint8_t bytes[WR_L7_LOOK_MAX];
	bool have[WR_L7_LOOK_MAX];
	size_t top; /* have[] means something below this */
};

static void put(struct stream *s, size_t at, const uint8_t *from, size_t n)
{
	size_t i;

	if (at + n > s->top) {
		memset(s->have + s->top, 0, at + n - s->top);
		s->top = at + n;
	}
	for (i = 0; i < n; i++)
		if (!s->have[at + i]) {
			s->bytes[at + i] = from[i];
			s->have[at + i] = true;
		}
}

/* Bytes from the beginning that have no hole. */
static size_t in_front(const struct stream *s)
{
	const bool *hole = s->top ? memchr(s->have, 0, s->top) : NULL;

	return hole ? (size_t)(hole - s->have) : s->top;
}

static void ack(struct wr_l7_bytes *b, bool ecn)
{
	uint64_t ranges, i;

	number(b); /* largest */
	number(b); /* delay */
	ranges = number(b);
	number(b); /* first range */
	for (i = 0; i < 2 * ranges + (ecn ? 3 : 0) && !b->state; i++)
		number(b);
}

static void crypto(struct stream *s, struct wr_l7_bytes *b)
{
	uint64_t at = number(b), n = number(b);
	struct wr_l7_bytes data;

	if (b->state)
		return;
	if (at + n > WR_L7_LOOK_MAX) {
		b->state = -EBADMSG;
		return;
	}
	data = wr_l7_part(b, n);
	if (data.have)
		put(s, at, data.at, data.have);
}

/* The frames that an Initial may have (RFC 9000, 17.2.2), but for the end of a connection, behind
 * which no hello comes. False: these are none. */
static bool frames(struct stream *s, struct wr_l7_bytes *b)
{
	while (b->len && !b->state) {
		uint32_t type = wr_l7_number(b, 1);

		if (b->state)
			break;
		if (type == 6)
			crypto(s, b);
		else if (type == 2 || type == 3)
			ack(b, type == 3);
		else if (type > 1) /* neither PADDING nor PING */
			b->state = -EBADMSG;
	}
	return b->state != -EBADMSG;
}

/* ---- packets ---- */

struct packet {
	const uint8_t *head; /* its first byte */
	const uint8_t *cid;  /* destination connection id */
	size_t cid_n;
	size_t number;		 /* from head to the packet number */
	struct wr_l7_bytes body; /* the packet number and all behind it */
	uint8_t type;		 /* INITIAL and so on */
};

/* Reads a long header and steps over its packet. b->state is not 0 when there is none. */
static void read_packet(struct packet *p, struct wr_l7_bytes *b, const struct version *v)
{
	struct wr_l7_bytes cid;
	uint64_t len;

	*p = (struct packet){.head = b->at};
	p->type = (uint8_t)((wr_l7_number(b, 1) >> 4) - v->initial) & 3;
	if (!b->state && !(p->head[0] & LONG))
		b->state = -EBADMSG;
	if (find_version(wr_l7_number(b, 4)) != v && !b->state)
		b->state = -EBADMSG;
	cid = wr_l7_vector(b, 1);
	p->cid = cid.at;
	p->cid_n = cid.len;
	wr_l7_vector(b, 1); /* source connection id */
	if (!b->state && p->type == INITIAL) {
		len = number(b); /* token */
		wr_l7_part(b, len < WR_L7_LOOK_MAX ? len : SIZE_MAX);
	}
	if (p->type == RETRY || b->state)
		return;
	len = number(b);
	p->number = (size_t)(b->at - p->head);
	p->body = wr_l7_part(b, len <= UINT16_MAX ? len : SIZE_MAX);
}

/* Takes the protection of header and payload off (RFC 9001, 5.4 and 5.3), as much as is there. */
static struct wr_l7_bytes unseal(const struct packet *p, const struct keys *k, uint8_t *plain)
{
	static const uint8_t zeros[1 + PN_MAX];
	uint8_t mask[1 + PN_MAX], counter[WR_L7_AES128] = {[15] = 2};
	const uint8_t *pn = p->body.at;
	size_t n, i;
	struct wr_l7_bytes b = {.at = plain};

	wr_l7_aes128_ctr(k->hp, pn + PN_MAX, zeros, mask, sizeof(mask));
	n = ((p->head[0] ^ mask[0]) & 3u) + 1;
	memcpy(counter, k->iv, sizeof(k->iv));
	for (i = 0; i < n; i++)
		counter[sizeof(k->iv) - n + i] ^= pn[i] ^ mask[1 + i];
	b.len = p->body.len - n - TAG;
	b.have = p->body.have - n < b.len ? p->body.have - n : b.len;
	wr_l7_aes128_ctr(k->key, counter, pn + n, plain, b.have);
	return b;
}

/* The Initial packets of the datagram that begins at b, and of those appended to it. Returns
 * -ENODATA when more bytes could continue the stream, else 0. */
static int read_initials(struct stream *s, const struct packet *first, struct wr_l7_bytes *b,
			 const struct version *v)
{
	uint8_t plain[WR_L7_LOOK_MAX];
	struct packet p = *first;
	struct keys k;

	if (make_keys(&k, v, first->cid, first->cid_n))
		return 0;
	do {
		if (p.type == INITIAL && p.cid_n == first->cid_n &&
		    !memcmp(p.cid, first->cid, p.cid_n)) {
			struct wr_l7_bytes content;

			if (p.body.len < PN_MAX + SAMPLE)
				return 0;
			if (p.body.have < PN_MAX + SAMPLE)
				return -ENODATA;
			content = unseal(&p, &k, plain);
			if (!frames(s, &content))
				return 0;
		}
		/* Zeros between packets are padding that stands outside of them. */
		while (!b->state && b->have && !b->at[0])
			wr_l7_take(b, 1);
		if (!b->state)
			read_packet(&p, b, v);
		else
			p.body.have = 0;
	} while (!b->state || p.body.have);
	return b->state == -ENODATA ? -ENODATA : 0;
}

static int quic_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	struct wr_l7_bytes b = {in->at, in->n, SIZE_MAX - 1, 0};
	const struct version *v;
	struct packet first;
	struct stream s;
	size_t n;
	int more, r;

	if (!(in->at[0] & LONG) || (in->n > 5 && in->at[5] > CID_MAX))
		return 0;
	v = in->n > 4 ? find_version(wr_l7_be32(in->at + 1)) : NULL;
	if (in->n < 6)
		return v || in->n < 5 ? -ENODATA : 0;
	if (!v)
		return 0;
	out->proto = WR_L7_QUIC;
	memcpy(out->version, v->text, sizeof(v->text));
	read_packet(&first, &b, v);
	if (first.type == ZERO_RTT || first.type == RETRY)
		out->side = first.type == RETRY ? WR_L7_SERVER : WR_L7_CLIENT;
	if (first.type != INITIAL || b.state == -EBADMSG)
		return 1;
	if (b.state && !first.body.have)
		return -ENODATA;
	s.top = 0;
	more = read_initials(&s, &first, &b, v);
	n = in_front(&s);
	r = n ? wr_l7_is_hello(s.bytes, n, WR_L7_OVER_QUIC) : -ENODATA;
	if (!r || (n && s.bytes[0] != CLIENT_HELLO))
		return 1;
	if (r > 0) {
		out->side = WR_L7_CLIENT;
		r = wr_l7_hello(out, WR_L7_OVER_QUIC, s.bytes, n);
	}
	return r > 0 || !more ? 1 : -ENODATA;
}

const struct wr_l7_parser wr_l7_quic = {.ip_proto = 17, .read = quic_read};
