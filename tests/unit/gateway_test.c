/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries, ledgers, differences, and what drivers write and read, without a gateway. */
#include "tests/tap.h"

#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <unistd.h>

#include "gateway/addresses.h"
#include "gateway/caddy_list.h"
#include "gateway/haproxy_map.h"
#include "gateway/nginx_file.h"
#include "gateway/nginx_lua.h"
#include "gateway/object.h"
#include "gateway/own.h"

enum { NOW_S = 1795409040 };

/* ---- entries ---- */

static void entry(const char *text, const char *want)
{
	struct wr_gateway_entry e;
	struct wr_err err = {0};
	struct wr_buf b = {0};

	if (!ok(!wr_gateway_entry_parse(&e, text, NOW_S, &err), "'%s' is an entry", text)) {
		note("%s", err.text);
		return;
	}
	wr_gateway_entry_print(&b, &e);
	is_str(wr_buf_text(&b), want, "and means that");
	wr_buf_free(&b);
}

static void no_entry(const char *text, const char *why)
{
	struct wr_gateway_entry e = {.rate = 77};
	struct wr_err err = {0};
	int ret = wr_gateway_entry_parse(&e, text, NOW_S, &err);

	if (!ok(ret == -EINVAL && e.rate == 77 && strstr(err.text, why), "'%s' is none: %s", text,
		why))
		note("%d '%s'", ret, err.text);
}

static void entries(void)
{
	entry("deny 203.0.113.7", "deny 203.0.113.7 until 1795409640");
	entry("deny 203.0.113.0/24 for 1h", "deny 203.0.113.0/24 until 1795412640");
	entry("  deny  2001:DB8::/32 for 500ms ", "deny 2001:db8::/32 until 1795409041");
	entry("limit 203.0.113.7 to 5 until 2026-11-23T04:44:01Z why \"a \xc3\xa4 b\"",
	      "limit 203.0.113.7 to 5 until 1795409041 why a \xc3\xa4 b");
	entry("limit 203.0.113.7 for 1s to 5/s why for 2s",
	      "limit 203.0.113.7 to 5 until 1795409041 why for 2s");
	entry("deny key 1f0a93c2b4d5e6f7 until 7", "deny key 1F0A93C2B4D5E6F7 until 7");
	no_entry("", "expected deny or limit");
	no_entry("block 203.0.113.7", "expected deny or limit");
	no_entry("deny", "is missing");
	no_entry("deny example.org", "no address and no prefix");
	entry("limit key 1f0a93c2b4d5e6f7 to 5 until 7", "limit key 1F0A93C2B4D5E6F7 to 5 until 7");
	entry("limit consumer al.ice@x to 5 until 7 why w",
	      "limit consumer al.ice@x to 5 until 7 why w");
	entry("deny consumer Al.Ice until 7", "deny consumer al.ice until 7");
	entry("limit route /api/search to 5 until 7", "limit route /api/search to 5 until 7");
	entry("limit route GET Shop.Example/Users/{id}/+.js/* to 5 until 7",
	      "limit route GET shop.example/Users/{}/+.js/* to 5 until 7");
	/* As `weir api` shows them. */
	entry("limit route GET shop.example/a/{id}/{rest} to 5 until 7",
	      "limit route GET shop.example/a/{}/* to 5 until 7");
	entry("limit route /a/{rest}/b to 5 until 7", "limit route /a/{}/b to 5 until 7");
	no_entry("limit route OTHER /x to 5", "OTHER stands for any method that weir does not");
	no_entry("limit route /a%20b to 5", "gateways compare what it stands for");
	no_entry("deny route /x", "never refused");
	no_entry("limit route to 5", "is no route: it has no path");
	no_entry("limit route GET to 5", "is no route: it has no path");
	no_entry("limit route get /x to 5", "no route");
	no_entry("limit route /x/*/y to 5", "'*' stands at its end alone");
	no_entry("limit route /x(y to 5", "a character that no regular expression");
	no_entry("limit route /x\"y to 5", "a character that no regular expression");
	no_entry("limit route /x$y to 5", "a character that no regular expression");
	no_entry("limit route /{x to 5", "a brace is not closed");
	no_entry("limit route *.example/x to 5", "'*' stands at its end alone");
	no_entry("limit consumer a;b to 5", "a consumer's name is letters");
	no_entry("limit consumer to 5", "expected to RATE");
	no_entry("deny 203.0.113.7/24", "write 203.0.113.0/24, or 203.0.113.7");
	no_entry("deny ::ffff:203.0.113.7", "write 203.0.113.7");
	no_entry("deny 203.0.113.7 for", "a value is missing");
	no_entry("deny 203.0.113.7 for ever", "no span");
	no_entry("deny 203.0.113.7 to 5", "expected for SPAN");
	no_entry("deny 203.0.113.7 5m", "expected for SPAN");
	no_entry("limit 203.0.113.7", "to how many requests");
	no_entry("limit 203.0.113.7 to 0", "no number of requests");
	no_entry("limit 203.0.113.7 to 1000000", "no number of requests");
	no_entry("limit 203.0.113.7 to -1", "no number of requests");
	no_entry("deny key 1f0a", "16 to 32 hexadecimal digits");
	no_entry("deny key 1f0a93c2b4d5e6fg", "16 to 32 hexadecimal digits");
	no_entry("deny 203.0.113.7 why", "a reason has");
	no_entry("deny 203.0.113.7 why \x1b[2J", "plain text");
	no_entry("deny 203.0.113.7 why \xe2\x80\xae", "plain text");
	no_entry("deny 203.0.113.7 why \" x\"", "neither a blank nor a quote");
	no_entry("deny 203.0.113.7 why \"x\"\"", "neither a blank nor a quote");
	no_entry("deny 203.0.113.7 why \xff", "plain text");
	no_entry(
		"deny 203.0.113.7 why 0123456789012345678901234567890123456789012345678901234567890"
		"123",
		"a reason has");
}

