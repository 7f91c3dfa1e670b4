/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PATH_H
#define WR_CONTROL_PATH_H

#include "base/err.h"
#include "capture/account.h"
#include "capture/capture.h"
#include "capture/filter.h"
#include "control/iface.h"
#include "core/board.h"

/*
 * A data path: the kernel programs of one interface and hook, loaded and attached. All of it hangs
 * on descriptors of this process, so that it is gone when the process is, however that ends (where
 * the kernel has no link for TC, a guard process takes the filter off).
 */
struct wr_path;

/* What packets are held against: made and owned by control/force.h. */
struct wr_judge_maps {
	int policy_fd, buckets_fd, hits_fd, rules_fd;
	uint32_t half_lines, bucket_bits;
	uint64_t secret;
};

struct wr_path_conf {
	const struct wr_iface *iface;
	enum wr_hook hook;   /* XDP, XDP_GENERIC, TC or TC_OUT */
	int ring_fd;	     /* ring of an earlier path to share, or -1: make one of ring_bytes */
	uint32_t ring_bytes; /* a power of two */
	struct wr_board_conf board;
	const char *filter;  /* pcap-filter expression or NULL */
	const char *pin_dir; /* links and maps stay, pinned below it, when the process ends; those
				of an earlier process are adopted: programs replaced, counters
				go on. NULL: all is gone with the process */
	const struct wr_judge_maps *judge; /* hold packets against a policy; NULL: all pass */
	uint32_t flow_slots; /* account: flow rows per CPU and window, a power of two; 0 = do not */
	uint64_t memory_bytes; /* account: the tables of all CPUs take no more: flow_slots is halved
				  as often as that takes; 0 = whatever it takes */
};

enum { WR_PATH_SLOTS_MIN = 16, WR_PATH_SLOTS_MAX = 1 << 22, WR_PATH_SLOTS_DEFAULT = 1 << 16 };

/*
 * Loads, writes the configuration, attaches. On failure nothing is left attached and err says what
 * stood in the way in a person's words: -EPERM no rights, -EOPNOTSUPP the kernel or the driver
 * cannot, -EBUSY the hook is taken (err names by whom), -EINVAL the filter, others from the system.
 */
int wr_path_open(struct wr_path **out, const struct wr_path_conf *conf, struct wr_err *err);
void wr_path_close(struct wr_path **path); /* detaches; NULL is fine */

/* Replaces the filter while packets fly; NULL or "" = all packets. The old one stays on failure. */
int wr_path_filter(struct wr_path *path, const char *expr, struct wr_err *err);

/* The expressions of the image in that half, before it comes into force. -EPERM: the right to load
 * programs has been given up. */
int wr_path_where(struct wr_path *path, uint32_t half, const char *const *expr, uint32_t n,
		  struct wr_err *err);

/* The same for a path of another process, which has not the right: what has to be known of it, and
 * two descriptors. */
struct wr_path_at {
	enum wr_hook hook;
	int linktype;
	uint32_t prog_flags, attach_type;
};
void wr_path_where_at(const struct wr_path *path, struct wr_path_at *at, int fds[2]); /* borrowed */
int wr_path_where_there(const struct wr_path_at *at, const int fds[2], uint32_t half,
			const char *const *expr, uint32_t n, struct wr_err *err);

/* What did not get through, by CPU and slot of rules (cpu * WR_JUDGE_RULES + slot), of *cpus CPUs;
 * borrowed. NULL: packets are not held against a policy here. */
struct wr_gone *wr_path_gone(const struct wr_path *path, uint32_t *cpus);

/* Notes what address the interface has by now: SYNs sent to it may be answered for it. */
void wr_path_note_address(struct wr_path *path);

/* Takes the programs off the hook; the board and the ring stay readable until close. One that is
 * pinned stays while its interface is there. */
void wr_path_detach(struct wr_path *path);
bool wr_path_pinned(const struct wr_path *path);

/* What was pinned has been removed: from now on it is like any other. */
void wr_path_unpinned(struct wr_path *path);

/* Removes what is pinned below pin_dir of interfaces of this network namespace that are gone. */
void wr_path_sweep(const char *pin_dir);

/* Paths below pin_dir that nobody reads any more are held against no policy: what this process puts
 * would lie where they look. To be called when its own are open. Returns how many there were. */
int wr_path_disarm(const char *pin_dir);

/* Removes what an earlier process has pinned of a hook, unless a process reads it. Returns whether
 * something was. */
bool wr_path_forget(const char *pin_dir, int ifindex, enum wr_hook hook);

/* Are they on it still? Not when the interface went, even if another one has its name and number
 * now, nor when somebody has taken them off. True when that cannot be asked: a guard that another
 * process has started, no right to ask. */
bool wr_path_attached(const struct wr_path *path);

struct wr_board *wr_path_board(struct wr_path *path);	  /* borrowed */
int wr_path_ring(const struct wr_path *path);		  /* descriptor, borrowed */
struct wr_account *wr_path_account(struct wr_path *path); /* borrowed; NULL: it does not account */
uint32_t wr_path_slots(const struct wr_path *path); /* flow rows per CPU and window; 0 = none */
const struct wr_iface *wr_path_iface(const struct wr_path *path);
enum wr_hook wr_path_hook(const struct wr_path *path);

/*
 * A path that one process opens for another, which may not: what it is, and the descriptors that
 * all of it hangs on. The giver closes its own afterwards by wr_path_close_given(); nothing is
 * detached by that. The taker has it as if it had opened it, but cannot set a filter.
 */
enum { WR_PATH_FDS = 9 };

struct wr_path_given {
	struct wr_iface iface;
	enum wr_hook hook;
	uint32_t cpus, set_bits;	  /* of accounting */
	uint32_t prog_flags, attach_type; /* of its programs */
	bool judges;
	bool guarded;	  /* the first descriptor is a guard's (before 6.6), no link's */
	char folder[256]; /* where it is pinned, "" = it is not */
};

/* fds stay the path's. The path must account. */
void wr_path_give(const struct wr_path *path, struct wr_path_given *given, int fds[WR_PATH_FDS]);
void wr_path_close_given(struct wr_path **path);
/* Takes all fds, also on failure. */
int wr_path_take(struct wr_path **out, const struct wr_path_given *given,
		 const int fds[WR_PATH_FDS], struct wr_err *err);
const char *wr_path_folder(const struct wr_path *path); /* where it is pinned, or "" */

/*
 * Tries the hooks from best to worst and opens the first that works. `why` gets one line: which,
 * and why not a better one. hook = WR_HOOK_COUNT: any of them; else only that one.
 */
int wr_path_open_auto(struct wr_path **out, const struct wr_path_conf *conf, int whole_packets,
		      char *why, size_t room, struct wr_err *err);

#endif
