/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/history.h"

#include "base/json.h"
#include "core/proto.h"
#include "view/packet.h"
#include "view/packet_impl.h"

/* History for programs. */

static const char *const end_name[] = {
	[WR_STORE_END_IDLE] = "idle",	   [WR_STORE_END_ACTIVE] = "active",
	[WR_STORE_END_OVER] = "end",	   [WR_STORE_END_FORCED] = "forced",
	[WR_STORE_END_ROOM] = "resources",
};

static void begin(struct wr_buf *b, const char *event_type, uint64_t ns)
{
	wr_json_open(b);
	wr_json_str(b, "event_type", event_type);
	wr_json_time(b, "timestamp", ns);
}

static void end(struct wr_buf *b)
{
	wr_json_close(b);
	wr_buf_char(b, '\n');
}

static void text(struct wr_buf *b, const char *key, const char *s)
{
	if (*s)
		wr_json_str(b, key, s);
}

static void asked(struct wr_buf *b, const struct wr_store_counts *n)
{
	wr_json_u64(b, "requests", n->packets);
	wr_json_u64(b, "failed", n->dropped);
	wr_json_u64(b, "refused", n->limited);
	wr_json_u64(b, "bytes_in", n->bytes);
	wr_json_u64(b, "bytes_out", n->bytes_back);
	wr_json_double(b, "mean_ms", n->packets ? (double)n->flows / (double)n->packets / 1000 : 0);
	if (n->packets_back)
		wr_json_u64(b, "tokens", n->packets_back);
}

void wr_view_history_json(struct wr_buf *b, enum wr_store_kind kind, const char *key, uint64_t t_s,
			  uint64_t span_s, const struct wr_store_counts *n)
{
	begin(b, "history", t_s * 1000000000);
	wr_json_u64(b, "duration", span_s);
	wr_json_str(b, "kind", wr_store_kind_name(kind));
	text(b, "key", key);
	if (wr_store_is_api(kind)) {
		asked(b, n);
		end(b);
		return;
	}
#define X(name, sep) wr_json_u64(b, #name, n->name);
	WR_STORE_COUNT_TABLE(X)
#undef X
	end(b);
}

/* ---- flows: the keys of `flow` in docs/events.md ---- */

static void ends(struct wr_buf *b, const struct wr_store_flow *f)
{
	bool ports = f->sport || f->dport;
	const char *proto = wr_view_proto(f->proto);

	text(b, "in_iface", f->iface);
	wr_json_ip(b, "src_ip", f->src, f->ip_v);
	if (ports)
		wr_json_u64(b, "src_port", f->sport);
	wr_json_ip(b, "dest_ip", f->dst, f->ip_v);
	if (ports)
		wr_json_u64(b, "dest_port", f->dport);
	wr_json_u64(b, "ip_v", f->ip_v);
	if (proto)
		wr_json_str(b, "proto", proto);
	wr_json_u64(b, "ip_proto", f->proto);
	if (!(f->vlan & WR_STORE_VLAN))
		return;
	wr_json_array(b, "vlan");
	wr_json_u64(b, NULL, f->vlan & (WR_STORE_VLAN - 1));
	wr_json_end_array(b);
}

static void flow(struct wr_buf *b, const struct wr_store_flow *f)
{
	wr_json_open_key(b, "flow");
	wr_json_u64(b, "pkts_toserver", f->packets[0]);
	wr_json_u64(b, "pkts_toclient", f->packets[1]);
	wr_json_u64(b, "bytes_toserver", f->bytes[0]);
	wr_json_u64(b, "bytes_toclient", f->bytes[1]);
	wr_json_time(b, "start", f->start_ns);
	wr_json_time(b, "end", f->end_ns);
	wr_json_u64(b, "age", f->end_ns > f->start_ns ? (f->end_ns - f->start_ns) / 1000000000 : 0);
	if (f->end < sizeof(end_name) / sizeof(end_name[0]) && end_name[f->end])
		wr_json_str(b, "reason", end_name[f->end]);
	if (f->rtt_us)
		wr_json_u64(b, "rtt_us", f->rtt_us);
	wr_json_close(b);
}

void wr_view_history_flow_json(struct wr_buf *b, const struct wr_store_flow *f)
{
	begin(b, "flow", f->end_ns);
	ends(b, f);
	flow(b, f);
	if (f->proto == WR_IP_TCP && f->tcp_flags) {
		wr_json_open_key(b, "tcp");
		wr_view_tcp_flags_json(b, f->tcp_flags);
		wr_json_close(b);
	}
	if (f->l7)
		wr_json_u64(b, "app_proto_id", f->l7);
	text(b, "host", f->host);
	end(b);
}

/* ---- incidents and rules ---- */

void wr_view_history_incident_json(struct wr_buf *b, const struct wr_store_incident *i)
{
	begin(b, "incident", i->start_ns);
	wr_json_u64(b, "incident_id", i->id);
	if (i->end_ns)
		wr_json_time(b, "end", i->end_ns);
	text(b, "class", i->class);
	text(b, "severity", i->severity);
	text(b, "target", i->target);
	text(b, "text", i->text);
	if (i->evidence[0]) { /* it is JSON already */
		wr_json_key(b, "evidence");
		wr_buf_str(b, i->evidence);
	}
	end(b);
}

void wr_view_history_rule_json(struct wr_buf *b, const struct wr_store_rule *r)
{
	begin(b, "rule", r->at_ns);
	wr_json_u64(b, "rule_id", r->id);
	if (r->expires_ns)
		wr_json_time(b, "expires", r->expires_ns);
	if (r->incident)
		wr_json_u64(b, "incident_id", r->incident);
	text(b, "action", r->action);
	text(b, "state", r->state);
	text(b, "text", r->text);
	end(b);
}
