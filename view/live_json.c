/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/live.h"

#include "base/json.h"
#include "core/account.h"
#include "view/app_json.h"
#include "view/fact_json.h"
#include "view/flow_json.h"
#include "view/packet.h"

enum { ROWS_MAX = 4096 }; /* of the largest kind */

/* ---- parts ---- */

static void both(struct wr_buf *b, struct wr_count in, struct wr_count out, bool watches_out)
{
	wr_view_count_json(b, "in", in);
	if (watches_out)
		wr_view_count_json(b, "out", out);
}

/* A row of the totals is NULL. */
static struct wr_live_cell cell(const struct wr_live *l, const struct wr_live_row *r, uint32_t ago)
{
	return r ? wr_live_cell(l, r, ago) : wr_live_total_cell(l, ago);
}

static uint64_t count_of(const struct wr_live_cell *c, int which)
{
	const uint64_t v[] = {c->in.bytes, c->in.packets, c->out.bytes, c->out.packets};

	return v[which];
}

/* The last windows, oldest first. */
static void series(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r,
		   uint32_t n, bool watches_out)
{
	static const char *const key[] = {"in_bytes", "in_packets", "out_bytes", "out_packets"};
	uint64_t windows = wr_live_totals(l)->window;

	if (!n)
		return;
	if (n > WR_VIEW_SERIES_MAX)
		n = WR_VIEW_SERIES_MAX;
	if (n > windows)
		n = (uint32_t)windows;
	wr_json_open_key(b, "series");
	for (int which = 0; which < (watches_out ? 4 : 2); which++) {
		wr_json_array(b, key[which]);
		for (uint32_t ago = n; ago--;) {
			struct wr_live_cell c = cell(l, r, ago);

			wr_json_u64(b, NULL, count_of(&c, which));
		}
		wr_json_end_array(b);
	}
	wr_json_close(b);
}

/* Whether the way out is watched is known when something has left. */
static bool watches_out(const struct wr_live *l)
{
	return wr_live_totals(l)->out.packets > 0;
}

/* ---- stats ---- */

static void sizes(struct wr_buf *b, const struct wr_live_total *t)
{
	static const uint32_t bound[WR_LIVE_SIZES] = WR_SIZE_BOUNDS;

	wr_json_array(b, "sizes");
	for (int i = 0; i < WR_LIVE_SIZES; i++) {
		wr_json_open(b);
		if (bound[i] != UINT32_MAX)
			wr_json_u64(b, "to", bound[i]);
		wr_json_u64(b, "packets", t->sizes[i].packets);
		wr_json_u64(b, "bytes", t->sizes[i].bytes);
		wr_json_close(b);
	}
	wr_json_end_array(b);
}

static void tcp_flags(struct wr_buf *b, const struct wr_live_total *t)
{
	static const char digit[] = "0123456789abcdef";

	wr_json_open_key(b, "tcp_flags");
	for (int i = 0; i < 256; i++) {
		const char key[3] = {digit[i >> 4], digit[i & 15]};

		if (t->tcp_flags[i])
			wr_json_u64(b, key, t->tcp_flags[i]);
	}
	wr_json_close(b);
}

static void totals(struct wr_buf *b, const struct wr_live_total *t, bool out)
{
	wr_json_open_key(b, "total");
	both(b, t->in, t->out, out);
	wr_view_count_json(b, "other", t->other);
	wr_view_count_json(b, "not_ip", t->not_ip);
	wr_json_close(b);
}

