/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_ACCOUNT_H
#define WR_CORE_ACCOUNT_H

#include "core/proto.h"
#include "core/reason.h"
#include "core/record.h"
#include "core/sketch.h"

/*
 * In-kernel accounting: what a CPU counted in a window, without a record per packet. Each CPU has
 * its own tables, twice: while one set is filled, the reader drains the other (see
 * capture/account.h). Every number has one writer; nobody locks.
 *
 * All packets of a window are in exactly one of: a flow row, `other`, `not_ip`. So
 *     all = sum of rows + other + not_ip
 * to the packet and to the byte, whatever found room.
 *
 * A flow has its place in one of the two rows of a set. When both belong to others, the lighter of
 * them is voted out after WR_ACCOUNT_VOTES times as many packets of other flows as it has itself
 * (Elastic sketch; Yang et al., SIGCOMM 2018): large flows stay, and a flood of sources that are
 * never seen again cannot push them out. What makes room, and what finds none, is added to `other`,
 * and to tables of services and sources that are smaller and know less.
 */

#define WR_ACCOUNT_ABI 3

enum { WR_ACCOUNT_WAYS = 2, WR_ACCOUNT_TIME_SHIFT = 20 };

/* Five words. IPv4 stands in the first four bytes of src and dst, the rest is 0. */
struct wr_account_key {
	__u8 src[16], dst[16]; /* network order */
	__u16 sport, dport;    /* host order; 0 = none */
	__u16 tag;	       /* WR_KEY_VLAN | id, WR_KEY_NO_PROTO, WR_KEY_FRAG and WR_KEY_BAD */
	__u8 proto;
	__u8 ip_v;
};

/* A row of TCP has no room for more than flags: what its packets are besides is told by its key, so
 * that those that are fragments or broken have a row of their own. Behind AH over IPv4 (RFC 4302)
 * TCP is read, too, and the protocol is AH. */
enum {
	WR_KEY_VLAN = 1 << 12,
	WR_KEY_NO_PROTO = 1 << 13,
	WR_KEY_FRAG = 1 << 14,
	WR_KEY_BAD = 1 << 15,
	WR_KEY_FACTS = WR_KEY_FRAG | WR_KEY_BAD,
	WR_KEY_FACT_SHIFT = 14, /* from WR_FACT_* to those */
};

/* A cache line. packets 0: free. */
struct wr_account_row {
	struct wr_account_key key;
	__u64 bytes;
	__u32 packets;
	__u16 tcp_flags;   /* the twelve bits of all packets, or WR_FACT_*; and WR_ROW_* */
	__u16 votes;	   /* packets of others that wanted this place */
	__u16 first, last; /* 2^20 ns (about 1.05 ms) since the window began */
	__u32 time_us;	   /* WR_ROW_RTT: from the SYN to the next ACK; before: when the SYN came,
			      low 32 bits of 1.024 us; without a SYN: when its first packet came,
			      if that was a bare ACK, else 0 */
};

enum {
	WR_ROW_SYN = 1 << 12,	  /* a SYN without ACK was among them */
	WR_ROW_SYN_ACK = 1 << 13, /* a SYN with ACK */
	WR_ROW_RTT = 1 << 14,	  /* time_us is a round trip time */
	WR_ROW_PEEKED = 1 << 15,  /* its first payloads were sent to the reader, or need not be */
};

/* What packets are besides. Of a row that is not TCP's they stand in place of TCP flags. */
enum {
	WR_FACT_FRAG = 1 << 0, /* fragments, first or later */
	WR_FACT_BAD = 1 << 1,  /* malformed */
	WR_FACT_ICMP_ERROR = 1 << 2,
};
static inline __attribute__((always_inline)) int wr_has_tcp_flags(__u32 proto)
{
	return proto == WR_IP_TCP || proto == WR_IP_AH;
}
_Static_assert((int)WR_KEY_FRAG == (int)WR_FACT_FRAG << WR_KEY_FACT_SHIFT &&
		       (int)WR_KEY_BAD == (int)WR_FACT_BAD << WR_KEY_FACT_SHIFT,
	       "facts become bits of the key by a shift");

static inline __attribute__((always_inline)) int wr_is_icmp_error(const struct wr_hdr *h)
{
	if (h->proto == WR_IP_ICMP6) /* RFC 4443, 2.1 */
		return h->icmp_type < WR_ICMP6_ECHO_REQUEST;
	return h->proto == WR_IP_ICMP && h->icmp_type >= WR_ICMP_UNREACHABLE &&
	       h->icmp_type != WR_ICMP_ECHO_REQUEST && h->icmp_type <= WR_ICMP_PARAMETER;
}

/* Might it have facts? Hardly any packet has. */
static inline __attribute__((always_inline)) int wr_is_odd(const struct wr_rec *r)
{
	return r->hdr[0].has & (WR_H_FRAG | WR_H_ICMP) || r->bad;
}

/* WR_FACT_* of a packet. What the capture has cut off, or is too deep to be looked at, is not
 * broken. */
