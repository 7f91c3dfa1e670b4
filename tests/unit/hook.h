/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_HOOK_H
#define WR_TESTS_HOOK_H

/*
 * The kernel programs, loaded but attached nowhere: packets are put in by BPF_PROG_TEST_RUN. For
 * tests and measurements, which must not depend on control/.
 */

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "core/account.h"
#include "core/board.h"
#include "core/image.h"
#include "core/proto.h"

#ifndef WR_BPF_DIR
#define WR_BPF_DIR "build/bpf"
#endif

/* X(symbol, object, what TEST_RUN answers when the packet passes) */
enum { HOOK_LOGS = 5 };
enum hook_kind { HOOK_XDP, HOOK_TC, HOOK_KINDS };

static const struct hook_is {
	const char *name, *main, *record, *judged, *cookies, *answer;
	enum bpf_prog_type type;
	int pass;
} hook_is[HOOK_KINDS] = {
	[HOOK_XDP] = {"xdp", "wr_xdp", "wr_xdp_record", "wr_xdp_judged", "wr_xdp_cookies",
		      "wr_xdp_answer", BPF_PROG_TYPE_XDP, XDP_PASS},
	[HOOK_TC] = {"tc_in", "wr_tc_in", "wr_tc_in_record", "wr_tc_in_judged", "wr_tc_in_cookies",
		     "wr_tc_in_answer", BPF_PROG_TYPE_SCHED_CLS, -1},
};

struct hook_conf {
	enum hook_kind kind;
	struct wr_fixed fixed;
	uint32_t ring_bytes; /* 0: as in the object */
	uint32_t log_level;
	char *log; /* when log_level is set: of the programs of hook_is, one behind the other */
	size_t log_size;
};

struct hook {
	const struct hook_is *is;
	struct wr_fixed fixed;
	struct bpf_object *obj;
	int main_fd, record_fd, judged_fd, cookies_fd, answer_fd, slots_fd, ring_fd;
	struct wr_board *board; /* mapped */
	size_t board_size;
};

static inline int hook_quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_WARN && getenv("WEIR_VERBOSE") ? vfprintf(stderr, fmt, ap) : 0;
}

static inline const char *hook_dir(void)
{
	const char *dir = getenv("WEIR_BPF_DIR");

	return dir ? dir : WR_BPF_DIR;
}

static inline struct bpf_program *hook_prog(const struct hook *h, const char *name)
{
	return bpf_object__find_program_by_name(h->obj, name);
}

static inline int hook_map(const struct hook *h, const char *name)
{
	return bpf_object__find_map_fd_by_name(h->obj, name);
}

static inline struct bpf_map *hook_bpf_map(const struct hook *h, const char *name)
{
	return bpf_object__find_map_by_name(h->obj, name);
}

static inline int hook_set_fixed(struct hook *h)
{
	struct bpf_map *map = bpf_object__find_map_by_name(h->obj, ".rodata");
	size_t size = 0;
	void *at = map ? (void *)bpf_map__initial_value(map, &size) : NULL;

	if (!at || size != sizeof(h->fixed))
		return -EINVAL;
	memcpy(at, &h->fixed, offsetof(struct wr_fixed, lowest));
	return 0;
}

static inline int hook_prepare(struct hook *h, const struct hook_conf *conf)
{
	struct bpf_program *const logged[HOOK_LOGS] = {
		hook_prog(h, h->is->main), hook_prog(h, h->is->record), hook_prog(h, h->is->judged),
		hook_prog(h, h->is->cookies), hook_prog(h, h->is->answer)};
	struct bpf_map *ring = bpf_object__find_map_by_name(h->obj, "wr_ring");

	for (int i = 0; i < HOOK_LOGS; i++)
		if (!logged[i])
			return -EINVAL;
	if (!ring || hook_set_fixed(h))
		return -EINVAL;
	if (conf->ring_bytes)
		bpf_map__set_max_entries(ring, conf->ring_bytes);
	if (conf->fixed.account) {
		uint32_t sets = 2 * conf->fixed.cpus << conf->fixed.set_bits;

		bpf_map__set_max_entries(hook_bpf_map(h, "wr_peeked"), WR_ACCOUNT_PEEK_WORDS);
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_heads"), 2 * conf->fixed.cpus);
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_sets"), sets);
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_used"), sets * WR_ACCOUNT_WAYS);
	}
	if (conf->fixed.judge) {
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_policy"), 2 * conf->fixed.policy_half);
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_buckets"),
					 WR_BUCKET_FIRST + (1 << conf->fixed.bucket_bits));
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_hits"),
					 WR_JUDGE_RULES * (uint32_t)libbpf_num_possible_cpus());
		bpf_map__set_max_entries(hook_bpf_map(h, "wr_gone"),
					 WR_JUDGE_RULES * (uint32_t)libbpf_num_possible_cpus());
	}
	if (conf->fixed.frags) {
		struct bpf_program *p;

		bpf_object__for_each_program(p, h->obj)
			bpf_program__set_flags(p, bpf_program__flags(p) | BPF_F_XDP_HAS_FRAGS);
	}
	for (int i = 0; i < HOOK_LOGS && conf->log_level; i++) {
		bpf_program__set_log_level(logged[i], conf->log_level);
		bpf_program__set_log_buf(logged[i], conf->log + (size_t)i * conf->log_size,
					 conf->log_size);
	}
	return 0;
}

