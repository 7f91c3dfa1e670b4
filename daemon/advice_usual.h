/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_ADVICE_USUAL_H
#define WR_DAEMON_ADVICE_USUAL_H

#include "daemon/advice.h"
#include "export/infer.h"

/*
 * What is usual for each input of each key: a mean that forgets and how far values stray from it.
 * It does not judge: it says of a row that a model has judged which inputs are least as they are
 * there. Memory is fixed: keys that find no room have no usual values.
 */
enum { WR_ADVICE_KEYS = 1024, WR_ADVICE_LEARNED = 5 /* rows, until it is known */ };

struct wr_advice_usual {
	struct wr_advice_key {
		struct wr_talk_key key;
		uint32_t n; /* rows; 0: free */
		uint8_t kind;
		float mean[WR_INFER_INPUTS], stray[WR_INFER_INPUTS];
	} at[WR_ADVICE_KEYS];
};

/* values: n of them, NAN for those that the row does not have. */
void wr_advice_learn(struct wr_advice_usual *u, const struct wr_window *w, const double *values,
		     uint32_t n);

/* The inputs of a row that are furthest from what is usual. Returns how many; columns[k] is what
 * number input k is. */
uint32_t wr_advice_furthest(const struct wr_advice_usual *u, const struct wr_window *w,
			    const double *values, const uint8_t *columns, uint32_t n,
			    struct wr_advice_by by[WR_FINDING_BY]);

#endif
