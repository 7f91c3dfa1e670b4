/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "base/utf8.h"
#include "view/packet.h"

/* ---- numbers ---- */

void wr_view_number(char out[WR_VIEW_CELL], uint64_t v)
{
	static const char unit[] = "MGTPE";
	double d = (double)v / 1e6;
	int u = 0;

	if (v < 1000)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64, v);
	else if (v < 1000000)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 ",%03" PRIu64, v / 1000, v % 1000);
	else if (v < 10000000)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 ",%03" PRIu64 ",%03" PRIu64, v / 1000000,
			 v / 1000 % 1000, v % 1000);
	else {
		for (; d >= 999.95 && u < 4; u++)
			d /= 1000;
		snprintf(out, WR_VIEW_CELL, "%.1f %c", d, unit[u]);
	}
}

void wr_view_digits(struct wr_buf *b, uint64_t v)
{
	uint64_t unit = 1;

	while (v / unit >= 1000)
		unit *= 1000;
	wr_buf_u64(b, v / unit);
	for (unit /= 1000; unit; unit /= 1000)
		wr_buf_fmt(b, ",%03u", (unsigned int)(v / unit % 1000));
}

void wr_view_si(char out[WR_VIEW_CELL], double v, const char *unit)
{
	static const char *const prefix[] = {"", "k", "M", "G", "T", "P", "E"};
	int p = 0;

	for (; v >= (p ? 999.95 : 999.5) && p < 6; p++)
		v /= 1000;
	snprintf(out, WR_VIEW_CELL, "%.*f%s%s%s", p ? 1 : 0, v, p || unit[0] ? " " : "", prefix[p],
		 unit);
}

void wr_view_percent(char out[WR_VIEW_CELL], uint64_t part, uint64_t all)
{
	double p = all ? 100.0 * (double)part / (double)all : 0;

	if (part && p < 0.05)
		snprintf(out, WR_VIEW_CELL, "<0.1%%");
	else if (part != all && p >= 99.95)
		snprintf(out, WR_VIEW_CELL, ">99.9%%");
	else
		snprintf(out, WR_VIEW_CELL, "%.1f%%", p);
}

void wr_view_duration(char out[WR_VIEW_CELL], uint64_t ns)
{
	double s = (double)ns / 1e9;
	uint64_t m = ns / 60000000000;

	if (ns < 1000000)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 " us", ns / 1000);
	else if (ns < 1000000000)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 " ms", ns / 1000000);
	else if (m < 2)
		snprintf(out, WR_VIEW_CELL, "%.1f s", s);
	else if (m < 120)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 "m %02us", m,
			 (unsigned int)(ns / 1000000000 % 60));
	else if (m < 48 * 60)
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 "h %02um", m / 60, (unsigned int)(m % 60));
	else
		snprintf(out, WR_VIEW_CELL, "%" PRIu64 "d %02uh", m / 1440,
			 (unsigned int)(m / 60 % 24));
}

