/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_TUI_LENS_H
#define WR_UI_TUI_LENS_H

#include "flow/live.h"
#include "ui/tui/scope.h"

/*
 * A part of what goes on, as tables of its own: a second flow/live.h that is fed with the parts of
 * chosen flows only, so that everything that can be asked of all traffic can be asked of the part.
 * It begins with what the flows that are there have counted so far.
 *
 * What the kernel counted without a row for the flow belongs to no lens.
 */
struct wr_tui_lens;

/* Takes all memory. filter: pcap-filter expression or NULL. 0 or -errno; *out is untouched on
 * failure. */
int wr_tui_lens_open(struct wr_tui_lens **out, struct wr_live *from,
		     const struct wr_tui_scope *scope, const char *filter, struct wr_err *err);
void wr_tui_lens_close(struct wr_tui_lens **lens); /* NULL is fine; sets NULL */

/* The windows and the parts of `from`, as its tap sees them. */
void wr_tui_lens_begin(struct wr_tui_lens *lens, uint64_t start_ns);
void wr_tui_lens_part(struct wr_tui_lens *lens, const struct wr_live_part *part,
		      const struct wr_flow *flow);
void wr_tui_lens_end(struct wr_tui_lens *lens, uint64_t end_ns);

struct wr_live *wr_tui_lens_live(struct wr_tui_lens *lens); /* borrowed */

#endif
