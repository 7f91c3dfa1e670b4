/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/stop.h"

#include <string.h>

volatile sig_atomic_t wr_stopped;

static void on_signal(int sig)
{
	(void)sig;
	wr_stopped = 1;
}

void wr_stop_on_signals(void)
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = on_signal;
	a.sa_flags = (int)SA_RESETHAND;
	for (unsigned int i = 0; i < 3; i++)
		sigaction(signals[i], &a, NULL);
}
