/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ERRAND_H
#define WR_DAEMON_ERRAND_H

#include "base/conf.h"
#include "base/err.h"

/*
 * Runs a program of the user's, one at a time, for a process that may run none itself: a process
 * that is forked before that shuts itself in. It has the rights of whoever forks it (weir's
 *outputs: daemon.user, no capabilities, and no program gives it any), reads nothing but what that
 *says, and ends with it.
 *
 *	outputs (shut in) ── message ──> errand ── fork, exec ──> program
 *	                  <── how it went
 *
 * The program has the message on its standard input, WEIR_TEXT and a short PATH in its environment,
 * nowhere to write to, and a session of its own: after the deadline all of that is killed.
 */
struct wr_errand; /* owned by the caller */

/* Forks. command: a path and arguments, borrowed. 0 or -errno. */
int wr_errand_open(struct wr_errand **out, const struct wr_conf_list *command, uint64_t deadline_ns,
		   struct wr_err *err);
void wr_errand_close(struct wr_errand **e); /* ends it; NULL is fine; sets NULL */

enum { WR_ERRAND_MOST = 60000 }; /* bytes of text and message together */

/* 0: it has it. -EBUSY: one is on its way. -EMSGSIZE. -EPIPE: its process has ended. */
int wr_errand_send(struct wr_errand *e, const char *text, size_t text_n, const char *message,
		   size_t n);

/* What became of it, without waiting: 0: it ended with status 0; -EAGAIN: not yet; -EIO: it did
 * not, err says how; -EPIPE: the process is gone. */
int wr_errand_answer(struct wr_errand *e, struct wr_err *err);

#endif
