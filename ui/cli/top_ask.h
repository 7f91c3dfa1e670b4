/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_CLI_TOP_ASK_H
#define WR_UI_CLI_TOP_ASK_H

#include <jansson.h>
#include <stdbool.h>

#include "capture/capture.h"
#include "daemon/ask.h"

/* The weir that runs on this host, asked for a view over its control socket once a second. A zeroed
 * one is not connected. */
struct wr_top_ask {
	const char *conf, *socket; /* as for wr_cli_connect() */
	struct wr_ask ask;
	bool open;
	int wait; /* seconds before the next try */
};

/* Hands out the objects of an answer, borrowed for the call. -ENODATA: no weir runs here, it has
 * nothing of the kind, or it may not be asked. */
int wr_top_ask(struct wr_top_ask *a, const char *view, void (*fn)(void *ctx, const json_t *o),
	       void *ctx);
void wr_top_ask_close(struct wr_top_ask *a);

/* What is not there is "", and 0. Texts are the object's. */
const char *wr_top_text(const json_t *o, const char *key);
uint64_t wr_top_number(const json_t *o, const char *key);
struct wr_count wr_top_count(const json_t *o, const char *key);

#endif
