/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_RUN_SCREEN_H
#define WR_UI_CLI_RUN_SCREEN_H

#include "daemon/run.h"

/* What a person who types `weir run` sees on standard output: what it does and how to look at it,
 * then one line that is written anew each second when that is a terminal, at the end the ledger. */
extern const struct wr_run_screen wr_run_screen;

#endif
