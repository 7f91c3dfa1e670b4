/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/effect.h"

#include "base/json.h"

static const char *const keys[WR_INCIDENT_EFFECTS] = {
	[WR_INCIDENT_STOPPED] = "stopped",
	[WR_INCIDENT_WOULD] = "would_stop",
};

void wr_view_effects_json(struct wr_buf *b, const struct wr_incident *i)
{
	for (int k = 0; k < WR_INCIDENT_EFFECTS; k++) {
		const struct wr_incident_effect *e = &i->effect[k];

		if (!e->since_ns)
			continue;
		wr_json_open_key(b, keys[k]);
		wr_json_u64(b, "packets", e->stopped.packets);
		wr_json_u64(b, "bytes", e->stopped.bytes);
		wr_json_double(b, "share", wr_incident_share(e));
		wr_json_time(b, "since", e->since_ns);
		wr_json_array(b, "by");
		for (uint32_t n = 0; n < e->n_by; n++)
			wr_json_str(b, NULL, e->by[n]);
		wr_json_end_array(b);
		wr_json_bool(b, "by_others", e->more);
		wr_json_close(b);
	}
}

bool wr_view_effect_text(struct wr_buf *b, const struct wr_incident *i,
			 enum wr_incident_effects what)
{
	const struct wr_incident_effect *e = &i->effect[what];

	if (!e->since_ns)
		return false;
	wr_evidence_number(b, (double)e->stopped.packets);
	wr_buf_str(b, e->stopped.packets == 1 ? " packet by " : " packets by ");
	for (uint32_t n = 0; n < e->n_by; n++)
		wr_buf_fmt(b, "%s%s", n ? ", " : "", e->by[n]);
	wr_buf_fmt(b, "%s, %.0f %% of what came", e->more ? " and others" : "",
		   100 * wr_incident_share(e));
	return true;
}
