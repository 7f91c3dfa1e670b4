/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/output_conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/sheetfile.h"

enum { DNS_PORT = 53 };

static const char *const names[WR_OUTPUT_KINDS] = {
#define X(sym, name) name,
	WR_OUTPUT_TABLE(X)
#undef X
};

const char *wr_output_kind_name(enum wr_output_kind kind)
{
	return names[kind];
}

const struct wr_conf_list *wr_output_places(const struct wr_daemon_conf *conf,
					    enum wr_output_kind kind)
{
	const struct wr_conf_list *const of[WR_OUTPUT_KINDS] = {
		[WR_OUTPUT_EVE] = &conf->output.eve,
		[WR_OUTPUT_IPFIX] = &conf->output.ipfix,
		[WR_OUTPUT_OTLP] = &conf->output.otlp,
		[WR_OUTPUT_FEATURES] = &conf->output.features,
	};

	return of[kind];
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* The port behind the last colon, up to `end`; 0: there is none that can be. */
static uint16_t port_of(const char *at, const char *end)
{
	const char *colon = end;
	long port;
	char *stop;

	while (colon > at && *colon != ':')
		colon--;
	if (*colon != ':' || colon + 1 == end)
		return 0;
	port = strtol(colon + 1, &stop, 10);
	return stop == end && port > 0 && port < 65536 ? (uint16_t)port : 0;
}

/* ---- checks ---- */

int wr_output_check_eve(const char *value, struct wr_err *err)
{
	if (!strcmp(value, "-") || (*value == '/' && strlen(value) < WR_OUTPUT_NAME - 16))
		return 0;
	if (begins(value, "unix:/") && strlen(value) - 5 < 108)
		return 0;
	return wr_fail(
		err, EINVAL,
		"'%s': expected a path that begins with '/', unix:PATH (107 bytes at most), or "
		"- for standard output",
		value);
}

int wr_output_check_type(const char *value, struct wr_err *err)
{
	if (!strcmp(value, "flow") || !strcmp(value, "stats") || !strcmp(value, "finding"))
		return 0;
	return wr_fail(err, EINVAL, "'%s': expected flow, stats or finding", value);
}

int wr_output_check_ipfix(const char *value, struct wr_err *err)
{
	size_t n = strlen(value);

	if ((begins(value, "udp:") || begins(value, "tcp:")) && n < WR_OUTPUT_NAME - 16 &&
	    port_of(value + 4, value + n) && value[4] != ':')
		return 0;
	return wr_fail(err, EINVAL,
		       "'%s': expected udp:HOST:PORT or tcp:HOST:PORT (udp:192.0.2.7:4739, "
		       "tcp:[2001:db8::7]:4739)",
		       value);
}

int wr_output_check_features(const char *value, struct wr_err *err)
{
	if (*value == '/' && value[1] && strlen(value) < WR_OUTPUT_NAME - 16)
		return 0;
	return wr_fail(err, EINVAL, "'%s': expected the path of a folder that begins with '/'",
		       value);
}

const char *const wr_output_formats[] = {
#define X(sym, name) name,
	WR_SHEETFILE_TABLE(X)
#undef X
		NULL};

const char *const wr_output_addresses[] = {
#define X(sym, name, text) name,
	WR_HIDE_TABLE(X)
#undef X
		NULL};

const char *const wr_output_schemas[] = {"weir", "nf-v3", "cic", "windows", NULL};

const char *wr_output_folder(const struct wr_daemon_conf *conf)
{
	return conf->output.features.n ? conf->output.features.at[0] : NULL;
}

bool wr_output_wants_windows(const struct wr_daemon_conf *conf)
{
	return conf->output.features.n && conf->output.features_schema == WR_OUTPUT_SCHEMA_WINDOWS;
}

/* Where the host ends and the path begins. */
static const char *host_of(const char *url, const char **end)
{
	const char *host = strstr(url, "://");

	if (!host)
		return NULL;
	host += 3;
	*end = host + strcspn(host, "/?#");
	return host;
}

int wr_output_check_otlp(const char *value, struct wr_err *err)
{
	const char *end = NULL, *host = host_of(value, &end);

	if (!(begins(value, "http://") || begins(value, "https://")) || host == end ||
	    strlen(value) >= WR_OUTPUT_NAME - 16)
		return wr_fail(err, EINVAL,
			       "'%s': expected http://HOST:PORT/v1/metrics or https://…", value);
	if (memchr(host, '@', (size_t)(end - host)))
		return wr_fail(err, EINVAL,
			       "'%s': no passwords here, they would be shown; put a header into "
			       "output.otlp_headers_file",
			       value);
	return 0;
}

int wr_output_check_all(const struct wr_daemon_conf *conf, const char **item, struct wr_err *err)
{
	static const char *const items[WR_OUTPUT_KINDS] = {"output.eve", "output.ipfix",
							   "output.otlp", "output.features"};

	for (int k = 0; k < WR_OUTPUT_KINDS; k++) {
		const struct wr_conf_list *l = wr_output_places(conf, (enum wr_output_kind)k);

		*item = items[k];
		for (size_t i = 0; i < l->n; i++)
			for (size_t j = 0; j < i; j++)
				if (!strcmp(l->at[i], l->at[j]))
					return wr_fail(err, EINVAL, "'%s' stands there twice",
						       l->at[i]);
	}
	return 0;
}

bool wr_output_wants(const struct wr_daemon_conf *conf, const char *type)
{
	const struct wr_conf_list *l = &conf->output.eve_types;

	for (size_t i = 0; i < l->n && conf->output.eve.n; i++)
		if (!strcmp(l->at[i], type))
			return true;
	return false;
}

/* ---- ports ---- */

static uint16_t url_port(const char *url)
{
	const char *end = NULL, *host = host_of(url, &end);
	uint16_t port = host ? port_of(host, end) : 0;

	return port ? port : begins(url, "https:") ? 443 : 80;
}

bool wr_output_ports(const struct wr_daemon_conf *conf, uint16_t ports[WR_OUTPUT_PORTS])
{
	bool any = conf->output.ipfix.n || conf->output.otlp.n;
	size_t n = 0;

	for (size_t i = 0; i < conf->output.eve.n; i++)
		any |= begins(conf->output.eve.at[i], "unix:");
	for (size_t i = 0; i < conf->output.ipfix.n; i++) {
		const char *to = conf->output.ipfix.at[i];

		if (begins(to, "tcp:"))
			ports[n++] = port_of(to, to + strlen(to));
	}
	for (size_t i = 0; i < conf->output.otlp.n; i++)
		ports[n++] = url_port(conf->output.otlp.at[i]);
	if (any)
		ports[n++] = DNS_PORT; /* an answer that is too long for UDP */
	ports[n] = 0;
	return any;
}
