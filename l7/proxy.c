/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"

#include <arpa/inet.h>

/* The PROXY protocol (HAProxy, doc/proxy-protocol.txt): who the client in front of the proxy is,
 * and then what that client says. */

enum {
	V1_MAX = 107, /* bytes of the longest line, with its end (2.1) */
	V2_HEAD = 16,
	V2_PROXY = 0x21, /* version 2, command PROXY; 0x20 is LOCAL: the proxy itself */
};

static const uint8_t v2_magic[12] = "\r\n\r\n\0\r\nQUIT\n";

/* What stands behind the header. */
static int behind(struct wr_l7 *out, const struct wr_l7_look *in, size_t head)
{
	struct wr_l7_look rest = *in;
	int r;

	rest.inside = true;
	rest.at += head;
	rest.n -= head;
	r = rest.n ? wr_l7_ask(out, &rest) : -ENODATA;
	if (!out->proto)
		out->proto = WR_L7_PROXY;
	return r ? r : 1;
}

/* ---- version 1: PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 ---- */

/* The next word of a line, terminated in place. */
static char *word(char **line)
{
	return strsep(line, " ");
}

static bool port(uint16_t *to, const char *text)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; text && text[i] >= '0' && text[i] <= '9' && i < 5; i++)
		v = v * 10 + (uint32_t)(text[i] - '0');
	*to = (uint16_t)v;
	return i && !text[i] && v <= 0xffff;
}

static bool addresses(struct wr_l7_via *via, const char *family, char *line)
{
	int i, af = !strcmp(family, "TCP4") ? AF_INET : AF_INET6;

	if (af == AF_INET6 && strcmp(family, "TCP6"))
		return false;
	for (i = 0; i < 2; i++) {
		const char *text = word(&line);

		if (!text || inet_pton(af, text, via->addr[i]) != 1)
			return false;
	}
	if (!port(&via->port[0], word(&line)) || !port(&via->port[1], word(&line)) || line)
		return false;
	via->ip_v = af == AF_INET ? 4 : 6;
	return true;
}

static int version1(struct wr_l7 *out, const struct wr_l7_look *in)
{
	size_t n = in->n < V1_MAX ? in->n : V1_MAX, end;
	const uint8_t *lf = memchr(in->at, '\n', n);
	struct wr_l7_via via = {.version = 1};
	char text[V1_MAX], *line = text, *family;

	if (!lf)
		return n < V1_MAX ? -ENODATA : 0;
	end = (size_t)(lf - in->at);
	if (in->at[end - 1] != '\r' || memchr(in->at, 0, end))
		return 0;
	memcpy(text, in->at, end - 1);
	text[end - 1] = 0;
	word(&line); /* PROXY */
	family = word(&line);
	if (strcmp(family, "UNKNOWN") && (!line || !addresses(&via, family, line)))
		return 0;
	out->via = via;
	return behind(out, in, end + 1);
}

/* ---- version 2: binary ---- */

/* Address families of the upper half of byte 13, and how long an address is (2.2) */
static const struct {
	uint8_t ip_v, bytes;
} families[] = {{0, 0}, {4, 4}, {6, 16}};

static int version2(struct wr_l7 *out, const struct wr_l7_look *in)
{
	size_t len, family, n;
	const uint8_t *b = in->at;

	if ((in->n > 12 && b[12] != V2_PROXY && b[12] != 0x20) || (in->n > 13 && b[13] > 0x32))
		return 0;
	if (in->n < V2_HEAD)
		return -ENODATA;
	len = wr_l7_be16(b + 14);
	family = b[12] == V2_PROXY ? b[13] >> 4 : 0;
	n = family < 3 ? families[family].bytes : 0;
	if (len < 2 * n + (n ? 4 : 0))
		return 0;
	out->proto = WR_L7_PROXY;
	if (in->n < V2_HEAD + len)
		return -ENODATA;
	out->proto = WR_L7_NONE;
	out->via.version = 2;
	if (n) {
		out->via.ip_v = families[family].ip_v;
		b += V2_HEAD;
		memcpy(out->via.addr[0], b, n);
		memcpy(out->via.addr[1], b + n, n);
		out->via.port[0] = wr_l7_be16(b + 2 * n);
		out->via.port[1] = wr_l7_be16(b + 2 * n + 2);
	}
	return behind(out, in, V2_HEAD + len);
}

static int proxy_read(struct wr_l7 *out, const struct wr_l7_look *in)
{
	int r;

	if (in->inside)
		return 0;
	r = wr_l7_begins(in, v2_magic, sizeof(v2_magic));
	if (r)
		return r > 0 ? version2(out, in) : r;
	r = wr_l7_begins(in, "PROXY ", 6);
	return r > 0 ? version1(out, in) : r;
}

const struct wr_l7_parser wr_l7_proxy = {.ip_proto = 0, .read = proxy_read};