/* What gateways compare with means the same as the route, and reads back as it. */
static void routes(void)
{
	static const struct {
		const char *route, *pattern, *hit, *miss;
	} is[] = {
		{"/a.b", "^[A-Z]+:[^/]*/a[.]b$", "GET:x.y/a.b", "GET:x.y/aXb"},
		{"/u/{}/o", "^[A-Z]+:[^/]*/u/[^/]+/o$", "PUT:/u/7/o", "PUT:/u/7/8/o"},
		{"GET /u", "^GET:[^/]*/u$", "GET:x/u", "PUT:x/u"},
		{"shop.example/u", "^[A-Z]+:shop[.]example/u$", "GET:shop.example/u",
		 "GET:x.shop.example/u"},
		{"GET a.b/v1/*", "^GET:a[.]b/v1/", "GET:a.b/v1/x/y", "GET:a.b/v2/x"},
		{"/v1/*", "^[A-Z]+:[^/]*/v1/", "GET:a.b/v1/x", "GET:a.b/v2/x"},
		{"/*", "^[A-Z]+:[^/]*/", "GET:a.b/", "a.b/"},
		{"/v1/m:do+it", "^[A-Z]+:[^/]*/v1/m:do[+]it$", "POST:h/v1/m:do+it",
		 "POST:h/v1/m:doit"},
	};
	static const char *const others[] = {
		"^GET:/a/.*$", "^[A-Z]+:[^/]*/a/.*",  "/a", "^GET:.*$", "^", "", "^GET:",
		"^GET:a[.]b",  "^[A-Z]+:[^/]*/(a|b)$"};
	char back[WR_GATEWAY_SUBJECT];

	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		struct wr_buf b = {0};
		regex_t re;

		wr_gateway_route_print(&b, is[i].route);
		is_str(wr_buf_text(&b), is[i].pattern, "a route as gateways have it");
		ok(!wr_gateway_route_read(back, is[i].pattern), "it is read back");
		is_str(back, is[i].route, "as the same");
		ok(!regcomp(&re, is[i].pattern, REG_EXTENDED) &&
			   !regexec(&re, is[i].hit, 0, NULL, 0) &&
			   regexec(&re, is[i].miss, 0, NULL, 0),
		   "it is %s, and not %s", is[i].hit, is[i].miss);
		regfree(&re);
		wr_buf_free(&b);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(wr_gateway_route_read(back, others[i]), "'%s' is nothing of weir's", others[i]);
}

/* ---- lists ---- */

static struct wr_gateway_entry made(const char *text, enum wr_gateway_state state)
{
	struct wr_gateway_entry e = {0};
	struct wr_err err = {0};

	if (wr_gateway_entry_parse(&e, text, NOW_S, &err))
		ok(0, "%s: %s", text, err.text);
	e.state = (uint8_t)state;
	return e;
}

static void put(struct wr_gateway_set *s, const char *text, enum wr_gateway_state state)
{
	struct wr_gateway_entry e = made(text, state);

	wr_gateway_set_add(s, &e);
	wr_gateway_set_sort(s);
}

static void lists(void)
{
	struct wr_gateway_set s = {0};
	struct wr_gateway_entry e = made("deny 10.0.0.1", 0);

	put(&s, "deny 10.0.0.2 until 1", 0);
	put(&s, "limit 10.0.0.1 to 3 until 1", 0);
	put(&s, "deny 10.0.0.1 until 1", 0);
	put(&s, "deny 10.0.0.2 until 9", 0);
	put(&s, "deny 10.0.0.0/8 until 1", 0);
	is_int((long long)s.n, 4, "a second entry for the same replaces the first");
	ok(wr_gateway_set_find(&s, &e) && wr_gateway_set_find(&s, &e)->until_s == 1, "it is found");
	e = made("deny 10.0.0.2", 0);
	is_int((long long)wr_gateway_set_find(&s, &e)->until_s, 9, "the one added last stays");
	e = made("deny 10.0.0.3", 0);
	ok(!wr_gateway_set_find(&s, &e), "what is not there is not found");
	wr_gateway_set_free(&s);
}

/* ---- the ledger ---- */

static void no_ledger(const char *text, const char *why)
{
	struct wr_gateway_ledger l = {0};
	char copy[512];
	struct wr_err err = {0};
	int ret;

	snprintf(copy, sizeof(copy), "%s", text);
	ret = wr_gateway_ledger_parse(&l, copy, "edge", NULL, &err);
	if (!ok(ret == -EINVAL && strstr(err.text, why), "no ledger: %s", why))
		note("%d '%s'", ret, err.text);
	wr_gateway_set_free(&l.set);
}

static void ledger(void)
{
	static const char text[] = "weir gateway ledger 1 edge haproxy 1795409040\n"
				   "put deny 203.0.113.7 until 1795409640 why tries passwords\n"
				   "want deny 2001:db8::/32 until 1795409641\n"
				   "gone limit 198.51.100.0/24 to 5 until 1795409041\n"
				   "end 3\n";
	struct wr_gateway_ledger l = {0};
	struct wr_err err = {0};
	struct wr_buf b = {0};
	char *copy = strdup(text);

	ok(!wr_gateway_ledger_parse(&l, copy, "edge", NULL, &err), "a ledger is read");
	is_int((long long)l.set.n, 3, "with all its entries");
	is_int((long long)l.generation, 1795409040, "and its generation");
	wr_gateway_ledger_print(&b, &l, "edge", "haproxy");
	is_str(wr_buf_text(&b), text, "and is written as the same text");
	free(copy);
	/* A file that was cut anywhere is none. */
	for (size_t n = 0, bad = 0; n < sizeof(text); n++) {
		struct wr_gateway_ledger cut = {0};

		copy = strndup(text, n);
		bad += !wr_gateway_ledger_parse(&cut, copy, "edge", NULL, NULL);
		free(copy);
		wr_gateway_set_free(&cut.set);
		if (n == sizeof(text) - 1)
			is_int((long long)bad, 1, "only the whole of it is one, of %zu cuts", n);
	}
	no_ledger("weir gateway ledger 1 other haproxy 7\nend 0\n", "of the gateway 'other'");
	copy = strdup(text);
	ok(wr_gateway_ledger_parse(&l, copy, "edge", "nginx", &err) == -EINVAL &&
		   strstr(err.text, "driver haproxy"),
	   "another driver's ledger is none");
	free(copy);
	no_ledger("weir gateway ledger 2 edge haproxy 7\nend 0\n", "no ledger of a gateway");
	no_ledger("weir gateway ledger 1 edge haproxy 7\nhave deny 1.2.3.4 until 1\nend 1\n",
		  "line 2: 'have deny");
	no_ledger("weir gateway ledger 1 edge haproxy 7\nend 1\n", "expected want, put or gone");
	no_ledger("weir gateway ledger 1 edge haproxy 7\nend 0\nput deny 1.2.3.4 until 1\n",
		  "behind its end");
	wr_buf_free(&b);
	wr_gateway_set_free(&l.set);
}

