/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DETECT_IDS_H
#define WR_DETECT_IDS_H

#include <stdint.h>

/*
 * Who tells findings. Each counts its own from 1 on, behind a base of its own, so that no two have
 * the same number; and no one has more that hold than stands here, so that all of them together
 * have room wherever findings are kept by number.
 *   X(symbol, how many hold at most)
 */
#define WR_IDS_TABLE(X)                                              \
	X(DETECT, 64)                                                \
	X(API, 256)    /* what is unusual about requests */          \
	X(ADMINS, 256) /* who comes to the admin port of gateways */ \
	X(MODEL, 64)   /* scores of a model */                       \
	X(FORECAST, 288)

enum wr_ids {
#define X(sym, most) WR_IDS_##sym,
	WR_IDS_TABLE(X)
#undef X
};

enum {
#define X(sym, most) WR_HOLD_##sym = (most),
	WR_IDS_TABLE(X)
#undef X
#define X(sym, most) +(most)
		WR_HOLD_ALL = 0 WR_IDS_TABLE(X)
#undef X
};

/* What its numbers are counted from. */
static inline uint64_t wr_ids(enum wr_ids who)
{
	return (uint64_t)who << 40;
}

#endif
