/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/tui/lens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/linktype.h"
#include "core/proto.h"
#include "flow/pick.h"

enum { FLOWS = 1 << 16, SERVERS = 256 };

struct wr_tui_lens {
	struct wr_live *from;	  /* borrowed */
	struct wr_live *live;	  /* owned */
	struct wr_filter *filter; /* owned; NULL = every flow */
	struct wr_tui_scope scope;
	struct wr_talk_key server[SERVERS]; /* that listen, as far as they are seen here */
	uint32_t n_servers;
	bool open; /* a window is; a lens may come in the middle of one */
};

static bool chooses(const struct wr_tui_lens *l, const struct wr_flow *f)
{
	return wr_tui_scope_has(&l->scope, &f->key) && wr_flow_chosen(f, l->filter);
}

/* Where no opening was seen, the socket that listens tells which end serves. The whole knows those
 * sockets, so the part is told of them when one of its flows belongs to one. */
static void tell_server(struct wr_tui_lens *l, const struct wr_flow *f, int local)
{
	struct wr_talk_key key = {.port = f->key.port[local],
				  .tag = f->key.tag & WR_FLOW_NO_PROTO,
				  .proto = f->key.proto,
				  .ip_v = f->key.ip_v};
	const struct wr_live_row *r;

	if (f->caller != WR_FLOW_CALLER_UNKNOWN || l->n_servers == SERVERS)
		return;
	memcpy(key.addr, f->key.addr[local], sizeof(key.addr));
	for (uint32_t i = 0; i < l->n_servers; i++)
		if (!memcmp(&l->server[i], &key, sizeof(key)))
			return;
	r = wr_live_find(l->from, WR_LIVE_SERVICES, &key);
	if (!r || !r->listens)
		return;
	l->server[l->n_servers++] = key;
	wr_live_listen(l->live, l->server, l->n_servers);
}

/* ---- what the flows have counted so far ---- */

static bool talks(struct wr_live *from, const struct wr_flow *f, int end)
{
	struct wr_talk_key key = {.ip_v = f->key.ip_v};

	memcpy(key.addr, f->key.addr[end], sizeof(key.addr));
	return wr_live_find(from, WR_LIVE_TALKERS, &key);
}

/* A flow does not say which end is this host; the other one is a talker. When both or none is,
 * this host is taken to be the server. */
static int local_end(const struct wr_tui_lens *l, const struct wr_flow *f)
{
	int local = wr_tui_scope_local(&l->scope, &f->key);
	bool first = talks(l->from, f, 0), second = talks(l->from, f, 1);

	if (local >= 0)
		return local;
	return first != second ? first : wr_flow_server(f);
}

/* What of `all` belongs to a window in which the flow had so many bytes. The table keeps the bytes
 * of both ends together; they are taken to be as its sums are. */
static struct wr_count portion(const struct wr_count all[2], int end, double bytes)
{
	double both = (double)(all[0].bytes + all[1].bytes);
	double part = both > 0 ? bytes / both : 0;

	return (struct wr_count){(uint64_t)((double)all[end].packets * part),
				 (uint64_t)((double)all[end].bytes * part)};
}

static void less(struct wr_count *from, const struct wr_count *n)
{
	from->packets -= n->packets < from->packets ? n->packets : from->packets;
	from->bytes -= n->bytes < from->bytes ? n->bytes : from->bytes;
}

/* What an end counted in the window so long ago; in the first, all that the others leave. */
static struct wr_count counted(const struct wr_flow_table *t, uint32_t row, int end,
			       unsigned int ago, const struct wr_flow_pace *pace)
{
	struct wr_count rest = pace->all[end], n;

	if (!ago)
		return pace->now[end];
	if (ago < WR_FLOW_CELLS - 1)
		return portion(pace->all, end, wr_flow_cell(t, row, ago));
	less(&rest, &pace->now[end]);
	for (ago = 1; ago < WR_FLOW_CELLS - 1; ago++) {
		n = portion(pace->all, end, wr_flow_cell(t, row, ago));
		less(&rest, &n);
	}
	return rest;
}

