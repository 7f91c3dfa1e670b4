/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The language of rules: what is read, how it is printed, what is told when it is wrong. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "policy/policy.h"
#include "tests/tap.h"
#include "tests/unit/policy_cases.h"
#include "tests/unit/policy_gen.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static char dir[] = "/tmp/policy_test-XXXXXX";

static struct wr_buf told; /* by the last parse_text() */

static void tell(void *ctx, unsigned int line, unsigned int column, const char *text)
{
	(void)ctx;
	wr_buf_fmt(&told, "%u:%u: %s\n", line, column, text);
}

static struct wr_policy *parse_text(const char *text)
{
	struct wr_policy *p;

	wr_buf_clear(&told);
	wr_policy_parse(&p, text, strlen(text), "test", tell, NULL, NULL);
	return p;
}

/* Borrowed until the next call. */
static const char *printed(const struct wr_policy *p)
{
	static struct wr_buf b;

	wr_buf_clear(&b);
	if (p)
		wr_policy_print(&b, p);
	else
		wr_buf_fmt(&b, "no policy: %s", wr_buf_text(&told));
	return wr_buf_text(&b);
}

/* Of this process: the machine may be busy. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A statement as the name of a test: one line of what TAP lets through. */
static const char *title(const char *text)
{
	static char out[256];
	size_t n = 0;

	for (; text[n] && n < sizeof(out) - 1; n++)
		out[n] = text[n] < ' ' || text[n] > '~' || text[n] == '#' ? '?' : text[n];
	out[n] = 0;
	return out;
}

/* ---- what is right, what is wrong ---- */

/* Without the lines of the statements that stood behind it. */
static char *without_rest(const char *text)
{
	char *out = calloc(1, strlen(text) + 1);

	for (const char *end; out && *text; text = end) {
		end = text + strcspn(text, "\n") + 1;
		if (strncmp(text, "set partners", 12) != 0 &&
		    strncmp(text, "set others", 10) != 0 && strncmp(text, "class web =", 11) != 0)
			strncat(out, text, (size_t)(end - text));
	}
	if (out && *out)
		out[strlen(out) - 1] = 0;
	return out;
}

static void right(size_t i)
{
	const char *in = policy_right[i].in, *want = policy_right[i].out;
	struct wr_policy *p, *again = NULL;
	struct wr_buf b = {0};
	char *first, *out;

	wr_buf_fmt(&b, "%s%s", in, policy_rest);
	p = parse_text(wr_buf_text(&b));
	first = strdup(printed(p));
	out = without_rest(first);
	is_str(out, want ? want : in, title(in));
	again = p ? parse_text(first) : NULL;
	if (!again || strcmp(printed(again), first) != 0)
		is_str(printed(again), first, "prints to the same again");
	wr_policy_free(&p);
	wr_policy_free(&again);
	wr_buf_free(&b);
	free(first);
	free(out);
}

static void wrong(size_t i)
{
	struct wr_policy *p;
	struct wr_buf b = {0};

	wr_buf_fmt(&b, "%s%s", policy_wrong[i].in, policy_rest);
	p = parse_text(wr_buf_text(&b));
	if (p)
		ok(0, "'%s' is refused", title(policy_wrong[i].in));
	is_str(wr_buf_text(&told), policy_wrong[i].told, title(policy_wrong[i].in));
	wr_policy_free(&p);
	wr_buf_free(&b);
}

static void told_to_caller(void)
{
	static const char zero[] = "drop any\0\ndrop";
	struct wr_policy *p;
	struct wr_err err = {0};

	is_int(wr_policy_parse(&p, "allow any\ndrop", 14, "edge.policy", NULL, NULL, &err), -EINVAL,
	       "nobody has to be told");
	ok(!strncmp(err.text, "edge.policy:2:1: 'drop': says not", 33), "the first is in err: %s",
	   err.text);
	is_int(wr_policy_parse(&p, "x: drop any\nx: drop any", 23, "a", NULL, NULL, NULL), -EINVAL,
	       "err may be NULL");
	wr_buf_clear(&told);
	wr_policy_parse(&p, zero, sizeof(zero) - 1, "a", tell, NULL, NULL);
	ok(!strncmp(wr_buf_text(&told), "1:9: '?': a byte", 16), "a byte 0 is told");
	p = parse_text("drop where \"tcp prt 80\"");
	ok(!p && !strncmp(wr_buf_text(&told), "1:12: '\"tcp prt 80\"': filter 'tcp prt 80'", 39) &&
		   strstr(told.at, "syntax error"),
	   "what libpcap says is told, at the expression");
	p = parse_text("drop where \"inbound\"");
	ok(!p && strstr(wr_buf_text(&told), "not in the packet"), "so is what no packet holds");
}

/* ---- what it means ---- */

