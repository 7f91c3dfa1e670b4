/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is learned to be usual: weeks in no time. A norm follows slowly, an hour of the week is
 * known by what it had, who raises a rate slowly gets no further than the stated bound, and what
 * was learned is the same when it has been in a file.
 */
#include <errno.h>
#include <zlib.h>

#include "detect/impl.h"
#include "detect/learned.h"
#include "tests/tap.h"

enum { SHOP_WEEKS = 8, HOUR_S = 3600, MINUTE_S = 60 };

#define SECOND 1000000000ull
#define MONDAY (1767571200ull) /* 5 January 2026, 00:00 UTC */

/* A shop: 200 a second in office hours, 10 at night, 20 at the weekend. */
static double shop(unsigned int hour)
{
	unsigned int day = hour / 24, of_day = hour % 24;

	if (day >= 5)
		return 20;
	return of_day >= 8 && of_day < 18 ? 200 : 10;
}

static double spread(unsigned int i)
{
	return 0.9 + 0.2 * ((i * 2654435761u >> 16 & 0xff) / 255.0);
}

static void learn_weeks(struct wr_week *w, unsigned int weeks, double times)
{
	for (unsigned int i = 0; i < weeks * WR_WEEK_HOURS; i++)
		wr_week_learn(w, i % WR_WEEK_HOURS,
			      (float)log1p(times * shop(i % WR_WEEK_HOURS) * spread(i)));
}

static void test_hours(void)
{
	struct wr_week w = {0};
	struct wr_norm night = {0};
	double most;

	ok(wr_week_hour(MONDAY) == 0 && wr_week_hour(MONDAY + 26 * HOUR_S) == 26,
	   "the week begins on Monday");
	learn_weeks(&w, 3, 1);
	for (int i = 0; i < 2000; i++)
		wr_norm_learn(&night, 10 * spread((unsigned int)i));
	most = wr_norm_most(&night, 5);
	ok(most < 100, "after a night 200 a second are unusual by the last minutes alone (%.0f)",
	   most);
	ok(wr_week_most(&w, wr_norm_most(&night, 5), 9, 5) > 200,
	   "at nine on Monday they are not (%.0f)",
	   wr_week_most(&w, wr_norm_most(&night, 5), 9, 5));
	ok(wr_week_most(&w, wr_norm_most(&night, 5), 3, 5) < 100,
	   "at three in the night they are (%.0f)",
	   wr_week_most(&w, wr_norm_most(&night, 5), 3, 5));
	ok(wr_week_most(&w, wr_norm_most(&night, 5), 5 * 24 + 9, 5) < 150,
	   "on Saturday, too (%.0f)", wr_week_most(&w, wr_norm_most(&night, 5), 5 * 24 + 9, 5));
}

static void test_unknown_hour(void)
{
	struct wr_week w = {0};
	float there;

	for (unsigned int i = 0; i < 4 * 24; i++) /* Monday to Thursday */
		wr_week_learn(&w, i, (float)log1p(shop(i)));
	there = wr_week_expected(&w, 4 * 24 + 10);
	ok(expm1((double)there) > 80 && expm1((double)there) < 220,
	   "Friday at ten is expected to be as ten o'clock was on other days (%.0f)",
	   expm1((double)there));
}

/* An attacker sends a little more each second, from Monday to Sunday, as often as wanted. */
static void test_poisoning(void)
{
	struct wr_week w = {0}, before;
	struct wr_norm n = {0};
	double bound, after = 0;

	learn_weeks(&w, SHOP_WEEKS, 1);
	before = w;
	for (int i = 0; i < HOUR_S; i++)
		wr_norm_learn(&n, 200);
	bound = wr_week_most(&before, wr_norm_most(&n, 5), 10, 5);
	for (unsigned int h = 0; h < WR_WEEK_HOURS; h++) {
		double rate = shop(h) * pow(100, h / (double)WR_WEEK_HOURS);

		for (int i = 0; i < HOUR_S; i++)
			wr_norm_learn(&n, rate);
		wr_week_learn(&w, h, (float)log1p(rate));
	}
	for (unsigned int h = 0; h < WR_WEEK_HOURS; h++) {
		double rise = expm1((double)w.mean[h]) / expm1((double)before.mean[h]);

		after = rise > after ? rise : after;
	}
	ok(after <= 1.28,
	   "a ramp to a hundred times raises no hour by more than a quarter (%.2f times)", after);
	ok(wr_week_most(&w, wr_norm_most(&n, 5), 10, 5) <= 3 * 1.3 * bound,
	   "and what is called usual is bounded: %.0f, before it was %.0f",
	   wr_week_most(&w, wr_norm_most(&n, 5), 10, 5), bound);
	ok(wr_norm_most(&n, 5) > 4000, "without the week it would not be (%.0f)",
	   wr_norm_most(&n, 5));
}

