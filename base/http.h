/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_BASE_HTTP_H
#define WR_BASE_HTTP_H

#include "base/buf.h"
#include "base/err.h"

/* One HTTP request and its answer (libcurl): with a deadline, a bound, no redirects, no proxies,
 * TLS verified. */
struct wr_http {
	const char *url;	  /* http:// or https:// */
	const char *unix_path;	  /* connect to this socket; NULL: to what url says */
	const char *method;	  /* GET */
	const char *const *heads; /* header lines, ended by NULL */
	const char *body;	  /* NULL: none */
	size_t body_n;
	uint64_t timeout_ns; /* for all of it */
	size_t most;	     /* bytes of the answer */
	/* the answer */
	long status;
	char etag[160], retry_after[40]; /* of these headers, or "" */
	struct wr_buf answer;		 /* owned by the caller */
};

/* 0: there is an answer, of any status. -EMSGSIZE: it is too large; -ETIMEDOUT; -ECONNREFUSED: no
 * connection; -ECONNRESET: cut off on the way; -EBADMSG: no HTTP; -EIO: anything else; err says
 * only what happened: the caller knows what it means. */
int wr_http(struct wr_http *h, struct wr_err *err);

/* What libcurl and its libraries read from files they read now: before a process gives files up. */
int wr_http_begin(struct wr_err *err);

/* Adds the first line of a file that its owner alone may read. -EPERM: others may, too; -errno. */
int wr_http_key(struct wr_buf *key, const char *path, struct wr_err *err);

#endif
