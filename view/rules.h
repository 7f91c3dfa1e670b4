/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_VIEW_RULES_H
#define WR_VIEW_RULES_H

#include "base/buf.h"
#include "capture/capture.h"

/* Rules of a running daemon, for people and as JSON objects (docs/events.md). */
struct wr_rule_row {
	uint32_t order;				/* from 1 */
	const char *name, *action, *text, *why; /* why: NULL: not said */
	const char *origin;			/* "file", "added" */
	bool shadow, automatic, ended, unconfirmed;
	bool idle;	/* it is not its time of day */
	int syncookies; /* of `cookies`: the sysctl (control/cookies.h) + 1; 0 and below: not told
			 */
	int64_t until_s;
	struct wr_count matched, stopped;  /* of a shadow: would have been */
	uint64_t matched_pps, stopped_pps; /* in the last second */
};

struct wr_rules_state {
	bool off;	     /* all is counted, nothing is kept out */
	uint64_t confirm_ms; /* a change is taken back in so long; 0: none waits */
	const char *file, *state;
	uint32_t rules, prefixes, paths;
	uint64_t changes; /* that came into force */
	uint64_t put_ns;  /* the last one took so long, with compiling */
	uint64_t forgiven_ns;
	const char *trouble; /* why the policy is not in force everywhere; NULL: it is */
};

void wr_view_rule_json(struct wr_buf *b, const struct wr_rule_row *row);
void wr_view_rule_fields_json(struct wr_buf *b, const struct wr_rule_row *row); /* into an object */
/* What it is now: ended, shadow, idle, enforced. */
const char *wr_view_rule_state(const struct wr_rule_row *row);
void wr_view_rules_state_json(struct wr_buf *b,
			      const struct wr_rules_state *s); /* into an object */
/* A table in 80 columns: a line of numbers and one of text for each rule. */
void wr_view_rules_head(struct wr_buf *b, const struct wr_rules_state *s, bool color);
void wr_view_rule_text(struct wr_buf *b, const struct wr_rule_row *row, bool color);
/* Of one rule alone: its name and state, and all of its text. */
void wr_view_rule_head_text(struct wr_buf *b, const struct wr_rule_row *row, bool color);

#endif
