/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/nginx_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What each is opened by; before those of consumers stand "map" and the variable with the name. */
static const struct part {
	uint8_t verb, kind;
	const char *opens, *standard;
} parts[] = {
	{WR_GATEWAY_DENY, WR_GATEWAY_ADDRESS, "geo $weir_deny {", "0"},
	{WR_GATEWAY_LIMIT, WR_GATEWAY_ADDRESS, "geo $weir_class {", "\"\""},
	{WR_GATEWAY_DENY, WR_GATEWAY_CONSUMER, " $weir_consumer_deny {", "0"},
	{WR_GATEWAY_LIMIT, WR_GATEWAY_CONSUMER, " $weir_consumer_class {", "\"\""},
	{WR_GATEWAY_LIMIT, WR_GATEWAY_ROUTE, "map \"$request_method:$host$uri\" $weir_route {",
	 "\"\""},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static bool has_part(const struct wr_gateway_conf *c, const struct part *p)
{
	return p->kind == WR_GATEWAY_ADDRESS ||
	       (p->kind == WR_GATEWAY_CONSUMER ? c->nginx.consumer[0] != 0 : c->nginx.routes);
}

void wr_nginx_stamp(struct wr_buf *b, const char *name, uint64_t generation)
{
	wr_buf_fmt(b, "%s %" PRIu64, name, generation);
}

/* ---- writing ---- */

/* Of a route the value has its name, too, so that nginx counts routes of one class apart. */
static void print_route(struct wr_buf *b, const struct wr_gateway_entry *e)
{
	wr_buf_str(b, "\t\"~");
	wr_gateway_route_print(b, e->name);
	wr_buf_fmt(b, "\" \"%u:%s\";\n", e->rate, e->name);
}

/* Names that a map has for itself, between quotes, too (ngx_http_map_module: "should be prefixed by
 * the \ symbol"). */
static bool is_word(const char *name)
{
	return !strcmp(name, "default") || !strcmp(name, "include");
}

static void print_entry(struct wr_buf *b, const struct wr_gateway_entry *e)
{
	wr_buf_char(b, '\t');
	if (e->kind == WR_GATEWAY_CONSUMER)
		wr_buf_str(b, is_word(e->name) ? "\"\\" : "\"");
	wr_gateway_who_print(b, e, false);
	wr_buf_str(b, e->kind == WR_GATEWAY_CONSUMER ? "\" " : " ");
	wr_buf_u64(b, e->verb == WR_GATEWAY_LIMIT ? e->rate : 1);
	wr_buf_str(b, ";\n");
}

static void print_routes(struct wr_buf *b, const struct wr_gateway_set *want,
			 const struct wr_gateway_diff *d)
{
	size_t n;
	uint32_t *at = wr_gateway_routes_stay(want, d, &n);

	for (size_t i = 0; at && i < n; i++)
		print_route(b, &want->at[at[i]]);
	b->failed |= !at;
	free(at);
}

void wr_nginx_print(struct wr_buf *b, const struct wr_gateway_conf *c,
		    const struct wr_gateway_block *old, const char *name, uint64_t generation,
		    const struct wr_gateway_set *want, const struct wr_gateway_diff *d)
{
	wr_gateway_block_begin(b, old, name, generation);
	for (const struct part *p = parts; p < parts + PARTS; p++) {
		if (!has_part(c, p))
			continue;
		if (p->kind == WR_GATEWAY_CONSUMER)
			wr_buf_fmt(b, "map %s", c->nginx.consumer);
		wr_buf_fmt(b, "%s\n\tdefault %s;\n", p->opens, p->standard);
		if (p->kind == WR_GATEWAY_ROUTE)
			print_routes(b, want, d);
		for (size_t i = 0; i < want->n && p->kind != WR_GATEWAY_ROUTE; i++)
			if (want->at[i].verb == p->verb && want->at[i].kind == p->kind &&
			    wr_gateway_stays(d, i))
				print_entry(b, &want->at[i]);
		wr_buf_str(b, "}\n");
	}
	wr_buf_str(b, "geo $weir_stamp {\n\tdefault \"");
	wr_nginx_stamp(b, name, generation);
	wr_buf_str(b, "\";\n}\n");
	wr_gateway_block_end(b, old);
}

/* ---- reading ---- */

/* "NAME" or "~PATTERN" between quotes. */
static bool read_name(struct wr_gateway_found *f, char *key)
{
	struct wr_gateway_entry e;
	char line[WR_GATEWAY_SUBJECT + 16];
	size_t n = strlen(key);

	if (n < 3 || key[0] != '"' || key[n - 1] != '"')
		return false;
	key[n - 1] = 0;
	if (f->kind == WR_GATEWAY_ROUTE)
		return key[1] == '~' && !wr_gateway_route_read(f->name, key + 2);
	key += 1 + (key[1] == '\\' && is_word(key + 2));
	snprintf(line, sizeof(line), "deny consumer %.*s", WR_GATEWAY_SUBJECT, key);
	if (wr_gateway_entry_parse(&e, line, 0, NULL))
		return false;
	memcpy(f->name, e.name, sizeof(f->name));
	return true;
}

/* "\tADDRESS VALUE;", ended by 0. */
static bool read_entry(struct wr_gateway_found *f, char *line, const struct part *p)
{
	char *key = line + strspn(line, " \t"), *blank = strchr(key, ' '), *end;
	unsigned long v;

	if (!blank)
		return false;
	*blank++ = 0;
	blank += *blank == '"';
	v = strtoul(blank, &end, 10);
	*f = (struct wr_gateway_found){
		.verb = p->verb,
		.kind = p->kind,
		.tagged = true,
		.rate = p->verb == WR_GATEWAY_LIMIT ? (uint32_t)v : 0,
		.key = key,
		.value = blank,
	};
	if (end == blank || *end != (p->kind == WR_GATEWAY_ROUTE ? ':' : ';') || !v ||
	    v > WR_GATEWAY_RATE_MAX)
		return false;
	return p->kind == WR_GATEWAY_ADDRESS ? !wr_prefix_parse(&f->who, key, strlen(key))
					     : read_name(f, key);
}

/* The part that a line opens; NULL: none. */
static const struct part *opened(const char *line)
{
	const char *var = strncmp(line, "map $", 5) ? line : strchr(line + 5, ' ');

	for (const struct part *p = parts; var && p < parts + PARTS; p++)
		if (!strcmp(p->kind == WR_GATEWAY_CONSUMER ? var : line, p->opens))
			return p;
	return NULL;
}

/* What is no entry is a line that weir has not written: the file is another one then than it should
 * be, and is written anew. */
int wr_nginx_read(struct wr_gateway_seen *seen, char *inside, size_t n)
{
	char *line = inside, *end = inside + n, *stop;
	struct wr_gateway_found f;
	const struct part *in = NULL, *p;

	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			break;
		*stop = 0;
		if (*line == '}')
			in = NULL;
		p = *line == '\t' ? NULL : opened(line);
		in = p ? p : in;
		if (in && read_entry(&f, line, in) && wr_gateway_seen_add(seen, &f))
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
	bool denies_consumers = false, limits_consumers = false;
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
		denies_consumers |= !own && strstr(line, "$weir_consumer_deny");
		limits_consumers |= !own && strstr(line, "$weir_consumer_class");
		c->routes |= !own && strstr(line, "$weir_route");
		c->trusts_all |= any_address(line);
		listens_proxy |= strstr(line, "listen ") && strstr(line, "proxy_protocol");
		takes_header |= strstr(line, "real_ip_header") && !strstr(line, "proxy_protocol");
	}
	c->consumers = denies_consumers && limits_consumers;
	c->mixes_proxy = listens_proxy && takes_header;
}
