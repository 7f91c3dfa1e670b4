/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"

#include <strings.h>

/* HTTP/1 (RFC 9112) and the first bytes of HTTP/2 without TLS (RFC 9113, 3.4). */

enum {
	TOKEN_MAX = 32,	  /* longest method that is believed to be one */
	PATH_LOOK = 1024, /* bytes of a target that can get into `path` */
};

/* With a slash behind them these are HTTP, whatever follows (IANA, HTTP Method Registry) */
static const char *const methods[] = {
	"GET",	 "POST",  "HEAD",   "PUT",	"DELETE", "OPTIONS", "PATCH",
	"TRACE", "MKCOL", "REPORT", "PROPFIND", "SEARCH", "MOVE",    "COPY",
};

static const char preface[24] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/* RFC 9110, 5.6.2 */
static bool is_token(uint8_t c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"(),/:;<=>?@[\\]{}", c);
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool known(const uint8_t *at, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i]) == n && !memcmp(methods[i], at, n))
			return true;
	return false;
}

/* ---- what is kept ---- */

static void put_host(struct wr_l7 *out, const uint8_t *at, size_t n)
{
	const uint8_t *user = memrchr(at, '@', n);

	if (user) {
		n -= (size_t)(user + 1 - at);
		at = user + 1;
	}
	if (n && !out->host[0] && wr_l7_text(out->host, sizeof(out->host), at, n))
		out->cut |= WR_L7_CUT_HOST;
}

/* Where the first byte of this set stands; n = nowhere. */
static size_t find(const uint8_t *at, size_t n, const char *set)
{
	for (; *set; set++) {
		const uint8_t *hit = memchr(at, *set, n);

		n = hit ? (size_t)(hit - at) : n;
	}
	return n;
}

/* Without parameters that have a value (RFC 3986, 3.3): /a;jsessionid=1/b is /a/b. Those without
 * one stay, since /..;/ is how some are lured out of their directory. */
static void put_path(struct wr_l7 *out, const uint8_t *at, size_t n)
{
	uint8_t kept[PATH_LOOK];
	size_t i, used = 0, look = n < PATH_LOOK ? n : PATH_LOOK;

	for (i = 0; i < look; i++) {
		size_t param = at[i] == ';' ? find(at + i, look - i, "/") : 0;

		if (param && memchr(at + i, '=', param))
			i += param - 1;
		else
			kept[used++] = at[i];
	}
	if (wr_l7_text(out->path, sizeof(out->path), kept, used) || look < n)
		out->cut |= WR_L7_CUT_PATH;
}

/* ---- the first line ---- */

/* absolute-form: http://host/path (RFC 9112, 3.2.2). Returns the bytes before the path. */
static size_t put_authority(struct wr_l7 *out, const uint8_t *at, size_t n)
{
	size_t scheme = find(at, n, ":/"), len;

	if (n - scheme < 3 || memcmp(at + scheme, "://", 3))
		return 0;
	scheme += 3;
	len = find(at + scheme, n - scheme, "/");
	put_host(out, at + scheme, len);
	return scheme + len;
}

/* The target: `whole`, or its first n bytes and then it begins with a slash. */
static void put_target(struct wr_l7 *out, const uint8_t *at, size_t n, bool whole)
{
	size_t end = find(at, n, "?#"), skip;

	if (!whole && end == n && n < PATH_LOOK)
		return;
	if (!strcmp(out->method, "CONNECT")) {
		put_host(out, at, end);
		return;
	}
	skip = at[0] == '/' ? 0 : put_authority(out, at, end);
	if (skip && skip == end)
		put_path(out, (const uint8_t *)"/", 1);
	else if (skip || at[0] == '/' || (end == 1 && at[0] == '*'))
		put_path(out, at + skip, end - skip);
	/* Anything else is no target, and nobody knows what stands in it. */
}

static void put_method(struct wr_l7 *out, const uint8_t *at, size_t n)
{
	out->proto = WR_L7_HTTP;
	out->side = WR_L7_CLIENT;
	if (wr_l7_text(out->method, sizeof(out->method), at, n))
		out->cut |= WR_L7_CUT_METHOD;
}

