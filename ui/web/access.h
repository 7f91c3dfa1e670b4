/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WR_UI_WEB_ACCESS_H
#define WR_UI_WEB_ACCESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/err.h"
#include "ui/web/front.h"

/* Who may ask: the address listened on, the names it may be asked for by, the token. */
struct wr_web_access {
	struct sockaddr_storage at;
	socklen_t at_len;
	const char *listen; /* as configured */
	const char *const *names;
	size_t n_names;
	const char *token; /* borrowed from the configuration; NULL = none */
	bool tls;
	bool change;	  /* rules may be changed by whoever shows the token */
	char session[33]; /* what a browser shows instead of the token; new at each start */
};

/*
 * -EINVAL: the address is none, the token is too short, certificate or key stands alone, or other
 * hosts could reach the page without token and TLS.
 */
int wr_web_access_open(struct wr_web_access *a, const struct wr_front_conf *conf,
		       struct wr_err *err);

/*
 * The Host header is one of ours: a configured name, localhost, a loopback address, or `local`, the
 * address that the connection came in on. Any other name means that somebody else's name was
 * pointed at this host (DNS rebinding). The port does not matter.
 */
bool wr_web_access_host(const struct wr_web_access *a, const char *host,
			const struct sockaddr *local);

/* May this request change something: it shows the token by its header (a cookie is sent by a
 * browser on its own), and it does not come from a page of somebody else. origin, site: the headers
 * Origin and Sec-Fetch-Site, which browsers set (Fetch, 3.2; Fetch Metadata, 2.4); host: the Host
 * header. Any may be NULL. 0; -EPERM: changes are off, or it is another's page; -EACCES: no token.
 */
int wr_web_access_change(const struct wr_web_access *a, const char *authorization,
			 const char *origin, const char *site, const char *host);

/* No token is configured, or one of the two shows it: the Authorization header ("Bearer TOKEN") or
 * the session cookie. Either may be NULL. */
bool wr_web_access_token(const struct wr_web_access *a, const char *authorization,
			 const char *cookie);

#endif
