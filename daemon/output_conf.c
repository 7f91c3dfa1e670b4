/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/output_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/sheetfile.h"

enum { DNS_PORT = 53 };

static const char *const names[WR_OUTPUT_KINDS] = {
#define X(sym, name, item, ways) name,
	WR_OUTPUT_TABLE(X)
#undef X
};

static const char *const items[WR_OUTPUT_KINDS] = {
#define X(sym, name, item, ways) item,
	WR_OUTPUT_TABLE(X)
#undef X
};

struct wr_conf_list wr_output_places(const struct wr_daemon_conf *conf, enum wr_output_kind kind)
{
	const struct wr_conf_list *const of[WR_OUTPUT_KINDS] = {
		[WR_OUTPUT_EVE] = &conf->output.eve,
		[WR_OUTPUT_IPFIX] = &conf->output.ipfix,
		[WR_OUTPUT_OTLP] = &conf->output.otlp,
		[WR_OUTPUT_FEATURES] = &conf->output.features,
		[WR_OUTPUT_OTLP_TRACES] = &conf->output.otlp_traces,
		[WR_OUTPUT_WEBHOOK] = &conf->notify.webhook,
		[WR_OUTPUT_SYSLOG] = &conf->notify.syslog,
		[WR_OUTPUT_COMMAND] = &conf->notify.command,
	};
	struct wr_conf_list l = *of[kind];

	if (kind == WR_OUTPUT_COMMAND && l.n)
		l.n = 1;
	return l;
}