static void test_norm(void)
{
	struct wr_norm n = {0}, wide;
	double before;

	wr_norm_learn(&n, 100);
	ok(wr_norm_most(&n, 5) > 1000, "one second is no reason to be sure");
	for (int i = 0; i < 3000; i++)
		wr_norm_learn(&n, 100 * spread((unsigned int)i));
	before = wr_norm_most(&n, 5);
	ok(before > 110 && before < 350, "after an hour it is known (%.0f)", before);
	wide = n;
	wr_norm_learn(&n, 1e6);
	ok(wr_norm_most(&n, 5) < before * 1.1, "a single second does not widen it");
	wr_norm_rest(&wide, 10 * 24 * HOUR_S);
	ok(wr_norm_usual(&wide) < 1, "what has not come for days is not usual any more");
}

/* ---- in a file ---- */

static struct wr_detect *detector(void)
{
	struct wr_detect_conf conf = {0};
	struct wr_detect *d = NULL;
	struct wr_err err;

	return wr_detect_open(&d, &conf, &err) ? NULL : d;
}

/* Pings to 10.0.0.N, rate a second, each from another flow. */
static void pings(struct wr_detect *d, uint8_t host, unsigned int rate, unsigned int seconds,
		  uint64_t from_ns)
{
	for (unsigned int i = 0; i < rate * seconds; i++) {
		uint64_t ns = from_ns + i * SECOND / rate;
		struct wr_flow f = {.opener = 0, .caller = WR_FLOW_CALLER_UNKNOWN};
		struct wr_live_part p = {.flow = {.n = {1, 100}, .first_ns = ns, .last_ns = ns}};

		p.flow.key = (struct wr_flow_key){
			.addr = {{10, 0, 0, 1}, {10, 0, 0, host}}, .proto = 1, .ip_v = 4};
		f.key = p.flow.key;
		f.first_ns = f.last_ns = f.told_ns = ns;
		f.sent[0].packets = 5;
		f.sent[1].packets = 5; /* it is answered */
		wr_detect_tick(d, ns);
		wr_detect_part(d, &p, &f);
	}
}

struct seen {
	struct wr_learned of[300];
	uint32_t n;
};

static bool see(void *ctx, const struct wr_learned *l)
{
	struct seen *s = ctx;

	if (s->n < 300)
		s->of[s->n++] = *l;
	return true;
}

static const struct wr_learned *of_host(const struct seen *s, uint8_t host)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->of[i].who.addr[3] == host && s->of[i].who.prefix == 32)
			return &s->of[i];
	return NULL;
}

static void test_file(void)
{
	struct wr_detect *d = detector(), *e = detector(), *g = detector();
	static struct seen before, after, later;
	struct wr_buf b = {0};
	struct wr_err err = {0};
	uint64_t now = (MONDAY + 7200) * SECOND;

	pings(d, 9, 50, 2 * MINUTE_S, MONDAY * SECOND);
	pings(d, 8, 5, 2 * MINUTE_S, (MONDAY + 2 * MINUTE_S) * SECOND);
	wr_detect_learned(d, see, &before);
	wr_detect_learned_write(d, &b);
	is_int(wr_detect_learned_read(e, b.at, b.used, now, &err), 0,
	       "what was written can be read");
	wr_detect_learned(e, see, &after);
	ok(of_host(&before, 9) && of_host(&after, 9) &&
		   fabs(of_host(&before, 9)->of[0].usual - of_host(&after, 9)->of[0].usual) < 0.1 &&
		   of_host(&before, 9)->seconds == of_host(&after, 9)->seconds,
	   "and says the same");
	is_int(wr_detect_learned_read(g, b.at, b.used, now + 3 * 86400 * SECOND, &err), 0,
	       "three days later, too");
	wr_detect_learned(g, see, &later);
	ok(of_host(&later, 9) && of_host(&later, 9)->seconds == of_host(&before, 9)->seconds / 2 &&
		   of_host(&later, 9)->of[0].most > of_host(&before, 9)->of[0].most,
	   "then it is less sure");
	wr_detect_close(&d);
	wr_detect_close(&e);
	wr_detect_close(&g);
	wr_buf_free(&b);
}

