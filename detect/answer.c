/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "detect/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "detect/harm.h"
#include "detect/trial.h"

enum {
	LOOKS = 20, /* a second apart, then */
	LOOK_AGAIN_S = 10,
	LOOK_SPARED_S = 2, /* at who has no limit */
	PUTS_MOST = 4,	   /* a second: each makes a whole policy */
	JUDGE_S = 5,	   /* seconds with packets of it, and */
	JUDGE_LEAST = 20,  /* so many, until it is known whether a rule stops it */
};

#define SECOND 1000000000ull
#define LAST_NS (WR_ANSWER_LAST_S * SECOND)

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

enum wr_answer_mode wr_answers_mode(const struct wr_answers *all, enum wr_finding_class c)
{
	return all->own[c] ? (enum wr_answer_mode)(all->own[c] - 1) : all->mode;
}

static enum wr_answer_mode mode_of(const struct wr_answers *all, const struct wr_finding *f)
{
	enum wr_answer_mode mode = wr_answers_mode(all, (enum wr_finding_class)f->klass);

	if (all->own[f->klass] || all->agreed <= mode || !all->ops->agrees ||
	    !all->ops->agrees(all->ctx, f))
		return mode;
	return all->agreed;
}

static struct wr_answer *find(struct wr_answers *all, const struct wr_finding *f)
{
	for (int i = 0; i < WR_ANSWERS; i++) {
		struct wr_answer *a = &all->at[i];

		if (a->used && a->klass == f->klass && wr_victim_same(&a->victim, &f->victim))
			return a;
	}
	return NULL;
}

const struct wr_answer *wr_answers_of(const struct wr_answers *all, const struct wr_finding *f)
{
	return find((struct wr_answers *)(uintptr_t)all, f);
}

/* A place for one that is new. NULL: all are taken. */
static struct wr_answer *make(struct wr_answers *all, const struct wr_finding *f)
{
	for (int i = 0; i < WR_ANSWERS; i++) {
		struct wr_answer *a = &all->at[i];

		if (a->used)
			continue;
		*a = (struct wr_answer){.used = true, .klass = f->klass, .victim = f->victim};
		return a;
	}
	return NULL;
}

static struct wr_count counted(const struct wr_answers *all, const struct wr_answer *a)
{
	return all->ops->stopped ? all->ops->stopped(all->ctx, a) : (struct wr_count){0};
}

static uint64_t more(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now; /* the rule is there anew, and counts from 0 */
}

static void tell_did(struct wr_answers *all, struct wr_answer *a, uint64_t came)
{
	struct wr_count now;
	struct wr_answer_did did;

	if (!a->name[0] || !all->ops->did)
		return;
	now = counted(all, a);
	did = (struct wr_answer_did){
		.stopped = {more(now.packets, a->told.packets), more(now.bytes, a->told.bytes)},
		.came = came};
	a->told = now;
	if (did.stopped.packets || came)
		all->ops->did(all->ctx, a, &did);
}

static void take_out(struct wr_answers *all, struct wr_answer *a)
{
	tell_did(all, a, 0);
	if (a->name[0] && !a->declined)
		all->ops->take(all->ctx, a);
	*a = (struct wr_answer){0};
}

static int put(struct wr_answers *all, uint8_t mode, const char *name, const struct wr_cure *c,
	       uint64_t now_ns)
{
	char statement[sizeof(c->rule) + 16];

	if (all->second != now_ns / SECOND) {
		all->second = now_ns / SECOND;
		all->puts = 0;
	}
	if (all->puts++ >= PUTS_MOST)
		return -EAGAIN;
	snprintf(statement, sizeof(statement), "%s%s", c->rule,
		 mode == WR_ANSWER_SHADOW ? " shadow" : "");
	return all->ops->put(all->ctx, name, statement);
}

/* A name that nobody has given to a rule. */
static void new_name(struct wr_answers *all, char name[WR_ANSWER_NAME])
{
	do
		snprintf(name, WR_ANSWER_NAME, "%s%u", all->prefix, ++all->number);
	while (all->ops->taken(all->ctx, name));
}

/* From now on it is counted what it stops. */
static void begin_count(struct wr_answers *all, struct wr_answer *a)
{
	a->seen = 0;
	a->seconds = 0;
	a->told = counted(all, a);
	a->stopped = a->told.packets;
}

/* Half of the time before its end. */
static bool is_due(const struct wr_answer *a, uint64_t now_ns)
{
	return now_ns - a->renewed_ns >= LAST_NS / 2;
}

/* A limit for each source, but for those who usually come. */
static bool spares(const struct wr_answer *a)
{
	return a->name[0] && strstr(a->cure.rule, " per source not from ");
}

/* Who is spared and joins the attack loses that soon; who behaves again, for he has a limit, gets
 * it back no sooner than when the rule is renewed, or he would come in bursts. */
static bool is_better(const struct wr_answer *a, const struct wr_cure *c, uint64_t now_ns)
{
	if (!a->name[0])
		return true;
	if (spares(a) && a->looks > LOOKS && !is_due(a, now_ns))
		return strlen(c->rule) < strlen(a->cure.rule);
	return strcmp(c->rule, a->cure.rule) != 0;
}

