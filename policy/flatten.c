/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sets that name sets: all that is in one, and what one prefix more or less changes. */

enum state { NEW, BUSY, DONE };

struct flat {
	struct wr_policy *p;
	size_t from;		 /* sets before it are as they are */
	struct wr_prefixes *all; /* owned: of the others */
	uint8_t *state;		 /* owned: enum state */
	size_t total;
	struct wr_policy_flaw *flaw;
	bool told; /* the circle is complete */
};

static int too_many(struct flat *f, size_t set, int most, const char *where)
{
	f->flaw->set = set;
	snprintf(f->flaw->text, sizeof(f->flaw->text), "more than %d prefixes in %s", most, where);
	return -E2BIG;
}

/* On the way back out of the circle each set puts its name in front. */
static int in_circle(struct flat *f, size_t set)
{
	char rest[sizeof(f->flaw->text)];

	if (f->told)
		return -ELOOP;
	memcpy(rest, f->flaw->text, sizeof(rest));
	snprintf(f->flaw->text, sizeof(f->flaw->text), "@%s > %s", f->p->set[set].name, rest);
	f->told = set == f->flaw->set;
	return -ELOOP;
}

static int close_circle(struct flat *f, size_t set)
{
	f->flaw->set = set;
	snprintf(f->flaw->text, sizeof(f->flaw->text), "@%s", f->p->set[set].name);
	return -ELOOP;
}

static const struct wr_prefixes *all_of(const struct flat *f, size_t set)
{
	return set < f->from ? &f->p->set[set].all : &f->all[set];
}

static int join_parts(struct flat *f, size_t set)
{
	const struct wr_set *s = &f->p->set[set];
	struct wr_prefixes *all = &f->all[set];
	int ret = wr_prefixes_join(all, &s->own);

	if (!ret)
		ret = wr_prefixes_join(all, &s->filed);
	for (size_t i = 0; i < s->n_sets && !ret; i++)
		ret = wr_prefixes_join(all, all_of(f, (size_t)s->sets[i]));
	if (ret == -ENOMEM)
		return ret;
	wr_prefixes_sort(all);
	f->total += all->n;
	if (ret || all->n > WR_POLICY_SET_PREFIXES)
		return too_many(f, set, WR_POLICY_SET_PREFIXES, "a set");
	return f->total > WR_POLICY_PREFIXES ? too_many(f, set, WR_POLICY_PREFIXES, "all") : 0;
}

/* What it names first. No deeper than there are sets. */
static int make(struct flat *f, size_t set) /* NOLINT(misc-no-recursion) */
{
	const struct wr_set *s = &f->p->set[set];
	int ret;

	if (set < f->from || f->state[set] == DONE)
		return 0;
	if (f->state[set] == BUSY)
		return close_circle(f, set);
	f->state[set] = BUSY;
	for (size_t i = 0; i < s->n_sets; i++) {
		ret = make(f, (size_t)s->sets[i]);
		if (ret)
			return ret == -ELOOP ? in_circle(f, set) : ret;
	}
	f->state[set] = DONE;
	return join_parts(f, set);
}

static void begin(struct flat *f)
{
	for (size_t i = 0; i < f->p->n_rules; i++)
		f->total += f->p->rule[i].from.n;
	for (size_t i = 0; i < f->from; i++)
		f->total += f->p->set[i].all.n;
}

int wr_policy_flatten(struct wr_policy *p, size_t from, struct wr_policy_flaw *flaw)
{
	struct flat f = {.p = p, .from = from, .flaw = flaw};
	int ret = 0;

	f.all = calloc(p->n_sets + 1, sizeof(*f.all));
	f.state = calloc(p->n_sets + 1, 1);
	if (!f.all || !f.state)
		ret = -ENOMEM;
	begin(&f);
	for (size_t i = from; i < p->n_sets && !ret; i++)
		ret = make(&f, i);
	for (size_t i = from; f.all && i < p->n_sets; i++) {
		struct wr_prefixes old = p->set[i].all;

		if (!ret)
			p->set[i].all = f.all[i];
		wr_prefixes_free(ret ? &f.all[i] : &old);
	}
	free(f.all);
	free(f.state);
	return ret;
}