/* ---- hours of an address ---- */

enum { RATE = 20, HOST = 9 };

static struct target *target_at(struct wr_detect *d)
{
	uint8_t addr[16] = {10, 0, 0, HOST};

	return target_of(d, addr, 4, 0);
}

static double hour_of(struct wr_detect *d, unsigned int hour)
{
	const struct target *t = target_at(d);

	return t->week ? expm1((double)d->weeks[t->week - 1].of[0].mean[hour]) : 0;
}

/* Known since twenty minutes before an hour ends: what came in these is no part of the next. */
static void test_first_hour(void)
{
	struct wr_detect *d = detector();

	pings(d, HOST, RATE, 600 + 2 * HOUR_S, (MONDAY + 600) * SECOND);
	ok(fabs(hour_of(d, 1) - RATE) < 2, "the first whole hour has what came in it (%.1f of %d)",
	   hour_of(d, 1), RATE);
	wr_detect_close(&d);
}

/* An hour under attack is not learned, neither as it was nor as a quiet one. */
static void test_busy_hour(void)
{
	struct wr_detect *d = detector();
	double was;

	pings(d, HOST, RATE, 3 * HOUR_S, MONDAY * SECOND);
	was = hour_of(d, 1);
	target_at(d)->busy = d->step + (uint32_t)HOUR_S * STEPS;
	pings(d, HOST, RATE * 10, HOUR_S, (MONDAY + 3 * HOUR_S) * SECOND);
	pings(d, HOST, RATE, HOUR_S, (MONDAY + 4 * HOUR_S) * SECOND);
	pings(d, HOST, RATE, 2, (MONDAY + 5 * HOUR_S) * SECOND);
	ok(fabs(was - RATE) < 2 && d->weeks[target_at(d)->week - 1].of[0].seen[2] == 1 &&
		   d->weeks[target_at(d)->week - 1].of[0].seen[3] == 0 &&
		   d->weeks[target_at(d)->week - 1].of[0].seen[4] == 1,
	   "an hour under attack is left out");
	wr_detect_close(&d);
}

/* Nothing came for hours: they were quiet. */
static void test_quiet_hours(void)
{
	struct wr_detect *d = detector();
	const struct wr_week *w;

	pings(d, HOST, RATE, 2 * HOUR_S, MONDAY * SECOND);
	pings(d, HOST, RATE, 2, (MONDAY + 6 * HOUR_S) * SECOND);
	w = &d->weeks[target_at(d)->week - 1].of[0];
	ok(w->seen[3] && w->seen[4] && w->mean[4] < 0.1f, "hours without a packet are quiet ones");
	wr_detect_close(&d);
}

