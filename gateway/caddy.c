/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/addresses.h"
#include "gateway/caddy_list.h"

/*
 * Caddy, by its admin API: the list of a remote_ip matcher in a route with an @id is replaced as a
 * whole, if it is still the one that was read (If-Match). Caddy keeps the old configuration when it
 * does not like the new one.
 */

/* Each change of its configuration starts its admin server anew, and cuts off who is on the line.
 */
enum { TRIES = 5, PAUSE_MS = 20 };

static uint32_t can(const struct wr_gateway_conf *c)
{
	(void)c;
	return WR_GATEWAY_CAN_DENY | WR_GATEWAY_CAN_ATOMIC | WR_GATEWAY_CAN_CONFIRM;
}

static const char *where(const struct wr_gateway_conf *c)
{
	return c->caddy.admin;
}

static void path_of(const struct wr_gateway *g, char path[160], const char *below)
{
	snprintf(path, 160, "/id/%s%s", g->conf.caddy.id, below);
}

static const char ranges[] = "/match/0/remote_ip/ranges";

/* ---- reading ---- */

static int get(const struct wr_gateway *g, struct wr_gateway_http *h, const char *path,
	       struct wr_err *err)
{
	int ret;

	h->base = g->conf.caddy.admin;
	h->path = path;
	h->method = "GET";
	ret = wr_gateway_http(g, h, err);
	for (int i = 1; ret == -ECONNRESET && i < TRIES; i++) {
		usleep(PAUSE_MS * 1000);
		ret = wr_gateway_http(g, h, err);
	}
	if (ret || h->status == 200)
		return ret;
	if (h->status == 404 || h->status == 400)
		return wr_fail(
			err, EPROTO,
			"%s has nothing at %s (%ld): add the route of docs/gateways.md, with "
			"this @id",
			h->base, path, h->status);
	if (h->status == 403)
		return wr_fail(err, EPERM, "%s refuses (403): its admin.origins lack this host",
			       h->base);
	return wr_fail(err, EPROTO,
		       "%s%s answers %ld: is this Caddy's admin API, and is Caddy well?", h->base,
		       path, h->status);
}

static int read_all(const struct wr_gateway *g, struct wr_gateway_seen *s, struct wr_err *err)
{
	struct wr_gateway_http h = {0};
	char path[160];
	int ret;

	path_of(g, path, ranges);
	ret = get(g, &h, path, err);
	if (!ret && wr_caddy_read(s, h.answer.at, h.answer.used, err))
		ret = wr_within(err, "%s%s", g->conf.caddy.admin, path);
	memcpy(s->etag, h.etag, sizeof(s->etag));
	wr_buf_free(&h.answer);
	return ret;
}

/* ---- changing ---- */

static bool stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
		  const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	(void)g, (void)want, (void)seen, (void)d;
	return false; /* what it shows is what it runs */
}

static void plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
		 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
		 uint64_t generation, struct wr_gateway_plan *p)
{
	struct wr_gateway_step *s = wr_gateway_step(p, WR_GATEWAY_HTTP, NULL);
	char path[160];

	(void)generation;
	s->method = "PATCH";
	s->base = g->conf.caddy.admin;
	wr_gateway_addresses_print(&p->bytes, want, seen, d);
	wr_gateway_step_ends(p);
	path_of(g, path, ranges);
	s->path = p->bytes.used;
	s->path_n = strlen(path);
	wr_buf_str(&p->bytes, path);
	s->head = p->bytes.used;
	if (seen->etag[0])
		wr_buf_fmt(&p->bytes, "If-Match: %s", seen->etag);
	s->head_n = p->bytes.used - s->head;
}

/* ---- looking ---- */

static void tell_listen(const struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	static const char *const own[] = {"\"localhost:", "\"127.", "\"[::1]:", "\"unix/", "null"};
	struct wr_gateway_http h = {0};
	bool inside = get(g, &h, "/config/admin/listen", NULL) != 0;
	char text[256];

	/* Without an answer there is no such item, and its default is localhost. */
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]) && !inside; i++)
		inside = h.answer.used >= strlen(own[i]) &&
			 !memcmp(h.answer.at, own[i], strlen(own[i]));
	if (!inside) {
		snprintf(text, sizeof(text), "its admin API listens at %.*s, for other hosts, too",
			 (int)strcspn(wr_buf_text(&h.answer), "\r\n"), wr_buf_text(&h.answer));
		tell(ctx, WR_GATEWAY_WARN, text,
		     "\"admin\": {\"listen\": \"localhost:2019\"}, or a unix socket: it asks "
		     "nobody "
		     "who he is");
	}
	wr_buf_free(&h.answer);
}

static void probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	struct wr_gateway_http h = {0};
	struct wr_err err = {0};
	char path[160], text[256];
	bool forwarded = false;

	path_of(g, path, "");
	if (get(g, &h, path, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text,
		     "caddy.admin and caddy.id, and the route of docs/gateways.md");
	} else if (wr_caddy_look(h.answer.at, h.answer.used, &forwarded, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text, "the route of docs/gateways.md");
	} else {
		snprintf(text, sizeof(text), "Caddy has the route %s", g->conf.caddy.id);
		tell(ctx, WR_GATEWAY_GOOD, text, NULL);
	}
	if (forwarded)
		tell(ctx, WR_GATEWAY_WARN,
		     "its matcher believes X-Forwarded-For of anybody: clients choose whom a block "
		     "hits",
		     "remote_ip without \"forwarded\"");
	if (h.status)
		tell_listen(g, tell, ctx);
	wr_buf_free(&h.answer);
}

const struct wr_gateway_driver wr_gateway_caddy = {
	.name = "caddy",
	.can = can,
	.where = where,
	.read = read_all,
	.stale = stale,
	.plan = plan,
	.probe = probe,
};
