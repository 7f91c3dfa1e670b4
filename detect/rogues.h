/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_ROGUES_H
#define WR_DETECT_ROGUES_H

#include "detect/impl.h"

/*
 * Who is told of while a rogue_dhcp or rogue_ra holds. There is one finding for all links, and it
 * holds for an hour: a server or router that was not told of in it, or was as less bad, is news,
 * and ends it for another one. Not for more than ROGUES of them, and one in ten seconds: who makes
 * up more is a flood, or told with the next of his answers.
 */

enum { ROGUES = WR_FINDING_SOURCES };

struct rogue {
	struct wr_talk_key key; /* as of an offerer */
	enum wr_severity severity;
	uint32_t times; /* that it offered */
};

struct rogues { /* of one class */
	enum wr_finding_class klass;
	struct rogue told[ROGUES];
	uint32_t n;
};

/* A finding to be completed and told. NULL: it is no news, or is off. */
struct wr_finding *rogue_told(struct wr_detect *d, struct rogues *all, const struct rogue *r);
/* The same, as a part of a flood: other findings end for it, and none begins until it is over. */
struct wr_finding *rogue_floods(struct wr_detect *d, struct rogues *all, const struct rogue *r);
bool rogue_is_flooded(struct wr_detect *d, const struct rogues *all);
/* It is one of its sources. */
void rogue_source(struct wr_finding *f, const struct rogue *r);

#endif
