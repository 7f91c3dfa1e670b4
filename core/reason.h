/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_REASON_H
#define WR_CORE_REASON_H

/*
 * Every way a packet can be broken has its name here and nowhere else.
 *   X(symbol, name in JSON and tables, what a person reads)
 * The facts in front of the broken place stay in the record.
 */
#define WR_BAD_TABLE(X)                                                                  \
	X(NONE, "none", "nothing wrong")                                                 \
	X(CUT, "cut", "the capture ends inside a header")                                \
	X(DEEP, "deep", "headers go on beyond the bytes that are examined")              \
	X(STEPS, "steps", "more nested headers than are followed")                       \
	X(ETH_SHORT, "eth_short", "Ethernet header cut off")                             \
	X(LINK_SHORT, "link_short", "link header cut off")                               \
	X(LINK_FAMILY, "link_family", "unknown address family in the link header")       \
	X(VLAN_SHORT, "vlan_short", "VLAN tag cut off")                                  \
	X(VLAN_MANY, "vlan_many", "more than four VLAN tags")                            \
	X(LLC_SHORT, "llc_short", "LLC or SNAP header cut off")                          \
	X(LLC_LEN, "llc_len", "802.3 length goes beyond the frame")                      \
	X(MPLS_SHORT, "mpls_short", "MPLS label cut off")                                \
	X(MPLS_MANY, "mpls_many", "more than four MPLS labels")                          \
	X(PPPOE_SHORT, "pppoe_short", "PPPoE or PPP header cut off")                     \
	X(PPPOE_LEN, "pppoe_len", "PPPoE length goes beyond the frame")                  \
	X(ARP_SHORT, "arp_short", "ARP packet cut off")                                  \
	X(IP4_SHORT, "ip4_short", "IPv4 header cut off")                                 \
	X(IP4_VERSION, "ip4_version", "IPv4 header with another version number")         \
	X(IP4_IHL, "ip4_ihl", "IPv4 header length below 20 bytes")                       \
	X(IP4_LEN, "ip4_len", "IPv4 total length below the header's")                    \
	X(IP4_OVER, "ip4_over", "IPv4 total length goes beyond the frame")               \
	X(IP4_OPT, "ip4_opt", "IPv4 option with a wrong length")                         \
	X(IP6_SHORT, "ip6_short", "IPv6 header cut off")                                 \
	X(IP6_VERSION, "ip6_version", "IPv6 header with another version number")         \
	X(IP6_OVER, "ip6_over", "IPv6 payload length goes beyond the frame")             \
	X(IP6_EXT_SHORT, "ip6_ext_short", "IPv6 extension header cut off")               \
	X(IP6_EXT_MANY, "ip6_ext_many", "more IPv6 extension headers than are followed") \
	X(AH_SHORT, "ah_short", "authentication header cut off or too short")            \
	X(FRAG_OVER, "frag_over", "fragment ends beyond 65,535 bytes")                   \
	X(TCP_SHORT, "tcp_short", "TCP header cut off")                                  \
	X(TCP_DOFF, "tcp_doff", "TCP header length below 20 bytes")                      \
	X(TCP_OVER, "tcp_over", "TCP header length goes beyond the packet")              \
	X(TCP_OPT, "tcp_opt", "TCP option with a wrong length")                          \
	X(UDP_SHORT, "udp_short", "UDP header cut off")                                  \
	X(UDP_LEN, "udp_len", "UDP length below 8 bytes")                                \
	X(UDP_OVER, "udp_over", "UDP length goes beyond the packet")                     \
	X(ICMP_SHORT, "icmp_short", "ICMP header cut off")                               \
	X(L4_SHORT, "l4_short", "transport header cut off")                              \
	X(GRE_SHORT, "gre_short", "GRE header cut off")                                  \
	X(TUNNEL_SHORT, "tunnel_short", "tunnel header cut off")                         \
	X(TUNNEL_HEADER, "tunnel_header", "tunnel header contradicts itself")

enum wr_bad {
#define X(sym, name, text) WR_BAD_##sym,
	WR_BAD_TABLE(X)
#undef X
		WR_BAD_COUNT
};

#endif