/* ---- one prefix ---- */

static bool names_set(const struct wr_set *s, size_t set)
{
	for (size_t i = 0; i < s->n_sets; i++)
		if ((size_t)s->sets[i] == set)
			return true;
	return false;
}

/* Takes it out of `all` of a set that no longer has it, and of those that name this set. */
static void take(struct wr_policy *p, size_t set, const struct wr_prefix *x) /* NOLINT */
{
	struct wr_set *s = &p->set[set];

	if (wr_prefixes_in(&s->own, x) || wr_prefixes_in(&s->filed, x))
		return;
	for (size_t i = 0; i < s->n_sets; i++)
		if (wr_prefixes_in(&p->set[s->sets[i]].all, x))
			return;
	if (!wr_prefixes_del(&s->all, x))
		return;
	for (size_t i = 0; i < p->n_sets; i++)
		if (names_set(&p->set[i], set))
			take(p, i, x);
}

static size_t total_of(const struct wr_policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		n += p->rule[i].from.n;
	for (size_t i = 0; i < p->n_sets; i++)
		n += p->set[i].all.n;
	return n;
}

static int give(struct wr_policy *p, size_t set, const struct wr_prefix *x) /* NOLINT */
{
	struct wr_set *s = &p->set[set];
	int ret;

	if (wr_prefixes_in(&s->all, x))
		return 0;
	if (s->all.n == WR_POLICY_SET_PREFIXES)
		return -E2BIG;
	ret = wr_prefixes_put(&s->all, x);
	for (size_t i = 0; i < p->n_sets && !ret; i++)
		if (names_set(&p->set[i], set))
			ret = give(p, i, x);
	return ret;
}

static int find(const struct wr_policy *p, const char *name, struct wr_err *err)
{
	int i = wr_policy_set(p, name);

	return i < 0 ? wr_fail(err, ENOENT, "there is no set '%s'", name) : i;
}

int wr_policy_set_add(struct wr_policy *p, const char *name, const struct wr_prefix *x,
		      struct wr_err *err)
{
	int set = find(p, name, err), ret;

	if (set < 0)
		return set;
	ret = wr_prefixes_put(&p->set[set].own, x);
	if (ret == -EEXIST)
		return wr_fail(err, EEXIST, "set '%s' has this prefix already", name);
	if (!ret)
		ret = give(p, (size_t)set, x);
	if (!ret && total_of(p) > WR_POLICY_PREFIXES)
		ret = -E2BIG;
	if (!ret)
		return 0;
	wr_prefixes_del(&p->set[set].own, x);
	take(p, (size_t)set, x);
	return wr_fail(err, -ret, "set '%s': %s", name,
		       ret == -E2BIG ? "more prefixes than may be in a set, or in all"
				     : "out of memory");
}

int wr_policy_set_del(struct wr_policy *p, const char *name, const struct wr_prefix *x,
		      struct wr_err *err)
{
	int set = find(p, name, err);
	struct wr_set *s;

	if (set < 0)
		return set;
	s = &p->set[set];
	if (wr_prefixes_del(&s->own, x)) {
		take(p, (size_t)set, x);
		return 0;
	}
	if (wr_prefixes_in(&s->filed, x))
		return wr_fail(err, ENOENT,
			       "set '%s' has this prefix from a file; take it out there and load "
			       "the set again",
			       name);
	for (size_t i = 0; i < s->n_sets; i++)
		if (wr_prefixes_in(&p->set[s->sets[i]].all, x))
			return wr_fail(err, ENOENT, "set '%s' has this prefix from @%s", name,
				       p->set[s->sets[i]].name);
	return wr_fail(err, ENOENT, "set '%s' has no such prefix", name);
}
