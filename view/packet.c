/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/packet.h"
#include "view/packet_impl.h"

#include "core/reason.h"

struct wr_view_opts wr_view_tcpopts(const struct wr_rec *rec, int h)
{
	bool short_of_bytes = rec->bad == WR_BAD_CUT || rec->bad == WR_BAD_DEEP;

	return (struct wr_view_opts){
		.bytes = rec->hdr[h].tcp_opt,
		.n = rec->hdr[h].tcp_opt_len,
		.cut = short_of_bytes && rec->bad_depth == h,
	};
}

struct wr_view_opts wr_view_ip4opts(const struct wr_rec *rec, int h)
{
	return (struct wr_view_opts){.bytes = rec->hdr[h].ext, .n = rec->hdr[h].ext_len};
}

bool wr_view_opt_next(struct wr_view_opts *opts, struct wr_view_opt *opt)
{
	const uint8_t *at = opts->bytes + opts->at;
	uint32_t left = opts->n - opts->at, len;

	if (!left)
		return false;
	opt->kind = at[0];
	opt->size = 0;
	if (opt->kind <= 1) { /* end of list, no operation: one byte, in TCP as in IPv4 */
		opts->at = opt->kind ? opts->at + 1 : opts->n;
		return true;
	}
	if (left < 2 || at[1] < 2)
		return false;
	len = at[1];
	if (len > left) {
		opts->at = opts->n;
		return opts->cut;
	}
	opt->size = (uint8_t)(len - 2);
	opt->value = at + 2;
	opts->at += len;
	return true;
}

/* Bytes between the IP header and the data of protocols that have no length of their own. */
static uint32_t data_behind_ip(const struct wr_hdr *h)
{
	bool icmp = h->has & WR_H_ICMP;

	return h->ip_hdr_len + (icmp ? 8u : 0u);
}

uint32_t wr_view_payload(const struct wr_packet *pkt, const struct wr_rec *rec, int h,
			 uint32_t want, const uint8_t **at)
{
	const struct wr_hdr *hdr = &rec->hdr[h];
	uint32_t off, n, skip;

	if (!want || !pkt->data || (h && !(rec->has & WR_HAS_INNER)))
		return 0;
	if (hdr->has & WR_H_PAYLOAD) {
		off = hdr->payload_off;
		n = hdr->payload_len;
	} else if (!h && rec->hdr_off && hdr->has & WR_H_IP &&
		   !(hdr->has & (WR_H_TCP | WR_H_EXT))) {
		skip = data_behind_ip(hdr);
		off = rec->hdr_off + skip;
		n = hdr->ip_len + hdr->ip_hdr_len;
		n = n > skip ? n - skip : 0;
	} else {
		return 0;
	}
	if (off >= pkt->caplen)
		return 0;
	if (n > pkt->caplen - off)
		n = pkt->caplen - off;
	*at = pkt->data + off;
	return n < want ? n : want;
}

void wr_view_addr(struct wr_buf *b, const struct wr_hdr *h, const uint8_t addr_net[16])
{
	if (h->ip_v == 6)
		wr_buf_ip6(b, addr_net);
	else
		wr_buf_ip4(b, addr_net);
}
