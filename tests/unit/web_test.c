/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tap.h"
#include "ui/web/core.h"
#include "ui/web/live.h"
#include "ui/web/route.h"

/* What the front decides by itself: who may ask, what is asked, and who waits for which answer. */

#define TOKEN "0123456789abcdef"

static struct wr_err err;

static int open_access(struct wr_web_access *a, const char *listen, const char *token, int tls)
{
	struct wr_front_conf conf = {
		.listen = listen,
		.token = token,
		.tls_cert = tls & 1 ? "cert.pem" : "",
		.tls_key = tls & 2 ? "key.pem" : NULL,
	};

	err = (struct wr_err){0};
	return wr_web_access_open(a, &conf, &err);
}

static void addresses(void)
{
	struct wr_web_access a;

	ok(!open_access(&a, NULL, NULL, 0), "nothing configured: loopback, no token needed");
	is_str(a.listen, "127.0.0.1:9347", "the default address");
	ok(!open_access(&a, "", "", 0), "an empty text is as none");
	ok(!open_access(&a, "[::1]:0", NULL, 0) && a.at.ss_family == AF_INET6, "IPv6 loopback");
	ok(!open_access(&a, "localhost:80", NULL, 0), "localhost is loopback");
	ok(!open_access(&a, "127.9.9.9:80", NULL, 0), "all of 127/8 is loopback");
	is_int(open_access(&a, "192.0.2.1:9347", NULL, 0), -EINVAL,
	       "an address that others reach is refused");
	ok(strstr(err.text, "192.0.2.1:9347") && strstr(err.text, "neither a token nor TLS") &&
		   strstr(err.text, "127.0.0.1"),
	   "and says why, and what to do: %s", err.text);
	is_int(open_access(&a, "0.0.0.0:9347", TOKEN, 0), -EINVAL,
	       "a token without TLS is not enough");
	is_int(open_access(&a, "[::]:9347", NULL, 3), -EINVAL, "TLS without a token is not enough");
	ok(strstr(err.text, "there is no token") != NULL, "what is missing is named: %s", err.text);
	ok(!open_access(&a, "0.0.0.0:9347", TOKEN, 3), "with both it is fine");
	is_int(open_access(&a, "127.0.0.1:0", NULL, 1), -EINVAL, "a certificate without a key");
	is_int(open_access(&a, "127.0.0.1:0", "short", 0), -EINVAL, "a token that is too short");
}

static void not_addresses(void)
{
	static const char *const wrong[] = {
		"9347",	       "127.0.0.1",    "127.0.0.1:",	 "127.0.0.1:65536",
		"127.0.0.1:x", "127.0.0.1:-1", "example.org:80", "[::1:80",
		"::1:80",      ":80",	       "127.0.0.1:80 ",	 "[]:1"};
	struct wr_web_access a;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		is_int(open_access(&a, wrong[i], NULL, 0), -EINVAL, "'%s' is no address: %s",
		       wrong[i], err.text);
}

static void hosts(void)
{
	static const char *const names[] = {"weir.example.org"};
	struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)};
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
	const struct sockaddr *at = (const struct sockaddr *)&local;
	struct wr_web_access a;

	open_access(&a, NULL, NULL, 0);
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &mapped.sin6_addr);
	ok(wr_web_access_host(&a, "127.0.0.1:9347", at), "the loopback address");
	ok(wr_web_access_host(&a, "[::1]:9347", at), "the loopback address of IPv6");
	ok(wr_web_access_host(&a, "LocalHost", at), "localhost, in any case");
	ok(wr_web_access_host(&a, "192.0.2.1", at), "the address that was asked");
	ok(wr_web_access_host(&a, "192.0.2.1", (struct sockaddr *)&mapped), "the same within IPv6");
	ok(!wr_web_access_host(&a, "192.0.2.2", at), "another address");
	ok(!wr_web_access_host(&a, "192.0.2.1", NULL), "an address nobody knows of");
	ok(!wr_web_access_host(&a, "evil.example", at), "a stranger's name");
	ok(!wr_web_access_host(&a, "127.0.0.1.evil.example", at), "one that begins like ours");
	ok(!wr_web_access_host(&a, "localhost.evil.example", at), "one that begins like localhost");
	ok(!wr_web_access_host(&a, "", at) && !wr_web_access_host(&a, NULL, at), "none at all");
	ok(!wr_web_access_host(&a, "weir.example.org", at), "a name that is not configured");
	a.names = names;
	a.n_names = 1;
	ok(wr_web_access_host(&a, "weir.example.org:443", at), "a name that is configured");
}