/* ---- what is wanted ---- */

static int read_nothing(const struct wr_gateway *g, struct wr_gateway_seen *seen,
			struct wr_err *err)
{
	(void)seen;
	return wr_fail(err, EIO, "%s does not answer", g->name);
}

static uint32_t can_deny(const struct wr_gateway_conf *c)
{
	(void)c;
	return WR_GATEWAY_CAN_DENY;
}

static void wanted(void)
{
	static const struct wr_gateway_driver silent = {
		.name = "silent", .can = can_deny, .read = read_nothing};
	struct wr_gateway g = {.name = "edge", .driver = &silent, .conf.most = 2};
	struct wr_gateway_ledger l = {.path = "/proc/nowhere/edge.ledger", .lock_fd = -1};
	struct wr_gateway_set more = {0};
	struct wr_gateway_result r;
	struct wr_err err = {0};

	put(&l.set, "deny 10.0.0.1 until 1795409640", WR_GATEWAY_PUT);
	put(&l.set, "deny 10.0.0.2 until 1795409640", WR_GATEWAY_GONE);
	put(&more, "deny 10.0.0.1 until 1795409641", 0);
	put(&more, "deny 10.0.0.2 until 1795409641", 0);
	is_int(wr_gateway_want(&g, &l, &more, &err), 0, "as many as there may be");
	put(&more, "deny 10.0.0.3 until 1795409641", 0);
	is_int(wr_gateway_want(&g, &l, &more, &err), -E2BIG, "one more is refused");
	is_int((long long)l.set.n, 2, "and is not in the ledger");
	is_int(wr_gateway_reconcile(&g, &l, NOW_S, NULL, &r, &err), -EIO, "who is silent is told");
	ok(r.unsaved, "and that the ledger could not be written");
	wr_gateway_set_free(&more);
	wr_gateway_set_free(&l.set);
}

/* ---- what the configuration no longer takes ---- */

/* A gateway that has nothing, and takes nothing new. */
static int read_empty(const struct wr_gateway *g, struct wr_gateway_seen *seen, struct wr_err *err)
{
	(void)g, (void)seen, (void)err;
	return 0;
}

static bool never_stale(const struct wr_gateway *g, const struct wr_gateway_set *want,
			const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	(void)g, (void)want, (void)seen, (void)d;
	return false;
}

static void plan_nothing(const struct wr_gateway *g, const struct wr_gateway_set *want,
			 const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
			 uint64_t generation, struct wr_gateway_plan *p)
{
	(void)g, (void)want, (void)seen, (void)d, (void)generation, (void)p;
}

static void no_longer_taken(void)
{
	static const struct wr_gateway_driver driver = {.name = "plain",
							.can = can_deny,
							.read = read_empty,
							.stale = never_stale,
							.plan = plan_nothing};
	struct wr_gateway g = {.name = "edge", .driver = &driver, .conf.most = 9};
	char folder[] = "/tmp/gateway_test.XXXXXX", file[64];
	struct wr_gateway_ledger l = {.lock_fd = -1};
	struct wr_gateway_result r;
	struct wr_err err = {0};

	ok(mkdtemp(folder) != NULL, "a folder");
	snprintf(l.path, sizeof(l.path), "%s/edge.ledger", folder);
	put(&l.set, "limit route /a to 5 until 1795409640", WR_GATEWAY_PUT);
	put(&l.set, "limit 10.0.0.1 to 5 until 1795409640", WR_GATEWAY_WANTED);
	if (!ok(!wr_gateway_reconcile(&g, &l, NOW_S, NULL, &r, &err),
		"a ledger with what its configuration no longer takes"))
		note("%s", err.text);
	is_int((long long)l.set.n, 0, "these entries have ended");
	is_int((long long)r.untaken, 2, "which is told");
	ok(strstr(r.first_untaken, "cannot limit rates") != NULL, "with the first of them: %s",
	   r.first_untaken);
	ok(!wr_gateway_reconcile(&g, &l, NOW_S, NULL, &r, &err) && !r.untaken, "once");
	snprintf(file, sizeof(file), "%s", l.path);
	unlink(file);
	rmdir(folder);
	wr_gateway_set_free(&l.set);
}

/* ---- marks ---- */

static void block(void)
{
	static const char text[] =
		"1.1.1.1 9\n"
		"# weir begin edge 12: weir writes what stands between these marks\n"
		"2.2.2.2 9\n"
		"# weir end\n"
		"3.3.3.3 9";
	struct wr_gateway_block k;
	struct wr_err err = {0};
	struct wr_buf b = {0};

	ok(!wr_gateway_block_find(&k, text, strlen(text), "edge", &err), "a block is found");
	is_int((long long)k.generation, 12, "with its generation");
	ok(k.before_n == 10 && k.after_n == 9 && k.inside_n == 10, "and what stands around it");
	wr_gateway_block_begin(&b, &k, "edge", 12);
	wr_buf_add(&b, k.inside, k.inside_n);
	wr_gateway_block_end(&b, &k);
	is_str(wr_buf_text(&b), text, "put together it is the same");
	is_int(wr_gateway_block_find(&k, text, strlen(text), "other", &err), -EPERM,
	       "the block of another gateway is told");
	is_int(wr_gateway_block_find(&k, text, 90, "edge", &err), -EINVAL,
	       "one without an end, too");
	wr_buf_clear(&b);
	wr_buf_fmt(&b, "%s\n%s", text, text);
	is_int(wr_gateway_block_find(&k, b.at, b.used, "edge", &err), -EINVAL, "and two of them");
	ok(!wr_gateway_block_find(&k, "# a\n", 4, "edge", &err) && !k.generation && k.before_n == 4,
	   "a file without one is somebody else's");
	wr_buf_free(&b);
}

/* ---- the difference, and HAProxy's map ---- */

struct scene {
	struct wr_gateway_set want;
	struct wr_gateway_seen seen;
	struct wr_gateway_diff d;
	char *map;
};

