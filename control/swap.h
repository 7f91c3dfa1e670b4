/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_SWAP_H
#define WR_CONTROL_SWAP_H

#include "control/path.h"

/*
 * Another build of the kernel programs, or the same one with other constants, in the place of those
 * of a path that runs: maps are kept, counters go on, and each packet meets the old program or the
 * new one. For a process that has the right to load; the path may be another process's.
 */
enum { WR_SWAP_OBJECTS = 2 };

struct wr_swap_want {
	char object[WR_SWAP_OBJECTS][256]; /* files, one for each kind of hook; "" = no more */
	int account;			   /* count flows: 1, 0; -1: as it is */
};

struct wr_swap_told {
	char object[256]; /* that was taken */
	uint32_t packets; /* of its self-test */
	uint32_t ns;	  /* of a packet there, on an average */
};

/* What a path is to who swaps its programs. link_fd: -1 where it hangs on a filter of clsact. */
struct wr_swap_at {
	struct wr_path_at path;
	char iface[16];
	int ifindex;
	bool filter;
};

struct wr_swap;

/* fds: of the link and the board; without a link of the board alone. Returns how many; borrowed. */
int wr_path_swap_at(const struct wr_path *path, struct wr_swap_at *at, int fds[2]);

/*
 * Loads and tries it (control/selftest.h); nothing has changed then. The file must be root's and
 * nobody else's to write: what it says is done with root's rights. fds as above; they are copied.
 * -EINVAL: it is no such object, or of another layout; -EPROTO: it decides otherwise; -EPERM: the
 * file is not root's; -ENOENT: there is no such file; -ENXIO: none of them is for this hook.
 */
int wr_swap_prepare(struct wr_swap **out, const struct wr_swap_at *at, const int *fds,
		    const struct wr_swap_want *want, struct wr_swap_told *told, struct wr_err *err);
int wr_swap_commit(struct wr_swap *s, struct wr_err *err); /* the old one stays on failure */
void wr_swap_undo(struct wr_swap *s);			   /* the old one is put back */
void wr_swap_close(struct wr_swap **s);			   /* NULL is fine; sets NULL */

#endif