void wr_view_moment(struct wr_buf *b, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	char text[40];
	struct tm tm;

	if (gmtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		wr_buf_str(b, text);
}

/* ---- ends and protocols ---- */

void wr_view_address(struct wr_buf *b, const uint8_t *addr_net, int ip_v)
{
	if (ip_v == 4)
		wr_buf_ip4(b, addr_net);
	else
		wr_buf_ip6(b, addr_net);
}

void wr_view_end(struct wr_buf *b, const uint8_t *addr_net, int ip_v, unsigned int port)
{
	bool brackets = ip_v == 6 && port;

	if (brackets)
		wr_buf_char(b, '[');
	wr_view_address(b, addr_net, ip_v);
	if (brackets)
		wr_buf_char(b, ']');
	if (port)
		wr_buf_fmt(b, ":%u", port);
}

void wr_view_end_of(struct wr_buf *b, const struct wr_flow_key *k, int end)
{
	wr_view_end(b, k->addr[end], k->ip_v, k->port[end]);
}

void wr_view_proto_of(struct wr_buf *b, uint16_t tag, uint8_t proto)
{
	const char *name = wr_view_proto(proto);

	if (tag & WR_FLOW_NO_PROTO)
		wr_buf_str(b, "?");
	else if (name)
		wr_buf_str(b, name);
	else
		wr_buf_fmt(b, "proto %u", proto);
}

void wr_view_service_of(struct wr_buf *b, const struct wr_talk_key *k)
{
	wr_view_proto_of(b, k->tag, k->proto);
	wr_buf_char(b, ' ');
	wr_view_end(b, k->addr, k->ip_v, k->port);
}

void wr_view_protocol_of(struct wr_buf *b, const struct wr_talk_key *k)
{
	const char *name = wr_view_ethertype(k->port);

	if (k->ip_v)
		wr_view_proto_of(b, k->tag, k->proto);
	else if (!k->port)
		wr_buf_str(b, "not IP");
	else if (name)
		wr_buf_str(b, name);
	else
		wr_buf_fmt(b, "EtherType 0x%04x", k->port);
}

void wr_view_flow_of(struct wr_buf *b, const struct wr_flow *f)
{
	int server = wr_flow_server(f);

	wr_view_end_of(b, &f->key, !server);
	wr_buf_str(b, " > ");
	wr_view_end_of(b, &f->key, server);
	wr_buf_char(b, ' ');
	wr_view_proto_of(b, f->key.tag, f->key.proto);
	if (f->key.tag & WR_FLOW_VLAN)
		wr_buf_fmt(b, " vlan %u", f->key.tag & WR_FLOW_VLAN_ID);
}

/* ---- strangers' text ---- */

/* One character of text as a terminal may have it. */
struct glyph {
	const char *text;
	size_t size, read; /* bytes of text; bytes that it was made from */
	int columns;
};

static struct glyph glyph(const char *text, bool utf8)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t size = wr_utf8_size(s, strnlen(text, 4));
	int columns;

	if (size == 1 && s[0] >= 0x20 && s[0] != 0x7f)
		return (struct glyph){text, 1, 1, 1};
	if (size < 2 || wr_utf8_steers(s, size) || !utf8)
		return (struct glyph){"?", 1, size ? size : 1, 1};
	columns = wcwidth((wchar_t)wr_utf8_point(s, size));
	return (struct glyph){text, size, size, columns < 0 ? 1 : columns};
}

void wr_view_plain(struct wr_buf *b, const char *text, bool utf8)
{
	while (*text) {
		struct glyph g = glyph(text, utf8);

		wr_buf_add(b, g.text, g.size);
		text += g.read;
	}
}

int wr_view_columns(const char *text, bool utf8)
{
	int columns = 0;

	while (*text) {
		struct glyph g = glyph(text, utf8);

		columns += g.columns;
		text += g.read;
	}
	return columns;
}

/* As much of text as takes at most `columns`. Returns how many it took. */
static int head(struct wr_buf *b, const char *text, int columns, bool utf8)
{
	int used = 0;

	while (*text) {
		struct glyph g = glyph(text, utf8);

		if (used + g.columns > columns)
			break;
		wr_buf_add(b, g.text, g.size);
		used += g.columns;
		text += g.read;
	}
	return used;
}

static int tail(struct wr_buf *b, const char *text, int columns, bool utf8)
{
	int all = wr_view_columns(text, utf8);

	while (*text && all > columns) {
		struct glyph g = glyph(text, utf8);

		all -= g.columns;
		text += g.read;
	}
	return head(b, text, columns, utf8);
}

void wr_view_fit(struct wr_buf *b, const char *text, int columns, enum wr_view_cut cut, bool utf8)
{
	int behind = cut == WR_VIEW_CUT_MIDDLE ? (columns - 1) / 2 : 0, used;

	if (columns <= 0)
		return;
	if (wr_view_columns(text, utf8) <= columns) {
		used = head(b, text, columns, utf8);
	} else {
		used = head(b, text, columns - 1 - behind, utf8) + 1;
		wr_buf_str(b, utf8 ? "\u2026" : "~");
		used += tail(b, text, behind, utf8);
	}
	for (; used < columns; used++)
		wr_buf_char(b, ' ');
}
