/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "export/post.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
	QUEUE_DEFAULT = 4 << 20,
	TIMEOUT_MS = 10000,
	PAUSE_MS = 1000,
	PAUSE_MAX_MS = 60000,
	RETRY_AFTER_MAX_S = 3600,
	ANSWER_MAX = 1 << 16, /* of it this much is read */
	ANSWER_LIMIT = 4 << 20,
};

#define TELL_NS 60000000000ull
#define NS_PER_MS 1000000ull

struct wr_post {
	struct wr_outbox *box; /* own, or the caller's */
	struct wr_outbox own;
	CURLM *multi; /* owned, as the next three */
	CURL *easy;
	struct curl_slist *headers;
	char *url, *shown;
	char name[16], things[16], rejected[32];
	bool newest_first, retry_all_5xx;
	uint32_t tries_max, tries; /* of the oldest */
	bool flying;		   /* the oldest is on its way */
	uint64_t retry_ns, tell_ns;
	uint32_t pause_ms, pause_first_ms, pause_max_ms; /* pause_ms 0: the last one went well */
	unsigned int seed;
	struct wr_buf answer;
	size_t answer_bytes;
	char why[CURL_ERROR_SIZE];
	char trouble[256];
};

/* ---- open, close ---- */

static size_t take_answer(char *data, size_t size, size_t n, void *ctx)
{
	struct wr_post *s = ctx;
	size_t room = ANSWER_MAX - s->answer.used;

	n *= size;
	s->answer_bytes += n;
	if (s->answer_bytes > ANSWER_LIMIT)
		return 0; /* ends the transfer */
	wr_buf_add(&s->answer, data, n < room ? n : room);
	return n;
}

static bool add_header(struct wr_post *s, const char *line)
{
	struct curl_slist *more = curl_slist_append(s->headers, line);

	s->headers = more ? more : s->headers;
	return more;
}

static int add_headers(struct wr_post *s, const struct wr_post_conf *conf, struct wr_err *err)
{
	/* Without an empty Expect, curl asks before it sends a large body, and waits for an answer
	 * that many servers never give. */
	bool fine = add_header(s, "Content-Type: application/json") && add_header(s, "Expect:");

	for (int i = 0; i < conf->n_headers && fine; i++) {
		const char *h = conf->headers[i], *colon = strchr(h, ':');

		if (!colon || colon == h || strpbrk(h, "\r\n"))
			return wr_fail(err, EINVAL,
				       "%s header %d: wanted is 'Name: value' on one line", s->name,
				       i + 1);
		fine = add_header(s, h);
	}
	return fine ? 0 : wr_fail(err, ENOMEM, "no memory for headers");
}

static int check_url(const char *name, const char *url, const char *shown, struct wr_err *err)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	bool fine = u && !curl_url_set(u, CURLUPART_URL, url, 0) &&
		    !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
		    !curl_url_get(u, CURLUPART_HOST, &host, 0) &&
		    (!strcmp(scheme, "http") || !strcmp(scheme, "https"));

	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return fine ? 0
		    : wr_fail(err, EINVAL,
			      "%s: '%s' is no http or https address, as "
			      "http://127.0.0.1:4318/v1/metrics is",
			      name, shown);
}

static void set_up(struct wr_post *s, const struct wr_post_conf *conf)
{
	uint32_t timeout = conf->timeout_ms ? conf->timeout_ms : TIMEOUT_MS;

	curl_easy_setopt(s->easy, CURLOPT_URL, s->url);
	curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
	curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "weir/" WR_VERSION);
	curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, (long)timeout);
	curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(s->easy, CURLOPT_ERRORBUFFER, s->why);
	if (conf->ca_file)
		curl_easy_setopt(s->easy, CURLOPT_CAINFO, conf->ca_file);
}

