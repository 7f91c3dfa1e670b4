/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_EVASION_H
#define WR_DETECT_EVASION_H

#include "core/record.h"

/*
 * Packets whose headers contradict nothing, and that nobody sends but to get past somebody or to
 * see what a host does with them.
 *   X(symbol, what a person reads)
 */
#define WR_EVASION_TABLE(X)                                                 \
	X(SYN_FIN, "evasion: SYN together with FIN or RST")                 \
	X(NO_ACK, "evasion: TCP without SYN, ACK and RST, again and again") \
	X(LAND, "evasion: sent to whom it says it is from (LAND)")          \
	X(INSIDE, "evasion: a fragment that begins inside the TCP header")

enum wr_evasion {
#define X(sym, text) WR_EVASION_##sym,
	WR_EVASION_TABLE(X)
#undef X
		WR_EVASION_COUNT
};

/* Which one a packet is, by its outer headers; WR_EVASION_COUNT: none. One that is malformed is
 * none. */
enum wr_evasion wr_evasion_of(const struct wr_rec *rec);

#endif
