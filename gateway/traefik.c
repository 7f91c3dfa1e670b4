/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "gateway/own.h"

/*
 * Traefik 3: a file in the directory of its file provider. There is no list of addresses to refuse:
 * a router of the highest priority takes their requests, and a middleware that allows an address
 * which no client has refuses them. By its documentation; not tried against the program itself.
 */

static const char *file(const struct wr_gateway_conf *c)
{
	return c->traefik.file;
}

/* A matcher takes one value; lines are folded to one rule, joined by blanks. */
static void print_router(struct wr_buf *b, const char *name, const char *suffix, const char *more,
			 const struct wr_gateway_set *want, const struct wr_gateway_diff *d)
{
	bool any = false;

	wr_buf_fmt(b, "    weir-%s%s:\n      rule: >-\n", name, suffix);
	for (size_t i = 0; i < want->n; i++) {
		if (!wr_gateway_stays(d, i))
			continue;
		wr_buf_str(b, any ? " ||\n        ClientIP(`" : "        ClientIP(`");
		wr_gateway_who_print(b, &want->at[i], false);
		wr_buf_str(b, "`)");
		any = true;
	}
	wr_buf_fmt(b,
		   "\n      priority: 9223372036854774807\n      middlewares: [weir-%s]\n"
		   "      service: noop@internal\n%s",
		   name, more);
}

/* A router without tls: sees no request by TLS, and one with it no other: so there are two. The
 * middleware is always there, for an empty section is an error. */
static void print(struct wr_buf *b, const char *name, uint64_t generation,
		  const struct wr_gateway_set *want, const struct wr_gateway_diff *d)
{
	size_t n = 0;

	for (size_t i = 0; i < want->n; i++)
		n += wr_gateway_stays(d, i);
	wr_buf_fmt(b,
		   "# weir %s %" PRIu64 ": weir writes this file as a whole\n"
		   "http:\n  middlewares:\n    weir-%s:\n      ipAllowList:\n"
		   "        sourceRange: [\"255.255.255.255/32\"]\n        rejectStatusCode: 403\n",
		   name, generation, name);
	if (!n)
		return;
	wr_buf_str(b, "  routers:\n");
	print_router(b, name, "", "", want, d);
	wr_buf_str(b, "    # the same for TLS\n");
	print_router(b, name, "-tls", "      tls: {}\n", want, d);
}

static char *address(char *line)
{
	static const char before[] = "        ClientIP(`";

	if (strncmp(line, before, strlen(before)) != 0)
		return NULL;
	line += strlen(before);
	line[strcspn(line, "`")] = 0;
	return line;
}

static const char *const endings[] = {".yml", ".yaml", NULL};
static const char *const warnings[] = {
	"Traefik does not end entries by itself, and weir sees its file, not what Traefik runs",
	"'weir gateway reconcile --every 1s', or weir run, has to run for ends; its "
	"/api/http/routers tells what it runs",
	"ClientIP is who connects, and not what a header says: behind a balancer it is the "
	"balancer",
	"refuse at the balancer, or have it speak the PROXY protocol", NULL};

static const struct wr_gateway_form form = {
	.file = file,
	.endings = endings,
	.begin = "# weir ",
	.print = print,
	.address = address,
	.last = "    # the same for TLS",
	.warnings = warnings,
};

static int check(const struct wr_gateway_conf *c, struct wr_err *err)
{
	return wr_gateway_own_check(&form, c->traefik.file, err);
}

const struct wr_gateway_driver wr_gateway_traefik = {WR_GATEWAY_OWN, .name = "traefik",
						     .where = file, .check = check, .form = &form};
