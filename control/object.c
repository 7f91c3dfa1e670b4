/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control/object.h"

#include "base/embed.h"
#include "core/board.h"

#include "wr_objects.h" /* made by the build */

WR_EMBED(wr_elf_xdp, WR_OBJECT_XDP);
WR_EMBED(wr_elf_tc_in, WR_OBJECT_TC_IN);

const struct wr_object wr_object_xdp = {
	.elf = wr_elf_xdp,
	.end = wr_elf_xdp_end,
	.name = "xdp",
	.entry = "wr_xdp",
	.record = "wr_xdp_record",
	.judging = {{WR_SLOT_JUDGED, "wr_xdp_judged"},
		    {WR_SLOT_BEGUN, "wr_xdp_begun"},
		    {WR_SLOT_ENDED, "wr_xdp_ended"},
		    {WR_SLOT_COOKIES, "wr_xdp_cookies"},
		    {WR_SLOT_ANSWER, "wr_xdp_answer"}},
};

const struct wr_object wr_object_tc_in = {
	.elf = wr_elf_tc_in,
	.end = wr_elf_tc_in_end,
	.name = "tc_in",
	.entry = "wr_tc_in",
	.record = "wr_tc_in_record",
	.judging = {{WR_SLOT_JUDGED, "wr_tc_in_judged"},
		    {WR_SLOT_BEGUN, "wr_tc_in_begun"},
		    {WR_SLOT_ENDED, "wr_tc_in_ended"},
		    {WR_SLOT_COOKIES, "wr_tc_in_cookies"},
		    {WR_SLOT_ANSWER, "wr_tc_in_answer"}},
};
