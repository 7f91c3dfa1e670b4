/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { AGAIN_MOST = 20 };

#define LAST_NS (WR_ANSWER_LAST_S * 1000000000ull)

static const char *const modes[] = {
	[WR_ANSWER_OFF] = "off", [WR_ANSWER_SHADOW] = "shadow", [WR_ANSWER_ENFORCE] = "enforce"};

const char *wr_answer_mode_name(enum wr_answer_mode mode)
{
	return modes[mode];
}

int wr_answer_mode(const char *word, enum wr_answer_mode *mode)
{
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(word, modes[i])) {
			*mode = (enum wr_answer_mode)i;
			return 0;
		}
	return -EINVAL;
}

/* The answer to a finding, or a free place. NULL: all are taken. */
static struct wr_answer *answer_to(struct wr_answers *all, const struct wr_finding *f)
{
	struct wr_answer *free_one = NULL;

	for (int i = 0; i < WR_ANSWERS; i++) {
		struct wr_answer *a = &all->at[i];

		if (a->name[0] && a->klass == f->klass && wr_victim_same(&a->victim, &f->victim))
			return a;
		if (!a->name[0] && !free_one)
			free_one = a;
	}
	return free_one;
}

static void take_out(struct wr_answers *all, struct wr_answer *a)
{
	all->ops->take(all->ctx, a);
	memset(a, 0, sizeof(*a));
}

static int put(struct wr_answers *all, const char *name, const struct wr_cure *c)
{
	char statement[sizeof(c->rule) + 16];

	snprintf(statement, sizeof(statement), "%s%s", c->rule,
		 all->mode == WR_ANSWER_SHADOW ? " shadow" : "");
	return all->ops->put(all->ctx, name, statement);
}

/* A first rule, or a better one. */
static void look(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		 struct wr_answer *a, uint64_t now_ns)
{
	bool is_new = !a->name[0];
	char name[WR_ANSWER_NAME];
	struct wr_cure_want want = {.for_s = WR_ANSWER_LAST_S,
				    .resolvers = all->resolvers[f->victim.ip_v == 6]};
	struct wr_cure c;

	a->again++;
	if (is_new)
		snprintf(name, sizeof(name), "%s%u", all->prefix, all->made + 1);
	else
		memcpy(name, a->name, sizeof(name));
	want.name = name;
	wr_detect_cure(d, f, &want, &c);
	if (c.verb == WR_CURE_NONE || !c.safe || (!is_new && !strcmp(c.rule, a->cure.rule)) ||
	    put(all, name, &c))
		return;
	if (is_new) {
		all->made++;
		memcpy(a->name, name, sizeof(name));
		a->begun_ns = now_ns;
		a->klass = f->klass;
		a->victim = f->victim;
	}
	a->finding = f->id;
	a->cure = c;
	a->renewed_ns = now_ns;
}

void wr_answers_finding(struct wr_answers *all, struct wr_detect *d, enum wr_finding_news news,
			const struct wr_finding *f, uint64_t now_ns)
{
	struct wr_answer *a;

	if (all->mode == WR_ANSWER_OFF || news == WR_FINDING_OVER ||
	    f->severity == WR_SEVERITY_INFO)
		return;
	a = answer_to(all, f);
	if (!a)
		return;
	if (!a->name[0] || a->again < AGAIN_MOST)
		look(all, d, f, a, now_ns);
	if (!a->name[0])
		return;
	a->until_ns = now_ns + LAST_NS;
	if (!all->next_ns)
		all->next_ns = a->until_ns;
	/* In the kernel it has an end of its own: half of the time before that it is put in anew.
	 */
	if (now_ns - a->renewed_ns >= LAST_NS / 2 && !put(all, a->name, &a->cure))
		a->renewed_ns = now_ns;
}

void wr_answers_tick(struct wr_answers *all, uint64_t now_ns)
{
	uint64_t next = 0;

	if (!all->next_ns || now_ns < all->next_ns)
		return;
	for (int i = 0; i < WR_ANSWERS; i++) {
		struct wr_answer *a = &all->at[i];

		if (a->name[0] && now_ns >= a->until_ns)
			take_out(all, a);
		else if (a->name[0] && (!next || a->until_ns < next))
			next = a->until_ns;
	}
	all->next_ns = next;
}

void wr_answers_end(struct wr_answers *all)
{
	for (int i = 0; i < WR_ANSWERS; i++)
		if (all->at[i].name[0])
			take_out(all, &all->at[i]);
}