/* The map as HAProxy shows it, and what of it stands in weir's block. */
static void set_scene(struct scene *s, const char *shown, const char *inside)
{
	struct wr_gateway_block k = {.inside = inside, .inside_n = strlen(inside)};
	struct wr_err err = {0};

	s->map = strdup(shown);
	ok(!wr_haproxy_read_map(&s->seen, WR_HAPROXY_DENY, s->map, strlen(s->map), &err) &&
		   !wr_haproxy_tag(&s->seen, WR_HAPROXY_DENY, &k, &err) &&
		   !wr_gateway_diff(&s->d, &s->want, &s->seen, true, &err),
	   "a difference is made");
}

static void end_scene(struct scene *s)
{
	wr_gateway_diff_free(&s->d);
	wr_gateway_seen_free(&s->seen);
	wr_gateway_set_free(&s->want);
	free(s->map);
}

static void plan_is(const struct scene *s, const char *want, const char *what)
{
	struct wr_gateway_plan p = {.was = &s->seen};
	struct wr_buf b = {0};

	wr_haproxy_plan_map(&p, WR_HAPROXY_DENY, "/s", "/m", &s->want, &s->seen, &s->d);
	wr_gateway_plan_show(&p, &b);
	is_str(wr_buf_text(&b), want, what);
	wr_buf_free(&b);
	wr_gateway_plan_free(&p);
}

static void difference(void)
{
	struct wr_gateway_ledger l = {0};
	struct scene s = {0};

	put(&s.want, "deny 10.0.0.1 until 100", WR_GATEWAY_WANTED); /* to be added */
	put(&s.want, "deny 10.0.0.2 until 100", WR_GATEWAY_PUT);    /* there */
	put(&s.want, "deny 10.0.0.3 until 100", WR_GATEWAY_PUT);    /* there, with another end */
	put(&s.want, "deny 10.0.0.4 until 100", WR_GATEWAY_GONE);   /* to be taken out */
	put(&s.want, "deny 10.0.0.5 until 100", WR_GATEWAY_GONE);   /* is not there */
	put(&s.want, "deny 10.0.0.6 until 100", WR_GATEWAY_WANTED); /* somebody else's is there */
	put(&s.want, "deny 10.0.0.7 until 100", WR_GATEWAY_PUT);    /* a restart has lost it */
	set_scene(&s,
		  "0x1 10.0.0.2 100\n0x2 10.0.0.3 99\n0x3 10.0.0.4 100\n0x4 10.0.0.6 100\n"
		  "0x5 192.0.2.1 5\n0x6 192.0.2.2 for ever\n0x7 10.0.0.8 100\n\n",
		  "10.0.0.8 100\n");
	is_int(s.d.deed[0], WR_GATEWAY_ADD, "what is wanted is added");
	is_int(s.d.deed[1], WR_GATEWAY_KEEP, "what is there stays");
	is_int(s.d.deed[2], WR_GATEWAY_CHANGE, "what has another end is changed");
	is_int(s.d.deed[3], WR_GATEWAY_REMOVE, "what is gone is removed");
	is_int(s.d.deed[4], WR_GATEWAY_FORGET, "or forgotten, when it is not there");
	is_int(s.d.deed[5], WR_GATEWAY_TAKEN, "somebody else's entry is left alone, equal or not");
	is_int(s.d.deed[6], WR_GATEWAY_ADD, "what was lost is put there again");
	is_int((long long)s.d.orphans, 1, "what stands between the marks and is not wanted goes");
	is_int((long long)s.d.foreign, 3, "all others are somebody else's");
	plan_is(&s,
		"-- send to /s, 112 bytes\n"
		"set map /m 10.0.0.3 100;del map /m 10.0.0.4;del map /m 10.0.0.8;"
		"add map /m 10.0.0.1 100;add map /m 10.0.0.7 100\n",
		"few changes are a command each");
	end_scene(&s);

	/* del by key would take both out: the whole is made anew, with theirs. */
	s = (struct scene){0};
	put(&s.want, "deny 10.0.0.4 until 100", WR_GATEWAY_GONE);
	set_scene(&s, "0x3 10.0.0.4 100\n0x9 10.0.0.4 777\n0x5 192.0.2.1 x y\n\n", "");
	is_int((long long)s.d.doubles, 1, "an entry beside one of others is a double");
	s.seen.version[WR_HAPROXY_DENY] = 6;
	plan_is(&s,
		"-- send to /s, 15 bytes\nprepare map /m\n"
		"-- send to /s, 45 bytes\nadd map @7 /m <<\n10.0.0.4 777\n192.0.2.1 x y\n\n"
		"-- send to /s, 17 bytes\ncommit map @7 /m\n",
		"then all is made anew, and theirs is as it was");
	end_scene(&s);

	/* Wanted and never put there: it ends without touching theirs. */
	s = (struct scene){0};
	put(&s.want, "deny 10.0.0.6 until 100", WR_GATEWAY_WANTED);
	l.set = s.want;
	is_int((long long)wr_gateway_lift(&l, NULL), 1, "what was never put there is lifted");
	is_int((long long)l.set.n, 0, "and forgotten, so that theirs is not taken out");
	end_scene(&s);
}

/* Routes of the same end and rate are counted apart, by what stands behind the number. */
static void haproxy_routes(void)
{
	static const char pair[] = "^GET:[^/]*/a/[^/]+$ 100000005:GET_/a/{}";
	char shown[] = "0x1 ^GET:[^/]*/a/[^/]+$ 100000005:GET_/a/{}\n0x2 ^/theirs 7\n\n";
	struct scene s = {0};
	struct wr_buf b = {0};

	put(&s.want, "limit route GET /a/{id} to 5 until 100", WR_GATEWAY_PUT);
	put(&s.want, "limit key 0102030405060708 to 5 until 100", WR_GATEWAY_PUT);
	ok(!wr_haproxy_read_map(&s.seen, WR_HAPROXY_ROUTES, shown, strlen(shown), NULL) &&
		   s.seen.n == 2 && !s.seen.at[0].odd && s.seen.at[1].odd,
	   "a map of routes is read, what others put there as odd");
	wr_gateway_diff(&s.d, &s.want, &s.seen, true, NULL);
	is_int((long long)s.d.count[WR_GATEWAY_KEEP], 1, "the route is there");
	is_int((long long)s.d.count[WR_GATEWAY_ADD], 1, "the key is not");
	wr_haproxy_print_file(&b, WR_HAPROXY_ROUTES, &(struct wr_gateway_block){0}, "edge", 1,
			      &s.want, &s.d);
	ok(strstr(wr_buf_text(&b), pair) != NULL, "its file has it");
	ok(!strstr(wr_buf_text(&b), "0102030405060708"), "and no key");
	wr_buf_free(&b);
	end_scene(&s);
}

