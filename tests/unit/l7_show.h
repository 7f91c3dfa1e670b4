/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_L7_SHOW_H
#define WR_TESTS_L7_SHOW_H

/* An answer as one line: what is there, as name=value with `between` between. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "l7/l7.h"

static void l7_show(struct wr_buf *b, const struct wr_l7 *l, int r, char between)
{
	static const char *const side[] = {"either", "client", "server"};
	static const struct {
		const char *name;
		size_t at;
		uint8_t cut;
	} text[] = {
		{"version", offsetof(struct wr_l7, version), 0},
		{"method", offsetof(struct wr_l7, method), WR_L7_CUT_METHOD},
		{"path", offsetof(struct wr_l7, path), WR_L7_CUT_PATH},
		{"host", offsetof(struct wr_l7, host), WR_L7_CUT_HOST},
		{"alpn", offsetof(struct wr_l7, alpn), WR_L7_CUT_ALPN},
		{"ja4", offsetof(struct wr_l7, ja4), 0},
		{"banner", offsetof(struct wr_l7, banner), WR_L7_CUT_BANNER},
	};
	size_t i;

	wr_buf_fmt(b, "%s%c%s", wr_l7_name(l->proto), between, side[l->side]);
	if (r == -ENODATA)
		wr_buf_fmt(b, "%cmore", between);
	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		const char *t = (const char *)l + text[i].at;

		if (*t)
			wr_buf_fmt(b, "%c%s=%s%s", between, text[i].name, t,
				   l->cut & text[i].cut ? "..." : "");
	}
	if (l->status)
		wr_buf_fmt(b, "%cstatus=%u", between, l->status);
	if (l->has & WR_L7_HAS_CIPHER)
		wr_buf_fmt(b, "%ccipher=%04x", between, l->cipher);
	if (l->has & WR_L7_HAS_QUESTION)
		wr_buf_fmt(b, "%cqtype=%u%cqclass=%u", between, l->qtype, between, l->qclass);
	if (l->has & WR_L7_HAS_ANSWER)
		wr_buf_fmt(b, "%crcode=%u%canswers=%u", between, l->rcode, between, l->answers);
	if (l->via.version)
		wr_buf_fmt(b, "%cvia=%u", between, l->via.version);
	for (i = 0; i < 2 && l->via.ip_v; i++) {
		char addr[INET6_ADDRSTRLEN];

		inet_ntop(l->via.ip_v == 4 ? AF_INET : AF_INET6, l->via.addr[i], addr,
			  sizeof(addr));
		wr_buf_fmt(b, "%c%s=%s,%u", between, i ? "to" : "from", addr, l->via.port[i]);
	}
}

#endif
