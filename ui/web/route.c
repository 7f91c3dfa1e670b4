/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/route.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "ui/web/assets.h"
#include "ui/web/reply.h"

enum { HELD_MAX = 32 << 20 }; /* bytes of answers on their way */

/* A visit is a request under way: its `who` is one of these, or a question to the core. */
static char arrived;

/* ---- metrics ---- */

struct metrics_form {
	const char *accept, *name, *type;
};

/* OpenMetrics when the reader takes it, else the older text. */
static const struct metrics_form *metrics_form(struct MHD_Connection *conn)
{
	static const struct metrics_form open = {
		"application/openmetrics-text", "openmetrics",
		"application/openmetrics-text; version=1.0.0; charset=utf-8"};
	static const struct metrics_form text = {"text/plain", "text",
						 "text/plain; version=0.0.4; charset=utf-8"};
	const char *accept = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Accept");

	return accept && strstr(accept, open.accept) ? &open : &text;
}

/* ---- answers of the core ---- */

/* The core's own errors are the first and only object of an answer. */
static unsigned int status_of(const struct wr_buf *b)
{
	static const char error[] = "{\"event_type\":\"error\"";

	if (b->used < sizeof(error) || memcmp(b->at, error, sizeof(error) - 1))
		return MHD_HTTP_OK;
	return memmem(b->at, b->used, "\"status\":2", 10) ? MHD_HTTP_BAD_REQUEST
							  : MHD_HTTP_BAD_GATEWAY;
}

/* Objects, or lines for people and for Prometheus. */
static const char *type_of(struct MHD_Connection *conn, const struct wr_web_ask *ask)
{
	if (!ask->answer.used || ask->answer.at[0] == '{')
		return "application/x-ndjson";
	return strncmp(ask->line, "metrics", 7) ? "text/plain; charset=utf-8"
						: metrics_form(conn)->type;
}

static enum MHD_Result finish(struct wr_web *web, struct MHD_Connection *conn,
			      struct wr_web_ask *ask)
{
	const char *type = type_of(conn, ask);
	unsigned int status = status_of(&ask->answer);

	if (ask->outcome == WR_WEB_LATE)
		return wr_web_refuse(conn, MHD_HTTP_GATEWAY_TIMEOUT,
				     "the core did not answer in time; is it busy, or stopped?");
	if (ask->outcome == WR_WEB_TOO_LARGE)
		return wr_web_refuse(conn, MHD_HTTP_BAD_GATEWAY,
				     "the answer is too large; ask for fewer rows (top=)");
	if (web->held + ask->answer.room > HELD_MAX) {
		web->refused++;
		return wr_web_refuse(conn, MHD_HTTP_SERVICE_UNAVAILABLE,
				     "too many large answers are on their way; try again");
	}
	return wr_web_reply(conn, status, type, "no-store", wr_web_hold(&web->held, &ask->answer));
}

void wr_web_answered(struct wr_web_ask *ask)
{
	MHD_resume_connection(ask->who);
}

void wr_web_left(void *cls, struct MHD_Connection *conn, void **visit,
		 enum MHD_RequestTerminationCode why)
{
	(void)cls;
	(void)conn;
	(void)why;
	if (*visit && *visit != &arrived)
		wr_web_ask_end(*visit);
	*visit = NULL;
}

/* ---- routes ---- */

static enum MHD_Result add_argument(void *cls, enum MHD_ValueKind kind, const char *key,
				    const char *value)
{
	(void)kind;
	wr_web_query_add(cls, key, value ? value : "");
	return MHD_YES;
}

