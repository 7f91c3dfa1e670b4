/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BPF_MAPS_H
#define WR_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "core/account.h"
#include "core/board.h"
#include "core/image.h"
#include "core/window.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "keys and tags are put together so");

/* All maps of the kernel programs. Each attachment (interface and hook) has its own set, but for
 * the ring. */

/* What one CPU needs while it reads a packet: the record in the making, with the event in front of
 * it so that both leave in one piece. */
struct wr_slot {
	struct wr_event event;
	union {
		struct wr_parse parse;
		__u8 bytes[WR_WINDOW];
	};
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct wr_slot) % 64 == 0, "cache lines of one writer");

/* The board first: readers map only that part. Behind it is the program's own; where judgements lie
 * control/path_filter.c knows, too. */
struct wr_shared {
	struct wr_board board;
	struct wr_judge judge[WR_MAX_CPUS];
	struct wr_debts debts[WR_MAX_CPUS];
	struct wr_slot slot[WR_MAX_CPUS];
	struct wr_model_values values[WR_MAX_CPUS + 2]; /* as far as a byte leads */
};

struct wr_shared
	wr_shared; /* .bss: an mmap-able array with direct addresses, no look-up per packet */

/*
 * One base register for a CPU's slot and one for its counters. Left to itself the compiler adds the
 * offset of the array, too large for an instruction, before each access: twice the instructions for
 * the whole parser.
 */
static __always_inline struct wr_slot *wr_slot_of(__u32 cpu)
{
	struct wr_slot *s = &wr_shared.slot[cpu & (WR_MAX_CPUS - 1)];

	wr_keep(s);
	return s;
}

static __always_inline struct wr_cpu *wr_cpu_of(__u32 cpu)
{
	struct wr_cpu *c = &wr_shared.board.cpu[cpu & (WR_MAX_CPUS - 1)];

	wr_keep(c);
	return c;
}

static __always_inline struct wr_judge *wr_judge_of(__u32 cpu)
{
	struct wr_judge *j = &wr_shared.judge[cpu & (WR_MAX_CPUS - 1)];

	wr_keep(j);
	return j;
}

#define WR_PARSE_OF(self) (&wr_slot_of(self)->parse)

const volatile struct wr_fixed wr_fixed = {.linktype = WR_LINK_ETHER,
					   .board_abi = WR_BOARD_ABI,
					   .image_abi = WR_IMAGE_ABI,
					   .lowest = {WR_LOWEST_BITS}};

/* Records on their way to the reader. Shared by all attachments of a session; size set at start. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} wr_ring SEC(".maps");

/* Where the path goes on: filter, record. Replaced while packets fly. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, WR_SLOT_COUNT);
	__type(key, __u32);
	__type(value, __u32);
} wr_slots SEC(".maps");

/* Accounting, see core/account.h; one entry each when it is off. Tables are numbered window * cpus
 * + cpu. All are mapped by the reader. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wr_account_head);
} wr_heads SEC(".maps");

/* Flow rows of all tables: table << set_bits | set. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wr_account_set);
} wr_sets SEC(".maps");

/* How many payloads of a flow the reader got, two bits each, by hash: flows are told apart well
 * enough that hardly one is passed over. The reader clears it now and then. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} wr_peeked SEC(".maps");

/* As many as have most of what comes: of usual packets four of five are like one of so many
 * (docs/model.md). 0.5 MiB for each CPU. */
enum { WR_SAID_BITS = 12, WR_SAID_BY_MODELS = 1 << WR_SAID_BITS };

/* The sum that a model says of these values: all that it asks about. */
struct wr_model_said {
	__u64 id; /* 0: none */
	__u64 word[WR_MODEL_WORDS];
	__u64 sum;
	__u64 pad[3];
};

/* The policy, see core/image.h: two images, of which one is in force. Shared by all attachments of
 * a session, as the next two are; one entry each when packets are not judged. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wr_line);
} wr_policy SEC(".maps");

/* Rates: of rules, of sources, of services; and what became of first fragments. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wr_bucket_line);
} wr_buckets SEC(".maps");

/* What rules matched: cpu * WR_JUDGE_RULES + slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wr_rule_count);
} wr_hits SEC(".maps");

/* What did not get through here, and by which rule: cpu * WR_JUDGE_RULES + slot. Not shared: with
 * the counters of the board it makes the ledger of this attachment. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wr_gone);
} wr_gone SEC(".maps");

/* What models have said of packets, by hash of what they asked about: bpf/model.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WR_SAID_BY_MODELS);
	__type(key, __u32);
	__type(value, struct wr_model_said);
} wr_scores SEC(".maps");

/* Numbers of the rows in use, head.used of them: (table << (set_bits + 1)) + n. Elements of an
 * array lie eight bytes apart, so they are that large. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} wr_used SEC(".maps");

#endif
