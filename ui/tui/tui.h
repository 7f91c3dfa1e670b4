/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_TUI_H
#define WR_UI_TUI_TUI_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"
#include "capture/capture.h"
#include "flow/live.h"
#include "ui/tui/model.h"

/* The live screen of `weir top`. Everything that it shows comes through these calls, so that it
 * does not care whether a kernel or a test feeds it. Curses is used in this folder only. */
struct wr_tui_conf {
	void *ctx;
	struct wr_live *live; /* read between steps; opened with `paces`; its tap is taken */
	/* As wr_engine_step(): returns milliseconds until it wants to be called again, or -errno.
	 */
	int (*step)(void *ctx, struct wr_err *err);
	int (*ledger)(void *ctx, struct wr_ledger *rows, int n);
	/* The rules of the weir that runs on this host, in their order, at most n. Returns how many
	 * were written; -errno: none can be known. May be NULL. */
	int (*rules)(void *ctx, struct wr_tui_rule *rows, int n);
	/* Its classes and their links, likewise. May be NULL. */
	int (*classes)(void *ctx, struct wr_tui_class *rows, int n);
	/* Opens the packets that the expression chooses, as they arrive. NULL: not possible here.
	 */
	int (*packets)(void *ctx, struct wr_source **out, const char *filter, struct wr_err *err);
	/* What a person should know since the last call, or NULL. May be NULL. */
	const char *(*news)(void *ctx);
	const char *host;	     /* name in the headline */
	const char *filter;	     /* pcap-filter expression to begin with, or NULL */
	bool color;		     /* false: bold, dim and reverse only */
	volatile sig_atomic_t *stop; /* becomes 1 at SIGINT, SIGTERM, SIGHUP */
};

/*
 * Is a screen possible: is this a terminal, and of a known type? To be asked before anything else
 * is opened. -EINVAL: no; err says what to do. -EOPNOTSUPP: built without curses.
 */
int wr_tui_check(struct wr_err *err);

/* Runs until the user or a signal ends it. The terminal is as it was afterwards, whatever happens.
 * 0 or -errno. */
int wr_tui_run(const struct wr_tui_conf *conf, struct wr_err *err);

#endif
