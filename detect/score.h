/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SCORE_H
#define WR_DETECT_SCORE_H

#include "detect/finding.h"
#include "detect/score_clean.h"
#include "detect/score_sent.h"
#include "detect/truth.h"

/*
 * How good is it: findings held against what is known to be in a capture.
 *
 * A finding is credited to an event when it overlaps it (or the ten seconds behind it), names its
 * victim and was not raised before it began, but for a train of pulses whose earlier one earned it.
 * Victims are the same address and, when both say one, port; a prefix that holds the address; and
 * any for a carpet bombing or an event whose victim is told in words and not as an address. An
 * event is found when something is credited to it, and named when that has its class. What is
 * credited to none is a false alarm: those of one class and victim with less than a minute between
 * them are one. Findings that are only information count when they are credited to an event of
 * their class, and else not at all.
 *
 * A second is an attack's when a packet of an event is in it, and alarmed when a finding holds;
 * quiet seconds within an event and ten behind it are not counted, nor is the warm-up.
 *
 * A usual packet that is kept out between events is on account of the one that ended last.
 */

enum { WR_SCORE_ALARMS = 1024, WR_SCORE_FLOOD_PPS = 300 };

struct wr_score_event {
	struct wr_truth_event truth; /* with the times as they were played */
	bool found, named;
	bool flood; /* as it is labelled, so that the same ones are when some packets are left
		       out */
	double found_s, named_s;   /* after it began */
	uint8_t first;		   /* enum wr_finding_class: what it was called first, when found */
	uint64_t packets, out;	   /* that were played; of these: kept out */
	uint64_t since, since_out; /* the same from the first that was kept out on */
	struct wr_clean clean;
	double tail_s; /* after its end: a usual packet was still kept out; 0: none was */
	/* Sources of an event whose victim is one address; all 0 of others: whether a packet came
	   from the victim is not known. */
	struct wr_score_sources sources;
};

struct wr_score_alarm {
	double at_s, until_s;
	uint8_t klass;
	struct wr_victim victim;
};

struct wr_score_windows { /* seconds */
	uint64_t tp, fp, fn, tn;
};

struct wr_score_usual { /* packets of no event, and their sources */
	uint64_t packets, out;
	uint32_t sources, hurt; /* hurt: more than half of their packets were kept out */
	double worst;		/* share, of a source of at least ten packets */
};

struct wr_score {
	char name[WR_TRUTH_TEXT];
	bool warms_up;
	double seconds; /* of the capture */
	struct wr_score_event event[WR_TRUTH_EVENTS];
	uint32_t n;
	uint32_t left_out;			      /* events of which no packet was played */
	struct wr_score_alarm alarm[WR_SCORE_ALARMS]; /* false ones */
	uint32_t n_alarms, warmup_alarms; /* counted also when there is no room for them */
	struct wr_score_windows windows;
	struct wr_score_usual usual;
};

struct wr_scoring;

struct wr_scoring_conf {
	const struct wr_truth *truth; /* borrowed */
	uint64_t zero_ns;	      /* where times of its events count from */
	double scale;		      /* they are played so many times as long */
	uint32_t seconds;	      /* most that it is long, as played */
	double warmup_s;	      /* as played */
};

/* 0 or -errno; *out is untouched on failure. */
int wr_scoring_open(struct wr_scoring **out, const struct wr_scoring_conf *conf,
		    struct wr_err *err);
void wr_scoring_close(struct wr_scoring **s); /* NULL is fine; sets NULL */

/* A packet that was played at ts_ns. src: 16 bytes, NULL: it has no address. */
void wr_scoring_packet(struct wr_scoring *s, uint64_t ts_ns, uint8_t label, const uint8_t *src,
		       bool out);

/* All that was found, in any order. Fills *score. 0 or -errno. */
int wr_scoring_finish(struct wr_scoring *s, const struct wr_finding *found, uint32_t n,
		      struct wr_score *score, struct wr_err *err);

#endif
