/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/window_columns.h"

enum { VERSION = 1, DIGITS = 6 };

static bool is(const struct wr_window *w, enum wr_window_kind kind)
{
	return w->kind == kind;
}

static double seconds(const struct wr_window *w)
{
	return (double)w->length_ns / 1e9;
}

/* A key that is an address. */
static bool has_addr(const struct wr_window *w)
{
	return !w->other && !is(w, WR_WINDOW_IFACE);
}

static bool has_ports(const struct wr_window *w)
{
	return w->sports.values > 0;
}

#define N(sym) w->n[WR_WINDOW_N_##sym]

/* name, whether the row has it, member of the cell, value */
#define GET(name, has, member, expr)                               \
	static bool get_##name(const void *row, struct wr_cell *v) \
	{                                                          \
		const struct wr_window *w = row;                   \
                                                                   \
		if (!(has))                                        \
			return false;                              \
		v->member = (expr);                                \
		return true;                                       \
	}
#define RATIO(name, over, under) GET(name, (under) > 0, real, (double)(over) / (double)(under))

static bool get_address(const void *row, struct wr_cell *v)
{
	const struct wr_window *w = row;

	v->addr = w->key.addr;
	v->ip_v = w->key.ip_v;
	v->prefix = (uint8_t)w->key.tag;
	return has_addr(w);
}

GET(start, true, u, w->start_ns)
GET(length, true, real, seconds(w))
GET(key, true, text, wr_window_kind_name((enum wr_window_kind)w->kind))
GET(other, true, u, w->other)
GET(iface, is(w, WR_WINDOW_IFACE) && w->iface[0], text, w->iface)
GET(port, is(w, WR_WINDOW_SERVICE) && !w->other && w->key.port, u, w->key.port)
GET(proto, is(w, WR_WINDOW_SERVICE) && !w->other, u, w->key.proto)

#define X(sym, name, unit, what) GET(n_##sym, true, u, N(sym))
WR_WINDOW_COUNT_TABLE(X)
#undef X

RATIO(packets_s, N(PACKETS), seconds(w))
RATIO(bytes_s, N(BYTES), seconds(w))
RATIO(mean_size, N(BYTES), N(PACKETS))
RATIO(syn_share, N(SYN), N(TCP))
RATIO(synack_share, N(SYNACK), N(TCP))
RATIO(rst_share, N(RST), N(TCP))
RATIO(fin_share, N(FIN), N(TCP))
RATIO(handshake_share, N(HANDSHAKES), N(SYN))
RATIO(back_share, N(BACK_PACKETS), N(PACKETS) + N(BACK_PACKETS))
GET(size_63, true, u, w->size[0])
GET(size_127, true, u, w->size[1])
GET(size_255, true, u, w->size[2])
GET(size_511, true, u, w->size[3])
GET(size_1023, true, u, w->size[4])
GET(size_1518, true, u, w->size[5])
GET(size_more, true, u, w->size[6] + w->size[7])

#define TO_HOSTS (is(w, WR_WINDOW_IFACE) || is(w, WR_WINDOW_PREFIX))
GET(sources, w->sources.values > 0, u, (uint64_t)w->sources.values)
GET(source_entropy, w->sources.values > 0, real, w->sources.entropy)
GET(hosts, TO_HOSTS && w->hosts.values > 0, u, (uint64_t)w->hosts.values)
GET(host_entropy, TO_HOSTS && w->hosts.values > 0, real, w->hosts.entropy)
GET(source_ports, has_ports(w), u, (uint64_t)w->sports.values)
GET(source_port_entropy, has_ports(w), real, w->sports.entropy)
GET(ports, !is(w, WR_WINDOW_SERVICE) && has_ports(w), u, (uint64_t)w->dports.values)
GET(port_entropy, !is(w, WR_WINDOW_SERVICE) && w->dports.values > 0, real, w->dports.entropy)
GET(reflection_port, w->reflector, u, w->reflector)
GET(ttls, N(HEADERS), u, w->ttls)
GET(ttl_min, w->ttls, u, w->ttl_min)
GET(ttl_max, w->ttls, u, w->ttl_max)
GET(syn_options, N(HEADERS), u, w->options)
GET(age, w->flow_packets, real, w->age_s)
RATIO(slow_share, N(SLOW), w->flow_packets)

