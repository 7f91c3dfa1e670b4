/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_RULE_REPORT_H
#define WR_VIEW_RULE_REPORT_H

#include "flow/hits.h"
#include "view/rules.h"

/* A rule in full: as a shadow, since it is enforced, and who it hits. */
struct wr_rule_phase {
	uint64_t since_ns; /* CLOCK_REALTIME; 0: there was none */
	uint64_t ns;	   /* so long */
	struct wr_count matched, stopped;
};

struct wr_rule_report {
	const struct wr_rule_row *row;
	struct wr_rule_phase shadow; /* the last time that it was one, up to now when it is */
	struct wr_rule_phase enforced;
	const struct wr_hits *hits;	/* NULL: not known */
	bool sampled;			/* of those packets that are kept only */
	const struct wr_packet *packet; /* examples, oldest first */
	uint32_t packets;
};

/* {"event_type":"rule_report",…} and a `packet` (docs/events.md) for each example. */
void wr_view_rule_report_json(struct wr_buf *b, const struct wr_rule_report *r);
void wr_view_rule_report_text(struct wr_buf *b, const struct wr_rule_report *r, bool color);

#endif
