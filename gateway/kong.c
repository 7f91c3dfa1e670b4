/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "gateway/object.h"

/*
 * Kong 3 with a database: the plugin ip-restriction for all requests. By its source; not tried
 * against the program itself.
 */

/* A UUID of one's own making (RFC 9562, 5.8), always the same for a name: PUT is then a
 * replacement. */
static void path(struct wr_buf *b, const char *name, uint64_t lasts_s, bool put)
{
	uint64_t h = 14695981039346656037ull; /* FNV-1a */

	(void)lasts_s, (void)put;
	for (const char *c = name; *c; c++)
		h = (h ^ (unsigned char)*c) * 1099511628211ull;
	wr_buf_fmt(b, "/plugins/77656972-%04x-8%03x-8%03x-%012" PRIx64,
		   (unsigned int)(h >> 48 & 0xffff), (unsigned int)(h & 0xfff),
		   (unsigned int)(h >> 12 & 0xfff), h >> 4 & 0xffffffffffff);
}

static void head(struct wr_buf *b, const char *name)
{
	wr_buf_fmt(b,
		   "{\"name\":\"ip-restriction\",\"tags\":[\"weir\",\"weir-%s\"],\"config\":{"
		   "\"status\":"
		   "403,\"message\":\"refused\",\"deny\":",
		   name);
}

static const json_t *list(const json_t *answer)
{
	return json_object_get(json_object_get(answer, "config"), "deny");
}

static bool ours(const json_t *answer, const char *name)
{
	const json_t *tags = json_object_get(answer, "tags"), *tag;
	bool ours = false;
	size_t i;

	(void)name;
	json_array_foreach(tags, i, tag) ours |=
		json_is_string(tag) && !strcmp(json_string_value(tag), "weir");
	return ours;
}

static const char *const warnings[] = {
	"a service, route or consumer with an ip-restriction of its own is not covered by weir's: "
	"Kong "
	"runs one configuration of a plugin for a request",
	"weir's addresses in that one, too, or rules of weir on the packets' source",
	NULL,
};

static const struct wr_gateway_dialect dialect = {
	.path = path,
	.head = head,
	.tail = "}}",
	.list = list,
	.ours = ours,
	.warnings = warnings,
};

const struct wr_gateway_driver wr_gateway_kong = {
	WR_GATEWAY_OBJECT, .name = "kong", .key_header = "Kong-Admin-Token", .dialect = &dialect};