/* Of those that a request is of the first counts, so the tightest stands first, also after one more
 * has come. */
static void haproxy_route_order(void)
{
	char shown[] = "0x1 ^/theirs 7\n0x2 ^[A-Z]+:[^/]*/v1/ 100000020:/v1/*\n"
		       "0x3 ^/last 7\n\n";
	struct wr_gateway_plan p;
	struct scene s = {0};
	struct wr_buf b = {0};

	put(&s.want, "limit route /v1/* to 20 until 100", WR_GATEWAY_PUT);
	put(&s.want, "limit route GET /v1/chat to 5 until 100", WR_GATEWAY_WANTED);
	wr_haproxy_read_map(&s.seen, WR_HAPROXY_ROUTES, shown, strlen(shown), NULL);
	wr_gateway_diff(&s.d, &s.want, &s.seen, true, NULL);
	p = (struct wr_gateway_plan){.was = &s.seen};
	wr_haproxy_plan_map(&p, WR_HAPROXY_ROUTES, "/s", "/m", &s.want, &s.seen, &s.d);
	wr_gateway_plan_show(&p, &b);
	is_str(wr_buf_text(&b),
	       "-- send to /s, 15 bytes\nprepare map /m\n"
	       "-- send to /s, 115 bytes\nadd map @1 /m <<\n^/theirs 7\n"
	       "^GET:[^/]*/v1/chat$ 100000005:GET_/v1/chat\n"
	       "^[A-Z]+:[^/]*/v1/ 100000020:/v1/*\n^/last 7\n\n"
	       "-- send to /s, 17 bytes\ncommit map @1 /m\n",
	       "a change of routes makes the map anew, the tightest first, theirs around it");
	wr_buf_clear(&b);
	wr_haproxy_print_file(&b, WR_HAPROXY_ROUTES, &(struct wr_gateway_block){0}, "edge", 1,
			      &s.want, &s.d);
	ok(strstr(wr_buf_text(&b), "/v1/chat\n^[A-Z]+:[^/]*/v1/ ") != NULL,
	   "so a reload changes nothing");
	wr_buf_free(&b);
	wr_gateway_plan_free(&p);
	end_scene(&s);
}

static void haproxy(void)
{
	static const char *const bad[] = {"0x1 10.0.0.2 100\n0x2 10.0", "Unknown map identifier.\n",
					  "0x1\n", "0x1 \n", "\x7f\x45\x4c\x46\n"};
	static const char list[] =
		"# id (file) description\n"
		"0 (/a/deny.map) pattern loaded from file '/a/deny.map' used by map at file "
		"'/etc/h.cfg' line 13. curr_ver=3 next_ver=4 entry_cnt=18446744073709551615\n\n";
	struct wr_gateway_entry e = made("limit 10.0.0.1 to 999999 until 1795409040", 0);
	char text[64], config[256];
	uint64_t version = 0;

	haproxy_routes();
	haproxy_route_order();
	is_int((long long)wr_haproxy_value(&e), 1795409040999999, "a limit's value has both");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct wr_gateway_seen seen = {0};

		snprintf(text, sizeof(text), "%s", bad[i]);
		is_int(wr_haproxy_read_map(&seen, WR_HAPROXY_DENY, text, strlen(text), NULL),
		       -EPROTO, "no list of a map: %zu", i);
		wr_gateway_seen_free(&seen);
	}
	ok(!wr_haproxy_find_map(list, strlen(list), "/a/deny.map", &version, config) &&
		   version == 4,
	   "the next version of a map is read");
	is_str(config, "/etc/h.cfg", "and who uses it");
	ok(wr_haproxy_find_map(list, strlen(list), "/a/deny", &version, config) == -ENOENT,
	   "another map is not there");
}

/* ---- nginx ---- */

static void nginx(void)
{
	static const char text[] =
		"# theirs\n"
		"# weir begin edge 7: weir writes what stands between these marks\n"
		"geo $weir_deny {\n\tdefault 0;\n\t203.0.113.7 1;\n\t2001:db8::/32 1;\n}\n"
		"geo $weir_class {\n\tdefault \"\";\n\t198.51.100.0/24 5;\n}\n"
		"map $remote_user $weir_consumer_deny {\n\tdefault 0;\n\t\"mallory\" 1;\n}\n"
		"map $remote_user $weir_consumer_class {\n\tdefault \"\";\n"
		"\t\"\\default\" 5;\n\t\"\\include\" 5;\n\t\"includes\" 20;\n}\n"
		"map \"$request_method:$host$uri\" $weir_route {\n\tdefault \"\";\n"
		"\t\"~^[A-Z]+:[^/]*/v1/chat$\" \"5:/v1/chat\";\n"
		"\t\"~^[A-Z]+:[^/]*/\" \"20:/*\";\n"
		"\t\"~^GET:[^/]*/a/[^/]+$\" \"20:GET /a/{}\";\n}\n"
		"geo $weir_stamp {\n\tdefault \"edge 7\";\n}\n"
		"# weir end\n";
	static const char dump[] =
		"# configuration file /e/nginx.conf:\nhttp {\ninclude /e/weir.conf;\n"
		"set_real_ip_from 0.0.0.0/0; real_ip_header X-Forwarded-For;\n"
		"listen 80 proxy_protocol;\n# if ($weir_deny)\n"
		"# configuration file /e/weir.conf:\ngeo $weir_deny {\n}\n"
		"geo $weir_stamp {\n}\n";
	const struct wr_gateway_conf conf = {.nginx = {.consumer = "$remote_user", .routes = true}};
	struct wr_gateway_set want = {0};
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_gateway_block old = {.before = "# theirs", .before_n = 8};
	struct wr_gateway_block k;
	struct wr_nginx_config c;
	struct wr_buf b = {0};
	char *inside;

	put(&want, "deny 203.0.113.7", 0);
	put(&want, "deny 2001:db8::/32", 0);
	put(&want, "limit 198.51.100.0/24 to 5", 0);
	put(&want, "deny consumer mallory", 0);
	put(&want, "limit consumer default to 5", 0);
	put(&want, "limit consumer include to 5", 0);
	put(&want, "limit consumer includes to 20", 0);
	put(&want, "limit route /* to 20", 0);
	put(&want, "limit route /v1/chat to 5", 0);
	put(&want, "limit route GET /a/{id} to 20", 0);
	wr_gateway_diff(&d, &want, &seen, false, NULL);
	wr_nginx_print(&b, &conf, &old, "edge", 7, &want, &d);
	is_str(wr_buf_text(&b), text, "nginx' file is written");
	wr_gateway_block_find(&k, b.at, b.used, "edge", NULL);
	inside = strndup(k.inside, k.inside_n);
	ok(!wr_nginx_read(&seen, inside, k.inside_n) && seen.n == 10, "and read back");
	wr_gateway_diff_free(&d);
	wr_gateway_diff(&d, &want, &seen, false, NULL);
	is_int((long long)d.count[WR_GATEWAY_KEEP], 10, "with the same entries");
	wr_nginx_look(&c, dump, strlen(dump), "/e/weir.conf");
	ok(c.includes && !c.denies && !c.stamps && !c.consumers && !c.routes,
	   "what weir's own file has is no use of it");
	ok(c.trusts_all && c.mixes_proxy, "and wrong trust is seen");
	free(inside);
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_set_free(&want);
}

