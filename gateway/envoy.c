/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <string.h>

#include "gateway/own.h"

/*
 * Envoy: the configuration of an HTTP filter (RBAC) in a file that it watches for renames (ECDS by
 * path_config_source). By its API's definitions; not tried against the program itself.
 */

static const char *file(const struct wr_gateway_conf *c)
{
	return c->envoy.file;
}

static void print_principal(struct wr_buf *b, const struct wr_prefix *who)
{
	struct wr_prefix host = *who;

	host.bits = who->ip_v == 4 ? 32 : 128;
	wr_buf_str(b, "{\"remote_ip\":{\"address_prefix\":\"");
	wr_prefix_print(b, &host);
	wr_buf_str(b, "\",\"prefix_len\":");
	wr_buf_u64(b, who->bits);
	wr_buf_str(b, "}}");
}

/* Without anybody to refuse there are no rules: a policy without principals is not accepted, and
 * filters without rules refuse nobody. */
static void print(struct wr_buf *b, const char *name, uint64_t generation,
		  const struct wr_gateway_set *want, const struct wr_gateway_diff *d)
{
	bool any = false;

	wr_buf_fmt(b,
		   "{\"version_info\":\"weir %s %" PRIu64 "\",\n"
		   "\"resources\":[{"
		   "\"@type\":\"type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig\",\n"
		   "\"name\":\"weir-%s\",\n"
		   "\"typed_config\":{\"@type\":\"type.googleapis.com/"
		   "envoy.extensions.filters.http.rbac.v3.RBAC\"",
		   name, generation, name);
	for (size_t i = 0; i < want->n; i++) {
		if (!wr_gateway_stays(d, i))
			continue;
		if (any)
			wr_buf_str(b, ",\n");
		else
			wr_buf_fmt(b,
				   ",\n\"rules\":{\"action\":\"DENY\",\"policies\":{\"weir-%s\":{"
				   "\"permissions\":[{\"any\":true}],\"principals\":[\n",
				   name);
		any = true;
		print_principal(b, &want->at[i].who);
	}
	wr_buf_str(b, any ? "\n]}}}}}]}\n" : "}}]}\n");
}

/* "…{"address_prefix":"ADDRESS","prefix_len":BITS}}" -> "ADDRESS/BITS" */
static char *address(char *line)
{
	static const char before[] = "{\"remote_ip\":{\"address_prefix\":\"",
			  between[] = "\",\"prefix_len\":";
	char *at = line + strlen(before), *bits;

	if (strncmp(line, before, strlen(before)) != 0)
		return NULL;
	bits = strstr(at, between);
	if (!bits)
		return NULL;
	*bits++ = '/';
	memmove(bits, bits + strlen(between) - 1, strlen(bits + strlen(between) - 1) + 1);
	bits[strcspn(bits, "}")] = 0;
	return at;
}

static const char *const endings[] = {".json", ".yaml", NULL};
static const char *const warnings[] = {
	"Envoy does not end entries by itself, and weir sees its file, not what Envoy runs",
	"'weir gateway reconcile --every 1s', or weir run, has to run for ends; the counter "
	"rbac.denied of Envoy's admin port tells whom it refuses",
	NULL};

static const struct wr_gateway_form form = {
	.file = file,
	.endings = endings,
	.begin = "{\"version_info\":\"weir ",
	.print = print,
	.address = address,
	.warnings = warnings,
};

static int check(const struct wr_gateway_conf *c, struct wr_err *err)
{
	return wr_gateway_own_check(&form, c->envoy.file, err);
}

const struct wr_gateway_driver wr_gateway_envoy = {WR_GATEWAY_OWN, .name = "envoy", .where = file,
						   .check = check, .form = &form};
