/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/cli/stop.h"

#include <string.h>

volatile sig_atomic_t wr_stopped;

static void on_signal(int sig)
{
	(void)sig;
	wr_stopped = 1;
}

static void on_each(void (*handler)(int))
{
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_handler = handler;
	a.sa_flags = (int)SA_RESETHAND;
	for (unsigned int i = 0; i < 3; i++)
		sigaction(signals[i], &a, NULL);
}

void wr_stop_on_signals(void)
{
	on_each(on_signal);
}

void wr_stop_as_usual(void)
{
	on_each(SIG_DFL);
}