/* ---- nginx with Lua ---- */

static void lua_says(const char *text, int ret, size_t n, const char *what)
{
	struct wr_gateway_seen seen = {0};
	char *copy = strdup(text);
	bool limits;

	ok(wr_nginx_lua_read(&seen, copy, strlen(copy), "edge", &limits, NULL) == ret &&
		   seen.n == n,
	   "weir.lua: %s", what);
	wr_gateway_seen_free(&seen);
	free(copy);
}

static void nginx_lua(void)
{
	char text[] = "weir 1, limits\n"
		      "deny 203.0.113.7/32 until 1795409100 by edge\n"
		      "deny 203.0.113.8/32 until 1795409100 by edge\n"
		      "deny 203.0.113.9/32 until 1795409100 by mine\n"
		      "limit 2001:0db8:0000:0000:0000:0000:0000:0000/32 to 5 until 1795409200 by "
		      "edge\n"
		      "deny who knows by edge\n";
	struct wr_gateway_set want = {0};
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_buf b = {0};
	bool limits;

	put(&want, "deny 203.0.113.7 until 1795409100", WR_GATEWAY_PUT);
	put(&want, "deny 203.0.113.9 until 1795409100", WR_GATEWAY_WANTED);
	put(&want, "deny 203.0.113.10 until 1795409100 why x", WR_GATEWAY_WANTED);
	put(&want, "limit 2001:db8::/32 to 5 until 1795409300", WR_GATEWAY_PUT);
	ok(!wr_nginx_lua_read(&seen, text, strlen(text), "edge", &limits, NULL) && limits &&
		   seen.n == 5,
	   "what weir.lua lists is read");
	wr_gateway_diff(&d, &want, &seen, true, NULL);
	is_int((long long)d.foreign, 2, "another owner's, and what is no entry, are others'");
	wr_nginx_lua_print(&b, &want, &seen, &d);
	is_str(wr_buf_text(&b),
	       "- deny 203.0.113.8 until 1795409100\n"
	       "+ deny 203.0.113.10 until 1795409100\n"
	       "= limit 2001:db8::/32 to 5 until 1795409300\n",
	       "and what is told differs, and is weir's");
	lua_says("", -EPROTO, 0, "nothing");
	lua_says("weir 2\n", -EPROTO, 0, "another one");
	lua_says("weir 1, limits\ndeny 203", -EPROTO, 0, "what is cut off");
	lua_says("weir 1, no limits\n", 0, 0, "no entries");
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_set_free(&want);
}

/* ---- Caddy ---- */

static void no_list(const char *json)
{
	struct wr_gateway_seen seen = {0};

	is_int(wr_caddy_read(&seen, json, strlen(json), NULL), -EPROTO, "no list: %s", json);
	wr_gateway_seen_free(&seen);
}

static int look(const char *json, bool *forwarded)
{
	return wr_caddy_look(json, strlen(json), forwarded, NULL);
}

static void caddy(void)
{
	static const char json[] = "[\"192.0.2.9\",\"x \\\"y\\\"\",\"10.0.0.1\",\"10.0.0.2\"]";
	struct wr_gateway_set want = {0};
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_buf b = {0};
	bool forwarded;

	put(&want, "deny 10.0.0.1", WR_GATEWAY_PUT);
	put(&want, "deny 10.0.0.2", WR_GATEWAY_GONE);
	put(&want, "deny 2001:db8::1", WR_GATEWAY_WANTED);
	ok(!wr_caddy_read(&seen, json, strlen(json), NULL) && seen.n == 4, "a list is read");
	wr_gateway_diff(&d, &want, &seen, false, NULL);
	wr_gateway_addresses_print(&b, &want, &seen, &d);
	is_str(wr_buf_text(&b), "[\"192.0.2.9\",\"x \\\"y\\\"\",\"10.0.0.1\",\"2001:db8::1\"]",
	       "what others have put there stays in its place");
	no_list("");
	no_list("{}");
	no_list("[1]");
	no_list("[\"10.0.0.1\"");
	ok(!look("{\"match\":[{\"remote_ip\":{\"ranges\":[],\"forwarded\":true}}]}", &forwarded) &&
		   forwarded,
	   "a matcher that believes a header is seen");
	ok(look("{\"match\":[{\"remote_ip\":{\"ranges\":[]},\"path\":[\"/x\"]}]}", &forwarded) ==
		   -EPROTO,
	   "one that asks for more, too");
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_set_free(&want);
}

/* ---- rules of weir's own at admin APIs ---- */

static void object(const struct wr_gateway_driver *driver, const char *json, int want,
		   size_t addresses, const char *what)
{
	struct wr_gateway_seen seen = {0};
	struct wr_err err = {0};
	int ret = wr_gateway_object_read(&seen, driver->dialect, "edge", json, strlen(json), &err);

	if (!ok(ret == want && (ret || seen.n == addresses), "%s: %s", driver->name, what))
		note("%d, %zu addresses, '%s'", ret, seen.n, err.text);
	wr_gateway_seen_free(&seen);
}

static void path_is(const struct wr_gateway_driver *driver, const char *want)
{
	struct wr_buf b = {0};

	driver->dialect->path(&b, "edge", 60, true);
	is_str(wr_buf_text(&b), want, "where its rule is");
	wr_buf_free(&b);
}

