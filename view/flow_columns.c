/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/flow_columns.h"

#include <stddef.h>

#include "view/packet.h"

static double seconds(const struct wr_flow *f)
{
	return (double)(f->last_ns - f->first_ns) / 1e9;
}

static uint64_t packets(const struct wr_flow *f)
{
	return f->sent[0].packets + f->sent[1].packets;
}

static uint64_t bytes(const struct wr_flow *f)
{
	return f->sent[0].bytes + f->sent[1].bytes;
}

static bool known_proto(const struct wr_flow *f)
{
	return !(f->key.tag & WR_FLOW_NO_PROTO);
}

static const char *iface(const struct wr_flow_told *t)
{
	const char *name = t->style->iface ? t->style->iface(t->style->ctx, t->f->iface) : NULL;

	return name && *name ? name : NULL;
}

/* ---- facts: name, whether the flow has it, which member of the value, the value ---- */

#define GET(name, has, member, expr)                                                 \
	static bool get_##name(const struct wr_flow_told *t, union wr_flow_value *v) \
	{                                                                            \
		__attribute__((unused)) const struct wr_flow *f = t->f;              \
		__attribute__((unused)) int client = t->client, server = t->server;  \
                                                                                     \
		if (!(has))                                                          \
			return false;                                                \
		v->member = (expr);                                                  \
		return true;                                                         \
	}

GET(start, true, u, f->first_ns)
GET(end, true, u, f->last_ns)
GET(src_ip, true, addr, f->key.addr[client])
GET(src_port, wr_view_flow_ports(f), u, f->key.port[client])
GET(dest_ip, true, addr, f->key.addr[server])
GET(dest_port, wr_view_flow_ports(f), u, f->key.port[server])
GET(ip_v, true, u, f->key.ip_v)
GET(proto, known_proto(f) && wr_view_proto(f->key.proto), text, wr_view_proto(f->key.proto))
GET(ip_proto, known_proto(f), u, f->key.proto)
GET(vlan, f->key.tag &WR_FLOW_VLAN, u, f->key.tag &WR_FLOW_VLAN_ID)
GET(in_iface, iface(t), text, iface(t))
GET(pcap_cnt, f->first_num, u, f->first_num)
GET(duration_s, true, real, seconds(f))
GET(pkts_toserver, true, u, f->sent[client].packets)
GET(pkts_toclient, true, u, f->sent[server].packets)
GET(bytes_toserver, true, u, f->sent[client].bytes)
GET(bytes_toclient, true, u, f->sent[server].bytes)
GET(tcp_flags_ts, wr_view_flow_tcp(f), u, f->tcp_flags[client] & 0xff)
GET(tcp_flags_tc, wr_view_flow_tcp(f), u, f->tcp_flags[server] & 0xff)
GET(rtt_us, f->rtt_us, u, f->rtt_us)
GET(state, true, text, wr_view_flow_state(f))
GET(reason, wr_view_flow_reason(f->end_reason), text, wr_view_flow_reason(f->end_reason))

#define RATIO(name, over, under) GET(name, (under) > 0, real, (double)(over) / (double)(under))

RATIO(bytes_per_pkt_toserver, f->sent[client].bytes, f->sent[client].packets)
RATIO(bytes_per_pkt_toclient, f->sent[server].bytes, f->sent[server].packets)
RATIO(pkts_per_s, packets(f), seconds(f))
RATIO(bytes_per_s, bytes(f), seconds(f))
RATIO(toclient_share, f->sent[server].bytes, bytes(f))

/* 1 or 0 of one direction. */
#define FLAG(name, end, flag) GET(name, wr_view_flow_tcp(f), u, !!(f->tcp_flags[end] & (flag)))

FLAG(syn_toserver, client, WR_TCP_SYN)
FLAG(syn_toclient, server, WR_TCP_SYN)
FLAG(ack_toserver, client, WR_TCP_ACK)
FLAG(ack_toclient, server, WR_TCP_ACK)
FLAG(psh_toserver, client, WR_TCP_PSH)
FLAG(psh_toclient, server, WR_TCP_PSH)
FLAG(fin_toserver, client, WR_TCP_FIN)
FLAG(fin_toclient, server, WR_TCP_FIN)
FLAG(rst_toserver, client, WR_TCP_RST)
FLAG(rst_toclient, server, WR_TCP_RST)

/* ---- columns ---- */

enum { FLOWS = 1 << WR_FLOW_COLUMNS_FLOWS, FEATURES = 1 << WR_FLOW_COLUMNS_FEATURES };
enum { BOTH = FLOWS | FEATURES, ALWAYS = 1, MAYBE = 0 };
enum { TIME_DIGITS = 9, RATIO_DIGITS = 6 }; /* more than these the facts do not bear */