void wr_view_stats_json(struct wr_buf *b, struct wr_live *l, const struct wr_view_live *how)
{
	const struct wr_live_total *t = wr_live_totals(l);
	struct wr_live_cell now = wr_live_total_cell(l, 0);
	bool out = watches_out(l);

	wr_json_open(b);
	wr_json_str(b, "event_type", "stats");
	if (t->window) {
		wr_view_time_json(b, "timestamp", t->window_ns);
		wr_json_u64(b, "window", t->window);
	}
	both(b, now.in, now.out, out);
	totals(b, t, out);
	wr_json_open_key(b, "flows");
	wr_json_u64(b, "active", wr_flow_rows(wr_live_flows(l)));
	wr_json_u64(b, "begun", t->flows_begun);
	wr_json_u64(b, "ended", t->flows_ended);
	wr_json_u64(b, "displaced", t->displaced);
	wr_json_u64(b, "unread", t->unread);
	wr_json_close(b);
	sizes(b, t);
	tcp_flags(b, t);
	series(b, l, NULL, how->series, out);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

/* ---- rows ---- */

static void service_key(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	(void)l;
	wr_view_addr_json(b, "dest_ip", r->key.addr, r->key.ip_v);
	if (r->key.port)
		wr_json_u64(b, "dest_port", r->key.port);
	wr_json_u64(b, "ip_v", r->key.ip_v);
	wr_view_proto_json(b, r->key.tag, r->key.proto);
	if (r->app)
		wr_json_str(b, "app_proto", wr_l7_name(r->app));
	if (r->listens)
		wr_json_bool(b, "listens", true);
}

static void talker_key(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	(void)l;
	wr_view_addr_json(b, "src_ip", r->key.addr, r->key.ip_v);
	wr_json_u64(b, "ip_v", r->key.ip_v);
}

static void protocol_key(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	const char *name = wr_view_ethertype(r->key.port);

	(void)l;
	if (r->key.ip_v) {
		wr_view_proto_json(b, r->key.tag, r->key.proto);
		return;
	}
	if (r->key.port && name)
		wr_json_str(b, "proto", name);
	if (r->key.port)
		wr_json_u64(b, "ethertype", r->key.port);
	else
		wr_json_bool(b, "not_ip", true);
}

static void iface_key(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r)
{
	wr_json_str(b, "in_iface", wr_live_iface_name(l, r->key.port));
}

static const struct {
	const char *event_type;
	void (*key)(struct wr_buf *b, const struct wr_live *l, const struct wr_live_row *r);
} kinds[WR_LIVE_KINDS] = {
	[WR_LIVE_SERVICES] = {"service", service_key},
	[WR_LIVE_TALKERS] = {"talker", talker_key},
	[WR_LIVE_PROTOCOLS] = {"protocol", protocol_key},
	[WR_LIVE_IFACES] = {"interface", iface_key},
};

static void row(struct wr_buf *b, const struct wr_live *l, enum wr_live_kind kind,
		const struct wr_live_row *r, bool other, uint32_t n_series)
{
	struct wr_live_cell now = wr_live_cell(l, r, 0);
	bool out = watches_out(l);

	wr_json_open(b);
	wr_json_str(b, "event_type", kinds[kind].event_type);
	if (other)
		wr_json_bool(b, "other", true);
	else
		kinds[kind].key(b, l, r);
	wr_json_u64(b, "flows", r->flows);
	if (kind == WR_LIVE_SERVICES && r->sources)
		wr_json_u64(b, "sources", r->sources);
	both(b, r->in, r->out, out);
	wr_json_open_key(b, "now");
	both(b, now.in, now.out, out);
	wr_json_close(b);
	if (r->first_ns) {
		wr_view_time_json(b, "start", r->first_ns);
		wr_view_time_json(b, "end", r->last_ns);
	}
	series(b, l, r, n_series, out);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

void wr_view_rows_json(struct wr_buf *b, struct wr_live *l, enum wr_live_kind kind,
		       const struct wr_view_live *how)
{
	const struct wr_live_row *rows[ROWS_MAX], *o = wr_live_other(l, kind);
	uint32_t n = how->top < ROWS_MAX ? how->top : ROWS_MAX;

	n = wr_live_top(l, kind, how->order, rows, n);
	for (uint32_t i = 0; i < n; i++)
		row(b, l, kind, rows[i], false, how->series);
	if (o->in.packets || o->out.packets || o->flows)
		row(b, l, kind, o, true, how->series);
}

/* ---- flows ---- */

static const char *iface_name(void *live, uint32_t number)
{
	return wr_live_iface_name(live, number);
}

static void said(void *live, struct wr_buf *b, const struct wr_flow *f)
{
	wr_view_app_json(b, wr_live_app(live, f), wr_flow_server(f));
}

void wr_view_flows_json(struct wr_buf *b, struct wr_live *l, const struct wr_flow *flows,
			uint32_t n)
{
	struct wr_flow_style style = {.iface = iface_name, .more = said, .ctx = l};

	for (uint32_t i = 0; i < n; i++)
		wr_view_flow_json(b, &flows[i], &style);
}
