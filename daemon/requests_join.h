/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_REQUESTS_JOIN_H
#define WR_DAEMON_REQUESTS_JOIN_H

#include "daemon/api.h"
#include "view/requests.h"

/*
 * Requests that gateways tell of, and packets: by the address of the client, and by its port where
 * the log has it. Flows are walked through at most so often that it takes a small part of the time;
 * in between what was seen last is told. Borrows the host until the next call.
 */
struct wr_requests_joined wr_requests_join(const struct wr_api_host *h);

#endif
