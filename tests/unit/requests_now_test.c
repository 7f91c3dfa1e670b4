/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of gateways now: the last seconds, who asks most, who is refused, since when
 * something fails. */
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

#include "api/stats.h"

enum { S = 1000000000 };

static struct wr_api_request asked(uint32_t client, uint16_t status, uint64_t at_s)
{
	struct wr_api_request r = {.status = status, .ip_v = 4, .has = WR_API_HAS_TIME};

	r.time_ns = at_s * S;
	memcpy(r.addr, &client, sizeof(client));
	strcpy(r.method, "GET");
	strcpy(r.path, "/a");
	return r;
}

static void add(struct wr_api_stats *s, uint32_t client, uint16_t status, uint64_t at_s)
{
	struct wr_api_request r = asked(client, status, at_s);

	wr_api_stats_add(s, &r);
}

static const struct wr_api_row *route(struct wr_api_stats *s)
{
	const struct wr_api_row *rows[1] = {NULL};
	uint32_t of;

	wr_api_stats_rows(s, WR_API_ROUTES, rows, 1, &of);
	return rows[0];
}

static void rates(void)
{
	struct wr_api_stats *s = NULL;

	wr_api_stats_open(&s, NULL);
	add(s, 1, 200, 1);
	ok(wr_api_stats_rate(s, route(s)) < 0, "a file has no seconds");
	is_int((long long)route(s)->now.requests, 1, "what came since the last second");
	wr_api_stats_second(s);
	is_int((long long)route(s)->now.requests, 0, "begins anew with each");
	is_int((long long)wr_api_stats_rate(s, route(s)), 1, "the first second is a mean of one");
	for (int t = 0; t < 9; t++) {
		for (int i = 0; i < 11; i++)
			add(s, 1, i ? 200 : 503, 2);
		is_int((long long)route(s)->now.failed, 1, "what failed of it");
		wr_api_stats_second(s);
	}
	ok(wr_api_stats_rate(s, route(s)) == 10, "100 in ten seconds");
	for (int t = 0; t < 10; t++)
		wr_api_stats_second(s);
	ok(wr_api_stats_rate(s, route(s)) == 0, "nothing for ten seconds");
	is_int((long long)route(s)->requests, 100, "all are still there");
	wr_api_stats_close(&s);
}

/* One asks a fifth of all, the others once each: whoever comes last must not push him out. */
static void tops(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_top top[WR_API_TOPS];
	const uint32_t much = 0x01020304;
	uint32_t first, n;

	wr_api_stats_open(&s, NULL);
	for (uint32_t i = 0; i < 5000; i++)
		add(s, i % 5 ? 0x0a000000 + i : much, 200, 1);
	n = wr_api_row_tops(route(s), top);
	memcpy(&first, top[0].addr, sizeof(first));
	is_int(n, WR_API_TOPS, "as many as are counted apart");
	ok(first == much, "who asks most comes first");
	ok(top[0].n >= 1000 && top[0].n - top[0].over <= 1000,
	   "1,000 are within what is told: %llu, over by %llu", (unsigned long long)top[0].n,
	   (unsigned long long)top[0].over);
	for (uint32_t i = 1; i < n; i++)
		ok(top[i].n <= top[i - 1].n && top[i].n - top[i].over <= 1,
		   "others follow, none was there more than once for sure");
	wr_api_stats_close(&s);
}

static void few(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_top top[WR_API_TOPS];

	wr_api_stats_open(&s, NULL);
	for (uint32_t i = 0; i < 30; i++)
		add(s, 1 + i % 3, 200, 1);
	is_int(wr_api_row_tops(route(s), top), 3, "three clients");
	ok(top[0].n == 10 && !top[0].over && !top[2].over, "few are counted exactly");
	wr_api_stats_close(&s);
}

static void refused(void)
{
	struct wr_api_stats *s = NULL;
	struct wr_api_request r = asked(1, 403, 1);

	wr_api_stats_open(&s, NULL);
	add(s, 1, 200, 1);
	add(s, 1, 403, 1);
	add(s, 1, 429, 1);
	add(s, 1, 404, 1);
	r.has |= WR_API_HAS_FIRST;
	r.first_ns = 5;
	wr_api_stats_add(s, &r);
	is_int((long long)route(s)->turned_away, 2, "403 and 429 of the gateway itself");
	is_int((long long)route(s)->now.refused, 4, "of four that were refused by anybody");
	wr_api_stats_close(&s);
}

static void failing(void)
{
	struct wr_api_stats *s = NULL;

	wr_api_stats_open(&s, NULL);
	add(s, 1, 200, 900);
	ok(!route(s)->failing_ns, "nothing has failed");
	add(s, 1, 500, 1000);
	add(s, 1, 503, 1030);
	add(s, 1, 503, 998);
	ok(route(s)->failing_ns == 998ull * S && route(s)->failed_ns == 1030ull * S,
	   "it fails since the first of a row, in whatever order they come");
	add(s, 1, 500, 1091);
	ok(route(s)->failing_ns == 1091ull * S, "after a minute without it begins anew");
	wr_api_stats_close(&s);
}

int main(void)
{
	rates();
	tops();
	few();
	refused();
	failing();
	return done();
}
