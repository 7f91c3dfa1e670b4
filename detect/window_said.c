/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/window_said.h"

#include "l7/l7.h"

enum { NXDOMAIN = 3 /* RFC 1035 4.1.1 */ };

static enum wr_window_count of_dns(const struct wr_l7 *l7)
{
	if (!(l7->has & WR_L7_HAS_QUESTION))
		return WR_WINDOW_COUNTS;
	if (!(l7->has & WR_L7_HAS_ANSWER))
		return WR_WINDOW_N_DNS_QUESTIONS;
	return l7->rcode == NXDOMAIN ? WR_WINDOW_N_DNS_MISSING : WR_WINDOW_COUNTS;
}

static enum wr_window_count of_http(const struct wr_l7 *l7)
{
	if (l7->side == WR_L7_CLIENT)
		return l7->method[0] ? WR_WINDOW_N_HTTP_REQUESTS : WR_WINDOW_COUNTS;
	if (l7->status >= 500)
		return WR_WINDOW_N_HTTP_ERRORS;
	return l7->status >= 400 ? WR_WINDOW_N_HTTP_REFUSED : WR_WINDOW_COUNTS;
}

static enum wr_window_count of_tls(const struct wr_l7 *l7)
{
	return l7->side == WR_L7_CLIENT ? WR_WINDOW_N_TLS_HELLOS : WR_WINDOW_COUNTS;
}

enum wr_window_count window_said(const struct wr_packet *pkt, const struct wr_hdr *h, bool *answers)
{
	static enum wr_window_count (*const of[WR_L7_COUNT])(const struct wr_l7 *l7) = {
		[WR_L7_DNS] = of_dns,  [WR_L7_HTTP] = of_http, [WR_L7_TLS] = of_tls,
		[WR_L7_DTLS] = of_tls, [WR_L7_QUIC] = of_tls,
	};
	struct wr_l7 l7;

	if (!(h->has & WR_H_PAYLOAD) || !(h->has & WR_H_PORTS) || !pkt->data ||
	    h->payload_off >= pkt->caplen)
		return WR_WINDOW_COUNTS;
	wr_l7_read(&l7, pkt->data + h->payload_off, pkt->caplen - h->payload_off, h->proto,
		   h->sport, h->dport);
	*answers = l7.side == WR_L7_SERVER;
	return of[l7.proto] ? of[l7.proto](&l7) : WR_WINDOW_COUNTS;
}
