/* SPDX-License-Identifier: GPL-2.0-or-later */
#define WR_STAGES_ONLY
#include "tests/unit/stages.h"

#include "core/parse.h"

void stages_alone(struct wr_parse *p, const __u8 *data, __u32 cap, __u32 len, __u32 linktype)
{
	wr_parse_stages(p, data, cap, len, linktype);
}
