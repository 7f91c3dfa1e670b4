/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/flow_csv.h"

#include <string.h>

#include "view/packet.h"

enum { FLOWS = 1 << WR_FLOW_COLUMNS_FLOWS, FEATURES = 1 << WR_FLOW_COLUMNS_FEATURES, BOTH = 3 };

struct row {
	struct wr_buf *b;
	const struct wr_flow *f;
	const struct wr_flow_style *style;
	int client, server;
};

/* ---- values ---- */

static void number(struct row *r, uint64_t v)
{
	wr_buf_u64(r->b, v);
}

/* Six digits are more than the facts bear. */
static void ratio(struct row *r, double over, double under)
{
	if (under > 0)
		wr_buf_fmt(r->b, "%.6g", over / under);
}

/* A field with a comma, a quote or a line end stands in quotes. */
static void text(struct row *r, const char *s)
{
	if (!s)
		return;
	if (!strpbrk(s, ",\"\r\n")) {
		wr_buf_str(r->b, s);
		return;
	}
	wr_buf_char(r->b, '"');
	for (; *s; s++) {
		if (*s == '"')
			wr_buf_char(r->b, '"');
		wr_buf_char(r->b, *s);
	}
	wr_buf_char(r->b, '"');
}

static void address(struct row *r, int end)
{
	if (r->f->key.ip_v == 4)
		wr_buf_ip4(r->b, r->f->key.addr[end]);
	else
		wr_buf_ip6(r->b, r->f->key.addr[end]);
}

static double seconds(const struct row *r)
{
	return (double)(r->f->last_ns - r->f->first_ns) / 1e9;
}

static uint64_t packets(const struct row *r)
{
	return r->f->sent[0].packets + r->f->sent[1].packets;
}

static uint64_t bytes(const struct row *r)
{
	return r->f->sent[0].bytes + r->f->sent[1].bytes;
}

static bool known_proto(const struct row *r)
{
	return !(r->f->key.tag & WR_FLOW_NO_PROTO);
}

/* ---- columns ---- */

#define COLUMN(name) static void put_##name(struct row *r)

COLUMN(start)
{
	wr_buf_time(r->b, r->f->first_ns);
}

COLUMN(end)
{
	wr_buf_time(r->b, r->f->last_ns);
}

COLUMN(src_ip)
{
	address(r, r->client);
}

COLUMN(src_port)
{
	if (wr_view_flow_ports(r->f))
		number(r, r->f->key.port[r->client]);
}

COLUMN(dest_ip)
{
	address(r, r->server);
}

COLUMN(dest_port)
{
	if (wr_view_flow_ports(r->f))
		number(r, r->f->key.port[r->server]);
}

COLUMN(ip_v)
{
	number(r, r->f->key.ip_v);
}

COLUMN(proto)
{
	if (known_proto(r))
		text(r, wr_view_proto(r->f->key.proto));
}

COLUMN(ip_proto)
{
	if (known_proto(r))
		number(r, r->f->key.proto);
}

COLUMN(vlan)
{
	if (r->f->key.tag & WR_FLOW_VLAN)
		number(r, r->f->key.tag & WR_FLOW_VLAN_ID);
}

COLUMN(in_iface)
{
	if (r->style->iface)
		text(r, r->style->iface(r->style->ctx, r->f->iface));
}

COLUMN(pcap_cnt)
{
	if (r->f->first_num)
		number(r, r->f->first_num);
}

COLUMN(duration_s)
{
	wr_buf_fmt(r->b, "%.9g", seconds(r));
}

COLUMN(pkts_toserver)
{
	number(r, r->f->sent[r->client].packets);
}

COLUMN(pkts_toclient)
{
	number(r, r->f->sent[r->server].packets);
}

COLUMN(bytes_toserver)
{
	number(r, r->f->sent[r->client].bytes);
}

COLUMN(bytes_toclient)
{
	number(r, r->f->sent[r->server].bytes);
}

COLUMN(bytes_per_pkt_toserver)
{
	ratio(r, (double)r->f->sent[r->client].bytes, (double)r->f->sent[r->client].packets);
}

COLUMN(bytes_per_pkt_toclient)
{
	ratio(r, (double)r->f->sent[r->server].bytes, (double)r->f->sent[r->server].packets);
}

