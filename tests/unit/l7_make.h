/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_L7_MAKE_H
#define WR_TESTS_L7_MAKE_H

/*
 * First bytes of connections, made for tests: hellos from lists, records, QUIC packets sealed with
 * nettle (or, without it, none). What is put behind a full buffer is left out.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if WR_HAVE_NETTLE
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#endif

enum { MADE_MAX = 8192 };

struct made {
	size_t n;
	uint8_t b[MADE_MAX];
};

static void put(struct made *m, const void *from, size_t n)
{
	if (n > sizeof(m->b) - m->n)
		n = sizeof(m->b) - m->n;
	memcpy(m->b + m->n, from, n);
	m->n += n;
}

static void put_n(struct made *m, uint64_t v, size_t bytes)
{
	while (bytes--)
		put(m, &(uint8_t){(uint8_t)(v >> (8 * bytes))}, 1);
}

__attribute__((unused)) static void put_text(struct made *m, const char *s)
{
	put(m, s, strlen(s));
}

static void put_hex(struct made *m, const char *s)
{
	uint8_t v = 0;
	bool half = false;

	for (; *s; s++) {
		if (*s == ' ')
			continue;
		v = (uint8_t)(v << 4 | (*s <= '9' ? *s - '0' : *s - 'a' + 10));
		if (half)
			put(m, &v, 1);
		half = !half;
	}
}

/* A length field of so many bytes is opened, what follows is counted, and it is closed. */
static size_t open_len(struct made *m, size_t bytes)
{
	put_n(m, 0, bytes);
	return m->n;
}

static void close_len(struct made *m, size_t at, size_t bytes)
{
	uint64_t v = m->n - at;
	size_t i;

	for (i = 0; i < bytes; i++)
		m->b[at - 1 - i] = (uint8_t)(v >> (8 * i));
}

/* ---- TLS ---- */

/* Lists are numbers with a comma between, in hexadecimal digits, as JA4's description writes them;
 * NULL = the client does not send that. */
struct hello {
	bool server, dtls;
	const char *ciphers;
	const char *extensions; /* in this order; the others below are written where they stand */
	const char *versions, *signatures;
	const char *sni, *alpn; /* first protocol; a second one, "http/1.1", follows */
	size_t alpn_n;		/* bytes of alpn when it is not text */
	uint16_t legacy;	/* 0 = 0x0303 */
	size_t pad;		/* bytes of other extensions */
};

static void put_list(struct made *m, const char *list, size_t len_bytes)
{
	size_t at = len_bytes ? open_len(m, len_bytes) : 0;
	char text[5] = "";

	for (; list && *list; list += strlen(text) + (list[4] == ',')) {
		memcpy(text, list, 4);
		put_hex(m, text);
	}
	if (len_bytes)
		close_len(m, at, len_bytes);
}

static void put_extension(struct made *m, const struct hello *h, const char *type)
{
	size_t at, list, name;

	put_hex(m, type);
	at = open_len(m, 2);
	if (!strcmp(type, "0000")) {
		list = open_len(m, 2);
		put_n(m, 0, 1);
		name = open_len(m, 2);
		put_text(m, h->sni);
		close_len(m, name, 2);
		close_len(m, list, 2);
	} else if (!strcmp(type, "0010")) {
		list = open_len(m, 2);
		name = open_len(m, 1);
		put(m, h->alpn, h->alpn_n ? h->alpn_n : strlen(h->alpn));
		close_len(m, name, 1);
		if (!h->server)
			put(m, "\x08http/1.1", 9);
		close_len(m, list, 2);
	} else if (!strcmp(type, "002b")) {
		put_list(m, h->versions, h->server ? 0 : 1);
	} else if (!strcmp(type, "000d")) {
		put_list(m, h->signatures, 2);
	} else {
		for (name = 0; name < h->pad; name++)
			put_n(m, 0x5a, 1);
	}
	close_len(m, at, 2);
}

__attribute__((unused)) static void put_hello(struct made *m, const struct hello *h)
{
	const char *type = h->extensions;
	size_t message, list;
	char text[5] = "";
	int i;

	put_n(m, h->server ? 2 : 1, 1);
	message = open_len(m, 3);
	put_n(m, h->legacy ? h->legacy : 0x0303, 2);
	for (i = 0; i < 32; i++)
		put_n(m, 0x11 * (i % 16), 1);
	put_hex(m, "04 01020304"); /* session id */
	if (h->dtls && !h->server)
		put_hex(m, "02 c00c");
	put_list(m, h->ciphers, h->server ? 0 : 2);
	put_hex(m, h->server ? "00" : "0100");
	if (type) {
		list = open_len(m, 2);
		for (; *type; type += 4 + (type[4] == ',')) {
			memcpy(text, type, 4);
			put_extension(m, h, text);
		}
		close_len(m, list, 2);
	}
	close_len(m, message, 3);
}

/* The handshake bytes in records of `piece` bytes at most; 0 = one record. */
__attribute__((unused)) static void put_records(struct made *m, const struct made *from,
						size_t piece)
{
	size_t at, n;

	for (at = 0; at < from->n; at += n) {
		n = piece && from->n - at > piece ? piece : from->n - at;
		put_hex(m, "160301");
		put_n(m, n, 2);
		put(m, from->b + at, n);
	}
}

