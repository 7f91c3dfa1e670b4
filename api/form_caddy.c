/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "api/form.h"

/*
 * Caddy's access log (caddyserver.com/docs/logging):
 *	{"level":"info","ts":1646861401.52,"logger":"http.log.access","msg":"handled request",
 *	"request":{"remote_ip":"127.0.0.1","remote_port":"41342","method":"GET","host":"localhost",
 *	"uri":"/","headers":{…}},"user_id":"","duration":0.0009,"size":10900,"status":200,…}
 * Since 2.5 client_ip is who asked when a proxy in front is trusted. All headers of the request
 * are in the line; the name of a consumer is hashed, nothing else of them is looked at.
 */

/* The first of these that is there: a key tells more than a token that changes. */
static const char *const key_headers[] = {"x-api-key", "api-key", "apikey", "authorization"};

static struct wr_api_text string_at(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	const char *s = json_string_value(v);

	return (struct wr_api_text){s, s ? s + json_string_length(v) : s};
}

static void take_header(const struct wr_api_line_conf *conf, const json_t *headers,
			const char *name, struct wr_api_request *r)
{
	void *at = json_object_iter((json_t *)headers);

	for (; at; at = json_object_iter_next((json_t *)headers, at)) {
		const json_t *v = json_array_get(json_object_iter_value(at), 0);
		const char *s = json_string_value(v);

		if (s && !strcasecmp(json_object_iter_key(at), name))
			wr_api_consumer(conf, r,
					(struct wr_api_text){s, s + json_string_length(v)});
	}
}

static void take_consumer(const struct wr_api_line_conf *conf, const json_t *headers,
			  struct wr_api_request *r)
{
	size_t n = sizeof(key_headers) / sizeof(key_headers[0]);

	for (size_t i = 0; i < n && !(r->has & WR_API_HAS_CONSUMER); i++)
		take_header(conf, headers, key_headers[i], r);
}

int wr_api_form_caddy(const struct wr_api_line_conf *conf, const json_t *o,
		      struct wr_api_request *r)
{
	const json_t *request = json_object_get(o, "request");
	struct wr_api_text t = string_at(request, "client_ip");
	uint64_t port;

	if (!t.at)
		t = string_at(request, "remote_ip");
	if (!t.at || !json_object_get(request, "uri"))
		return -EINVAL;
	/* What stands outside of the request has the usual names, beside what was read. */
	if (wr_api_form_keys(conf, o, r))
		return -EINVAL;
	wr_api_client(r, t);
	t = string_at(request, "remote_port");
	if (t.at && wr_api_digits(&t, &port) && port < 65536)
		r->port = (uint16_t)port;
	t = string_at(request, "host");
	if (t.at)
		wr_api_copy(r->host, WR_API_HOST, t);
	if (json_is_integer(json_object_get(o, "bytes_read"))) {
		json_int_t n = json_integer_value(json_object_get(o, "bytes_read"));

		r->bytes_in = n > 0 ? (uint64_t)n : 0;
		r->has |= WR_API_HAS_IN;
	}
	take_consumer(conf, json_object_get(request, "headers"), r);
	return 0;
}