static bool is_drop_of(const struct wr_rule *r)
{
	return r->action == WR_ACTION_DROP && r->not_from && r->from.n == 1 &&
	       r->from.at[0].bits == 8 && r->n_from_sets == 1 && r->from_sets[0] == 1 &&
	       r->n_to == 2 && r->to[0].proto == 17 && r->to[0].port == 5000 &&
	       r->to[0].port_to == 5999 && r->to[0].addr.ip_v == 6 && r->to[1].proto == -1 &&
	       !r->to[1].port && r->to[1].addr.bits == 24;
}

static void meaning(void)
{
	struct wr_policy *p =
		parse_text("# first\nlimit 20mbit burst 64KiB per source/24/56 to tcp on eth0 why "
			   "\"a \\\"b\\\"\"\n"
			   "x: drop not from 10.0.0.0/8, @late to udp/5000-5999@2001:db8::1, "
			   "10.1.1.0/24 inner "
			   "out priority 7 shadow auto for 1h at sat 22:00-06:00\n"
			   "class web where \"udp\" until 1970-01-01T00:00:09Z\nset a =\nset late "
			   "= 10.0.0.1 @a\n"
			   "class web = guarantee 5mbit ceiling 1gbit priority 3\nfragments drop\n"
			   "link eth0 = in 1gbit out 10mbit");
	const struct wr_rule *r = p ? p->rule : NULL;

	if (!ok(p && p->n_rules == 3 && p->n_sets == 2 && p->n_classes == 1 && p->n_links == 1 &&
			p->drop_fragments,
		"everything is there %s", wr_buf_text(&told)))
		return;
	ok(r[0].action == WR_ACTION_LIMIT && r[0].limit.unit == WR_RATE_BPS &&
		   r[0].limit.rate == 20000000 && r[0].limit.burst == 65536 &&
		   r[0].limit.per == WR_PER_SOURCE && r[0].limit.bits4 == 24 &&
		   r[0].limit.bits6 == 56,
	   "a limit");
	is_str(r[0].why, "a \"b\"", "escapes are taken out of a text");
	ok(!r[0].named && !strcmp(r[0].name, "r1") && r[0].line == 2 && r[0].priority == 100 &&
		   !r[0].shadow && !r[0].out,
	   "name, line and what is not said");
	ok(is_drop_of(&r[1]), "a drop: from and to");
	ok(r[1].inner && r[1].out && r[1].priority == 7 && r[1].shadow && r[1].automatic &&
		   r[1].for_s == 3600 && r[1].at.days == 1 << 5 && r[1].at.from_min == 1320 &&
		   r[1].at.to_min == 360 && r[1].named,
	   "and the rest of it");
	ok(r[2].action == WR_ACTION_CLASS && r[2].klass == 0 && !strcmp(r[2].where, "udp") &&
		   r[2].until_s == 9 && !strcmp(r[2].name, "r3"),
	   "a class rule");
	ok(p->class_[0].guarantee_bps == 5000000 && p->class_[0].ceiling_bps == 1000000000 &&
		   p->class_[0].priority == 3,
	   "a class");
	ok(p->link[0].in_bps == 1000000000 && p->link[0].out_bps == 10000000, "a link");
	wr_policy_free(&p);
	p = parse_text("r1: drop any\ndrop any\nr4: drop any\ndrop any");
	ok(p && !strcmp(p->rule[1].name, "r2") && !strcmp(p->rule[3].name, "r5"),
	   "a name that is taken is not given again");
	wr_policy_free(&p);
}

static void order(void)
{
	struct wr_policy *p =
		parse_text("class c any\nd1: drop any\nl1: limit 1pps any priority 5\n"
			   "a1: allow any priority 900\nd2: drop any priority 5\n"
			   "a2: allow any\nd3: drop any priority 0\nclass c = priority 1");
	static const char *const want[] = {"a2", "a1", "d3", "l1", "d2", "d1", "r1"};
	uint32_t in[7];
	bool good = p && p->n_rules == 7;

	if (good)
		wr_policy_order(p, in);
	for (size_t i = 0; good && i < 7; i++)
		good = !strcmp(p->rule[in[i]].name, want[i]);
	ok(good, "allow first, then by priority and place, class rules apart");
	wr_policy_free(&p);
}

