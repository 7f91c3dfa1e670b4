/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_NOTIFY_H
#define WR_DAEMON_NOTIFY_H

#include <stdint.h>

/* The service manager is told how it goes (sd_notify(3): a datagram to $NOTIFY_SOCKET). Without
 * one, nothing is sent. */
void wr_notify_ready(const char *status); /* STATUS: one line for systemctl status */
void wr_notify_reloading(void);		  /* wr_notify_ready() ends it */
void wr_notify_stopping(void);
void wr_notify_watchdog(void);	      /* still alive */
uint64_t wr_notify_watchdog_ms(void); /* how often that is wanted; 0 = not */

#endif
