/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_DAEMON_REQUESTS_H
#define WR_DAEMON_REQUESTS_H

#include "api/stats.h"
#include "api/watch.h"
#include "daemon/conf.h"
#include "daemon/front.h"

/*
 * What gateways tell of requests. Lines are read by a process of its own (a front: no rights, shut
 * in), so no stranger's text is parsed in the core. The core gets requests of fixed size from it by
 * datagrams, mends them (api/line.h) and counts.
 */
struct wr_requests;

/* Opens what [api] names; to be called with rights. *out is NULL when it names nothing. -EINVAL,
 * -EADDRINUSE, ... */
int wr_requests_open(struct wr_requests **out, const struct wr_daemon_conf *conf,
		     struct wr_err *err);
/* When its process has ended; NULL is fine. */
void wr_requests_close(struct wr_requests **r);
const struct wr_front *wr_requests_front(const struct wr_requests *r);

/* What the operator should know of it; NULL: nothing. */
const char *wr_requests_warning(void);
/* Both processes are there: the core lets go of what is the other one's. */
void wr_requests_forked(struct wr_requests *r);

/* In the core: what the other process has sent can be read from this descriptor. */
int wr_requests_fd(const struct wr_requests *r);
/* Takes a bounded number of what waits. -EPIPE: nothing comes any more. */
int wr_requests_read(struct wr_requests *r);
const struct wr_api_stats *wr_requests_stats(const struct wr_requests *r); /* r may be NULL */

/* What is unusual is told from now on (api/watch.h). */
void wr_requests_watch(struct wr_requests *r, wr_api_tell_fn tell, void *ctx);
/* Asked of each request that a gateway refused: is the client limited or refused there, by weir? */
typedef bool (*wr_requests_ours_fn)(void *ctx, uint8_t ip_v, const uint8_t addr[16]);
void wr_requests_ours(struct wr_requests *r, wr_requests_ours_fn ours, void *ctx);
/* It is now_s of a clock that does not go back; to be called once a second. */
void wr_requests_second(struct wr_requests *r, uint64_t now_s);
const struct wr_api_watch *wr_requests_watched(const struct wr_requests *r); /* NULL: r is */

#endif
