/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_INCIDENT_H
#define WR_VIEW_INCIDENT_H

#include "base/buf.h"
#include "base/places.h"
#include "detect/incident.h"

/* Incidents: a table, all of one, and JSON (docs/events.md). now_ns: CLOCK_REALTIME. */
void wr_view_incidents_text(struct wr_buf *b, struct wr_incident *const *rows, uint32_t n,
			    uint64_t now_ns, bool color);
void wr_view_incident_text(struct wr_buf *b, const struct wr_incident *i,
			   const struct wr_places *places, uint64_t now_ns, bool color);
/* sensor: the host that it was found at, for who hears of several; NULL: not said. places: whose
 * the sources are; NULL: not known. */
void wr_view_incident_json(struct wr_buf *b, const struct wr_incident *i,
			   const struct wr_places *places, const char *sensor);

/* What has become of it in one sentence: "incident 7, high: 8,412 SYNs a second …", "incident 7 is
 * over: SYN flood at 10.0.0.5". */
void wr_view_incident_sentence(struct wr_buf *b, const struct wr_incident *i);

#endif
