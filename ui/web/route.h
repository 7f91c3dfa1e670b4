/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_ROUTE_H
#define WR_UI_WEB_ROUTE_H

#include <microhttpd.h>

#include "ui/web/access.h"
#include "ui/web/core.h"
#include "ui/web/live.h"

/* From a request to its reply: the table of routes, and what every reply carries. */
struct wr_web {
	struct wr_web_access access;
	struct wr_web_core core;
	struct wr_web_live live;
	uint64_t requests, refused; /* refused: wrong host, no token, too much at once */
	size_t held;		    /* bytes of answers on their way to clients */
};

/* For MHD_start_daemon(); cls is a struct wr_web. */
enum MHD_Result wr_web_visit(void *cls, struct MHD_Connection *conn, const char *url,
			     const char *method, const char *version, const char *upload,
			     size_t *upload_size, void **visit);
void wr_web_left(void *cls, struct MHD_Connection *conn, void **visit,
		 enum MHD_RequestTerminationCode why);
void wr_web_answered(struct wr_web_ask *ask); /* for wr_web_core_open() */

/*
 * The request line for the core from a view and the query of a URL: "flows" and {filter: "tcp port
 * 443", top: "5"} become "flows filter=tcp%20port%20443 top=5\n". -EINVAL: a key is none.
 * -E2BIG: the line is longer than the core takes. Keys and values end at their first NUL byte.
 */
struct wr_web_query {
	struct wr_buf line;
	int rc;
};
void wr_web_query_begin(struct wr_web_query *q, const char *view);
void wr_web_query_add(struct wr_web_query *q, const char *key, const char *value);
int wr_web_query_end(struct wr_web_query *q);

#endif
