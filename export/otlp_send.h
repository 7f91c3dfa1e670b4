/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_EXPORT_OTLP_SEND_H
#define WR_EXPORT_OTLP_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "export/outbox.h"

/*
 * Sends bodies that export/otlp.h wrote by HTTP POST (OpenTelemetry protocol, OTLP/HTTP), one after
 * the other, oldest first. Refused for the moment (429, 502, 503, 504) or not reached: the same
 * body again after Retry-After, else after a pause that doubles and has jitter. Refused for good:
 * lost and counted. What waits is bounded; since the counters in a body go on from those in the one
 * before, the oldest makes room when it is full. To be used where there are no rights: in the front
 * process.
 */

struct wr_otlp_conf {
	const char *url;	    /* whole: http://127.0.0.1:4318/v1/metrics; http or https */
	const char *const *headers; /* "Name: value"; for tokens */
	int n_headers;
	const char *ca_file;   /* NULL = the system's */
	size_t queue_bytes;    /* 0 = 4 MiB; a larger body never finds room */
	struct wr_outbox *box; /* the caller's, with what waits in it; NULL: one of its own */
	uint32_t timeout_ms;   /* of a request; 0 = 10 s */
	uint32_t pause_ms;     /* the first; 0 = 1 s */
	uint32_t pause_max_ms; /* 0 = 60 s */
};

struct wr_otlp_send; /* owned by the caller */

/* Strings are copied. -EINVAL: the URL or a header is wrong; -ENOMEM. *out is untouched then. Does
 * not connect. */
int wr_otlp_open(struct wr_otlp_send **out, const struct wr_otlp_conf *conf, struct wr_err *err);

/* Copies a body of so many data points. False: it is lost, and counted. */
bool wr_otlp_put(struct wr_otlp_send *s, const char *body, size_t n, uint32_t points);

/*
 * Does what can be done, and waits for the network up to wait_ms, 0 = not at all. now_ns: a clock
 * that does not jump. 0, or -errno with err when something failed that a person should know; said
 * at most once a minute; go on calling.
 */
int wr_otlp_step(struct wr_otlp_send *s, uint64_t now_ns, int wait_ms, struct wr_err *err);

/* Something is on its way or waits. */
bool wr_otlp_busy(const struct wr_otlp_send *s);

/* In data points. */
struct wr_outbox_count wr_otlp_count(const struct wr_otlp_send *s);

/* Why the last one did not go out; "": it did, or there was none. Borrowed. */
const char *wr_otlp_trouble(const struct wr_otlp_send *s);

/* What waits is lost, or stays in the caller's outbox; what is on its way then is sent again by
 * whoever goes on. NULL is fine; sets NULL. */
void wr_otlp_close(struct wr_otlp_send **s);

#endif