static void schedules(void)
{
	/* 1795392000 is Monday, 2026-11-23 00:00 UTC, 01:00 local. */
	static const struct {
		struct wr_schedule s;
		int64_t at;
		bool on;
		const char *what;
	} t[] = {
		{{0}, 1795392000, true, "no schedule: always"},
		{{0x01, 0, 0}, 1795392000, true, "Monday is on Mondays"},
		{{0x02, 0, 0}, 1795392000, false, "not on Tuesdays"},
		{{0x01, 0, 0}, 1795388399, false, "a second before local midnight it is Sunday"},
		{{0x01, 0, 0}, 1795388400, true, "then it is Monday"},
		{{0, 60, 120}, 1795392000, true, "the first minute is in it"},
		{{0, 59, 60}, 1795392000, false, "the last is not"},
		{{0, 1320, 61}, 1795392000, true, "over midnight"},
		{{0, 1320, 60}, 1795392000, false, "not when that is over"},
		{{0x40, 1320, 120}, 1795392000, true, "what began on Sunday goes on on Monday"},
		{{0x01, 1320, 120}, 1795392000, false, "what begins on Monday has not begun"},
		{{0x40, 1320, 0}, 1795388399, true, "up to midnight"},
	};

	for (size_t i = 0; i < COUNT(t); i++)
		ok(wr_schedule_has(&t[i].s, t[i].at) == t[i].on, "%s", t[i].what);
}

/* ---- changes ---- */

static void changes(const char *what, int got, int want, const struct wr_err *err, const char *text)
{
	is_int(got, want, "%s", what);
	if (want)
		is_str(err->text, text, "and says so");
}

static void adding(void)
{
	struct wr_policy *p = parse_text("set a = 10.0.0.1\nset b = @a\nclass web = priority 1\n"
					 "drop from @b\nlink eth0 = capacity 10mbit\nx: drop any");
	struct wr_err err = {0};
	char *before = strdup(printed(p));

	changes("a statement that is wrong", wr_policy_add(p, "drop frm x", &err), -EINVAL, &err,
		"column 6: 'frm': expected " CLAUSES "; did you mean 'from'?");
	changes("none", wr_policy_add(p, " # x", &err), -EINVAL, &err,
		"column 1: the line ends here: expected a statement");
	changes("two", wr_policy_add(p, "drop any\ndrop any", &err), -EINVAL, &err,
		"a statement is one line");
	changes("a rule twice", wr_policy_add(p, "x: allow any", &err), -EEXIST, &err,
		"column 1: 'x': there is a rule of that name in line 6");
	changes("the name of a rule without one", wr_policy_add(p, "r1: allow any", &err), -EEXIST,
		&err, "column 1: 'r1': there is a rule of that name in line 4");
	changes("a set twice", wr_policy_add(p, "set a = 10.0.0.2", &err), -EEXIST, &err,
		"column 5: 'a': there is a set of that name");
	changes("a class twice", wr_policy_add(p, "class web = priority 2", &err), -EEXIST, &err,
		"column 7: 'web': there is a class of that name");
	changes("a link twice", wr_policy_add(p, "link eth0 = in 5gbit", &err), -EEXIST, &err,
		"column 6: 'eth0': there is a link of that name");
	changes("too much of a guarantee", wr_policy_add(p, "class c = guarantee 11mbit", &err),
		-EINVAL, &err,
		"column 1: 'class': all guarantees together are 11mbit, and a link has 10mbit");
	changes("a set that names itself", wr_policy_add(p, "set c = @a @c", &err), -EINVAL, &err,
		"column 12: '@c': is a circle: @c > @c");
	is_str(printed(p), before, "after all of that nothing has changed");
	changes("a rule", wr_policy_add(p, "y: limit 5pps from @a why \"z\"", &err), 0, &err, NULL);
	changes("a set", wr_policy_add(p, "set c = @b 10.0.0.9", &err), 0, &err, NULL);
	changes("one without a name", wr_policy_add(p, "allow from @c", &err), 0, &err, NULL);
	ok(p->n_rules == 4 && !strcmp(p->rule[3].name, "r4") && p->set[2].all.n == 2 &&
		   !p->rule[2].line && !p->set[2].line,
	   "they are there, in no line");
	changes("a rule again", wr_policy_add(p, "y: drop any", &err), -EEXIST, &err,
		"column 1: 'y': there is a rule of that name");
	free(before);
	wr_policy_free(&p);
}

static void deleting(void)
{
	struct wr_policy *p = parse_text("set a = 10.0.0.1\nset b = 10.0.0.2\nset c = @b\n"
					 "x: drop from @b\ny: drop from @c");
	struct wr_err err = {0};

	changes("no rule", wr_policy_del_rule(p, "z", &err), -ENOENT, &err, "there is no rule 'z'");
	changes("no set", wr_policy_del_set(p, "z", &err), -ENOENT, &err, "there is no set 'z'");
	changes("a set in use", wr_policy_del_set(p, "c", &err), -EBUSY, &err,
		"set 'c' is used by rule 'y'");
	changes("a rule goes", wr_policy_del_rule(p, "x", &err), 0, &err, NULL);
	changes("a set of a set", wr_policy_del_set(p, "b", &err), -EBUSY, &err,
		"set 'b' is used by set 'c'");
	changes("a set goes", wr_policy_del_set(p, "a", &err), 0, &err, NULL);
	is_str(printed(p), "set b = 10.0.0.2\nset c = @b\ny: drop from @c\n",
	       "the others are still named right");
	wr_policy_free(&p);
}

