/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access logs of gateways: lines, routes, times, tables; and that no secret is seen. */
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <time.h>

#include "api/stats.h"
#include "base/mem.h"
#include "export/metrics.h"
#include "export/otlp.h"
#include "tests/unit/requests_cases.h"
#include "view/requests.h"

static const struct wr_api_line_conf how = {{{1, 2}}, 1};

/* ---- the hash ---- */

/* The vectors of the paper's reference program: key 00..0f, input 00 01 02 … */
static void sip(void)
{
	struct wr_api_key key;
	uint8_t bytes[16];

	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	memcpy(&key, bytes, sizeof(key));
	ok(wr_api_sip(&key, bytes, 0) == 0x726fdb47dd0e0e31ull, "SipHash of nothing");
	ok(wr_api_sip(&key, bytes, 15) == 0xa129ca6149be45e5ull, "SipHash of fifteen bytes");
}

/* ---- lines ---- */

static bool time_is(const struct wr_api_request *r, uint32_t bit, uint64_t ns, long ms)
{
	return ms < 0 ? !(r->has & bit) : (r->has & bit) && (long)(ns / 1000000) == ms;
}

static bool count_is(const struct wr_api_request *r, uint32_t bit, uint64_t n, long want)
{
	return want < 0 ? !(r->has & bit) : (r->has & bit) && n == (uint64_t)want;
}

static void one_line(const struct requests_case *c)
{
	struct wr_api_request r;
	const char *form = "none";
	char addr[INET6_ADDRSTRLEN] = "";
	int ret = wr_api_line_read(&how, c->line, strlen(c->line), &r, &form);

	if (!ok(!ret, "%s: is read", c->what))
		return;
	inet_ntop(r.ip_v == 4 ? AF_INET : AF_INET6, r.addr, addr, sizeof(addr));
	is_str(form, c->form, "its form");
	is_str(addr, c->client, "client");
	is_str(r.method, c->method, "method");
	is_str(r.host, c->host, "host");
	is_str(r.path, c->path, "path");
	is_str(r.backend, c->backend, "backend");
	is_int(r.port, c->port, "port");
	is_int(r.status, c->status, "status");
	ok(time_is(&r, WR_API_HAS_FIRST, r.first_ns, c->first_ms), "first byte");
	ok(time_is(&r, WR_API_HAS_TOTAL, r.total_ns, c->total_ms), "total time");
	ok(count_is(&r, WR_API_HAS_IN, r.bytes_in, c->in), "bytes in");
	ok(count_is(&r, WR_API_HAS_OUT, r.bytes_out, c->out), "bytes out");
	ok(count_is(&r, WR_API_HAS_TOKENS, r.tokens_in, c->tokens_in), "tokens in");
	ok(count_is(&r, WR_API_HAS_TOKENS, r.tokens_out, c->tokens_out), "tokens out");
	if (!ok(r.time_ns / 1000000000 == c->time_s, "time"))
		note("got %llu", (unsigned long long)r.time_ns);
	ok(!(r.has & WR_API_HAS_CONSUMER) == !c->consumer &&
		   (!c->consumer || strstr(c->what, "user") || r.consumer),
	   "consumer");
	ok(!memmem(&r, sizeof(r), "SECRET", 6), "nothing secret is kept");
}

static void lines(void)
{
	struct wr_api_request r;

	for (size_t i = 0; i < REQUESTS_CASES; i++)
		one_line(&requests_cases[i]);
	for (size_t i = 0; requests_wrong[i]; i++)
		ok(wr_api_line_read(&how, requests_wrong[i], strlen(requests_wrong[i]), &r, NULL) ==
			   -EINVAL,
		   "is none: %.60s", requests_wrong[i]);
}

/* Cut at each byte, in memory that ends there: what reads behind it is found by ASan. */
static void cut_lines(void)
{
	struct wr_api_request r;
	size_t read = 0;

	for (size_t i = 0; i < REQUESTS_CASES; i++) {
		size_t n = strlen(requests_cases[i].line);

		for (size_t k = 0; k <= n; k++) {
			char *copy = malloc(k ? k : 1);

			memcpy(copy, requests_cases[i].line, k);
			read += !wr_api_line_read(&how, copy, k, &r, NULL);
			free(copy);
		}
	}
	ok(read >= REQUESTS_CASES, "lines that are cut are read or refused");
}

