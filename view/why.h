/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_WHY_H
#define WR_VIEW_WHY_H

#include "base/buf.h"
#include "capture/capture.h"
#include "policy/why.h"

/* Why a packet has its verdict, for people and for programs. */
struct wr_view_why {
	const struct wr_policy *policy;
	const struct wr_packet *packet;
	const struct wr_verdict_packet *judged; /* the same, as it was held against the policy */
	struct wr_verdict_of verdict;
	const char *by; /* what decided when it is no rule of the policy: a class that gave way, a
			   user's program; else NULL */
	const struct wr_why *rows; /* of wr_why(): as many as there are rules */
	bool all; /* every rule; else those that match, the first that would have decided, and when
		     none does, those that nearly match */
	bool color;
};

void wr_view_why_text(struct wr_buf *b, const struct wr_view_why *w);
/* {"event_type":"why","verdict","rule","class","rules":[{"rule","text","role","inner":true,
 * "differs":[{"clause","text"}]}]} with newline; role: docs/events.md */
void wr_view_why_json(struct wr_buf *b, const struct wr_view_why *w);

#endif
