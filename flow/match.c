/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/filter.h"
#include "capture/linktype.h"
#include "core/proto.h"

enum {
	MACS = 12,
	IP4_BYTES = 20,
	IP6_BYTES = 40,
	TRANSPORT_BYTES = 20,
	FRAME_MAX = MACS + 4 + 2 + IP6_BYTES + TRANSPORT_BYTES,
	TTL = 64,
};

struct wr_flow_match {
	struct wr_filter *filter; /* owned */
};

int wr_flow_match_open(struct wr_flow_match **out, const char *expr, struct wr_err *err)
{
	struct wr_filter *filter = NULL;
	int ret = wr_filter_open(&filter, expr, WR_LINK_ETHER, err);

	if (ret)
		return ret;
	*out = NULL;
	if (!filter)
		return 0;
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		wr_filter_close(&filter);
		return wr_fail(err, ENOMEM, "no memory for a filter");
	}
	(*out)->filter = filter;
	return 0;
}

void wr_flow_match_close(struct wr_flow_match **m)
{
	if (!*m)
		return;
	wr_filter_close(&(*m)->filter);
	free(*m);
	*m = NULL;
}

static uint8_t *put16(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
	return to + 2;
}

static uint8_t *put_ip4(uint8_t *p, const struct wr_flow *f, int from, uint32_t len)
{
	p[0] = 0x45;
	put16(p + 2, len);
	p[8] = TTL;
	p[9] = f->key.proto;
	memcpy(p + 12, f->key.addr[from], 4);
	memcpy(p + 16, f->key.addr[!from], 4);
	return p + IP4_BYTES;
}

static uint8_t *put_ip6(uint8_t *p, const struct wr_flow *f, int from, uint32_t len)
{
	p[0] = 0x60;
	put16(p + 4, len > IP6_BYTES ? len - IP6_BYTES : 0);
	p[6] = f->key.tag & WR_FLOW_NO_PROTO ? 59 : f->key.proto; /* 59: no next header */
	p[7] = TTL;
	memcpy(p + 8, f->key.addr[from], 16);
	memcpy(p + 24, f->key.addr[!from], 16);
	return p + IP6_BYTES;
}

static void put_transport(uint8_t *p, const struct wr_flow *f, int from)
{
	put16(p, f->key.port[from]);
	put16(p + 2, f->key.port[!from]);
	if (f->key.proto == WR_IP_TCP)
		put16(p + 12, 5u << 12 | (f->tcp_flags[from] & 0xfffu));
}

/* A packet that end `from` may have sent, of its mean size. */
static bool choose(const struct wr_flow_match *m, const struct wr_flow *f, int from)
{
	const struct wr_count *n = &f->sent[from];
	uint32_t len = n->packets ? (uint32_t)(n->bytes / n->packets) : 0, behind;
	uint8_t frame[FRAME_MAX] = {0}, *p = frame + MACS;

	if (f->key.tag & WR_FLOW_VLAN) {
		p = put16(p, WR_ET_VLAN);
		p = put16(p, f->key.tag & WR_FLOW_VLAN_ID);
	}
	p = put16(p, f->key.ip_v == 4 ? WR_ET_IP4 : WR_ET_IP6);
	behind = len > p - frame ? len - (uint32_t)(p - frame) : 0;
	p = f->key.ip_v == 4 ? put_ip4(p, f, from, behind) : put_ip6(p, f, from, behind);
	put_transport(p, f, from);
	return wr_filter_match(m->filter, frame, (uint32_t)(p - frame) + TRANSPORT_BYTES, len);
}

/* Of a flow that was just told in a part nothing is counted any more. */
static bool has_sent(const struct wr_flow *f, int end)
{
	return f->sent[end].packets || (!f->sent[!end].packets && end == f->opener);
}

bool wr_flow_match(const struct wr_flow_match *m, const struct wr_flow *f)
{
	for (int from = 0; m && from < 2; from++)
		if (has_sent(f, from) && choose(m, f, from))
			return true;
	return !m;
}
