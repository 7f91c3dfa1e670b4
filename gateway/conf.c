/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "gateway/gateway_impl.h"

/* A gateway's file: one table for all drivers, so that a wrong item is told with its line. */

#define SECOND 1000000000ull

static int whole_path(const char *value, struct wr_err *err)
{
	if (*value != '/')
		return wr_fail(err, EINVAL, "'%s': a path that begins with '/'", value);
	/* It stands in lines that are sent, where these end a word or a command. */
	if (strpbrk(value, " \t\n;\\<\"'#"))
		return wr_fail(err, EINVAL, "'%s': no blanks, quotes, ';', '<', '#' or '\\' in it",
			       value);
	return 0;
}

static int prefix(const char *value, struct wr_err *err)
{
	struct wr_prefix p;

	if (!wr_prefix_parse(&p, value, strlen(value)))
		return 0;
	return wr_fail(err, EINVAL, "'%s' is no address and no prefix", value);
}

static int class_rate(const char *value, struct wr_err *err)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || !v || v > WR_GATEWAY_RATE_MAX)
		return wr_fail(err, EINVAL, "'%s' is no number of requests a second", value);
	return 0;
}

static int object_id(const char *value, struct wr_err *err)
{
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			return wr_fail(err, EINVAL, "'%s': letters, digits, '_' and '-'", value);
	return 0;
}

static int variable(const char *value, struct wr_err *err)
{
	if (value[0] == '$' && value[1] && !object_id(value + 1, NULL) && !strchr(value, '-'))
		return 0;
	return wr_fail(err, EINVAL, "'%s': '$' and letters, digits and '_'", value);
}

