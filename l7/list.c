/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "l7/parser.h"

/*
 * All protocols, in the order in which they are asked: those with the longest magic first, DNS,
 * which has none, last. The first that does not say no has the word.
 */
static const struct wr_l7_parser *const list[] = {
	&wr_l7_proxy, &wr_l7_tls, &wr_l7_ssh, &wr_l7_http, &wr_l7_quic, &wr_l7_dtls, &wr_l7_dns,
};

static const char *const names[WR_L7_COUNT] = {
#define X(sym, name) name,
	WR_L7_TABLE(X)
#undef X
};

int wr_l7_ask(struct wr_l7 *out, const struct wr_l7_look *in)
{
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(list) / sizeof(list[0]) && !r; i++)
		if (!list[i]->ip_proto || list[i]->ip_proto == in->ip_proto)
			r = list[i]->read(out, in);
	return r;
}

int wr_l7_read(struct wr_l7 *out, const uint8_t *payload, size_t len, uint8_t ip_proto,
	       uint16_t sport, uint16_t dport)
{
	struct wr_l7_look in = {
		.at = payload,
		.n = len < WR_L7_LOOK_MAX ? len : WR_L7_LOOK_MAX,
		.ip_proto = ip_proto,
		.sport = sport,
		.dport = dport,
	};
	int r;

	memset(out, 0, sizeof(*out));
	if (!len)
		return -ENODATA;
	r = wr_l7_ask(out, &in);
	if (r == -ENODATA && in.n == WR_L7_LOOK_MAX)
		return out->proto != WR_L7_NONE;
	return r;
}

const char *wr_l7_name(uint8_t proto)
{
	return proto < WR_L7_COUNT ? names[proto] : "unknown";
}
