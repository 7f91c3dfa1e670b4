/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_TERM_H
#define WR_UI_TUI_TERM_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

/*
 * The terminal: taken and given back. Whatever ends the program, also a signal that is not asked
 * for, the terminal is as it was: settings, cursor, the text that stood there.
 */

/* stop is set at the first SIGINT, SIGTERM or SIGHUP; at the second the program ends at once.
 * -EINVAL: no terminal, or of an unknown type. */
int wr_term_open(volatile sig_atomic_t *stop, struct wr_err *err);
void wr_term_close(void);
bool wr_term_utf8(void); /* by the locale */

#endif