static struct wr_prefix prefix_of(const char *text)
{
	struct wr_prefix p = {0};

	if (wr_prefix_parse(&p, text, strlen(text)))
		ok(0, "'%s' is a prefix", text);
	return p;
}

static void changing_sets(void)
{
	struct wr_policy *p =
		parse_text("set top = @mid 10.0.0.1\nset mid = @low\nset low = 10.0.0.2 10.0.0.1\n"
			   "drop from @top");
	const struct wr_prefix one = prefix_of("10.0.0.1"), two = prefix_of("10.0.0.2"),
			       net = prefix_of("2001:db8::/32");
	struct wr_err err = {0};

	changes("one more", wr_policy_set_add(p, "low", &net, &err), 0, &err, NULL);
	ok(wr_prefixes_in(&p->set[0].all, &net) && p->set[1].all.n == 3, "and in what names it");
	changes("again", wr_policy_set_add(p, "low", &net, &err), -EEXIST, &err,
		"set 'low' has this prefix already");
	changes("into no set", wr_policy_set_add(p, "x", &net, &err), -ENOENT, &err,
		"there is no set 'x'");
	changes("one less", wr_policy_set_del(p, "low", &one, &err), 0, &err, NULL);
	ok(wr_prefixes_in(&p->set[0].all, &one) && !wr_prefixes_in(&p->set[1].all, &one),
	   "it stays where it is written too");
	changes("what another set has", wr_policy_set_del(p, "top", &two, &err), -ENOENT, &err,
		"set 'top' has this prefix from @mid");
	changes("what is not there", wr_policy_set_del(p, "mid", &one, &err), -ENOENT, &err,
		"set 'mid' has no such prefix");
	changes("a circle", wr_policy_replace_set(p, "set low = 10.9.9.9 @top", &err), -EINVAL,
		&err, "column 20: '@top': is a circle: @top > @mid > @low > @top");
	changes("no set", wr_policy_replace_set(p, "set x = 10.9.9.9", &err), -ENOENT, &err,
		"column 5: 'x': there is no such set");
	changes("no statement", wr_policy_replace_set(p, "drop any", &err), -EINVAL, &err,
		"column 1: 'drop': expected set NAME = ...");
	is_str(printed(p),
	       "set top = 10.0.0.1 @mid\nset mid = @low\nset low = 10.0.0.2 2001:db8::/32\n"
	       "drop from @top\n",
	       "nothing of that has changed anything");
	changes("another", wr_policy_replace_set(p, "set low = 10.9.9.9", &err), 0, &err, NULL);
	ok(p->set[0].all.n == 2 && p->set[1].all.n == 1 && p->set[2].all.n == 1, "in all of them");
	wr_policy_free(&p);
}

static void copies(void)
{
	struct wr_policy *p =
		parse_text("set a = 10.0.0.1\nset b = @a 10.1.0.0/16\nclass web = guarantee 1mbit\n"
			   "link eth0 = in 1gbit\nfragments drop\nlimit 5pps from @b, 10.3.3.3 to "
			   "tcp/1 on e0, e1 "
			   "host a.b where \"tcp\" why \"w\"\ndrop any\nclass web any");
	struct wr_policy *copy = NULL;
	char *first = strdup(printed(p));

	is_int(wr_policy_copy(&copy, p, NULL), 0, "a copy");
	wr_policy_free(&p);
	is_str(printed(copy), first, "is the same, and its own");
	ok(copy->set[1].all.n == 2 && !strcmp(copy->rule[1].name, "r2"),
	   "with what was made of it");
	for (int i = 0; i < 100; i++)
		if (wr_policy_add(copy, "drop from 10.0.0.7", NULL))
			ok(0, "it grows");
	is_int((long long)copy->n_rules, 103, "it grows");
	free(first);
	wr_policy_free(&copy);
}

/* ---- prefixes ---- */

static void write_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fwrite(text, 1, n, f);
		fclose(f);
	}
}

static bool ascending(const struct wr_prefixes *s)
{
	for (size_t i = 1; i < s->n; i++) {
		const struct wr_prefix *a = &s->at[i - 1], *b = &s->at[i];
		int by = a->ip_v != b->ip_v ? a->ip_v - b->ip_v : memcmp(a->addr, b->addr, 16);

		if (by > 0 || (!by && a->bits >= b->bits))
			return false;
	}
	return true;
}