/* The same in DTLS 1.2 fragments, one in a record. */
__attribute__((unused)) static void put_fragments(struct made *m, const struct made *from,
						  size_t piece)
{
	size_t at, n;

	for (at = 4; at < from->n; at += n) {
		n = piece && from->n - at > piece ? piece : from->n - at;
		put_hex(m, "16fefd 0000 000000000000");
		put_n(m, n + 12, 2);
		put(m, from->b, 4);
		put_n(m, 0, 2);
		put_n(m, at - 4, 3);
		put_n(m, n, 3);
		put(m, from->b + at, n);
	}
}

/* ---- QUIC ---- */

__attribute__((unused)) static void put_varint(struct made *m, uint64_t v)
{
	if (v < 64)
		put_n(m, v, 1);
	else if (v < 16384)
		put_n(m, v | 0x4000, 2);
	else
		put_n(m, v | 0x80000000, 4);
}

__attribute__((unused)) static void put_crypto(struct made *frames, const struct made *from,
					       size_t at, size_t n)
{
	put_n(frames, 6, 1);
	put_varint(frames, at);
	put_varint(frames, n);
	put(frames, from->b + at, n);
}

struct initial {
	uint32_t version; /* 0 = 1 */
	uint32_t number;
	uint8_t number_n;  /* bytes of the packet number; 0 = 1 */
	const char *token; /* may be NULL */
	const char *cid;   /* hexadecimal; NULL = that of the RFCs */
	size_t pad;	   /* zeros behind the frames, so that the packet has as many bytes */
};

#if WR_HAVE_NETTLE
static void quic_label(uint8_t *to, size_t n, const uint8_t *secret, const char *label)
{
	struct hmac_sha256_ctx c;
	struct made info = {.n = 0};
	size_t at;

	put_n(&info, n, 2);
	at = open_len(&info, 1);
	put_text(&info, "tls13 ");
	put_text(&info, label);
	close_len(&info, at, 1);
	put_hex(&info, "00 01");
	hmac_sha256_set_key(&c, 32, secret);
	hmac_sha256_update(&c, info.n, info.b);
	hmac_sha256_digest(&c, n, to);
}

/* Seals frames as a client's Initial packet (RFC 9001, 5). */
__attribute__((unused)) static void put_initial(struct made *m, const struct initial *p,
						const struct made *frames)
{
	static const char *const salts[] = {"38762cf7f55934b34d179ae6a4c80cadccbb7f0a",
					    "0dede3def700a6db819381be6e269dcbf9bd2ed9",
					    "afbfec289993d24c9e9786f19c6111e04390a899"};
	uint32_t version = p->version ? p->version : 1;
	bool two = version == 0x6b3343cf;
	struct made salt = {.n = 0}, cid = {.n = 0}, plain = *frames;
	uint8_t initial[32], client[32], key[16], iv[12], hp[16], sample[16], tag[16];
	size_t start = m->n, pn_n = p->number_n ? p->number_n : 1, pn, body, i;
	struct hmac_sha256_ctx hmac;
	struct aes128_ctx aes;
	struct gcm_aes128_ctx gcm;

	put_hex(&salt, salts[two ? 1 : version == 1 ? 0 : 2]);
	put_hex(&cid, p->cid ? p->cid : "8394c8f03e515708");
	hmac_sha256_set_key(&hmac, salt.n, salt.b);
	hmac_sha256_update(&hmac, cid.n, cid.b);
	hmac_sha256_digest(&hmac, 32, initial);
	quic_label(client, 32, initial, "client in");
	quic_label(key, 16, client, two ? "quicv2 key" : "quic key");
	quic_label(iv, 12, client, two ? "quicv2 iv" : "quic iv");
	quic_label(hp, 16, client, two ? "quicv2 hp" : "quic hp");
	while (plain.n + 16 < p->pad || plain.n < 4)
		put_n(&plain, 0, 1);

	put_n(m, (two ? 0xd0 : 0xc0) | (pn_n - 1), 1);
	put_n(m, version, 4);
	put_n(m, cid.n, 1);
	put(m, cid.b, cid.n);
	put_hex(m, "03 aabbcc");
	put_varint(m, p->token ? strlen(p->token) : 0);
	put_text(m, p->token ? p->token : "");
	put_varint(m, pn_n + plain.n + 16);
	pn = m->n;
	put_n(m, p->number, pn_n);
	body = m->n;
	if (body + plain.n + 16 > sizeof(m->b)) {
		m->n = start;
		return;
	}
	for (i = 0; i < pn_n; i++)
		iv[12 - pn_n + i] ^= m->b[pn + i];
	gcm_aes128_set_key(&gcm, key);
	gcm_aes128_set_iv(&gcm, 12, iv);
	gcm_aes128_update(&gcm, body - start, m->b + start);
	gcm_aes128_encrypt(&gcm, plain.n, m->b + body, plain.b);
	gcm_aes128_digest(&gcm, 16, tag);
	m->n += plain.n;
	put(m, tag, 16);
	aes128_set_encrypt_key(&aes, hp);
	aes128_encrypt(&aes, 16, sample, m->b + pn + 4);
	m->b[start] ^= sample[0] & 15;
	for (i = 0; i < pn_n; i++)
		m->b[pn + i] ^= sample[1 + i];
}
#else
__attribute__((unused)) static void put_initial(struct made *m, const struct initial *p,
						const struct made *frames)
{
	(void)m;
	(void)p;
	(void)frames;
}
#endif

#endif