static inline __attribute__((always_inline)) __u32 wr_facts(const struct wr_rec *r)
{
	const struct wr_hdr *h = &r->hdr[0];
	__u32 facts = 0;

	if (h->has & WR_H_FRAG)
		facts |= WR_FACT_FRAG;
	if (r->bad > WR_BAD_STEPS)
		facts |= WR_FACT_BAD;
	if (h->has & WR_H_ICMP && wr_is_icmp_error(h))
		facts |= WR_FACT_ICMP_ERROR;
	return facts;
}

/* Does it belong to the upkeep of the local link: ARP (RFC 826), neighbour and router discovery
 * (RFC 4861), DHCP (RFC 2131, RFC 8415)? */
static inline __attribute__((always_inline)) int wr_is_upkeep(const struct wr_rec *r)
{
	const struct wr_hdr *h = &r->hdr[0];

	if (!(h->has & WR_H_IP))
		return !!(r->has & WR_HAS_ARP);
	if (h->has & WR_H_ICMP)
		return h->proto == WR_IP_ICMP6 &&
		       (__u32)(h->icmp_type - WR_ICMP6_ROUTER_SOLICIT) <= 4;
	return h->proto == WR_IP_UDP && h->has & WR_H_PORTS &&
	       ((__u32)(h->dport - WR_PORT_DHCP) <= 1 || (__u32)(h->dport - WR_PORT_DHCP6) <= 1);
}

struct wr_account_set {
	struct wr_account_row row[WR_ACCOUNT_WAYS];
};

/* Of packets without a flow row: the service they were for. Exact while there is room. */
struct wr_account_service {
	__u8 dst[16];
	__u16 dport;
	__u8 proto;
	__u8 ip_v;
	__u32 packets; /* 0: free; ends at 2^32 - 1 */
	__u64 bytes;
	__u8 sources[WR_SKETCH_REGISTERS];
};

/* And the address they came from; voted in and out as flows are. */
struct wr_account_source {
	__u8 src[16];
	__u64 bytes;
	__u32 packets; /* 0: free */
	__u16 votes;
	__u8 ip_v;
	__u8 pad;
};

enum {
	WR_ACCOUNT_VOTES = 4,
	WR_ACCOUNT_ROW_MOST = 1 << 29, /* packets of a row, then they are added to `other` */
	WR_ACCOUNT_SERVICES = 128,     /* a power of two */
	WR_ACCOUNT_SOURCES = 2048,     /* a power of two */
	WR_SIZE_CLASSES = 8,
	WR_ACCOUNT_PEEK_BITS =
		20, /* flows whose first payloads were seen: two bits each, by hash */
	WR_ACCOUNT_PEEK_WORDS = 1 << (WR_ACCOUNT_PEEK_BITS - 5),
	WR_ACCOUNT_PEEKS = 2,	/* payloads of a flow that are sent */
	WR_ACCOUNT_PRINTS = 64, /* fingerprints of SYNs: the order of their options */
};

struct wr_account_n {
	__u64 packets, bytes;
};

/* What one CPU counts in one window besides flows, in cache lines of its own. Drained and set to 0
 * by the reader: from service on, most of it, only when `other` says that something is there. */
struct wr_account_head {
	__u64 start_ns; /* CLOCK_MONOTONIC; written by the reader before it is used */
	struct wr_account_n all, other, not_ip;
	__u64 displaced; /* rows voted out, or begun anew */
	__u32 used;	 /* rows in the list */
	__u32 peeks;	 /* first payloads sent to the reader */
	__u64 unpeeked;	 /* those that would have been more than wr_board_conf.peek */
	__u32 upkeeps;	 /* packets of the local link's upkeep sent to the reader */
	__u32 kept;	 /* and others, because of wr_board_conf.keep */
	__u64 unkept;	 /* upkeep that would have been more than wr_board_conf.upkeep */
	/* What may be sent is bounded for a second, which may have several windows. Written by the
	 * reader before it is used, of the windows before this one: */
	__u32 since; /* 2^20 ns since the second began */
	__u32 peeks_before, upkeeps_before;
	__u32 pad;
	struct wr_account_n sizes[WR_SIZE_CLASSES];
	__u64 tcp_flags[256]; /* packets by the eight bits CWR..FIN */
	struct {
		__u64 order; /* wr_tcpopt.order */
		__u64 packets;
	} prints[WR_ACCOUNT_PRINTS];
	struct wr_account_service service[WR_ACCOUNT_SERVICES];
	struct wr_account_source source[WR_ACCOUNT_SOURCES];
} __attribute__((aligned(64)));

/* Class of a packet by its bytes without FCS: RFC 2819 (RMON), then jumbo frames, then what GRO has
 * merged. */
#define WR_SIZE_BOUNDS                                          \
	{                                                       \
		63, 127, 255, 511, 1023, 1518, 9018, 0xffffffff \
	}

static inline __attribute__((always_inline)) __u32 wr_size_class(__u32 len)
{
	if (len <= 255)
		return (len > 63) + (len > 127);
	return 3 + (len > 511) + (len > 1023) + (len > 1518) + (len > 9018);
}

_Static_assert(sizeof(struct wr_account_key) == 40, "hashed and compared as five words");
_Static_assert(sizeof(struct wr_account_row) == 64, "a cache line");
_Static_assert(sizeof(struct wr_account_source) == 32, "two in a cache line");
_Static_assert(sizeof(struct wr_account_head) % 64 == 0, "cache lines of one writer");

#endif
