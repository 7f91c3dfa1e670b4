/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_STATUS_IMPL_H
#define WR_VIEW_STATUS_IMPL_H

#include "view/status.h"

/* What the files status*.c share. */

void wr_view_rights_json(struct wr_buf *b, const struct wr_status_rights *r);
void wr_view_rights_text(struct wr_buf *b, const struct wr_status_rights *r);

/* What gateways tell, and what is done there: "api" and "gateways". */
void wr_view_status_api_json(struct wr_buf *b, const struct wr_status *s);
void wr_view_status_api_text(struct wr_buf *b, const struct wr_status *s);

#endif
