/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"

/* No script but ours, no request to anybody else, no frame around us. */
static const struct {
	const char *name, *value;
} common[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	 "img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
};

enum MHD_Result wr_web_reply(struct MHD_Connection *conn, unsigned int status, const char *type,
			     const char *cache, struct MHD_Response *r)
{
	enum MHD_Result done;
	size_t i;

	if (!r)
		return MHD_NO;
	for (i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		MHD_add_response_header(r, common[i].name, common[i].value);
	if (type)
		MHD_add_response_header(r, "Content-Type", type);
	MHD_add_response_header(r, "Cache-Control", cache);
	if (status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(r, "WWW-Authenticate", "Bearer realm=\"weir\"");
	done = MHD_queue_response(conn, status, r);
	MHD_destroy_response(r);
	return done;
}

/* allow: the method that would be served, or NULL. */
static enum MHD_Result refuse(struct MHD_Connection *conn, unsigned int code, const char *text,
			      const char *allow)
{
	struct wr_buf b = {0};
	struct MHD_Response *r;

	wr_json_open(&b);
	wr_json_str(&b, "event_type", "error");
	wr_json_str(&b, "error", text);
	wr_json_u64(&b, "status", code < 500 ? 2 : 1);
	wr_json_close(&b);
	wr_buf_char(&b, '\n');
	r = MHD_create_response_from_buffer(b.used, b.at, MHD_RESPMEM_MUST_COPY);
	if (r && allow)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
	wr_buf_free(&b);
	return wr_web_reply(conn, code, "application/x-ndjson", "no-store", r);
}

enum MHD_Result wr_web_refuse(struct MHD_Connection *conn, unsigned int code, const char *text)
{
	return refuse(conn, code, text, NULL);
}

enum MHD_Result wr_web_refuse_method(struct MHD_Connection *conn, const char *method)
{
	char text[64];

	snprintf(text, sizeof(text), "only %s is served here", method);
	return refuse(conn, MHD_HTTP_METHOD_NOT_ALLOWED, text, method);
}

/* ---- memory on its way ---- */

/* Memory of an answer on its way, so that it can be counted off again. */
struct held {
	size_t *count;
	struct wr_buf text;
};

static void release(void *cls)
{
	struct held *h = cls;

	*h->count -= h->text.room;
	wr_buf_free(&h->text);
	free(h);
}

struct MHD_Response *wr_web_hold(size_t *count, struct wr_buf *text)
{
	struct held *h = malloc(sizeof(*h));
	struct MHD_Response *r;

	if (!h) {
		wr_buf_free(text);
		return NULL;
	}
	*h = (struct held){.count = count, .text = *text};
	*text = (struct wr_buf){0};
	*count += h->text.room;
	r = MHD_create_response_from_buffer_with_free_callback_cls(h->text.used, h->text.at,
								   release, h);
	if (!r)
		release(h);
	return r;
}