/* Waits for the core; the server calls again when there is an answer. */
static enum MHD_Result ask(struct wr_web *web, struct MHD_Connection *conn, struct wr_web_query *q,
			   void **visit)
{
	struct wr_web_ask *asked;
	int rc = wr_web_query_end(q);

	asked = rc ? NULL : wr_web_core_ask(&web->core, q->line.at, q->line.used, conn);
	wr_buf_free(&q->line);
	if (rc == -E2BIG)
		return wr_web_refuse(conn, MHD_HTTP_URI_TOO_LONG,
				     "the request is longer than 4096 bytes");
	if (rc)
		return wr_web_refuse(conn, MHD_HTTP_BAD_REQUEST,
				     "a key has other characters than a-z and _");
	if (!asked) {
		web->refused++;
		return wr_web_refuse(conn, MHD_HTTP_SERVICE_UNAVAILABLE,
				     "too many requests wait for the core; try again");
	}
	*visit = asked;
	MHD_suspend_connection(conn);
	return MHD_YES;
}

/* What changes something (reload) and what may hold secrets (config) is not asked for here. */
static enum MHD_Result serve_view(struct wr_web *web, struct MHD_Connection *conn, const char *path,
				  void **visit)
{
	static const char *const views[] = {
		"status", "stats",     "services", "talkers", "protocols", "interfaces",
		"flows",  "drops",     "ledger",   "history", "dump",	   "rules",
		"report", "incidents", "learned",  "classes", "forecast",  "api"};
	struct wr_web_query q;
	size_t i, n = sizeof(views) / sizeof(views[0]);

	for (i = 0; i < n && strcmp(path, views[i]); i++)
		;
	if (i == n)
		return wr_web_refuse(
			conn, MHD_HTTP_NOT_FOUND,
			"there is no such view; there are status, stats, services, talkers, "
			"protocols, interfaces, flows, drops, ledger, history, dump, rules, "
			"report, incidents, learned, classes, forecast, api");
	/* Everybody on this host may ask here: packets by their headers, never what they say. */
	if (!strcmp(path, "dump") &&
	    MHD_lookup_connection_value(conn, MHD_GET_ARGUMENT_KIND, "form"))
		return wr_web_refuse(conn, MHD_HTTP_FORBIDDEN,
				     "bytes of packets are given over the control socket only "
				     "(weir dump -w)");
	wr_web_query_begin(&q, path);
	MHD_get_connection_values(conn, MHD_GET_ARGUMENT_KIND, add_argument, &q);
	return ask(web, conn, &q, visit);
}

/* The only thing that changes something. Guards cannot be passed over from here: no `force`. */
static enum MHD_Result serve_rule(struct wr_web *web, struct MHD_Connection *conn, const char *path,
				  void **visit)
{
	static const char *const verbs[] = {"add", "shadow", "enforce", "del"};
	const char *verb = MHD_lookup_connection_value(conn, MHD_GET_ARGUMENT_KIND, "do");
	const char *text = MHD_lookup_connection_value(conn, MHD_GET_ARGUMENT_KIND, "text");
	size_t i, n = sizeof(verbs) / sizeof(verbs[0]);
	struct wr_web_query q;

	(void)path;
	for (i = 0; verb && i < n && strcmp(verb, verbs[i]); i++)
		;
	if (!verb || i == n || !text)
		return wr_web_refuse(conn, MHD_HTTP_BAD_REQUEST,
				     "do= is one of add, shadow, enforce, del; text= is a "
				     "statement, or a name");
	wr_web_query_begin(&q, "rule");
	wr_web_query_add(&q, "do", verb);
	wr_web_query_add(&q, "text", text);
	return ask(web, conn, &q, visit);
}

static enum MHD_Result serve_metrics(struct wr_web *web, struct MHD_Connection *conn,
				     const char *path, void **visit)
{
	struct wr_web_query q;

	(void)path;
	wr_web_query_begin(&q, "metrics");
	wr_web_query_add(&q, "form", metrics_form(conn)->name);
	return ask(web, conn, &q, visit);
}

static enum MHD_Result serve_stream(struct wr_web *web, struct MHD_Connection *conn,
				    const char *path, void **visit)
{
	const char *list = MHD_lookup_connection_value(conn, MHD_GET_ARGUMENT_KIND, "views");
	uint32_t views = list ? wr_web_live_views(list) : 0;
	struct MHD_Response *body;

	(void)path;
	(void)visit;
	if (!views)
		return wr_web_refuse(
			conn, MHD_HTTP_BAD_REQUEST,
			"views= has to name views, separated by commas: status, stats, services, "
			"talkers, protocols, interfaces, drops, ledger");
	body = wr_web_live_stream(&web->live, conn, views);
	if (!body)
		return wr_web_refuse(conn, MHD_HTTP_SERVICE_UNAVAILABLE,
				     "32 streams are open already; close a page");
	return wr_web_reply(conn, MHD_HTTP_OK, "text/event-stream", "no-store", body);
}

