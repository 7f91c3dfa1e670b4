/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * l7_dump FILE: what l7/ reads in each packet of a capture alone, one line for each that it
 * recognises: the frame's number and what l7_show() writes, with tabs between. For
 * tests/golden/l7.py.
 */
#include "capture/capture.h"
#include "core/parse.h"
#include "tests/unit/l7_show.h"

#include <unistd.h>

/* The innermost header, as dissectors go on into tunnels too. */
static const struct wr_hdr *innermost(const struct wr_rec *rec)
{
	return &rec->hdr[rec->has & WR_HAS_INNER && rec->hdr[1].has & WR_H_PAYLOAD ? 1 : 0];
}

static void one(void *ctx, const struct wr_packet *pkt)
{
	static struct wr_parse p;
	struct wr_buf *b = ctx;
	const struct wr_hdr *h;
	struct wr_l7 l;
	uint32_t n;
	int r;

	p.max_depth = WR_DEPTH_MAX;
	wr_parse(&p, pkt->data, pkt->caplen, pkt->len, pkt->linktype);
	h = innermost(&p.rec);
	if (!(h->has & WR_H_PAYLOAD) || !(h->has & WR_H_PORTS) || h->payload_off >= pkt->caplen)
		return;
	n = pkt->caplen - h->payload_off;
	if (n > h->payload_len)
		n = h->payload_len;
	r = wr_l7_read(&l, pkt->data + h->payload_off, n, h->proto, h->sport, h->dport);
	if (!l.proto)
		return;
	wr_buf_fmt(b, "%llu\t", (unsigned long long)pkt->num);
	l7_show(b, &l, r, '\t');
	wr_buf_char(b, '\n');
}

int main(int argc, char **argv)
{
	struct wr_err err = {0};
	struct wr_buf b = {0};
	struct wr_source *s;
	int rc;

	if (argc != 2) {
		fprintf(stderr, "usage: l7_dump FILE\n");
		return 2;
	}
	rc = wr_file_open(&s, argv[1], NULL, &err);
	while (rc >= 0) {
		rc = s->ops->read(s, one, &b, 1000, &err);
		wr_buf_flush(&b, STDOUT_FILENO);
	}
	if (rc != -ENODATA)
		fprintf(stderr, "l7_dump: %s\n", err.text);
	wr_source_close(&s);
	wr_buf_free(&b);
	return rc != -ENODATA;
}
