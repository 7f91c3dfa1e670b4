/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_TESTS_STAGES_H
#define WR_TESTS_STAGES_H

#include "core/window.h"

/* The parser without any fast path: one function per header and nothing else, to compare with. A file of its own,
 * because it compiles the parser with WR_STAGES_ONLY. */
void stages_alone(struct wr_parse *p, const __u8 *data, __u32 cap, __u32 len, __u32 linktype);

#endif
