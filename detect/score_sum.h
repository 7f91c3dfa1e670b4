/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SCORE_SUM_H
#define WR_DETECT_SCORE_SUM_H

#include "detect/score.h"

/*
 * The scores of many captures as one. Each event weighs the same, however many packets it has. How
 * sure that is: the events are drawn anew, as many, a thousand times, always with the same numbers;
 * nine in ten of the results lie within low .. high (bootstrap; Efron 1979).
 */

enum { WR_SCORE_RESAMPLES = 1000, WR_SCORE_WITHIN = 4 };

extern const double wr_score_within_s[WR_SCORE_WITHIN]; /* 1 2 5 10 */

struct wr_score_range {
	double value, low, high;
};

struct wr_score_kept {		     /* of an event's packets, mean over events */
	struct wr_score_range out;   /* that were kept out */
	struct wr_score_range since; /* the same from the first on; of events that had one */
};

struct wr_score_clean { /* seconds from the beginning of an event until it was clean */
	uint32_t n;	/* that were */
	double median, p90;
	double tail_s; /* the longest of all events */
};

struct wr_score_named { /* mean over events whose sources are known */
	uint32_t events;
	double precision; /* of those named, share that sent packets of it; of events with any */
	double recall;	  /* of the twenty that sent most, share that is named; none is 0 */
};

struct wr_score_delay { /* seconds from the beginning of an event until it was found */
	uint32_t n;	/* found */
	double median, p90;
	double within[WR_SCORE_WITHIN]; /* share of all such events, also of those not found */
};

/* What is over sooner is hardly looked at before its end: a look comes each tenth of a second. */
#define WR_SCORE_LASTS_S 0.4

struct wr_score_sum {
	uint32_t captures, events, found, named, left_out;
	struct wr_score_range found_share, named_share;
	struct wr_score_range median_s; /* until found */
	struct wr_score_delay flood, slow;
	uint32_t floods;
	double by_chance; /* events that false alarms at this rate would hit */
	uint64_t false_alarms, warmup_alarms;
	double usual_s; /* seconds without an attack that were counted */
	double alarms_a_day;
	struct wr_score_windows windows;
	struct wr_score_kept kept, flood_kept; /* of all events, of the floods among them */
	uint32_t lasting; /* of the floods: those of WR_SCORE_LASTS_S and more */
	struct wr_score_kept lasting_kept;
	struct wr_score_clean clean;
	struct wr_score_named few, many; /* events of twenty sources at most, and of more */
	struct wr_score_usual usual;	 /* worst: of all */
};

/* Those that warm up, those that do not, or all of them. */
enum wr_score_which { WR_SCORE_WARMED, WR_SCORE_COLD, WR_SCORE_ALL };

/* 0 or -errno. */
int wr_score_sum(struct wr_score_sum *out, const struct wr_score *const *score, uint32_t n,
		 enum wr_score_which which, struct wr_err *err);

double wr_score_precision(const struct wr_score_windows *w); /* 1 when nothing was alarmed */
double wr_score_recall(const struct wr_score_windows *w);    /* 1 when there was no attack */

#endif
