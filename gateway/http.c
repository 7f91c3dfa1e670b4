/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "gateway/gateway_impl.h"

/* One request to an admin API: one answer, a deadline, no redirects, no proxies. */

enum { KEY_MOST = 4096 };

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

struct taking {
	struct wr_gateway_http *h;
	size_t max;
	bool too_much;
};

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
	struct taking *t = ctx;

	n *= size;
	if (t->h->answer.used + n > t->max) {
		t->too_much = true;
		return 0; /* ends the transfer */
	}
	wr_buf_add(&t->h->answer, data, n);
	return n;
}

/* Headers, and trailers behind the body, where Caddy puts this one. */
static size_t take_header(char *data, size_t size, size_t n, void *ctx)
{
	static const char name[] = "etag:";
	struct taking *t = ctx;
	size_t len = n * size, from = sizeof(name) - 1;

	if (len > from && !strncasecmp(data, name, from)) {
		while (from < len && data[from] == ' ')
			from++;
		while (len > from && (data[len - 1] == '\r' || data[len - 1] == '\n'))
			len--;
		if (len - from < sizeof(t->h->etag)) {
			memcpy(t->h->etag, data + from, len - from);
			t->h->etag[len - from] = 0;
		}
	}
	return n * size;
}

/* From a file that is its owner's alone, at each request, and into no text of weir's. */
static int add_key(const struct wr_gateway *g, struct curl_slist **all, struct wr_err *err)
{
	const char *path = g->conf.api.key_file;
	struct wr_buf key = {0}, line = {0};
	struct curl_slist *more;
	struct stat st;
	int ret;

	if (!g->driver->key_header || !path[0])
		return 0;
	if (!stat(path, &st) && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return wr_fail(err, EPERM, "%s: others may read it; chmod 600", path);
	ret = wr_gateway_whole_file(path, KEY_MOST, &key, err);
	if (!ret) {
		wr_buf_fmt(&line, "%s: %.*s", g->driver->key_header,
			   (int)strcspn(wr_buf_text(&key), "\r\n"), wr_buf_text(&key));
		more = curl_slist_append(*all, wr_buf_text(&line));
		if (more)
			*all = more;
		else
			ret = wr_fail(err, ENOMEM, "no memory for HTTP");
	}
	wr_buf_free(&key);
	wr_buf_free(&line);
	return ret;
}

static int headers(const struct wr_gateway *g, const struct wr_gateway_http *h,
		   struct curl_slist **all, struct wr_err *err)
{
	/* Without an empty Expect, curl asks before it sends a large body, and waits. */
	const char *const lines[] = {"Expect:", "Content-Type: application/json", h->head};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct curl_slist *more = lines[i] ? curl_slist_append(*all, lines[i]) : *all;

		if (!more)
			return wr_fail(err, ENOMEM, "no memory for HTTP");
		*all = more;
	}
	return add_key(g, all, err);
}

static void set_up(CURL *c, const struct wr_gateway *g, struct taking *t, const char *url)
{
	const struct wr_gateway_http *h = t->h;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "weir/" WR_VERSION);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(g->conf.timeout_ns / 1000000));
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (is_unix(h->base))
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, h->base + strlen(unix_scheme));
	if (h->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, h->body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)h->body_n);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, h->method);
}

/* Whether it has heard the request is not known. */
static bool cut_off(CURLcode code)
{
	return code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING ||
	       code == CURLE_PARTIAL_FILE;
}

static int failed(const struct wr_gateway_http *h, const struct taking *t, CURLcode code,
		  const char *why, struct wr_err *err)
{
	const char *said = why[0] ? why : curl_easy_strerror(code);

	if (t->too_much)
		return wr_fail(err, EMSGSIZE,
			       "%s%s answers with more than gateway.answer allows: is this the "
			       "gateway's address?",
			       h->base, h->path);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return wr_fail(err, ETIMEDOUT,
			       "%s%s does not answer in time (gateway.timeout): is the gateway "
			       "stuck?",
			       h->base, h->path);
	if (code == CURLE_COULDNT_CONNECT)
		return wr_fail(err, ECONNREFUSED,
			       "%s: nobody listens there (%s); is the gateway running, and is this "
			       "its address?",
			       h->base, said);
	return wr_fail(err, cut_off(code) ? ECONNRESET : EIO, "%s%s: %s", h->base, h->path, said);
}

int wr_gateway_http(const struct wr_gateway *g, struct wr_gateway_http *h, struct wr_err *err)
{
	struct taking t = {.h = h, .max = g->conf.answer_bytes};
	char url[1024], why[CURL_ERROR_SIZE] = "";
	struct curl_slist *list = NULL;
	CURL *c = curl_easy_init();
	CURLcode code = CURLE_OK;
	int ret;

	snprintf(url, sizeof(url), "%s%s", is_unix(h->base) ? "http://localhost" : h->base,
		 h->path);
	wr_buf_clear(&h->answer);
	h->etag[0] = 0;
	ret = c ? headers(g, h, &list, err) : wr_fail(err, ENOMEM, "no memory for HTTP");
	if (!ret) {
		set_up(c, g, &t, url);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
		curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
		code = curl_easy_perform(c);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &h->status);
	}
	curl_slist_free_all(list);
	curl_easy_cleanup(c);
	return code ? failed(h, &t, code, why, err) : ret;
}
