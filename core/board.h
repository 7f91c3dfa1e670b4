/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef WR_CORE_BOARD_H
#define WR_CORE_BOARD_H

#include "core/account.h"
#include "core/record.h"
#include "core/reason.h"

/*
 * The board: one page-like struct per interface and hook that kernel program, reader and any later
 * observer see at the same time (an mmap-able array map, named WR_BOARD_MAP). Every number has one
 * writer: the kernel program on its CPU, or the reader. Nobody locks.
 *
 * The kernel counts a packet as arrived when it enters and as passed, dropped or limited when its
 * fate is known; between the two at most one packet is under way on a CPU. So a snapshot of a CPU
 * is whole when arrived == passed + dropped + limited, and a reader that sees a difference of one
 * looks again.
 */

#define WR_BOARD_MAGIC 0x72696577 /* "weir" */
/* Who adopts a board takes flow tables and records with it: the shape of all three. */
#define WR_BOARD_ABI (2 << 16 | WR_ACCOUNT_ABI << 8 | WR_RECORD_ABI)
#define WR_BOARD_MAP "weir.bss"

#ifndef WR_MAX_CPUS
#define WR_MAX_CPUS 512 /* a power of two */
#endif

/* Counters of one CPU; two cache lines that only this CPU's program writes. */
struct wr_cpu_count {
	__u64 arrived_packets;
	__u64 arrived_bytes;
	__u64 passed_packets;
	__u64 passed_bytes;
	__u64 matched_packets; /* chosen by the filter */
	__u64 matched_bytes;
	__u64 made;	       /* records that were tried */
	__u64 ring_full;       /* of them: no room */
	__u64 deep;	       /* packets that were not plain: read by the stages */
	__u64 skip;	       /* sampling: packets until the next record */
	__u64 dropped_packets; /* by a rule */
	__u64 dropped_bytes;
	__u64 limited_packets; /* over the rate of a rule: not let through, or answered */
	__u64 limited_bytes;
	__u64 forgiven_ns;	/* of limits, see core/bucket.h */
	__u64 answered_packets; /* of the limited: SYNs that got a cookie in place of the service */
};
_Static_assert(sizeof(struct wr_cpu_count) == 128, "two cache lines");

/* What the reader has taken from this CPU. Its own cache line: written by the reader only. */
struct wr_cpu_seen {
	__u64 seen; /* records taken from the ring */
	__u64 last; /* wr_event.made of the last of them */
	__u64 lost; /* wr_event.ring_full of the last of them */
	__u64 gaps; /* records whose numbers did not fit: a defect, must stay 0 */
	__u64 write_failed;
	__u64 gone;   /* records that were in the ring of an earlier reader, which ended */
	__u64 unsure; /* how many those are, is told by the next record */
	__u64 pad;
};
_Static_assert(sizeof(struct wr_cpu_seen) == 64, "a cache line");

struct wr_cpu {
	struct wr_cpu_count count;
	struct wr_cpu_seen seen;
	__u64 bad[WR_BAD_COUNT + (8 - WR_BAD_COUNT % 8) % 8]; /* malformed, by enum wr_bad */
};

/* What the program does; the reader may change it while packets fly. */
struct wr_board_conf {
	__u32 records;	 /* 0: count only; 1: facts; 2: bytes of the frame */
	__u32 sample;	 /* make a record of every n-th chosen packet; 0 and 1: all */
	__u32 snap;	 /* bytes of the frame in a record, when records is 2 */
	__u32 max_depth; /* tunnels to enter */
	__u32 follow;	 /* go on to the filter and the record program; else all that arrives is
			    counted only */
	__u32 window;	 /* accounting: the lowest bit tells which tables are filled */
	__u32 peek; /* accounting: first payloads that are sent to the reader, at most so many per
		       CPU and second; 0 = none */
	__u32 keep; /* accounting: other packets that are sent to the reader, about so many per
		       second; 0 = none */
	__u32 keep_sample; /* of them every n-th; 0 and 1: all */
	__u32 keep_snap;   /* bytes of the frame in such a record */
	__u32 policy;	   /* line of the head of the image that is in force, WR_POLICY_HALF: in the
			      second half of the map; 0 = none, all passes */
	__u32 programs;	   /* WR_PROGRAMS_*: users' programs are asked */
	__u32 upkeep;	   /* accounting: packets of the local link's upkeep that are sent to the
			      reader, at most so many per CPU and second; 0 = none */
	__u32 pad;
	__u64 seed; /* accounting: of distinct counts, see core/sketch.h */
};

#define WR_POLICY_HALF (1u << 31)

enum { WR_RECORDS_NONE = 0, WR_RECORDS_FACTS = 1, WR_RECORDS_BYTES = 2 };

