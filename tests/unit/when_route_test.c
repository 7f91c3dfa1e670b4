/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies over routes: what is read, what is told of what is wrong, when they act. */
#include "daemon/gateways_impl.h"
#include "gateway/when.h"
#include "tests/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLICY                                                                             \
	"when route \"/api/search\" at edge errors over 5% for 30s limit clients to 10/s " \
	"until below 2% for 60s"

static void reads(void)
{
	static const char *const good[] = {
		POLICY,
		"when route \"GET shop.example/users/{id}\" at edge latency over 800ms for 5s "
		"limit "
		"clients to 1/s until below 400ms for 1s",
		"when route \"/\" at a-b errors over 0.5% for 1s limit clients to 999999/s until "
		"below "
		"0.5% for 3600s",
		("when route \"GET /users/{id}\" at a-b errors over 0.5% for 1s limit consumers to "
		 "7/s until below 0.5% for 3600s"),
	};
	struct wr_gateway_when w;
	struct wr_err err = {0};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct wr_buf b = {0};

		ok(!wr_gateway_when_parse(&w, good[i], &err), "policy %zu is read: %s", i,
		   err.text);
		wr_gateway_when_print(&b, &w);
		is_str(wr_buf_text(&b), good[i], "and reads back as the same");
		wr_buf_free(&b);
	}
	ok(!wr_gateway_when_parse(&w, POLICY, &err) && w.over == 0.05 && w.below == 0.02 &&
		   w.over_s == 30 && w.below_s == 60 && w.rate == 10,
	   "with its numbers");
}

static void refuses(void)
{
	static const struct {
		const char *text, *told;
	} bad[] = {
		{"if route", "'if': expected when"},
		{"when route /a(b at e errors over 5% for 9s limit consumers to 5/s",
		 "'/a(b' is no route"},
		{"when route search", "'search': expected a route"},
		{"when route \"/a", "a quote is not closed"},
		{"when route /a at", "its end: expected the name of a gateway"},
		{"when route /a at e erors", "'erors': expected errors or latency"},
		{"when route /a at e errors over 5 for", "'5': expected a share, such as 5%"},
		{"when route /a at e errors over nan% for", "'nan%': expected a share"},
		{"when route /a at e errors over 101% for", "'101%': expected a share"},
		{"when route /a at e latency over 5% for", "'5%': expected a time"},
		{"when route /a at e errors over 5% for 0s", "'0s': expected whole seconds"},
		{"when route /a at e errors over 5% for 1500ms",
		 "'1500ms': expected whole seconds"},
		{"when route /a at e errors over 5% for 1s limit people",
		 "'people': expected clients"},
		{"when route /a at e errors over 5% for 1s limit clients to 10",
		 "'10': expected requests"},
		{"when route /a at e errors over 5% for 1s limit clients to 10/s until below 6% "
		 "for 1s",
		 "'6%': expected no more than"},
		{POLICY " or", "'or': expected nothing more"},
	};
	struct wr_gateway_when w;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wr_err err = {0};
		int ret = wr_gateway_when_parse(&w, bad[i].text, &err);

		ok(ret < 0 && strstr(err.text, bad[i].told), "refused: %s (%s)", bad[i].text,
		   err.text);
	}
}

static void file(void)
{
	static struct wr_gateway_whens all;
	char path[] = "/tmp/when_route.XXXXXX";
	int fd = mkstemp(path);
	struct wr_err err = {0};
	const char text[] = "# policies\n\n  " POLICY "\r\nwhen route /a at e erors\n";

	ok(fd >= 0 && write(fd, text, sizeof(text) - 1) > 0, "a file");
	ok(wr_gateway_whens_read(&all, path, &err) < 0 && strstr(err.text, ":4: 'erors'"),
	   "an error has its line (%s)", err.text);
	ok(all.n == 1 && all.at[0].line == 3, "comments and blanks are none");
	close(fd);
	unlink(path);
	ok(wr_gateway_whens_read(&all, path, &err) < 0, "no file is told: %s", err.text);
}

static void names(void)
{
	struct wr_gateway_when w = {.route = "/a/{id}"};

	ok(wr_gateway_when_is(&w, "GET /a/{id}") &&
		   wr_gateway_when_is(&w, "PUT shop.example/a/{id}"),
	   "a path is about each method and host");
	ok(!wr_gateway_when_is(&w, "GET /a/{id}/b") && !wr_gateway_when_is(&w, "{unknown}"),
	   "and about no other path");
	snprintf(w.route, sizeof(w.route), "GET /a");
	ok(wr_gateway_when_is(&w, "GET /a") && !wr_gateway_when_is(&w, "PUT /a"),
	   "a whole name about that one");
}

