/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_FRONT_H
#define WR_UI_WEB_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * The front: a process without rights that serves the web page, the same views as JSON, and
 * metrics. It knows nothing itself: every answer comes from the core over the control socket's
 * protocol, and is passed on as it is.
 *
 *   GET /                   the page, built into the binary
 *   GET /api/VIEW?key=value one request to the core; JSON Lines
 *   GET /api/stream?views=  server-sent events, one event per view and window
 *   GET /api/front          what the front itself counted
 *   GET /api/login          a session cookie for a token
 *   POST /api/rule?do=&text= one change of the rules, when `change` says so; takes the token as a
 *                           header, whatever cookies there are
 *   GET /metrics            the core's view of that name, as text
 *
 * Memory is bounded: 64 connections, 32 requests under way, 32 streams, 32 MiB of answers on their
 * way.
 */
struct wr_front_conf {	    /* a text that is "" is as NULL */
	const char *listen; /* "127.0.0.1:9347", "[::1]:9347", "0.0.0.0:443"; port 0 = a free one.
			       NULL = 127.0.0.1:9347 */
	const char *const *names; /* host names by which the page may be asked for, beside localhost
				     and addresses of this host */
	size_t n_names;
	const char *token;		/* at least 16 characters; NULL = no token is asked for */
	bool change;			/* who shows the token may change rules; takes a token */
	const char *tls_cert, *tls_key; /* files (PEM), both or none */
	int live_fd; /* a second connection like core_fd; the subscription runs over it */

	/* Called once when everything is open and before a byte from a stranger is read: the place
	 * to give up rights. May be NULL. 0 or -errno. */
	int (*confine)(void *ctx, struct wr_err *err);
	void (*say)(void *ctx, const char *line); /* for the log; may be NULL */
	void *ctx;
};

/*
 * Runs until the core closes one of the connections, then returns 0. core_fd and live_fd are
 * connected stream sockets that speak the control protocol; both are taken. A second `subscribe`,
 * or another request, on live_fd has to end the subscription before it.
 * -EINVAL: the configuration is refused, also when other hosts could reach the page without token
 * and TLS; -EADDRINUSE and others of bind(2).
 */
int wr_front_main(int core_fd, const struct wr_front_conf *conf, struct wr_err *err);

#endif
