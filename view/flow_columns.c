/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/flow_columns.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "view/flow_facts.h"

/* ---- facts ---- */

static bool known_proto(const struct wr_flow *f)
{
	return !(f->key.tag & WR_FLOW_NO_PROTO);
}

static const char *iface(const struct wr_flow_told *t)
{
	const char *name = t->style->iface ? t->style->iface(t->style->ctx, t->f->iface) : NULL;

	return name && *name ? name : NULL;
}

GET(start, true, u, f->first_ns)
GET(end, true, u, f->last_ns)
GET_ADDRESS(src_ip, true, client)
GET(src_port, wr_view_flow_ports(f), u, f->key.port[client])
GET_ADDRESS(dest_ip, true, server)
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

enum { FLOWS = 1 << WR_FLOW_SHEET_FLOWS, FEATURES = 1 << WR_FLOW_SHEET_FEATURES };
enum { BOTH = FLOWS | FEATURES, ALWAYS = 1, MAYBE = 0 };
enum { TIME_DIGITS = 9, RATIO_DIGITS = 6 }; /* more than these the facts do not bear */

static const struct wr_column columns[] = {
#define D(name, in, type, always, digits, unit, what)                             \
	{                                                                         \
#name, WR_CELL_##type, always, digits, in, unit, what, get_##name \
	}
#define X(name, in, type, always, unit, what) D(name, in, type, always, 0, unit, what)
	X(start, BOTH, TIME, ALWAYS, "ns", "the first packet (of this part)"),
	X(end, FLOWS, TIME, ALWAYS, "ns", "the last packet"),
	X(src_ip, BOTH, ADDRESS, ALWAYS, "",
	  "the end that opened the connection; else that with the higher port"),
	X(src_port, BOTH, U16, MAYBE, "", "its port"),
	X(dest_ip, BOTH, ADDRESS, ALWAYS, "", "the end that offers the service"),
	X(dest_port, BOTH, U16, MAYBE, "", "its port"),
	X(ip_v, BOTH, U8, ALWAYS, "", "4 or 6"),
	X(proto, FLOWS, TEXT, MAYBE, "", "the protocol by its name"),
	X(ip_proto, BOTH, U8, MAYBE, "", "the number of the protocol above IP"),
	X(vlan, FLOWS, U16, MAYBE, "", "the outermost VLAN id"),
	X(in_iface, FLOWS, TEXT, MAYBE, "", "interface of the first packet"),
	X(pcap_cnt, FLOWS, U64, MAYBE, "", "number of the first packet in its file"),
	D(duration_s, BOTH, REAL, ALWAYS, TIME_DIGITS, "s", "from the first packet to the last"),
	X(pkts_toserver, BOTH, U64, ALWAYS, "packets", "from src_ip"),
	X(pkts_toclient, BOTH, U64, ALWAYS, "packets", "from dest_ip"),
	X(bytes_toserver, BOTH, U64, ALWAYS, "bytes", "of whole frames, from src_ip"),
	X(bytes_toclient, BOTH, U64, ALWAYS, "bytes", "of whole frames, from dest_ip"),
	D(bytes_per_pkt_toserver, FEATURES, REAL, MAYBE, RATIO_DIGITS, "bytes",
	  "mean size, from src_ip"),
	D(bytes_per_pkt_toclient, FEATURES, REAL, MAYBE, RATIO_DIGITS, "bytes",
	  "mean size, from dest_ip"),
	D(pkts_per_s, FEATURES, REAL, MAYBE, RATIO_DIGITS, "packets/s",
	  "both directions, over the duration"),
	D(bytes_per_s, FEATURES, REAL, MAYBE, RATIO_DIGITS, "bytes/s",
	  "both directions, over the duration"),
	D(toclient_share, FEATURES, REAL, MAYBE, RATIO_DIGITS, "share",
	  "of the bytes are from dest_ip"),
	X(tcp_flags_ts, FLOWS, HEX, MAYBE, "", "flags of all packets from src_ip, hexadecimal"),
	X(tcp_flags_tc, FLOWS, HEX, MAYBE, "", "flags of all packets from dest_ip, hexadecimal"),
	X(syn_toserver, FEATURES, U8, MAYBE, "0 or 1", "a SYN was seen from src_ip"),
	X(syn_toclient, FEATURES, U8, MAYBE, "0 or 1", "a SYN was seen from dest_ip"),
	X(ack_toserver, FEATURES, U8, MAYBE, "0 or 1", "a ACK was seen from src_ip"),
	X(ack_toclient, FEATURES, U8, MAYBE, "0 or 1", "a ACK was seen from dest_ip"),
	X(psh_toserver, FEATURES, U8, MAYBE, "0 or 1", "a PSH was seen from src_ip"),
	X(psh_toclient, FEATURES, U8, MAYBE, "0 or 1", "a PSH was seen from dest_ip"),
	X(fin_toserver, FEATURES, U8, MAYBE, "0 or 1", "a FIN was seen from src_ip"),
	X(fin_toclient, FEATURES, U8, MAYBE, "0 or 1", "a FIN was seen from dest_ip"),
	X(rst_toserver, FEATURES, U8, MAYBE, "0 or 1", "a RST was seen from src_ip"),
	X(rst_toclient, FEATURES, U8, MAYBE, "0 or 1", "a RST was seen from dest_ip"),
	X(rtt_us, BOTH, U32, MAYBE, "us", "from the SYN to the first ACK of the end that opened"),
	X(state, BOTH, TEXT, ALWAYS, "", "new, established or closed"),
	X(reason, BOTH, TEXT, MAYBE, "", "why it was told: timeout, active, closed, forced"),
#undef X
#undef D
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };
_Static_assert((int)COLUMNS <= (int)WR_SHEET_COLUMNS_MAX, "callers have room for so many");

/* ---- sheets ---- */

enum { VERSION = 1, NF_V3_VERSION = 1, CIC_VERSION = 1 };

static const char *const schema_names[WR_FLOW_SHEETS] = {
#define X(sym, name, schema) schema,
	WR_FLOW_SHEET_TABLE(X)
#undef X
};

const struct wr_sheet *wr_flow_sheet(enum wr_flow_sheet which)
{
	static const struct wr_sheet flows = {"flows", VERSION, FLOWS, columns, COLUMNS},
				     features = {"features", VERSION, FEATURES, columns, COLUMNS};
	static struct wr_sheet nf_v3 = {"nf-v3", NF_V3_VERSION, 1, wr_flow_nf_v3, 0},
			       cic = {"cic", CIC_VERSION, 1, wr_flow_cic, 0};

	nf_v3.n_columns = wr_flow_nf_v3_n;
	cic.n_columns = wr_flow_cic_n;
	return which == WR_FLOW_SHEET_NF_V3   ? &nf_v3
	       : which == WR_FLOW_SHEET_CIC   ? &cic
	       : which == WR_FLOW_SHEET_FLOWS ? &flows
					      : &features;
}

int wr_flow_schema(const char *name, enum wr_flow_sheet *which, struct wr_err *err)
{
	for (int i = 0; i < WR_FLOW_SHEETS; i++)
		if (schema_names[i] && !strcmp(schema_names[i], name)) {
			*which = (enum wr_flow_sheet)i;
			return 0;
		}
	return wr_fail(err, EINVAL, "'%s': expected weir, nf-v3 or cic", name);
}

struct wr_flow_told wr_flow_told(const struct wr_flow *f, const struct wr_flow_style *style)
{
	static const struct wr_flow_style plain;
	int server = wr_flow_server(f);

	return (struct wr_flow_told){f, style ? style : &plain, !server, server};
}
