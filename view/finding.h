/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FINDING_H
#define WR_VIEW_FINDING_H

#include "base/buf.h"
#include "detect/finding.h"

/*
 * A finding as text, JSON and as a line of a table for scoring. zero_ns is what times count from:
 * for files the whole second of the earliest packet; 0: JSON gives the time of day.
 */
void wr_view_finding_text(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns,
			  bool color);
void wr_view_finding_json(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns);

/* Tab-separated: t_start, t_end, class, victim, sources, score, severity, reason. */
#define WR_VIEW_FINDING_COLUMNS "t_start\tt_end\tclass\tvictim\tsources\tscore\tseverity\treason\n"
void wr_view_finding_tsv(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns);

#endif
