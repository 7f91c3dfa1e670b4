/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_FRONT_H
#define WR_DAEMON_FRONT_H

#include "daemon/conf.h"
#include "view/status.h"

/*
 * A front: a process of its own that talks with strangers (the web page; what is sent to others:
 * daemon/output.h). It is forked before anything is loaded and never has rights; it gets everything
 *over two connections that speak the control socket's protocol. A second process stands between,
 *also without rights: it waits for the front's end and starts it again, with new connections.
 *
 *	core ── note, descriptors ── keeper ── fork ── front
 *	  └────── two connections, control socket's protocol ──┘
 */

enum { WR_FRONT_KEEPS = 3 };

/* What a front is given. */
struct wr_front_start {
	const struct wr_daemon_conf *conf;
	/* Connections to the core; the second one for a subscription. Of one that is `alone`:
	 * core_fd can be read to its end when the core has ended, live_fd is -1. */
	int core_fd, live_fd;
	void *own; /* of struct wr_front */
	/* To be called once, when everything is open and before a byte of a stranger is read: gives
	 * up what is left of rights (daemon/rights.h). 0 or -errno. */
	int (*confine)(void *ctx, struct wr_err *err);
	void (*say)(void *ctx, const char *line); /* for the log */
	void *ctx;
};

struct wr_front {
	const char *name; /* "page" */
	/* Where it listens, for status; "" = it is not wanted. */
	const char *(*listen)(const struct wr_daemon_conf *conf);
	/* Ports that it connects to (0 ends the list), or NULL: it makes no connections. May be
	 * NULL. */
	const uint16_t *(*connects)(const struct wr_daemon_conf *conf);
	/* Runs until the core closes a connection, then returns 0. Both descriptors are taken.
	 * -EINVAL: the configuration is refused, and it is not started again. */
	int (*main)(const struct wr_front_start *start, struct wr_err *err);
	/* Who it runs as, with his groups; NULL: daemon.user, without any. Who has one opens files
	 * and starts programs with that user's rights: it is not shut in. */
	const char *(*user)(const struct wr_daemon_conf *conf);
	void *own;		      /* given to main */
	bool alone;		      /* it has no connections to the core */
	int keep_fds[WR_FRONT_KEEPS]; /* descriptors of the core's that it needs; up to 2: none */
	/* It is asked to end by SIGUSR1 (not SIGTERM, which a service manager sends to every
	 * process before the core has said its last) and has so long to do it. 0: it is ended by
	 * SIGKILL. */
	uint32_t end_ms;
	/* The folder that it makes files in, or NULL. May be NULL. */
	const char *(*folder)(const struct wr_daemon_conf *conf);
};

struct wr_front_conf_source {
	/* The configuration as it is now; what it gives stays valid until the next call. -errno:
	 * the old one stays. */
	int (*get)(void *ctx, const struct wr_daemon_conf **out, struct wr_err *err);
	void *ctx;
};

/* What the core knows of it. */
struct wr_front_link {
	int fd;		     /* notes and descriptors come here; -1: there is none */
	pid_t keeper, front; /* front 0: it does not run just now */
	uint64_t starts;
	bool refused; /* it has refused its configuration; why: */
	char why[512];
	struct wr_status_rights rights;
};

/* Forks keeper and front. take() in the core is given each new pair of connections. */
int wr_front_open(struct wr_front_link *link, const struct wr_front *front,
		  const struct wr_front_conf_source *source, struct wr_err *err);
/* Reads what has come, without waiting. take owns the descriptors. -EPIPE: the keeper is gone. */
int wr_front_read(struct wr_front_link *link, void (*take)(void *ctx, int fd), void *ctx);
/* Waits until the front is confined, or has ended, or wait_ms are over. 0; -EINVAL and others when
 * it has ended, with its words. */
int wr_front_wait(struct wr_front_link *link, void (*take)(void *ctx, int fd), void *ctx,
		  int wait_ms, struct wr_err *err);
void wr_front_reload(struct wr_front_link *link); /* ends it and starts it with new values */
void wr_front_close(struct wr_front_link *link);  /* ends both, waits for them */

#endif
