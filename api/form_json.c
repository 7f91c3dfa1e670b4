/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/form.h"
#include "base/when.h"

/*
 * JSON: one object a line. Which keys mean what stands in a table: the names of nginx's variables,
 * of HAProxy's log formats as docs/api.md has them, of Traefik, Kong and APISIX, and the usual
 * ones. The first key of the table that is there counts.
 */

static struct wr_api_text text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	return (struct wr_api_text){s, s ? s + json_string_length(v) : s};
}

/* A number, also one in a text. */
static bool number_of(const json_t *v, double *to)
{
	struct wr_api_text t = text_of(v), digits = t;
	uint64_t ns, whole;

	if (json_is_number(v))
		*to = json_number_value(v);
	else if (t.at && wr_api_digits(&digits, &whole) && digits.at == digits.end)
		*to = (double)whole; /* also what is no number of seconds, as bytes */
	else if (t.at && wr_api_seconds_sum(&t, &ns) && t.at == t.end)
		*to = (double)ns / 1e9;
	else
		return false;
	return isfinite(*to) && *to >= 0;
}

static bool take_u64(const json_t *v, double scale, uint64_t *to)
{
	double d;

	if (!number_of(v, &d) || d * scale > 1e19)
		return false;
	*to = (uint64_t)(d * scale + 0.5);
	return true;
}

/* ---- what keys mean ---- */

typedef bool (*take_fn)(const struct wr_api_line_conf *conf, const json_t *v, double scale,
			struct wr_api_request *r);

static bool client(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		   struct wr_api_request *r)
{
	(void)conf;
	(void)scale;
	return json_is_string(v) && wr_api_client(r, text_of(v));
}

static bool port(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		 struct wr_api_request *r)
{
	uint64_t p;

	(void)conf;
	if (!take_u64(v, scale, &p) || p > 65535)
		return false;
	r->port = (uint16_t)p;
	return true;
}

static bool method(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		   struct wr_api_request *r)
{
	(void)conf;
	(void)scale;
	if (!json_is_string(v) || json_string_length(v) >= WR_API_METHOD)
		return false;
	wr_api_copy(r->method, WR_API_METHOD, text_of(v));
	return true;
}

static bool target(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		   struct wr_api_request *r)
{
	(void)conf;
	(void)scale;
	if (!json_is_string(v))
		return false;
	wr_api_target(r, text_of(v));
	return true;
}

static bool line(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		 struct wr_api_request *r)
{
	(void)conf;
	(void)scale;
	if (!json_is_string(v))
		return false;
	wr_api_request_line(r, text_of(v));
	return true; /* also for what was no request, which has a status */
}

static bool status(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		   struct wr_api_request *r)
{
	uint64_t s;

	(void)conf;
	if (!take_u64(v, scale, &s))
		return json_is_number(v); /* -1: there was no answer */
	r->status = s < 1000 ? (uint16_t)s : 0;
	return true;
}

static bool consumer(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		     struct wr_api_request *r)
{
	(void)scale;
	if (json_is_string(v))
		wr_api_consumer(conf, r, text_of(v));
	return r->has & WR_API_HAS_CONSUMER;
}

/* What the gateway has hashed already with a key of its own stays as it is: the key of an entry of
 * `weir gateway` is the same. Anything else is hashed as a name is. */
static bool consumer_hash(const struct wr_api_line_conf *conf, const json_t *v, double scale,
			  struct wr_api_request *r)
{
	const char *text = json_is_string(v) ? json_string_value(v) : "";

	if (strlen(text) != 16 || text[strspn(text, "0123456789abcdefABCDEF")])
		return consumer(conf, v, scale, r);
	r->consumer = strtoull(text, NULL, 16);
	r->has |= WR_API_HAS_CONSUMER;
	return true;
}

static bool when(const struct wr_api_line_conf *conf, const json_t *v, double scale,
		 struct wr_api_request *r)
{
	struct wr_api_text t = text_of(v);
	char date[40];
	double at;

