/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/flow_facts.h"

/*
 * Features of flows under the names of data sets that others train on: NF-v3 (NetFlow version 9
 * fields as nProbe names them; 53, and two labels) and CICFlowMeter (84, FlowFeature.java). All
 * their columns stand here. A name whose meaning weir has not is not written with another one.
 */

GET(start, true, u, f->first_ns)
GET(start_ms, true, u, f->first_ns / 1000000)
GET(end_ms, true, u, f->last_ns / 1000000)
GET(duration_ms, true, u, (f->last_ns - f->first_ns) / 1000000)
GET(duration_us, true, u, (f->last_ns - f->first_ns) / 1000)
GET_ADDRESS(src4, f->key.ip_v == 4, client)
GET_ADDRESS(dst4, f->key.ip_v == 4, server)
GET_ADDRESS(src, true, client)
GET_ADDRESS(dst, true, server)
GET(sport, wr_view_flow_ports(f), u, f->key.port[client])
GET(dport, wr_view_flow_ports(f), u, f->key.port[server])
GET(proto, !(f->key.tag & WR_FLOW_NO_PROTO), u, f->key.proto)
GET(fwd_packets, true, u, f->sent[client].packets)
GET(bwd_packets, true, u, f->sent[server].packets)
GET(in_bytes, true, u, f->sent[client].bytes)
GET(out_bytes, true, u, f->sent[server].bytes)
GET(flags, wr_view_flow_tcp(f), u, (f->tcp_flags[0] | f->tcp_flags[1]) & 0xff)
GET(client_flags, wr_view_flow_tcp(f), u, f->tcp_flags[client] & 0xff)
GET(server_flags, wr_view_flow_tcp(f), u, f->tcp_flags[server] & 0xff)
RATIO(packets_s, packets(f), seconds(f))
RATIO(fwd_packets_s, f->sent[client].packets, seconds(f))
RATIO(bwd_packets_s, f->sent[server].packets, seconds(f))
RATIO(in_bytes_s, f->sent[client].bytes, seconds(f))
RATIO(out_bytes_s, f->sent[server].bytes, seconds(f))
RATIO(in_bits_s, 8.0 * (double)f->sent[client].bytes, seconds(f))
RATIO(out_bits_s, 8.0 * (double)f->sent[server].bytes, seconds(f))
RATIO(down_up, f->sent[server].packets, f->sent[client].packets)

/* Why weir has not got it. */
#define NOT(name, why)                                         \
	{                                                      \
		name, WR_CELL_TEXT, false, 0, 1, "", why, NULL \
	}
#define NO_ID "both addresses in one text, which hiding addresses would have to take apart"
#define NO_LABEL "weir does not label traffic"
#define NO_GAPS "times between packets are not kept of a flow"
#define NO_FLAG_COUNTS "of a flow it is kept which flags were seen, not how often"
#define NO_HEADERS "lengths of headers are not kept of a flow"
#define NO_BULK "bulks and subflows are not kept of a flow"
#define NO_WINDOWS "windows of TCP are not kept of a flow"
#define NO_PAYLOADS "made of payload bytes; weir counts whole frames"
#define NO_DURATIONS "first and last packet are not kept by direction"
#define NO_TTL "TTLs are not kept of a flow"
#define NO_RESENT "sequence numbers are not kept of a flow"
#define NO_MESSAGES "what the payloads said is no part of this row"
#define NO_ICMP "types of ICMP are not kept of a flow"
#define NO_NDPI "a number of nDPI"
#define NO_SIZES "sizes of packets are not kept of a flow"