static void prefixes(void)
{
	struct pgen g = {.state = 7};
	struct wr_prefixes s = {0}, kept = {0};
	const struct wr_prefix net = prefix_of("10.0.0.0/9"), six = prefix_of("2001:db8::/33"),
			       all = prefix_of("0.0.0.0/0"), in = prefix_of("10.127.1.1"),
			       beside = prefix_of("10.128.0.0");
	size_t gone = 0;

	ok(wr_prefix_has(&net, 4, in.addr) && !wr_prefix_has(&net, 4, beside.addr) &&
		   !wr_prefix_has(&net, 6, in.addr) && wr_prefix_has(&all, 4, in.addr) &&
		   wr_prefix_has(&six, 6, prefix_of("2001:db8:7fff::1").addr) &&
		   !wr_prefix_has(&six, 6, prefix_of("2001:db8:8000::1").addr),
	   "an address is in a prefix or not");
	for (uint32_t i = 0; i < 5000; i++) {
		struct wr_prefix p = {.ip_v = i % 3 ? 4 : 6, .bits = 16};

		p.addr[0] = (uint8_t)pgen_below(&g, 7);
		p.addr[1] = (uint8_t)pgen_u32(&g);
		wr_prefixes_add(&s, &p);
		wr_prefixes_add(&kept, &p);
	}
	wr_prefixes_sort(&s);
	ok(ascending(&s) && s.n < 3584 && s.n > 2000, "sorted without doubles: %zu", s.n);
	for (size_t i = 0; i < kept.n; i++)
		gone += !wr_prefixes_in(&s, &kept.at[i]);
	is_int((long long)gone, 0, "none is lost");
	for (size_t i = 0; i < kept.n; i += 2)
		wr_prefixes_del(&s, &kept.at[i]);
	for (size_t i = 0; i < kept.n; i += 2)
		gone += wr_prefixes_in(&s, &kept.at[i]) || wr_prefixes_del(&s, &kept.at[i]);
	ok(!gone && ascending(&s), "deleted ones are gone, once");
	for (size_t i = 0; i < kept.n; i += 2)
		gone += wr_prefixes_put(&s, &kept.at[i]) == -ENOMEM;
	wr_prefixes_sort(&kept);
	ok(!gone && s.n == kept.n && !memcmp(s.at, kept.at, s.n * sizeof(*s.at)),
	   "put again, all are there in order");
	wr_prefixes_free(&s);
	wr_prefixes_free(&kept);
}

/* Few prefixes within each other, sorted. */
static void some_prefixes(struct pgen *g, struct wr_prefixes *s)
{
	for (uint32_t n = pgen_below(g, 6); n; n--) {
		struct wr_prefix p = {.ip_v = pgen_below(g, 4) ? 4 : 6,
				      .bits = (uint8_t)pgen_below(g, 13)};
		uint32_t mask = p.bits ? ~0u << (32 - p.bits) : 0, a = pgen_u32(g) & mask;

		p.addr[0] = (uint8_t)(a >> 24);
		p.addr[1] = (uint8_t)(a >> 16);
		wr_prefixes_add(s, &p);
	}
	wr_prefixes_sort(s);
}

static bool has_both(const struct wr_prefix *x, const struct wr_prefix *y)
{
	return wr_prefix_has(x, y->ip_v, y->addr) || wr_prefix_has(y, x->ip_v, x->addr);
}

static void what_meets(void)
{
	struct pgen g = {.state = 11};
	int wrong = 0, met = 0;

	for (int turn = 0; turn < 20000; turn++) {
		struct wr_prefixes s = {0}, of = {0};
		const struct wr_prefix *want = NULL;

		some_prefixes(&g, &s);
		some_prefixes(&g, &of);
		for (size_t k = of.n; k--;)
			for (size_t i = 0; i < s.n; i++)
				if (has_both(&s.at[i], &of.at[k]))
					want = &of.at[k];
		wrong += wr_prefixes_meet(&s, &of) != want;
		met += want != NULL;
		wr_prefixes_free(&s);
		wr_prefixes_free(&of);
	}
	ok(!wrong && met > 2000 && met < 18000,
	   "what two lists have in common, as pair by pair: %d times of 20,000", met);
}

