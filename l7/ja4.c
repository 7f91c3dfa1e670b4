/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"
#include "l7/crypto.h"
#include "l7/hello.h"

/*
 * JA4, the fingerprint of a TLS client: FoxIO's method, written from its description
 * (FoxIO-LLC/ja4, technical_details/JA4.md), which is under the BSD 3-clause licence, copyright
 * FoxIO. The other members of the family (JA4S, JA4H, ...) are under a licence that does not go
 * with ours and are not here.
 */

enum { HASH = 12, TEXT_MAX = 2 * WR_L7_HELLO_LIST * 5 };

static const char hex[] = "0123456789abcdef";

/* In hexadecimal order. The lists are short and arrive nearly sorted or not at all. */
static void sort(uint16_t *at, size_t n)
{
	size_t i, k;

	for (i = 1; i < n; i++) {
		uint16_t v = at[i];

		for (k = i; k && at[k - 1] > v; k--)
			at[k] = at[k - 1];
		at[k] = v;
	}
}

static char *put_two(char *to, size_t n)
{
	if (n > 99)
		n = 99;
	*to++ = (char)('0' + n / 10);
	*to++ = (char)('0' + n % 10);
	return to;
}

/* 1301,1302 */
static char *put_list(char *to, const uint16_t *at, size_t n)
{
	size_t i;
	int shift;

	for (i = 0; i < n; i++) {
		if (i)
			*to++ = ',';
		for (shift = 12; shift >= 0; shift -= 4)
			*to++ = hex[at[i] >> shift & 15];
	}
	return to;
}

/* The first digits of the text's SHA-256; of no text only zeros. */
static bool put_hash(char *to, const char *text, size_t n)
{
	uint8_t digest[WR_L7_SHA256] = {0};
	size_t i;

	if (n && wr_l7_sha256(digest, text, n))
		return false;
	for (i = 0; i < HASH; i++)
		to[i] = hex[digest[i / 2] >> (i & 1 ? 0 : 4) & 15];
	return true;
}

static const char *version(const struct wr_l7_hello *h)
{
	static const struct {
		uint16_t number;
		char text[3];
	} known[] = {
		{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"},
		{0x0002, "s2"}, {0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"},
	};
	uint16_t number = h->highest ? h->highest : h->version;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].number == number)
			return known[i].text;
	return "00";
}

static bool alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* First and last character, or of their hexadecimal form when one of them is no letter or digit */
static char *put_alpn(char *to, const struct wr_l7_hello *h)
{
	uint8_t first = h->alpn[0], last = h->alpn[1];

	if (!h->alpn_len) {
		*to++ = '0';
		*to++ = '0';
	} else if (alnum(first) && alnum(last)) {
		*to++ = (char)first;
		*to++ = (char)last;
	} else {
		*to++ = hex[first >> 4];
		*to++ = hex[last & 15];
	}
	return to;
}

/* t13d1516h2 */
static char *put_shape(char *to, const struct wr_l7_hello *h)
{
	*to++ = (char)h->over;
	memcpy(to, version(h), 2);
	to[2] = h->sni ? 'd' : 'i';
	to = put_two(to + 3, h->ciphers.n);
	to = put_two(to, h->extensions.n);
	return put_alpn(to, h);
}

/* What the client offers is sorted, since clients shuffle; SNI and ALPN are in the shape already.
 */
static size_t sorted_extensions(const struct wr_l7_hello *h, uint16_t *at)
{
	size_t i, n = 0;

	for (i = 0; i < h->extensions.n; i++)
		if (h->extensions.at[i] != 0 && h->extensions.at[i] != 16)
			at[n++] = h->extensions.at[i];
	sort(at, n);
	return n;
}

void wr_l7_ja4(char ja4[37], const struct wr_l7_hello *h)
{
	char text[TEXT_MAX], made[37] = "", *to, *end;
	uint16_t list[WR_L7_HELLO_LIST];
	size_t n = h->ciphers.n;

	if (h->ciphers.more || h->extensions.more || h->signatures.more)
		return;
	to = put_shape(made, h);
	*to++ = '_';
	memcpy(list, h->ciphers.at, n * sizeof(list[0]));
	sort(list, n);
	end = put_list(text, list, n);
	if (!put_hash(to, text, (size_t)(end - text)))
		return;
	to += HASH;
	*to++ = '_';
	n = sorted_extensions(h, list);
	end = put_list(text, list, n);
	if (n && h->signatures.n) {
		*end++ = '_';
		end = put_list(end, h->signatures.at, h->signatures.n);
	}
	if (put_hash(to, text, (size_t)(end - text)))
		memcpy(ja4, made, sizeof(made));
}
