/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_PLAY_EACH_H
#define WR_UI_CLI_PLAY_EACH_H

#include "base/err.h"
#include "capture/capture.h"

/* The packets of a capture with their labels, and some of them kept for a second time. */

/* 0 or -errno: that ends it. */
typedef int (*wr_play_fn)(void *ctx, const struct wr_packet *pkt, uint8_t label,
			  struct wr_err *err);

/* 0 or -errno; -EINVAL: there are not as many labels as packets. */
int wr_play_each(const char *capture, const char *labels, wr_play_fn fn, void *ctx,
		 struct wr_err *err);

/* Copies of packets, by the time at which they are to be played. */
struct wr_play_kept;

/* Memory is bounded: what is more than 64 MiB is not kept. 0 or -ENOMEM. */
int wr_play_kept_open(struct wr_play_kept **out, struct wr_err *err);
void wr_play_kept_close(struct wr_play_kept **k); /* NULL is fine; sets NULL */
void wr_play_keep(struct wr_play_kept *k, const struct wr_packet *pkt, uint64_t ts_ns);
/* The next one that is due by then, borrowed; NULL: none. Nothing is kept any more. */
const struct wr_packet *wr_play_due(struct wr_play_kept *k, uint64_t ts_ns);

#endif