const struct wr_column wr_flow_nf_v3[] = {
	{"FLOW_START_MILLISECONDS", WR_CELL_U64, true, 0, 1, "ms", "since 1970, the first packet",
	 get_start_ms},
	{"FLOW_END_MILLISECONDS", WR_CELL_U64, true, 0, 1, "ms", "since 1970, the last packet",
	 get_end_ms},
	{"IPV4_SRC_ADDR", WR_CELL_ADDRESS, false, 0, 1, "",
	 "the end that opened the connection; empty for IPv6", get_src4},
	{"L4_SRC_PORT", WR_CELL_U16, false, 0, 1, "", "its port", get_sport},
	{"IPV4_DST_ADDR", WR_CELL_ADDRESS, false, 0, 1, "",
	 "the end that offers the service; empty for IPv6", get_dst4},
	{"L4_DST_PORT", WR_CELL_U16, false, 0, 1, "", "its port", get_dport},
	{"PROTOCOL", WR_CELL_U8, false, 0, 1, "", "the number of the protocol above IP", get_proto},
	NOT("L7_PROTO", NO_NDPI),
	{"IN_BYTES", WR_CELL_U64, true, 0, 1, "bytes",
	 "from the source, whole frames: the link header is more than IP has", get_in_bytes},
	{"IN_PKTS", WR_CELL_U64, true, 0, 1, "packets", "from the source", get_fwd_packets},
	{"OUT_BYTES", WR_CELL_U64, true, 0, 1, "bytes", "from the destination, whole frames",
	 get_out_bytes},
	{"OUT_PKTS", WR_CELL_U64, true, 0, 1, "packets", "from the destination", get_bwd_packets},
	{"TCP_FLAGS", WR_CELL_U8, false, 0, 1, "", "of all packets, one number", get_flags},
	{"CLIENT_TCP_FLAGS", WR_CELL_U8, false, 0, 1, "", "of packets from the source",
	 get_client_flags},
	{"SERVER_TCP_FLAGS", WR_CELL_U8, false, 0, 1, "", "of packets from the destination",
	 get_server_flags},
	{"FLOW_DURATION_MILLISECONDS", WR_CELL_U64, true, 0, 1, "ms",
	 "from the first packet to the last", get_duration_ms},
	NOT("DURATION_IN", NO_DURATIONS),
	NOT("DURATION_OUT", NO_DURATIONS),
	NOT("MIN_TTL", NO_TTL),
	NOT("MAX_TTL", NO_TTL),
	NOT("LONGEST_FLOW_PKT", NO_SIZES),
	NOT("SHORTEST_FLOW_PKT", NO_SIZES),
	NOT("MIN_IP_PKT_LEN", NO_SIZES),
	NOT("MAX_IP_PKT_LEN", NO_SIZES),
	{"SRC_TO_DST_SECOND_BYTES", WR_CELL_REAL, false, 6, 1, "bytes/s",
	 "IN_BYTES over the duration; empty without one", get_in_bytes_s},
	{"DST_TO_SRC_SECOND_BYTES", WR_CELL_REAL, false, 6, 1, "bytes/s",
	 "OUT_BYTES over the duration", get_out_bytes_s},
	NOT("RETRANSMITTED_IN_BYTES", NO_RESENT),
	NOT("RETRANSMITTED_IN_PKTS", NO_RESENT),
	NOT("RETRANSMITTED_OUT_BYTES", NO_RESENT),
	NOT("RETRANSMITTED_OUT_PKTS", NO_RESENT),
	{"SRC_TO_DST_AVG_THROUGHPUT", WR_CELL_REAL, false, 6, 1, "bit/s",
	 "eight times SRC_TO_DST_SECOND_BYTES", get_in_bits_s},
	{"DST_TO_SRC_AVG_THROUGHPUT", WR_CELL_REAL, false, 6, 1, "bit/s",
	 "eight times DST_TO_SRC_SECOND_BYTES", get_out_bits_s},
	NOT("NUM_PKTS_UP_TO_128_BYTES", NO_SIZES),
	NOT("NUM_PKTS_128_TO_256_BYTES", NO_SIZES),
	NOT("NUM_PKTS_256_TO_512_BYTES", NO_SIZES),
	NOT("NUM_PKTS_512_TO_1024_BYTES", NO_SIZES),
	NOT("NUM_PKTS_1024_TO_1514_BYTES", NO_SIZES),
	NOT("TCP_WIN_MAX_IN", NO_WINDOWS),
	NOT("TCP_WIN_MAX_OUT", NO_WINDOWS),
	NOT("ICMP_TYPE", NO_ICMP),
	NOT("ICMP_IPV4_TYPE", NO_ICMP),
	NOT("DNS_QUERY_ID", NO_MESSAGES),
	NOT("DNS_QUERY_TYPE", NO_MESSAGES),
	NOT("DNS_TTL_ANSWER", NO_MESSAGES),
	NOT("FTP_COMMAND_RET_CODE", NO_MESSAGES),
	NOT("SRC_TO_DST_IAT_MIN", NO_GAPS),
	NOT("SRC_TO_DST_IAT_MAX", NO_GAPS),
	NOT("SRC_TO_DST_IAT_AVG", NO_GAPS),
	NOT("SRC_TO_DST_IAT_STDDEV", NO_GAPS),
	NOT("DST_TO_SRC_IAT_MIN", NO_GAPS),
	NOT("DST_TO_SRC_IAT_MAX", NO_GAPS),
	NOT("DST_TO_SRC_IAT_AVG", NO_GAPS),
	NOT("DST_TO_SRC_IAT_STDDEV", NO_GAPS),
	NOT("Label", NO_LABEL),
	NOT("Attack", NO_LABEL),
};
const uint32_t wr_flow_nf_v3_n = sizeof(wr_flow_nf_v3) / sizeof(wr_flow_nf_v3[0]);

