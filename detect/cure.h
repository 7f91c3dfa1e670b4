/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_CURE_H
#define WR_DETECT_CURE_H

#include "base/buf.h"
#include "detect/detect.h"

/*
 * From a finding to the smallest rule that stops it: facts of headers that its packets have in
 * common and that usual packets for the same address do not have, one added after the other until
 * no usual packet is hit (greedy, by lift; at most WR_CURE_FACTS). Where usual packets cannot be
 * told from the attack, it is a limit for the few that it comes from, if they are not usual; of
 * SYNs from many sources to a service, SYN cookies; else a limit at what is usual, which is not
 * safe. What headers do not tell (scans, logins) is stopped by who it is
 * (detect/blame.h).
 *
 * Usual packets are samples of what came before, kept by destination: only those enter that were
 * five seconds old when nothing was found there.
 */

enum { WR_CURE_FACTS = 5 };

enum wr_cure_verb { WR_CURE_NONE, WR_CURE_DROP, WR_CURE_LIMIT, WR_CURE_COOKIES, WR_CURE_VERBS };

const char *wr_cure_verb_name(enum wr_cure_verb v); /* none, drop, limit, cookies */

/* What a rule by source is for. */
struct wr_cure_of {
	uint8_t proto;
	uint16_t port; /* 0: any, or the victim's */
};

struct wr_cure {
	enum wr_cure_verb verb;
	bool safe;     /* no usual packet that is known is hit: it may be put in without asking */
	double attack; /* share of the samples of the attack that it matches; by source: that it
			  is expected to stop */
	double usual;  /* share of the usual samples of that address that it matches */
	uint32_t attack_samples, usual_samples;
	uint32_t usual_clients; /* sources of usual samples that it matches */
	struct wr_cure_of of;	/* by source only */
	char rule[600]; /* a statement of the policy language (policy/policy.h), `auto` and with an
			   end */
};

struct wr_cure_want {
	const char *name;      /* of the rule */
	uint32_t for_s;	       /* seconds until it ends */
	const char *resolvers; /* "10.0.0.53, 10.0.1.53": whose answers are never kept out; NULL:
				  none */
	/* "198.51.100.7, 198.51.100.9": usual clients whom a drop by headers would hit, and is not
	 * for; NULL, "": none. */
	const char *spared;
	/* The next best one, after so many that did not stop it. */
	unsigned int level;
	bool cookies; /* SYN cookies are fine */
};

/*
 * verb NONE: there is none: a class that is not stopped by packets' headers, or too few samples.
 * Looks at the samples of the last ten seconds: call it when the finding is raised or renewed.
 */
void wr_detect_cure(struct wr_detect *d, const struct wr_finding *f,
		    const struct wr_cure_want *want, struct wr_cure *cure);

/* Is there a rule for such a thing at all? */
bool wr_detect_curable(enum wr_finding_class c);

/* Packets of it in the newest second that the rule c is for, whatever was done with them;
 * estimated. */
uint64_t wr_detect_seen(const struct wr_detect *d, const struct wr_finding *f,
			const struct wr_cure *c);

#endif