/* What one policy has read of a file another one gets without reading it. */
static void known_files(void)
{
	struct wr_policy *p = parse_text(""), *q = parse_text("set low = 10.0.0.1");
	struct wr_err err = {0};
	char path[64], text[128], other[128];

	snprintf(path, sizeof(path), "/tmp/wr-policy-known-%d", (int)getpid());
	snprintf(text, sizeof(text), "set bad = file \"%s\"", path);
	snprintf(other, sizeof(other), "set bad = 10.9.9.9 file \"%s\"", path);
	write_file(path, "10.0.0.0/8\n2001:db8::/32\n", sizeof("10.0.0.0/8\n2001:db8::/32\n") - 1);
	is_int(wr_policy_add_known(p, text, NULL, &err), 0, "read");
	unlink(path);
	is_int(wr_policy_add_known(q, text, p, &err), 0, "the file is gone, and is not missed");
	ok(q->n_sets == 2 && q->set[1].filed.n == 2 && q->set[1].all.n == 2,
	   "all of it is there, %zu", q->n_sets > 1 ? q->set[1].all.n : 0);
	wr_policy_del_set(q, "bad", &err);
	is_int(wr_policy_add_known(q, other, p, &err), -EINVAL, "in other words it is read");
	is_int(wr_policy_add_known(q, text, q, &err), -EINVAL, "and when nobody has it");
	write_file(path, "10.0.0.0/8\n", sizeof("10.0.0.0/8\n") - 1);
	is_int(wr_policy_add_known(q, text, NULL, &err), 0, "and when it is to be");
	ok(q->n_sets == 2 && q->set[1].all.n == 1, "as it is now");
	unlink(path);
	wr_policy_free(&p);
	wr_policy_free(&q);
}

static void files(void)
{
	static const char good[] =
		"# list\r\n10.0.0.0/8\n\n  2001:db8::1\t# one\r\n10.0.0.0/8\n192.0.2.1";
	static const char bad[] = "10.0.0.0/8\n10.0.0.1/8\n";
	struct wr_prefixes s = {0};
	struct wr_err err = {0};
	char path[64], want[256];

	snprintf(path, sizeof(path), "%s/list", dir);
	write_file(path, good, sizeof(good) - 1);
	is_int(wr_prefixes_read(&s, path, &err), 0, "a file of prefixes %s", err.text);
	ok(s.n == 3 && s.at[2].ip_v == 6, "comments, blanks, CR, doubles, no newline at the end");
	write_file(path, bad, sizeof(bad) - 1);
	is_int(wr_prefixes_read(&s, path, &err), -EINVAL, "a line that is wrong");
	snprintf(
		want, sizeof(want),
		"%s:2: '10.0.0.1/8': has bits set behind the prefix; write 10.0.0.0/8, or 10.0.0.1",
		path);
	is_str(err.text, want, "is told with its line and the mended form");
	wr_prefixes_free(&s);
}

/* ---- many ---- */

/* n lines of different prefixes in no order, half of them IPv6. */
static void many_lines(struct wr_buf *b, uint32_t n, const char *between)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = i * 2654435761u;
		uint8_t a[16] = {0x20,
				 1,
				 0x0d,
				 0xb8,
				 (uint8_t)(k >> 24),
				 (uint8_t)(k >> 16),
				 (uint8_t)(k >> 8),
				 (uint8_t)k};

		if (i & 1)
			wr_buf_ip6(b, a);
		else
			wr_buf_ip4(b, a + 4);
		wr_buf_str(b, i & 1 ? "/64" : "");
		wr_buf_str(b, between);
	}
}

static void big_file(const char *path)
{
	struct wr_buf b = {0}, text = {0};
	struct wr_policy *p, *copy = NULL;
	struct wr_prefixes s = {0};
	struct wr_err err = {0};
	double began;

	many_lines(&b, WR_POLICY_SET_PREFIXES, "\n");
	write_file(path, b.at, b.used);
	wr_buf_fmt(&text, "set big = file \"%s\"\nset more = @big\ndrop from @more", path);
	began = seconds();
	is_int(wr_prefixes_read(&s, path, &err), 0, "a file of a million lines");
	note("read and sorted: %.0f ms of CPU", (seconds() - began) * 1e3);
	wr_prefixes_free(&s);
	began = seconds();
	p = parse_text(wr_buf_text(&text));
	note("a million prefixes from a file, in two sets: %.0f ms of CPU",
	     (seconds() - began) * 1e3);
	if (!ok(p && p->set[0].all.n == WR_POLICY_SET_PREFIXES && ascending(&p->set[1].all),
		"a million prefixes from a file %s", wr_buf_text(&told)))
		return;
	began = seconds();
	is_int(wr_policy_copy(&copy, p, &err), 0, "copied");
	note("a copy: %.0f ms of CPU", (seconds() - began) * 1e3);
	began = seconds();
	is_int(wr_policy_set_add(copy, "big", &(struct wr_prefix){.ip_v = 4, .bits = 1}, &err),
	       -E2BIG, "one more is too many");
	note("one more: %.1f ms of CPU", (seconds() - began) * 1e3);
	is_str(printed(copy), printed(p), "and changes nothing");
	is_int((long long)copy->set[0].all.n, WR_POLICY_SET_PREFIXES, "to the prefix");
	wr_buf_str(&b, "0.0.0.0/1\n");
	write_file(path, b.at, b.used);
	wr_policy_free(&copy);
	copy = parse_text(wr_buf_text(&text));
	ok(!copy && strstr(wr_buf_text(&told), "list: more than 1000000 prefixes\n"),
	   "a file with one more is refused");
	b.used -= 10;
	many_lines(&b, WR_POLICY_SET_PREFIXES / 2, "\n");
	write_file(path, b.at, b.used);
	copy = parse_text(wr_buf_text(&text));
	ok(copy && copy->set[0].all.n == WR_POLICY_SET_PREFIXES, "doubles do not count");
	wr_policy_free(&copy);
	wr_policy_free(&p);
	wr_buf_free(&b);
	wr_buf_free(&text);
}