static void time_is_told(const char *time, unsigned long long want)
{
	struct wr_api_request r;
	char line[128];
	int n = snprintf(line, sizeof(line),
			 "{\"path\":\"/x\",\"status\":200,\"bytes_out\":\"123456789012\","
			 "\"time\":%s}",
			 time);

	ok(!wr_api_line_read(&how, line, (size_t)n, &r, NULL) && r.bytes_out == 123456789012 &&
		   r.time_ns / 1000000 == want / 1000000 && !(r.has & WR_API_HAS_TIME) == !want,
	   "time %s, a large number in a text", time);
}

/* What cannot be, from a line or from a process that has been taken over. */
static void mended(void)
{
	static const char line[] = "{\"path\":\"/x\",\"status\":200,\"bytes_out\":1e19,"
				   "\"request_time\":1e9}";
	struct wr_api_request r;

	ok(!wr_api_line_read(&how, line, sizeof(line) - 1, &r, NULL) && r.bytes_out == 1ull << 50 &&
		   r.total_ns == 86400000000000ull,
	   "numbers have an end");
	time_is_told("1e14", 0);
	time_is_told("9e18", 0);
	time_is_told("\"9999-01-01T00:00:00Z\"", 0);
	time_is_told("\"1700000000123\"", 1700000000123000000);
	time_is_told("1700000000.5", 1700000000500000000);
	memset(&r, 0xff, sizeof(r));
	wr_api_request_mend(&r);
	ok(!r.time_ns && !(r.has & WR_API_HAS_TIME), "a time of ones is none");
	ok(strlen(r.path) == WR_API_PATH - 1 && strlen(r.backend) == WR_API_NAME - 1 && !r.ip_v &&
		   !r.status && r.total_ns == 86400000000000ull && r.tokens_out == 1ull << 50,
	   "a request of ones is mended");
}

static void consumers(void)
{
	const struct wr_api_line_conf second = {how.key, 2}, none = {how.key, 0},
				      other_key = {{{3, 4}}, 1};
	struct wr_api_request a, b;
	const char *line = requests_cases[0].line;

	wr_api_line_read(&how, line, strlen(line), &a, NULL);
	wr_api_line_read(&second, line, strlen(line), &b, NULL);
	ok((b.has & WR_API_HAS_CONSUMER) && a.consumer != b.consumer, "the second header");
	wr_api_line_read(&none, line, strlen(line), &b, NULL);
	ok(!(b.has & WR_API_HAS_CONSUMER), "no header");
	wr_api_line_read(&other_key, line, strlen(line), &b, NULL);
	ok(a.consumer != b.consumer, "another key, another hash");
	line = "{\"request\":{\"remote_ip\":\"::1\",\"uri\":\"/\",\"headers\":{\"Authorization\":["
	       "\"x\"],\"X-Api-Key\":[\"k\"]}},\"status\":200}";
	wr_api_line_read(&how, line, strlen(line), &a, NULL);
	ok((a.has & WR_API_HAS_CONSUMER) && a.consumer == wr_api_sip(&how.key, "k", 1),
	   "Caddy: a key is before Authorization, wherever it stands");
	line = "{\"client\":\"::1\",\"path\":\"/"
	       "\",\"status\":200,\"consumer_hmac\":\"1F0A93C2B4D5E6F7\"}";
	wr_api_line_read(&how, line, strlen(line), &a, NULL);
	ok((a.has & WR_API_HAS_CONSUMER) && a.consumer == 0x1f0a93c2b4d5e6f7ull,
	   "what the gateway has hashed stays as it is");
	line = "{\"client\":\"::1\",\"path\":\"/"
	       "\",\"status\":200,\"consumer_hmac\":\"SECRETSECRETSECR\"}";
	wr_api_line_read(&how, line, strlen(line), &a, NULL);
	ok((a.has & WR_API_HAS_CONSUMER) &&
		   a.consumer == wr_api_sip(&how.key, "SECRETSECRETSECR", 16),
	   "what is no hash does not");
}

/* ---- routes ---- */

static void route(const char *path, const char *want)
{
	struct wr_api_wide wide = {{0}, 0};
	struct wr_api_request r = {.method = "GET", .status = 200};
	char name[WR_API_ROUTE];

	snprintf(r.path, sizeof(r.path), "%s", path);
	wr_api_route_name(&wide, &r, name);
	is_str(name, want, path);
}

