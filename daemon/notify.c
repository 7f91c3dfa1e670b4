/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/loop.h"

static void notify(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t len;
	int fd;

	if (!name || !strchr("/@", *name) || strlen(name) >= sizeof(at.sun_path))
		return;
	strcpy(at.sun_path, name);
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	if (*name == '@') /* an abstract name */
		at.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&at, len);
	close(fd);
}

void wr_notify_ready(const char *status)
{
	char text[512];

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%.400s\n", status);
	notify(text);
}

void wr_notify_reloading(void)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
		 wr_loop_now_ns() / 1000);
	notify(text);
}

void wr_notify_stopping(void)
{
	notify("STOPPING=1\n");
}

void wr_notify_watchdog(void)
{
	notify("WATCHDOG=1\n");
}

/* Half the time after which we would be taken for dead. */
uint64_t wr_notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10) / 2000;
}
