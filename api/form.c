/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "api/form.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

bool wr_api_eat(struct wr_api_text *t, char c)
{
	if (t->at == t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

bool wr_api_until(struct wr_api_text *t, char c, struct wr_api_text *out)
{
	const char *found = wr_api_left(t) ? memchr(t->at, c, wr_api_left(t)) : NULL;

	if (!found)
		return false;
	*out = (struct wr_api_text){t->at, found};
	t->at = found + 1;
	return true;
}

bool wr_api_digits(struct wr_api_text *t, uint64_t *v)
{
	const char *from = t->at;
	uint64_t n = 0;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9' && t->at - from < 18; t->at++)
		n = n * 10 + (uint64_t)(*t->at - '0');
	if (t->at == from)
		return false;
	*v = n;
	return true;
}

bool wr_api_seconds(struct wr_api_text *t, uint64_t *ns)
{
	uint64_t whole, scale = 100000000;

	if (!wr_api_digits(t, &whole))
		return false;
	*ns = (whole < 1ull << 33 ? whole : 1ull << 33) * 1000000000u;
	if (!wr_api_eat(t, '.'))
		return true;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++, scale /= 10)
		*ns += (uint64_t)(*t->at - '0') * scale;
	return true;
}

bool wr_api_seconds_sum(struct wr_api_text *t, uint64_t *ns)
{
	struct wr_api_text s = *t;
	bool any = false;
	uint64_t one, sum = 0;

	do {
		if (wr_api_seconds(&s, &one)) {
			sum += one;
			any = true;
		} else if (!wr_api_eat(&s, '-')) {
			break;
		}
		*t = s;
		/* "a, b" are tries, "a : b" is another group of servers. */
		if (!wr_api_eat(&s, ','))
			if (!(wr_api_eat(&s, ' ') && wr_api_eat(&s, ':')))
				break;
	} while (wr_api_eat(&s, ' '));
	if (any)
		*ns = sum;
	return any;
}

static int month_of(const char *at)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (!memcmp(names + 3 * (size_t)i, at, 3))
			return i;
	return -1;
}

/* " -0700": seconds east of Greenwich. */
static bool zone_of(struct wr_api_text *t, int64_t *east)
{
	bool west;
	uint64_t v;

	if (!wr_api_eat(t, ' ') || t->at == t->end)
		return false;
	west = *t->at == '-';
	if (!wr_api_eat(t, west ? '-' : '+') || wr_api_left(t) != 4 || !wr_api_digits(t, &v))
		return false;
	*east = (int64_t)(v / 100 * 3600 + v % 100 * 60) * (west ? -1 : 1);
	return true;
}

bool wr_api_clock(struct wr_api_text t, uint64_t *ns)
{
	static const char between[] = "/:::";
	struct tm tm = {.tm_isdst = -1};
	uint64_t v[5], part;
	int64_t east, s;
	int month;

	if (!wr_api_digits(&t, &v[0]) || !wr_api_eat(&t, '/') || wr_api_left(&t) < 4)
		return false;
	month = month_of(t.at);
	t.at += 3;
	for (int i = 1; i < 5; i++)
		if (!wr_api_eat(&t, between[i - 1]) || (i < 4 && !wr_api_digits(&t, &v[i])))
			return false;
	if (!wr_api_seconds(&t, &part) || month < 0 || v[1] > 9999 || v[0] > 31 || v[2] > 23 ||
	    v[3] > 59)
		return false;
	tm.tm_year = (int)v[1] - 1900;
	tm.tm_mon = month;
	tm.tm_mday = (int)v[0];
	tm.tm_hour = (int)v[2];
	tm.tm_min = (int)v[3];
	s = zone_of(&t, &east) ? timegm(&tm) - east : mktime(&tm);
	if (s < 0 || s >= WR_API_TIME_END / 1000000000 || t.at != t.end || part > 60999999999ull)
		return false;
	*ns = (uint64_t)s * 1000000000u + part;
	return true;
}

/* What gateways write where there is nothing. */
static bool is_unset(struct wr_api_text t)
{
	return wr_api_left(&t) == 1 && *t.at == '-';
}

