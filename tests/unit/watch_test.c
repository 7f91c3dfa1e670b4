/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is unusual about requests: routes by their norm, clients by what they ask for. */
#include "api/watch.h"
#include "tests/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ull

struct heard {
	int n[WR_API_ALARMS][3];
	uint64_t first_s[WR_API_ALARMS], over_s[WR_API_ALARMS];
	struct wr_api_told last[WR_API_ALARMS];
	char route[WR_API_ALARMS][WR_API_ROUTE];
	uint64_t now_s;
};

static struct heard heard;

static void tell(void *ctx, const struct wr_api_told *t)
{
	struct heard *h = ctx;

	if (!h->n[t->alarm][t->news]++ && t->news == WR_API_RAISED)
		h->first_s[t->alarm] = h->now_s;
	if (t->news == WR_API_OVER)
		h->over_s[t->alarm] = h->now_s;
	h->last[t->alarm] = *t;
	snprintf(h->route[t->alarm], sizeof(h->route[0]), "%s", t->route);
}

static const struct wr_api_watch_conf usual = {
	.errors = 0.05, .slow = 3, .tries = 30, .paths = 300, .tokens = 10000, .secret = {{7, 9}}};

static struct wr_api_watch *opened(const struct wr_api_watch_conf *conf)
{
	struct wr_api_watch *w = NULL;

	memset(&heard, 0, sizeof(heard));
	if (wr_api_watch_open(&w, conf, NULL)) {
		puts("Bail out! no memory");
		exit(1);
	}
	heard.now_s = 1000;
	wr_api_watch_tick(w, heard.now_s, tell, &heard);
	return w;
}

struct ask {
	const char *route, *path;
	uint8_t client;
	uint16_t status;
	uint64_t total_ns, tokens;
};

static void ask(struct wr_api_watch *w, const struct ask *a)
{
	struct wr_api_request r = {.status = a->status,
				   .total_ns = a->total_ns,
				   .tokens_in = a->tokens,
				   .has = WR_API_HAS_TOTAL | (a->tokens ? WR_API_HAS_TOKENS : 0),
				   .ip_v = 4,
				   .addr = {203, 0, 113, a->client}};

	snprintf(r.path, sizeof(r.path), "%s", a->path ? a->path : "/x");
	wr_api_watch_add(w, a->route, &r, tell, &heard);
}

static void second(struct wr_api_watch *w)
{
	wr_api_watch_tick(w, ++heard.now_s, tell, &heard);
}

/* So many seconds of ten requests each, of which `bad` fail, from two clients. */
static void run(struct wr_api_watch *w, int seconds, int bad, uint64_t ns)
{
	for (int s = 0; s < seconds; s++) {
		for (int i = 0; i < 10; i++)
			ask(w, &(struct ask){.route = "GET /a",
					     .client = (uint8_t)(i < 7 ? 9 : 8),
					     .status = i < bad ? 503 : 200,
					     .total_ns = ns});
		second(w);
	}
}

static void errors(void)
{
	struct wr_api_watch *w = opened(&usual);
	uint64_t from;

	run(w, 60, 0, 5 * MS);
	ok(!heard.n[WR_API_ALARM_ERRORS][WR_API_RAISED], "a route that works is not told");
	from = heard.now_s;
	run(w, 20, 5, 5 * MS);
	ok(heard.n[WR_API_ALARM_ERRORS][WR_API_RAISED] == 1, "half of it fails: told, once");
	ok(heard.first_s[WR_API_ALARM_ERRORS] - from <= 6, "within six seconds (%llu)",
	   (unsigned long long)(heard.first_s[WR_API_ALARM_ERRORS] - from));
	ok(heard.n[WR_API_ALARM_ERRORS][WR_API_RENEWED] >= 10, "it goes on");
	ok(!strcmp(heard.route[WR_API_ALARM_ERRORS], "GET /a"), "by the name of the route");
	ok(heard.last[WR_API_ALARM_ERRORS].value > 0.49 &&
		   heard.last[WR_API_ALARM_ERRORS].value < 0.51,
	   "with the share (%g)", heard.last[WR_API_ALARM_ERRORS].value);
	ok(heard.last[WR_API_ALARM_ERRORS].n_askers == 2 &&
		   heard.last[WR_API_ALARM_ERRORS].asker[0].addr[3] == 9,
	   "and who asks most");
	run(w, 60, 0, 5 * MS);
	ok(heard.n[WR_API_ALARM_ERRORS][WR_API_OVER] == 1, "and is over when it works again");
	run(w, 60, 1, 5 * MS);
	run(w, 10, 0, 5 * MS);
	ok(heard.n[WR_API_ALARM_ERRORS][WR_API_RAISED] == 2, "a tenth is too much for it");
	wr_api_watch_close(&w);
	w = opened(&usual);
	for (int i = 0; i < 9; i++)
		ask(w, &(struct ask){.route = "GET /b", .status = 500});
	for (int s = 0; s < 10; s++)
		second(w);
	ok(!heard.n[WR_API_ALARM_ERRORS][WR_API_RAISED], "nine failures are too few to say");
	wr_api_watch_close(&w);
}

static void limited(void)
{
	struct wr_api_watch *w = opened(&usual);

	for (int s = 0; s < 20; s++) {
		for (int i = 0; i < 100; i++)
			ask(w, &(struct ask){.route = "GET /a",
					     .client = 9,
					     .status = i < 5 ? 503 : 429});
		second(w);
	}
	ok(heard.last[WR_API_ALARM_ERRORS].value == 1,
	   "what a limit refuses makes no failing route look well");
	wr_api_watch_close(&w);
}

