/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_SCORE_H
#define WR_VIEW_SCORE_H

#include "base/buf.h"
#include "detect/score_sum.h"

/* Scores as tables for people, and as JSON: an object for each event, each false alarm, each
 * capture, and each sum. drops: rules were made, so it is told what they kept out. */

void wr_view_score_text(struct wr_buf *b, const struct wr_score *s, bool drops);
void wr_view_score_sum_text(struct wr_buf *b, const char *what, const struct wr_score_sum *s,
			    bool drops);

void wr_view_score_json(struct wr_buf *b, const struct wr_score *s, bool drops);
void wr_view_score_sum_json(struct wr_buf *b, const char *what, const struct wr_score_sum *s,
			    bool drops);

#endif
