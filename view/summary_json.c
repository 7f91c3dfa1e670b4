/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary_impl.h"

#include "base/json.h"
#include "view/fact_json.h"
#include "view/flow_json.h"
#include "view/packet.h"

enum { CHUNK = 1 << 16 };

struct out {
	struct wr_summary *s;
	struct wr_buf *b;
	int fd;
	int rc; /* the first failed write */
};

/* ---- parts ---- */

static void begin(struct out *o, const char *event_type)
{
	wr_json_open(o->b);
	wr_json_str(o->b, "event_type", event_type);
}

static void drain(struct out *o)
{
	int rc;

	if (o->fd < 0 || o->b->used < CHUNK)
		return;
	rc = wr_buf_flush(o->b, o->fd);
	o->rc = o->rc ? o->rc : rc;
}

static void end(struct out *o)
{
	wr_json_close(o->b);
	wr_buf_char(o->b, '\n');
	drain(o);
}

/* ---- summary ---- */

/* Counters by name; those that are 0 are absent. */
static void named(struct out *o, const char *key, const struct wr_count *n, int how_many,
		  const char *(*name)(uint8_t))
{
	int i;

	wr_json_open_key(o->b, key);
	for (i = 0; i < how_many; i++)
		if (n[i].packets)
			wr_view_count_json(o->b, name((uint8_t)i), n[i]);
	wr_json_close(o->b);
}

static void table_size(struct out *o, const char *key, uint64_t rows, uint64_t displaced)
{
	wr_json_open_key(o->b, key);
	wr_json_u64(o->b, "rows", rows);
	wr_json_u64(o->b, "displaced", displaced);
	wr_json_close(o->b);
}

static void talk_size(struct out *o, const char *key, enum wr_talk_kind kind)
{
	const struct wr_talk *t = o->s->talk[kind];
	uint64_t displaced;

	wr_talk_other(t, &displaced);
	table_size(o, key, wr_talk_rows(t), displaced);
}

static void ledger(struct out *o, const struct wr_summary_sums *sums)
{
	wr_json_open_key(o->b, "ledger");
	if (o->s->has_ledger) {
		wr_view_count_json(o->b, "arrived", o->s->arrived);
		wr_view_count_json(o->b, "chosen", o->s->chosen);
	}
	wr_view_count_json(o->b, "read", o->s->tally.all);
	wr_view_count_json(o->b, "in_flows", sums->in_flows);
	wr_view_count_json(o->b, "in_other", sums->in_other);
	wr_view_count_json(o->b, "not_ip", sums->not_ip);
	wr_json_bool(o->b, "balanced", wr_summary_balanced(o->s));
	wr_json_close(o->b);
}

static void totals(struct out *o, const struct wr_tally *t)
{
	if (t->all.packets) {
		wr_view_time_json(o->b, "start", t->first_ns);
		wr_view_time_json(o->b, "end", t->last_ns);
	}
	wr_json_double(o->b, "duration", (double)(t->last_ns - t->first_ns) / 1e9);
	wr_json_u64(o->b, "packets", t->all.packets);
	wr_json_u64(o->b, "bytes", t->all.bytes);
	wr_json_u64(o->b, "captured_bytes", t->captured_bytes);
}

static void summary(struct out *o)
{
	const struct wr_tally *t = &o->s->tally;
	struct wr_summary_sums sums = wr_summary_sums(o->s);

	begin(o, "summary");
	if (o->s->name)
		wr_json_str(o->b, "file", o->s->name);
	if (o->s->filter)
		wr_json_str(o->b, "filter", o->s->filter);
	totals(o, t);
	wr_view_count_json(o->b, "ipv4", wr_tally_ip(t, 4));
	wr_view_count_json(o->b, "ipv6", wr_tally_ip(t, 6));
	wr_view_count_json(o->b, "not_ip", sums.not_ip);
	wr_view_count_json(o->b, "fragments", t->fragments);
	wr_view_count_json(o->b, "vlan", t->vlan);
	named(o, "tunnels", t->tunnel, WR_TUNNEL_COUNT, wr_view_tunnel);
	named(o, "malformed", t->bad, WR_BAD_COUNT, wr_view_bad);
	table_size(o, "flows", wr_flow_rows(o->s->flows), wr_flow_other(o->s->flows)->flows);
	talk_size(o, "talkers", WR_TALK_TALKERS);
	talk_size(o, "services", WR_TALK_SERVICES);
	ledger(o, &sums);
	wr_summary_policy_json(o->s, o->b);
	end(o);
}

