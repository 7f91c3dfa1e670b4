/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_EXPLAIN_CALLS_H
#define WR_UI_CLI_EXPLAIN_CALLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Calls of a model, in a small file: a line each with its time, so that a day's are bounded. The
 * last WR_CALLS_KEPT are kept, more than explain.per_day can be; of a call size and hash are
 * written down, not what was said. */
enum { WR_CALLS_KEPT = 1000, WR_CALLS_HASH = 17 };

struct wr_call {
	uint64_t ns; /* CLOCK_REALTIME */
	uint64_t incident, sent_bytes, tokens_in, tokens_out;
	long status;		  /* of HTTP; 0: there was no answer */
	char hash[WR_CALLS_HASH]; /* of what was sent: SHA-256, its first 16 digits */
};

/* Fills in the hash; "-" in a build without SHA-256. */
void wr_calls_hash(struct wr_call *c, const void *sent, size_t n);

/* The file: `state`, or the usual one when that is "", written anew beside it and renamed. Writes a
 * line for the call that is about to be made unless per_day of them are of the same day (UTC):
 * -EDQUOT. Else -errno: it cannot be counted, so it must not be made. */
int wr_calls_begin(const char *state, uint64_t per_day, const struct wr_call *c,
		   struct wr_err *err);
/* What became of the call that was begun: its line again. */
void wr_calls_end(const char *state, const struct wr_call *c);

#endif
