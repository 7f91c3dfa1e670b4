/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MOST = 4096 };

struct taking {
	struct wr_http *h;
	bool too_much;
};

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
	struct taking *t = ctx;

	n *= size;
	if (t->h->answer.used + n > t->h->most) {
		t->too_much = true;
		return 0; /* ends the transfer */
	}
	wr_buf_add(&t->h->answer, data, n);
	return n;
}

static void take_value(const char *data, size_t len, const char *name, char *to, size_t room)
{
	size_t from = strlen(name);

	if (len <= from || strncasecmp(data, name, from))
		return;
	while (from < len && data[from] == ' ')
		from++;
	while (len > from && (data[len - 1] == '\r' || data[len - 1] == '\n'))
		len--;
	if (len - from >= room)
		return;
	memcpy(to, data + from, len - from);
	to[len - from] = 0;
}

/* Headers, and trailers behind the body, where Caddy puts its ETag. */
static size_t take_header(char *data, size_t size, size_t n, void *ctx)
{
	struct taking *t = ctx;

	take_value(data, n * size, "etag:", t->h->etag, sizeof(t->h->etag));
	take_value(data, n * size, "retry-after:", t->h->retry_after, sizeof(t->h->retry_after));
	return n * size;
}

/* Without an empty Expect, curl asks before it sends a large body, and waits. */
static int headers(const struct wr_http *h, struct curl_slist **all, struct wr_err *err)
{
	static const char *const ours[] = {"Expect:", "Content-Type: application/json", NULL};
	const char *const *const lists[] = {ours, h->heads};

	for (size_t i = 0; i < 2; i++)
		for (const char *const *line = lists[i]; line && *line; line++) {
			struct curl_slist *more = curl_slist_append(*all, *line);

			if (!more)
				return wr_fail(err, ENOMEM, "no memory for HTTP");
			*all = more;
		}
	return 0;
}

static void set_up(CURL *c, struct taking *t)
{
	const struct wr_http *h = t->h;

	curl_easy_setopt(c, CURLOPT_URL, h->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "weir/" WR_VERSION);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	/* 0 would be never. */
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(h->timeout_ns / 1000000) + 1);
#if CURL_AT_LEAST_VERSION(7, 87, 0)
	/* Else the end waits for a name server that does not answer. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	if (h->unix_path)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, h->unix_path);
	if (h->body) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, h->body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)h->body_n);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, h->method);
}

static int failed(const struct taking *t, CURLcode code, const char *why, struct wr_err *err)
{
	const char *said = why[0] ? why : curl_easy_strerror(code);

	if (t->too_much)
		return wr_fail(err, EMSGSIZE, "the answer is larger than %zu bytes", t->h->most);
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return wr_fail(err, ETIMEDOUT, "%s", said);
	case CURLE_COULDNT_CONNECT:
		return wr_fail(err, ECONNREFUSED, "%s", said);
	case CURLE_RECV_ERROR: /* whether it has heard the request is not known */
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return wr_fail(err, ECONNRESET, "%s", said);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return wr_fail(err, EBADMSG, "%s", said);
	default:
		return wr_fail(err, EIO, "%s", said);
	}
}

int wr_http_begin(struct wr_err *err)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT)
		       ? wr_fail(err, ENOMEM, "libcurl does not start")
		       : 0;
}

int wr_http(struct wr_http *h, struct wr_err *err)
{
	struct taking t = {.h = h};
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *list = NULL;
	CURL *c = curl_easy_init();
	CURLcode code = CURLE_OK;
	int ret;

	wr_buf_clear(&h->answer);
	h->status = 0;
	h->etag[0] = h->retry_after[0] = 0;
	ret = c ? headers(h, &list, err) : wr_fail(err, ENOMEM, "no memory for HTTP");
	if (!ret) {
		set_up(c, &t);
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
		curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
		code = curl_easy_perform(c);
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &h->status);
	}
	curl_slist_free_all(list);
	curl_easy_cleanup(c);
	return code ? failed(&t, code, why, err) : ret;
}

int wr_http_key(struct wr_buf *key, const char *path, struct wr_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), ret;
	struct wr_buf b = {0};
	struct stat st;

	if (fd < 0)
		return wr_fail(err, errno, "%s: %s", path, strerror(errno));
	if (!fstat(fd, &st) && (st.st_mode & (S_IRWXG | S_IRWXO))) {
		close(fd);
		return wr_fail(err, EPERM, "%s: others may read it; chmod 600", path);
	}
	ret = wr_buf_read(&b, fd, KEY_MOST);
	close(fd);
	if (!ret)
		wr_buf_add(key, wr_buf_text(&b), strcspn(wr_buf_text(&b), "\r\n"));
	wr_buf_free(&b);
	if (ret == -EFBIG)
		return wr_fail(err, EFBIG, "%s: more than %d bytes", path, KEY_MOST);
	return ret ? wr_fail(err, -ret, "%s: %s", path, strerror(-ret)) : 0;
}
