/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/web/access.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { TOKEN_MIN = 16, HOST_MAX = 255 };

/* ---- addresses ---- */

/* Splits "host:port", "[host]:port" or a host alone. Returns what stands behind the host ("" or
 * ":port"), or NULL when the text is neither. */
static const char *split(const char *text, char host[HOST_MAX + 1])
{
	bool bracket = text[0] == '[';
	const char *from = text + bracket;
	size_t n = strcspn(from, bracket ? "]" : ":");
	const char *rest = from + n;

	if (!n || n > HOST_MAX || (bracket && *rest++ != ']') || (*rest && *rest != ':'))
		return NULL;
	memcpy(host, from, n);
	host[n] = 0;
	return rest;
}

/* An address in numbers. Names are not looked up: the front asks nobody. */
static bool number(const char *host, struct sockaddr_storage *at, socklen_t *len)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)at;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)at;

	memset(at, 0, sizeof(*at));
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		at->ss_family = AF_INET;
		*len = sizeof(*in4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		at->ss_family = AF_INET6;
		*len = sizeof(*in6);
		return true;
	}
	return false;
}

static bool loopback(const struct sockaddr_storage *at)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)at;

	if (at->ss_family == AF_INET)
		return ntohl(in4->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

/* The same address, whatever the port; IPv4 within IPv6 is IPv4. */
static bool same(const struct sockaddr_storage *a, const struct sockaddr *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a,
				 *b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a,
				  *b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family == AF_INET && b->sa_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	if (b->sa_family != AF_INET6)
		return false;
	if (a->ss_family == AF_INET)
		return IN6_IS_ADDR_V4MAPPED(&b6->sin6_addr) &&
		       !memcmp(b6->sin6_addr.s6_addr + 12, &a4->sin_addr, 4);
	return !memcmp(&a6->sin6_addr, &b6->sin6_addr, 16);
}

static int parse_listen(struct wr_web_access *a, struct wr_err *err)
{
	char host[HOST_MAX + 1], *end;
	const char *port = split(a->listen, host);
	unsigned long value;

	if (!port || !*port || !port[1])
		return wr_fail(err, EINVAL,
			       "page.listen: '%s' is no address with a port (try 127.0.0.1:9347)",
			       a->listen);
	if (!number(strcmp(host, "localhost") ? host : "127.0.0.1", &a->at, &a->at_len))
		return wr_fail(err, EINVAL,
			       "page.listen: '%s': '%s' is no address in numbers (try "
			       "127.0.0.1:9347 or [::1]:9347)",
			       a->listen, host);
	value = strtoul(port + 1, &end, 10);
	if (*end || port[1] < '0' || port[1] > '9' || value > 65535)
		return wr_fail(err, EINVAL, "page.listen: '%s': '%s' is no port (0 to 65535)",
			       a->listen, port + 1);
	/* The port has the same place in both. */
	((struct sockaddr_in *)&a->at)->sin_port = htons((uint16_t)value);
	return 0;
}

/* ---- opening ---- */

/* A text of the configuration that is "" is not set. */
static bool given(const char *text)
{
	return text && *text;
}

static int check_secrets(const struct wr_web_access *a, const struct wr_front_conf *conf,
			 struct wr_err *err)
{
	if (given(conf->tls_cert) != given(conf->tls_key))
		return wr_fail(err, EINVAL, "TLS takes both, page.tls_cert and page.tls_key");
	if (a->token && strlen(a->token) < TOKEN_MIN)
		return wr_fail(err, EINVAL,
			       "the page's token has %zu characters, at least %d are needed (try: "
			       "openssl rand -hex 16)",
			       strlen(a->token), TOKEN_MIN);
	if (a->change && !a->token)
		return wr_fail(err, EINVAL, "page.change takes page.token_file");
	if (!loopback(&a->at) && (!a->token || !a->tls))
		return wr_fail(
			err, EINVAL,
			"page.listen: other hosts can reach %s, but %s: set page.token_file, "
			"page.tls_cert and page.tls_key, or listen on 127.0.0.1",
			a->listen,
			a->token ? "there is no TLS"
			: a->tls ? "there is no token"
				 : "there is neither a token nor TLS");
	return 0;
}

int wr_web_access_open(struct wr_web_access *a, const struct wr_front_conf *conf,
		       struct wr_err *err)
{
	uint8_t random[(sizeof(a->session) - 1) / 2];
	size_t i;
	int rc;

	*a = (struct wr_web_access){
		.listen = given(conf->listen) ? conf->listen : "127.0.0.1:9347",
		.names = conf->names,
		.n_names = conf->n_names,
		.token = given(conf->token) ? conf->token : NULL,
		.tls = given(conf->tls_cert) && given(conf->tls_key),
		.change = conf->change,
	};
	rc = parse_listen(a, err);
	rc = rc ? rc : check_secrets(a, conf, err);
	if (rc)
		return rc;
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return wr_fail(err, EIO, "page: the kernel gives no random numbers");
	for (i = 0; i < sizeof(random); i++)
		snprintf(a->session + 2 * i, 3, "%02x", random[i]);
	return 0;
}

/* ---- asking ---- */

bool wr_web_access_host(const struct wr_web_access *a, const char *text,
			const struct sockaddr *local)
{
	struct sockaddr_storage at;
	char host[HOST_MAX + 1];
	socklen_t len;
	size_t i;

	if (!text || !split(text, host))
		return false;
	if (number(host, &at, &len))
		return loopback(&at) || (local && same(&at, local));
	if (!strcasecmp(host, "localhost"))
		return true;
	for (i = 0; i < a->n_names; i++)
		if (!strcasecmp(host, a->names[i]))
			return true;
	return false;
}

/* Takes as long whatever the guess is, so that time does not tell how much of it was right. */
static bool equal(const char *guess, const char *secret)
{
	size_t i, n = strlen(secret), got = strlen(guess);
	unsigned char differs = got != n;

	for (i = 0; i < n; i++)
		differs |= (unsigned char)(secret[i] ^ guess[i < got ? i : got]);
	return !differs;
}

/* "https://weir.example:9347" is of the same origin as the Host "weir.example:9347". */
static bool same_origin(const struct wr_web_access *a, const char *origin, const char *host)
{
	const char *scheme = a->tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	return host && !strncasecmp(origin, scheme, n) && !strcasecmp(origin + n, host);
}

int wr_web_access_change(const struct wr_web_access *a, const char *authorization,
			 const char *origin, const char *site, const char *host)
{
	if (!a->change || !a->token)
		return -EPERM;
	if (!authorization || !wr_web_access_token(a, authorization, NULL))
		return -EACCES;
	if ((origin && !same_origin(a, origin, host)) || (site && strcmp(site, "same-origin") != 0))
		return -EPERM;
	return 0;
}

bool wr_web_access_token(const struct wr_web_access *a, const char *authorization,
			 const char *cookie)
{
	if (!a->token)
		return true;
	if (authorization && !strncasecmp(authorization, "Bearer ", 7) &&
	    equal(authorization + 7, a->token))
		return true;
	return cookie && equal(cookie, a->session);
}