static void routes(void)
{
	route("/", "GET /");
	route("/users/123/x", "GET /users/{id}/x");
	route("/v1/items/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "GET /v1/items/{id}");
	route("/c/0123456789abcdef/", "GET /c/{id}/");
	route("/k/sk-proj-Ab3dEf6hIj9kLmN0pQ", "GET /k/{id}");
	route("/me/somebody@example.com", "GET /me/{id}");
	route("/d/2026-11-26", "GET /d/{id}");
	route("/v2/chat-completions-long-name", "GET /v2/chat-completions-long-name");
	route("/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "GET /a/b/c/d/e/f/g/h/i/j/k/{rest}");
	route("/{id}//x", "GET /{id}//x");
	route("/me/somebody%40example.com", "GET /me/{id}");
	route("/reset/aB3dEf6hIj", "GET /reset/{id}");
	route("/reset/QwErTyUiOpAsDfGhJkLz", "GET /reset/{id}");
	route("/find/name=Smith", "GET /find/{id}");
	route("/v1/listOpenAccounts", "GET /v1/listOpenAccounts");
	route("/Api2/v2/OAuth2", "GET /Api2/v2/OAuth2");
}

static void model(const char *method, const char *path, enum wr_api_model want)
{
	struct wr_api_request r = {.status = 200};

	snprintf(r.method, sizeof(r.method), "%s", method);
	snprintf(r.path, sizeof(r.path), "%s", path);
	is_int(wr_api_model_of(&r), want, "%s %s is '%s'", method, path, wr_api_model_name(want));
}

static void models(void)
{
	model("POST", "/team/chat/completions", WR_API_MODEL_CHAT);
	model("GET", "/team/chat/completions", WR_API_MODEL_NONE);
	model("POST", "/v1/messages", WR_API_MODEL_MESSAGES);
	model("POST", "/users/1/messages", WR_API_MODEL_NONE);
	model("POST", "/v1/responses/", WR_API_MODEL_RESPONSES);
	model("POST", "/openai/v1/embeddings", WR_API_MODEL_EMBEDDINGS);
	model("POST", "/v2/models/iris/infer", WR_API_MODEL_INFER);
	model("POST", "/v2/models/iris/versions/3/infer", WR_API_MODEL_INFER);
}

/* ---- tables ---- */

static struct wr_api_request request(const char *path, unsigned int status)
{
	struct wr_api_request r = {.method = "GET", .status = (uint16_t)status, .ip_v = 4};

	snprintf(r.path, sizeof(r.path), "%s", path);
	return r;
}

/* All rows of a kind and what found none: exactly what was added. */
static void add_up(const struct wr_api_stats *s, const char *what)
{
	static const char *const names[WR_API_BY] = {"routes", "consumers", "clients"};
	const struct wr_api_row *rows[WR_API_ROWS], *total = wr_api_stats_total(s);

	for (int by = 0; by < WR_API_BY; by++) {
		const struct wr_api_table *t = wr_api_stats_table(s, (enum wr_api_by)by);
		uint32_t of, n = wr_api_stats_rows(s, (enum wr_api_by)by, rows, WR_API_ROWS, &of);
		uint64_t requests = t->other.requests + t->none.requests,
			 bytes = t->other.bytes_out + t->none.bytes_out,
			 failed = t->other.classes[5] + t->none.classes[5];

		for (uint32_t i = 0; i < n; i++) {
			requests += rows[i]->requests;
			bytes += rows[i]->bytes_out;
			failed += rows[i]->classes[5];
		}
		ok(requests == total->requests && bytes == total->bytes_out &&
			   failed == total->classes[5],
		   "%s: %s add up", what, names[by]);
	}
}

static uint64_t requests_of(const struct wr_api_stats *s, const char *route)
{
	const struct wr_api_row *rows[WR_API_ROWS];
	uint32_t of, n = wr_api_stats_rows(s, WR_API_ROUTES, rows, WR_API_ROWS, &of);

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(rows[i]->key, route))
			return rows[i]->requests;
	return 0;
}

static void wide_part(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_request r;
	char path[64];

	wr_api_stats_open(&s, NULL);
	for (char a = 'a'; a <= 'z'; a++)
		for (char b = 'a'; b <= 'd'; b++) {
			snprintf(path, sizeof(path), "/names/%c%cx/orders", a, b);
			r = request(path, 200);
			wr_api_stats_add(s, &r);
			r = request("/health", 200);
			wr_api_stats_add(s, &r);
		}
	is_int((long long)requests_of(s, "GET /names/{any}/orders"), 104,
	       "a part with too many values becomes {any}, with all that it had");
	is_int((long long)requests_of(s, "GET /health"), 104, "another route stays what it is");
	add_up(s, "with {any}");
	wr_api_stats_close(&s);
}

static uint32_t routes_of(const struct wr_api_stats *s)
{
	const struct wr_api_row *rows[1];
	uint32_t of;

	wr_api_stats_rows(s, WR_API_ROUTES, rows, 1, &of);
	return of;
}

static void add_line(struct wr_api_stats *s, const char *host, const char *path,
		     unsigned int status)
{
	struct wr_api_request r;
	char line[256];
	int n = snprintf(line, sizeof(line),
			 "{\"method\":\"%s\",\"host\":\"%s\",\"path\":\"%s\",\"status\":%u}",
			 strstr(path, "/chat/") ? "POST" : "GET", host, path, status);

	if (!wr_api_line_read(&how, line, (size_t)n, &r, NULL))
		wr_api_stats_add(s, &r);
}

/* What refuses, redirects, limits or has no backend answers so for each path that is invented:
 * what works is found all the same, with its model. */
static void invented(unsigned int status, const char *form)
{
	struct wr_api_stats *s = NULL;
	const struct wr_api_row *rows[1];
	char path[64];
	uint32_t of;

	wr_api_stats_open(&s, NULL);
	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), form, 'a' + i % 26, 'a' + i / 26 % 26,
			 'a' + i / 676 % 26);
		add_line(s, "", path, status);
	}
	for (unsigned int i = 0; i < 5000; i++)
		add_line(s, "", "/v1/chat/completions", i % 5 ? 200 : status);
	wr_api_stats_rows(s, WR_API_ROUTES, rows, 1, &of);
	ok(!strcmp(rows[0]->key, "POST /v1/chat/completions") && rows[0]->requests >= 4999 &&
		   rows[0]->model == WR_API_MODEL_CHAT,
	   "after invented paths with %u: the route that works, and its model", status);
	ok(of <= WR_API_ROWS / 2 + 2, "%u: they do not fill the table", status);
	add_up(s, "invented");
	wr_api_stats_close(&s);
}

