/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_CLSACT_H
#define WR_CONTROL_CLSACT_H

#include <stdbool.h>

#include "control/iface.h"

/*
 * TC before Linux 6.6: a filter on the clsact queueing discipline. It has no descriptor to
 * hang on, so a guard process waits for our end, however that comes, and takes the filter off. The
 * discipline goes too if we made it and no filter is left in it.
 */
struct wr_clsact;

int wr_clsact_attach(struct wr_clsact **out, int prog_fd, const struct wr_iface *iface, bool egress,
		     struct wr_err *err);
bool wr_clsact_attached(const struct wr_clsact *c); /* is the filter there still? */
void wr_clsact_detach(struct wr_clsact **c);	    /* NULL is fine; sets NULL */

/* For another process: the descriptor that the guard watches; closing our copy of it without ending
 * the guard; and holding such a copy (fd is taken, also on failure). */
int wr_clsact_fd(const struct wr_clsact *c);
void wr_clsact_let_go(struct wr_clsact **c); /* NULL is fine; sets NULL */
int wr_clsact_take(struct wr_clsact **out, int fd, struct wr_err *err);

#endif
