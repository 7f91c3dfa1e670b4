/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bandwidth classes without a kernel: an hour of packets in no time. What core/govern.h decides of
 * offered rates, and what a budget makes of a host that does not keep up.
 */
#include "core/govern.h"
#include "policy/budget.h"
#include "policy/image.h"
#include "policy/policy.h"
#include "tests/tap.h"

enum { MBIT = 1000000, BYTES = 1000, CLASSES_HERE = 4, SECONDS = 2 };

/* What one sender offers to a class, and whether its packets bear marks. */
struct sender {
	int class;
	double bps;
	bool ecn;
	double passed, marked, offered; /* bits a second, measured */
};

struct scene {
	struct wr_image_build image;
	struct wr_judging judging;
	struct wr_bucket_line *links;
	struct wr_rule_count *count;
};

enum { LINK = 3, LINKS };

static bool begin(struct scene *s, const char *policy, uint64_t link_bps)
{
	struct wr_policy *p = NULL;
	struct wr_class_slots slots[LINKS] = {0};
	struct wr_err err = {0};

	memset(s, 0, sizeof(*s));
	if (wr_policy_parse(&p, policy, strlen(policy), "test", NULL, NULL, &err)) {
		printf("# %s\n", err.text);
		return false;
	}
	for (uint16_t i = 0; i <= WR_CLASSES; i++) {
		slots[LINK].offered[i] = i;
		slots[LINK].marked[i] = (uint16_t)(32 + i);
	}
	s->image.most = 128;
	s->links = calloc(WR_LINK_ROOM, sizeof(*s->links));
	s->count = calloc(WR_JUDGE_RULES, sizeof(*s->count));
	ok(s->links && s->count && !wr_image_classes(&s->image, p, slots, LINKS), "%zu classes",
	   p->n_classes);
	wr_policy_free(&p);
	s->judging = (struct wr_judging){
		.image = &s->image.mem, .links = s->links, .count = s->count, .dice = 1};
	s->judging.judge.governed = WR_GOVERNED;
	s->judging.judge.link = LINK;
	((struct wr_link_line *)wr_link_at(&s->judging, LINK, 0))->cost_ns = wr_link_cost(link_bps);
	return true;
}

static void end(struct scene *s)
{
	wr_image_free(&s->image);
	free(s->links);
	free(s->count);
}

/* One packet; what became of it. */
static void offer(struct scene *s, struct sender *x, uint64_t now_ns)
{
	struct wr_judging *j = &s->judging;
	int what;

	j->judge.len = BYTES;
	j->judge.now_ns = now_ns;
	j->judge.klass = (uint8_t)x->class;
	j->judge.verdict = WR_VERDICT_PASS;
	what = wr_govern(j);
	x->offered += BYTES * 8.0 / SECONDS;
	if (what == WR_GOVERN_SOFT && x->ecn) {
		wr_govern_marked(j);
		x->marked += BYTES * 8.0 / SECONDS;
	} else if (what) {
		wr_govern_drop(j);
	}
	if (!j->judge.verdict)
		x->passed += BYTES * 8.0 / SECONDS;
}

/* All of them at their rates for so long, from that time on. */
static uint64_t play(struct scene *s, struct sender *x, int n, uint64_t from_ns)
{
	uint64_t now = from_ns, until = from_ns + SECONDS * 1000000000ull;
	double due[CLASSES_HERE];

	for (int i = 0; i < n; i++) {
		x[i].passed = x[i].marked = x[i].offered = 0;
		due[i] = (double)from_ns + i * 1000.0;
	}
	while (now < until) {
		int next = 0;

		for (int i = 1; i < n; i++)
			if (due[i] < due[next])
				next = i;
		now = (uint64_t)due[next];
		offer(s, &x[next], now);
		due[next] += BYTES * 8e9 / x[next].bps;
	}
	return until;
}

static void near(double got, double want, const char *what)
{
	ok(got > want * 0.96 && got < want * 1.04, "%s: %.1f Mbit/s, %.1f expected", what,
	   got / MBIT, want / MBIT);
}