struct wr_board {
	__u32 magic;
	__u32 abi;
	__u32 size; /* of this struct up to and with cpu[] */
	__u32 ifindex;
	__u32 hook; /* enum wr_hook */
	__u32 linktype;
	__u32 reader_pid;
	__u32 ended; /* the reader has detached and emptied the ring: nothing is waiting any more */
	__u64 since_ns;	    /* CLOCK_REALTIME */
	__u64 reader_start; /* start time of the reader's process, to tell it from a later one with
			       its pid */
	char ifname[16];
	struct wr_board_conf conf;
	__u64 kept; /* records made because of conf.keep in this second: all CPUs add, the reader
		       begins anew */
	__u32 gone_map, rules_map; /* ids of the maps that make the rows of rules; 0: none */
	__u8 mac[8];		   /* the interface's own; 0 behind it */
	__u64 pad[5];
	struct wr_cpu cpu[WR_MAX_CPUS]; /* begins a cache line */
};
_Static_assert(__builtin_offsetof(struct wr_board, cpu) % 64 == 0, "cache lines of one writer");

/* Why a record was made. */
enum {
	WR_WHY_CHOSEN = 0,  /* by the filter */
	WR_WHY_PAYLOAD = 1, /* it is one of the first payloads of a flow (wr_board_conf.peek) */
	WR_WHY_KEPT = 2,    /* for the last packets (wr_board_conf.keep) */
	WR_WHY_UPKEEP = 3,  /* it is of the local link's upkeep (wr_board_conf.upkeep) */
};

/* What a record in the ring begins with. Then come facts (struct wr_rec, without hdr[1] when there
 * is no inner packet) or bytes of the frame. */
struct wr_event {
	__u64 ts_ns;	 /* CLOCK_MONOTONIC */
	__u64 made;	 /* wr_cpu_count.made when this was made */
	__u64 ring_full; /* wr_cpu_count.ring_full then */
	__u32 ifindex;
	__u32 len; /* of the whole frame, tag put back */
	__u32 cap; /* bytes of the frame that follow; 0: facts */
	__u16 cpu;
	__u16 gso_segs;
	__u8 linktype; /* Ethernet or raw IP */
	__u8 why;      /* WR_WHY_* */
	__u8 hook;
	__u8 verdict; /* enum wr_verdict */
	__u32 tag; /* VLAN tag that was taken off: TPID << 16 | TCI; 0 = none. Not in the bytes that
		      follow */
	__u16 rule; /* counters of the rule that decided, when verdict is not 0 */
	__u8 klass; /* WR_NO_CLASS: none */
	__u8 pad[5];
};
_Static_assert(sizeof(struct wr_event) == 56, "shared by kernel and host");

/* Constants of a data path, known before its program is loaded: the verifier sees them and drops
 * what is not needed. */
struct wr_fixed {
	__u32 linktype;	  /* DLT of what the hook sees */
	__u32 load_bytes; /* XDP: bpf_xdp_load_bytes exists (5.18) */
	__u32 frags;	  /* XDP: packets may lie in several buffers; bpf_xdp_get_buff_len (5.18) */
	__u32 account;	  /* count flows, see core/account.h */
	__u32 cpus;	  /* account: possible CPUs */
	__u32 set_bits;	  /* account: each table has 1 << set_bits sets of two rows */
	__u32 coarse;	  /* account: bpf_ktime_get_coarse_ns exists (5.11) */
	__u32 judge;	  /* hold packets against a policy, see core/judge.h */
	__u32 policy_half; /* judge: lines of half the map */
	__u32 bucket_bits; /* judge: 1 << bucket_bits lines of buckets by hash */
	__u32 check_mtu;   /* judge: bpf_check_mtu exists (5.12) */
	__u32 pad;
	__u64 secret[2];	    /* account: new with each load */
	__u64 judge_secret;	    /* judge: of the buckets, as long as these last */
	__u32 board_abi, image_abi; /* WR_BOARD_ABI and WR_IMAGE_ABI of the build: not read by it */
	__u8 lowest[64];	    /* WR_LOWEST_BITS: set in the build, nobody else writes it */
};

/* Slots of the program array: the path goes on there when they are filled. */
enum {
	WR_SLOT_FILTER = 0,
	WR_SLOT_RECORD = 1,
	WR_SLOT_MATCHED = 2,
	WR_SLOT_JUDGED = 3,	 /* goes on with the rules when their expressions were asked */
	WR_SLOT_FILTER_GONE = 4, /* the filter for packets that do not pass */
	WR_SLOT_COOKIES = 5,	 /* looks for the service of a SYN or ACK */
	WR_SLOT_WHERE = 6,  /* the expressions of the image in the first half; then the other's */
	WR_SLOT_BEFORE = 8, /* users' programs, asked before the rules, and where they go on */
	WR_SLOT_BEGUN = 9,
	WR_SLOT_AFTER = 10, /* those that are asked of what the rules let pass */
	WR_SLOT_ENDED = 11,
	WR_SLOT_ANSWER = 12, /* makes an answer of a packet, when it has been counted */
	WR_SLOT_COUNT = 13
};

/* wr_board_conf.programs: there are some. */
enum { WR_PROGRAMS_BEFORE = 1 << 0, WR_PROGRAMS_AFTER = 1 << 1 };

/* What a user's program says (bpf/weir.h); whatever else it says is the first of them. */
enum { WR_SAID_CONTINUE = 0, WR_SAID_PASS = 16, WR_SAID_DROP = 17 };

#endif