const struct wr_column wr_flow_cic[] = {
	NOT("Flow ID", NO_ID),
	{"Src IP", WR_CELL_ADDRESS, false, 0, 1, "", "the end that opened the connection", get_src},
	{"Src Port", WR_CELL_U16, false, 0, 1, "", "its port", get_sport},
	{"Dst IP", WR_CELL_ADDRESS, false, 0, 1, "", "the end that offers the service", get_dst},
	{"Dst Port", WR_CELL_U16, false, 0, 1, "", "its port", get_dport},
	{"Protocol", WR_CELL_U8, false, 0, 1, "", "the number of the protocol above IP", get_proto},
	{"Timestamp", WR_CELL_TIME, true, 0, 1, "ns",
	 "the first packet; CICFlowMeter writes local time, to the second", get_start},
	{"Flow Duration", WR_CELL_U64, true, 0, 1, "us", "from the first packet to the last",
	 get_duration_us},
	{"Total Fwd Packet", WR_CELL_U64, true, 0, 1, "packets", "from Src IP", get_fwd_packets},
	{"Total Bwd packets", WR_CELL_U64, true, 0, 1, "packets", "from Dst IP", get_bwd_packets},
	NOT("Total Length of Fwd Packet", NO_PAYLOADS),
	NOT("Total Length of Bwd Packet", NO_PAYLOADS),
	NOT("Fwd Packet Length Max", NO_PAYLOADS),
	NOT("Fwd Packet Length Min", NO_PAYLOADS),
	NOT("Fwd Packet Length Mean", NO_PAYLOADS),
	NOT("Fwd Packet Length Std", NO_PAYLOADS),
	NOT("Bwd Packet Length Max", NO_PAYLOADS),
	NOT("Bwd Packet Length Min", NO_PAYLOADS),
	NOT("Bwd Packet Length Mean", NO_PAYLOADS),
	NOT("Bwd Packet Length Std", NO_PAYLOADS),
	NOT("Flow Bytes/s", NO_PAYLOADS),
	{"Flow Packets/s", WR_CELL_REAL, false, 6, 1, "packets/s",
	 "both directions; empty when the flow has no duration", get_packets_s},
	NOT("Flow IAT Mean", NO_GAPS),
	NOT("Flow IAT Std", NO_GAPS),
	NOT("Flow IAT Max", NO_GAPS),
	NOT("Flow IAT Min", NO_GAPS),
	NOT("Fwd IAT Total", NO_GAPS),
	NOT("Fwd IAT Mean", NO_GAPS),
	NOT("Fwd IAT Std", NO_GAPS),
	NOT("Fwd IAT Max", NO_GAPS),
	NOT("Fwd IAT Min", NO_GAPS),
	NOT("Bwd IAT Total", NO_GAPS),
	NOT("Bwd IAT Mean", NO_GAPS),
	NOT("Bwd IAT Std", NO_GAPS),
	NOT("Bwd IAT Max", NO_GAPS),
	NOT("Bwd IAT Min", NO_GAPS),
	NOT("Fwd PSH Flags", NO_FLAG_COUNTS),
	NOT("Bwd PSH Flags", NO_FLAG_COUNTS),
	NOT("Fwd URG Flags", NO_FLAG_COUNTS),
	NOT("Bwd URG Flags", NO_FLAG_COUNTS),
	NOT("Fwd Header Length", NO_HEADERS),
	NOT("Bwd Header Length", NO_HEADERS),
	{"Fwd Packets/s", WR_CELL_REAL, false, 6, 1, "packets/s", "from Src IP", get_fwd_packets_s},
	{"Bwd Packets/s", WR_CELL_REAL, false, 6, 1, "packets/s", "from Dst IP", get_bwd_packets_s},
	NOT("Packet Length Min", NO_PAYLOADS),
	NOT("Packet Length Max", NO_PAYLOADS),
	NOT("Packet Length Mean", NO_PAYLOADS),
	NOT("Packet Length Std", NO_PAYLOADS),
	NOT("Packet Length Variance", NO_PAYLOADS),
	NOT("FIN Flag Count", NO_FLAG_COUNTS),
	NOT("SYN Flag Count", NO_FLAG_COUNTS),
	NOT("RST Flag Count", NO_FLAG_COUNTS),
	NOT("PSH Flag Count", NO_FLAG_COUNTS),
	NOT("ACK Flag Count", NO_FLAG_COUNTS),
	NOT("URG Flag Count", NO_FLAG_COUNTS),
	NOT("CWR Flag Count", NO_FLAG_COUNTS),
	NOT("ECE Flag Count", NO_FLAG_COUNTS),
	{"Down/Up Ratio", WR_CELL_REAL, false, 6, 1, "ratio",
	 "packets from Dst IP by packets from Src IP", get_down_up},
	NOT("Average Packet Size", NO_PAYLOADS),
	NOT("Fwd Segment Size Avg", NO_PAYLOADS),
	NOT("Bwd Segment Size Avg", NO_PAYLOADS),
	NOT("Fwd Bytes/Bulk Avg", NO_BULK),
	NOT("Fwd Packet/Bulk Avg", NO_BULK),
	NOT("Fwd Bulk Rate Avg", NO_BULK),
	NOT("Bwd Bytes/Bulk Avg", NO_BULK),
	NOT("Bwd Packet/Bulk Avg", NO_BULK),
	NOT("Bwd Bulk Rate Avg", NO_BULK),
	NOT("Subflow Fwd Packets", NO_BULK),
	NOT("Subflow Fwd Bytes", NO_BULK),
	NOT("Subflow Bwd Packets", NO_BULK),
	NOT("Subflow Bwd Bytes", NO_BULK),
	NOT("FWD Init Win Bytes", NO_WINDOWS),
	NOT("Bwd Init Win Bytes", NO_WINDOWS),
	NOT("Fwd Act Data Pkts", NO_PAYLOADS),
	NOT("Fwd Seg Size Min", NO_PAYLOADS),
	NOT("Active Mean", NO_GAPS),
	NOT("Active Std", NO_GAPS),
	NOT("Active Max", NO_GAPS),
	NOT("Active Min", NO_GAPS),
	NOT("Idle Mean", NO_GAPS),
	NOT("Idle Std", NO_GAPS),
	NOT("Idle Max", NO_GAPS),
	NOT("Idle Min", NO_GAPS),
	NOT("Label", NO_LABEL),
};
const uint32_t wr_flow_cic_n = sizeof(wr_flow_cic) / sizeof(wr_flow_cic[0]);
