/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_LINKS_H
#define WR_DAEMON_LINKS_H

#include <stdbool.h>

/* Tells that network interfaces came, went or changed (rtnetlink(7), RTNLGRP_LINK). */
int wr_links_open(void); /* descriptor, owned by the caller, or -1: then nothing is ever told */
bool wr_links_changed(int fd); /* since the last call; never waits */

#endif
