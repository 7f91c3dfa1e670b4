/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_STOP_H
#define WR_UI_CLI_STOP_H

#include <signal.h>

/* SIGINT, SIGTERM and SIGHUP end a command cleanly, with its summary; a second one ends it at once.
 */
extern volatile sig_atomic_t wr_stopped;
void wr_stop_on_signals(void);
/* They end it at once again, where it waits and has nothing to put in order. */
void wr_stop_as_usual(void);

#endif
