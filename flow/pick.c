/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/pick.h"

#include <stdlib.h>
#include <string.h>

#include "core/proto.h"

#define SECOND 1000000000ull

/* ---- a frame for a flow ---- */

static uint8_t *put16(uint8_t *to, unsigned int v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
	return to + 2;
}

static uint8_t *link_header(const struct wr_flow_key *k, uint8_t *to)
{
	memset(to, 0, 12);
	to += 12;
	if (k->tag & WR_FLOW_VLAN)
		to = put16(put16(to, 0x8100), k->tag & WR_FLOW_VLAN_ID);
	return put16(to, k->ip_v == 4 ? 0x0800 : 0x86dd);
}

/* 255 is reserved (IANA) and stands for a protocol that could not be read. */
static uint8_t proto_of(const struct wr_flow_key *k)
{
	return k->tag & WR_FLOW_NO_PROTO ? 255 : k->proto;
}

static uint8_t *ip_header(const struct wr_flow_key *k, int end, uint8_t *to)
{
	if (k->ip_v == 4) {
		memset(to, 0, 20);
		to[0] = 0x45;
		put16(to + 2, 40);
		to[8] = 64;
		to[9] = proto_of(k);
		memcpy(to + 12, k->addr[end], 4);
		memcpy(to + 16, k->addr[!end], 4);
		return to + 20;
	}
	memset(to, 0, 8);
	to[0] = 0x60;
	put16(to + 4, 20);
	to[6] = proto_of(k);
	to[7] = 64;
	memcpy(to + 8, k->addr[end], 16);
	memcpy(to + 24, k->addr[!end], 16);
	return to + 40;
}

static uint8_t *transport_header(const struct wr_flow *f, int end, uint8_t *to)
{
	memset(to, 0, 20);
	put16(put16(to, f->key.port[end]), f->key.port[!end]);
	if (f->key.proto == WR_IP_TCP) {
		to[12] = (uint8_t)(5 << 4 | (f->tcp_flags[end] >> 8 & 1));
		to[13] = (uint8_t)f->tcp_flags[end];
	}
	return to + 20;
}

uint32_t wr_flow_frame(const struct wr_flow *f, int end, uint8_t frame[WR_FLOW_FRAME_MAX],
		       uint32_t *len)
{
	const struct wr_count *n = &f->sent[end];
	uint8_t *to = link_header(&f->key, frame);

	to = transport_header(f, end, ip_header(&f->key, end, to));
	*len = n->packets ? (uint32_t)(n->bytes / n->packets) : (uint32_t)(to - frame);
	return (uint32_t)(to - frame);
}

static bool has_sent(const struct wr_flow *f, int end)
{
	return f->sent[end].packets || (!f->sent[!end].packets && end == f->opener);
}

bool wr_flow_chosen(const struct wr_flow *f, const struct wr_filter *filter)
{
	uint8_t frame[WR_FLOW_FRAME_MAX];
	uint32_t caplen, len;

	for (int end = 0; filter && end < 2; end++) {
		if (!has_sent(f, end))
			continue;
		caplen = wr_flow_frame(f, end, frame, &len);
		if (wr_filter_match(filter, frame, caplen, len))
			return true;
	}
	return !filter;
}

/* ---- order ---- */

struct ordering {
	enum wr_live_order order;
	uint64_t now_ns;
};

static uint64_t weight(const struct wr_flow *f, const struct ordering *o)
{
	uint64_t bytes = f->sent[0].bytes + f->sent[1].bytes, since;

	switch (o->order) {
	case WR_LIVE_BY_RATE:
		since = f->told_ns > f->first_ns ? f->told_ns : f->first_ns;
		if (o->now_ns < since + SECOND)
			return bytes;
		return (uint64_t)((double)bytes * SECOND / (double)(o->now_ns - since));
	case WR_LIVE_BY_PACKETS:
		return f->sent[0].packets + f->sent[1].packets;
	case WR_LIVE_BY_AGE:
		return f->first_ns;
	default:
		return bytes;
	}
}

/* Of equals the one with the smaller key, so that a list does not jump. */
static int compare(const struct wr_flow *a, const struct wr_flow *b, const struct ordering *o)
{
	uint64_t x = weight(a, o), y = weight(b, o);

	if (x != y)
		return x > y ? -1 : 1;
	return memcmp(&a->key, &b->key, sizeof(a->key));
}

static int by_order(const void *a, const void *b, void *ordering)
{
	return compare(a, b, ordering);
}

/* A heap with the last of the best at its root: only what comes before that one gets in. */
static void sink(struct wr_flow *heap, uint32_t n, const struct ordering *o)
{
	uint32_t i = 0, child;

	for (; (child = 2 * i + 1) < n; i = child) {
		struct wr_flow f = heap[i];

		if (child + 1 < n && compare(&heap[child + 1], &heap[child], o) > 0)
			child++;
		if (compare(&heap[child], &f, o) <= 0)
			return;
		heap[i] = heap[child];
		heap[child] = f;
	}
}

static void rise(struct wr_flow *heap, uint32_t i, const struct ordering *o)
{
	while (i && compare(&heap[i], &heap[(i - 1) / 2], o) > 0) {
		struct wr_flow f = heap[i];

		heap[i] = heap[(i - 1) / 2];
		i = (i - 1) / 2;
		heap[i] = f;
	}
}

uint32_t wr_flow_pick(struct wr_flow_table *t, enum wr_live_order order,
		      const struct wr_filter *filter, uint64_t now_ns, struct wr_flow *out,
		      uint32_t n, uint32_t *of_n)
{
	struct ordering o = {order, now_ns};
	uint32_t rows = wr_flow_rows(t), have = 0;

	*of_n = 0;
	for (uint32_t i = 0; i < rows; i++) {
		struct wr_flow f = wr_flow_row(t, i);

		if (!wr_flow_chosen(&f, filter))
			continue;
		++*of_n;
		if (have < n) {
			out[have] = f;
			rise(out, have++, &o);
		} else if (n && compare(&f, &out[0], &o) < 0) {
			out[0] = f;
			sink(out, n, &o);
		}
	}
	qsort_r(out, have, sizeof(*out), by_order, &o);
	return have;
}
