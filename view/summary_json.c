/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/summary_impl.h"

#include "base/json.h"
#include "core/proto.h"
#include "view/packet.h"
#include "view/packet_impl.h"

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

static void end(struct out *o)
{
	int rc;

	wr_json_close(o->b);
	wr_buf_char(o->b, '\n');
	if (o->fd < 0 || o->b->used < CHUNK)
		return;
	rc = wr_buf_flush(o->b, o->fd);
	o->rc = o->rc ? o->rc : rc;
}

static void count(struct out *o, const char *key, struct wr_count n)
{
	wr_json_open_key(o->b, key);
	wr_json_u64(o->b, "packets", n.packets);
	wr_json_u64(o->b, "bytes", n.bytes);
	wr_json_close(o->b);
}

static void protocol(struct out *o, uint16_t tag, uint8_t proto)
{
	const char *name = wr_view_proto(proto);

	if (tag & WR_FLOW_NO_PROTO)
		return;
	if (name)
		wr_json_str(o->b, "proto", name);
	wr_json_u64(o->b, "ip_proto", proto);
}

/* EVE's counters, and when. */
static void both_ways(struct out *o, struct wr_count to_server, struct wr_count to_client,
		      uint64_t first_ns, uint64_t last_ns)
{
	wr_json_u64(o->b, "pkts_toserver", to_server.packets);
	wr_json_u64(o->b, "pkts_toclient", to_client.packets);
	wr_json_u64(o->b, "bytes_toserver", to_server.bytes);
	wr_json_u64(o->b, "bytes_toclient", to_client.bytes);
	wr_json_time(o->b, "start", first_ns);
	wr_json_time(o->b, "end", last_ns);
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
			count(o, name((uint8_t)i), n[i]);
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
		count(o, "arrived", o->s->arrived);
		count(o, "chosen", o->s->chosen);
	}
	count(o, "read", o->s->tally.all);
	count(o, "in_flows", sums->in_flows);
	count(o, "in_other", sums->in_other);
	count(o, "not_ip", sums->not_ip);
	wr_json_bool(o->b, "balanced", wr_summary_balanced(o->s));
	wr_json_close(o->b);
}

static void totals(struct out *o, const struct wr_tally *t)
{
	if (t->all.packets) {
		wr_json_time(o->b, "start", t->first_ns);
		wr_json_time(o->b, "end", t->last_ns);
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
	count(o, "ipv4", wr_tally_ip(t, 4));
	count(o, "ipv6", wr_tally_ip(t, 6));
	count(o, "not_ip", sums.not_ip);
	count(o, "fragments", t->fragments);
	count(o, "vlan", t->vlan);
	named(o, "tunnels", t->tunnel, WR_TUNNEL_COUNT, wr_view_tunnel);
	named(o, "malformed", t->bad, WR_BAD_COUNT, wr_view_bad);
	table_size(o, "flows", wr_flow_rows(o->s->flows), wr_flow_other(o->s->flows)->flows);
	talk_size(o, "talkers", WR_TALK_TALKERS);
	talk_size(o, "services", WR_TALK_SERVICES);
	ledger(o, &sums);
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
		wr_json_ip(o->b, "src_ip", r->key.addr, r->key.ip_v);
		wr_json_u64(o->b, "ip_v", r->key.ip_v);
	}
	wr_json_u64(o->b, "flows", r->flows);
	count(o, "sent", r->out);
	count(o, "received", r->in);
	wr_json_time(o->b, "start", r->first_ns);
	wr_json_time(o->b, "end", r->last_ns);
	end(o);
}

static void service(struct out *o, const struct wr_talk_row *r, bool other)
{
	begin(o, "service");
	if (other) {
		wr_json_bool(o->b, "other", true);
	} else {
		wr_json_ip(o->b, "dest_ip", r->key.addr, r->key.ip_v);
		wr_json_u64(o->b, "ip_v", r->key.ip_v);
		protocol(o, r->key.tag, r->key.proto);
		if (r->key.port)
			wr_json_u64(o->b, "dest_port", r->key.port);
	}
	wr_json_u64(o->b, "flows", r->flows);
	both_ways(o, r->in, r->out, r->first_ns, r->last_ns);
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

/* Ports that are 0 stand for none: later fragments and protocols without ports. */
static void ends(struct out *o, const struct wr_flow_key *k, int server)
{
	bool ports = k->port[0] || k->port[1];

	wr_json_ip(o->b, "src_ip", k->addr[!server], k->ip_v);
	if (ports)
		wr_json_u64(o->b, "src_port", k->port[!server]);
	wr_json_ip(o->b, "dest_ip", k->addr[server], k->ip_v);
	if (ports)
		wr_json_u64(o->b, "dest_port", k->port[server]);
	wr_json_u64(o->b, "ip_v", k->ip_v);
	protocol(o, k->tag, k->proto);
	if (k->tag & WR_FLOW_VLAN) {
		wr_json_array(o->b, "vlan");
		wr_json_u64(o->b, NULL, k->tag & WR_FLOW_VLAN_ID);
		wr_json_end_array(o->b);
	}
}

static void hex_flags(struct out *o, const char *key, unsigned int flags)
{
	wr_json_key(o->b, key);
	wr_buf_char(o->b, '"');
	wr_buf_hex(o->b, flags & 0xff, 2);
	wr_buf_char(o->b, '"');
}

static void tcp(struct out *o, const struct wr_flow *f, int server)
{
	wr_json_open_key(o->b, "tcp");
	hex_flags(o, "tcp_flags_ts", f->tcp_flags[!server]);
	hex_flags(o, "tcp_flags_tc", f->tcp_flags[server]);
	wr_view_tcp_flags_json(o->b, (uint32_t)f->tcp_flags[0] | f->tcp_flags[1]);
	wr_json_close(o->b);
}

static void flow(struct out *o, const struct wr_flow *f)
{
	int server = wr_flow_server(f);

	begin(o, "flow");
	ends(o, &f->key, server);
	if (f->first_num)
		wr_json_u64(o->b, "pcap_cnt", f->first_num);
	wr_json_open_key(o->b, "flow");
	both_ways(o, f->sent[!server], f->sent[server], f->first_ns, f->last_ns);
	wr_json_u64(o->b, "age", (f->last_ns - f->first_ns) / 1000000000);
	wr_json_close(o->b);
	if (f->key.proto == WR_IP_TCP && (f->key.port[0] || f->key.port[1]))
		tcp(o, f, server);
	end(o);
}

static void flows(struct out *o)
{
	const struct wr_flow_other *other = wr_flow_other(o->s->flows);
	uint32_t i, n = wr_summary_rank_flows(o->s, UINT32_MAX);

	for (i = 0; i < n; i++)
		flow(o, wr_flow_row(o->s->flows, o->s->ranks[i].row));
	if (!other->flows)
		return;
	begin(o, "flow");
	wr_json_bool(o->b, "other", true);
	wr_json_u64(o->b, "flows", other->flows);
	wr_json_open_key(o->b, "flow");
	both_ways(o, other->to_server, other->to_client, other->first_ns, other->last_ns);
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
