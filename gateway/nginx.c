/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/nginx_file.h"

/*
 * nginx, by a file that it includes: written, tested, reloaded, and taken as in force when nginx
 * itself answers with the stamp of that file. A reload returns before the new rules run.
 */

#define STAMP_PATH "/weir"

enum { WORDS = 16, DUMP_MOST = 16 << 20 };

static uint32_t can(const struct wr_gateway_conf *c)
{
	return WR_GATEWAY_CAN_CONFIRM | WR_GATEWAY_CAN_DENY | WR_GATEWAY_CAN_ATOMIC |
	       WR_GATEWAY_CAN_STAY | (c->nginx.classes.n ? WR_GATEWAY_CAN_LIMIT : 0) |
	       (c->nginx.consumer[0] && c->nginx.classes.n ? WR_GATEWAY_CAN_CONSUMERS : 0) |
	       (c->nginx.routes && c->nginx.classes.n ? WR_GATEWAY_CAN_ROUTES : 0);
}

static const char *where(const struct wr_gateway_conf *c)
{
	return c->nginx.file;
}

static int check(const struct wr_gateway_conf *c, struct wr_err *err)
{
	if (c->nginx.classes.n || (!c->nginx.consumer[0] && !c->nginx.routes))
		return 0;
	return wr_fail(err, EINVAL,
		       "nginx.consumer and nginx.routes take nginx.classes: the rates that its "
		       "configuration has zones for");
}

static int accepts(const struct wr_gateway_conf *c, const struct wr_gateway_entry *e,
		   struct wr_err *err)
{
	const struct wr_conf_list *l = &c->nginx.classes;
	struct wr_buf b = {0};
	bool found = e->verb != WR_GATEWAY_LIMIT;

	if (e->kind == WR_GATEWAY_CONSUMER && strlen(e->name) > WR_NGINX_CONSUMER)
		return wr_fail(err, EOPNOTSUPP, "'%s': of a consumer's name nginx takes %d bytes",
			       e->name, WR_NGINX_CONSUMER);
	if (found) /* of these there may be a million */
		return 0;
	for (size_t i = 0; i < l->n; i++) {
		found |= strtoul(l->at[i], NULL, 10) == e->rate;
		wr_buf_fmt(&b, "%s%s", i ? ", " : "", l->at[i]);
	}
	if (!found)
		wr_fail(err, EOPNOTSUPP,
			"nginx has no zone for %u requests a second; its classes are %s "
			"(nginx.classes)",
			e->rate, wr_buf_text(&b));
	wr_buf_free(&b);
	return found ? 0 : -EOPNOTSUPP;
}

/* ---- reading ---- */

static int find_block(const struct wr_gateway *g, const struct wr_gateway_seen *s,
		      struct wr_gateway_block *k, struct wr_err *err)
{
	int ret = wr_gateway_block_find(k, s->file[0].at, s->file[0].used, g->name, err);

	return ret ? wr_within(err, "%s", g->conf.nginx.file) : 0;
}

/* nginx that is down, or has no such location, says nothing: then a reload is what is missing, and
 * says why it fails. */
static void read_stamp(const struct wr_gateway *g, struct wr_gateway_seen *s)
{
	struct wr_gateway_http h = {
		.base = g->conf.nginx.stamp, .path = STAMP_PATH, .method = "GET"};

	if (!wr_gateway_http(g, &h, NULL) && h.status == 200)
		snprintf(s->stamp, sizeof(s->stamp), "%.*s",
			 (int)strcspn(wr_buf_text(&h.answer), "\r\n"), wr_buf_text(&h.answer));
	wr_buf_free(&h.answer);
}

static int read_all(const struct wr_gateway *g, struct wr_gateway_seen *s, struct wr_err *err)
{
	struct wr_gateway_block k;
	int ret = wr_gateway_whole_file(g->conf.nginx.file, g->conf.answer_bytes, &s->file[0], err);

	s->there[0] = !ret;
	if (ret == -ENOENT)
		ret = 0;
	if (!ret)
		ret = find_block(g, s, &k, err);
	if (ret)
		return ret;
	wr_buf_add(&s->raw[0], k.inside, k.inside_n);
	if (s->raw[0].failed || wr_nginx_read(s, s->raw[0].at, s->raw[0].used))
		return wr_fail(err, ENOMEM, "no memory for %s", g->conf.nginx.file);
	read_stamp(g, s);
	return 0;
}

/* ---- changing ---- */

static bool file_differs(const struct wr_gateway *g, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
			 uint64_t *generation)
{
	const struct wr_buf *is = &seen->file[0];
	struct wr_gateway_block k;
	struct wr_buf b = {0};
	bool differs;

	find_block(g, seen, &k, NULL);
	*generation = k.generation;
	wr_nginx_print(&b, &g->conf, &k, g->name, k.generation, want, d);
	differs = !k.generation || b.used != is->used || memcmp(b.at, is->at, b.used) != 0;
	wr_buf_free(&b);
	return differs;
}

static bool stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
		  const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	uint64_t generation;
	struct wr_buf b = {0};
	bool other;

	if (file_differs(g, want, seen, d, &generation))
		return true;
	wr_nginx_stamp(&b, g->name, generation);
	other = strcmp(wr_buf_text(&b), seen->stamp) != 0;
	wr_buf_free(&b);
	return other;
}

