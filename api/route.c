/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	HEX = 16,    /* digits that are no word any more */
	OPAQUE = 20, /* characters of a key or token, with a digit among them */
	MIXED = 10,  /* the same with digits and letters of both cases */
	CASES = 4,   /* letters of each case in a token that has no digit */
	LONGEST = 48,
};

static const char *const methods[] = {"GET",  "POST",	 "PUT",	    "DELETE", "PATCH",
				      "HEAD", "OPTIONS", "CONNECT", "TRACE"};

static const char *const models[WR_API_MODELS] = {
#define X(sym, name) name,
	WR_API_MODEL_TABLE(X)
#undef X
};

const char *wr_api_model_name(enum wr_api_model m)
{
	return models[m];
}

static bool ends_with(const char *path, size_t n, const char *with)
{
	size_t with_n = strlen(with);

	return n >= with_n && !memcmp(path + n - with_n, with, with_n);
}

enum wr_api_model wr_api_model_of(const struct wr_api_request *r)
{
	/* Other things than models have messages and responses: those have to be below /v1. */
	static const struct {
		const char *end;
		enum wr_api_model model;
	} ends[] = {
		{"/chat/completions", WR_API_MODEL_CHAT},
		{"/v1/completions", WR_API_MODEL_COMPLETIONS},
		{"/v1/messages", WR_API_MODEL_MESSAGES},
		{"/v1/responses", WR_API_MODEL_RESPONSES},
		{"/embeddings", WR_API_MODEL_EMBEDDINGS},
	};
	size_t n = strlen(r->path);

	if (strcmp(r->method, "POST"))
		return WR_API_MODEL_NONE;
	if (n && r->path[n - 1] == '/')
		n--;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(r->path, n, ends[i].end))
			return ends[i].model;
	if (strstr(r->path, "/v2/models/") && ends_with(r->path, n, "/infer"))
		return WR_API_MODEL_INFER;
	return WR_API_MODEL_NONE;
}

bool wr_api_route_is_known(const struct wr_api_request *r)
{
	/* What refuses, redirects or has given up answers so for any path that somebody invents. */
	return r->path[0] && (r->status == 101 || r->status / 100 == 2 || r->status / 100 == 5);
}

/* ---- what names one thing ---- */

/* %40 */
static bool is_coded_at(const char *s, size_t n)
{
	return n > 2 && s[0] == '%' && s[1] == '4' && s[2] == '0';
}

static bool is_id(const char *s, size_t n)
{
	size_t digits = 0, hex = 0, dashes = 0, opaque = 0, upper = 0, lower = 0;

	for (size_t i = 0; i < n; i++) {
		char low = (char)(s[i] | 32);

		if (s[i] == '@' || s[i] == '=' || is_coded_at(s + i, n - i))
			return true;
		if (s[i] >= '0' && s[i] <= '9')
			digits++;
		else if (low >= 'a' && low <= 'f')
			hex++;
		upper += s[i] >= 'A' && s[i] <= 'Z';
		lower += s[i] >= 'a' && s[i] <= 'z';
		dashes += s[i] == '-';
		opaque += strchr("-_=+.~:%", s[i]) != NULL;
	}
	if (n > LONGEST)
		return true;
	if (digits && digits + dashes == n) /* 17, 2026-11-26 */
		return true;
	if (digits + hex == n && n >= HEX)
		return true;
	if (n == 36 && dashes == 4 && digits + hex + dashes == n) /* a UUID */
		return true;
	if (n >= MIXED && digits && upper && lower)
		return true;
	if (n >= OPAQUE && upper >= CASES && lower >= CASES && upper + lower == n)
		return true;
	return n >= OPAQUE && digits && digits + upper + lower + opaque == n;
}

/* ---- names ---- */

/* FNV-1a; who makes two prefixes meet gets {any} where it was not due. */
static uint64_t hash_of(const char *s, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * 0x100000001b3ull;
	return h;
}

static bool is_wide(const struct wr_api_wide *wide, const char *prefix, size_t n)
{
	uint64_t h = wide->n ? hash_of(prefix, n) : 0;

	for (uint32_t i = 0; i < wide->n; i++)
		if (wide->at[i] == h)
			return true;
	return false;
}

struct name {
	const struct wr_api_wide *wide;
	char *at;
	size_t n;
};

/* false: there is no room, {rest} stands there. */
static bool add(struct name *m, const char *part, size_t n)
{
	static const char rest[] = "{rest}";

	if (is_wide(m->wide, m->at, m->n)) {
		part = "{any}";
		n = 5;
	}
	/* Room for a '/', {rest} and the end stays. */
	if (m->n + n + sizeof(rest) + 1 > WR_API_ROUTE) {
		memcpy(m->at + m->n, rest, sizeof(rest));
		m->n += sizeof(rest) - 1;
		return false;
	}
	memcpy(m->at + m->n, part, n);
	m->n += n;
	return true;
}

static void add_host(struct name *m, const struct wr_api_request *r)
{
	size_t n = strlen(r->host);
	const char *colon = memrchr(r->host, ':', n);
	char host[WR_API_HOST];

	if (colon && !memchr(colon, ']', strlen(colon)))
		n = (size_t)(colon - r->host);
	for (size_t i = 0; i < n; i++) {
		char c = r->host[i];

		/* A '/' would begin a part, and '{' is what only this file writes. */
		host[i] = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c == '/' || c == '{' ? '?' : c);
	}
	add(m, host, n);
}

static void add_path(struct name *m, const char *path)
{
	bool room = true;

	for (int depth = 0; *path && room; depth++) {
		size_t n;

		path += *path == '/';
		n = strcspn(path, "/");
		m->at[m->n++] = '/';
		if (depth == WR_API_DEPTH - 1 && path[n]) {
			memcpy(m->at + m->n, "{rest}", 6);
			m->n += 6;
			return;
		}
		if (is_id(path, n))
			room = add(m, "{id}", 4);
		else
			room = add(m, path, n);
		path += n;
	}
}

void wr_api_route_name(const struct wr_api_wide *wide, const struct wr_api_request *r,
		       char name[WR_API_ROUTE])
{
	struct name m = {wide, name, 0};
	const char *method = "OTHER";

	memset(name, 0, WR_API_ROUTE);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcasecmp(methods[i], r->method))
			method = methods[i];
	m.n = (size_t)snprintf(name, WR_API_ROUTE, "%s ", method);
	add_host(&m, r);
	add_path(&m, r->path);
	name[m.n] = 0;
}

int wr_api_route_parts(const char *name, uint16_t at[WR_API_DEPTH + 2])
{
	const char *s = strchr(name, ' ');
	int n = 0;

	while (s && n < WR_API_DEPTH + 2) {
		at[n++] = (uint16_t)(s + 1 - name);
		s = strchr(s + 1, '/');
	}
	return n;
}

bool wr_api_route_widen(struct wr_api_wide *wide, const char *name, uint16_t n)
{
	if (wide->n == WR_API_WIDE)
		return false;
	wide->at[wide->n++] = hash_of(name, n);
	return true;
}

void wr_api_route_any(const char *name, uint16_t n, char to[WR_API_ROUTE])
{
	const char *rest = name + n + strcspn(name + n, "/");

	memset(to, 0, WR_API_ROUTE);
	snprintf(to, WR_API_ROUTE, "%.*s{any}%s", (int)n, name, rest);
}
