/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_CADDY_LIST_H
#define WR_GATEWAY_CADDY_LIST_H

#include "gateway/gateway_impl.h"

/* The list of addresses of a remote_ip matcher, as Caddy's admin API has it: a JSON array of
 * strings. Pure. */

/* Into seen. null is an empty list. -EPROTO: it is something else; -ENOMEM. */
int wr_caddy_read(struct wr_gateway_seen *seen, const char *json, size_t n, struct wr_err *err);

/* What the route says of itself: 0, or -EPROTO and err says what is wrong with it. forwarded: its
 * matcher believes a header that anybody may send. */
int wr_caddy_look(const char *json, size_t n, bool *forwarded, struct wr_err *err);

#endif
