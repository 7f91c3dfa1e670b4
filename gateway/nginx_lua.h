/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_NGINX_LUA_H
#define WR_GATEWAY_NGINX_LUA_H

#include "gateway/gateway_impl.h"

/* What weir and packaging/nginx/weir.lua say to each other, as text: pure. */

/* The answer to GET /entries into seen; the text is cut into lines where it stands. limits: it can.
 * -EPROTO: that is no such answer; -ENOMEM. */
int wr_nginx_lua_read(struct wr_gateway_seen *seen, char *text, size_t n, const char *name,
		      bool *limits, struct wr_err *err);

/* The body of PUT /entries/NAME. */
void wr_nginx_lua_print(struct wr_buf *b, const struct wr_gateway_set *want,
			const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d);

#endif