static void objects(void)
{
	static const struct wr_gateway_driver *const all[] = {&wr_gateway_apinto,
							      &wr_gateway_apisix, &wr_gateway_kong};
	static const char *const none[] = {
		"",   "not exist",	  "[]",
		"{}", "{\"status\":404}", "{\"filters\":[],\"value\":7,\"config\":\"x\"}"};
	bool there;

	path_is(&wr_gateway_apinto, "/api/strategy/weir-edge");
	path_is(&wr_gateway_apisix, "/apisix/admin/global_rules/weir-edge?ttl=60");
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < sizeof(none) / sizeof(none[0]); k++)
			object(all[i], none[k], -EPROTO, 0, none[k]);
	object(&wr_gateway_apinto,
	       "{\"name\":\"weir-edge\",\"description\":\"weir\",\"filters\":{\"ip\":[\"10.0.0.1\"]"
	       "}}",
	       0, 1, "its own strategy");
	object(&wr_gateway_apinto,
	       "{\"name\":\"weir-edge\",\"description\":\"mine\",\"filters\":{\"ip\":[\"10.0.0.1\"]"
	       "}}",
	       -EPERM, 0, "somebody else's of that name");
	object(&wr_gateway_apisix,
	       "{\"value\":{\"plugins\":{\"ip-restriction\":{\"blacklist\":[\"10.0.0.1\",\"::1\"]}}"
	       "}}",
	       0, 2, "its own rule");
	object(&wr_gateway_apisix,
	       "{\"value\":{\"plugins\":{\"cors\":{},\"ip-restriction\":{\"blacklist\":[\"::1\"]}}}"
	       "}",
	       -EPERM, 0, "one with another plugin beside it");
	object(&wr_gateway_kong, "{\"tags\":[\"weir\"],\"config\":{\"deny\":[\"10.0.0.0/8\"]}}", 0,
	       1, "its own plugin");
	object(&wr_gateway_kong, "{\"tags\":null,\"config\":{\"deny\":[\"10.0.0.0/8\"]}}", -EPERM,
	       0, "one without its tag");
	ok(!wr_gateway_object_listed("[{\"name\":\"weir-Edge\"}]", 22, "edge", &there, NULL) &&
		   there,
	   "a name in a list is found, lower case or not");
	ok(!wr_gateway_object_listed("[7,{\"name\":\"edge\"}]", 19, "edge", &there, NULL) && !there,
	   "another one is not");
	is_int(wr_gateway_object_listed("{\"status\":404}", 14, "edge", &there, NULL), -EPROTO,
	       "what is no list is told");
}

/* ---- files of weir's own: the exact bytes, as they are documented ---- */

static void own_file(const struct wr_gateway_driver *driver, const struct wr_gateway_set *want,
		     const char *text)
{
	struct wr_gateway_seen none = {0}, seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_err err = {0};
	struct wr_buf b = {0};
	uint64_t generation;
	char *copy;

	wr_gateway_diff(&d, want, &none, false, NULL);
	driver->form->print(&b, "edge", 7, want, &d);
	is_str(wr_buf_text(&b), text, driver->name);
	copy = strdup(wr_buf_text(&b));
	ok(!wr_gateway_own_read(&seen, driver->form, copy, b.used, "edge", &generation, &err) &&
		   generation == 7 && seen.n == want->n,
	   "and read back");
	wr_gateway_diff_free(&d);
	wr_gateway_diff(&d, want, &seen, false, NULL);
	is_int((long long)d.count[WR_GATEWAY_KEEP], (long long)want->n, "with the same entries");
	free(copy);
	copy = strdup(wr_buf_text(&b));
	is_int(wr_gateway_own_read(&none, driver->form, copy, b.used, "other", &generation, &err),
	       -EPERM, "another gateway's is left alone");
	free(copy);
	copy = strdup("http:\n  routers: {}\n");
	is_int(wr_gateway_own_read(&none, driver->form, copy, strlen(copy), "edge", &generation,
				   &err),
	       -EPERM, "one that weir has not written, too");
	free(copy);
	wr_buf_free(&b);
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	wr_gateway_seen_free(&none);
}

static void own_files(void)
{
	struct wr_gateway_conf c = {.envoy.file = "/e/weir.pb", .traefik.file = "/t/weir.toml"};
	struct wr_gateway_set want = {0};
	struct wr_err err = {0};

	own_file(&wr_gateway_envoy, &want,
		 "{\"version_info\":\"weir edge 7\",\n"
		 "\"resources\":[{\"@type\":\"type.googleapis.com/"
		 "envoy.config.core.v3.TypedExtensionConfig\",\n"
		 "\"name\":\"weir-edge\",\n"
		 "\"typed_config\":{\"@type\":\"type.googleapis.com/"
		 "envoy.extensions.filters.http.rbac.v3.RBAC\"}}]}\n");
	own_file(&wr_gateway_traefik, &want,
		 "# weir edge 7: weir writes this file as a whole\n"
		 "http:\n  middlewares:\n    weir-edge:\n      ipAllowList:\n"
		 "        sourceRange: [\"255.255.255.255/32\"]\n        rejectStatusCode: 403\n");
	put(&want, "deny 203.0.113.7", 0);
	put(&want, "deny 2001:db8::/32", 0);
	own_file(&wr_gateway_envoy, &want,
		 "{\"version_info\":\"weir edge 7\",\n"
		 "\"resources\":[{\"@type\":\"type.googleapis.com/"
		 "envoy.config.core.v3.TypedExtensionConfig\",\n"
		 "\"name\":\"weir-edge\",\n"
		 "\"typed_config\":{\"@type\":\"type.googleapis.com/"
		 "envoy.extensions.filters.http.rbac.v3.RBAC\",\n"
		 "\"rules\":{\"action\":\"DENY\",\"policies\":{\"weir-edge\":{\"permissions\":[{"
		 "\"any\":"
		 "true}],\"principals\":[\n"
		 "{\"remote_ip\":{\"address_prefix\":\"203.0.113.7\",\"prefix_len\":32}},\n"
		 "{\"remote_ip\":{\"address_prefix\":\"2001:db8::\",\"prefix_len\":32}}\n"
		 "]}}}}}]}\n");
	own_file(&wr_gateway_traefik, &want,
		 "# weir edge 7: weir writes this file as a whole\n"
		 "http:\n  middlewares:\n    weir-edge:\n      ipAllowList:\n"
		 "        sourceRange: [\"255.255.255.255/32\"]\n        rejectStatusCode: 403\n"
		 "  routers:\n    weir-edge:\n      rule: >-\n"
		 "        ClientIP(`203.0.113.7`) ||\n        ClientIP(`2001:db8::/32`)\n"
		 "      priority: 9223372036854774807\n      middlewares: [weir-edge]\n"
		 "      service: noop@internal\n    # the same for TLS\n    weir-edge-tls:\n"
		 "      rule: >-\n"
		 "        ClientIP(`203.0.113.7`) ||\n        ClientIP(`2001:db8::/32`)\n"
		 "      priority: 9223372036854774807\n      middlewares: [weir-edge]\n"
		 "      service: noop@internal\n      tls: {}\n");
	ok(wr_gateway_envoy.check(&c, &err) == -EINVAL && strstr(err.text, ".json"),
	   "a name that Envoy would read as something else is refused");
	ok(wr_gateway_traefik.check(&c, &err) == -EINVAL && strstr(err.text, ".yml"),
	   "for Traefik, too");
	ok(!(wr_gateway_envoy.can(&c) & (WR_GATEWAY_CAN_EXPIRE | WR_GATEWAY_CAN_CONFIRM)) &&
		   wr_gateway_haproxy.can(
			   &(struct wr_gateway_conf){.haproxy = {"", "", "", "", "", ""}}) &
			   WR_GATEWAY_CAN_CONFIRM,
	   "neither an end nor an answer is promised where there is none");
	wr_gateway_set_free(&want);
}

