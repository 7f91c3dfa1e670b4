/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a packet a rule can ask for, where its bytes are not there or not where they should be.
 */
#include "detect/fact.h"
#include "tests/unit/detect.h"

static struct host host; /* large */

/* Of packets whose bytes were not kept nobody knows that they are others. */
static void not_kept(void)
{
	struct sample kept = {.ip_v = 4,
			      .proto = WR_IP_UDP,
			      .next = WR_IP_UDP,
			      .len = 82,
			      .n_words = SAMPLE_WORDS,
			      .n_kept = 2,
			      .word = {7, 8}};
	struct fact other = {F_SAYS2, 9, 9}, cut = {F_SAYS3, 0, 0}, option = {F_OPTION, 7, 7};
	struct sample behind = {.ip_v = 6, .proto = WR_IP_TCP, .tcp_flags = SYN, .tcp_words = 5};

	ok(!fact_hits(&other, &kept) && !fact_may_hit(&other, &kept), "bytes that are others");
	ok(!fact_hits(&cut, &kept) && fact_may_hit(&cut, &kept), "bytes that were not kept");
	ok(!fact_may_hit(&option, &kept), "UDP has no options");
	behind.next = WR_IP_FRAGMENT;
	is_int(fact_of(&behind, F_FLAGS), FACT_NONE, "flags behind an extension header are none");
	is_int(fact_of(&behind, F_NEXT), WR_IP_FRAGMENT, "the extension header is one");
}

/* Extension headers of more than 64 KiB, of a file that somebody made up. */
static void far_behind(void)
{
	static const uint8_t frame[64];
	struct wr_packet pkt = {.ts_ns = EPOCH + SECOND,
				.data = frame,
				.caplen = sizeof(frame),
				.len = 70000,
				.linktype = WR_LINK_ETHER,
				.iface = ""};
	static struct wr_rec rec;
	struct wr_hdr *h = &rec.hdr[0];

	*h = (struct wr_hdr){.has = WR_H_IP | WR_H_PROTO | WR_H_PORTS | WR_H_TCP | WR_H_PAYLOAD,
			     .ip_v = 6,
			     .proto = WR_IP_TCP,
			     .tcp_opt_len = 4,
			     .payload_off = 2};
	host_open(&host, 6);
	wr_detect_packet(host.d, &pkt, &rec);
	ok(true, "nothing is read in front of the packet");
	host_close(&host);
}

int main(void)
{
	not_kept();
	far_behind();
	return done();
}