COLUMN(pkts_per_s)
{
	ratio(r, (double)packets(r), seconds(r));
}

COLUMN(bytes_per_s)
{
	ratio(r, (double)bytes(r), seconds(r));
}

COLUMN(toclient_share)
{
	ratio(r, (double)r->f->sent[r->server].bytes, (double)bytes(r));
}

COLUMN(tcp_flags_ts)
{
	if (wr_view_flow_tcp(r->f))
		wr_buf_hex(r->b, r->f->tcp_flags[r->client] & 0xff, 2);
}

COLUMN(tcp_flags_tc)
{
	if (wr_view_flow_tcp(r->f))
		wr_buf_hex(r->b, r->f->tcp_flags[r->server] & 0xff, 2);
}

COLUMN(rtt_us)
{
	if (r->f->rtt_us)
		number(r, r->f->rtt_us);
}

COLUMN(state)
{
	text(r, wr_view_flow_state(r->f));
}

COLUMN(reason)
{
	text(r, wr_view_flow_reason(r->f->end_reason));
}

/* 1 or 0 of one direction. */
#define FLAG(name, end, flag)                                                            \
	COLUMN(name)                                                                     \
	{                                                                                \
		if (wr_view_flow_tcp(r->f))                                              \
			wr_buf_char(r->b, r->f->tcp_flags[r->end] & (flag) ? '1' : '0'); \
	}
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

static const struct {
	const char *name;
	unsigned int in;
	void (*put)(struct row *r);
} columns[] = {
#define X(name, in)                   \
	{                             \
#name, in, put_##name \
	}
	X(start, BOTH),
	X(end, FLOWS),
	X(src_ip, BOTH),
	X(src_port, BOTH),
	X(dest_ip, BOTH),
	X(dest_port, BOTH),
	X(ip_v, BOTH),
	X(proto, FLOWS),
	X(ip_proto, BOTH),
	X(vlan, FLOWS),
	X(in_iface, FLOWS),
	X(pcap_cnt, FLOWS),
	X(duration_s, BOTH),
	X(pkts_toserver, BOTH),
	X(pkts_toclient, BOTH),
	X(bytes_toserver, BOTH),
	X(bytes_toclient, BOTH),
	X(bytes_per_pkt_toserver, FEATURES),
	X(bytes_per_pkt_toclient, FEATURES),
	X(pkts_per_s, FEATURES),
	X(bytes_per_s, FEATURES),
	X(toclient_share, FEATURES),
	X(tcp_flags_ts, FLOWS),
	X(tcp_flags_tc, FLOWS),
	X(syn_toserver, FEATURES),
	X(syn_toclient, FEATURES),
	X(ack_toserver, FEATURES),
	X(ack_toclient, FEATURES),
	X(psh_toserver, FEATURES),
	X(psh_toclient, FEATURES),
	X(fin_toserver, FEATURES),
	X(fin_toclient, FEATURES),
	X(rst_toserver, FEATURES),
	X(rst_toclient, FEATURES),
	X(rtt_us, BOTH),
	X(state, BOTH),
	X(reason, BOTH),
#undef X
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

/* ---- lines ---- */

void wr_view_flow_csv_header(struct wr_buf *b, enum wr_flow_columns which)
{
	const char *between = "";

	for (int i = 0; i < COLUMNS; i++) {
		if (!(columns[i].in >> which & 1))
			continue;
		wr_buf_str(b, between);
		wr_buf_str(b, columns[i].name);
		between = ",";
	}
	wr_buf_char(b, '\n');
}

void wr_view_flow_csv(struct wr_buf *b, enum wr_flow_columns which, const struct wr_flow *f,
		      const struct wr_flow_style *style)
{
	static const struct wr_flow_style plain;
	int server = wr_flow_server(f);
	struct row r = {b, f, style ? style : &plain, !server, server};
	const char *between = "";

	for (int i = 0; i < COLUMNS; i++) {
		if (!(columns[i].in >> which & 1))
			continue;
		wr_buf_str(b, between);
		columns[i].put(&r);
		between = ",";
	}
	wr_buf_char(b, '\n');
}