/* What a driver cannot is refused, with what would do; secrets stand in no file of weir's. */
static void accepted(void)
{
	struct wr_gateway haproxy = {.name = "h",
				     .driver = &wr_gateway_haproxy,
				     .conf.haproxy = {"/s", "/d", "", "/k", "", ""}};
	struct wr_gateway nginx = {.name = "n",
				   .driver = &wr_gateway_nginx,
				   .conf.nginx = {.file = "/f", .consumer = ""}};
	struct wr_gateway caddy = {.name = "c", .driver = &wr_gateway_caddy};
	struct {
		const struct wr_gateway *g;
		const char *text, *why; /* NULL: it is taken */
	} is[] = {
		{&haproxy, "deny key 0102030405060708", NULL},
		{&haproxy, "limit key 0102030405060708 to 5", "cannot limit keys"},
		{&haproxy, "limit consumer a to 5", "HAProxy hashes of keys ('key HASH')"},
		{&haproxy, "limit route /a to 5", "HAProxy (haproxy.routes)"},
		{&nginx, "deny consumer a", "nginx.consumer"},
		{&nginx, "limit route /a to 5", "nginx (nginx.routes)"},
		{&nginx, "deny key 0102030405060708", "the secret would stand in a file"},
		{&caddy, "limit route /a to 5", "cannot tell routes apart"},
		{&caddy, "deny consumer a", "cannot tell consumers apart"},
	};

	for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++) {
		struct wr_gateway_entry e = made(is[i].text, 0);
		struct wr_err err = {0};
		int ret = wr_gateway_accepts(is[i].g, &e, &err);

		ok(is[i].why ? ret == -EOPNOTSUPP && strstr(err.text, is[i].why) : !ret,
		   "%s: %s: %s", is[i].g->name, is[i].text, ret ? err.text : "taken");
	}
	haproxy.conf.haproxy.key_limit = "/l";
	haproxy.conf.haproxy.routes = "/r";
	for (size_t i = 1; i < 4; i += 2) {
		struct wr_gateway_entry e = made(is[i].text, 0);

		ok(!wr_gateway_accepts(&haproxy, &e, NULL), "with a map it is taken: %s",
		   is[i].text);
	}
	nginx.conf.nginx.consumer = "$remote_user";
	ok(wr_gateway_nginx.check(&nginx.conf, NULL) == -EINVAL,
	   "nginx limits consumers by classes alone");
}

/* ---- rails ---- */

static void guarded(const struct wr_gateway *g, const char *text, bool force, const char *why)
{
	struct wr_gateway_entry e = made(text, 0);
	struct wr_err err = {0};
	int ret = wr_gateway_guard(g, NULL, &e, NOW_S, force, &err);

	if (!ok(why ? ret == -EINVAL && strstr(err.text, why) : !ret, "%s%s: %s", text,
		force ? " --force" : "", why ? why : "may be"))
		note("%d '%s'", ret, err.text);
}

static void rails(void)
{
	struct wr_gateway g = {.conf.longest_ns = 3600000000000};
	struct wr_prefix p;

	wr_prefix_parse(&p, "10.0.0.0/8", 10);
	wr_prefixes_add(&g.never, &p);
	wr_prefix_parse(&p, "2001:db8::1", 11);
	wr_prefixes_add(&g.never, &p);
	guarded(&g, "deny 10.1.2.3", true, "would shut out 10.0.0.0/8");
	guarded(&g, "limit 10.1.2.0/24 to 5", true, "would shut out 10.0.0.0/8");
	guarded(&g, "deny 0.0.0.0/0", true, "would shut out 10.0.0.0/8");
	guarded(&g, "deny 2001:db8::/32", true, "would shut out 2001:db8::1");
	guarded(&g, "deny 11.0.0.0/16", false, NULL);
	guarded(&g, "deny 11.0.0.0/15", false, "wider than /16");
	guarded(&g, "deny 11.0.0.0/15", true, NULL);
	guarded(&g, "deny 2001::/31", false, "wider than /32");
	guarded(&g, "deny 11.0.0.1 for 1h", false, NULL);
	guarded(&g, "deny 11.0.0.1 for 2h", false, "longer than 1h");
	guarded(&g, "deny 11.0.0.1 for 2h", true, NULL);
	guarded(&g, "deny 11.0.0.1 until 1795409040", true, "its end has passed");
	guarded(&g, "deny key 1f0a93c2b4d5e6f7", false, NULL);
	wr_prefixes_free(&g.never);
}

int main(void)
{
	entries();
	routes();
	lists();
	ledger();
	wanted();
	no_longer_taken();
	block();
	difference();
	haproxy();
	nginx();
	nginx_lua();
	caddy();
	objects();
	own_files();
	accepted();
	rails();
	return done();
}
