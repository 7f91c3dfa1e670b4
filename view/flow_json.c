/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/flow_json.h"

#include "view/fact_json.h"

/* As flow/table.c ends flows: where one direction alone is seen, its FIN is enough. */
static bool closed(const struct wr_flow *f)
{
	unsigned int all = f->tcp_flags[0] | f->tcp_flags[1];

	if (f->end_reason == WR_FLOW_END_SEEN || all & WR_TCP_RST)
		return true;
	for (int end = 0; end < 2; end++)
		if (f->tcp_flags[end] && !(f->tcp_flags[end] & WR_TCP_FIN))
			return false;
	return all;
}

const char *wr_view_flow_state(const struct wr_flow *f)
{
	if (closed(f))
		return "closed";
	return f->sent[0].packets && f->sent[1].packets ? "established" : "new";
}

const char *wr_view_flow_reason(uint8_t end_reason)
{
	static const char *const name[] = {
		[WR_FLOW_END_NONE] = NULL,	   [WR_FLOW_END_IDLE] = "timeout",
		[WR_FLOW_END_ACTIVE] = "active",   [WR_FLOW_END_SEEN] = "closed",
		[WR_FLOW_END_FORCED] = "shutdown", [WR_FLOW_END_ROOM] = "forced",
	};

	return end_reason < sizeof(name) / sizeof(name[0]) ? name[end_reason] : NULL;
}

static void ends(struct wr_buf *b, const struct wr_flow *f, int server)
{
	const struct wr_flow_key *k = &f->key;
	bool ports = wr_view_flow_ports(f);

	wr_view_addr_json(b, "src_ip", k->addr[!server], k->ip_v);
	if (ports)
		wr_json_u64(b, "src_port", k->port[!server]);
	wr_view_addr_json(b, "dest_ip", k->addr[server], k->ip_v);
	if (ports)
		wr_json_u64(b, "dest_port", k->port[server]);
	wr_json_u64(b, "ip_v", k->ip_v);
	wr_view_proto_json(b, k->tag, k->proto);
	if (k->tag & WR_FLOW_VLAN) {
		wr_json_array(b, "vlan");
		wr_json_u64(b, NULL, k->tag & WR_FLOW_VLAN_ID);
		wr_json_end_array(b);
	}
}

static void hex_flags(struct wr_buf *b, const char *key, unsigned int flags)
{
	wr_json_key(b, key);
	wr_buf_char(b, '"');
	wr_buf_hex(b, flags & 0xff, 2);
	wr_buf_char(b, '"');
}

static void tcp(struct wr_buf *b, const struct wr_flow *f, int server)
{
	static const struct {
		uint16_t flag;
		const char *key;
	} names[] = {
		{WR_TCP_SYN, "syn"}, {WR_TCP_FIN, "fin"}, {WR_TCP_RST, "rst"},
		{WR_TCP_PSH, "psh"}, {WR_TCP_ACK, "ack"}, {WR_TCP_URG, "urg"},
		{WR_TCP_ECE, "ece"}, {WR_TCP_CWR, "cwr"}, {WR_TCP_AE, "ae"},
	};
	unsigned int all = f->tcp_flags[0] | f->tcp_flags[1];
	size_t i;

	wr_json_open_key(b, "tcp");
	hex_flags(b, "tcp_flags", all);
	hex_flags(b, "tcp_flags_ts", f->tcp_flags[!server]);
	hex_flags(b, "tcp_flags_tc", f->tcp_flags[server]);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (all & names[i].flag)
			wr_json_bool(b, names[i].key, true);
	wr_json_close(b);
}

static void counters(struct wr_buf *b, const struct wr_flow *f, int server)
{
	const char *reason = wr_view_flow_reason(f->end_reason);

	wr_json_open_key(b, "flow");
	wr_view_both_ways_json(b, f->sent[!server], f->sent[server], f->first_ns, f->last_ns);
	wr_json_u64(b, "age", (f->last_ns - f->first_ns) / 1000000000);
	wr_json_str(b, "state", wr_view_flow_state(f));
	if (reason)
		wr_json_str(b, "reason", reason);
	wr_json_close(b);
}

static void interface(struct wr_buf *b, const struct wr_flow *f, const struct wr_flow_style *style)
{
	const char *name = style->iface ? style->iface(style->ctx, f->iface) : NULL;

	if (name && *name)
		wr_json_str(b, "in_iface", name);
}

void wr_view_flow_json(struct wr_buf *b, const struct wr_flow *f, const struct wr_flow_style *style)
{
	static const struct wr_flow_style plain;
	int server = wr_flow_server(f);

	style = style ? style : &plain;
	wr_json_open(b);
	if (style->now_ns)
		wr_view_time_json(b, "timestamp", style->now_ns);
	wr_json_str(b, "event_type", "flow");
	interface(b, f, style);
	ends(b, f, server);
	if (f->first_num)
		wr_json_u64(b, "pcap_cnt", f->first_num);
	counters(b, f, server);
	if (f->rtt_us)
		wr_json_u64(b, "rtt_us", f->rtt_us);
	if (wr_view_flow_tcp(f))
		tcp(b, f, server);
	if (style->more)
		style->more(style->ctx, b, f);
	wr_json_close(b);
	wr_buf_char(b, '\n');
}
