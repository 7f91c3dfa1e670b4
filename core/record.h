/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_RECORD_H
#define WR_CORE_RECORD_H

#include <linux/types.h>

/*
 * What is known of one packet. The same for kernel and host, the same for XDP, TC, packet socket
 * and file.
 *
 * A field means something only when its bit in `has` is set (or its count says so): what is not
 * there is left as it was, because clearing 500 bytes for each packet would cost more than reading
 * the packet does. Addresses are in network byte order; every other number is in host order.
 */

#define WR_RECORD_ABI 1

enum { WR_MAX_VLAN = 4, WR_MAX_MPLS = 4, WR_MAX_EXT = 40, WR_MAX_TCPOPT = 40 };

/* wr_rec.has */
enum {
	WR_HAS_ETHER = 1 << 0,	   /* eth_src, eth_dst */
	WR_HAS_ETHERTYPE = 1 << 1, /* ethertype */
	WR_HAS_LLC = 1 << 2,	   /* 802.3 length frame */
	WR_HAS_ARP = 1 << 3,   /* arp_op; addresses in hdr[0].src/.dst, MACs in hdr[0].ext[0..11] */
	WR_HAS_INNER = 1 << 4, /* hdr[1], tunnel, depth */
	WR_HAS_VNI = 1 << 5,   /* vni: VXLAN, Geneve, NVGRE; GRE key; GTP TEID; ERSPAN session */
	WR_HAS_PPPOE = 1 << 6, /* pppoe_session */
	WR_HAS_PPP = 1 << 7,   /* ethertype was derived from a PPP protocol number */
	WR_HAS_ARP_ADDR = 1 << 8, /* the ARP addresses are Ethernet and IPv4 */
};

/* wr_hdr.has */
enum {
	WR_H_IP = 1 << 0,   /* ip_v, src, dst, ttl, tos, proto, ip_len, ip_hdr_len */
	WR_H_DF = 1 << 1,   /* IPv4 don't fragment */
	WR_H_FRAG = 1 << 2, /* a fragment: frag_off; WR_H_MF when more follow */
	WR_H_MF = 1 << 3,
	WR_H_PORTS = 1 << 4,	/* sport, dport */
	WR_H_TCP = 1 << 5,	/* seq, ack, tcp_flags, window, tcp_opt_len */
	WR_H_ICMP = 1 << 6,	/* icmp_type, icmp_code */
	WR_H_PAYLOAD = 1 << 7,	/* payload_len, payload_off */
	WR_H_EXT = 1 << 8,	/* ext, ext_len */
	WR_H_PROTO = 1 << 9,	/* proto (absent when extension headers end too early) */
	WR_H_TCPOPT = 1 << 10,	/* opt, tcp_opt */
	WR_H_VERSION = 1 << 11, /* ip_v alone: what a header claims that is neither IPv4 nor IPv6 */
	WR_H_IGMP = 1 << 12,	/* icmp_type is IGMP's */
	/* Of an IP header that is cut: */
	WR_H_CUT_LEN = 1 << 13, /* ip_v, tos, ip_len, ip_hdr_len */
	WR_H_CUT_TTL = 1 << 14, /* ttl, proto */
	WR_H_CUT_SRC = 1 << 15, /* src */
};

/* wr_tcpopt.seen */
enum {
	WR_OPT_MSS = 1 << 0,
	WR_OPT_WSCALE = 1 << 1,
	WR_OPT_SACK_OK = 1 << 2,
	WR_OPT_SACK = 1 << 3,
	WR_OPT_TS = 1 << 4,
	WR_OPT_MD5 = 1 << 5,
	WR_OPT_AO = 1 << 6,
	WR_OPT_MPTCP = 1 << 7,
	WR_OPT_TFO = 1 << 8,
	WR_OPT_OTHER = 1 << 9,
	WR_OPT_EOL = 1 << 10,
	WR_OPT_NOP = 1 << 11,
};

