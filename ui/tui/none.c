/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "ui/tui/tui.h"

/* What stands for the screen in a build without curses. */

int wr_tui_check(struct wr_err *err)
{
	return wr_fail(err, EOPNOTSUPP,
		       "weir top needs ncurses, which this weir was built without; for text use "
		       "weir watch "
		       "or weir services");
}

int wr_tui_run(const struct wr_tui_conf *conf, struct wr_err *err)
{
	(void)conf;
	return wr_tui_check(err);
}