static const struct wr_flow_column columns[] = {
#define D(name, in, type, always, digits)                                  \
	{                                                                  \
#name, WR_FLOW_TYPE_##type, always, digits, in, get_##name \
	}
#define X(name, in, type, always) D(name, in, type, always, 0)
	X(start, BOTH, TIME, ALWAYS),
	X(end, FLOWS, TIME, ALWAYS),
	X(src_ip, BOTH, ADDRESS, ALWAYS),
	X(src_port, BOTH, U16, MAYBE),
	X(dest_ip, BOTH, ADDRESS, ALWAYS),
	X(dest_port, BOTH, U16, MAYBE),
	X(ip_v, BOTH, U8, ALWAYS),
	X(proto, FLOWS, TEXT, MAYBE),
	X(ip_proto, BOTH, U8, MAYBE),
	X(vlan, FLOWS, U16, MAYBE),
	X(in_iface, FLOWS, TEXT, MAYBE),
	X(pcap_cnt, FLOWS, U64, MAYBE),
	D(duration_s, BOTH, REAL, ALWAYS, TIME_DIGITS),
	X(pkts_toserver, BOTH, U64, ALWAYS),
	X(pkts_toclient, BOTH, U64, ALWAYS),
	X(bytes_toserver, BOTH, U64, ALWAYS),
	X(bytes_toclient, BOTH, U64, ALWAYS),
	D(bytes_per_pkt_toserver, FEATURES, REAL, MAYBE, RATIO_DIGITS),
	D(bytes_per_pkt_toclient, FEATURES, REAL, MAYBE, RATIO_DIGITS),
	D(pkts_per_s, FEATURES, REAL, MAYBE, RATIO_DIGITS),
	D(bytes_per_s, FEATURES, REAL, MAYBE, RATIO_DIGITS),
	D(toclient_share, FEATURES, REAL, MAYBE, RATIO_DIGITS),
	X(tcp_flags_ts, FLOWS, HEX, MAYBE),
	X(tcp_flags_tc, FLOWS, HEX, MAYBE),
	X(syn_toserver, FEATURES, U8, MAYBE),
	X(syn_toclient, FEATURES, U8, MAYBE),
	X(ack_toserver, FEATURES, U8, MAYBE),
	X(ack_toclient, FEATURES, U8, MAYBE),
	X(psh_toserver, FEATURES, U8, MAYBE),
	X(psh_toclient, FEATURES, U8, MAYBE),
	X(fin_toserver, FEATURES, U8, MAYBE),
	X(fin_toclient, FEATURES, U8, MAYBE),
	X(rst_toserver, FEATURES, U8, MAYBE),
	X(rst_toclient, FEATURES, U8, MAYBE),
	X(rtt_us, BOTH, U32, MAYBE),
	X(state, BOTH, TEXT, ALWAYS),
	X(reason, BOTH, TEXT, MAYBE),
#undef X
#undef D
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };
_Static_assert((int)COLUMNS <= (int)WR_FLOW_COLUMNS_MAX, "callers have room for so many");

const struct wr_flow_column *wr_view_flow_column(enum wr_flow_columns which,
						 const struct wr_flow_column *after)
{
	const struct wr_flow_column *c = after ? after + 1 : columns;

	while (c < columns + COLUMNS && !(c->in >> which & 1))
		c++;
	return c < columns + COLUMNS ? c : NULL;
}

struct wr_flow_told wr_view_flow_told(const struct wr_flow *f, const struct wr_flow_style *style)
{
	static const struct wr_flow_style plain;
	int server = wr_flow_server(f);

	return (struct wr_flow_told){f, style ? style : &plain, !server, server};
}

void wr_view_flow_value(struct wr_buf *b, const struct wr_flow_column *c,
			const struct wr_flow_told *t, union wr_flow_value v)
{
	switch (c->type) {
	case WR_FLOW_TYPE_TIME:
		wr_buf_time(b, v.u);
		break;
	case WR_FLOW_TYPE_U8:
	case WR_FLOW_TYPE_U16:
	case WR_FLOW_TYPE_U32:
	case WR_FLOW_TYPE_U64:
		wr_buf_u64(b, v.u);
		break;
	case WR_FLOW_TYPE_HEX:
		wr_buf_hex(b, v.u, 2);
		break;
	case WR_FLOW_TYPE_REAL:
		wr_buf_fmt(b, "%.*g", c->digits, v.real);
		break;
	case WR_FLOW_TYPE_TEXT:
		wr_buf_str(b, v.text);
		break;
	case WR_FLOW_TYPE_ADDRESS:
		if (t->f->key.ip_v == 4)
			wr_buf_ip4(b, v.addr);
		else
			wr_buf_ip6(b, v.addr);
		break;
	}
}