/* What people are shown of a week: hours that are known, with what detection takes for them. */
static void test_told_hours(void)
{
	struct wr_detect *d = detector();
	struct wr_learned_hour hour[WR_LEARNED_HOURS];
	struct wr_victim who, other;
	struct wr_err err = {0};
	struct wr_week *w;
	uint32_t n;

	ok(!wr_detect_learned_who("10.0.0.9", &who, &err) &&
		   !wr_detect_learned_who("10.0.0.8/32", &other, &err),
	   "addresses are read");
	is_int(wr_detect_learned_who("10.0.0.0/9", &other, &err), -EINVAL,
	       "of a prefix of which nothing is learned that is told");
	pings(d, HOST, RATE, 4 * HOUR_S + 600, MONDAY * SECOND);
	n = wr_detect_learned_hours(d, &who, hour);
	ok(n == 3 && hour[0].hour == 1 && hour[2].hour == 3 && hour[0].seen == 1,
	   "the hours that are known are told, and no others (%u)", n);
	ok(hour[0].most < 0, "of hardly any hours no most is told");
	w = &d->weeks[target_at(d)->week - 1].of[0];
	for (unsigned int h = 0; h < 48; h++)
		wr_week_learn(w, h, logf(h % 24 < 8 ? 6 : 101));
	n = wr_detect_learned_hours(d, &who, hour);
	ok(n == 48 && hour[36].hour == 36 && hour[36].usual > 4 * hour[30].usual &&
		   fabs(hour[36].most - wr_week_most(w, 0, 36, 5)) < 1e-9 &&
		   hour[36].most > 2 * hour[36].usual,
	   "by day more than at night, and the most above it (%.1f, %.1f; %.1f)", hour[30].usual,
	   hour[36].usual, hour[36].most);
	is_int(wr_detect_learned_hours(d, &other, hour), 0, "of who is not known there are none");
	wr_detect_close(&d);
}

/* As a daemon that is started twice: what it saves a moment after it was started has all weeks. */
static void test_two_restarts(void)
{
	struct wr_detect *d = detector(), *e = detector(), *g = detector();
	struct wr_buf first = {0}, second = {0};
	struct wr_err err = {0};
	uint64_t now = (MONDAY + 5 * HOUR_S) * SECOND;
	double before, after;

	pings(d, HOST, RATE, 4 * HOUR_S, MONDAY * SECOND);
	before = hour_of(d, 2);
	wr_detect_learned_write(d, &first);
	ok(!wr_detect_learned_read(e, first.at, first.used, now, &err), "a first restart");
	wr_detect_learned_write(e, &second);
	ok(!wr_detect_learned_read(g, second.at, second.used, now, &err), "and another one");
	after = hour_of(g, 2);
	ok(before > RATE / 2 && fabs(before - after) < 0.1, "the week is still there (%.1f, %.1f)",
	   before, after);
	wr_detect_close(&d);
	wr_detect_close(&e);
	wr_detect_close(&g);
	wr_buf_free(&first);
	wr_buf_free(&second);
}

/* ---- what an operator marked ---- */

static bool keeps(struct wr_detect *d, const char *text, bool keep, int want, const char *word)
{
	struct wr_err err = {0};
	int ret = wr_detect_keep(d, text, keep, &err);

	return ret == want && (!ret || strstr(err.text, word));
}

static void test_keep_wrong(void)
{
	struct wr_detect *d = detector();

	pings(d, HOST, RATE, 2 * MINUTE_S, MONDAY * SECOND);
	ok(keeps(d, "10.0.0.9/20", true, -EINVAL, "prefix") &&
		   keeps(d, "shop", true, -EINVAL, "address") &&
		   keeps(d, "10.0.0.9/x", true, -EINVAL, "prefix"),
	   "what is no address, or a prefix that has no norm, is not kept");
	ok(keeps(d, "10.0.0.77", true, -ENOENT, "nothing is known"), "nor what is not known");
	ok(keeps(d, "10.0.0.9", true, -EAGAIN, "known for"), "nor what is hardly known");
	ok(keeps(d, "10.0.0.9", false, 0, ""), "to free what is not kept is fine");
	wr_detect_close(&d);
}

/* Others come until all rows have been asked for many times. */
static void test_keep_room(void)
{
	struct wr_detect *d = detector();
	const uint8_t addr[2][16] = {{10, 0, 0, HOST}, {10, 0, 0, HOST + 1}};
	uint8_t other[16] = {172, 16};

	pings(d, HOST, RATE, HOUR_S / 2, MONDAY * SECOND);
	pings(d, HOST + 1, RATE, HOUR_S / 2, (MONDAY + HOUR_S) * SECOND);
	ok(keeps(d, "10.0.0.9", true, 0, "") && keeps(d, "10.0.0.9/32", true, 0, ""),
	   "an address is kept, twice is fine");
	wr_detect_tick(d, (MONDAY + 3 * HOUR_S) * SECOND);
	for (uint32_t i = 0; i < 8 * TARGETS; i++) {
		other[2] = (uint8_t)(i >> 8);
		other[3] = (uint8_t)i;
		other[1] = (uint8_t)(16 + (i >> 16));
		count(d, target_of(d, other, 4, 0), C_PACKETS, 1);
		forget_touched(d);
	}
	ok(target_known(d, addr[0], 4, 0) && !target_known(d, addr[1], 4, 0),
	   "after hours without a packet it makes no room for others; one that is not kept does");
	wr_detect_close(&d);
}

