/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_ODD_H
#define WR_DETECT_ODD_H

#include "detect/impl.h"

/* What is measured of a service, and what is usual of it: see detect/odd.c. */

enum odd_thing {
	ODD_PACKETS,
	ODD_SOURCES,
	ODD_FLOW_PACKETS,
	ODD_MEAN_SIZE,
	ODD_ANSWER_SIZE,
	ODD_BACK_SHARE,
	ODD_SIZE_MIX, /* mixtures from here on */
	ODD_FLAG_MIX,
	ODD_TTL_MIX,
	ODD_THINGS,
};

#define ODD_FLOOR 9.0 /* a score below is never told */

enum {
	ODD_ROWS = 10240,
	ODD_FLAGS = 4, /* SYN, RST, FIN, none of them */
	ODD_TTLS = 32,
	ODD_FLAGS_AT = WR_SIZE_CLASSES,
	ODD_TTLS_AT = ODD_FLAGS_AT + ODD_FLAGS,
	ODD_KINDS = ODD_TTLS_AT + ODD_TTLS,
	ODD_BINS = 18, /* of deviations: a unit each, the outer ones open */
	ODD_TOP = 16,
	ODD_MEMORY = 360, /* windows that weigh more than 1/e: an hour */
	ODD_RUN = 3,	  /* windows in a row */
	ODD_WINDOW_S = 10,
	ODD_LEAST = 30, /* packets of a window, and headers of its times to live */
	ODD_YOUNG = 60, /* windows until something is told */
	ODD_WORDS = 4,	/* of bits of sources */
	ODD_FLOWS = 32, /* of which it is known, by hash, how many packets were counted */
	ODD_ONE = 8,	/* of one flow no more than that part of the usual packets is counted */
};

struct odd_norm {
	float level, spread;
	uint32_t windows;
	uint16_t bins[ODD_BINS]; /* windows by deviations */
};

/* What each part touches comes first, in as few cache lines as it can. */
struct odd {
	struct wr_talk_key key;
	uint32_t began;	      /* step in which its window began */
	uint32_t windows;     /* learned */
	uint32_t most_of_one; /* see there; changes with what is usual */
	/* Of this window, from here to of_flow: */
	uint32_t packets, back, new_flows;
	uint32_t refused;		/* of those back: nothing listens there */
	uint32_t counted, counted_back; /* of packets and back: see most_of_one() */
	uint64_t bytes, back_bytes;	/* of those that were counted */
	uint64_t sources[ODD_WORDS];
	uint32_t kinds[ODD_KINDS];
	uint16_t of_flow[3][ODD_FLOWS]; /* enum odd_way */
	/* What is usual, touched when a window ends: */
	uint32_t scores;     /* learned */
	uint32_t named_step; /* something that has a name held; 0: never */
	uint32_t told_step, run_began;
	uint16_t n_top;
	bool two_way;		/* answers were seen */
	float last[ODD_RUN];	/* scores of the last windows */
	float top[ODD_TOP];	/* the highest scores that lasted, the lowest first */
	float usual[ODD_KINDS]; /* share of each kind in its mixture */
	/* Sources of windows that were learned, by hash: since the last turn, and of two before. */
	uint64_t known[3][ODD_WORDS];
	struct odd_norm norm[ODD_THINGS];
} __attribute__((aligned(64)));

struct odds {
	struct wr_rows rows;
	uint32_t windows,
		judged; /* that ended since the last whole ten seconds, and in those before */
};

/* What of a flow is counted. */
enum odd_way { ODD_IN, ODD_BACK, ODD_HEADERS };

struct odd_window {
	double value[ODD_THINGS], z[ODD_THINGS]; /* z: deviations from what is usual */
	bool has[ODD_THINGS];
	double score;
};

/* What the window that is filled has, when it is so long; how far that is from what is usual. */
void odd_measure(const struct odd *o, double seconds, struct odd_window *w);
void odd_judge(const struct odd *o, struct odd_window *w);
/* It answers hardly anything any more, or refuses: it is down, and what comes is what asks whether
 * it is. */
bool odd_is_silent(const struct odd *o, const struct odd_window *w);
/* Of the square of the score. */
double odd_part_of_score(const struct odd_window *w, int thing);
void odd_evidence(struct wr_evidence *e, const struct odd *o, const struct odd_window *w,
		  int thing);

/* That window is usual, and so is that score, which lasted. */
void odd_learn(struct odd *o, const struct odd_window *w);
void odd_learn_score(struct odd *o, float score);
/* The score that usual traffic exceeds once in so many windows; HUGE_VAL: too little is known. */
double odd_bound(const struct odd *o, double windows);
/* How many times that where more comes than usual, as new clients bring it or those that always
 * come; 1: no more does. */
double odd_rush(const struct odd *o, const struct odd_window *w);

#endif
