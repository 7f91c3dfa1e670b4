/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_EFFECT_H
#define WR_VIEW_EFFECT_H

#include "base/buf.h"
#include "detect/incident.h"

/* What rules against an incident have changed. Into an open object: `stopped`, and `would_stop` of
 * shadows; what there was none of is absent. */
void wr_view_effects_json(struct wr_buf *b, const struct wr_incident *i);

/* "41,203 packets by auto1, 97 % of what came"; false, and nothing: no rule was there. */
bool wr_view_effect_text(struct wr_buf *b, const struct wr_incident *i,
			 enum wr_incident_effects what);

#endif
