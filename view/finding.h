/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_FINDING_H
#define WR_VIEW_FINDING_H

#include "base/buf.h"
#include "detect/detect.h"

/*
 * A finding as text, JSON and as a line of a table for scoring. zero_ns is what times count from:
 * for files the whole second of the earliest packet; 0: JSON gives the time of day.
 */
void wr_view_finding_text(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns,
			  bool color);
void wr_view_finding_json(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns);

/* As an event of a running weir: with what there is to say of it, and the incident it belongs to
 * (0: none). Its time is that of the news. */
void wr_view_finding_event(struct wr_buf *b, const struct wr_finding *f, enum wr_finding_news news,
			   uint64_t incident);

/* Into an open object, or (key NULL) an array: a victim as text; the evidence, an array. */
void wr_view_victim_json(struct wr_buf *b, const char *key, const struct wr_victim *v);
void wr_view_evidence_json(struct wr_buf *b, const char *key, const struct wr_finding *f);
extern const char *const wr_view_severity_color[WR_SEVERITY_COUNT]; /* escape sequences, or "" */

/* Tab-separated: t_start, t_end, class, victim, sources, score, severity, reason. */
#define WR_VIEW_FINDING_COLUMNS "t_start\tt_end\tclass\tvictim\tsources\tscore\tseverity\treason\n"
void wr_view_finding_tsv(struct wr_buf *b, const struct wr_finding *f, uint64_t zero_ns);

#endif
