/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_EVE_H
#define WR_EXPORT_EVE_H

#include "base/err.h"
#include "export/outlet.h"
#include "flow/flow.h"
#include "view/flow_json.h"

/*
 * Events as JSON Lines (docs/events.md) to a file, standard output or a unix stream socket. Nothing
 * waits for who reads them; lines that find no room in the buffer are lost and counted.
 */

struct wr_eve_conf {
	const char *to;		    /* PATH, "-" or "unix:PATH" */
	size_t bytes;		    /* of the buffer; 0 = 4 MiB */
	struct wr_flow_style style; /* names; now_ns is filled here */
	bool offline;		    /* timestamp of a flow: its end, not now */
	struct wr_outbox *box;	    /* as in struct wr_outlet_conf, as the next */
	bool later;
};

struct wr_eve; /* owned by the caller */

/* Errors as wr_outlet_open(). */
int wr_eve_open(struct wr_eve **out, const struct wr_eve_conf *conf, struct wr_err *err);

/* A flow that ended, or a part of one. A wr_flow_gone_fn: ctx is the struct wr_eve. */
void wr_eve_flow(void *eve, const struct wr_flow *f);

/* Any other event: one or more whole lines that view/ wrote, each with its newline. */
void wr_eve_lines(struct wr_eve *e, const char *text, size_t n);

/* Flush, log rotation, poll and counters (lines): export/outlet.h. Borrowed. */
struct wr_outlet *wr_eve_outlet(struct wr_eve *e);

/* Waits up to wait_ms for what is left, then frees; what still waits then is lost, or stays in the
 * caller's outbox. NULL is fine;
 * sets NULL. *count (may be NULL): how it ended. */
int wr_eve_close(struct wr_eve **e, int wait_ms, struct wr_outbox_count *count, struct wr_err *err);

#endif
