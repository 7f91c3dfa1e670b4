/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <jansson.h>

#include "gateway/object.h"

/*
 * APISIX 3: a global rule with the plugin ip-restriction. By its source; not tried against the
 * program itself.
 */

/* ttl: the rule ends with the last of its entries, weir dead or not (apisix/admin/resource.lua). It
 * is told whenever the list changes, or an entry is made longer. */
static void path(struct wr_buf *b, const char *name, uint64_t lasts_s, bool put)
{
	wr_buf_fmt(b, "/apisix/admin/global_rules/weir-%s", name);
	if (put && lasts_s)
		wr_buf_fmt(b, "?ttl=%" PRIu64, lasts_s);
}

static void head(struct wr_buf *b, const char *name)
{
	(void)name;
	wr_buf_str(
		b,
		"{\"plugins\":{\"ip-restriction\":{\"message\":\"refused\",\"response_code\":403,"
		"\"blacklist\":");
}

static const json_t *list(const json_t *answer)
{
	const json_t *plugins = json_object_get(json_object_get(answer, "value"), "plugins");

	return json_object_get(json_object_get(plugins, "ip-restriction"), "blacklist");
}

/* The name is the tag: "weir-NAME". */
static bool ours(const json_t *answer, const char *name)
{
	(void)name;
	return json_object_size(json_object_get(json_object_get(answer, "value"), "plugins")) == 1;
}

static const struct wr_gateway_dialect dialect = {
	.path = path,
	.head = head,
	.tail = "}}}",
	.list = list,
	.ours = ours,
	.ends = true,
};

const struct wr_gateway_driver wr_gateway_apisix = {WR_GATEWAY_OBJECT, .name = "apisix",
						    .key_header = "X-API-KEY", .dialect = &dialect};
