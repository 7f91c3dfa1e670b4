/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/nginx_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const opens[] = {
	[WR_GATEWAY_DENY] = "geo $weir_deny {", [WR_GATEWAY_LIMIT] = "geo $weir_class {"};
static const char *const standards[] = {
	[WR_GATEWAY_DENY] = "\tdefault 0;\n", [WR_GATEWAY_LIMIT] = "\tdefault \"\";\n"};

void wr_nginx_stamp(struct wr_buf *b, const char *name, uint64_t generation)
{
	wr_buf_fmt(b, "%s %" PRIu64, name, generation);
}

/* ---- writing ---- */

static void print_entry(struct wr_buf *b, const struct wr_gateway_entry *e)
{
	wr_buf_char(b, '\t');
	wr_gateway_who_print(b, e->kind, &e->who);
	wr_buf_char(b, ' ');
	wr_buf_u64(b, e->verb == WR_GATEWAY_LIMIT ? e->rate : 1);
	wr_buf_str(b, ";\n");
}

void wr_nginx_print(struct wr_buf *b, const struct wr_gateway_block *old, const char *name,
		    uint64_t generation, const struct wr_gateway_set *want,
		    const struct wr_gateway_diff *d)
{
	wr_gateway_block_begin(b, old, name, generation);
	for (int verb = 0; verb < WR_GATEWAY_VERBS; verb++) {
		wr_buf_fmt(b, "%s\n%s", opens[verb], standards[verb]);
		for (size_t i = 0; i < want->n; i++)
			if (want->at[i].verb == verb && wr_gateway_stays(d, i))
				print_entry(b, &want->at[i]);
		wr_buf_str(b, "}\n");
	}
	wr_buf_str(b, "geo $weir_stamp {\n\tdefault \"");
	wr_nginx_stamp(b, name, generation);
	wr_buf_str(b, "\";\n}\n");
	wr_gateway_block_end(b, old);
}

/* ---- reading ---- */

/* "\tADDRESS VALUE;", ended by 0. */
static bool read_entry(struct wr_gateway_found *f, char *line, int verb)
{
	char *key = line + strspn(line, " \t"), *blank = strchr(key, ' '), *end;
	unsigned long v;

	if (!blank)
		return false;
	*blank = 0;
	v = strtoul(blank + 1, &end, 10);
	*f = (struct wr_gateway_found){
		.verb = (uint8_t)verb,
		.tagged = true,
		.rate = verb == WR_GATEWAY_LIMIT ? (uint32_t)v : 0,
		.key = key,
		.value = blank + 1,
	};
	return !wr_prefix_parse(&f->who, key, strlen(key)) && end != blank + 1 && *end == ';' &&
	       v && v <= WR_GATEWAY_RATE_MAX;
}

/* What is no entry is a line that weir has not written: the file is another one then than it should
 * be, and is written anew. */
int wr_nginx_read(struct wr_gateway_seen *seen, char *inside, size_t n)
{
	char *line = inside, *end = inside + n, *stop;
	struct wr_gateway_found f;
	int verb = -1;

	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			break;
		*stop = 0;
		if (*line == '}')
			verb = -1;
		for (int v = 0; v < WR_GATEWAY_VERBS; v++)
			if (!strcmp(line, opens[v]))
				verb = v;
		if (verb >= 0 && read_entry(&f, line, verb) && wr_gateway_seen_add(seen, &f))
			return -ENOMEM;
	}
	return 0;
}

/* ---- the configuration in use ---- */

static bool any_address(const char *line)
{
	return strstr(line, "set_real_ip_from") &&
	       (strstr(line, " 0.0.0.0/0") || strstr(line, " ::/0"));
}

void wr_nginx_look(struct wr_nginx_config *c, const char *text, size_t n, const char *file)
{
	bool own = false, listens_proxy = false, takes_header = false;
	size_t at = 0, len;
	const char *l;
	char line[512];

	*c = (struct wr_nginx_config){0};
	while ((l = wr_gateway_line(text, n, &at, &len))) {
		snprintf(line, sizeof(line), "%.*s", (int)(len < 511 ? len : 511), l);
		if (!strncmp(line, "# configuration file ", 21)) {
			own = !strncmp(line + 21, file, strlen(file)) &&
			      line[21 + strlen(file)] == ':';
			c->includes |= own;
		}
		line[strcspn(line, "#")] = 0;
		c->denies |= !own && strstr(line, "$weir_deny");
		c->stamps |= !own && strstr(line, "$weir_stamp");
		c->trusts_all |= any_address(line);
		listens_proxy |= strstr(line, "listen ") && strstr(line, "proxy_protocol");
		takes_header |= strstr(line, "real_ip_header") && !strstr(line, "proxy_protocol");
	}
	c->mixes_proxy = listens_proxy && takes_header;
}
