/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_REPLY_H
#define WR_UI_WEB_REPLY_H

#include <microhttpd.h>

#include "base/buf.h"

/* Replies, and the headers that every one of them has. */

/* Takes the response; NULL closes the connection. type NULL: none is told. cache: Cache-Control. */
enum MHD_Result wr_web_reply(struct MHD_Connection *conn, unsigned int status, const char *type,
			     const char *cache, struct MHD_Response *r);

/* An error as the core tells one: {"event_type":"error","error":text,"status":1|2}. code: HTTP. */
enum MHD_Result wr_web_refuse(struct MHD_Connection *conn, unsigned int code, const char *text);

/* Another method than the one that is served there. */
enum MHD_Result wr_web_refuse_method(struct MHD_Connection *conn, const char *method);

/* A body from what b holds: takes its memory and leaves {0}. Its size is in *count until it was
 * sent. NULL: no memory. */
struct MHD_Response *wr_web_hold(size_t *count, struct wr_buf *b);

#endif
