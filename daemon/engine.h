/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ENGINE_H
#define WR_DAEMON_ENGINE_H

#include "capture/capture.h"
#include "control/path.h"
#include "detect/detect.h"
#include "flow/live.h"

/*
 * The running machine behind `weir run` and `weir top`: data paths that account in the kernel, and
 * flow/live.h fed from their windows (from packets where BPF is not possible). One thread; nothing
 * here waits longer than a drain takes.
 */
struct wr_engine_keep {
	uint32_t rate;	 /* packets a second at most, for each interface and way; 0 = none */
	uint32_t sample; /* every n-th only; 0 and 1: all */
	uint32_t snap;	 /* bytes of each */
};

struct wr_engine_conf {
	const char *const *ifaces;
	size_t n_ifaces;       /* 0: the interface of the default route */
	bool any;	       /* every interface; ifaces is ignored */
	enum wr_hook hook;     /* WR_HOOK_COUNT = the best that works */
	bool out;	       /* what leaves, too (TC egress): answers, round trips of both ends */
	const char *netns;     /* NULL: this one */
	uint32_t flow_slots;   /* flow rows per CPU and window in the kernel, a power of two; 0 =
				  65536, 9 MiB for each CPU and interface */
	uint64_t memory_bytes; /* for those, of each interface and direction, see control/path.h;
				  0 = 256 MiB */
	const char *pin_dir;   /* links and maps stay below it when the process ends and are adopted
				  from there: counting outlives the process. NULL: nothing stays */
	/* See daemon/session.h. */
	const struct wr_judge_maps *judge;
	const char *(*rule)(void *ctx, uint32_t slot);
	uint32_t (*rule_slots)(void *ctx);
	void (*joins)(void *ctx, struct wr_path *path, bool joins);
	void *judge_ctx;
	struct wr_live_conf live;
	/* Detection (detect/detect.h): windows are drained ten times a second then, and what is
	 * found is told, also by the calls below. finding NULL: there never is any. */
	bool detect; /* from the start on */
	struct wr_detect_tune tune;
	wr_finding_fn finding;
	void *finding_ctx;
	/* Packets that are wanted besides what is counted, and who gets them: first payloads of
	 * flows, and all others as `keep` has it. May be NULL. */
	struct wr_engine_keep keep;
	wr_packet_fn packet;
	void *packet_ctx;
	/* See daemon/session.h; NULL: this process has the rights itself. */
	int (*open_path)(void *ctx, struct wr_path **out, const struct wr_path_conf *conf,
			 int whole_packets, char *why, size_t room, struct wr_err *err);
	int (*unpin)(void *ctx, const char *folder, struct wr_err *err);
	void *rights_ctx;
	void (*say)(void *ctx, const char *line); /* what a person should know */
	void *say_ctx;
};

struct wr_engine;

/* Errors as wr_session_open(). */
int wr_engine_open(struct wr_engine **out, const struct wr_engine_conf *conf, struct wr_err *err);
void wr_engine_close(struct wr_engine **e); /* NULL is fine; sets NULL */

/*
 * To be called when the time that it returned last has come: drains windows that are over. Returns
 * milliseconds until it wants to be called again (0 .. 1000), or -errno.
 */
int wr_engine_step(struct wr_engine *e, struct wr_err *err);

/* Other interfaces from now on, see wr_session_ifaces(); none: the one of the default route. */
int wr_engine_ifaces(struct wr_engine *e, const char *const *ifaces, size_t n_ifaces, bool any,
		     struct wr_err *err);

/* Other packets are wanted from now on. */
void wr_engine_keep(struct wr_engine *e, const struct wr_engine_keep *keep);
/* Packets of the windows that are over that packet() was not told of, and will not be: each packet
 * that is counted is one of these, or has made a record (which may be lost, see the ledger). */
uint64_t wr_engine_passed_over(const struct wr_engine *e);

/* Detaches and takes what was still being counted; step is not called any more. */
void wr_engine_finish(struct wr_engine *e);

/* Calls fn for each data path there is; borrowed for the call. */
void wr_engine_paths(struct wr_engine *e, void (*fn)(void *ctx, struct wr_path *path), void *ctx);

/* Detection from now on, or no more; what was found is over then. Whoever opened the engine without
 * `finding` has none. -ENOMEM: nothing has changed. */
struct wr_detect *wr_engine_detector(struct wr_engine *e); /* NULL: it is off */
int wr_engine_detect(struct wr_engine *e, bool on, struct wr_err *err);
void wr_engine_tune(struct wr_engine *e, const struct wr_detect_tune *tune); /* on or off */
/* Packets of the local link's upkeep that detection was not told of, because there were too many.
 */
uint64_t wr_engine_unkept(const struct wr_engine *e);

struct wr_live *wr_engine_live(struct wr_engine *e); /* borrowed; read between steps */
/* Rows of the ledger, one per interface and hook; returns how many there are, fills up to n. */
int wr_engine_ledger(struct wr_engine *e, struct wr_ledger *rows, int n);

#endif