static int start(struct wr_post *s, const struct wr_post_conf *conf, struct wr_err *err)
{
	const char *shown = conf->shown ? conf->shown : conf->url;
	int ret;

	snprintf(s->name, sizeof(s->name), "%s", conf->name ? conf->name : "OTLP");
	snprintf(s->things, sizeof(s->things), "%s", conf->things ? conf->things : "data points");
	snprintf(s->rejected, sizeof(s->rejected), "%s",
		 conf->rejected ? conf->rejected : "rejectedDataPoints");
	s->newest_first = conf->newest_first;
	s->retry_all_5xx = conf->retry_all_5xx;
	s->tries_max = conf->tries;
	ret = check_url(s->name, conf->url, shown, err);
	if (!ret && !conf->box)
		ret = wr_outbox_open(&s->own, conf->queue_bytes ? conf->queue_bytes : QUEUE_DEFAULT,
				     err);
	if (!ret)
		ret = add_headers(s, conf, err);
	if (ret)
		return ret;
	s->pause_first_ms = conf->pause_ms ? conf->pause_ms : PAUSE_MS;
	s->pause_max_ms = conf->pause_max_ms ? conf->pause_max_ms : PAUSE_MAX_MS;
	s->seed = (unsigned int)(uintptr_t)s;
	s->url = strdup(conf->url);
	s->shown = strdup(shown);
	s->multi = curl_multi_init();
	s->easy = curl_easy_init();
	if (!s->url || !s->shown || !s->multi || !s->easy)
		return wr_fail(err, ENOMEM, "no memory for what is sent by HTTP");
	set_up(s, conf);
	return 0;
}

int wr_post_open(struct wr_post **out, const struct wr_post_conf *conf, struct wr_err *err)
{
	struct wr_post *s;
	int ret;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return wr_fail(err, ENOMEM, "libcurl does not start");
	s = calloc(1, sizeof(*s));
	if (!s)
		return wr_fail(err, ENOMEM, "no memory for what is sent by HTTP");
	s->box = conf->box ? conf->box : &s->own;
	ret = start(s, conf, err);
	if (ret) {
		wr_post_close(&s);
		return ret;
	}
	*out = s;
	return 0;
}

void wr_post_close(struct wr_post **out)
{
	struct wr_post *s = *out;

	if (!s)
		return;
	if (s->flying)
		curl_multi_remove_handle(s->multi, s->easy);
	curl_easy_cleanup(s->easy);
	curl_multi_cleanup(s->multi);
	curl_slist_free_all(s->headers);
	wr_outbox_close(&s->own);
	wr_buf_free(&s->answer);
	free(s->url);
	free(s->shown);
	free(s);
	*out = NULL;
}

/* ---- in ---- */

bool wr_post_put(struct wr_post *s, const char *body, size_t n, uint32_t holds)
{
	uint32_t bytes = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;

	while (s->newest_first && s->box->messages && !s->flying && !wr_outbox_fits(s->box, bytes))
		wr_outbox_done(s->box, UINT32_MAX);
	return wr_outbox_put(s->box, body, bytes, holds, 0);
}

bool wr_post_busy(const struct wr_post *s)
{
	return s->box->messages;
}

struct wr_outbox_count wr_post_count(const struct wr_post *s)
{
	return s->box->n;
}

const char *wr_post_trouble(const struct wr_post *s)
{
	return s->trouble;
}

/* ---- out ---- */

static void launch(struct wr_post *s)
{
	const struct wr_outbox_message *m = wr_outbox_next(s->box, NULL);

	wr_buf_clear(&s->answer);
	s->answer_bytes = 0;
	s->why[0] = '\0';
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, (const void *)m->data);
	curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)m->bytes);
	s->flying = !curl_multi_add_handle(s->multi, s->easy);
}

/* partialSuccess.rejectedDataPoints, or Spans, a 64-bit integer: a string, or a number from lax
 * servers. The reason is a stranger's text. */
