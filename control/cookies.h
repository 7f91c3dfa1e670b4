/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_CONTROL_COOKIES_H
#define WR_CONTROL_COOKIES_H

#include "base/err.h"

/*
 * SYN cookies are the kernel's own (bpf/cookies.h), so it has to give them: net.ipv4.tcp_syncookies
 * of this network namespace, for IPv6 as well. 0: it gives none. 1: it does for a service whose
 * queue of new connections is full; until then SYNs get through to it. 2: it does at any time.
 * Nothing is set here. Below 0: -errno, the kernel was built without.
 */
int wr_cookies_sysctl(void);

/* -EOPNOTSUPP: a rule with `cookies` could not answer anything; err says what is missing. */
int wr_cookies_check(struct wr_err *err);

#endif
