/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view/app_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "view/fact_json.h"

/* What both ends said: by who asked, as far as that is known. NULL: nothing. */
struct both {
	const struct wr_l7 *client, *server;
};

static void text(struct wr_buf *b, const char *key, const char *value)
{
	if (*value)
		wr_json_str(b, key, value);
}

static void text_from(struct wr_buf *b, const char *key, const struct wr_l7 *said,
		      const char *value)
{
	if (said)
		text(b, key, value);
}

/* A text that was longer than what is kept of it. */
static void cut(struct wr_buf *b, const struct both *s)
{
	if ((s->client && s->client->cut) || (s->server && s->server->cut))
		wr_json_bool(b, "cut", true);
}

/* ---- TLS, DTLS, QUIC ---- */

/* "1.3" is told as "TLS 1.3"; "SSL 3" and a number of nobody's stand as they are. */
static void tls_version(struct wr_buf *b, const char *name, const char *version)
{
	bool number = *version >= '0' && *version <= '9' && version[1] == '.';
	char full[32];

	snprintf(full, sizeof(full), "%s%s%s", number ? name : "", number ? " " : "", version);
	text(b, "version", full);
}

static void one_alpn(struct wr_buf *b, const char *key, const struct wr_l7 *said)
{
	if (!said || !said->alpn[0])
		return;
	wr_json_array(b, key);
	wr_json_str(b, NULL, said->alpn);
	wr_json_end_array(b);
}

static void hello(struct wr_buf *b, const struct both *s)
{
	text_from(b, "sni", s->client, s->client ? s->client->host : "");
	one_alpn(b, "client_alpns", s->client);
	text_from(b, "server_alpn", s->server, s->server ? s->server->alpn : "");
	text_from(b, "ja4", s->client, s->client ? s->client->ja4 : "");
}

/* The version that was chosen is the server's word; else the highest that the client offers. */
static void tls(struct wr_buf *b, const struct both *s)
{
	const struct wr_l7 *who = s->server && s->server->version[0] ? s->server : s->client;

	if (who)
		tls_version(b, who->proto == WR_L7_DTLS ? "DTLS" : "TLS", who->version);
	hello(b, s);
}

static void quic(struct wr_buf *b, const struct both *s)
{
	const struct wr_l7 *who = s->client ? s->client : s->server;

	text_from(b, "version", who, who ? who->version : "");
	hello(b, s);
}

/* ---- HTTP ---- */

/* Where the port begins in "host:8080", "[::1]:8080"; NULL: it has none. */
static const char *port_of(const char *host)
{
	const char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');

	if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5)
		return NULL;
	if (bracket ? colon != bracket + 1 : strchr(host, ':') != colon)
		return NULL;
	return colon;
}

static void http(struct wr_buf *b, const struct both *s)
{
	const struct wr_l7 *who = s->client ? s->client : s->server;
	const char *port = s->client ? port_of(s->client->host) : NULL;
	char protocol[32];

	if (s->client && s->client->host[0])
		wr_json_strn(b, "hostname", s->client->host,
			     port ? (size_t)(port - s->client->host) : strlen(s->client->host));
	if (port)
		wr_json_u64(b, "http_port", strtoul(port + 1, NULL, 10));
	text_from(b, "http_method", s->client, s->client ? s->client->method : "");
	text_from(b, "url", s->client, s->client ? s->client->path : "");
	if (who && who->version[0]) {
		snprintf(protocol, sizeof(protocol), "HTTP/%s", who->version);
		wr_json_str(b, "protocol", protocol);
	}
	if (s->server && s->server->status)
		wr_json_u64(b, "status", s->server->status);
}

/* ---- DNS ---- */

/* IANA, Domain Name System (DNS) Parameters. */
static const struct {
	uint16_t type;
	const char *name;
} types[] = {
	{1, "A"},      {2, "NS"},    {5, "CNAME"},  {6, "SOA"},	   {12, "PTR"},	  {13, "HINFO"},
	{15, "MX"},    {16, "TXT"},  {28, "AAAA"},  {33, "SRV"},   {35, "NAPTR"}, {39, "DNAME"},
	{41, "OPT"},   {43, "DS"},   {44, "SSHFP"}, {46, "RRSIG"}, {47, "NSEC"},  {48, "DNSKEY"},
	{50, "NSEC3"}, {52, "TLSA"}, {64, "SVCB"},  {65, "HTTPS"}, {99, "SPF"},	  {251, "IXFR"},
	{252, "AXFR"}, {255, "ANY"}, {257, "CAA"},
};

