/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_EXPLAIN_PROSE_H
#define WR_UI_CLI_EXPLAIN_PROSE_H

#include "daemon/conf.h"
#include "explain/prompt.h"

/* What a language model says of an incident, for people to read and for nothing else. */

/* The configuration (file conf, or the usual one when that is NULL), whose [explain] counts here.
 * *values owns what *c borrows. 0 or -errno. */
int wr_prose_conf(struct wr_conf **values, struct wr_daemon_conf *c, const char *conf,
		  struct wr_err *err);

/* The body that is, or would be, sent. */
void wr_prose_prompt(struct wr_buf *b, const struct wr_daemon_conf *c, const struct wr_explain *e);

/* Asks once, and once more where that is worth it, before the deadline; adds the answer, made fit
 * for a terminal, to b. -errno: there is none; err says why, and the mend. */
int wr_prose_ask(struct wr_buf *b, const struct wr_daemon_conf *c, const struct wr_explain *e,
		 struct wr_err *err);

#endif