/* Read anew by each call. */
#define AT(field) .live = true, .offset = offsetof(struct wr_gateway_conf, field)
const struct wr_conf_item wr_gateway_items[] = {
	{"gateway.driver", WR_CONF_ENUM, "haproxy", NULL, "What program it is.", AT(driver),
	 .choices = wr_gateway_driver_names},
	{"gateway.timeout", WR_CONF_DURATION, "5s", NULL,
	 "How long it may take to answer, each time it is asked.", AT(timeout_ns), SECOND / 10,
	 60 * SECOND},
	{"gateway.most", WR_CONF_NUMBER, "100000", "entries",
	 "Entries of weir at the same time, at most.", AT(most), 1, WR_GATEWAY_MOST},
	{"gateway.longest", WR_CONF_DURATION, "1d", NULL,
	 "An entry that shall last longer takes --force.", AT(longest_ns), SECOND,
	 366 * 86400 * SECOND},
	{"gateway.answer", WR_CONF_SIZE, "64MiB", NULL,
	 "The largest answer that is read; a larger one is an error.", AT(answer_bytes), 4096,
	 1 << 30},
	{"gateway.never", WR_CONF_LIST, "127.0.0.0/8 ::1", "addresses and prefixes",
	 "Never shut out: trusted proxies, balancers, monitoring. What the gateway sees of all "
	 "clients of a proxy is the proxy's address, unless it is told to trust it.",
	 AT(never), 0, 256, .check = prefix},

	{"haproxy.socket", WR_CONF_STRING, "/run/haproxy/admin.sock", "a path",
	 "Its stats socket, of level admin.", AT(haproxy.socket), 1, 107, .check = whole_path},
	{"haproxy.deny", WR_CONF_STRING, "/etc/haproxy/weir-deny.map", "a path",
	 "The map of addresses that are refused, named as in its configuration.", AT(haproxy.deny),
	 0, 255, .check = whole_path},
	{"haproxy.limit", WR_CONF_STRING, "", "a path",
	 "The map of addresses that are limited. Empty: there is none.", AT(haproxy.limit), 0, 255,
	 .check = whole_path},
	{"haproxy.keys", WR_CONF_STRING, "", "a path",
	 "The map of hashes of keys that are refused. Empty: there is none.", AT(haproxy.keys), 0,
	 255, .check = whole_path},
	{"haproxy.key_limit", WR_CONF_STRING, "", "a path",
	 "The map of hashes of keys that are limited. Empty: there is none.", AT(haproxy.key_limit),
	 0, 255, .check = whole_path},
	{"haproxy.routes", WR_CONF_STRING, "", "a path",
	 "The map of routes whose consumers are limited. Empty: there is none.", AT(haproxy.routes),
	 0, 255, .check = whole_path},

	{"nginx.file", WR_CONF_STRING, "/etc/nginx/weir.conf", "a path",
	 "The file that weir writes and nginx includes in its http section.", AT(nginx.file), 1,
	 255, .check = whole_path},
	{"nginx.command", WR_CONF_LIST, "nginx", "words",
	 "How nginx is called; -t and -s reload are put behind it.", AT(nginx.command), 1, 16},
	{"nginx.stamp", WR_CONF_STRING, "http://127.0.0.1:8089", "an address",
	 "Where nginx says what it runs, below /weir: http://HOST:PORT or unix:PATH.",
	 AT(nginx.stamp), 1, 255, .check = wr_gateway_http_check},
	{"nginx.classes", WR_CONF_LIST, "", "requests a second",
	 "The rates that its configuration has a zone for. Empty: no limits.", AT(nginx.classes), 0,
	 16, .check = class_rate},
	{"nginx.consumer", WR_CONF_STRING, "", "a variable",
	 "nginx' variable that has the consumer's name: $remote_user, or one of your own map. "
	 "Empty: "
	 "consumers are not told apart.",
	 AT(nginx.consumer), 0, 64, .check = variable},
	{"nginx.routes", WR_CONF_BOOL, "no", NULL,
	 "Its configuration has the zones for limits of routes.", AT(nginx.routes)},

	{"nginx_lua.admin", WR_CONF_STRING, "unix:/run/weir-nginx/lua.sock", "an address",
	 "Where nginx' weir.lua answers weir: unix:PATH, or http://127.0.0.1:PORT.",
	 AT(nginx_lua.admin), 1, 255, .check = wr_gateway_http_check},

	{"caddy.admin", WR_CONF_STRING, "http://127.0.0.1:2019", "an address",
	 "Its admin API: http://HOST:PORT or unix:PATH.", AT(caddy.admin), 1, 255,
	 .check = wr_gateway_http_check},
	{"caddy.id", WR_CONF_STRING, "weir_deny", "a name",
	 "The @id of the route that refuses; its first matcher is remote_ip.", AT(caddy.id), 1, 64,
	 .check = object_id},

	{"envoy.file", WR_CONF_STRING, "/etc/envoy/weir.json", "a path",
	 "The file that weir writes and Envoy takes the filter weir-NAME from.", AT(envoy.file), 1,
	 255, .check = whole_path},

	{"traefik.file", WR_CONF_STRING, "/etc/traefik/dynamic/weir.yml", "a path",
	 "The file that weir writes in the directory of Traefik's file provider.", AT(traefik.file),
	 1, 255, .check = whole_path},

	{"api.admin", WR_CONF_STRING, "", "an address",
	 "Where the admin API of Apinto, APISIX or Kong is: http://HOST:PORT, https or unix:PATH.",
	 AT(api.admin), 0, 255, .check = wr_gateway_http_check},
	{"api.key_file", WR_CONF_STRING, "", "a path",
	 "A file with the key of that API, for its owner alone. Empty: it asks for none.",
	 AT(api.key_file), 0, 255, .check = whole_path},
	{0},
};

/* ---- names ---- */

void wr_gateway_names_free(struct wr_gateway_names *n)
{
	free(n->at);
	*n = (struct wr_gateway_names){0};
}

