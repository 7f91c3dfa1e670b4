/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_RUN_H
#define WR_DAEMON_RUN_H

#include "daemon/conf.h"
#include "daemon/front.h"
#include "flow/live.h"
#include "view/status.h"

/*
 * The daemon: `weir run`. Three processes: the core (this one: loads, attaches, gives up its
 * rights, drains windows, answers the control socket), the front (daemon/front.h) and, unless
 * daemon.attach_later is no, one that attaches for the core (daemon/attach.h).
 */
struct wr_run_conf {
	/* Reads the configuration, file and options. Called at start and again at each reload, in
	 * core and front. *from = the file, NULL = none. What is wrong is told line by line. */
	int (*read)(void *ctx, struct wr_conf **out, const char **from, struct wr_err *err);
	void *ctx;
	const struct wr_front *front; /* NULL: this build has none */
	/* Somebody who looks on: when everything is attached and the rights are given up, after
	 * each window, and at the end. All borrowed for the call. NULL: nobody. */
	const struct wr_run_screen *screen;
};

struct wr_run_screen {
	void (*ready)(const struct wr_status *s);
	/* incident: what the worst is that goes on; NULL: none does */
	void (*window)(struct wr_live *live, const char *incident);
	void (*ended)(const struct wr_ledger *rows, int n);
};

/* Until SIGTERM or SIGINT. 0, or what went wrong: -EINVAL and others of bad input, -EPERM,
 * -EADDRINUSE: another weir runs. */
int wr_run(const struct wr_run_conf *conf, struct wr_err *err);

#endif
