/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_FIND_H
#define WR_UI_CLI_FIND_H

#include "base/buf.h"
#include "base/err.h"
#include "capture/capture.h"
#include "core/record.h"
#include "detect/detect.h"

/* What is unusual in a capture: runs detection over its packets and keeps what it found. */

struct wr_find;

struct wr_auto;

/* automatic: is told of all that is found, borrowed; NULL: nobody. 0 or -errno; *out is untouched
 * on failure. */
int wr_find_open(struct wr_find **out, struct wr_auto *automatic, struct wr_err *err);
void wr_find_close(struct wr_find **f); /* NULL is fine; sets NULL */

/* From now on fn is told of all that is found, with the detector it comes from. */
typedef void (*wr_find_fn)(void *ctx, struct wr_detect *d, enum wr_finding_news news,
			   const struct wr_finding *f);
void wr_find_tell(struct wr_find *f, wr_find_fn fn, void *ctx);

/* A packet; in the order of the file. */
void wr_find_packet(struct wr_find *f, const struct wr_packet *pkt, const struct wr_rec *rec);

/* What was learned before, into a new one; and what has been learned. path: a file. 0 or -errno;
 * load: -ENOENT, without a word, when there is none. */
int wr_find_load(struct wr_find *f, const char *path, uint64_t now_ns, struct wr_err *err);
int wr_find_save(const struct wr_find *f, const char *path, struct wr_err *err);

/* No more packets. */
void wr_find_finish(struct wr_find *f);

/* Detection begins anew, as after a restart: with nothing known, or (resume) with what it had
 * learned until now_ns. What was found stays. 0 or -errno. */
int wr_find_restart(struct wr_find *f, bool resume, uint64_t now_ns, struct wr_err *err);

/* All that was found, in the order in which it was raised, borrowed. Returns how many. */
uint32_t wr_find_found(const struct wr_find *f, const struct wr_finding **out);

/* Findings above info. */
uint32_t wr_find_alarms(const struct wr_find *f);

enum wr_find_form { WR_FIND_TEXT, WR_FIND_COLOR, WR_FIND_JSON, WR_FIND_TSV };
void wr_find_print(const struct wr_find *f, struct wr_buf *b, enum wr_find_form form);

#endif
