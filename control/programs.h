/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PROGRAMS_H
#define WR_CONTROL_PROGRAMS_H

#include <stdbool.h>

#include "control/path.h"

/*
 * Users' programs (bpf/weir.h), for a process that has the right to load: loaded once each, and put
 * into data paths as functions of one program before the rules and one behind them, which asks them
 * in their order and then goes on with weir's own. So every packet comes back, whatever they do,
 * and a change is one store for each path.
 */
enum { WR_PROGRAMS = 8, WR_PROGRAM_NAME = 16 };

struct wr_programs;

/* By CPU and place, in a map that is shared: written by the kernel. */
struct wr_program_count {
	uint64_t asked, passed, dropped, pad;
};

struct wr_program_set {
	char name[WR_PROGRAM_NAME];
	char file[256];
	bool after;    /* asked of what the rules let pass; else before them */
	uint16_t slot; /* of what it drops in the ledger */
};

struct wr_program_told {
	uint32_t place; /* of its counters */
	uint32_t ns;	/* of one packet, when it is run on a made one again and again */
	bool xdp, tc;	/* what there is one for */
};

int wr_programs_open(struct wr_programs **out, struct wr_err *err);
int wr_programs_counts(const struct wr_programs *p); /* descriptor of their counters, borrowed */

/*
 * Loads the file in the place of the one of that name, or behind all others; no path has it yet.
 * Errors as wr_swap_prepare(); -ENOSPC: there are as many as there may be.
 */
int wr_programs_set(struct wr_programs *p, const struct wr_program_set *set,
		    struct wr_program_told *told, struct wr_err *err);
int wr_programs_del(struct wr_programs *p, const char *name, struct wr_err *err); /* -ENOENT */
void wr_programs_undo(struct wr_programs *p); /* takes back the last set or del */

/* Puts all of them into a path, fds as of wr_path_where_at(). -ENXIO: one of them has nothing for
 * that hook. What was there stays on failure. */
int wr_programs_put(struct wr_programs *p, const struct wr_path_at *at, const int fds[2],
		    struct wr_err *err);

#endif