	(void)conf;
	/* RFC 3339; what else base/when.h takes ("now") is none here. */
	if (t.at && wr_api_left(&t) > 18 && t.at[4] == '-' && wr_api_left(&t) < sizeof(date)) {
		wr_api_copy(date, sizeof(date), t);
		if (wr_when_parse(date, 0, &r->time_ns, NULL))
			return false;
		r->has |= WR_API_HAS_TIME;
		return true;
	}
	if (!number_of(v, &at))
		return false;
	/* Milliseconds since 1970 are used as often as seconds. */
	at *= at > 1e11 ? scale / 1000 : scale;
	if (at >= (double)WR_API_TIME_END)
		return false;
	r->time_ns = (uint64_t)at;
	r->has |= WR_API_HAS_TIME;
	return true;
}

#define NUMBER(fn, field, bit)                                                             \
	static bool fn(const struct wr_api_line_conf *conf, const json_t *v, double scale, \
		       struct wr_api_request *r)                                           \
	{                                                                                  \
		(void)conf;                                                                \
		if (!take_u64(v, scale, &r->field))                                        \
			return false;                                                      \
		r->has |= (bit);                                                           \
		return true;                                                               \
	}
NUMBER(first, first_ns, WR_API_HAS_FIRST)
NUMBER(total, total_ns, WR_API_HAS_TOTAL)
NUMBER(bytes_in, bytes_in, WR_API_HAS_IN)
NUMBER(bytes_out, bytes_out, WR_API_HAS_OUT)
NUMBER(tokens_in, tokens_in, WR_API_HAS_TOKENS)
NUMBER(tokens_out, tokens_out, WR_API_HAS_TOKENS)

#define NAME(fn, field)                                                                    \
	static bool fn(const struct wr_api_line_conf *conf, const json_t *v, double scale, \
		       struct wr_api_request *r)                                           \
	{                                                                                  \
		(void)conf;                                                                \
		(void)scale;                                                               \
		if (!json_is_string(v))                                                    \
			return false;                                                      \
		wr_api_copy(r->field, sizeof(r->field), text_of(v));                       \
		return true;                                                               \
	}
NAME(host, host)
NAME(frontend, frontend)
NAME(backend, backend)

#define S 1e9
#define MS 1e6

