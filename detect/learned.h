/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_LEARNED_H
#define WR_DETECT_LEARNED_H

#include "base/buf.h"
#include "detect/detect.h"

/*
 * What has been learned, for the next start, another host, or a person: JSON Lines. The first line
 * says what it is, when it was written and of how many; a line for each address or prefix; the last
 * has the CRC-32 of all before it.
 */

enum { WR_LEARNED_VERSION = 1 };
enum { WR_LEARNED_FEATURES = 20 /* at most */, WR_LEARNED_HOURS = 168 };

void wr_detect_learned_write(const struct wr_detect *d, struct wr_buf *b);

/*
 * Adds it to an empty detector (wr_detect_open(), nothing fed yet). now_ns: CLOCK_REALTIME. What is
 * of the time away was not seen: after more than a day norms are half as sure. -EINVAL: it is not
 * that, is of another version, was changed, or is of the future (the clock has been set back);
 * nothing is taken then.
 */
int wr_detect_learned_read(struct wr_detect *d, const char *text, size_t n, uint64_t now_ns,
			   struct wr_err *err);

/* Would it be taken? As above, without a detector. */
int wr_detect_learned_check(const char *text, size_t n, uint64_t now_ns, struct wr_err *err);

/* One address or prefix, for people. Rates a second. */
struct wr_learned {
	struct wr_victim who;
	uint32_t seconds;  /* learned from, ends of itself */
	uint32_t hours;	   /* of the week that are known, of 168 */
	uint64_t since_ns; /* CLOCK_REALTIME: first learned from */
	bool kept;	   /* wr_detect_keep() */
	struct {
		enum wr_feature feature;
		double now, usual, most; /* in the last second; level; the most that is usual now */
	} of[WR_LEARNED_FEATURES];
	uint32_t n;
};

/* Calls fn for each, in no order that means something, until it returns false. */
void wr_detect_learned(const struct wr_detect *d, bool (*fn)(void *ctx, const struct wr_learned *l),
		       void *ctx);

/* "10.0.0.9" or "10.0.0.0/24", as rows are named. -EINVAL: it is no address or prefix of which
 * something can be learned. */
int wr_detect_learned_who(const char *text, struct wr_victim *who, struct wr_err *err);

/* An hour of the week, of packets a second. */
struct wr_learned_hour {
	uint8_t hour; /* from Monday 00:00 UTC */
	uint8_t seen; /* times learned; ends at 255 */
	double usual; /* level, as it is expected now */
	double most;  /* the most that the week alone has as usual; below 0: too little is known */
};

/* Those that are known of an address or prefix, in their order. Returns how many. */
uint32_t wr_detect_learned_hours(const struct wr_detect *d, const struct wr_victim *who,
				 struct wr_learned_hour to[WR_LEARNED_HOURS]);

/* So many addresses and prefixes can be marked. */
enum { WR_LEARNED_KEPT = 256 };

/*
 * Marks what is known of an address or a prefix ("10.0.0.9", "10.0.0.0/24"), or takes the mark
 * off (keep false; of one without a mark that is fine, too): its row makes no room for another
 * one, and its week and bounds stay as they are, neither raised nor lowered; the last minutes are
 * followed below these. -EINVAL: no address or prefix; -ENOENT: nothing is known of it; -EAGAIN:
 * not enough is; -ENOSPC: WR_LEARNED_KEPT are marked.
 */
int wr_detect_keep(struct wr_detect *d, const char *text, bool keep, struct wr_err *err);

#endif
