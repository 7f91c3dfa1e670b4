/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"
#include "l7/bytes.h"

/* DNS over UDP, and over TCP with two bytes of length in front (RFC 1035, 4; RFC 7766, 8). */

enum {
	HEAD = 12,
	NAME_MAX_BYTES = 255,
	QR = 0x8000, /* a response */
	OPCODE = 0x7800,
	ZERO = 0x0040,
	NETBIOS = 137, /* NetBIOS names look like DNS and are not */
};

/* All of the header but its id; there is no other magic. */
struct head {
	uint16_t flags, count[4]; /* questions, answers, authorities, additional records */
};

static bool usual_port(uint16_t port)
{
	return port == 53 || port == 5353 || port == 5355; /* DNS, mDNS, LLMNR */
}

/* Holds for all DNS: no opcode that is not assigned, and questions that one can believe in. */
static bool sane(const struct head *h, int counts)
{
	if ((h->flags & OPCODE) >> 11 > 6)
		return false;
	return !counts || (h->count[0] <= 64 && (h->count[0] || h->flags & QR));
}

/* Where no port says that it is DNS: a plain query (with RD, AD, CD) or an answer to one. */
static bool plain(const struct head *h, int counts)
{
	if (h->flags & (OPCODE | ZERO) || (counts && h->count[0] != 1))
		return false;
	if (h->flags & QR)
		return (h->flags & 15) <= 10;
	if (h->flags & ~0x0130)
		return false;
	return (counts < 2 || !h->count[1]) && (counts < 3 || !h->count[2]) &&
	       (counts < 4 || h->count[3] <= 3);
}

/* Returns 1, -ENODATA, or 0 as soon as something rules it out. */
static int read_head(struct head *h, struct wr_l7_bytes *b, bool usual)
{
	int i;

	wr_l7_number(b, 2); /* id */
	h->flags = (uint16_t)wr_l7_number(b, 2);
	for (i = 0; !b->state; i++) {
		if (!(usual ? sane(h, i) : plain(h, i)))
			return 0;
		if (i == 4)
			return 1;
		h->count[i] = (uint16_t)wr_l7_number(b, 2);
	}
	return b->state == -ENODATA ? -ENODATA : 0;
}

/* ---- the question's name ---- */

/* A character of a label as RFC 4343, 2.1 and 2.2 has it. Returns its bytes, 4 at most. */
static size_t put_char(char to[4], uint8_t c)
{
	size_t n = 0;

	if (c <= 0x20 || c >= 0x7f) {
		to[0] = '\\';
		to[1] = (char)('0' + c / 100);
		to[2] = (char)('0' + c / 10 % 10);
		to[3] = (char)('0' + c % 10);
		return 4;
	}
	if (c == '.' || c == '\\')
		to[n++] = '\\';
	to[n++] = (char)c;
	return n;
}

struct name {
	char text[256];
	size_t used;
	uint8_t len; /* without what the text has to say of a character */
	bool cut;
};

static void put(struct name *name, const char *chars, size_t n)
{
	if (name->cut || name->used + n >= sizeof(name->text)) {
		name->cut = true;
		return;
	}
	memcpy(name->text + name->used, chars, n);
	name->used += n;
}

/*
 * Labels up to the root. A compression pointer has to point at an earlier name (RFC 1035, 4.1.4),
 * and in front of the first question there is none: so none is followed.
 */
static void read_name(struct name *name, struct wr_l7_bytes *b)
{
	size_t total = 1;
	uint32_t n, i;

	for (n = wr_l7_number(b, 1); n && !b->state; n = wr_l7_number(b, 1)) {
		const uint8_t *at = n < 64 ? wr_l7_take(b, n) : NULL;

		total += n + 1;
		if (n >= 64 || total > NAME_MAX_BYTES)
			b->state = -EBADMSG;
		if (b->state || !at)
			return;
		if (name->used)
			put(name, ".", 1);
		for (i = 0; i < n; i++) {
			char c[4];
			size_t chars = put_char(c, at[i]);

			put(name, c, chars);
		}
	}
	if (!name->used)
		put(name, ".", 1);
	name->len = (uint8_t)(total > 2 ? total - 2 : 1);
	name->text[name->used] = 0;
}

/* ---- the message ---- */

static void put_head(struct wr_l7 *out, const struct head *h)
{
	out->proto = WR_L7_DNS;
	out->side = h->flags & QR ? WR_L7_SERVER : WR_L7_CLIENT;
	if (!(h->flags & QR))
		return;
	out->rcode = h->flags & 15;
	out->answers = h->count[1];
	out->has |= WR_L7_HAS_ANSWER;
}

static void put_question(struct wr_l7 *out, const struct name *name, uint32_t type, uint32_t class)
{
	memcpy(out->host, name->text, sizeof(out->host));
	out->name_len = name->len;
	if (name->cut)
		out->cut |= WR_L7_CUT_HOST;
	out->qtype = (uint16_t)type;
	out->qclass = (uint16_t) class;
	out->has |= WR_L7_HAS_QUESTION;
}

/* IN, CH, HS, NONE, ANY */
static bool is_class(uint32_t class)
{
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

static int read_message(struct wr_l7 *out, struct wr_l7_bytes *b, bool usual)
{
	struct name name = {.used = 0};
	struct head h;
	uint32_t type, class;
	int r = read_head(&h, b, usual);

	if (r <= 0)
		return r;
	if (usual)
		put_head(out, &h);
	if (!h.count[0])
		return usual;
	read_name(&name, b);
	type = wr_l7_number(b, 2);
	class = wr_l7_number(b, 2);
	if (b->state == -ENODATA)
		return -ENODATA;
	if (!usual && (b->state || !type || !is_class(class)))
		return 0;
	put_head(out, &h);
	if (!b->state)
		put_question(out, &name, type, class);
	return 1;
}

static int dns_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	struct wr_l7_bytes all = {in->at, in->n, SIZE_MAX, 0}, b = all;

	if (in->sport == NETBIOS || in->dport == NETBIOS)
		return 0;
	if (in->ip_proto == 6) {
		b = wr_l7_vector(&all, 2);
		if (all.state && !b.len)
			return -ENODATA;
		if (b.len < HEAD)
			return 0;
	}
	return read_message(out, &b, usual_port(in->sport) || usual_port(in->dport));
}

const struct wr_l7_parser wr_l7_dns = {.ip_proto = 0, .read = dns_read};
