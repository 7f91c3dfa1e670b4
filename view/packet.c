/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/packet.h"
#include "view/packet_impl.h"

#include "core/proto.h"

bool wr_view_opt_next(const uint8_t *opts, uint32_t n, uint32_t *at, struct wr_view_opt *opt)
{
	uint32_t i = *at, len;

	if (i >= n)
		return false;
	opt->kind = opts[i];
	opt->size = 0;
	opt->value = opts + i;
	if (opt->kind <= 1) { /* end of list, no operation: one byte, in TCP as in IPv4 */
		*at = opt->kind ? i + 1 : n;
		return true;
	}
	if (i + 1 >= n)
		return false;
	len = opts[i + 1];
	if (len < 2 || i + len > n)
		return false;
	opt->size = (uint8_t)(len - 2);
	opt->value = opts + i + 2;
	*at = i + len;
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
