/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ATTACH_H
#define WR_DAEMON_ATTACH_H

#include <stdbool.h>
#include <sys/types.h>

#include "control/programs.h"
#include "control/swap.h"

/*
 * A process that keeps the rights which the core gives up, and does a few things for it: it
 * opens data paths (weir's own programs, nothing else can be asked for) and hands over their
 * descriptors, it puts expressions of rules into them, it takes off what weir has pinned below
 * its folder, and it puts another build of the programs in place, from files that only root can
 * have written. It reads no packet and no byte of a stranger, and ends with the core.
 */
struct wr_attach {
	int fd; /* -1: there is no such process */
	pid_t pid;
};

/* Forks it, in network namespace netns (NULL or "": this one). pin_dir: NULL or "" = nothing is
 * pinned. */
int wr_attach_start(struct wr_attach *a, const char *netns, const char *pin_dir,
		    struct wr_err *err);
void wr_attach_end(struct wr_attach *a); /* waits for it; one that was not started is fine */

/* For struct wr_engine_conf: ctx is a struct wr_attach. -EPERM: there is no such process. */
int wr_attach_open_path(void *ctx, struct wr_path **out, const struct wr_path_conf *conf,
			int whole_packets, char *why, size_t room, struct wr_err *err);
/* Expressions of rules, see wr_path_where(). */
int wr_attach_where(void *ctx, struct wr_path *path, uint32_t half, const char *const *expr,
		    uint32_t n, struct wr_err *err);
/*
 * Another build for a path, see wr_swap_prepare(): tried, and put in place when all paths have
 * been: end with commit, or without: then the old ones stay. One that is refused ends it, too, but
 * one that no file is for (-ENXIO).
 */
int wr_attach_swap(struct wr_attach *a, const struct wr_path *path, const struct wr_swap_want *want,
		   struct wr_swap_told *told, struct wr_err *err);
int wr_attach_swap_end(struct wr_attach *a, bool commit, struct wr_err *err);

/* Users' programs, see control/programs.h; *counts_fd is owned. */
int wr_attach_program_set(struct wr_attach *a, const struct wr_program_set *set,
			  struct wr_program_told *told, int *counts_fd, struct wr_err *err);
int wr_attach_program_del(struct wr_attach *a, const char *name, struct wr_err *err);
int wr_attach_program_undo(struct wr_attach *a, struct wr_err *err);
int wr_attach_program_put(struct wr_attach *a, const struct wr_path *path, struct wr_err *err);

int wr_attach_unpin(void *ctx, const char *folder, struct wr_err *err);

#endif