static void inventors(void)
{
	static const unsigned int all[] = {301, 304, 400, 401, 403, 404, 408, 429, 499, 500, 503};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		invented(all[i], "/%c%c%c");
		invented(all[i], "/{%c%c%c}");
		invented(all[i], "/%c/%c/%c");
	}
}

/* Hosts that are invented; names that are as those of this program. */
static void hosts(void)
{
	static const unsigned int all[] = {301, 421, 503};
	struct wr_api_stats *s = NULL;
	char host[32];

	wr_api_stats_open(&s, NULL);
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(host, sizeof(host), "h%u.example", i);
		add_line(s, "shop.example", "/a", 200);
		add_line(s, "pay.example", "/a", 101);
		for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
			add_line(s, host, "/a", all[k]);
	}
	is_int((long long)requests_of(s, "GET shop.example/a"), 40,
	       "invented hosts leave a real one what it is");
	is_int((long long)requests_of(s, "GET pay.example/a"), 40, "and one with 101");
	add_line(s, "{any}", "/{rest}/{unknown}", 200);
	is_int((long long)requests_of(s, "GET ?any}/(rest)/(unknown)"), 1,
	       "no client writes {any}");
	add_up(s, "hosts");
	wr_api_stats_close(&s);
}

/* Gateways write "-" for what is not there: HAProxy for what was no request. */
static void unset(void)
{
	struct wr_api_stats *s = NULL;

	wr_api_stats_open(&s, NULL);
	add_line(s, "-", "-", 408);
	add_line(s, "-", "-", 200);
	is_int((long long)requests_of(s, WR_API_UNKNOWN), 2, "- makes no route");
	is_int(routes_of(s), 1, "none at all");
	add_line(s, "-", "/x&token=SECRET", 200);
	is_int((long long)requests_of(s, "GET /x"), 1, "- is no host, and & begins a query");
	wr_api_stats_close(&s);
}

/* A full table of paths that worked makes room for one that is asked more. */
static void aged(void)
{
	struct wr_api_stats *s = NULL;
	char path[64];

	wr_api_stats_open(&s, NULL);
	for (unsigned int i = 0; i < 600; i++) {
		snprintf(path, sizeof(path), "/%c/%c", 'a' + i % 26, 'a' + i / 26);
		add_line(s, "", path, 200);
	}
	is_int(routes_of(s), WR_API_ROWS, "the table is full");
	for (unsigned int i = 0; i < 6000; i++)
		add_line(s, "", "/v1/chat/completions", 200);
	ok(requests_of(s, "POST /v1/chat/completions") > 1000, "a route finds room");
	is_int((long long)requests_of(s, "GET /a/a"), 1, "a route with a series stays");
	is_int((long long)requests_of(s, "GET /f/b"), 1, "also the last of them");
	add_up(s, "aged");
	wr_api_stats_close(&s);
}

