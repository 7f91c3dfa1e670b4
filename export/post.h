/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_POST_H
#define WR_EXPORT_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/outbox.h"

/*
 * Sends bodies by HTTP POST, one after the other, oldest first: OTLP/HTTP (OpenTelemetry protocol)
 * and webhooks. Refused for the moment (429, 502, 503, 504) or not reached: the same body again
 * after Retry-After, else after a pause that doubles and has jitter. Refused for good, a redirect
 * among that: lost and counted. What waits is bounded. To be used where there are no rights: in the
 * front process.
 */

struct wr_post_conf {
	const char *name;	    /* how errors begin; NULL = "OTLP" */
	const char *shown;	    /* in them for the address, which may be a secret; NULL = url */
	const char *url;	    /* whole: http://127.0.0.1:4318/v1/metrics; http or https */
	const char *const *headers; /* "Name: value"; for tokens: no error has one */
	int n_headers;
	/* What a body holds, in errors: NULL = "data points"; and the member of partialSuccess that
	 * says how many were rejected: NULL = "rejectedDataPoints", "" = answers are not read. */
	const char *things, *rejected;
	uint32_t tries;	    /* of one body, then it is lost; 0 = no end */
	bool newest_first;  /* full: the oldest makes room, since the next body says it all again */
	bool retry_all_5xx; /* and 408; a body may come twice then */
	const char *ca_file;   /* NULL = the system's */
	size_t queue_bytes;    /* 0 = 4 MiB; a larger body never finds room */
	struct wr_outbox *box; /* the caller's, with what waits in it; NULL: one of its own */
	uint32_t timeout_ms;   /* of a request; 0 = 10 s */
	uint32_t pause_ms;     /* the first; 0 = 1 s */
	uint32_t pause_max_ms; /* 0 = 60 s */
};

struct wr_post; /* owned by the caller */

/* Strings are copied. -EINVAL: the URL or a header is wrong; -ENOMEM. *out is untouched then. Does
 * not connect. */
int wr_post_open(struct wr_post **out, const struct wr_post_conf *conf, struct wr_err *err);

/* Copies a body of so many things (data points, spans). False: it is lost, and counted. */
bool wr_post_put(struct wr_post *s, const char *body, size_t n, uint32_t holds);

/*
 * Does what can be done, and waits for the network up to wait_ms, 0 = not at all. now_ns: a clock
 * that does not jump. 0, or -errno with err when something failed that a person should know; said
 * at most once a minute; go on calling.
 */
int wr_post_step(struct wr_post *s, uint64_t now_ns, int wait_ms, struct wr_err *err);

/* Something is on its way or waits. */
bool wr_post_busy(const struct wr_post *s);

/* In things. */
struct wr_outbox_count wr_post_count(const struct wr_post *s);

/* Why the last one did not go out; "": it did, or there was none. Borrowed. */
const char *wr_post_trouble(const struct wr_post *s);

/* What waits is lost, or stays in the caller's outbox; what is on its way then is sent again by
 * whoever goes on. NULL is fine; sets NULL. */
void wr_post_close(struct wr_post **s);

#endif
