/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_EXPLAIN_H
#define WR_CONTROL_EXPLAIN_H

#include <stdbool.h>

#include "control/iface.h"

/* Errors of the kernel in a person's words. Each returns the code that it put into err. */

void wr_explain_begin(void); /* before a load: libbpf's messages are caught, not printed */
int wr_explain_load(int code, const char *object, struct wr_err *err);
int wr_explain_xdp(int code, const struct wr_iface *iface, bool generic, bool frags,
		   struct wr_err *err);

#endif