static void add_so_far(struct wr_tui_lens *l, uint32_t row, const struct wr_flow *f,
		       unsigned int ago)
{
	struct wr_flow_table *t = wr_live_flows(l->from);
	struct wr_flow_pace pace = wr_flow_pace(t, row);
	int local = local_end(l, f);
	/* The one that opened comes first: who serves is told by that. */
	uint8_t first = f->caller != WR_FLOW_CALLER_UNKNOWN ? f->caller : f->opener;

	tell_server(l, f, local);
	for (int i = 0; i < 2; i++) {
		uint8_t end = i ? !first : first;
		struct wr_live_part p = {
			.flow = {.key = f->key,
				 .n = counted(t, row, end, ago, &pace),
				 .first_ns = pace.began_ns,
				 .last_ns = f->last_ns,
				 .rtt_us = f->rtt_us,
				 .tcp_flags = f->tcp_flags[end],
				 .syn = f->caller == end ? WR_FLOW_SYN : 0,
				 .from = end,
				 .iface = f->iface},
			.iface = f->iface,
			.out = end == local,
		};

		if (p.flow.n.packets)
			wr_live_add(l->live, &p);
	}
}

/* A flow has a part of its past in this window. */
static bool was_active(const struct wr_flow_table *t, uint32_t row, unsigned int ago)
{
	return ago == WR_LIVE_CELLS - 1 ||
	       (ago < WR_FLOW_CELLS - 1 && wr_flow_cell(t, row, ago) > 0);
}

/* The windows that the flows remember, and before them one with all that was earlier. */
static void so_far(struct wr_tui_lens *l)
{
	uint64_t now_ns = wr_live_totals(l->from)->window_ns;
	struct wr_flow_table *t = wr_live_flows(l->from);
	uint32_t n = wr_flow_rows(t);

	for (unsigned int ago = WR_LIVE_CELLS; ago--;) {
		uint64_t back_ns = ago * WR_LIVE_WINDOW_NS;
		uint64_t end_ns = now_ns > back_ns ? now_ns - back_ns : 0;

		wr_live_begin(l->live, end_ns > WR_LIVE_WINDOW_NS ? end_ns - WR_LIVE_WINDOW_NS : 0);
		for (uint32_t row = 0; row < n; row++) {
			struct wr_flow f;

			if (!was_active(t, row, ago))
				continue;
			f = wr_flow_row(t, row);
			if (chooses(l, &f))
				add_so_far(l, row, &f, ago);
		}
		wr_live_end(l->live, end_ns);
	}
}

/* ---- open, close, feed ---- */

int wr_tui_lens_open(struct wr_tui_lens **out, struct wr_live *from,
		     const struct wr_tui_scope *scope, const char *filter, struct wr_err *err)
{
	struct wr_live_conf conf = {.flows_max = FLOWS, .paces = true};
	struct wr_tui_lens *l = calloc(1, sizeof(*l));
	int ret;

	if (!l)
		return wr_fail(err, ENOMEM, "no memory to look closer");
	l->from = from;
	if (scope)
		l->scope = *scope;
	ret = wr_filter_open(&l->filter, filter, WR_LINK_ETHER, err);
	if (!ret)
		ret = wr_live_open(&l->live, &conf, err);
	if (ret) {
		wr_tui_lens_close(&l);
		return ret;
	}
	so_far(l);
	*out = l;
	return 0;
}

void wr_tui_lens_close(struct wr_tui_lens **lens)
{
	if (!*lens)
		return;
	wr_live_close(&(*lens)->live);
	wr_filter_close(&(*lens)->filter);
	free(*lens);
	*lens = NULL;
}

void wr_tui_lens_begin(struct wr_tui_lens *l, uint64_t start_ns)
{
	wr_live_begin(l->live, start_ns);
	l->open = true;
}

void wr_tui_lens_part(struct wr_tui_lens *l, const struct wr_live_part *part,
		      const struct wr_flow *flow)
{
	if (!l->open)
		wr_tui_lens_begin(l, part->flow.first_ns);
	if (!chooses(l, flow))
		return;
	tell_server(l, flow, part->out ? part->flow.from : !part->flow.from);
	wr_live_add(l->live, part);
}

void wr_tui_lens_end(struct wr_tui_lens *l, uint64_t end_ns)
{
	if (!l->open)
		wr_tui_lens_begin(l, end_ns - WR_LIVE_WINDOW_NS);
	wr_live_end(l->live, end_ns);
	l->open = false;
}

struct wr_live *wr_tui_lens_live(struct wr_tui_lens *l)
{
	return l->live;
}
