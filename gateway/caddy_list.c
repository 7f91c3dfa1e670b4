/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/caddy_list.h"

#include <errno.h>
#include <jansson.h>

#include "gateway/addresses.h"

/* ---- reading ---- */

int wr_caddy_read(struct wr_gateway_seen *seen, const char *json, size_t n, struct wr_err *err)
{
	json_error_t why;
	json_t *list = json_loadb(json ? json : "", n, JSON_DECODE_ANY, &why);
	int ret = 0;

	if (!list)
		ret = wr_fail(err, EPROTO, "its answer is no JSON (%s)", why.text);
	else if (json_is_array(list))
		ret = wr_gateway_addresses_read(seen, list, err);
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
