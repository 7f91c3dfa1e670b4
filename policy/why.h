/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_POLICY_WHY_H
#define WR_POLICY_WHY_H

#include "policy/verdict.h"

/*
 * Which rule decides of a packet, which would have, and of each of the others what does not match:
 * rule by rule, as the language says. What decided is known already, from wr_verdict(): here it is
 * explained.
 */

/* Of a rule that does not match: what not; bits. */
enum {
	WR_WHY_WAY = 1 << 0,   /* it is of what leaves, or of what arrives */
	WR_WHY_ON = 1 << 1,    /* interface */
	WR_WHY_FROM = 1 << 2,  /* source */
	WR_WHY_TO = 1 << 3,    /* what is asked for */
	WR_WHY_HOST = 1 << 4,  /* is known of flows, not of packets */
	WR_WHY_WHERE = 1 << 5, /* expression */
	WR_WHY_AT = 1 << 6,    /* it is not its time */
	WR_WHY_ENDED = 1 << 7,
	WR_WHY_SCORE = 1 << 8, /* of a model, not over the bound */
};

enum wr_why_part {
	WR_WHY_DIFFERS, /* does not match: see differs */
	WR_WHY_DECIDES,
	WR_WHY_SHADOW, /* matches, and only counts */
	WR_WHY_WITHIN, /* a limit that matches, or cookies; the packet is within its rate, or no SYN
			*/
	WR_WHY_WOULD,  /* matches, but what stands before it decided */
	WR_WHY_CLASS,  /* gives the packet its class */
	WR_WHY_PARTS
};

struct wr_why {
	uint32_t rule; /* index in the policy */
	enum wr_why_part part;
	uint32_t differs; /* WR_WHY_* */
	uint32_t matches; /* of what the rule asks: what does match */
	uint8_t level;	  /* header that was asked: 0 outer, 1 what a tunnel carries */
};

/* Fills a row for each rule, in the order in which they are asked; rows has room for n_rules. of is
 * what wr_verdict() said of the packet. -ENOMEM. */
int wr_why(const struct wr_policy *p, const struct wr_verdict_packet *pkt,
	   const struct wr_verdict_of *of, struct wr_why *rows, struct wr_err *err);

/* What one bit of `differs` says, as a person reads it: source 10.0.0.1 is not in 192.0.2.0/24 */
void wr_why_text(struct wr_buf *b, const struct wr_policy *p, const struct wr_why *row,
		 uint32_t bit, const struct wr_verdict_packet *pkt);
const char *wr_why_key(uint32_t bit); /* the clause: from, to, on, ... */

#endif
