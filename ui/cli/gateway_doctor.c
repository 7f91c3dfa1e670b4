/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/listen.h"
#include "daemon/conf.h"
#include "ui/cli/gateway.h"

/* What weir doctor says of API gateways. */

enum { LISTENERS = 1024 };

/* Ports on which gateways are administered, most of them without asking who it is. */
static const struct {
	uint16_t port;
	const char *whose, *mend;
	const char *runs; /* a port of many others, too: only when this program runs here */
} admins[] = {
	{2019, "Caddy", "\"admin\": {\"listen\": \"localhost:2019\"}"},
	{9400, "Apinto",
	 "listen: [\"127.0.0.1:9400\"] in its config.yml: it asks nobody who he is"},
	{9401, "Apinto (peers)", "its peers' addresses only, or a firewall"},
	{9180, "APISIX", "admin_listen: ip: 127.0.0.1, and a key of your own"},
	{8001, "Kong", "admin_listen = 127.0.0.1:8001"},
	{8444, "Kong (TLS)", "admin_listen = 127.0.0.1:8444 ssl"},
	{9443, "APISIX (TLS)", "admin_listen: ip: 127.0.0.1"},
	{8080, "Traefik", "api.insecure: false, or entryPoints.traefik.address: 127.0.0.1:8080",
	 "traefik"},
	{9901, "Envoy", "admin: address: 127.0.0.1: it asks nobody who he is"},
};

static bool loopback(const struct wr_listener *l)
{
	static const uint8_t one[16] = {[15] = 1};

	return l->ip_v == 4 ? l->addr[0] == 127 : l->ip_v == 6 && !memcmp(l->addr, one, 16);
}

static bool runs(const char *program)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	bool found = false;
	char path[64], name[32];

	while (d && !found && (e = readdir(d))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%.20s/comm", e->d_name);
		f = e->d_name[0] >= '1' && e->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f)) {
			name[strcspn(name, "\n")] = 0;
			found = !strcmp(name, program);
		}
		fclose(f);
	}
	if (d)
		closedir(d);
	return found;
}

/* What gateway.admin_ports names, whatever is administered there. */
static void tell_configured(const struct wr_daemon_conf *conf, uint16_t port,
			    wr_gateway_tell_fn tell, void *ctx)
{
	char text[128];

	for (size_t i = 0; i < conf->gateway.admin_ports.n; i++) {
		if (strtoul(conf->gateway.admin_ports.at[i], NULL, 10) != port)
			continue;
		snprintf(text, sizeof(text),
			 "port %u, one of gateway.admin_ports, is open to other hosts", port);
		tell(ctx, WR_GATEWAY_WARN, text,
		     "let it listen at 127.0.0.1 or at a unix socket, or put a firewall before it");
		return;
	}
}

/* Whose it is by its number; false: nobody's. */
static bool tell_known(uint16_t port, wr_gateway_tell_fn tell, void *ctx)
{
	char text[256];

	for (size_t k = 0; k < sizeof(admins) / sizeof(admins[0]); k++) {
		if (port != admins[k].port || (admins[k].runs && !runs(admins[k].runs)))
			continue;
		snprintf(text, sizeof(text),
			 "port %u, where %s is administered, is open to other hosts", port,
			 admins[k].whose);
		tell(ctx, WR_GATEWAY_WARN, text, admins[k].mend);
		return true;
	}
	return false;
}

/* Of IPv4 and of IPv6 it listens by two sockets, and is told once. */
static bool was_told(const struct wr_listener *l, int i)
{
	for (int k = 0; k < i; k++)
		if (l[k].proto == 6 && l[k].port == l[i].port && !loopback(&l[k]))
			return true;
	return false;
}

static void open_admin(const struct wr_daemon_conf *conf, wr_gateway_tell_fn tell, void *ctx)
{
	static struct wr_listener l[LISTENERS];
	int n = wr_listeners(l, LISTENERS, NULL);

	for (int i = 0; i < n && i < LISTENERS; i++)
		if (l[i].proto == 6 && !loopback(&l[i]) && !was_told(l, i) &&
		    !tell_known(l[i].port, tell, ctx))
			tell_configured(conf, l[i].port, tell, ctx);
}

struct named {
	const char *name;
	wr_gateway_tell_fn tell;
	void *ctx;
};

static void tell_named(void *ctx, enum wr_gateway_mark mark, const char *text, const char *mend)
{
	const struct named *n = ctx;
	char line[1024];

	snprintf(line, sizeof(line), "gateway %s: %s", n->name, text);
	n->tell(n->ctx, mark, line, mend);
}

static void probe_one(const char *folder, const char *name, wr_gateway_tell_fn tell, void *ctx)
{
	struct named n = {name, tell, ctx};
	struct wr_err err = {0};
	struct wr_gateway g;

	if (wr_gateway_open(&g, folder, name, NULL, NULL, &err)) {
		tell_named(&n, WR_GATEWAY_BAD, err.text, "its file, mended");
		return;
	}
	wr_gateway_probe(&g, tell_named, &n);
	wr_gateway_close(&g);
}

int wr_cli_probe_all(const char *file, wr_gateway_tell_fn tell, void *ctx, struct wr_err *err)
{
	struct wr_gateway_names names = {0};
	struct wr_daemon_conf conf = {0};
	struct wr_conf *c = NULL;
	const char *from;
	int ret;

	ret = wr_daemon_conf_open(&c, file, &from, NULL, NULL, err);
	if (!ret)
		wr_conf_fill(c, &conf);
	open_admin(&conf, tell, ctx);
	if (!ret && !wr_gateway_names(&names, conf.gateway.folder, NULL))
		for (size_t i = 0; i < names.n; i++)
			probe_one(conf.gateway.folder, names.at[i], tell, ctx);
	wr_gateway_names_free(&names);
	wr_conf_close(&c);
	return ret;
}