/* What the front itself counted. */
static enum MHD_Result serve_front(struct wr_web *web, struct MHD_Connection *conn,
				   const char *path, void **visit)
{
	struct wr_buf b = {0};

	(void)path;
	(void)visit;
	wr_json_open(&b);
	wr_json_str(&b, "event_type", "front");
	wr_json_u64(&b, "requests", web->requests);
	wr_json_u64(&b, "refused", web->refused);
	wr_json_bool(&b, "change", web->access.change);
	wr_json_open_key(&b, "streams");
	wr_json_u64(&b, "now", wr_web_live_streams(&web->live));
	wr_json_u64(&b, "opened", web->live.opened);
	wr_json_u64(&b, "dropped", web->live.dropped);
	wr_json_u64(&b, "refused", web->live.refused);
	wr_json_close(&b);
	wr_json_u64(&b, "lines_left_out",
		    web->live.left_out + web->live.wire.left_out + web->core.wire.left_out);
	wr_json_close(&b);
	wr_buf_char(&b, '\n');
	return wr_web_reply(conn, MHD_HTTP_OK, "application/x-ndjson", "no-store",
			    wr_web_hold(&web->held, &b));
}

/* The token was shown by a header; from now on the browser shows the cookie, which a script cannot
 * read and another site cannot use. */
static enum MHD_Result serve_login(struct wr_web *web, struct MHD_Connection *conn,
				   const char *path, void **visit)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	struct wr_buf b = {0};

	(void)path;
	(void)visit;
	if (r && web->access.token) {
		wr_buf_fmt(&b, "weir=%s; Path=/; HttpOnly; SameSite=Strict%s", web->access.session,
			   web->access.tls ? "; Secure" : "");
		MHD_add_response_header(r, "Set-Cookie", wr_buf_text(&b));
		wr_buf_free(&b);
	}
	return wr_web_reply(conn, MHD_HTTP_NO_CONTENT, NULL, "no-store", r);
}

static bool unpacks(struct MHD_Connection *conn)
{
	const char *accepts = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Accept-Encoding");

	return accepts && strstr(accepts, "gzip") && !strstr(accepts, "gzip;q=0");
}

static enum MHD_Result serve_asset(struct wr_web *web, struct MHD_Connection *conn,
				   const char *path, void **visit)
{
	const struct wr_web_asset *a = wr_web_assets_find(path);
	const char *seen = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "If-None-Match");
	bool packed = unpacks(conn), known = a && seen && !strcmp(seen, a->etag);
	struct MHD_Response *r;
	size_t n;

	(void)web;
	(void)visit;
	if (!a)
		return wr_web_refuse(conn, MHD_HTTP_NOT_FOUND,
				     "there is no such page; / is the first");
	n = known ? 0 : packed ? a->packed_bytes : a->plain_bytes;
	r = MHD_create_response_from_buffer(n, packed ? (void *)a->packed : a->plain,
					    MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "ETag", a->etag);
	MHD_add_response_header(r, "Vary", "Accept-Encoding");
	if (packed && !known)
		MHD_add_response_header(r, "Content-Encoding", "gzip");
	return wr_web_reply(conn, known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
			    known ? NULL : a->type, "no-cache", r);
}

/* A path that ends in a slash is the beginning of many; serve() gets what stands behind it. The
 * first that fits is taken. Files of the page hold no secret and need no token. */
