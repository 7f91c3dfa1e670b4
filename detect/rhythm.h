/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_RHYTHM_H
#define WR_DETECT_RHYTHM_H

/* How regular something comes, by the seconds between one time and the next. */

struct rhythm {
	int n;	      /* spans that it is made of */
	float middle; /* of them, in seconds */
	float away;   /* as far from the middle two of three are at most */
	float mean;   /* of the gaps that were given */
};

/* gap: n of them, the oldest first; they are written over. A span is `each` gaps, one after the
 * other: how regular each second, third time is where several things take turns. */
struct rhythm rhythm_of(float *gap, int n, int each);

/* The middle one of n, at least one; sorts them. */
float rhythm_middle(float *v, int n);

#endif
