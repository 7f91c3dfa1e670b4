/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_ASK_H
#define WR_UI_CLI_ASK_H

#include "base/buf.h"
#include "base/err.h"
#include "daemon/ask.h"

/* Connects to the running daemon: at `socket`, or where the configuration (file conf, or the usual
 * one when that is NULL) says. Errors as wr_ask_open(). */
int wr_cli_connect(struct wr_ask *a, const char *conf, const char *socket, struct wr_err *err);
int wr_cli_ask_status(int ret); /* the exit status for what asking has returned */

/*
 * Asks the running daemon and prints its answer, line by line: at `socket`, or where the
 * configuration (file conf, or the usual one when that is NULL) says. A subscription is printed
 * until a signal comes. Returns an exit status; 1 when no daemon runs.
 */
int wr_cli_ask(const char *conf, const char *socket, const char *request, struct wr_err *err);

/* The same for a request that is answered once; its lines are added to b. */
int wr_cli_fetch(const char *conf, const char *socket, const char *request, struct wr_buf *b,
		 struct wr_err *err);

#endif