/* Somebody tries paths, from many addresses and with many keys. */
static void scanned(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_request r;
	char path[64];
	uint32_t of;
	const struct wr_api_row *rows[1];

	wr_api_stats_open(&s, NULL);
	for (uint32_t i = 0; i < 200000; i++) {
		snprintf(path, sizeof(path), "/w%c%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
			 'a' + i / 676 % 26, 'a' + i / 17576 % 26);
		r = request(i % 4 ? path : "/login", i % 4 ? 404 : i % 3 ? 200 : 500);
		r.bytes_out = i % 1000;
		r.has = WR_API_HAS_OUT | (i % 2 ? WR_API_HAS_CONSUMER : 0);
		r.consumer = i;
		memcpy(r.addr, &i, 4);
		wr_api_stats_add(s, &r);
	}
	is_int((long long)requests_of(s, WR_API_UNKNOWN), 150000,
	       "paths that are tried are one row");
	is_int((long long)requests_of(s, "GET /login"), 50000, "and a route is still to be seen");
	wr_api_stats_rows(s, WR_API_CLIENTS, rows, 1, &of);
	is_int(of, WR_API_ROWS, "as many clients as there is room for");
	add_up(s, "scanned");
	wr_api_stats_close(&s);
}

/* Paths that all have an answer: the table of routes fills. */
static void full(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_request r;
	char path[64];

	wr_api_stats_open(&s, NULL);
	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "/a%c/b%c/c%c/d%c", 'a' + i % 26, 'a' + i / 26 % 26,
			 'a' + i / 676 % 26, 'a' + i / 17576 % 26);
		r = request(path, i % 7 ? 200 : 503);
		wr_api_stats_add(s, &r);
	}
	ok(wr_api_stats_table(s, WR_API_ROUTES)->other.requests, "what finds no route is in other");
	add_up(s, "full");
	wr_api_stats_close(&s);
}

/* ---- times ---- */

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int less(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Against all values sorted: no quantile is further away than half a class, 1/64. */
static void quantiles(void)
{
	static const double shares[] = {0.01, 0.5, 0.95, 0.99, 1};
	static uint64_t values[5000];
	struct wr_api_hist *h = wr_mem_map(sizeof(*h));
	uint64_t state = 88172645463325252ull;
	double worst = 0;

	for (int round = 0; round < 200; round++) {
		size_t n = 1 + next(&state) % 5000;

		memset(h, 0, sizeof(*h));
		for (size_t i = 0; i < n; i++) {
			/* From 32 µs to about an hour, each size as likely. */
			values[i] = (32000ull << next(&state) % 26) + next(&state) % 1000000;
			wr_api_hist_add(h, values[i]);
		}
		qsort(values, n, sizeof(values[0]), less);
		for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
			double rank = shares[i] * (double)n;
			size_t at = (size_t)rank + ((double)(size_t)rank < rank);
			double want = (double)values[at ? at - 1 : 0];
			double off = (double)wr_api_hist_quantile(h, shares[i]) / want - 1;

			worst = off < 0 ? (-off > worst ? -off : worst) : off > worst ? off : worst;
		}
	}
	/* Below a microsecond nothing is kept: 1/32 of the least value. */
	if (!ok(worst <= 1 / 64.0 + 1 / 32.0, "no quantile is off by more than half a class"))
		note("worst %f", worst);
	note("worst %.4f", worst);
	memset(h, 0, sizeof(*h));
	for (uint64_t ms = 1; ms <= 1000; ms++)
		wr_api_hist_add(h, ms * 1000000);
	ok(wr_api_hist_up_to(h, 100000) <= 100 && wr_api_hist_up_to(h, 100000) >= 96,
	   "how many are below a bound");
	ok(wr_api_hist_up_to(h, UINT64_MAX) == 1000, "all are below the last");
	memset(h, 0, sizeof(*h));
	wr_api_hist_add(h, 7000);
	h->of[7] = UINT32_MAX;
	h->n = 1ull << 40;
	is_int((long long)wr_api_hist_quantile(h, 0.99), 7000, "more than a class counts");
	wr_mem_unmap(h, sizeof(*h));
}

/* ---- what is shown ---- */

