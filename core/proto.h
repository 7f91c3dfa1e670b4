/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_PROTO_H
#define WR_CORE_PROTO_H

/* Numbers from the wire. Own constants, so that the kernel programs need no system header. */

/* DLT / LINKTYPE numbers (tcpdump.org/linktypes.html) */
enum {
	WR_LINK_NULL = 0,
	WR_LINK_ETHER = 1,
	WR_LINK_PPP = 9,
	WR_LINK_RAW_OPENBSD = 14,
	WR_LINK_RAW_BSD = 12,
	WR_LINK_PPP_HDLC = 50,
	WR_LINK_PPP_ETHER = 51,
	WR_LINK_RAW = 101,
	WR_LINK_LOOP = 108,
	WR_LINK_SLL = 113,
	WR_LINK_PPP_WITH_DIR = 204,
	WR_LINK_IPV4 = 228,
	WR_LINK_IPV6 = 229,
	WR_LINK_SLL2 = 276,
};

/* EtherTypes (IEEE, RFC 7042) */
enum {
	WR_ET_8023_MAX = 1500, /* at or below: an IEEE 802.3 length */
	WR_ET_IP4 = 0x0800,
	WR_ET_ARP = 0x0806,
	WR_ET_TEB = 0x6558, /* transparent Ethernet bridging in GRE, Geneve, VXLAN-GPE */
	WR_ET_VLAN = 0x8100,
	WR_ET_IP6 = 0x86dd,
	WR_ET_RARP = 0x8035,
	WR_ET_PPP = 0x880b,
	WR_ET_MPLS = 0x8847,
	WR_ET_MPLS_UPSTREAM = 0x8848,
	WR_ET_PPPOE = 0x8864,
	WR_ET_ERSPAN = 0x88be, /* type I and II */
	WR_ET_ERSPAN3 = 0x22eb,
	WR_ET_QINQ = 0x88a8,
	WR_ET_PBB = 0x88e7, /* 802.1ah I-TAG */
	WR_ET_MACSEC = 0x88e5,
	WR_ET_CMD = 0x8909,  /* Cisco MetaData (TrustSec) */
	WR_ET_ETAG = 0x893f, /* 802.1BR */
	WR_ET_VNTAG = 0x8926,
	WR_ET_QINQ_OLD1 = 0x9100,
	WR_ET_QINQ_OLD2 = 0x9200,
	WR_ET_QINQ_OLD3 = 0x9300,
};

/* IP protocol numbers (IANA) */
enum {
	WR_IP_HOPOPT = 0,
	WR_IP_ICMP = 1,
	WR_IP_IGMP = 2,
	WR_IP_IPIP = 4,
	WR_IP_TCP = 6,
	WR_IP_UDP = 17,
	WR_IP_DCCP = 33,
	WR_IP_IPV6 = 41,
	WR_IP_ROUTING = 43,
	WR_IP_FRAGMENT = 44,
	WR_IP_GRE = 47,
	WR_IP_ESP = 50,
	WR_IP_AH = 51,
	WR_IP_ICMP6 = 58,
	WR_IP_NONE = 59,
	WR_IP_DSTOPTS = 60,
	WR_IP_SCTP = 132,
	WR_IP_MOBILITY = 135,
	WR_IP_UDPLITE = 136,
	WR_IP_MPLS = 137,
	WR_IP_HIP = 139,
	WR_IP_SHIM6 = 140,
};

/* Types of ICMP and ICMPv6 (below 128: errors) */
enum {
	WR_ICMP_UNREACHABLE = 3,
	WR_ICMP_ECHO_REQUEST = 8,
	WR_ICMP_PARAMETER = 12,
	WR_ICMP6_ECHO_REQUEST = 128,
	WR_ICMP6_ROUTER_SOLICIT = 133, /* RFC 4861; up to 137 it is neighbour discovery */
};

/* UDP ports that carry a tunnel */
enum {
	WR_PORT_DHCP = 67,	    /* RFC 2131; the client's is the next one */
	WR_PORT_DHCP6 = 546,	    /* RFC 8415; the server's is the next one */
	WR_PORT_GTPU = 2152,	    /* 3GPP TS 29.281 */
	WR_PORT_TEREDO = 3544,	    /* RFC 4380 */
	WR_PORT_VXLAN = 4789,	    /* RFC 7348 */
	WR_PORT_VXLAN_GPE = 4790,   /* draft-ietf-nvo3-vxlan-gpe */
	WR_PORT_GENEVE = 6081,	    /* RFC 8926 */
	WR_PORT_VXLAN_LINUX = 8472, /* Linux before IANA's assignment */
};

/* TCP option kinds (IANA) */
enum {
	WR_TCPOPT_EOL = 0,
	WR_TCPOPT_NOP = 1,
	WR_TCPOPT_MSS = 2,
	WR_TCPOPT_WSCALE = 3,
	WR_TCPOPT_SACK_OK = 4,
	WR_TCPOPT_SACK = 5,
	WR_TCPOPT_TS = 8,
	WR_TCPOPT_MD5 = 19,
	WR_TCPOPT_AO = 29,
	WR_TCPOPT_MPTCP = 30,
	WR_TCPOPT_TFO = 34,
	WR_TCPOPT_EXP1 = 253,
	WR_TCPOPT_EXP2 = 254,
};

/* TCP flags: the twelve bits beside the data offset; nine of them are assigned */
enum {
	WR_TCP_FIN = 0x001,
	WR_TCP_SYN = 0x002,
	WR_TCP_RST = 0x004,
	WR_TCP_PSH = 0x008,
	WR_TCP_ACK = 0x010,
	WR_TCP_URG = 0x020,
	WR_TCP_ECE = 0x040,
	WR_TCP_CWR = 0x080,
	WR_TCP_AE = 0x100,
};

#endif