/* What ends a request line: " HTTP/1.1" and a line end. Returns its bytes, 0, or -ENODATA. */
static int read_version(const uint8_t *b, size_t n)
{
	static const char form[] = " HTTP/0.0\r\n";
	size_t i;

	for (i = 0; i < n && form[i]; i++) {
		if (i == 9 && b[i] == '\n')
			return (int)i + 1;
		if (form[i] == '0' ? !is_digit(b[i]) : b[i] != (uint8_t)form[i])
			return 0;
	}
	return form[i] ? -ENODATA : (int)i;
}

/*
 * Request line. A method that is known and a slash are enough to be certain; any other has to show
 * its version first. Returns as a parser does; *end is where the header fields begin.
 */
static int read_request(struct wr_l7 *out, const uint8_t *b, size_t n, size_t *end)
{
	size_t method = 0, target, len;
	bool certain;
	int version;

	while (method < n && is_token(b[method]))
		if (method++ == TOKEN_MAX)
			return 0;
	if (method == n)
		return -ENODATA;
	if (!method || b[method] != ' ')
		return 0;
	target = method + 1;
	if (target == n)
		return -ENODATA;
	certain = b[target] == '/' && known(b, method);
	if (certain)
		put_method(out, b, method);
	len = find(b + target, n - target, " \r\n");
	if (target + len == n) {
		if (certain)
			put_target(out, b + target, len, false);
		return -ENODATA;
	}
	version = len ? read_version(b + target + len, n - target - len) : 0;
	if (!certain && version <= 0)
		return version;
	if (!certain)
		put_method(out, b, method);
	put_target(out, b + target, len, true);
	if (version > 0)
		wr_l7_text(out->version, sizeof(out->version), b + target + len + 6, 3);
	*end = version > 0 ? target + len + (size_t)version : 0;
	return version ? version : 1;
}

/* Status line: HTTP/1.1 200 */
static int read_status(struct wr_l7 *out, const uint8_t *b, size_t n)
{
	static const char form[] = "HTTP/0.0 000";
	size_t i;

	for (i = 0; i < n && form[i]; i++)
		if (form[i] == '0' ? !is_digit(b[i]) : b[i] != (uint8_t)form[i])
			return 0;
	if (form[i] || i == n)
		return -ENODATA;
	if (b[i] != ' ' && b[i] != '\r' && b[i] != '\n')
		return 0;
	if (b[9] == '0')
		return 0;
	out->proto = WR_L7_HTTP;
	out->side = WR_L7_SERVER;
	out->status = (uint16_t)((b[9] - '0') * 100 + (b[10] - '0') * 10 + (b[11] - '0'));
	wr_l7_text(out->version, sizeof(out->version), b + 5, 3);
	return 1;
}

/* ---- header fields ---- */

static void field(struct wr_l7 *out, const uint8_t *at, size_t n)
{
	if (n < 5 || strncasecmp((const char *)at, "host:", 5))
		return;
	at += 5;
	n -= 5;
	while (n && (*at == ' ' || *at == '\t')) {
		at++;
		n--;
	}
	while (n && (at[n - 1] == ' ' || at[n - 1] == '\t' || at[n - 1] == '\r'))
		n--;
	put_host(out, at, n);
}

/* Until Host is known or the fields end. */
static int read_fields(struct wr_l7 *out, const uint8_t *b, size_t n)
{
	while (!out->host[0]) {
		const uint8_t *lf = memchr(b, '\n', n);
		size_t len;

		if (!lf)
			return -ENODATA;
		len = (size_t)(lf - b);
		if (!len || (len == 1 && *b == '\r'))
			break;
		field(out, b, len);
		b += len + 1;
		n -= len + 1;
	}
	return 1;
}

static int http_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	const uint8_t *b = in->at;
	size_t n = in->n, end = 0;
	int r = wr_l7_begins(in, preface, sizeof(preface));

	if (r > 0) {
		out->proto = WR_L7_HTTP2;
		out->side = WR_L7_CLIENT;
	}
	if (r)
		return r;
	/* Servers are to ignore an empty line in front (RFC 9112, 2.2). */
	if (n >= 2 && !memcmp(b, "\r\n", 2)) {
		b += 2;
		n -= 2;
	}
	if (!n || (in->n == 1 && *b == '\r'))
		return -ENODATA;
	r = read_status(out, b, n);
	if (!r)
		r = read_request(out, b, n, &end);
	return r > 0 && end ? read_fields(out, b + end, n - end) : r;
}

const struct wr_l7_parser wr_l7_http = {.ip_proto = 6, .read = http_read};