static void slow(void)
{
	struct wr_api_watch *w = opened(&usual);

	run(w, 30, 0, 50 * MS);
	run(w, 10, 0, 900 * MS);
	ok(!heard.n[WR_API_ALARM_SLOW][WR_API_RAISED], "before there is a norm nothing is told");
	wr_api_watch_close(&w);
	w = opened(&usual);
	run(w, 100, 0, 50 * MS);
	run(w, 20, 0, 140 * MS);
	ok(!heard.n[WR_API_ALARM_SLOW][WR_API_RAISED], "not even three times its norm: not told");
	wr_api_watch_close(&w);
	w = opened(&usual);
	run(w, 100, 0, 50 * MS);
	run(w, 20, 0, 400 * MS);
	ok(heard.n[WR_API_ALARM_SLOW][WR_API_RAISED] == 1, "eight times its norm: told, once");
	ok(heard.last[WR_API_ALARM_SLOW].value >= 400e6 &&
		   heard.last[WR_API_ALARM_SLOW].value <= 450e6,
	   "p95 is at most an eighth too much (%g)", heard.last[WR_API_ALARM_SLOW].value);
	run(w, 60, 0, 50 * MS);
	ok(heard.n[WR_API_ALARM_SLOW][WR_API_OVER] == 1, "over");
	wr_api_watch_close(&w);
}

static void clients(void)
{
	struct wr_api_watch *w = opened(&usual);
	char path[32];

	for (int i = 0; i < 29; i++)
		ask(w, &(struct ask){.route = "{unknown}", .client = 5, .status = 401});
	ok(!heard.n[WR_API_ALARM_TRIES][WR_API_RAISED], "29 refusals are not told");
	ask(w, &(struct ask){.route = "{unknown}", .client = 5, .status = 403});
	ok(heard.n[WR_API_ALARM_TRIES][WR_API_RAISED] == 1, "30 are, at once");
	ok(heard.last[WR_API_ALARM_TRIES].asker[0].addr[3] == 5, "of that client");
	for (int s = 0; s < 100; s++)
		second(w);
	ok(heard.n[WR_API_ALARM_TRIES][WR_API_OVER] == 1, "over, 90 seconds later");
	for (int i = 0; i < 200; i++)
		ask(w, &(struct ask){.route = "GET /a", .client = 6, .status = i % 3 ? 200 : 401});
	ok(heard.n[WR_API_ALARM_TRIES][WR_API_RAISED] == 1,
	   "who has refusals among answers is no one that tries");
	for (int i = 0; i < 290; i++) {
		snprintf(path, sizeof(path), "/p/%d", i % 250);
		ask(w, &(struct ask){
			       .route = "GET /p/{id}", .path = path, .client = 7, .status = 200});
	}
	ok(!heard.n[WR_API_ALARM_SCRAPING][WR_API_RAISED], "250 paths are not told");
	for (int i = 0; i < 350; i++) {
		snprintf(path, sizeof(path), "/p/%d", i);
		ask(w, &(struct ask){
			       .route = "GET /p/{id}", .path = path, .client = 7, .status = 200});
	}
	ok(heard.n[WR_API_ALARM_SCRAPING][WR_API_RAISED] == 1, "350 are");
	for (int i = 0; i < 10; i++)
		ask(w, &(struct ask){.route = "POST /v1/messages",
				     .client = 4,
				     .status = 200,
				     .tokens = 1000});
	ok(heard.n[WR_API_ALARM_TOKENS][WR_API_RAISED] == 1 &&
		   heard.last[WR_API_ALARM_TOKENS].value == 10000,
	   "10,000 tokens in a minute");
	wr_api_watch_close(&w);
}

static void off(void)
{
	const struct wr_api_watch_conf none = {.secret = {{1, 2}}};
	struct wr_api_watch *w = opened(&none);
	int sum = 0;

	run(w, 100, 10, 50 * MS);
	for (int i = 0; i < 1000; i++)
		ask(w,
		    &(struct ask){.route = "{unknown}", .client = 5, .status = 401, .tokens = 1e6});
	for (int k = 0; k < WR_API_ALARMS; k++)
		sum += heard.n[k][WR_API_RAISED];
	ok(!sum, "what is switched off is not told");
	wr_api_watch_close(&w);
}

static void count(void *ctx, const struct wr_api_pulse *p)
{
	uint64_t *sum = ctx;

	sum[0]++;
	sum[1] += p->requests;
}

/* More routes and clients than there is room for: bounded, and sums stay sums. */
static void full(void)
{
	struct wr_api_watch *w = opened(&usual);
	uint64_t sum[2] = {0};
	char name[32];

	for (int i = 0; i < 1000; i++) {
		struct wr_api_request r = {.status = 200, .ip_v = 6, .has = 0};

		snprintf(name, sizeof(name), "GET /r%d", i);
		memcpy(r.addr, &i, sizeof(i));
		wr_api_watch_add(w, name, &r, tell, &heard);
	}
	wr_api_watch_routes(w, count, sum);
	ok(sum[0] == WR_API_WATCHED && sum[1] == WR_API_WATCHED,
	   "the first routes are watched (%llu)", (unsigned long long)sum[0]);
	ok(wr_api_watch_unwatched(w) == 1000 - WR_API_WATCHED, "what found no room is counted");
	for (int s = 0; s < 100; s++)
		second(w);
	ask(w, &(struct ask){.route = "GET /new", .status = 200});
	ok(wr_api_watch_unwatched(w) == 1000 - WR_API_WATCHED, "who is quiet makes room");
	sum[0] = sum[1] = 0;
	wr_api_watch_routes(w, count, sum);
	ok(sum[1] == 1, "what is long over is in no window (%llu)", (unsigned long long)sum[1]);
	wr_api_watch_close(&w);
}

int main(void)
{
	errors();
	limited();
	slow();
	clients();
	off();
	full();
	return done();
}
