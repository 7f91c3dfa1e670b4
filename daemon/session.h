/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_SESSION_H
#define WR_DAEMON_SESSION_H

#include "capture/capture.h"
#include "control/path.h"
#include "core/board.h"

enum {
	WR_SESSION_IFACES = 256, /* at a time; one that is watched both ways counts twice */
	/* of the ledger: one each, one for those that made room for others */
	WR_SESSION_ROWS = WR_SESSION_IFACES + 1,
};

/*
 * A live capture: interfaces by name (or all there are), each through the best hook that works on
 * it. Interfaces may come and go. It is a wr_source; read it on a timer, there is no descriptor to
 * wait for.
 */
struct wr_session_conf {
	const char *const *ifaces;
	size_t n_ifaces;
	/* every interface, also those that come later; ifaces is ignored. When there are more than
	 * there is room for, say() tells which are not watched. */
	bool any;
	bool out;	    /* what leaves, too, where BPF is possible: rows of its own */
	enum wr_hook hook;  /* WR_HOOK_COUNT = the best that works */
	const char *filter; /* pcap-filter expression or NULL */
	struct wr_board_conf board;
	bool whole_packets;    /* the records should hold all bytes of a packet */
	const char *pin_dir;   /* see control/path.h; NULL: nothing stays */
	uint32_t flow_slots;   /* account in the kernel, see control/path.h; 0 = do not */
	uint64_t memory_bytes; /* for that, of each interface and direction; 0 = what it takes */
	/* Packets are held against a policy: the maps of control/force.h, whose rules have names by
	 * slot. Then no interface is watched by a packet socket, which keeps nothing out. NULL: all
	 * pass. */
	const struct wr_judge_maps *judge;
	const char *(*rule)(void *ctx, uint32_t slot); /* or NULL */
	uint32_t (*rule_slots)(void *ctx);	       /* see struct wr_board_rules */
	/* A path is there from now on, or is about to go. May be NULL. */
	void (*joins)(void *ctx, struct wr_path *path, bool joins);
	void *judge_ctx;
	/* A path that accounts is detached and about to be closed: what it counted must be taken
	 * now. May be NULL. */
	void (*leaving)(void *ctx, struct wr_path *path);
	void *leaving_ctx;
	/* Opens a path as wr_path_open_auto() does, for a program that has given up the rights that
	 * takes; and takes off what is pinned in a folder. NULL: this process does it. */
	int (*open_path)(void *ctx, struct wr_path **out, const struct wr_path_conf *conf,
			 int whole_packets, char *why, size_t room, struct wr_err *err);
	int (*unpin)(void *ctx, const char *folder, struct wr_err *err);
	void *rights_ctx;
	uint32_t ring_bytes; /* for all of them together; a packet socket has a MiB at least */
	void (*say)(void *ctx,
		    const char *line); /* what a person should know: hooks, comings and goings */
	void *say_ctx;
};

/*
 * -ENODEV: a named interface does not exist and none of the others does either (one that is missing
 * is waited for when another is there). -EPERM, -EOPNOTSUPP: neither BPF nor a packet socket is
 * possible.
 */
int wr_session_open(struct wr_source **out, const struct wr_session_conf *conf, struct wr_err *err);

/* Calls fn for each data path there is; borrowed for the call. */
void wr_session_paths(struct wr_source *base, void (*fn)(void *ctx, struct wr_path *path),
		      void *ctx);

/*
 * Other interfaces from now on: those that are wanted before and after are not touched, what goes
 * is read to the end (fn, ctx as for read()), and its rows of the ledger go with it. What cannot be
 * opened is said and waited for. -E2BIG; nothing has changed then.
 */
int wr_session_ifaces(struct wr_source *base, const char *const *ifaces, size_t n_ifaces, bool any,
		      void (*fn)(void *ctx, const struct wr_packet *pkt), void *ctx,
		      struct wr_err *err);

/* Another filter from now on, on all interfaces; no packet is lost. */
int wr_session_filter(struct wr_source *base, const char *expr, struct wr_err *err);

/* Records for the last packets from now on, also of paths that are opened later: of the board's
 * configuration keep, keep_sample, keep_snap and upkeep are taken. */
void wr_session_keep(struct wr_source *base, const struct wr_board_conf *conf);

/* Output that failed for packets of an interface that were handed out: they were not seen after
 * all. */
void wr_session_write_failed(struct wr_source *base, const char *iface, uint64_t packets);

/* Detaches. After that read() hands out what is still on its way, then -ENODATA. */
void wr_session_finish(struct wr_source *base);

#endif
