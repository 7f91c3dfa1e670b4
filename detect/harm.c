/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/harm.h"

/*
 * A rule in force is held against what usual clients get, in its first seconds alone: what falls
 * later has another cause. A fall before it is the attack's, and nothing is told of the rule then.
 */

enum {
	SECONDS = 3,	   /* at least, and */
	SECONDS_MOST = 10, /* at most, until there are */
	EXPECTED = 12,	   /* connections that should have been made */
};

void harm_begin(const struct wr_detect *d, const struct wr_finding *f, struct wr_answer *a)
{
	struct wr_served s;

	a->harm.seconds = 0;
	a->harm.made = 0;
	if (a->mode != WR_ANSWER_ENFORCE) {
		a->harm.looking = false;
		return;
	}
	/* One that takes the place of another before that is known: what was usual before the first
	 * still is. So it is behind one that hurt, once they are served again. */
	if (a->harm.looking)
		return;
	if (a->harm.hurt) {
		a->harm.looking = wr_detect_served(d, f, &s) && s.now >= a->harm.least;
		return;
	}
	a->harm.looking = wr_detect_served(d, f, &s) && !s.fell && s.now >= s.least;
	a->harm.least = s.least;
}

bool harm_done(const struct wr_detect *d, const struct wr_finding *f, struct wr_answer *a,
	       double *share)
{
	struct wr_served s;
	double expected;

	if (!a->harm.looking || a->mode != WR_ANSWER_ENFORCE)
		return false;
	if (!wr_detect_served(d, f, &s)) {
		a->harm.looking = false;
		return false;
	}
	a->harm.made += s.now;
	expected = a->harm.least * ++a->harm.seconds;
	if (a->harm.seconds < SECONDS || expected < EXPECTED) {
		a->harm.looking = a->harm.seconds < SECONDS_MOST;
		return false;
	}
	a->harm.looking = false;
	*share = a->harm.made / expected;
	return *share < 0.5;
}
