/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http.h"
#include "gateway/gateway_impl.h"

/* One request to an admin API: one answer, a deadline, no redirects, no proxies. */

static const char unix_scheme[] = "unix:";

static bool is_unix(const char *base)
{
	return !strncmp(base, unix_scheme, strlen(unix_scheme));
}

int wr_gateway_http_check(const char *base, struct wr_err *err)
{
	char *scheme = NULL, *host = NULL, *path = NULL, *more = NULL;
	CURLU *u = curl_url();
	bool fine, secret;

	if (is_unix(base)) {
		curl_url_cleanup(u);
		if (base[strlen(unix_scheme)] == '/')
			return 0;
		return wr_fail(err, EINVAL, "'%s': a path that begins with '/' behind unix:", base);
	}
	fine = u && !curl_url_set(u, CURLUPART_URL, base, 0) &&
	       !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
	       !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
	       !curl_url_get(u, CURLUPART_PATH, &path, 0) &&
	       (!strcmp(scheme, "http") || !strcmp(scheme, "https")) && !strcmp(path, "/");
	secret = fine && !curl_url_get(u, CURLUPART_USER, &more, 0);
	fine = fine && !secret && curl_url_get(u, CURLUPART_QUERY, &more, 0) &&
	       curl_url_get(u, CURLUPART_FRAGMENT, &more, 0);
	curl_free(scheme);
	curl_free(host);
	curl_free(path);
	curl_free(more);
	curl_url_cleanup(u);
	if (secret)
		return wr_fail(err, EINVAL,
			       "an address with a user and a password would be shown in "
			       "many places: not here");
	if (fine && base[strlen(base) - 1] != '/')
		return 0;
	return wr_fail(err, EINVAL,
		       "'%s': expected http://HOST:PORT, https://HOST:PORT or unix:PATH", base);
}

void wr_gateway_begin(void)
{
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
}

/* From a file that is its owner's alone, at each request, and into no text of weir's. */
static int key_line(const struct wr_gateway *g, struct wr_buf *line, struct wr_err *err)
{
	const char *path = g->conf.api.key_file;

	if (!g->driver->key_header || !path[0])
		return 0;
	wr_buf_fmt(line, "%s: ", g->driver->key_header);
	return wr_http_key(line, path, err);
}

static int failed(const struct wr_gateway_http *h, int ret, struct wr_err *err)
{
	struct wr_err said = *err;

	switch (-ret) {
	case EMSGSIZE:
		return wr_fail(err, EMSGSIZE,
			       "%s%s answers with more than gateway.answer allows: is this the "
			       "gateway's address?",
			       h->base, h->path);
	case ETIMEDOUT:
		return wr_fail(err, ETIMEDOUT,
			       "%s%s does not answer in time (gateway.timeout): is the gateway "
			       "stuck?",
			       h->base, h->path);
	case ECONNREFUSED:
		return wr_fail(err, ECONNREFUSED,
			       "%s: nobody listens there (%s); is the gateway running, and is this "
			       "its address?",
			       h->base, said.text);
	}
	return wr_fail(err, -ret, "%s%s: %s", h->base, h->path, said.text);
}

int wr_gateway_http(const struct wr_gateway *g, struct wr_gateway_http *h, struct wr_err *err)
{
	struct wr_buf key = {0};
	struct wr_err said = {0};
	const char *heads[3] = {NULL};
	char url[1024];
	struct wr_http http = {
		.url = url,
		.unix_path = is_unix(h->base) ? h->base + strlen(unix_scheme) : NULL,
		.method = h->method,
		.heads = heads,
		.body = h->body,
		.body_n = h->body_n,
		.timeout_ns = g->conf.timeout_ns,
		.most = g->conf.answer_bytes,
		.answer = h->answer,
	};
	int n = 0, ret = key_line(g, &key, err);

	if (ret) {
		wr_buf_free(&key);
		return ret;
	}
	if (h->head)
		heads[n++] = h->head;
	if (key.used)
		heads[n] = wr_buf_text(&key);
	snprintf(url, sizeof(url), "%s%s", is_unix(h->base) ? "http://localhost" : h->base,
		 h->path);
	ret = wr_http(&http, &said);
	wr_buf_free(&key);
	h->answer = http.answer;
	h->status = http.status;
	memcpy(h->etag, http.etag, sizeof(h->etag));
	if (ret && err)
		*err = said;
	return ret ? failed(h, ret, err ? err : &said) : 0;
}