/* The number-th of the strangers that come. */
static struct target *stranger(struct wr_detect *d, uint32_t number)
{
	const uint8_t addr[16] = {172, (uint8_t)(16 + (number >> 16)), (uint8_t)(number >> 8),
				  (uint8_t)number};
	struct target *t = target_of(d, addr, 4, 0);

	count(d, t, C_PACKETS, 1);
	forget_touched(d);
	return t;
}

static bool is_there(const struct wr_detect *d, const uint8_t addr[16])
{
	return target_known(d, addr, 4, 0) != NULL;
}

/* Twenty that are kept stand side by side, and one is marked just before it would go. */
static void test_keep_many(void)
{
	enum { SIDE_BY_SIDE = 20 };
	struct wr_detect *d = detector();
	uint32_t n = 0, there = 0;
	uint8_t addr[16], late[16];
	struct target *t;

	wr_detect_tick(d, MONDAY * SECOND);
	while (n < SIDE_BY_SIDE)
		stranger(d, n++)->kept = true;
	while (!d->targets.displaced)
		stranger(d, n++);
	t = wr_rows_at(&d->targets, d->targets.next);
	t->kept = true;
	memcpy(late, t->key.addr, 16);
	for (uint32_t i = 0; i < 8 * TARGETS; i++)
		stranger(d, n++);
	for (uint8_t i = 0; i < SIDE_BY_SIDE; i++) {
		memcpy(addr, (uint8_t[16]){172, 16, 0, i}, 16);
		there += is_there(d, addr);
	}
	is_int(there, SIDE_BY_SIDE, "none of twenty that are kept side by side makes room");
	ok(is_there(d, late), "nor one that is marked when it is the next that would");
	for (uint32_t i = 0; i < d->targets.used; i++)
		((struct target *)wr_rows_at(&d->targets, i))->kept = true;
	stranger(d, 7777777);
	memcpy(addr, stranger(d, 7777778)->key.addr, 16);
	ok(is_there(d, addr), "where all are kept there is room all the same");
	wr_detect_close(&d);
}

static double bound_of(struct wr_detect *d)
{
	return (double)target_at(d)->bound[C_ICMP].most;
}

/* What it has more of for a day, and then hardly any, changes nothing. */
static void test_keep_as_it_is(void)
{
	struct wr_detect *d = detector(), *e = detector();
	struct wr_buf b = {0};
	struct wr_err err = {0};
	static struct seen after;
	const struct wr_learned *l;
	double before, hour;
	bool frozen;

	pings(d, HOST, RATE, 4 * HOUR_S, MONDAY * SECOND);
	before = bound_of(d);
	hour = hour_of(d, 2);
	keeps(d, "10.0.0.9", true, 0, "");
	pings(d, HOST, 3 * RATE, 6 * HOUR_S, (MONDAY + 4 * HOUR_S) * SECOND);
	frozen = before > 0 && fabs(bound_of(d) - before) < 1e-6 && hour_of(d, 5) < 1 &&
		 fabs(hour_of(d, 2) - hour) < 1e-6;
	ok(frozen && wr_norm_usual(&target_at(d)->norm[C_ICMP]) > 2 * RATE,
	   "what is kept: week and bound stay, the last minutes are followed");
	wr_detect_learned_write(d, &b);
	is_int(wr_detect_learned_read(e, b.at, b.used, (MONDAY + 12 * HOUR_S) * SECOND, &err), 0,
	       "it is in a file");
	memset(&after, 0, sizeof(after));
	wr_detect_learned(e, see, &after);
	l = of_host(&after, HOST);
	ok(l && l->kept && l->since_ns == MONDAY * SECOND && fabs(bound_of(e) - before) < 1e-3,
	   "is kept after it, and known since the same time");
	keeps(e, "10.0.0.9", false, 0, "");
	pings(e, HOST, 3 * RATE, 2 * HOUR_S, (MONDAY + 12 * HOUR_S) * SECOND);
	ok(bound_of(e) > before + 0.1, "freed, it is learned from again");
	wr_detect_close(&d);
	wr_detect_close(&e);
	wr_buf_free(&b);
}