static void big_line(void)
{
	struct wr_buf b = {0};
	struct wr_policy *p, *again;
	double began;
	char *first;

	wr_buf_str(&b, "set big = ");
	many_lines(&b, WR_POLICY_SET_PREFIXES, " ");
	began = seconds();
	p = parse_text(wr_buf_text(&b));
	note("a million prefixes in a line of %zu MB: %.0f ms of CPU", b.used / 1000000,
	     (seconds() - began) * 1e3);
	began = seconds();
	first = strdup(printed(p));
	note("printed: %.0f ms of CPU", (seconds() - began) * 1e3);
	again = parse_text(first);
	ok(p && again && !strcmp(printed(again), first), "prints and reads back the same");
	wr_policy_free(&p);
	wr_policy_free(&again);
	wr_buf_str(&b, "0.0.0.0/1");
	p = parse_text(wr_buf_text(&b));
	ok(!p && strstr(wr_buf_text(&told), ": '0.0.0.0/1': more than 1000000 prefixes in a set\n"),
	   "one more is told");
	wr_buf_free(&b);
	free(first);
}

/* Four sets of a million each, and one that names them. */
static void limits(const char *path)
{
	struct wr_buf b = {0}, text = {0};
	struct wr_policy *p;

	many_lines(&b, WR_POLICY_SET_PREFIXES, "\n");
	write_file(path, b.at, b.used);
	for (int i = 0; i < 4; i++)
		wr_buf_fmt(&text, "set s%d = file \"%s\"\n", i, path);
	p = parse_text(wr_buf_text(&text));
	ok(p && p->n_sets == 4, "four million prefixes in all");
	wr_policy_free(&p);
	wr_buf_str(&text, "drop from 10.0.0.1");
	p = parse_text(wr_buf_text(&text));
	is_str(wr_buf_text(&told), "4:5: 's3': more than 4000000 prefixes in all\n",
	       "one more is told");
	ok(!p, "and refused");
	wr_buf_clear(&text);
	for (int i = 0; i < WR_POLICY_RULES; i++)
		wr_buf_str(&text, "drop from 10.0.0.1\n");
	p = parse_text(wr_buf_text(&text));
	ok(p && p->n_rules == WR_POLICY_RULES && !strcmp(p->rule[4095].name, "r4096"),
	   "4096 rules");
	wr_policy_free(&p);
	wr_buf_str(&text, "allow any");
	parse_text(wr_buf_text(&text));
	is_str(wr_buf_text(&told),
	       "4097:1: 'allow': more than 4096 rules; sets and lists make one "
	       "of many\n",
	       "one more is told");
	wr_buf_clear(&text);
	for (int i = 0; i <= WR_POLICY_CLASSES; i++)
		wr_buf_fmt(&text, "class c%d = priority 1\n", i);
	parse_text(wr_buf_text(&text));
	is_str(wr_buf_text(&told), "17:7: 'c16': more than 16 classes\n", "17 classes are not");
	wr_buf_free(&b);
	wr_buf_free(&text);
}

/* ---- from a seed ---- */

static void generated(void)
{
	enum { SEEDS = 20000 };
	struct wr_buf text = {0}, first = {0}, second = {0};
	unsigned int bad = 0, rules = 0;

	for (uint64_t seed = 1; seed <= SEEDS && bad < 5; seed++) {
		struct pgen g = {.state = seed};
		struct wr_policy *p, *again = NULL;

		wr_buf_clear(&text);
		wr_buf_clear(&first);
		wr_buf_clear(&second);
		pgen_policy(&g, &text);
		p = parse_text(wr_buf_text(&text));
		if (p) {
			rules += (unsigned int)p->n_rules;
			wr_policy_print(&first, p);
			again = parse_text(wr_buf_text(&first));
		}
		if (again)
			wr_policy_print(&second, again);
		if (!again || strcmp(wr_buf_text(&first), wr_buf_text(&second)) != 0) {
			bad++;
			note("seed %llu: %s", (unsigned long long)seed, wr_buf_text(&told));
		}
		wr_policy_free(&p);
		wr_policy_free(&again);
	}
	ok(!bad && rules > SEEDS, "%d policies from seeds, %u rules: read, printed, read, printed",
	   SEEDS, rules);
	wr_buf_free(&text);
	wr_buf_free(&first);
	wr_buf_free(&second);
}

