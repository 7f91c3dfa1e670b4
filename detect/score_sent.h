/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_SCORE_SENT_H
#define WR_DETECT_SCORE_SENT_H

#include "detect/finding.h"

/*
 * Who sent the packets of an event, to hold the sources that findings name against. The table has
 * a fixed size: of more sources than it holds those with few packets make room.
 */

enum { WR_SENT_TOP = WR_FINDING_SOURCES, WR_SENT_NAMED = 256 };

struct wr_score_sources {
	uint32_t all;		 /* who sent packets of the event, but for its victim */
	uint32_t named, right;	 /* by findings that have its class; of these: that did */
	uint32_t top, top_named; /* the twenty with most packets, or all; of these: named */
};

struct wr_sent;

/* 0 or -ENOMEM. */
int wr_sent_open(struct wr_sent **out);
void wr_sent_close(struct wr_sent **s); /* NULL is fine; sets NULL */

/* A packet with a label, not 0. src: 16 bytes. */
void wr_sent_packet(struct wr_sent *s, uint8_t label, const uint8_t *src);

/* Sources that are named, each once: adds those of f. Returns how many there are. */
uint32_t wr_sent_name(struct wr_finding_source named[WR_SENT_NAMED], uint32_t n,
		      const struct wr_finding *f);

void wr_sent_score(const struct wr_sent *s, uint8_t label, const uint8_t *victim,
		   const struct wr_finding_source *named, uint32_t n, struct wr_score_sources *out);

#endif
