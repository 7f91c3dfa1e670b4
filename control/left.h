/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_LEFT_H
#define WR_CONTROL_LEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What weir has in this host's kernel: on the interfaces of this network namespace and of those
 * that have a name (/run/netns), in every bpffs that is mounted here, and boards. Programs are ours
 * when they use a board; what others have put there is not even looked at.
 */
enum wr_left_kind {
	WR_LEFT_PIN,
	WR_LEFT_LINK,	   /* a program at XDP or tcx */
	WR_LEFT_FILTER,	   /* a program at clsact */
	WR_LEFT_BOARD,	   /* a board that one of the above has led to */
	WR_LEFT_ELSEWHERE, /* a board that nothing here leads to: of another network or mount
			      namespace; its reader has ended */
};

struct wr_left {
	enum wr_left_kind kind;
	char text[384];	 /* which, in words */
	uint32_t reader; /* the process that reads it, which runs; 0: nobody does */
	char path[320];	 /* of a pin */
	char netns[64];	 /* of the others: its name in /run/netns; "": this one */
	int ifindex;
	bool egress;
	uint32_t id;		   /* of a link, or of the map of a board */
	uint32_t handle, priority; /* of a filter */
};

struct wr_lefts {
	struct wr_left *at; /* owned: wr_lefts_free() */
	size_t n, room;
};

/* Fills it anew. -EPERM: that takes root; -ENOMEM. */
int wr_lefts_find(struct wr_lefts *l, struct wr_err *err);
void wr_lefts_free(struct wr_lefts *l);

/*
 * Takes it away: a pin, with folders that are empty then; a filter, with the discipline when
 * nothing is in that any more; a link by force. A board goes by itself when nobody holds it, some
 * time later: nothing to do. 0, also when it is gone already.
 */
int wr_left_remove(const struct wr_left *left, struct wr_err *err);

bool wr_left_board_is_there(uint32_t id); /* of its map */

#endif
