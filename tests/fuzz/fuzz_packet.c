/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: one packet of any bytes through the parser and both views. The first byte of
 *the input chooses the link type, the second one how many bytes were on the wire and not captured.
 *Must hold: the fast path and the stages agree; the views write nothing that a terminal or a JSON
 *reader would stumble over.
 *
 *	clang -fsanitize=fuzzer,address,undefined ...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/parse.h"
#include "capture/same.h"
#include "view/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t links[] = {
	WR_LINK_ETHER,	  WR_LINK_RAW,		WR_LINK_NULL,	   WR_LINK_LOOP, WR_LINK_SLL,
	WR_LINK_SLL2,	  WR_LINK_PPP,		WR_LINK_PPP_ETHER, WR_LINK_IPV4, WR_LINK_IPV6,
	WR_LINK_PPP_HDLC, WR_LINK_PPP_WITH_DIR, WR_LINK_RAW_BSD,   12345,
};

static const struct wr_packet_style style = {.payload = 64, .show_iface = true, .ether = true};

/* Printable ASCII and line ends, the last byte being one: all that the views may write here. */
static void check_text(const struct wr_buf *b, size_t lines)
{
	size_t i;

	if (!b->used || b->at[b->used - 1] != '\n')
		abort();
	for (i = 0; i < b->used; i++) {
		lines -= b->at[i] == '\n';
		if (b->at[i] != '\n' && (b->at[i] < 0x20 || b->at[i] > 0x7e))
			abort();
	}
	if (lines > 8) /* went below 0 */
		abort();
}

/* Brackets and quotes of a JSON object close. */
static void check_json(const struct wr_buf *b)
{
	int depth = 0, text = 0;
	size_t i;

	for (i = 0; i < b->used; i++) {
		char c = b->at[i];

		if (text && c == '\\')
			i++;
		else if (c == '"')
			text = !text;
		else if (!text)
			depth += (c == '{') + (c == '[') - (c == '}') - (c == ']');
		if (!depth && i + 2 < b->used)
			abort();
	}
	if (depth || text)
		abort();
}

static void view(const struct wr_packet *pkt, const struct wr_rec *rec)
{
	static struct wr_buf b;

	wr_buf_clear(&b);
	wr_view_packet_line(&b, pkt, rec, &style);
	check_text(&b, 5);
	wr_buf_clear(&b);
	wr_view_packet_json(&b, pkt, rec, &style);
	check_text(&b, 1);
	check_json(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wr_parse fast, stages;
	struct wr_packet pkt = {.iface = "eth0", .ts_ns = 1, .num = 1};
	const char *field;

	if (size < 2)
		return 0;
	pkt.linktype = links[data[0] % (sizeof(links) / sizeof(links[0]))];
	pkt.caplen = (uint32_t)size - 2;
	pkt.len = pkt.caplen + data[1] * 4;
	pkt.data = data + 2;
	fast.max_depth = stages.max_depth = data[0] >> 6 ? 1 : WR_DEPTH_MAX;
	wr_parse(&fast, pkt.data, pkt.caplen, pkt.len, pkt.linktype);
	wr_parse_stages(&stages, pkt.data, pkt.caplen, pkt.len, pkt.linktype);
	field = wr_rec_differs(&fast.rec, &stages.rec);
	if (field) {
		fprintf(stderr, "fast path and stages differ in %s\n", field);
		abort();
	}
	view(&pkt, &fast.rec);
	return 0;
}
