/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_FORCE_H
#define WR_CONTROL_FORCE_H

#include "control/path.h"
#include "policy/image.h"

/*
 * The policy that is in force: the maps that the data paths of a session share, and the only writer
 * to them. A new image is written aside and comes into force on each path by one store; the old one
 * is kept until no packet can be held against it any more. Counters and rates belong to slots,
 * which rules keep from one policy to the next.
 */
struct wr_force;

struct wr_force_conf {
	uint64_t policy_bytes; /* of both images together */
	uint64_t rate_bytes;   /* of buckets by source and service */
	const char *pin_dir;   /* the maps stay below it, and are adopted; NULL: gone with us */
	/* Puts expressions into a path, as wr_path_where(), for a process that has given up the
	 * right to load programs. NULL: this one has it. */
	int (*where)(void *ctx, struct wr_path *path, uint32_t half, const char *const *expr,
		     uint32_t n, struct wr_err *err);
	void *where_ctx;
};

enum { WR_FORCE_POLICY_BYTES = 16 << 20, WR_FORCE_RATE_BYTES = 4 << 20 };

/* Needs the right to make maps; nothing after that does. -EPERM; -ENOMEM. */
int wr_force_open(struct wr_force **out, const struct wr_force_conf *conf, struct wr_err *err);
void wr_force_close(
	struct wr_force **f); /* what is in force stays so while paths are; NULL is fine */

const struct wr_judge_maps *wr_force_maps(const struct wr_force *f); /* for wr_path_open() */

/* The form (WR_IMAGE_ABI) of what an earlier weir left pinned, when it was another one: ours cannot
 * go on with that, so it has been emptied and nothing is in force until the next put; 0: it was
 * not. */
uint32_t wr_force_older(const struct wr_force *f);

/*
 * The paths that the policy holds for, borrowed until they leave. One that an earlier process has
 * left with a policy in force keeps it until the next one is put.
 */
void wr_force_join(struct wr_force *f, struct wr_path *path);
void wr_force_leave(struct wr_force *f, struct wr_path *path); /* before it is closed */
uint32_t wr_force_paths(const struct wr_force *f, struct wr_path *const **path);

/*
 * The slot of a rule: the one it had, or one that is free, counters at 0. -ENOSPC: all are taken.
 * What the rule that had it before has kept out becomes that of rules which are gone
 * (WR_SLOT_PAST).
 */
int wr_force_slot(struct wr_force *f, const char *rule);
/* The policy that was put has these rules only: slots of others are free when the one before is out
 * of use. */
void wr_force_only(struct wr_force *f, const uint16_t *slot, size_t n);
/* What has got a slot since the last put was for a policy that is not put after all: free again, at
 * once. */
void wr_force_give_back(struct wr_force *f);
/* The slot of a user's program, counted under "program NAME", which no rule can be called: it stays
 * until it is released. */
int wr_force_hold(struct wr_force *f, const char *program);
void wr_force_release(struct wr_force *f, const char *program);
/* Name by slot, or NULL; "(gone)": rules that have made room. */
const char *wr_force_rule(const struct wr_force *f, uint32_t slot);
uint32_t wr_force_slots(const struct wr_force *f); /* no slot from this one on has ever been used,
						      but the last two */
void wr_force_count(const struct wr_force *f, uint32_t slot, struct wr_rule_count *out);
/* What one has counted is the other's from now on. Packets write to neither. */
void wr_force_fold(struct wr_force *f, uint32_t from, uint32_t to);

/* Links, one for each path: what core/govern.h holds classes against. */
uint32_t wr_force_link(const struct wr_force *f, uint32_t path); /* number + 1; 0: it has none */
/* What the link carries, at once; 0: nobody knows. */
void wr_force_capacity(struct wr_force *f, uint32_t path, uint64_t bps);
struct wr_count wr_force_passed(const struct wr_force *f, uint32_t path); /* so far */
uint64_t wr_force_queue_ns(const struct wr_force *f, uint32_t path);	  /* how full it is */

/*
 * Flows of which a host is known (core/host.h), by the rule's number there. At once; a flow that is
 * known already is no error. Returns whether another one had to make room for it.
 */
bool wr_force_host(struct wr_force *f, const struct wr_host_key *key, uint32_t rule);
void wr_force_host_gone(struct wr_force *f, const struct wr_host_key *key, uint32_t rule);
void wr_force_hosts_gone(struct wr_force *f, uint32_t rule); /* all of that rule */
void wr_force_hosts_clear(struct wr_force *f);

uint64_t wr_force_forgiven_ns(const struct wr_board *b); /* see core/bucket.h; all CPUs */

/*
 * Puts it in force on all paths in one go; NULL: nothing is, all passes. iface[i] of the image is
 * the one of path i (wr_force_paths()). Waits until the image before the last is out of use (some
 * milliseconds under load). -EBUSY: it is not, after a second. The old one stays in force on
 * failure.
 */
int wr_force_put(struct wr_force *f, const struct wr_image_built *image, struct wr_err *err);

uint32_t wr_force_lines(const struct wr_force *f); /* that an image may have */
uint64_t wr_force_clock_ns(void);		   /* what packets are held against */
uint64_t wr_force_tick_ns(void);

#endif