static void tokens(void)
{
	struct wr_web_access a;

	open_access(&a, NULL, NULL, 0);
	ok(wr_web_access_token(&a, NULL, NULL), "none is configured, none is needed");
	open_access(&a, NULL, TOKEN, 0);
	ok(!wr_web_access_token(&a, NULL, NULL), "nothing is shown");
	ok(wr_web_access_token(&a, "Bearer " TOKEN, NULL), "the token is shown");
	ok(!wr_web_access_token(&a, "Bearer " TOKEN "0", NULL), "one byte more");
	ok(!wr_web_access_token(&a, "Bearer 0123456789abcde", NULL), "one byte less");
	ok(!wr_web_access_token(&a, "Bearer ", NULL), "an empty one");
	ok(!wr_web_access_token(&a, "Basic " TOKEN, NULL), "by another scheme");
	ok(!wr_web_access_token(&a, NULL, TOKEN), "the token is no cookie");
	ok(strlen(a.session) == 32 && wr_web_access_token(&a, NULL, a.session), "the session is");
}

static void query(const char *what, const char *key, const char *value, const char *want)
{
	struct wr_web_query q;

	wr_web_query_begin(&q, "flows");
	wr_web_query_add(&q, key, value);
	ok(!wr_web_query_end(&q), "%s: it is a request", what);
	is_str(wr_buf_text(&q.line), want, what);
	wr_buf_free(&q.line);
}

static void queries(void)
{
	char large[5000];
	struct wr_web_query q;

	query("blanks", "filter", "tcp port 443", "flows filter=tcp%20port%20443\n");
	query("a second request in a value", "filter", "x\nreload", "flows filter=x%0areload\n");
	query("a second key in a value", "filter", "x top=1", "flows filter=x%20top=1\n");
	query("bytes that are no text", "filter", "\xff%", "flows filter=%ff%25\n");
	query("a list", "views", "stats,drops", "flows views=stats,drops\n");
	wr_web_query_begin(&q, "flows");
	wr_web_query_add(&q, "top\nreload", "1");
	is_int(wr_web_query_end(&q), -EINVAL, "a second request in a key");
	wr_buf_free(&q.line);
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = 0;
	wr_web_query_begin(&q, "flows");
	wr_web_query_add(&q, "filter", large);
	is_int(wr_web_query_end(&q), -E2BIG, "more than the core reads");
	wr_buf_free(&q.line);
}

static void views(void)
{
	is_int(wr_web_live_views("stats"), 1 << WR_WEB_VIEW_STATS, "one view");
	is_int(wr_web_live_views("ledger,status"),
	       1 << WR_WEB_VIEW_LEDGER | 1 << WR_WEB_VIEW_STATUS, "two views");
	is_int(wr_web_live_views("stats,"), 0, "an empty name");
	is_int(wr_web_live_views(""), 0, "no name");
	is_int(wr_web_live_views("config"), 0, "one that is not streamed");
}

/* ---- questions ---- */

static int answered_n;
static struct wr_web_ask *answered_last;

static void answered(struct wr_web_ask *ask)
{
	answered_n++;
	answered_last = ask;
}

static void heard(int fd, const char *want, const char *what)
{
	char text[256];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = 0;
	is_str(text, want, what);
}

static void tell(int fd, const char *text)
{
	if (send(fd, text, strlen(text), 0) != (ssize_t)strlen(text))
		ok(0, "the core's end takes what is written");
}