static struct wr_gateway_step *command(const struct wr_gateway *g, struct wr_gateway_plan *p,
				       const char *const *more)
{
	struct wr_gateway_step *s = wr_gateway_step(p, WR_GATEWAY_COMMAND, NULL);
	const struct wr_conf_list *c = &g->conf.nginx.command;

	for (size_t i = 0; i < c->n; i++)
		wr_buf_add(&p->bytes, c->at[i], strlen(c->at[i]) + 1);
	for (; *more; more++)
		wr_buf_add(&p->bytes, *more, strlen(*more) + 1);
	wr_gateway_step_ends(p);
	return s;
}

static void plan(const struct wr_gateway *g, const struct wr_gateway_set *want,
		 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
		 uint64_t generation, struct wr_gateway_plan *p)
{
	static const char *const test[] = {"-t", "-q", NULL};
	static const char *const reload[] = {"-s", "reload", NULL};
	struct wr_gateway_block k;
	uint64_t is;

	if (file_differs(g, want, seen, d, &is)) {
		is = generation;
		find_block(g, seen, &k, NULL);
		wr_gateway_step(p, WR_GATEWAY_FILE, g->conf.nginx.file);
		wr_nginx_print(&p->bytes, &g->conf, &k, g->name, generation, want, d);
		wr_gateway_step_ends(p);
	}
	command(g, p, test)->undo = true;
	command(g, p, reload);
	wr_gateway_step(p, WR_GATEWAY_STAMP, STAMP_PATH)->base = g->conf.nginx.stamp;
	wr_nginx_stamp(&p->bytes, g->name, is);
	wr_gateway_step_ends(p);
}

/* ---- looking ---- */

static int say(const struct wr_gateway *g, const char *option, struct wr_buf *said,
	       struct wr_err *err)
{
	const struct wr_conf_list *c = &g->conf.nginx.command;
	const char *argv[WORDS + 2];

	for (size_t i = 0; i < c->n; i++)
		argv[i] = c->at[i];
	argv[c->n] = option;
	argv[c->n + 1] = NULL;
	return wr_gateway_exec(g, argv, DUMP_MOST, said, err);
}

static void tell_config(const struct wr_gateway *g, const struct wr_nginx_config *c,
			wr_gateway_tell_fn tell, void *ctx)
{
	char text[512];

	snprintf(text, sizeof(text), "nginx %s %s", c->includes ? "includes" : "does not include",
		 g->conf.nginx.file);
	tell(ctx, c->includes ? WR_GATEWAY_GOOD : WR_GATEWAY_BAD, text,
	     c->includes ? NULL : "include FILE; in its http section (docs/gateways.md)");
	if (!c->denies)
		tell(ctx, WR_GATEWAY_BAD, "nothing asks for $weir_deny: nobody is refused",
		     "if ($weir_deny) { return 403; } in each server");
	if (!c->stamps)
		tell(ctx, WR_GATEWAY_BAD, "nothing answers with $weir_stamp",
		     "location = /weir { return 200 \"$weir_stamp\\n\"; } in a server for this "
		     "host "
		     "alone");
	if (g->conf.nginx.consumer[0] && !c->consumers)
		tell(ctx, WR_GATEWAY_BAD,
		     "nothing asks for $weir_consumer_deny and $weir_consumer_class: no consumer "
		     "is refused or limited",
		     "the lines 'by consumer' of docs/gateways.md");
	if (g->conf.nginx.routes && !c->routes)
		tell(ctx, WR_GATEWAY_BAD, "nothing asks for $weir_route: no route is limited",
		     "the lines 'by route' of docs/gateways.md");
	if (c->trusts_all)
		tell(ctx, WR_GATEWAY_WARN,
		     "set_real_ip_from trusts everybody: clients choose whom a block hits",
		     "set_real_ip_from YOUR-PROXIES;");
	if (c->mixes_proxy)
		tell(ctx, WR_GATEWAY_WARN,
		     "it listens with proxy_protocol and takes the client's address from a header: "
		     "it sees the balancer as the client, and a block of a client does nothing",
		     "real_ip_header proxy_protocol;");
}

static void probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	struct wr_gateway_seen s = {0};
	struct wr_nginx_config c;
	struct wr_buf said = {0};
	struct wr_err err = {0};
	char text[256];

	if (say(g, "-v", &said, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text, "nginx.command: how nginx is called");
		wr_buf_free(&said);
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(wr_buf_text(&said), "\r\n"),
		 wr_buf_text(&said));
	if (text[0])
		tell(ctx, WR_GATEWAY_GOOD, text, NULL);
	else
		tell(ctx, WR_GATEWAY_BAD, "what nginx.command calls says no version: is it nginx?",
		     "nginx.command: how nginx is called");
	wr_buf_clear(&said);
	if (say(g, "-T", &said, &err)) {
		tell(ctx, WR_GATEWAY_BAD, err.text, "what nginx -t says, mended");
	} else {
		wr_nginx_look(&c, said.at, said.used, g->conf.nginx.file);
		tell_config(g, &c, tell, ctx);
	}
	read_stamp(g, &s);
	snprintf(text, sizeof(text), "%s" STAMP_PATH " says '%.64s'", g->conf.nginx.stamp, s.stamp);
	if (s.stamp[0])
		tell(ctx, WR_GATEWAY_GOOD, text, NULL);
	else
		tell(ctx, WR_GATEWAY_BAD, "nginx does not say what it runs: is it running?",
		     "nginx.stamp: where it answers with $weir_stamp");
	wr_gateway_seen_free(&s);
	wr_buf_free(&said);
}

const struct wr_gateway_driver wr_gateway_nginx = {
	.name = "nginx",
	.can = can,
	.where = where,
	.check = check,
	.accepts = accepts,
	.read = read_all,
	.stale = stale,
	.plan = plan,
	.probe = probe,
};
