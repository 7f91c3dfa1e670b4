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
enum { WR_LEARNED_FEATURES = 20 /* at most */ };

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
	uint32_t seconds; /* learned from, ends of itself */
	uint32_t hours;	  /* of the week that are known, of 168 */
	struct {
		enum wr_feature feature;
		double now, usual, most; /* in the last second; level; the most that is usual now */
	} of[WR_LEARNED_FEATURES];
	uint32_t n;
};

/* Calls fn for each, in no order that means something, until it returns false. */
void wr_detect_learned(const struct wr_detect *d, bool (*fn)(void *ctx, const struct wr_learned *l),
		       void *ctx);

#endif