void wr_api_copy(char *to, size_t room, struct wr_api_text t)
{
	size_t n = wr_api_left(&t) < room - 1 ? wr_api_left(&t) : room - 1;

	if (is_unset(t))
		n = 0;
	if (n)
		memcpy(to, t.at, n);
	to[n] = 0;
}

bool wr_api_client(struct wr_api_request *r, struct wr_api_text addr)
{
	char text[64];

	if (wr_api_eat(&addr, '[') && addr.at < addr.end && addr.end[-1] == ']')
		addr.end--;
	if (wr_api_left(&addr) >= sizeof(text))
		return false;
	wr_api_copy(text, sizeof(text), addr);
	memset(r->addr, 0, sizeof(r->addr));
	r->ip_v = 0;
	if (inet_pton(AF_INET, text, r->addr) == 1) {
		r->ip_v = 4;
	} else if (inet_pton(AF_INET6, text, r->addr) == 1) {
		static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

		r->ip_v = 6;
		/* A socket for both tells IPv4 so; it is the same client. */
		if (!memcmp(r->addr, mapped, sizeof(mapped))) {
			memmove(r->addr, r->addr + 12, 4);
			memset(r->addr + 4, 0, 12);
			r->ip_v = 4;
		}
	}
	return r->ip_v != 0;
}

/* A '?' that somebody has encoded is still where a query was meant to begin, and who forgot it goes
 * on with '&'. */
static bool ends_path(const char *at, const char *end)
{
	if (*at == '?' || *at == '#' || *at == '&')
		return true;
	return *at == '%' && end - at > 2 && at[1] == '3' && (at[2] | 32) == 'f';
}

static void copy_path(struct wr_api_request *r, struct wr_api_text t)
{
	size_t n = 0;
	bool parameter = false; /* ";jsessionid=…" up to the next '/' */

	for (; t.at < t.end && n < WR_API_PATH - 1 && !ends_path(t.at, t.end); t.at++) {
		if (*t.at == '/')
			parameter = false;
		else if (*t.at == ';')
			parameter = true;
		/* Braces are of names of routes alone: nobody passes for {any}. */
		if (!parameter)
			r->path[n++] = (char)(*t.at == '{' ? '(' : *t.at == '}' ? ')' : *t.at);
	}
	r->path[n] = 0;
}

void wr_api_target(struct wr_api_request *r, struct wr_api_text t)
{
	const char *scheme = NULL, *slash, *at;

	if (t.at < t.end && *t.at != '/')
		scheme = memmem(t.at, wr_api_left(&t) < 12 ? wr_api_left(&t) : 12, "://", 3);
	if (scheme) {
		t.at = scheme + 3;
		for (slash = t.at; slash < t.end && *slash != '/' && !ends_path(slash, t.end);)
			slash++;
		at = memrchr(t.at, '@', (size_t)(slash - t.at));
		wr_api_copy(r->host, WR_API_HOST, (struct wr_api_text){at ? at + 1 : t.at, slash});
		t.at = slash;
	}
	if (is_unset(t))
		t.at = t.end;
	copy_path(r, t);
}

void wr_api_request_line(struct wr_api_request *r, struct wr_api_text line)
{
	struct wr_api_text method, target;
	const char *last;

	if (!wr_api_until(&line, ' ', &method) || method.at == method.end ||
	    wr_api_left(&method) >= WR_API_METHOD)
		return;
	for (const char *c = method.at; c < method.end; c++)
		if (*c < 'A' || *c > 'Z')
			return;
	target = line;
	last = wr_api_left(&line) ? memrchr(line.at, ' ', wr_api_left(&line)) : NULL;
	if (last)
		target.end = last;
	wr_api_copy(r->method, WR_API_METHOD, method);
	wr_api_target(r, target);
}

void wr_api_consumer(const struct wr_api_line_conf *conf, struct wr_api_request *r,
		     struct wr_api_text name)
{
	size_t n = wr_api_left(&name);

	if (!n || is_unset(name) || (n == 8 && !memcmp(name.at, "REDACTED", 8)))
		return;
	r->consumer = wr_api_sip(&conf->key, name.at, n);
	r->has |= WR_API_HAS_CONSUMER;
}
