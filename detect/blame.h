/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_BLAME_H
#define WR_DETECT_BLAME_H

#include "detect/cure.h"
#include "detect/impl.h"

/*
 * Rules by who it is, for what headers do not tell: scans, logins, connections that are held open
 * or made in masses. By address, then (level 1) by prefix. Who a server has gone on with, seen in
 * both directions, is who he says, and his address is dropped, unless usual packets of his are
 * known; for him, for prefixes, and for who may be forged, it is a limit of new connections, so
 * that nobody can have a third one locked out.
 */

/* The least share of it that a rule is expected to stop; below it is not worth its place. */
#define LEAST_STOPPED 0.2

bool blame_has(enum wr_finding_class c);
void blame_cure(struct wr_detect *d, const struct wr_finding *f, const struct wr_cure_want *want,
		struct wr_cure *c);
/* Packets of its sources to its victim in the last `seconds`, as far as they are remembered, that a
 * rule for `what` is for. */
uint64_t blame_packets(const struct wr_detect *d, const struct wr_finding *f, uint32_t seconds,
		       const struct wr_cure_of *what);
/* SYNs of theirs in the last second: all that a limit of connections can stop. */
uint64_t blame_syns(const struct wr_detect *d, const struct wr_finding *f);
/* Is it a flood of SYNs for which cookies are the answer? They are a rule of its own. */
bool cookies_fit(const struct wr_finding *f, const struct wr_cure_want *want);
void cookies_cure(const struct wr_detect *d, const struct wr_finding *f,
		  const struct wr_cure_want *want, struct wr_cure *c);

/* Samples that are older are usual ones: what came later is of it, or may be its beginning. */
uint64_t usual_until(const struct wr_finding *f);
/* Is it one of those that are named in it? */
bool has_source(const struct wr_finding *f, const uint8_t addr[16]);
/* Is that a source of something of this kind that goes on? */
bool is_blamed(const struct wr_detect *d, const uint8_t addr[16]);

#endif