enum looked { LOOKED_NONE, LOOKED_PUT, LOOKED_REFUSED /* there is one, but not now */ };

/* A first rule, or a better one. */
static enum looked look(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
			struct wr_answer *a, uint64_t now_ns)
{
	bool is_new = !a->name[0];
	struct wr_cure_want want = {.for_s = WR_ANSWER_LAST_S,
				    .resolvers = all->resolvers[f->victim.ip_v == 6],
				    .spared = a->spared,
				    .level = a->level,
				    .cookies = all->cookies};
	uint32_t number = all->number;
	char name[WR_ANSWER_NAME];
	enum looked got = LOOKED_NONE;
	struct wr_cure c;
	uint8_t mode;
	bool tries;

	a->looks++;
	a->looked_ns = now_ns;
	if (is_new)
		new_name(all, name);
	else
		memcpy(name, a->name, sizeof(name));
	want.name = name;
	wr_detect_cure(d, f, &want, &c);
	tries = a->mode == WR_ANSWER_ENFORCE && !a->spared[0] && trial_fits(&c);
	if (a->trial_ns || (tries && !is_new && !a->fails))
		return LOOKED_NONE; /* one at a time, and none that works makes room for a shadow */
	mode = tries ? WR_ANSWER_SHADOW : a->mode;
	if (c.verb != WR_CURE_NONE && c.safe && is_better(a, &c, now_ns))
		got = put(all, mode, name, &c, now_ns) ? LOOKED_REFUSED : LOOKED_PUT;
	if (got != LOOKED_PUT) {
		all->number = number;
		return got;
	}
	if (is_new) {
		all->made++;
		memcpy(a->name, name, sizeof(name));
		a->begun_ns = now_ns;
	}
	if (tries)
		a->trial_ns = now_ns;
	a->mode = mode;
	a->cure = c;
	a->renewed_ns = now_ns;
	begin_count(all, a);
	harm_begin(d, f, a);
	return LOOKED_PUT;
}

/* ---- does it stop it? ---- */

static void withdraw(struct wr_answers *all, struct wr_answer *a)
{
	all->ops->take(all->ctx, a);
	if (a->trial_ns)
		a->mode = WR_ANSWER_ENFORCE;
	a->trial_ns = 0;
	a->name[0] = 0;
	a->cure = (struct wr_cure){0};
}

static void fails(struct wr_answers *all, const struct wr_answer *a, enum wr_answer_fails why,
		  double share)
{
	if (all->ops->fails)
		all->ops->fails(all->ctx, a, why, share);
}

/* The next best, or nothing: a rule that stops nothing is only in the way. When a better one is
 * refused, all stays as it is and is judged once more. */
static void replace(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		    struct wr_answer *a, uint64_t now_ns)
{
	enum looked got;

	a->fails = true;
	got = look(all, d, f, a, now_ns); /* what it looks like may have changed */
	if (got == LOOKED_NONE) {
		a->level++;
		got = look(all, d, f, a, now_ns);
		a->level -= got == LOOKED_REFUSED;
	}
	if (got == LOOKED_REFUSED)
		begin_count(all, a);
	if (got == LOOKED_NONE)
		withdraw(all, a);
	a->fails = false;
}

static void judge(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		  struct wr_answer *a, uint64_t now_ns)
{
	uint64_t stopped;
	double share;

	if (!all->ops->stopped || a->trial_ns || a->seconds < JUDGE_S || a->seen < JUDGE_LEAST)
		return;
	stopped = counted(all, a).packets;
	share = stopped > a->stopped ? (double)(stopped - a->stopped) / (double)a->seen : 0;
	if (share * 2 >= a->cure.attack) {
		begin_count(all, a);
		return;
	}
	fails(all, a, WR_ANSWER_MISSES, share);
	replace(all, d, f, a, now_ns);
}

/* ---- whom does it hurt? ---- */

/* It is out at once, whatever there is in its place, and never comes back: what is looked for from
 * now on is the same without those whom it would have hit, if they can be named, else the next
 * best. */
static void refuse(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		   struct wr_answer *a, enum wr_answer_fails why, double share, uint64_t now_ns)
{
	fails(all, a, why, share);
	withdraw(all, a);
	a->level += why != WR_ANSWER_TRIED || !a->spared[0];
	look(all, d, f, a, now_ns);
}

/* One that stops nothing hurts nobody. */
static void judge_harm(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		       struct wr_answer *a, uint64_t now_ns)
{
	double share;

	if (!harm_done(d, f, a, &share) ||
	    (all->ops->stopped && counted(all, a).packets == a->stopped))
		return;
	a->harm.hurt = true;
	refuse(all, d, f, a, WR_ANSWER_HURTS, share, now_ns);
}