bool wr_output_tells(const struct wr_daemon_conf *conf)
{
	return conf->notify.webhook.n || conf->notify.syslog.n || conf->notify.command.n;
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

static bool is_type(const char *value)
{
	static const char *const types[] = {"flow", "stats", "finding", "incident"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(value, types[i]))
			return true;
	return false;
}

int wr_output_check_type(const char *value, struct wr_err *err)
{
	if (is_type(value))
		return 0;
	return wr_fail(err, EINVAL, "'%s': expected flow, stats, finding or incident", value);
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
	size_t n = strlen(value);

	if (*value == '/' && value[1] && value[n - 1] != '/' && n < WR_OUTPUT_NAME - 16)
		return 0;
	return wr_fail(err, EINVAL,
		       "'%s': expected the path of a folder that begins with '/' and ends without "
		       "one",
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

int wr_output_check_webhook(const char *value, struct wr_err *err)
{
	const char *end = NULL, *host = host_of(value, &end);

	if (*value == '/' && strlen(value) < 256)
		return 0;
	if (!(begins(value, "http://") || begins(value, "https://")) || host == end ||
	    strlen(value) >= WR_OUTPUT_NAME - 16 || strpbrk(value, " \t\"<>\\^`{|}"))
		return wr_fail(err, EINVAL,
			       "expected https://HOST/PATH, http://…, or the path of a file that "
			       "holds such an address");
	if (memchr(host, '@', (size_t)(end - host)))
		return wr_fail(err, EINVAL,
			       "no passwords here, they would be shown; put a header into "
			       "notify.webhook_headers_file");
	return 0;
}

int wr_output_check_syslog(const char *value, struct wr_err *err)
{
	size_t n = strlen(value);

	if (begins(value, "unix:/") && n - 5 < 108)
		return 0;
	if ((begins(value, "udp:") || begins(value, "tcp:")) && n < WR_OUTPUT_NAME - 16 &&
	    port_of(value + 4, value + n) && value[4] != ':')
		return 0;
	return wr_fail(err, EINVAL,
		       "'%s': expected unix:/dev/log, udp:HOST:PORT or tcp:HOST:PORT "
		       "(udp:192.0.2.7:514)",
		       value);
}

static int check_command(const struct wr_conf_list *l, struct wr_err *err)
{
	if (!l->n)
		return 0;
	if (l->at[0][0] != '/' || strlen(l->at[0]) >= WR_OUTPUT_NAME - 16)
		return wr_fail(err, EINVAL, "'%s': the path of a program that begins with '/'",
			       l->at[0]);
	return 0;
}

static int check_twice(const struct wr_conf_list *l, bool secret, struct wr_err *err)
{
	for (size_t i = 0; i < l->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(l->at[i], l->at[j]))
				return wr_fail(err, EINVAL, "'%s' stands there twice",
					       secret ? "an address" : l->at[i]);
	return 0;
}

int wr_output_check_all(const struct wr_daemon_conf *conf, const char **item, struct wr_err *err)
{
	size_t n = 0;
	int ret = 0;

	for (int k = 0; k < WR_OUTPUT_KINDS && !ret; k++) {
		struct wr_conf_list l = wr_output_places(conf, (enum wr_output_kind)k);

		*item = items[k];
		n += l.n;
		ret = check_twice(&l, k == WR_OUTPUT_WEBHOOK, err);
		if (!ret && n > WR_OUTPUTS)
			ret = wr_fail(err, EINVAL,
				      "more than %d places in [output] and [notify] together",
				      WR_OUTPUTS);
	}
	return ret ? ret : check_command(&conf->notify.command, err);
}

/* ---- names ---- */

/* FNV-1a, cut short: nobody gets the address back from it. */
static unsigned int digits_of(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return (h ^ h >> 16) & 0xffff;
}

void wr_output_name(char name[WR_OUTPUT_NAME], enum wr_output_kind kind, const char *place)
{
	const char *end = NULL;

	if (kind == WR_OUTPUT_WEBHOOK && host_of(place, &end) && *end)
		snprintf(name, WR_OUTPUT_NAME, "%s:%.*s/#%04x", names[kind], (int)(end - place),
			 place, digits_of(end));
	else
		snprintf(name, WR_OUTPUT_NAME, "%s:%s", names[kind], place);
}

int wr_output_webhook_url(const char *value, char url[WR_OUTPUT_NAME], struct wr_err *err)
{
	FILE *f;

	if (*value != '/') {
		snprintf(url, WR_OUTPUT_NAME, "%s", value);
		return 0;
	}
	f = fopen(value, "re");
	if (!f)
		return wr_fail(err, EINVAL, "notify.webhook: %s: %s", value, strerror(errno));
	if (!fgets(url, WR_OUTPUT_NAME, f))
		url[0] = 0;
	fclose(f);
	url[strcspn(url, "\r\n")] = 0;
	if (*url == '/' || wr_output_check_webhook(url, NULL))
		return wr_fail(err, EINVAL,
			       "notify.webhook: the first line of %s is no http or https address",
			       value);
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

uint16_t wr_output_url_port(const char *url)
{
	const char *end = NULL, *host = host_of(url, &end);
	uint16_t port = host ? port_of(host, end) : 0;

	return port ? port : begins(url, "https:") ? 443 : 80;
}

static size_t tcp_ports(const struct wr_conf_list *l, uint16_t *ports, size_t n)
{
	for (size_t i = 0; i < l->n; i++)
		if (begins(l->at[i], "tcp:"))
			ports[n++] = port_of(l->at[i], l->at[i] + strlen(l->at[i]));
	return n;
}

static size_t url_ports(const struct wr_conf_list *l, uint16_t *ports, size_t n)
{
	char url[WR_OUTPUT_NAME];

	for (size_t i = 0; i < l->n; i++)
		if (!wr_output_webhook_url(l->at[i], url, NULL))
			ports[n++] = wr_output_url_port(url);
	return n;
}

bool wr_output_ports(const struct wr_daemon_conf *conf, uint16_t ports[WR_OUTPUT_PORTS])
{
	bool any = conf->output.ipfix.n || conf->output.otlp.n || conf->output.otlp_traces.n ||
		   conf->notify.webhook.n || conf->notify.syslog.n;
	size_t n = 0;

	for (size_t i = 0; i < conf->output.eve.n; i++)
		any |= begins(conf->output.eve.at[i], "unix:");
	n = tcp_ports(&conf->output.ipfix, ports, n);
	n = tcp_ports(&conf->notify.syslog, ports, n);
	n = url_ports(&conf->output.otlp, ports, n);
	n = url_ports(&conf->output.otlp_traces, ports, n);
	n = url_ports(&conf->notify.webhook, ports, n);
	if (any)
		ports[n++] = DNS_PORT; /* an answer that is too long for UDP */
	ports[n] = 0;
	return any;
}
