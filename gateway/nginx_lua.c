/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/nginx_lua.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/*
 * nginx with its Lua module, by a dictionary that its workers share (packaging/nginx/weir.lua): no
 * reload, and every entry ends by nginx' own clock.
 */

#define LIST_PATH "/entries"

static uint32_t can(const struct wr_gateway_conf *c)
{
	(void)c;
	return WR_GATEWAY_CAN_DENY | WR_GATEWAY_CAN_LIMIT | WR_GATEWAY_CAN_ANY_RATE |
	       WR_GATEWAY_CAN_EXPIRE | WR_GATEWAY_CAN_CONFIRM;
}

static const char *where(const struct wr_gateway_conf *c)
{
	return c->nginx_lua.admin;
}

/* ---- reading ---- */

static int get(const struct wr_gateway *g, struct wr_gateway_http *h, struct wr_err *err)
{
	int ret;

	h->base = g->conf.nginx_lua.admin;
	h->path = LIST_PATH;
	h->method = "GET";
	ret = wr_gateway_http(g, h, err);
	if (ret || h->status == 200)
		return ret;
	if (h->status == 403)
		return wr_fail(err, EPERM,
			       "%s refuses (403): weir.lua answers at a unix socket, or at "
			       "127.0.0.1, alone",
			       h->base);
	return wr_fail(err, EPROTO,
		       "%s%s answers %ld: the lines of docs/gateways.md in its configuration, both "
		       "lua_shared_dict too, and a reload",
		       h->base, h->path, h->status);
}

static int read_list(const struct wr_gateway *g, struct wr_gateway_seen *s, bool *limits,
		     struct wr_err *err)
{
	struct wr_gateway_http h = {0};
	int ret = get(g, &h, err);

	if (!ret) {
		wr_buf_text(&h.answer);
		s->raw[0] = h.answer; /* what is found points into it */
		h.answer = (struct wr_buf){0};
		ret = wr_nginx_lua_read(s, s->raw[0].at, s->raw[0].used, g->name, limits, err);
		if (ret)
			ret = wr_within(err, "%s", h.base);
	}
	wr_buf_free(&h.answer);
	return ret;
}

static int read_all(const struct wr_gateway *g, struct wr_gateway_seen *s, struct wr_err *err)
{
	bool limits;

	return read_list(g, s, &limits, err);
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

	(void)generation;
	s->method = "PUT";
	s->base = g->conf.nginx_lua.admin;
	wr_nginx_lua_print(&p->bytes, want, seen, d);
	wr_gateway_step_ends(p);
	s->path = p->bytes.used;
	wr_buf_fmt(&p->bytes, LIST_PATH "/%s", g->name);
	s->path_n = p->bytes.used - s->path;
}

/* ---- looking ---- */

/* nginx makes its sockets for everybody (mode 666), so that the folder decides who comes there. */
static void tell_socket(const char *admin, wr_gateway_tell_fn tell, void *ctx)
{
	char path[256], text[512];
	struct stat socket, folder;

	if (strncmp(admin, "unix:", 5) != 0) {
		tell(ctx, WR_GATEWAY_WARN,
		     "its admin server is at an address: every user of this host may write to it",
		     "a unix socket in a folder of its own, mode 750");
		return;
	}
	snprintf(path, sizeof(path), "%s", admin + 5);
	if (stat(path, &socket) || !(socket.st_mode & S_IWOTH) || stat(dirname(path), &folder) ||
	    !(folder.st_mode & S_IXOTH))
		return;
	snprintf(text, sizeof(text), "every user of this host may write to %s", admin + 5);
	tell(ctx, WR_GATEWAY_WARN, text, "mode 750 of its folder: nginx makes the socket 666");
}

static void probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	const char *admin = g->conf.nginx_lua.admin;
	struct wr_gateway_seen s = {0};
	struct wr_err err = {0};
	bool limits = false;
	char text[512];

	if (read_list(g, &s, &limits, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text,
		     "weir.lua in nginx' configuration (docs/gateways.md)");
	} else {
		snprintf(text, sizeof(text), "%s answers as weir.lua does; %zu entries", admin,
			 s.n);
		tell(ctx, WR_GATEWAY_GOOD, text, NULL);
		if (!limits)
			tell(ctx, WR_GATEWAY_WARN, "it has nothing to count in: no limits",
			     "lua_shared_dict weir_rates 1m; in its http section");
		tell_socket(admin, tell, ctx);
	}
	wr_gateway_seen_free(&s);
}

const struct wr_gateway_driver wr_gateway_nginx_lua = {
	.name = "nginx_lua",
	.can = can,
	.where = where,
	.read = read_all,
	.stale = stale,
	.plan = plan,
	.probe = probe,
};
