/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_LEARNED_H
#define WR_VIEW_LEARNED_H

#include "base/buf.h"
#include "detect/learned.h"

/* What has been learned of addresses: a row each, for people in 80 columns and as JSON objects
 * (docs/events.md). */
/* hour: those of the week that are known; NULL: they are not told. */
void wr_view_learned_json(struct wr_buf *b, const struct wr_learned *l,
			  const struct wr_learned_hour *hour, uint32_t n_hours);
void wr_view_learned_head(struct wr_buf *b, bool color);
void wr_view_learned_text(struct wr_buf *b, const struct wr_learned *l, bool color);

/* How sure it is: "new", "minutes", "hours", "days", "the week". */
const char *wr_view_learned_sure(const struct wr_learned *l);

#endif
