/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_PATH_IMPL_H
#define WR_CONTROL_PATH_IMPL_H

#include <bpf/libbpf.h>

#include "control/clsact.h"
#include "control/path.h"

/* What the files of a data path share: path.c makes it, path_pin.c keeps it beyond the process,
 * path_give.c hands it to another one. */
struct wr_path {
	struct wr_iface iface;
	enum wr_hook hook;
	struct bpf_object *object;
	struct wr_board *board;
	int ring_fd, slots_fd, bss_fd;
	int link_fd;		  /* XDP and tcx; -1 = none */
	struct wr_clsact *clsact; /* TC before 6.6; NULL = none */
	int prog_fd;
	uint32_t prog_flags;
	uint32_t attach_type;
	bool frags;
	bool judges;	      /* packets are held against a policy */
	struct wr_gone *gone; /* mapped: what did not get through, when it judges */
	uint32_t gone_cpus;
	bool new_gone;		     /* it is not the one that was pinned */
	char folder[256];	     /* where it is pinned; "" = it is not */
	bool adopted;		     /* maps of an earlier process */
	bool other_ring;	     /* but not its ring */
	bool had_pins;		     /* an earlier process has left something */
	struct wr_account_maps maps; /* of accounting */
	struct wr_account *account;
};

/* What is kept of a path besides its link, in the order that it is given in. */
enum {
	WR_PIN_BOARD,
	WR_PIN_RING,
	WR_PIN_HEADS,
	WR_PIN_SETS,
	WR_PIN_USED,
	WR_PIN_PEEKED,
	WR_PIN_SLOTS, /* a program array is emptied when nobody holds it */
	WR_PIN_GONE,  /* has one entry only while packets are not judged */
	WR_PINS
};

bool wr_path_is_xdp(enum wr_hook hook);

/* The map whose name ends so, which is there. */
struct bpf_map *wr_path_map(const struct wr_path *p, const char *suffix);
struct bpf_map *wr_path_pin_map(const struct wr_path *p, int pin);

/* Where it is to be pinned; NULL: nowhere. */
void wr_path_set_folder(struct wr_path *p, const char *pin_dir);

/* Maps what the path counts by rule; fd is borrowed. What an earlier process has counted on the
 * board and not there becomes that of rules which are gone. */
int wr_path_map_gone(struct wr_path *p, int fd, struct wr_err *err);

/* Before the object is loaded: maps that an earlier process has left are used as they are, all or
 * none; what does not fit is removed. Its link is kept whatever becomes of the maps. ring_fd: of
 * the session, or -1. -EBUSY: the process that has pinned them is there. */
int wr_path_adopt(struct wr_path *p, int ring_fd, struct wr_err *err);

/* The program of the link that was left is replaced by ours, without a packet in between. */
int wr_path_adopt_link(struct wr_path *p);

/* What an earlier process has left on other hooks for what arrives is taken off, unless a process
 * reads it. Returns whether there was something. */
bool wr_path_leave_others(const struct wr_path *p);

/* Pins all of it, when it is attached; what is pinned is replaced. */
int wr_path_pin(struct wr_path *p, struct wr_err *err);

#endif
