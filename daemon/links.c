/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/links.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

int wr_links_open(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Only that something changed is of interest: who asks looks for himself. An overflow (ENOBUFS) is
 * a change too. */
bool wr_links_changed(int fd)
{
	char message[8192];
	bool changed = false;
	ssize_t n;

	if (fd < 0)
		return false;
	do {
		n = recv(fd, message, sizeof(message), 0);
		changed = changed || n > 0 || (n < 0 && errno == ENOBUFS);
	} while (n > 0);
	return changed;
}