static const struct route {
	const char *path;
	bool open, changes; /* changes: by POST alone */
	enum MHD_Result (*serve)(struct wr_web *web, struct MHD_Connection *conn, const char *rest,
				 void **visit);
} routes[] = {
	{"/api/stream", false, false, serve_stream},
	{"/api/front", false, false, serve_front},
	{"/api/login", false, false, serve_login},
	{"/api/rule", false, true, serve_rule},
	{"/api/", false, false, serve_view},
	{"/metrics", false, false, serve_metrics},
	{"/", true, false, serve_asset},
};

static const struct route *route_of(const char *url, const char **rest)
{
	const struct route *r = routes;

	for (; r->serve != serve_asset; r++) {
		size_t n = strlen(r->path);

		if (strncmp(url, r->path, n) || (url[n] && r->path[n - 1] != '/'))
			continue;
		*rest = url + n;
		return r;
	}
	*rest = url;
	return r;
}

/* ---- the door ---- */

static bool host_is_ours(struct wr_web *web, struct MHD_Connection *conn)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);
	bool known = info && !getsockname(info->connect_fd, (struct sockaddr *)&local, &len);

	return wr_web_access_host(&web->access,
				  MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Host"),
				  known ? (struct sockaddr *)&local : NULL);
}

static bool token_is_shown(struct wr_web *web, struct MHD_Connection *conn)
{
	return wr_web_access_token(
		&web->access, MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Authorization"),
		MHD_lookup_connection_value(conn, MHD_COOKIE_KIND, "weir"));
}

static const char *header(struct MHD_Connection *conn, const char *name)
{
	return MHD_lookup_connection_value(conn, MHD_HEADER_KIND, name);
}

/* 0: it may be made. */
static int may_change(struct wr_web *web, struct MHD_Connection *conn)
{
	return wr_web_access_change(&web->access, header(conn, "Authorization"),
				    header(conn, "Origin"), header(conn, "Sec-Fetch-Site"),
				    header(conn, "Host"));
}

static enum MHD_Result refuse_change(struct wr_web *web, struct MHD_Connection *conn, int rc)
{
	web->refused++;
	if (rc == -EACCES)
		return wr_web_refuse(conn, MHD_HTTP_UNAUTHORIZED,
				     "a change takes the token: Authorization: Bearer TOKEN");
	return wr_web_refuse(conn, MHD_HTTP_FORBIDDEN,
			     web->access.change
				     ? "changes are taken from this page alone"
				     : "the page cannot change anything here: set page.change = "
				       "yes and page.token_file in the configuration");
}

static enum MHD_Result enter(struct wr_web *web, struct MHD_Connection *conn, const char *url,
			     void **visit)
{
	const char *rest;
	const struct route *r = route_of(url, &rest);
	int rc;

	web->requests++;
	if (!host_is_ours(web, conn)) {
		web->refused++;
		return wr_web_refuse(
			conn, MHD_HTTP_FORBIDDEN,
			"the page is not known by that name: use localhost or an address, or "
			"configure the name");
	}
	rc = r->changes ? may_change(web, conn) : 0;
	if (rc)
		return refuse_change(web, conn, rc);
	if (!r->open && !r->changes && !token_is_shown(web, conn)) {
		web->refused++;
		return wr_web_refuse(conn, MHD_HTTP_UNAUTHORIZED,
				     "a token is needed: Authorization: Bearer TOKEN");
	}
	return r->serve(web, conn, rest, visit);
}

enum MHD_Result wr_web_visit(void *cls, struct MHD_Connection *conn, const char *url,
			     const char *method, const char *version, const char *upload,
			     size_t *upload_size, void **visit)
{
	struct wr_web *web = cls;

	const char *rest;
	bool changes = route_of(url, &rest)->changes;

	(void)version;
	(void)upload;
	if (!*visit && strcmp(method, changes ? MHD_HTTP_METHOD_POST : MHD_HTTP_METHOD_GET))
		return wr_web_refuse_method(conn,
					    changes ? MHD_HTTP_METHOD_POST : MHD_HTTP_METHOD_GET);
	if (!*visit) {
		*visit = &arrived;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (*visit == &arrived)
		return enter(web, conn, url, visit);
	return finish(web, conn, *visit);
}
