/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "gateway/object.h"

/*
 * Apinto, the data plane of APIPark: a strategy that refuses (driver "visit") by the client's
 * address. By its source; not tried against the program itself. Its plugin ip_restriction is no
 * good: it compares text, and one IPv6 address makes it refuse everybody.
 */

static int accepts(const struct wr_gateway_conf *c, const struct wr_gateway_entry *e,
		   struct wr_err *err)
{
	(void)c;
	if (e->kind != WR_GATEWAY_ADDRESS || e->who.ip_v == 4)
		return 0;
	return wr_fail(
		err, EOPNOTSUPP,
		"Apinto never finds an IPv6 client in a list of prefixes: block it with a rule "
		"(weir rule add)");
}

static void path(struct wr_buf *b, const char *name, uint64_t lasts_s, bool put)
{
	(void)lasts_s, (void)put;
	wr_buf_fmt(b, "/api/strategy/weir-%s", name);
}

static void head(struct wr_buf *b, const char *name)
{
	wr_buf_fmt(b,
		   "{\"name\":\"weir-%s\",\"driver\":\"visit\",\"description\":\"weir\","
		   "\"priority\":1,"
		   "\"stop\":false,\"matches\":{\"owner\":\"weir\"},\"visit\":{\"visit_rule\":"
		   "\"refuse\",\"influence_sphere\":{},\"continue\":false},\"filters\":{\"ip\":",
		   name);
}

/* What is unknown is answered with 200, too, and a body that has no such list. */
static const json_t *list(const json_t *answer)
{
	return json_object_get(json_object_get(answer, "filters"), "ip");
}

static bool ours(const json_t *answer, const char *name)
{
	const char *text = json_string_value(json_object_get(answer, "description"));

	return wr_gateway_object_named(answer, name) && text && !strcmp(text, "weir");
}

static const char *const warnings[] = {
	"Apinto believes X-Real-IP of anybody: clients choose whom a block hits",
	"a proxy in front that sets X-Real-IP itself, or rules of weir on packets' sources",
	"Apinto's admin API asks nobody who he is",
	"listen: [\"127.0.0.1:9400\"] in its config.yml; weir doctor tells when it is open",
	NULL,
};

static const struct wr_gateway_dialect dialect = {
	.path = path,
	.all = "/api/strategy",
	.head = head,
	.tail = "}}",
	.list = list,
	.ours = ours,
	.warnings = warnings,
};

const struct wr_gateway_driver wr_gateway_apinto = {WR_GATEWAY_OBJECT, .name = "apinto",
						    .accepts = accepts, .dialect = &dialect};
