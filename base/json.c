/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

/*
 * No state is kept: the last byte written tells whether a comma is due. A finished value ends with
 * a quote, a digit, a letter or a closing bracket; what opens a level or a line ends otherwise.
 */
static bool comma_due(const struct wr_buf *b)
{
	char last = b->used ? b->at[b->used - 1] : '\n';

	return last != '{' && last != '[' && last != ':' && last != '\n';
}

void wr_json_next(struct wr_buf *b)
{
	if (comma_due(b))
		wr_buf_char(b, ',');
}

void wr_json_key(struct wr_buf *b, const char *key)
{
	size_t n = strlen(key);
	char *to = wr_buf_room(b, n + 4), *from = to;

	if (!to)
		return;
	if (comma_due(b))
		*to++ = ',';
	*to++ = '"';
	memcpy(to, key, n + 1);
	to += n;
	*to++ = '"';
	*to++ = ':';
	b->used += (size_t)(to - from);
}

/* What stands before a value: its key, or a comma in an array. */
static void before(struct wr_buf *b, const char *key)
{
	if (key)
		wr_json_key(b, key);
	else
		wr_json_next(b);
}

void wr_json_open(struct wr_buf *b)
{
	wr_json_next(b);
	wr_buf_char(b, '{');
}

void wr_json_close(struct wr_buf *b)
{
	wr_buf_char(b, '}');
}

void wr_json_open_key(struct wr_buf *b, const char *key)
{
	wr_json_key(b, key);
	wr_buf_char(b, '{');
}

void wr_json_array(struct wr_buf *b, const char *key)
{
	before(b, key);
	wr_buf_char(b, '[');
}

void wr_json_end_array(struct wr_buf *b)
{
	wr_buf_char(b, ']');
}

void wr_json_u64(struct wr_buf *b, const char *key, uint64_t v)
{
	before(b, key);
	wr_buf_u64(b, v);
}

/* JSON has no infinity and no NaN. */
void wr_json_double(struct wr_buf *b, const char *key, double v)
{
	before(b, key);
	if (isfinite(v))
		wr_buf_double(b, v);
	else
		wr_buf_str(b, "null");
}

void wr_json_bool(struct wr_buf *b, const char *key, bool v)
{
	before(b, key);
	wr_buf_add(b, v ? "true" : "false", v ? 4 : 5);
}

/* ---- strings ---- */

static void escape(struct wr_buf *b, unsigned int code)
{
	static const char named[32] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	wr_buf_char(b, '\\');
	if (code == '"' || code == '\\') {
		wr_buf_char(b, (char)code);
	} else if (code < 32 && named[code]) {
		wr_buf_char(b, named[code]);
	} else {
		wr_buf_char(b, 'u');
		wr_buf_hex(b, code, 4);
	}
}

/* One character that is not plain ASCII. Returns its bytes. */
static size_t special(struct wr_buf *b, const uint8_t *s, size_t n)
{
	size_t size = s[0] < 0x80 ? 0 : wr_utf8_size(s, n);

	if (!size) {
		escape(b, s[0]);
		return 1;
	}
	if (!wr_utf8_steers(s, size))
		wr_buf_add(b, s, size);
	else if (size == 2)
		escape(b, (s[0] & 31u) << 6 | (s[1] & 63u));
	else
		escape(b, (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u));
	return size;
}

static bool plain(uint8_t c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

void wr_json_strn(struct wr_buf *b, const char *key, const void *s, size_t n)
{
	const uint8_t *at = s;
	size_t i;

	before(b, key);
	wr_buf_char(b, '"');
	while (n) {
		for (i = 0; i < n && plain(at[i]); i++)
			;
		wr_buf_add(b, at, i);
		if (i < n)
			i += special(b, at + i, n - i);
		at += i;
		n -= i;
	}
	wr_buf_char(b, '"');
}

void wr_json_str(struct wr_buf *b, const char *key, const char *s)
{
	wr_json_strn(b, key, s, strlen(s));
}

/* RFC 4648, 4 */
void wr_json_base64(struct wr_buf *b, const char *key, const void *bytes, size_t n)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *s = bytes;
	uint32_t v;
	char *to;

	before(b, key);
	to = wr_buf_room(b, (n + 2) / 3 * 4 + 2);
	if (!to)
		return;
	b->used += (n + 2) / 3 * 4 + 2;
	*to++ = '"';
	for (; n >= 3; n -= 3, s += 3) {
		v = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];
		*to++ = digit[v >> 18];
		*to++ = digit[v >> 12 & 63];
		*to++ = digit[v >> 6 & 63];
		*to++ = digit[v & 63];
	}
	if (n) {
		v = (uint32_t)s[0] << 16 | (n > 1 ? (uint32_t)s[1] << 8 : 0);
		*to++ = digit[v >> 18];
		*to++ = digit[v >> 12 & 63];
		*to++ = n > 1 ? digit[v >> 6 & 63] : '=';
		*to++ = '=';
	}
	*to = '"';
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t wr_json_base64_read(const char *text, size_t n, uint8_t *bytes)
{
	uint32_t v = 0;
	size_t used = 0;
	int bits = 0;

	if (n % 4)
		return -EINVAL;
	for (int i = 0; i < 2 && n && text[n - 1] == '='; i++)
		n--;
	for (size_t i = 0; i < n; i++) {
		int digit = digit_of(text[i]);

		if (digit < 0)
			return -EINVAL;
		v = v << 6 | (uint32_t)digit;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		bytes[used++] = (uint8_t)(v >> bits);
	}
	return (ssize_t)used;
}

void wr_json_time(struct wr_buf *b, const char *key, uint64_t ns)
{
	before(b, key);
	wr_buf_char(b, '"');
	wr_buf_time(b, ns);
	wr_buf_char(b, '"');
}

void wr_json_ip(struct wr_buf *b, const char *key, const uint8_t *addr_net, int ip_v)
{
	before(b, key);
	wr_buf_char(b, '"');
	if (ip_v == 4)
		wr_buf_ip4(b, addr_net);
	else
		wr_buf_ip6(b, addr_net);
	wr_buf_char(b, '"');
}
