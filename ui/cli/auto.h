/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_AUTO_H
#define WR_UI_CLI_AUTO_H

#include "base/buf.h"
#include "base/err.h"
#include "capture/capture.h"
#include "core/record.h"
#include "detect/answer.h"

/*
 * What detection would have done to a capture: rules are made from what is found, put in, renewed
 * while it goes on and taken out again, and every packet is held against those that are in force.
 */

/* The word behind --auto. -EINVAL. */
int wr_auto_mode(const char *word, enum wr_answer_mode *mode, struct wr_err *err);

struct wr_auto;

/* verdicts: a file that gets a byte for each packet, in order: 0 passed, 1 not; NULL: none. */
int wr_auto_open(struct wr_auto **out, enum wr_answer_mode mode, const char *verdicts,
		 struct wr_err *err);
void wr_auto_close(struct wr_auto **a); /* NULL is fine; sets NULL */

/* A packet, before detection sees it. *kept_out: it does not pass; NULL: nobody asks. 0 or -errno.
 */
int wr_auto_packet(struct wr_auto *a, const struct wr_packet *pkt, const struct wr_rec *rec,
		   bool *kept_out, struct wr_err *err);
/* Was the last packet answered with a SYN cookie? It does not reach the service; a client that is
 * there goes on all the same. */
bool wr_auto_answered(const struct wr_auto *a);
/* What detection tells: a wr_finding_fn with the detector it comes from. */
void wr_auto_finding(struct wr_auto *a, struct wr_detect *d, enum wr_finding_news news,
		     const struct wr_finding *f);

/* What was done, for people. 0 or -errno: of the file of verdicts. */
int wr_auto_finish(struct wr_auto *a, struct wr_buf *b, struct wr_err *err);

#endif
