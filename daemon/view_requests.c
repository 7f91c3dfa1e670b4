/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "daemon/requests_join.h"

/* The view `api`: what gateways have told of requests. */

static int api(const struct wr_api_host *h, const struct wr_query *q, struct wr_buf *b,
	       struct wr_err *err)
{
	struct wr_requests_joined joined;
	uint32_t top = q->how.top < WR_API_ROWS ? q->how.top : WR_API_ROWS;

	if (!h->requests)
		return wr_fail(err, ENODATA,
			       "no gateway is listened to: set 'listen' or 'udp' in [api] of the "
			       "configuration (docs/api.md)");
	joined = wr_requests_join(h);
	if (q->text)
		wr_view_requests_text(b, h->requests, top, q->how.color, &joined);
	else
		wr_view_requests_json(b, h->requests, top, &joined);
	return 0;
}

static const char *const keys[] = {"top", NULL};

const struct wr_api_view wr_api_view_requests = {
	"api", "what is asked of API gateways: routes, consumers, clients", keys, true, api};