static const char *const rcodes[16] = {
	"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI",
};

static void rrtype(struct wr_buf *b, uint16_t type)
{
	wr_json_key(b, "rrtype");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type) {
			wr_buf_fmt(b, "\"%s\"", types[i].name);
			return;
		}
	wr_buf_fmt(b, "\"TYPE%u\"", type); /* RFC 3597, 5 */
}

static void dns(struct wr_buf *b, const struct both *s)
{
	const struct wr_l7 *asked = s->client ? s->client : s->server;
	const struct wr_l7 *answer = s->server;

	if (asked && !(asked->has & WR_L7_HAS_QUESTION) && answer)
		asked = answer;
	wr_json_str(b, "type", answer ? "answer" : "query");
	if (asked && asked->has & WR_L7_HAS_QUESTION) {
		wr_json_str(b, "rrname", asked->host);
		rrtype(b, asked->qtype);
	}
	if (!answer || !(answer->has & WR_L7_HAS_ANSWER))
		return;
	wr_json_key(b, "rcode");
	if (rcodes[answer->rcode & 15])
		wr_buf_fmt(b, "\"%s\"", rcodes[answer->rcode & 15]);
	else
		wr_buf_fmt(b, "\"RCODE%u\"", answer->rcode);
}

/* ---- SSH ---- */

/* SSH-protoversion-softwareversion (RFC 4253, 4.2) */
static void ssh_end(struct wr_buf *b, const char *key, const struct wr_l7 *said)
{
	const char *dash = said && said->banner[0] ? strchr(said->banner + 4, '-') : NULL;

	if (!said)
		return;
	wr_json_open_key(b, key);
	text(b, "proto_version", said->version);
	if (dash)
		text(b, "software_version", dash + 1);
	wr_json_close(b);
}

static void ssh(struct wr_buf *b, const struct both *s)
{
	ssh_end(b, "client", s->client);
	ssh_end(b, "server", s->server);
}

static void nothing_more(struct wr_buf *b, const struct both *s)
{
	(void)b, (void)s;
}

/* ---- PROXY ---- */

static void proxy(struct wr_buf *b, const struct wr_app *app)
{
	const struct wr_l7_via *v = &app->said[0].via;

	v = v->version ? v : &app->said[1].via;
	if (!v->version)
		return;
	wr_json_open_key(b, "proxy");
	wr_json_u64(b, "version", v->version);
	if (v->ip_v) {
		wr_view_addr_json(b, "src_ip", v->addr[0], v->ip_v);
		wr_json_u64(b, "src_port", v->port[0]);
		wr_view_addr_json(b, "dest_ip", v->addr[1], v->ip_v);
		wr_json_u64(b, "dest_port", v->port[1]);
	}
	wr_json_close(b);
}

/* ---- all ---- */

static const struct {
	const char *key;
	void (*write)(struct wr_buf *b, const struct both *s);
} objects[WR_L7_COUNT] = {
	[WR_L7_NONE] = {NULL, nothing_more},  [WR_L7_PROXY] = {NULL, nothing_more},
	[WR_L7_TLS] = {"tls", tls},	      [WR_L7_DTLS] = {"tls", tls},
	[WR_L7_SSH] = {"ssh", ssh},	      [WR_L7_HTTP] = {"http", http},
	[WR_L7_HTTP2] = {NULL, nothing_more}, [WR_L7_QUIC] = {"quic", quic},
	[WR_L7_DNS] = {"dns", dns},
};

/* A banner of SSH does not say on which side it is: the flow knows. */
static struct both ends(const struct wr_app *app, enum wr_l7_proto proto, int server)
{
	int client = wr_app_client(app);
	struct both s = {0};

	if (client < 0)
		client = !server;
	if (app->said[client].proto == proto)
		s.client = &app->said[client];
	if (app->said[!client].proto == proto)
		s.server = &app->said[!client];
	return s;
}

void wr_view_app_json(struct wr_buf *b, const struct wr_app *app, int server)
{
	enum wr_l7_proto proto = app ? wr_app_proto(app) : WR_L7_NONE;
	struct both s;

	if (proto == WR_L7_NONE)
		return;
	wr_json_str(b, "app_proto", wr_l7_name((uint8_t)proto));
	proxy(b, app);
	if (!objects[proto].key)
		return;
	s = ends(app, proto, server);
	wr_json_open_key(b, objects[proto].key);
	objects[proto].write(b, &s);
	cut(b, &s);
	wr_json_close(b);
}