static uint32_t rejected(struct wr_post *s, char *why, size_t room)
{
	json_t *root = json_loadb(s->answer.at ? s->answer.at : "", s->answer.used, 0, NULL);
	const json_t *partial = json_object_get(root, "partialSuccess");
	const json_t *n = json_object_get(partial, s->rejected);
	const char *text = json_string_value(json_object_get(partial, "errorMessage"));
	unsigned long long v = 0;

	if (json_is_string(n))
		v = strtoull(json_string_value(n), NULL, 10);
	else if (json_is_integer(n) && json_integer_value(n) > 0)
		v = (unsigned long long)json_integer_value(n);
	snprintf(why, room, "%s", text ? text : "no reason given");
	for (char *c = why; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 0x7f ? ' ' : *c;
	json_decref(root);
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static int tell(struct wr_post *s, uint64_t now_ns, const struct wr_err *what, struct wr_err *err)
{
	snprintf(s->trouble, sizeof(s->trouble), "%s", what->text);
	if (now_ns < s->tell_ns)
		return 0;
	s->tell_ns = now_ns + TELL_NS;
	if (err)
		*err = *what;
	return -what->code;
}

static bool may_try_again(const struct wr_post *s, long status)
{
	if (s->retry_all_5xx && (status == 408 || status >= 500))
		return true;
	return status == 429 || (status >= 502 && status <= 504);
}

/* Half of the pause and a random part of the other half: those who failed together do not come
 * back together. */
static void pause_until(struct wr_post *s, uint64_t now_ns)
{
	curl_off_t after_s = 0;
	uint64_t ms;

	s->pause_ms = s->pause_ms ? s->pause_ms * 2 : s->pause_first_ms;
	if (s->pause_ms > s->pause_max_ms)
		s->pause_ms = s->pause_max_ms;
	ms = s->pause_ms / 2 + (unsigned int)rand_r(&s->seed) % (s->pause_ms / 2 + 1);
	curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &after_s);
	if (after_s > RETRY_AFTER_MAX_S)
		after_s = RETRY_AFTER_MAX_S;
	if (after_s > 0)
		ms = (uint64_t)after_s * 1000;
	s->retry_ns = now_ns + ms * NS_PER_MS;
}

/* What happened to a request that was not taken, in words. */
static void say_why(const struct wr_post *s, CURLcode code, long status, char *why, size_t room)
{
	if (code)
		snprintf(why, room, "%s", s->why[0] ? s->why : curl_easy_strerror(code));
	else if (status >= 300 && status < 400)
		snprintf(why, room, "HTTP status %ld: redirects are not followed", status);
	else
		snprintf(why, room, "HTTP status %ld", status);
}

static int try_again(struct wr_post *s, const char *why, uint64_t now_ns, struct wr_err *err)
{
	struct wr_err what = {0};

	pause_until(s, now_ns);
	wr_fail(&what, EIO, "%s to %s: %s; it is tried again", s->name, s->shown, why);
	return tell(s, now_ns, &what, err);
}

/* The oldest is done with: taken, or in part, or not at all. */
static int done(struct wr_post *s, uint32_t lost, const char *why, uint64_t now_ns,
		struct wr_err *err)
{
	struct wr_err what = {0};

	s->pause_ms = 0;
	s->tries = 0;
	s->trouble[0] = '\0';
	wr_outbox_done(s->box, lost);
	if (!lost)
		return 0;
	if (lost == UINT32_MAX)
		wr_fail(&what, EPROTO, "%s to %s: %s; these %s are lost", s->name, s->shown, why,
			s->things);
	else
		wr_fail(&what, EPROTO, "%s to %s: %u %s were rejected: %s", s->name, s->shown, lost,
			s->things, why);
	return tell(s, now_ns, &what, err);
}

static int landed(struct wr_post *s, CURLcode code, uint64_t now_ns, struct wr_err *err)
{
	uint32_t lost = 0;
	long status = 0;
	char why[256];

	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
	if (s->answer_bytes > ANSWER_LIMIT) /* who talks on has said how it went */
		code = CURLE_OK;
	say_why(s, code, status, why, sizeof(why));
	s->tries++;
	if ((code || may_try_again(s, status)) && (!s->tries_max || s->tries < s->tries_max))
		return try_again(s, why, now_ns, err);
	if (code || status < 200 || status >= 300)
		lost = UINT32_MAX;
	else if (s->rejected[0])
		lost = rejected(s, why, sizeof(why));
	return done(s, lost, why, now_ns, err);
}

int wr_post_step(struct wr_post *s, uint64_t now_ns, int wait_ms, struct wr_err *err)
{
	int running = 0, left, ret = 0;
	const CURLMsg *m;

	if (!s->flying && s->box->messages && now_ns >= s->retry_ns)
		launch(s);
	if (!s->flying)
		return 0;
	curl_multi_perform(s->multi, &running);
	if (running && wait_ms > 0) {
		curl_multi_poll(s->multi, NULL, 0, wait_ms, NULL);
		curl_multi_perform(s->multi, &running);
	}
	while ((m = curl_multi_info_read(s->multi, &left))) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(s->multi, s->easy);
		s->flying = false;
		ret = landed(s, code, now_ns, err);
	}
	return ret;
}