static void questions(void)
{
	struct wr_web_core core;
	struct wr_web_ask *first, *second, *third;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ||
	    wr_web_core_open(&core, fd[0], answered, &err)) {
		ok(0, "a connection");
		return;
	}
	first = wr_web_core_ask(&core, "stats\n", 6, NULL);
	second = wr_web_core_ask(&core, "ledger\n", 7, NULL);
	heard(fd[1], "stats\n", "the first question goes out at once, the second waits");
	tell(fd[1], "{\"a\":1}\n{\"a\"");
	wr_web_core_step(&core);
	is_int(answered_n, 0, "half an answer is none");
	tell(fd[1], ":2}\n\n");
	wr_web_core_step(&core);
	ok(answered_n == 1 && answered_last == first && first->outcome == WR_WEB_ANSWERED,
	   "the first is answered");
	is_str(wr_buf_text(&first->answer), "{\"a\":1}\n{\"a\":2}\n", "with its lines");
	wr_web_ask_end(first);
	heard(fd[1], "ledger\n", "then the second goes out");
	third = wr_web_core_ask(&core, "drops\n", 6, NULL);
	second->until_ms = 1;
	wr_web_core_step(&core);
	ok(answered_n == 2 && second->outcome == WR_WEB_LATE, "the second takes too long");
	wr_web_ask_end(second);
	heard(fd[1], "", "its answer is still under way, so the third waits");
	tell(fd[1], "{\"late\":true}\n\n");
	wr_web_core_step(&core);
	is_int(answered_n, 2, "the late answer belongs to nobody");
	heard(fd[1], "drops\n", "now the third goes out");
	tell(fd[1], "{\"b\":3}\n\n");
	wr_web_core_step(&core);
	is_str(wr_buf_text(&third->answer), "{\"b\":3}\n", "and gets its own answer");
	wr_web_ask_end(third);
	close(fd[1]);
	is_int(wr_web_core_step(&core), -EPIPE, "the core is gone");
	wr_web_core_close(&core);
}

static void too_many(void)
{
	struct wr_web_core core;
	int fd[2], n = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ||
	    wr_web_core_open(&core, fd[0], answered, &err)) {
		ok(0, "a connection");
		return;
	}
	while (n < 1000 && wr_web_core_ask(&core, "stats\n", 6, NULL))
		n++;
	is_int(n, WR_WEB_ASKS, "no more questions at a time than there is room for");
	wr_web_core_close(&core);
	close(fd[1]);
}

/* An answer that is larger than what is kept, and a line that is longer. */
static void too_large(void)
{
	static char line[WR_WIRE_BACK_MAX + 4096];
	struct wr_web_core core;
	struct wr_web_ask *ask;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ||
	    wr_web_core_open(&core, fd[0], answered, &err)) {
		ok(0, "a connection");
		return;
	}
	memset(line, 'x', sizeof(line));
	line[60000] = '\n';
	ask = wr_web_core_ask(&core, "flows\n", 6, NULL);
	for (int i = 0; i < 200 && ask->outcome == WR_WEB_WAITING; i++) {
		if (send(fd[1], line, 60001, 0) != 60001)
			break;
		wr_web_core_step(&core);
	}
	is_int(ask->outcome, WR_WEB_TOO_LARGE, "an answer beyond 8 MiB is refused");
	ok(ask->answer.room <= 2 * WR_WEB_ANSWER_MAX, "and no more than that was kept");
	wr_web_ask_end(ask);
	tell(fd[1], "\n");
	wr_web_core_step(&core);
	ask = wr_web_core_ask(&core, "stats\n", 6, NULL);
	for (size_t at = 0; at < sizeof(line); at += 4096) {
		line[60000] = 'x';
		if (send(fd[1], line, 4096, 0) != 4096)
			break;
		wr_web_core_step(&core);
	}
	tell(fd[1], "\n{\"c\":4}\n\n");
	wr_web_core_step(&core);
	is_str(wr_buf_text(&ask->answer), "{\"c\":4}\n", "a line that is too long is left out");
	is_int((long long)core.wire.left_out, 1, "and counted");
	wr_web_ask_end(ask);
	wr_web_core_close(&core);
	close(fd[1]);
}

int main(void)
{
	addresses();
	not_addresses();
	hosts();
	tokens();
	queries();
	views();
	questions();
	too_many();
	too_large();
	return done();
}
