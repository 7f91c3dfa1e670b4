/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_GATEWAY_ADDRESSES_H
#define WR_GATEWAY_ADDRESSES_H

#include "gateway/gateway_impl.h"

/* A list of refused addresses as admin APIs have it: a JSON array of strings. Pure. */

struct json_t; /* jansson's */

/* Into seen. -EPROTO: something else than strings is in it; -ENOMEM. */
int wr_gateway_addresses_read(struct wr_gateway_seen *seen, const struct json_t *list,
			      struct wr_err *err);

/* The list as it should be: what others have put there, in its place, and what is wanted. */
void wr_gateway_addresses_print(struct wr_buf *b, const struct wr_gateway_set *want,
				const struct wr_gateway_seen *seen,
				const struct wr_gateway_diff *d);

#endif