/* ---- rows ---- */

static void protocols(struct out *o)
{
	struct wr_tally_row rows[WR_TALLY_ROWS_MAX];
	int i, n = wr_tally_rows(&o->s->tally, rows);
	const char *name;

	for (i = 0; i < n; i++) {
		begin(o, "protocol");
		name = wr_summary_proto(&rows[i]);
		if (name)
			wr_json_str(o->b, "proto", name);
		if (rows[i].kind == WR_TALLY_PROTO)
			wr_json_u64(o->b, "ip_proto", rows[i].number);
		if (rows[i].kind == WR_TALLY_ETHER)
			wr_json_u64(o->b, "ethertype", rows[i].number);
		if (rows[i].kind == WR_TALLY_LLC)
			wr_json_bool(o->b, "llc", true);
		wr_json_u64(o->b, "packets", rows[i].n.packets);
		wr_json_u64(o->b, "bytes", rows[i].n.bytes);
		end(o);
	}
}

static void talker(struct out *o, const struct wr_talk_row *r, bool other)
{
	begin(o, "talker");
	if (other) {
		wr_json_bool(o->b, "other", true);
	} else {
		wr_view_addr_json(o->b, "src_ip", r->key.addr, r->key.ip_v);
		wr_json_u64(o->b, "ip_v", r->key.ip_v);
	}
	wr_json_u64(o->b, "flows", r->flows);
	wr_view_count_json(o->b, "sent", r->out);
	wr_view_count_json(o->b, "received", r->in);
	wr_view_time_json(o->b, "start", r->first_ns);
	wr_view_time_json(o->b, "end", r->last_ns);
	end(o);
}

static void service(struct out *o, const struct wr_talk_row *r, bool other)
{
	begin(o, "service");
	if (other) {
		wr_json_bool(o->b, "other", true);
	} else {
		wr_view_addr_json(o->b, "dest_ip", r->key.addr, r->key.ip_v);
		wr_json_u64(o->b, "ip_v", r->key.ip_v);
		wr_view_proto_json(o->b, r->key.tag, r->key.proto);
		if (r->key.port)
			wr_json_u64(o->b, "dest_port", r->key.port);
	}
	wr_json_u64(o->b, "flows", r->flows);
	wr_view_both_ways_json(o->b, r->in, r->out, r->first_ns, r->last_ns);
	end(o);
}

static void talks(struct out *o, enum wr_talk_kind kind,
		  void (*row)(struct out *, const struct wr_talk_row *, bool other))
{
	const struct wr_talk *t = o->s->talk[kind];
	uint32_t i, n = wr_summary_rank_talk(o->s, kind, UINT32_MAX);
	uint64_t displaced;
	const struct wr_talk_row *other = wr_talk_other(t, &displaced);

	for (i = 0; i < n; i++)
		row(o, wr_talk_row(t, o->s->ranks[i].row), false);
	if (displaced)
		row(o, other, true);
}

static void flows(struct out *o)
{
	const struct wr_flow_other *other = wr_flow_other(o->s->flows);
	uint32_t i, n = wr_summary_rank_flows(o->s, UINT32_MAX);

	for (i = 0; i < n; i++) {
		struct wr_flow f = wr_flow_row(o->s->flows, o->s->ranks[i].row);

		wr_view_flow_json(o->b, &f, NULL);
		drain(o);
	}
	if (!other->flows)
		return;
	begin(o, "flow");
	wr_json_bool(o->b, "other", true);
	wr_json_u64(o->b, "flows", other->flows);
	wr_json_open_key(o->b, "flow");
	wr_view_both_ways_json(o->b, other->to_server, other->to_client, other->first_ns,
			       other->last_ns);
	wr_json_close(o->b);
	end(o);
}

int wr_summary_json(struct wr_summary *s, struct wr_buf *b, int fd)
{
	struct out o = {.s = s, .b = b, .fd = fd};
	int rc = 0;

	wr_summary_finish(s);
	summary(&o);
	protocols(&o);
	talks(&o, WR_TALK_TALKERS, talker);
	talks(&o, WR_TALK_SERVICES, service);
	flows(&o);
	if (fd >= 0)
		rc = wr_buf_flush(b, fd);
	return o.rc ? o.rc : rc;
}
