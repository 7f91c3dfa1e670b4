/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_LEDGER_H
#define WR_VIEW_LEDGER_H

#include "base/buf.h"
#include "capture/capture.h"

/* The ledger for a person, a few lines for each interface and hook, and as the JSON objects of
 * docs/events.md. */
void wr_view_ledger_text(struct wr_buf *b, const struct wr_ledger *rows, int n);
void wr_view_ledger_json(struct wr_buf *b,
			 const struct wr_ledger *row); /* one object, with newline */
/* The way back: a line of that. 0 or -EINVAL. */
int wr_view_ledger_read(const char *line, size_t n, struct wr_ledger *row);

#endif