/* NAME of "NAME.conf": letters, digits, '-' and '_', for it stands in files and marks. */
static bool name_of(const char *file, char out[WR_GATEWAY_NAME])
{
	size_t n = strspn(file, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	if (!n || n >= WR_GATEWAY_NAME || strcmp(file + n, ".conf") != 0)
		return false;
	memcpy(out, file, n);
	out[n] = 0;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int wr_gateway_names(struct wr_gateway_names *out, const char *folder, struct wr_err *err)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	char name[WR_GATEWAY_NAME];
	int ret = 0;

	*out = (struct wr_gateway_names){0};
	if (!d)
		return errno == ENOENT
			       ? 0
			       : wr_fail(err, errno, "gateways in %s: %s", folder, strerror(errno));
	while (!ret && (e = readdir(d))) {
		void *more;

		if (!name_of(e->d_name, name))
			continue;
		more = realloc(out->at, (out->n + 1) * sizeof(*out->at));
		if (!more)
			ret = wr_fail(err, ENOMEM, "no memory for names of gateways");
		else
			memcpy((out->at = more)[out->n++], name, sizeof(name));
	}
	closedir(d);
	if (ret)
		wr_gateway_names_free(out);
	else if (out->n)
		qsort(out->at, out->n, sizeof(*out->at), by_name);
	return ret;
}

static int unknown(const char *folder, const char *name, struct wr_err *err)
{
	struct wr_gateway_names all;
	struct wr_buf b = {0};
	int ret;

	if (wr_gateway_names(&all, folder, err))
		return -err->code;
	for (size_t i = 0; i < all.n; i++)
		wr_buf_fmt(&b, "%s%s", i ? ", " : "", all.at[i]);
	if (all.n)
		ret = wr_fail(err, ENOENT, "there is no gateway '%.64s' in %s; there are: %s", name,
			      folder, wr_buf_text(&b));
	else
		ret = wr_fail(err, ENOENT,
			      "there is no gateway '%.64s': %s has no NAME.conf (docs/gateways.md)",
			      name, folder);
	wr_buf_free(&b);
	wr_gateway_names_free(&all);
	return ret;
}

/* ---- one ---- */

static int fill_never(struct wr_gateway *g, struct wr_err *err)
{
	for (size_t i = 0; i < g->conf.never.n; i++) {
		const char *text = g->conf.never.at[i];
		struct wr_prefix p;

		if (wr_prefix_parse(&p, text, strlen(text)) || wr_prefixes_add(&g->never, &p))
			return wr_fail(err, ENOMEM, "no memory for gateway.never");
	}
	wr_prefixes_sort(&g->never);
	return 0;
}

int wr_gateway_open(struct wr_gateway *g, const char *folder, const char *name,
		    wr_conf_tell_fn tell, void *ctx, struct wr_err *err)
{
	char file[WR_GATEWAY_NAME + 8], path[4096];
	int ret;

	*g = (struct wr_gateway){0};
	snprintf(file, sizeof(file), "%.*s.conf", WR_GATEWAY_NAME, name);
	if (!name_of(file, g->name) || strcmp(g->name, name) != 0)
		return unknown(folder, name, err);
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	ret = wr_conf_open(&g->values, wr_gateway_items, err);
	if (!ret)
		ret = wr_conf_read(g->values, path, tell, ctx, err);
	if (ret == -ENOENT)
		ret = unknown(folder, name, err);
	if (!ret) {
		wr_conf_fill(g->values, &g->conf);
		g->driver = wr_gateway_drivers[g->conf.driver];
		ret = fill_never(g, err);
	}
	if (!ret && g->driver->check && g->driver->check(&g->conf, err)) {
		ret = wr_within(err, "%s", path);
		if (tell)
			tell(ctx, err->text);
	}
	if (ret)
		wr_gateway_close(g);
	return ret;
}

void wr_gateway_close(struct wr_gateway *g)
{
	wr_conf_close(&g->values);
	wr_prefixes_free(&g->never);
	*g = (struct wr_gateway){0};
}
