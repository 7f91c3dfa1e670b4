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
};

enum { WR_FORCE_POLICY_BYTES = 16 << 20, WR_FORCE_RATE_BYTES = 4 << 20 };

/* Needs the right to make maps; nothing after that does. -EPERM; -ENOMEM. */
int wr_force_open(struct wr_force **out, const struct wr_force_conf *conf, struct wr_err *err);
void wr_force_close(
	struct wr_force **f); /* what is in force stays so while paths are; NULL is fine */

const struct wr_judge_maps *wr_force_maps(const struct wr_force *f); /* for wr_path_open() */

/* The slot of a rule: the one it had, or one that is free, counters at 0. -ENOSPC: all are taken.
 */
int wr_force_slot(struct wr_force *f, const char *rule);
void wr_force_forget(struct wr_force *f, const char *rule);	    /* its slot is free again */
const char *wr_force_rule(const struct wr_force *f, uint32_t slot); /* or NULL */
void wr_force_count(const struct wr_force *f, uint32_t slot, struct wr_rule_count *out);
uint64_t wr_force_forgiven_ns(const struct wr_board *b); /* see core/bucket.h; all CPUs */

/*
 * Puts it in force on these paths, all of them in one go; NULL: nothing is, all passes. iface[i] of
 * the image is path[i]'s. Waits until the image before the last is out of use (some milliseconds
 * under load). -EBUSY: it is not, after a second. The old one stays in force on failure.
 */
int wr_force_put(struct wr_force *f, const struct wr_image_built *image,
		 struct wr_path *const *path, uint32_t n_paths, struct wr_err *err);

uint32_t wr_force_lines(const struct wr_force *f); /* that an image may have */
uint64_t wr_force_clock_ns(void);		   /* what packets are held against */
uint64_t wr_force_tick_ns(void);

#endif