static void priorities(void)
{
	struct scene s;
	struct sender x[] = {{.class = 0, .bps = 60 * MBIT},
			     {.class = 1, .bps = 60 * MBIT},
			     {.class = 2, .bps = 60 * MBIT},
			     {.class = WR_NO_CLASS, .bps = 60 * MBIT}};
	uint64_t t = 1000000000;

	if (!begin(&s,
		   "class a = guarantee 20mbit priority 1\nclass b = guarantee 10mbit priority "
		   "4\nclass c = guarantee 5mbit priority 8\n",
		   100 * MBIT))
		return;
	t = play(&s, x, 4, t); /* bursts are over */
	t = play(&s, x, 4, t);
	near(x[0].passed, 60 * MBIT, "the most important one has all that it offers");
	near(x[1].passed, 35 * MBIT, "the second what is left but for the guarantee of the third");
	near(x[2].passed, 5 * MBIT, "the third its guarantee");
	ok(x[3].passed < MBIT, "what is in no class has no guarantee: %.2f Mbit/s",
	   x[3].passed / MBIT);
	t = play(&s, x + 2, 1, t);
	near(x[2].passed, 60 * MBIT, "alone, it has what it offers");
	x[2].bps = 200 * MBIT;
	t = play(&s, x + 2, 1, t);
	near(x[2].passed, 100 * MBIT, "and not more than the link");
	x[0].bps = 20 * MBIT;
	t = play(&s, x, 3, t);
	near(x[0].passed, 20 * MBIT, "a guarantee holds at once against a full link");
	ok(x[0].passed == x[0].offered, "to the packet");
	s.judging.judge.governed = WR_GOVERN_COUNTED;
	play(&s, x, 3, t);
	ok(x[2].passed == x[2].offered, "the kill switch: all passes");
	ok(s.count[2].hit_packets > 10000 && s.count[2].packets > s.count[2].hit_packets,
	   "and what would have given way is counted");
	end(&s);
}

static void marks(void)
{
	struct scene s;
	struct sender x[] = {{.class = 0, .bps = 103.7 * MBIT, .ecn = true},
			     {.class = 1, .bps = 400 * MBIT, .ecn = true}};
	uint64_t t;

	if (!begin(&s, "class a = ceiling 150mbit priority 1\nclass b = priority 5\n", 100 * MBIT))
		return;
	t = play(&s, x, 1, 1);
	ok(x[0].marked > 0 && x[0].passed > 0.99 * x[0].offered,
	   "a little too much is marked, not lost");
	t = play(&s, x + 1, 1, t);
	near(x[1].passed, 100 * MBIT, "who does not heed marks has the link, not more");
	x[0].bps = 1000 * MBIT;
	t = play(&s, x, 1, t);
	near(x[0].passed, 100 * MBIT, "so has the most important one");
	((struct wr_link_line *)wr_link_at(&s.judging, 3, 0))->cost_ns = 0;
	t = play(&s, x, 1, t);
	near(x[0].passed, 150 * MBIT, "of a link that nobody knows only the ceiling counts");
	play(&s, x + 1, 1, t);
	ok(x[1].passed == x[1].offered, "and without one all passes");
	is_int((long long)s.count[0].packets,
	       (long long)(s.count[0].hit_packets + (s.count[32].hit_packets)),
	       "offered = dropped + borrowed, without a guarantee");
	end(&s);
}

static void budgets(void)
{
	struct wr_budget b = {
		.capacity_bps = 1000 * MBIT, .floor_bps = 200 * MBIT, .now_bps = 1000 * MBIT};
	struct wr_budget unknown = {.floor_bps = 0};
	int steps = 0;

	ok(!wr_budget_step(&b, 900 * MBIT, false), "a host that keeps up: nothing changes");
	ok(wr_budget_step(&b, 700 * MBIT, true) && b.now_bps == 600 * MBIT,
	   "one that does not: a seventh less than what came");
	for (int i = 0; i < 100; i++)
		wr_budget_step(&b, b.now_bps, true);
	is_int((long long)b.now_bps, 200 * MBIT, "never less than what is guaranteed");
	while (b.now_bps < b.capacity_bps && steps < 1000)
		steps += wr_budget_step(&b, b.now_bps, false);
	ok(steps < 50, "and all of it again after %d steps", steps);
	is_int((long long)b.now_bps, 1000 * MBIT, "not more");
	wr_budget_step(&unknown, 70 * MBIT, true);
	is_int((long long)unknown.now_bps, 60 * MBIT, "a link that nobody knows has a bound then");
	for (steps = 0; unknown.now_bps && steps < 1000; steps++)
		wr_budget_step(&unknown, 20 * MBIT, false);
	ok(!unknown.now_bps && steps < 100, "and none after %d steps", steps);
	b.capacity_bps = 100 * MBIT;
	b.now_bps = 100 * MBIT;
	wr_budget_step(&b, 100 * MBIT, true);
	ok(b.now_bps <= 100 * MBIT, "guarantees beyond the link do not make it larger");
}

int main(void)
{
	priorities();
	marks();
	budgets();
	return done();
}
