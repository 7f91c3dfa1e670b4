/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/caddy_list.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/json.h"

/* ---- reading ---- */

static int add(struct wr_gateway_seen *seen, const char *text)
{
	struct wr_gateway_found f = {
		.verb = WR_GATEWAY_DENY, .kind = WR_GATEWAY_ADDRESS, .key = text};

	f.odd = wr_prefix_parse(&f.who, text, strlen(text)) != 0;
	return wr_gateway_seen_add(seen, &f);
}

/* Copied with room for all first, so that what points into it stays. */
static int add_all(struct wr_gateway_seen *seen, const json_t *list, struct wr_err *err)
{
	struct wr_buf *b = &seen->raw[0];
	size_t i, room = 0;
	const json_t *v;

	json_array_foreach(list, i, v)
	{
		if (!json_is_string(v))
			return wr_fail(err, EPROTO,
				       "its list of addresses has something else in it");
		room += json_string_length(v) + 1;
	}
	if (room && !wr_buf_room(b, room))
		return wr_fail(err, ENOMEM, "no memory for a list");
	json_array_foreach(list, i, v)
	{
		const char *text = b->at + b->used;

		wr_buf_add(b, json_string_value(v), json_string_length(v) + 1);
		if (add(seen, text))
			return wr_fail(err, ENOMEM, "no memory for a list");
	}
	return 0;
}

int wr_caddy_read(struct wr_gateway_seen *seen, const char *json, size_t n, struct wr_err *err)
{
	json_error_t why;
	json_t *list = json_loadb(json ? json : "", n, JSON_DECODE_ANY, &why);
	int ret = 0;

	if (!list)
		ret = wr_fail(err, EPROTO, "its answer is no JSON (%s)", why.text);
	else if (json_is_array(list))
		ret = add_all(seen, list, err);
	else if (!json_is_null(list))
		ret = wr_fail(err, EPROTO, "its answer is no list of addresses");
	json_decref(list);
	return ret;
}

int wr_caddy_look(const char *json, size_t n, bool *forwarded, struct wr_err *err)
{
	json_t *route = json_loadb(json ? json : "", n, 0, NULL);
	const json_t *matcher = json_array_get(json_object_get(route, "match"), 0);
	const json_t *ip = json_object_get(matcher, "remote_ip");
	int ret = 0;

	*forwarded = json_is_true(json_object_get(ip, "forwarded"));
	if (!json_is_object(ip))
		ret = wr_fail(err, EPROTO, "its first matcher is no remote_ip");
	else if (json_object_size(matcher) > 1)
		ret = wr_fail(
			err, EPROTO,
			"its first matcher asks for more than remote_ip: not every request of "
			"an address is refused");
	else if (!json_is_array(json_object_get(ip, "ranges")))
		ret = wr_fail(err, EPROTO, "its remote_ip has no ranges");
	json_decref(route);
	return ret;
}

/* ---- writing ---- */

void wr_caddy_print(struct wr_buf *b, const struct wr_gateway_set *want,
		    const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	bool first = true;

	wr_buf_char(b, '[');
	for (size_t i = 0; i < seen->n; i++) {
		if (seen->at[i].leaves)
			continue;
		wr_json_str(b, NULL, seen->at[i].key);
		first = false;
	}
	for (size_t i = 0; i < want->n; i++) {
		if (d->deed[i] != WR_GATEWAY_ADD)
			continue;
		wr_buf_str(b, first ? "\"" : ",\"");
		wr_gateway_who_print(b, want->at[i].kind, &want->at[i].who);
		wr_buf_char(b, '"');
		first = false;
	}
	wr_buf_char(b, ']');
}
