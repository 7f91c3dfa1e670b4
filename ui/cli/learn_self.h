/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_LEARN_SELF_H
#define WR_UI_CLI_LEARN_SELF_H

#include "ui/cli/play_each.h"

/* Labels of weir's own. */
enum { WR_SELF_USUAL, WR_SELF_ATTACK, WR_SELF_NEITHER };

/* The packets of a capture with a label each: of an attack is what the rules keep out that weir
 * makes of its findings (--auto enforce), usual is what passes while it finds nothing. What passes
 * while a finding above info holds, and a second around that, is of neither: it may be the part of
 * the attack that no rule names. The capture is read twice, so it has to be a file. findings: how
 * many above info there were are added to it. 0 or -errno. */
int wr_learn_self(const char *capture, wr_play_fn fn, void *ctx, uint32_t *findings,
		  struct wr_err *err);

#endif
