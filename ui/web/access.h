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

/* No token is configured, or one of the two shows it: the Authorization header ("Bearer TOKEN") or
 * the session cookie. Either may be NULL. */
bool wr_web_access_token(const struct wr_web_access *a, const char *authorization,
			 const char *cookie);

#endif
