/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture/format.h"
#include "capture/linktype.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Classic pcap (draft-ietf-opsawg-pcap): microseconds or nanoseconds, both byte orders, the record
 * with eight more bytes that a patched libpcap wrote, and the old versions with caplen and len
 * exchanged.
 */

enum { FILE_HEAD = 24, RECORD_HEAD = 16, PATCHED_HEAD = 24 };

static const struct magic {
	uint32_t value;
	uint32_t unit_ns;
	uint32_t head; /* bytes before each packet */
} magics[] = {
	{0xa1b2c3d4, 1000, RECORD_HEAD},
	{0xa1b23c4d, 1, RECORD_HEAD},
	{0xa1b2cd34, 1000, PATCHED_HEAD},
};

enum order { IN_ORDER, EXCHANGED, PERHAPS };

struct pcap {
	struct wr_reader base;
	bool swapped;  /* file and host differ in byte order */
	uint8_t order; /* of caplen and len */
	uint16_t linktype;
	uint32_t unit_ns, head;
};

static uint32_t u32(const struct pcap *f, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t u16(const struct pcap *f, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return f->swapped ? __builtin_bswap16(v) : v;
}

static const struct magic *magic_of(const uint8_t head[4], bool *swapped)
{
	uint32_t v;

	memcpy(&v, head, sizeof(v));
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		*swapped = magics[i].value != v;
		if (magics[i].value == v || magics[i].value == __builtin_bswap32(v))
			return &magics[i];
	}
	return NULL;
}

static bool pcap_match(const uint8_t head[4])
{
	bool swapped;

	return magic_of(head, &swapped) != NULL;
}

/* Before 2.3 len came first; 2.3 was written both ways; DG/UX wrote 543.0 and the old way. */
static int order_of(unsigned int major, unsigned int minor)
{
	if (major == 543 && minor == 0)
		return EXCHANGED;
	if (major != 2 || minor > 4)
		return -1;
	return minor < 3 ? EXCHANGED : minor == 3 ? PERHAPS : IN_ORDER;
}

static int read_head(struct pcap *f, struct wr_err *err)
{
	struct wr_stream *s = f->base.stream;
	const struct magic *m;
	int order, rc = wr_stream_need(s, FILE_HEAD, err);

	if (rc == -ENODATA)
		return wr_format_cut(&f->base, "the pcap file header", FILE_HEAD, wr_stream_have(s),
				     err);
	if (rc < 0)
		return rc;
	m = magic_of(s->pos, &f->swapped);
	order = order_of(u16(f, s->pos + 4), u16(f, s->pos + 6));
	if (order < 0)
		return wr_fail(err, EINVAL, "pcap version %u.%u is not known (2.0 to 2.4 are)",
			       u16(f, s->pos + 4), u16(f, s->pos + 6));
	f->order = (uint8_t)order;
	f->unit_ns = m->unit_ns;
	f->head = m->head;
	/* the upper bits of the field tell the length of a frame check sequence */
	f->linktype = wr_linktype_to_dlt((uint16_t)u32(f, s->pos + 20));
	wr_stream_skip(s, FILE_HEAD);
	return 0;
}

static int pcap_open(struct wr_reader **out, struct wr_stream *s, struct wr_err *err)
{
	struct pcap *f = calloc(1, sizeof(*f));
	int rc;

	*out = NULL;
	if (!f)
		return wr_fail(err, ENOMEM, "no memory to read a capture");
	f->base.format = &wr_format_pcap;
	f->base.stream = s;
	rc = read_head(f, err);
	if (rc < 0) {
		free(f);
		return rc;
	}
	*out = &f->base;
	return 0;
}

static int not_whole(struct pcap *f, int rc, uint64_t want, struct wr_err *err)
{
	if (rc != -ENODATA)
		return rc;
	if (!wr_stream_have(f->base.stream))
		return -ENODATA;
	return wr_format_cut(&f->base, NULL, want, wr_stream_have(f->base.stream), err);
}

static void read_lengths(const struct pcap *f, const uint8_t *p, struct wr_packet *pkt)
{
	uint32_t first = u32(f, p + 8), second = u32(f, p + 12);
	bool exchanged = f->order == EXCHANGED || (f->order == PERHAPS && first > second);

	pkt->caplen = exchanged ? second : first;
	pkt->len = exchanged ? first : second;
}

static int pcap_next(struct wr_reader *r, struct wr_packet *pkt, struct wr_err *err)
{
	struct pcap *f = (struct pcap *)r;
	struct wr_stream *s = r->stream;
	int rc = wr_stream_need(s, f->head, err);

	if (rc <= 0)
		return not_whole(f, rc, f->head, err);
	read_lengths(f, s->pos, pkt);
	if (pkt->caplen > WR_CAPLEN_MAX)
		return wr_format_broken(r, err, "captured length %u is beyond the limit of %u",
					pkt->caplen, WR_CAPLEN_MAX);
	rc = wr_stream_need(s, f->head + pkt->caplen, err);
	if (rc <= 0)
		return not_whole(f, rc, f->head + pkt->caplen, err);
	pkt->ts_ns = u32(f, s->pos) * 1000000000ull + (uint64_t)u32(f, s->pos + 4) * f->unit_ns;
	pkt->num = ++r->num;
	pkt->data = s->pos + f->head;
	pkt->linktype = f->linktype;
	pkt->iface = "";
	s->pos += f->head + pkt->caplen;
	return 1;
}

static int pcap_linktype(const struct wr_reader *r)
{
	return ((const struct pcap *)r)->linktype;
}

static void pcap_close(struct wr_reader *r)
{
	free(r);
}

const struct wr_format wr_format_pcap = {
	.name = "pcap",
	.match = pcap_match,
	.open = pcap_open,
	.next = pcap_next,
	.linktype = pcap_linktype,
	.close = pcap_close,
};