static inline int hook_map_board(struct hook *h)
{
	struct bpf_map *bss = bpf_object__find_map_by_name(h->obj, ".bss");

	h->board_size = bpf_map__value_size(bss);
	h->board =
		mmap(NULL, h->board_size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(bss), 0);
	if (h->board == MAP_FAILED) {
		h->board = NULL;
		return -errno;
	}
	return 0;
}

static inline int hook_set_slot(struct hook *h, uint32_t slot, int fd)
{
	return bpf_map_update_elem(h->slots_fd, &slot, &fd, BPF_ANY) ? -errno : 0;
}

static inline void hook_close(struct hook *h)
{
	if (h->board)
		munmap(h->board, h->board_size);
	bpf_object__close(h->obj);
	memset(h, 0, sizeof(*h));
}

/* Loads the object of a hook, with the record program in its slot. 0 or -errno; then h is closed.
 */
static inline int hook_open(struct hook *h, const struct hook_conf *conf)
{
	char path[4096];
	int rc;

	memset(h, 0, sizeof(*h));
	h->is = &hook_is[conf->kind];
	h->fixed = conf->fixed;
	snprintf(path, sizeof(path), "%s/%s.bpf.o", hook_dir(), h->is->name);
	h->obj = bpf_object__open_file(path, NULL);
	if (!h->obj)
		return -errno;
	rc = hook_prepare(h, conf);
	if (!rc)
		rc = bpf_object__load(h->obj);
	if (!rc)
		rc = hook_map_board(h);
	if (rc || !h->board) {
		hook_close(h);
		return rc ? rc : -ENOENT;
	}
	h->main_fd = bpf_program__fd(hook_prog(h, h->is->main));
	h->judged_fd = bpf_program__fd(hook_prog(h, h->is->judged));
	h->record_fd = bpf_program__fd(hook_prog(h, h->is->record));
	h->slots_fd = hook_map(h, "wr_slots");
	h->ring_fd = hook_map(h, "wr_ring");
	h->board->conf = (struct wr_board_conf){.snap = 65535, .max_depth = 1, .follow = 1};
	h->cookies_fd = bpf_program__fd(hook_prog(h, h->is->cookies));
	h->answer_fd = bpf_program__fd(hook_prog(h, h->is->answer));
	rc = hook_set_slot(h, WR_SLOT_COOKIES, h->cookies_fd);
	rc = rc ? rc : hook_set_slot(h, WR_SLOT_ANSWER, h->answer_fd);
	rc = rc ? rc : hook_set_slot(h, WR_SLOT_JUDGED, h->judged_fd);
	return rc ? rc : hook_set_slot(h, WR_SLOT_RECORD, h->record_fd);
}

/* Has this kernel what these constants ask for? (5.18) */
static inline bool hook_can(const struct wr_fixed *fixed)
{
	return (!fixed->load_bytes && !fixed->frags) ||
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) == 1;
}

/* The counters of all CPUs together. */
static inline struct wr_cpu_count hook_count(const struct hook *h)
{
	struct wr_cpu_count sum = {0};

	for (int i = 0; i < WR_MAX_CPUS; i++) {
		const __u64 *from = (const __u64 *)&h->board->cpu[i].count;
		__u64 *to = (__u64 *)&sum;

		for (size_t k = 0; k < sizeof(sum) / sizeof(*to); k++)
			to[k] += from[k];
	}
	return sum;
}

/* Per-CPU state stays warm, and a packet's counters and slot are on one CPU. */
static inline void hook_stay_on_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

#endif
