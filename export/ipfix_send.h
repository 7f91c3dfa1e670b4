/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_IPFIX_SEND_H
#define WR_EXPORT_IPFIX_SEND_H

#include "base/err.h"
#include "export/ipfix.h"
#include "export/outlet.h"

/*
 * Sends flows as IPFIX to a collector by UDP or TCP (RFC 7011, 10), or to a file (RFC 5655).
 * Nothing waits for the collector. A message that finds no room in the buffer is lost and counted,
 * and its sequence numbers are passed over, so that the collector sees the gap too.
 */

struct wr_ipfix_send_conf {
	const char *to;	    /* "udp:HOST:PORT", "tcp:HOST:PORT" or PATH */
	size_t buffer;	    /* bytes; 0 = 4 MiB */
	uint32_t domain;    /* observation domain */
	uint32_t bytes_max; /* of a message; 0 = UDP: what the path takes, at most 1432; else 16384
			     */
	uint32_t refresh_s; /* UDP: templates are sent again after so long; 0 = 60 */
	struct wr_outbox *box; /* as in struct wr_outlet_conf, as the next */
	bool later;
	/* UDP: the number of the first message, and kept up to date, so that another process can go
	 * on. NULL: from 0. */
	uint32_t *sequence;
	/* As in struct wr_ipfix_conf. */
	uint32_t (*ifindex)(void *ctx, uint32_t number);
	const char *(*iface)(void *ctx, uint32_t number);
	void *iface_ctx;
};

struct wr_ipfix_send; /* owned by the caller */

/* Errors as wr_outlet_open(). */
int wr_ipfix_open(struct wr_ipfix_send **out, const struct wr_ipfix_send_conf *conf,
		  struct wr_err *err);

/* A flow that ended, or a part of one. A wr_flow_gone_fn: ctx is the struct wr_ipfix_send. */
void wr_ipfix_add(void *send, const struct wr_flow *f);

/* Ends the message that is being filled and sends what can be sent without waiting; to be called
 * about once a second. Returns as wr_outlet_flush(). */
int wr_ipfix_step(struct wr_ipfix_send *s, uint64_t now_ns, struct wr_err *err);

/* Poll, log rotation and counters (flows; those of the message that is being filled are not in them
 * yet): export/outlet.h. Borrowed. */
struct wr_outlet *wr_ipfix_outlet(struct wr_ipfix_send *s);

/* Waits up to wait_ms for what is left, then frees; what still waits then is lost, or stays in the
 * caller's outbox. NULL is fine;
 * sets NULL. *count (may be NULL): how it ended, in flows. */
int wr_ipfix_close(struct wr_ipfix_send **s, int wait_ms, struct wr_outbox_count *count,
		   struct wr_err *err);

#endif