/* Is its rule as it was put in? One that has come to its own end is made anew. */
static void look_at_rule(struct wr_answers *all, struct wr_answer *a, uint64_t now_ns)
{
	enum wr_answer_is is = all->ops->is(all->ctx, a);

	if (is == WR_ANSWER_THERE)
		return;
	if (is == WR_ANSWER_GONE && now_ns + 2 * SECOND >= a->renewed_ns + LAST_NS) {
		a->name[0] = 0;
		a->looks = 0;
	} else {
		a->declined = true;
	}
}

/* The same rule again, in that mode from now on. */
static void renew(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		  struct wr_answer *a, enum wr_answer_mode mode, uint64_t now_ns)
{
	bool turns = mode != a->mode;

	if (put(all, (uint8_t)mode, a->name, &a->cure, now_ns))
		return;
	a->mode = (uint8_t)mode;
	a->renewed_ns = now_ns;
	if (!turns)
		return;
	begin_count(all, a);
	harm_begin(d, f, a);
}

static void try_out(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		    struct wr_answer *a, uint64_t now_ns)
{
	double share;

	switch (trial_of(all, d, f, a, now_ns, &share)) {
	case TRIAL_GOES_ON:
		break;
	case TRIAL_PASSED:
		renew(all, d, f, a, WR_ANSWER_ENFORCE, now_ns);
		if (a->mode == WR_ANSWER_ENFORCE)
			a->trial_ns = 0;
		break;
	case TRIAL_MISSES:
		refuse(all, d, f, a, WR_ANSWER_MISSES, share, now_ns);
		break;
	case TRIAL_HURTS:
		refuse(all, d, f, a, WR_ANSWER_TRIED, share, now_ns);
		break;
	}
}

/* What its rule that is there does: is it better now, does it stop it, whom does it hurt? */
static void follow(struct wr_answers *all, struct wr_detect *d, const struct wr_finding *f,
		   struct wr_answer *a, enum wr_answer_mode mode, uint64_t now_ns)
{
	if (a->trial_ns && mode < WR_ANSWER_ENFORCE)
		a->trial_ns = 0;
	if (a->trial_ns)
		try_out(all, d, f, a, now_ns);
	else if (mode > a->mode)
		renew(all, d, f, a, mode, now_ns);
	if (a->name[0])
		judge_harm(all, d, f, a, now_ns);
	if (a->name[0])
		judge(all, d, f, a, now_ns);
}

static bool time_to_look(const struct wr_answer *a, uint64_t now_ns)
{
	uint64_t rest_s = spares(a) ? LOOK_SPARED_S : LOOK_AGAIN_S;

	return a->looks < LOOKS || now_ns - a->looked_ns >= rest_s * SECOND ||
	       (spares(a) && is_due(a, now_ns));
}

void wr_answers_finding(struct wr_answers *all, struct wr_detect *d, enum wr_finding_news news,
			const struct wr_finding *f, uint64_t now_ns)
{
	enum wr_answer_mode mode;
	struct wr_answer *a = find(all, f);
	uint64_t came = a && a->name[0] && !f->over ? wr_detect_seen(d, f, &a->cure) : 0;

	if (a)
		tell_did(all, a, came);
	if (news == WR_FINDING_OVER || f->severity == WR_SEVERITY_INFO)
		return;
	/* One that nobody agrees to any more has an end that is not put off. */
	mode = mode_of(all, f);
	if (mode == WR_ANSWER_OFF)
		return;
	if (!a)
		a = make(all, f);
	if (!a)
		return;
	if (!a->name[0])
		a->mode = (uint8_t)mode;
	a->finding = f->id;
	a->until_ns = now_ns + LAST_NS;
	if (!all->next_ns)
		all->next_ns = a->until_ns;
	if (a->name[0] && !a->declined)
		look_at_rule(all, a, now_ns);
	if (a->declined)
		return;
	a->seen += came;
	a->seconds++;
	if (a->name[0])
		follow(all, d, f, a, mode, now_ns);
	if (time_to_look(a, now_ns))
		look(all, d, f, a, now_ns);
	/* In the kernel it has an end of its own: half of the time before that it is put in anew.
	 */
	if (a->name[0] && !a->trial_ns && is_due(a, now_ns))
		renew(all, d, f, a, mode, now_ns);
}

void wr_answers_tick(struct wr_answers *all, uint64_t now_ns)
{
	uint64_t next = 0;

	if (!all->next_ns || now_ns < all->next_ns)
		return;
	for (int i = 0; i < WR_ANSWERS; i++) {
		struct wr_answer *a = &all->at[i];

		if (a->used && now_ns >= a->until_ns)
			take_out(all, a);
		else if (a->used && (!next || a->until_ns < next))
			next = a->until_ns;
	}
	all->next_ns = next;
}

void wr_answers_off(struct wr_answers *all, uint64_t classes)
{
	for (int i = 0; i < WR_ANSWERS; i++)
		if (all->at[i].used && classes >> all->at[i].klass & 1)
			take_out(all, &all->at[i]);
}

void wr_answers_end(struct wr_answers *all)
{
	for (int i = 0; i < WR_ANSWERS; i++)
		if (all->at[i].used)
			take_out(all, &all->at[i]);
	all->next_ns = 0;
}