static const struct wr_column columns[] = {
	{"start", WR_CELL_TIME, true, 0, 1, "ns", "the window's begin", get_start},
	{"length_s", WR_CELL_REAL, true, DIGITS, 1, "s", "how long it is", get_length},
	{"key", WR_CELL_TEXT, true, 0, 1, "",
	 "what the row is of: interface, host that packets arrive at, service, source_prefix",
	 get_key},
	{"other", WR_CELL_U8, true, 0, 1, "0 or 1",
	 "all that found no row of its own (64 interfaces, 1024 of each other kind)", get_other},
	{"interface", WR_CELL_TEXT, false, 0, 1, "", "its name", get_iface},
	{"address", WR_CELL_ADDRESS, false, 0, 1, "", "of the host, the service, or the prefix",
	 get_address},
	{"port", WR_CELL_U16, false, 0, 1, "", "of the service", get_port},
	{"ip_proto", WR_CELL_U8, false, 0, 1, "", "of the service", get_proto},
#define X(sym, name, unit, what) {name, WR_CELL_U64, true, 0, 1, unit, what, get_n_##sym},
	WR_WINDOW_COUNT_TABLE(X)
#undef X
		{"packets_s", WR_CELL_REAL, false, DIGITS, 1, "packets/s",
		 "packets over the length", get_packets_s},
	{"bytes_s", WR_CELL_REAL, false, DIGITS, 1, "bytes/s", "bytes over the length",
	 get_bytes_s},
	{"mean_size", WR_CELL_REAL, false, DIGITS, 1, "bytes", "of a packet", get_mean_size},
	{"syn_share", WR_CELL_REAL, false, DIGITS, 1, "share", "syn of tcp", get_syn_share},
	{"synack_share", WR_CELL_REAL, false, DIGITS, 1, "share", "synack of tcp",
	 get_synack_share},
	{"rst_share", WR_CELL_REAL, false, DIGITS, 1, "share", "rst of tcp", get_rst_share},
	{"fin_share", WR_CELL_REAL, false, DIGITS, 1, "share", "fin of tcp", get_fin_share},
	{"handshake_share", WR_CELL_REAL, false, DIGITS, 1, "ratio",
	 "handshakes by syn; of SYNs of windows before, too", get_handshake_share},
	{"back_share", WR_CELL_REAL, false, DIGITS, 1, "share", "packets_back of both directions",
	 get_back_share},
	{"size_63", WR_CELL_U64, true, 0, 1, "packets",
	 "of at most 63 bytes; of a host by the mean size of those counted together", get_size_63},
	{"size_127", WR_CELL_U64, true, 0, 1, "packets", "of 64 to 127 bytes", get_size_127},
	{"size_255", WR_CELL_U64, true, 0, 1, "packets", "of 128 to 255 bytes", get_size_255},
	{"size_511", WR_CELL_U64, true, 0, 1, "packets", "of 256 to 511 bytes", get_size_511},
	{"size_1023", WR_CELL_U64, true, 0, 1, "packets", "of 512 to 1023 bytes", get_size_1023},
	{"size_1518", WR_CELL_U64, true, 0, 1, "packets", "of 1024 to 1518 bytes", get_size_1518},
	{"size_more", WR_CELL_U64, true, 0, 1, "packets", "of more", get_size_more},
	{"sources", WR_CELL_U64, false, 0, 1, "addresses", "different sources; an estimate",
	 get_sources},
	{"source_entropy", WR_CELL_REAL, false, DIGITS, 1, "bits",
	 "Shannon entropy of packets over sources; an estimate", get_source_entropy},
	{"hosts", WR_CELL_U64, false, 0, 1, "addresses",
	 "different destinations; an estimate; interfaces and prefixes", get_hosts},
	{"host_entropy", WR_CELL_REAL, false, DIGITS, 1, "bits",
	 "entropy of packets over destinations; an estimate", get_host_entropy},
	{"source_ports", WR_CELL_U64, false, 0, 1, "ports", "different ones; an estimate",
	 get_source_ports},
	{"source_port_entropy", WR_CELL_REAL, false, DIGITS, 1, "bits",
	 "entropy of packets over source ports; an estimate", get_source_port_entropy},
	{"ports", WR_CELL_U64, false, 0, 1, "ports", "different destination ports; an estimate",
	 get_ports},
	{"port_entropy", WR_CELL_REAL, false, DIGITS, 1, "bits",
	 "entropy of packets over destination ports; an estimate", get_port_entropy},
	{"reflection_port", WR_CELL_U16, false, 0, 1, "", "the source port with most of reflected",
	 get_reflection_port},
	{"ttls", WR_CELL_U16, false, 0, 1, "values", "different TTLs of headers", get_ttls},
	{"ttl_min", WR_CELL_U8, false, 0, 1, "", "the least of them", get_ttl_min},
	{"ttl_max", WR_CELL_U8, false, 0, 1, "", "the greatest of them", get_ttl_max},
	{"syn_options", WR_CELL_U16, false, 0, 1, "orders",
	 "different orders of TCP options in SYNs; an estimate, exact for a few", get_syn_options},
	{"age_s", WR_CELL_REAL, false, DIGITS, 1, "s", "mean age of the flows of packets", get_age},
	{"slow_share", WR_CELL_REAL, false, DIGITS, 1, "share", "slow of the packets of flows",
	 get_slow_share},
};

const struct wr_sheet *wr_window_sheet(void)
{
	static const struct wr_sheet sheet = {"windows", VERSION, 1, columns,
					      sizeof(columns) / sizeof(columns[0])};

	return &sheet;
}
