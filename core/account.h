/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_ACCOUNT_H
#define WR_CORE_ACCOUNT_H

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

#define WR_ACCOUNT_ABI 2

enum { WR_ACCOUNT_WAYS = 2, WR_ACCOUNT_TIME_SHIFT = 20 };

/* Five words. IPv4 stands in the first four bytes of src and dst, the rest is 0. */
struct wr_account_key {
	__u8 src[16], dst[16]; /* network order */
	__u16 sport, dport;    /* host order; 0 = none */
	__u16 tag;	       /* WR_KEY_VLAN | id, WR_KEY_NO_PROTO */
	__u8 proto;
	__u8 ip_v;
};

enum { WR_KEY_VLAN = 1 << 12, WR_KEY_NO_PROTO = 1 << 13 };

/* A cache line. packets 0: free. */
struct wr_account_row {
	struct wr_account_key key;
	__u64 bytes;
	__u32 packets;
	__u16 tcp_flags;   /* the twelve bits of all packets, and WR_ROW_* */
	__u16 votes;	   /* packets of others that wanted this place */
	__u16 first, last; /* 2^20 ns (about 1.05 ms) since the window began */
	__u32 time_us;	   /* WR_ROW_RTT: from the SYN to the next ACK; before: when the SYN came,
			      low 32 bits of microseconds */
};

enum {
	WR_ROW_SYN = 1 << 12,	  /* a SYN without ACK was among them */
	WR_ROW_SYN_ACK = 1 << 13, /* a SYN with ACK */
	WR_ROW_RTT = 1 << 14,	  /* time_us is a round trip time */
	WR_ROW_PEEKED = 1 << 15,  /* its first payloads were sent to the reader, or need not be */
};

/* What packets were that are no TCP: of a row, in place of TCP flags. */
enum {
	WR_FACT_FRAG = 1 << 0, /* fragments, first or later */
	WR_FACT_BAD = 1 << 1,  /* malformed */
	WR_FACT_ICMP_ERROR = 1 << 2,
};

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
