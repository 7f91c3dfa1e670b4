/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_REQUESTS_H
#define WR_VIEW_REQUESTS_H

#include <stdbool.h>

#include "api/stats.h"
#include "base/buf.h"

/* What is asked of API gateways (docs/api.md), `top` rows of each kind: tables of 80 columns, or
 * objects with event_type "api". No line is empty. */
void wr_view_requests_text(struct wr_buf *b, const struct wr_api_stats *s, uint32_t top,
			   bool color);
void wr_view_requests_json(struct wr_buf *b, const struct wr_api_stats *s, uint32_t top);

#endif