/* within: the key of an object that holds it; NULL: none. */
static const struct key {
	const char *within, *name;
	take_fn take;
	double scale;
} keys[] = {
	{NULL, "client_ip", client, 1},
	{NULL, "client", client, 1},
	{NULL, "remote_addr", client, 1},
	{NULL, "src_ip", client, 1},
	{NULL, "ClientHost", client, 1},
	{NULL, "client_addr", client, 1},
	{NULL, "ip", client, 1},
	{NULL, "client_port", port, 1},
	{NULL, "remote_port", port, 1},
	{NULL, "src_port", port, 1},
	{NULL, "ClientPort", port, 1},
	{NULL, "method", method, 1},
	{NULL, "request_method", method, 1},
	{NULL, "RequestMethod", method, 1},
	{"request", "method", method, 1},
	{NULL, "host", host, 1},
	{NULL, "http_host", host, 1},
	{NULL, "RequestHost", host, 1},
	{NULL, "path", target, 1},
	{NULL, "uri", target, 1},
	{NULL, "request_uri", target, 1},
	{NULL, "RequestPath", target, 1},
	{NULL, "url", target, 1},
	{"request", "uri", target, 1},
	{"request", "url", target, 1},
	{NULL, "request", line, 1},
	{NULL, "status", status, 1},
	{NULL, "status_code", status, 1},
	{NULL, "DownstreamStatus", status, 1},
	{"response", "status", status, 1},
	{NULL, "first_byte_ms", first, MS},
	{NULL, "upstream_header_time", first, S},
	{NULL, "total_ms", total, MS},
	{NULL, "duration_ms", total, MS},
	{NULL, "latency_ms", total, MS},
	{NULL, "request_time", total, S},
	{NULL, "duration", total, S},
	{NULL, "Duration", total, 1},
	{"latencies", "request", total, MS},
	{NULL, "bytes_in", bytes_in, 1},
	{NULL, "request_length", bytes_in, 1},
	{NULL, "request_size", bytes_in, 1},
	{NULL, "RequestContentSize", bytes_in, 1},
	{"request", "size", bytes_in, 1},
	{NULL, "bytes_out", bytes_out, 1},
	{NULL, "body_bytes_sent", bytes_out, 1},
	{NULL, "bytes_sent", bytes_out, 1},
	{NULL, "response_size", bytes_out, 1},
	{NULL, "DownstreamContentSize", bytes_out, 1},
	{NULL, "size", bytes_out, 1},
	{"response", "size", bytes_out, 1},
	{NULL, "consumer_hmac", consumer_hash, 1},
	{NULL, "consumer", consumer, 1},
	{"consumer", "username", consumer, 1},
	{"consumer", "id", consumer, 1},
	{NULL, "kid", consumer, 1},
	{NULL, "api_key", consumer, 1},
	{NULL, "apikey", consumer, 1},
	{NULL, "consumer_name", consumer, 1},
	{NULL, "remote_user", consumer, 1},
	{NULL, "user_id", consumer, 1},
	{NULL, "ClientUsername", consumer, 1},
	{NULL, "prompt_tokens", tokens_in, 1},
	{NULL, "input_tokens", tokens_in, 1},
	{NULL, "llm_prompt_tokens", tokens_in, 1},
	{"usage", "prompt_tokens", tokens_in, 1},
	{"usage", "input_tokens", tokens_in, 1},
	{NULL, "completion_tokens", tokens_out, 1},
	{NULL, "output_tokens", tokens_out, 1},
	{NULL, "llm_completion_tokens", tokens_out, 1},
	{"usage", "completion_tokens", tokens_out, 1},
	{"usage", "output_tokens", tokens_out, 1},
	{NULL, "ts", when, S},
	{NULL, "msec", when, S},
	{NULL, "time", when, S},
	{NULL, "timestamp", when, S},
	{NULL, "started_at", when, S},
	{NULL, "@timestamp", when, S},
	{NULL, "time_iso8601", when, S},
	{NULL, "StartUTC", when, S},
	{NULL, "frontend", frontend, 1},
	{NULL, "RouterName", frontend, 1},
	{NULL, "backend", backend, 1},
	{NULL, "ServiceName", backend, 1},
	{NULL, "upstream_addr", backend, 1},
	{"service", "name", backend, 1},
};

/* Keys of one meaning stand together but for those whose text is taken apart: who was there first
 * stays. */
int wr_api_form_keys(const struct wr_api_line_conf *conf, const json_t *o, struct wr_api_request *r)
{
	take_fn done[sizeof(keys) / sizeof(keys[0])];
	size_t n = 0, k;
	bool asked = false, answered = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *from = keys[i].within ? json_object_get(o, keys[i].within) : o;
		const json_t *v = json_object_get(from, keys[i].name);

		for (k = 0; v && k < n && done[k] != keys[i].take; k++)
			;
		if (!v || k < n || !keys[i].take(conf, v, keys[i].scale, r))
			continue;
		done[n++] = keys[i].take;
		asked = asked || keys[i].take == target || keys[i].take == line;
		answered = answered || keys[i].take == status;
	}
	return asked && answered ? 0 : -EINVAL;
}

int wr_api_form_json(const struct wr_api_line_conf *conf, struct wr_api_text t,
		     struct wr_api_request *r)
{
	json_error_t error;
	json_t *o;
	int ret;

	while (wr_api_eat(&t, ' '))
		;
	if (t.at == t.end || *t.at != '{')
		return -EINVAL;
	o = json_loadb(t.at, wr_api_left(&t), JSON_ALLOW_NUL, &error);
	ret = json_is_object(o) ? 0 : -EINVAL;
	if (!ret && wr_api_form_caddy(conf, o, r)) {
		memset(r, 0, sizeof(*r));
		ret = wr_api_form_keys(conf, o, r);
	}
	json_decref(o);
	return ret;
}