/* ---- what the document says ---- */

/* The files that its examples name, where this machine has them; one in each. */
static void with_our_file(struct wr_buf *b, const char *s, size_t n)
{
	static const struct {
		const char *theirs, *ours;
	} files[] = {{"/etc/weir/partners", "list"}, {"/etc/weir/flood.json", "model"}};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		size_t size = strlen(files[i].theirs);
		const char *at = memmem(s, n, files[i].theirs, size);

		if (!at)
			continue;
		wr_buf_add(b, s, (size_t)(at - s));
		wr_buf_fmt(b, "%s/%s", dir, files[i].ours);
		wr_buf_add(b, at + size, n - (size_t)(at - s) - size);
		return;
	}
	wr_buf_add(b, s, n);
}

/* The last cell of a row of a table, when it is code. */
static const char *last_cell(const char *line, size_t n, size_t *size)
{
	const char *end = line + n - 3, *s = end;

	if (n < 8 || line[0] != '|' || memcmp(end, "` |", 3) != 0)
		return NULL;
	while (s > line && memcmp(s, "| `", 3) != 0)
		s--;
	*size = (size_t)(end - s) - 3;
	return s + 3;
}

static void example(const char *s, size_t n)
{
	struct wr_buf b = {0};
	struct wr_policy *p;

	with_our_file(&b, s, n);
	wr_buf_str(&b, policy_rest);
	if (memmem(s, n, " score flood ", 13))
		wr_buf_fmt(&b, "model flood = file \"%s/model\"\n", dir);
	p = parse_text(wr_buf_text(&b));
	wr_buf_clear(&b);
	wr_buf_fmt(&b, "%.*s %s", (int)n, s, wr_buf_text(&told));
	ok(p != NULL, "%s", title(wr_buf_text(&b)));
	wr_policy_free(&p);
	wr_buf_free(&b);
}

static void document(const char *path, char *text)
{
	static const char fence[] = "```policy\n";
	char *block = strstr(text, fence), *end = block ? strstr(block, "\n```\n") : NULL;
	struct wr_buf b = {0};
	struct wr_policy *p;
	unsigned int rows = 0;
	size_t size;

	if (!ok(end != NULL, "%s has an example", path))
		return;
	block += sizeof(fence) - 1;
	with_our_file(&b, block, (size_t)(end + 1 - block));
	p = parse_text(wr_buf_text(&b));
	ok(p && p->n_rules == 6, "which is a policy %s", wr_buf_text(&told));
	for (const char *s = text; *s; s += strcspn(s, "\n") + 1) {
		const char *cell = last_cell(s, strcspn(s, "\n"), &size);

		if (!cell)
			continue;
		example(cell, size);
		rows++;
	}
	ok(rows >= 22, "%u examples in its tables", rows);
	wr_policy_free(&p);
	wr_buf_free(&b);
}

static void documents(void)
{
	const char *src = getenv("WEIR_SRC");
	static const char one_leaf[] =
		"{\"weir_model\":1,\"link\":\"plain\",\"base\":0,\"scale\":1,\"trees\":[[[1]]]}";
	char path[4096], list[64], model[64], *text;
	size_t n;
	FILE *f;

	snprintf(list, sizeof(list), "%s/list", dir);
	write_file(list, "192.0.2.0/24\n", 13);
	snprintf(model, sizeof(model), "%s/model", dir);
	write_file(model, one_leaf, sizeof(one_leaf) - 1);
	snprintf(path, sizeof(path), "%s/docs/policy.md", src ? src : "..");
	f = fopen(path, "r");
	text = calloc(1, 1 << 20);
	if (!f || !text) {
		skip("no %s: WEIR_SRC says where the source is", path);
	} else {
		n = fread(text, 1, (1 << 20) - 1, f);
		text[n] = 0;
		document("docs/policy.md", text);
	}
	if (f)
		fclose(f);
	free(text);
	unlink(model);
}

int main(void)
{
	char list[64];

	setenv("TZ", "MET-1", 1);
	if (!mkdtemp(dir)) {
		printf("Bail out! no temporary directory\n");
		return 1;
	}
	snprintf(list, sizeof(list), "%s/list", dir);
	for (size_t i = 0; i < COUNT(policy_right); i++)
		right(i);
	for (size_t i = 0; i < COUNT(policy_wrong); i++)
		wrong(i);
	told_to_caller();
	meaning();
	order();
	schedules();
	adding();
	deleting();
	changing_sets();
	copies();
	prefixes();
	what_meets();
	files();
	known_files();
	documents();
	big_file(list);
	big_line();
	limits(list);
	generated();
	unlink(list);
	rmdir(dir);
	wr_buf_free(&told);
	return done();
}
