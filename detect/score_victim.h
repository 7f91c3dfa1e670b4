/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SCORE_VICTIM_H
#define WR_DETECT_SCORE_VICTIM_H

#include "detect/finding.h"

/* The victim of an event, as a table tells it (detect/truth.h). */
struct wr_score_victim {
	struct wr_victim v;
	bool words; /* no address: any will do */
};

/* 10.0.0.1, 10.0.0.1:80, 2001:db8::1, [2001:db8::1]:80, 10.0.0.0/24, and words behind a space */
struct wr_score_victim wr_score_victim(const char *text);

/* Is it one address? */
bool wr_score_victim_alone(const struct wr_score_victim *of);

/* Does a finding at v name it: its address and, when both say one, port; or a prefix around it. */
bool wr_score_victim_named(const struct wr_score_victim *of, const struct wr_victim *v);

#endif