/* By the reason a weir that has begun anew knows whose an entry is. */
static void whys(void)
{
	struct wr_gateway_when w = {.route = "/a", .measure = WR_GATEWAY_LATENCY};
	char clients[WR_GATEWAY_WHEN_WHY], consumers[WR_GATEWAY_WHEN_WHY];

	wr_gateway_when_why(clients, &w);
	is_str(clients, "policy: latency of /a", "why a client is limited");
	w.consumers = true;
	wr_gateway_when_why(consumers, &w);
	is_str(consumers, "policy: latency of /a (consumers)",
	       "of consumers of the same route it is another reason");
	memset(w.route, 'x', sizeof(w.route) - 1);
	wr_gateway_when_why(consumers, &w);
	ok(strstr(consumers, "x (consumers)") != NULL, "however long the route is");
}

static void acts(void)
{
	const struct wr_gateway_when w = {.over = 0.05, .below = 0.02, .over_s = 3, .below_s = 2};
	struct wr_gateway_when_state s = {0};
	static const struct {
		double value;
		bool known;
		enum wr_gateway_when_step step;
	} at[] = {
		{0.9, true, WR_GATEWAY_WHEN_REST},  {0.9, true, WR_GATEWAY_WHEN_REST},
		{0.01, true, WR_GATEWAY_WHEN_REST}, {0.9, true, WR_GATEWAY_WHEN_REST},
		{0.9, true, WR_GATEWAY_WHEN_REST},  {0.9, true, WR_GATEWAY_WHEN_ACT},
		{0.04, true, WR_GATEWAY_WHEN_ACT},  {0.01, true, WR_GATEWAY_WHEN_ACT},
		{0.04, true, WR_GATEWAY_WHEN_ACT},  {0.01, true, WR_GATEWAY_WHEN_ACT},
		{0.01, true, WR_GATEWAY_WHEN_BACK}, {0.01, true, WR_GATEWAY_WHEN_REST},
		{0.9, true, WR_GATEWAY_WHEN_REST},  {0.9, false, WR_GATEWAY_WHEN_REST},
		{0.9, true, WR_GATEWAY_WHEN_REST},
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		good &= wr_gateway_when_second(&w, &s, at[i].known, at[i].value) == at[i].step;
	ok(good, "it acts after so long in a row, and is taken back after so long below");
	s.acts = true;
	wr_gateway_when_second(&w, &s, false, 0);
	ok(wr_gateway_when_second(&w, &s, false, 0) == WR_GATEWAY_WHEN_BACK,
	   "when nobody asks any more it is taken back, too");
	s = (struct wr_gateway_when_state){.acts = true, .blind = true};
	for (int i = 0; i < 9; i++)
		wr_gateway_when_second(&w, &s, false, 0);
	ok(s.acts, "after a restart it acts until something has been measured");
	wr_gateway_when_second(&w, &s, true, 0.01);
	ok(wr_gateway_when_second(&w, &s, true, 0.01) == WR_GATEWAY_WHEN_BACK,
	   "and is taken back when that is fine");
}

/* ---- what is done of them ---- */

static void room(void)
{
	static struct wr_gateways g; /* large */
	const struct wr_gateway_entry e = {.verb = WR_GATEWAY_LIMIT};
	uint32_t policies = 0, others = 0;

	while (wr_gateways_act(&g, "edge", &e, 0, false))
		policies++;
	while (wr_gateways_act(&g, "edge", &e, -1, false))
		others++;
	is_int(policies, WR_ACTS - WR_ACTS_LEFT, "policies do not take all there is");
	is_int(others, WR_ACTS_LEFT, "detection has the rest");
	is_int((long long)wr_gateways_no_room(&g), 2, "what was not done is counted");
}

static void told(void)
{
	static struct wr_gateways g; /* large */
	const struct wr_gateways_news n = {
		.what = WR_GATEWAYS_STATE,
		.row = {.name = "edge", .why = "it says \x1b[31m\nweir: all is well"}};
	const struct wr_gateways_row *rows;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair))
		return;
	g.core_fd = pair[0];
	is_int(send(pair[1], &n, sizeof(n), 0), sizeof(n), "something is told");
	is_int(wr_gateways_read(&g), 0, "it is read");
	is_int(wr_gateways_rows(&g, &rows), 1, "and known");
	is_str(rows->why, "it says ?[31m weir: all is well", "plain, on one line");
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	reads();
	refuses();
	file();
	names();
	whys();
	acts();
	room();
	told();
	return done();
}