static void shown(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_request r;
	struct wr_buf text = {0}, json = {0};
	size_t wide = 0;

	wr_api_stats_open(&s, NULL);
	for (size_t i = 0; i < REQUESTS_CASES; i++)
		if (!wr_api_line_read(&how, requests_cases[i].line, strlen(requests_cases[i].line),
				      &r, NULL))
			wr_api_stats_add(s, &r);
	wr_view_requests_text(&text, s, 20, false, NULL);
	wr_view_requests_json(&json, s, 20, NULL);
	ok(!memmem(text.at, text.used, "SECRET", 6), "no secret in the tables");
	ok(!memmem(json.at, json.used, "SECRET", 6), "no secret in the objects");
	for (const char *line = wr_buf_text(&text); *line; line += line[strcspn(line, "\n")] != 0) {
		size_t n = strcspn(line, "\n");

		wide = n > wide ? n : wide;
		line += n;
	}
	ok(wide <= 80, "the tables take 80 columns");
	ok(strstr(wr_buf_text(&json), "\"model\":\"messages\"") != NULL, "models are named");
	wr_buf_free(&text);
	wr_buf_free(&json);
	wr_api_stats_close(&s);
}

/* ---- metrics ---- */

static size_t count_of(struct wr_buf *b, const char *what)
{
	size_t n = 0;

	for (const char *at = wr_buf_text(b); (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* The sum of all series of requests, and that of other routes. */
static unsigned long long sum_of(struct wr_buf *b, const char *what)
{
	unsigned long long n = 0;

	for (const char *at = wr_buf_text(b); (at = strstr(at, what)); at++)
		n += strtoull(strchr(at, '}') + 1, NULL, 10);
	return n;
}

static void metrics(void)
{
	static struct wr_measures m;
	struct wr_api_stats *s = NULL;
	struct wr_measure_in in = {.now_ns = 1};
	struct wr_buf b = {0};
	struct wr_api_request r;
	unsigned long long other = 0, now, fell = 0;
	char path[64];

	wr_api_stats_open(&s, NULL);
	in.requests = s;
	for (unsigned int i = 0; i < 6000; i++) {
		snprintf(path, sizeof(path), "/a%c/b%c/c%c", 'a' + i % 26, 'a' + i / 26 % 26,
			 'a' + i / 676 % 26);
		r = request(path, i % 5 ? 200 : 503);
		r.has = WR_API_HAS_TOTAL;
		r.total_ns = i * 1000000ull;
		wr_api_stats_add(s, &r);
		if (i % 100)
			continue;
		wr_buf_clear(&b);
		wr_metrics_write(&b, &m, &in, WR_METRICS_TEXT);
		now = sum_of(&b, "weir_api_requests_total{route=\"other\",class=\"2xx\"");
		fell += now < other;
		other = now;
	}
	is_int((long long)fell, 0, "what other routes had never goes back");
	wr_buf_clear(&b);
	wr_metrics_write(&b, &m, &in, WR_METRICS_TEXT);
	ok(count_of(&b, "weir_api_requests_total{") <= 33 * 6, "a bounded number of series");
	ok(sum_of(&b, "weir_api_requests_total{") >= 6000, "all requests are in them");
	ok(strstr(wr_buf_text(&b), "weir_api_request_seconds_bucket{le=\"0.005\"} 5\n") ||
		   strstr(wr_buf_text(&b), "weir_api_request_seconds_bucket{le=\"0.005\"} 6\n"),
	   "bounds are seconds");
	ok(strstr(wr_buf_text(&b), "weir_api_request_seconds_bucket{le=\"5.0\"} ") != NULL,
	   "also whole ones");
	ok(strstr(wr_buf_text(&b), "weir_api_request_seconds_sum 17997.0") ||
		   strstr(wr_buf_text(&b), "weir_api_request_seconds_sum 17997\n"),
	   "and so is the sum");
	wr_buf_clear(&b);
	wr_otlp_write(&b, &m, &in, NULL);
	ok(strstr(wr_buf_text(&b), "weir.api.request.time") &&
		   strstr(wr_buf_text(&b), "\"sum\":17997"),
	   "the same by OTLP");
	wr_buf_free(&b);
	wr_api_stats_close(&s);
}

int main(void)
{
	/* HAProxy tells local time. */
	setenv("TZ", "UTC", 1);
	tzset();
	sip();
	lines();
	cut_lines();
	consumers();
	mended();
	routes();
	models();
	wide_part();
	inventors();
	hosts();
	unset();
	aged();
	scanned();
	full();
	quantiles();
	shown();
	metrics();
	return done();
}