/* Tunnels: X(symbol, name) */
#define WR_TUNNEL_TABLE(X)        \
	X(NONE, "none")           \
	X(IPIP, "ipip")           \
	X(6IN4, "6in4")           \
	X(4IN6, "4in6")           \
	X(6IN6, "6in6")           \
	X(GRE, "gre")             \
	X(EOGRE, "eogre")         \
	X(NVGRE, "nvgre")         \
	X(ERSPAN, "erspan")       \
	X(VXLAN, "vxlan")         \
	X(VXLAN_GPE, "vxlan-gpe") \
	X(GENEVE, "geneve")       \
	X(GTPU, "gtp-u")          \
	X(TEREDO, "teredo")       \
	X(MPLS, "mpls-in-ip")

enum wr_tunnel {
#define X(sym, name) WR_TUNNEL_##sym,
	WR_TUNNEL_TABLE(X)
#undef X
		WR_TUNNEL_COUNT
};

struct wr_tcpopt {
	__u64 order; /* WR_TCPCODE_* of the options, four bits each, the last one lowest (16 at
			most) */
	__u32 seen;  /* WR_OPT_* */
	__u32 tsval;
	__u32 tsecr;
	__u16 mss;    /* bytes */
	__u8 wscale;  /* shift count as sent */
	__u8 nsack;   /* blocks */
	__u8 mptcp;   /* subtype, RFC 8684 */
	__u8 tfo_len; /* bytes of cookie; 0 = request */
	__u8 pad[6];
};

/* One IP header and what follows it up to the transport header. */
struct wr_hdr {
	__u8 src[16]; /* network order; IPv4 in the first four bytes */
	__u8 dst[16];
	__u32 has; /* WR_H_* */
	__u8 ip_v; /* 4 or 6 */
	__u8 ttl;
	__u8 tos;
	__u8 proto;	  /* upper protocol, after extension headers */
	__u32 ip_len;	  /* bytes after the IP header as the header says; IPv6: payload length */
	__u16 ip_hdr_len; /* bytes, without IPv6 extension headers */
	__u16 frag_off;	  /* bytes */
	__u16 sport;
	__u16 dport;
	__u16 tcp_flags; /* WR_TCP_*, twelve bits */
	__u16 window;	 /* as sent, not scaled */
	__u32 seq;
	__u32 ack;
	__u32 payload_len; /* bytes, from the headers' own lengths, never padding */
	__u16 payload_off; /* from the start of the frame */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 ext_len;	  /* IPv4: bytes of options; IPv6: number of extension headers */
	__u8 tcp_opt_len; /* bytes */
	__u16 frag_id;	  /* WR_H_FRAG: which packet it is of; IPv6: both halves xored */
	struct wr_tcpopt opt;
	__u8 tcp_opt[WR_MAX_TCPOPT]; /* raw, in wire order */
	__u8 ext[WR_MAX_EXT]; /* IPv4: raw options; IPv6: extension header numbers in order */
};

struct wr_rec {
	__u32 has;	 /* WR_HAS_* */
	__u32 len;	 /* bytes on the wire, or what the hook sees */
	__u16 linktype;	 /* DLT */
	__u16 ethertype; /* the last one */
	__u8 bad;	 /* enum wr_bad */
	__u8 bad_depth;	 /* 0: outer headers, 1: inner */
	__u8 nvlan;
	__u8 nmpls;
	__u8 eth_dst[6];
	__u8 eth_src[6];
	__u16 vlan[WR_MAX_VLAN]; /* tag control information, outermost first; id = low twelve bits
				  */
	__u32 mpls[WR_MAX_MPLS]; /* labels, outermost first */
	__u8 tunnel;		 /* enum wr_tunnel, of the header in hdr[1] */
	__u8 depth;		 /* of the header in hdr[1]: 1 = first inner packet */
	__u16 gso_segs;		 /* packets merged by GRO, 0 or 1 = none */
	__u32 vni;
	__u16 arp_op;
	__u16 pppoe_session;
	__u32 hdr_off; /* offset of the outer IP header from the start of the frame, 0 = none */
	struct wr_hdr hdr[2]; /* outer, inner */
};

_Static_assert(sizeof(struct wr_tcpopt) == 32, "shared by kernel and host");
_Static_assert(sizeof(struct wr_hdr) == 192, "shared by kernel and host");
_Static_assert(sizeof(struct wr_rec) == 72 + 2 * 192, "shared by kernel and host");

#endif
