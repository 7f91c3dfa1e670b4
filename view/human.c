/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/human.h"

#include <inttypes.h>
#include <stdio.h>

void wr_human_number(char out[WR_HUMAN_CELL], uint64_t v)
{
	static const char unit[] = "MGTPE";
	double d = (double)v / 1e6;
	int u = 0;

	if (v < 1000)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64, v);
	else if (v < 1000000)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 ",%03" PRIu64, v / 1000, v % 1000);
	else if (v < 10000000)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 ",%03" PRIu64 ",%03" PRIu64, v / 1000000,
			 v / 1000 % 1000, v % 1000);
	else {
		for (; d >= 999.95 && u < 4; u++)
			d /= 1000;
		snprintf(out, WR_HUMAN_CELL, "%.1f %c", d, unit[u]);
	}
}

void wr_human_digits(struct wr_buf *b, uint64_t v)
{
	if (v >= 1000) {
		wr_human_digits(b, v / 1000);
		wr_buf_fmt(b, ",%03u", (unsigned int)(v % 1000));
	} else {
		wr_buf_u64(b, v);
	}
}

void wr_human_si(char out[WR_HUMAN_CELL], double v, const char *unit)
{
	static const char *const prefix[] = {"", "k", "M", "G", "T", "P", "E"};
	int p = 0;

	for (; v >= (p ? 999.95 : 999.5) && p < 6; p++)
		v /= 1000;
	snprintf(out, WR_HUMAN_CELL, "%.*f %s%s", p ? 1 : 0, v, prefix[p], unit);
}

void wr_human_span(char out[WR_HUMAN_CELL], uint64_t ns)
{
	double s = (double)ns / 1e9;
	uint64_t m = ns / 60000000000;

	if (ns < 1000000)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 " us", ns / 1000);
	else if (ns < 1000000000)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 " ms", ns / 1000000);
	else if (m < 2)
		snprintf(out, WR_HUMAN_CELL, "%.1f s", s);
	else if (m < 120)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 "m %02us", m,
			 (unsigned int)(ns / 1000000000 % 60));
	else if (m < 48 * 60)
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 "h %02um", m / 60, (unsigned int)(m % 60));
	else
		snprintf(out, WR_HUMAN_CELL, "%" PRIu64 "d %02uh", m / 1440,
			 (unsigned int)(m / 60 % 24));
}

void wr_human_end(struct wr_buf *b, const uint8_t *addr_net, int ip_v, unsigned int port)
{
	bool brackets = ip_v == 6 && port;

	if (brackets)
		wr_buf_char(b, '[');
	if (ip_v == 4)
		wr_buf_ip4(b, addr_net);
	else
		wr_buf_ip6(b, addr_net);
	if (brackets)
		wr_buf_char(b, ']');
	if (port)
		wr_buf_fmt(b, ":%u", port);
}