/* A file of a weir that knew neither bounds nor marks, nor since when. */
static void test_old_file(void)
{
	struct wr_detect *d = detector();
	static struct seen s;
	struct wr_err err = {0};
	struct wr_buf b = {0};
	const struct wr_learned *l;

	wr_buf_fmt(&b,
		   "{\"kind\":\"weir learned\",\"version\":1,\"written_s\":%llu,\"addresses\":1}\n"
		   "{\"addr\":\"10.0.0.9\",\"prefix\":32,\"norm\":{\"packets\":[3,0.2,7200,0,0,0,0,"
		   "0,0,0,"
		   "7200],\"rst_unasked\":[3,0.2,7200]}}\n",
		   MONDAY);
	wr_buf_fmt(&b, "{\"crc32\":%lu}\n", crc32(0, (const Bytef *)b.at, (uInt)b.used));
	is_int(wr_detect_learned_read(d, b.at, b.used, MONDAY * SECOND, &err), 0,
	       "a file of before bounds is read");
	memset(&s, 0, sizeof(s));
	wr_detect_learned(d, see, &s);
	l = of_host(&s, HOST);
	ok(l && !l->kept && l->since_ns == (MONDAY - 7200) * SECOND &&
		   target_at(d)->bound_s == 7200 &&
		   fabs((double)target_at(d)->bound[C_RST_UNASKED].most - 4) < 1e-3,
	   "bounds begin as the norms are, and it is known for as long as was learned from it");
	wr_detect_close(&d);
	wr_buf_free(&b);
}

static void refused(const struct wr_buf *b, size_t n, uint64_t now, const char *word,
		    const char *what)
{
	struct wr_detect *d = detector();
	struct seen *s = calloc(1, sizeof(*s));
	struct wr_err err = {0};
	int ret = wr_detect_learned_read(d, b->at, n, now, &err);

	wr_detect_learned(d, see, s);
	ok(ret == -EINVAL && strstr(err.text, word) && !s->n, "%s: refused, nothing is taken: %s",
	   what, err.text);
	free(s);
	wr_detect_close(&d);
}

static void test_wrong_files(void)
{
	struct wr_detect *d = detector();
	struct wr_buf b = {0}, other = {0};
	uint64_t now = (MONDAY + 7200) * SECOND;

	pings(d, 9, 5, 2 * MINUTE_S, MONDAY * SECOND);
	wr_detect_learned_write(d, &b);
	refused(&b, b.used - 3, now, "cut off", "one that lost its end");
	refused(&b, b.used / 2, now, "cut off", "half of one");
	refused(&b, 0, now, "cut off", "an empty one");
	refused(&b, b.used, now - 30 * 86400 * SECOND, "future", "one of the future");
	b.at[b.used / 2] ^= 1;
	refused(&b, b.used, now, "checksum", "one with a bit that fell over");
	wr_buf_str(&other, "{\"kind\":\"something else\"}\n{\"crc32\":0}\n");
	refused(&other, other.used, now, "checksum", "something else");
	wr_detect_close(&d);
	wr_buf_free(&b);
	wr_buf_free(&other);
}

int main(void)
{
	test_norm();
	test_hours();
	test_unknown_hour();
	test_poisoning();
	test_file();
	test_wrong_files();
	test_first_hour();
	test_busy_hour();
	test_quiet_hours();
	test_told_hours();
	test_two_restarts();
	test_keep_wrong();
	test_keep_room();
	test_keep_many();
	test_keep_as_it_is();
	test_old_file();
	return done();
}
