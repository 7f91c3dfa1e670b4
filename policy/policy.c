/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A policy as a whole: looked up in, ordered, printed, freed; less of it. */

/* ---- by name ---- */

int wr_policy_set(const struct wr_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_sets; i++)
		if (!strcmp(p->set[i].name, name))
			return (int)i;
	return -1;
}

int wr_policy_rule(const struct wr_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (!strcmp(p->rule[i].name, name))
			return (int)i;
	return -1;
}

int wr_policy_class(const struct wr_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_classes; i++)
		if (!strcmp(p->class_[i].name, name))
			return (int)i;
	return -1;
}

int wr_policy_model(const struct wr_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_models; i++)
		if (!strcmp(p->model[i].name, name))
			return (int)i;
	return -1;
}

/* ---- order ---- */

static int compare(const void *a, const void *b, void *of)
{
	static const int turn[WR_ACTION_COUNT] = {[WR_ACTION_ALLOW] = 0,
						  [WR_ACTION_DROP] = 1,
						  [WR_ACTION_LIMIT] = 1,
						  [WR_ACTION_CLASS] = 2,
						  [WR_ACTION_COOKIES] = 1};
	const struct wr_rule *rule = of;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct wr_rule *x = &rule[i], *y = &rule[k];

	if (turn[x->action] != turn[y->action])
		return turn[x->action] - turn[y->action];
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return i < k ? -1 : i > k;
}

void wr_policy_order(const struct wr_policy *p, uint32_t *out)
{
	for (size_t i = 0; i < p->n_rules; i++)
		out[i] = (uint32_t)i;
	if (p->n_rules)
		qsort_r(out, p->n_rules, sizeof(*out), compare, p->rule);
}

/* ---- print ---- */

void wr_policy_print(struct wr_buf *b, const struct wr_policy *p)
{
	if (p->drop_fragments)
		wr_buf_str(b, "fragments drop\n");
	if (p->unreadable != WR_UNREADABLE_UNSAID)
		wr_buf_fmt(b, "unreadable %s\n",
			   p->unreadable == WR_UNREADABLE_DROP ? "drop" : "pass");
	for (size_t i = 0; i < p->n_links; i++) {
		wr_policy_print_link(b, &p->link[i]);
		wr_buf_char(b, '\n');
	}
	for (size_t i = 0; i < p->n_classes; i++) {
		wr_policy_print_class(b, &p->class_[i]);
		wr_buf_char(b, '\n');
	}
	for (size_t i = 0; i < p->n_sets; i++) {
		wr_policy_print_set(b, p, &p->set[i]);
		wr_buf_char(b, '\n');
	}
	for (size_t i = 0; i < p->n_models; i++) {
		wr_policy_print_model(b, &p->model[i]);
		wr_buf_char(b, '\n');
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		wr_policy_print_rule(b, p, &p->rule[i]);
		wr_buf_char(b, '\n');
	}
}

/* ---- memory ---- */

void *wr_policy_grow(void *at, size_t n, size_t size)
{
	if (n & (n - 1))
		return at;
	return realloc(at, (n ? 2 * n : 1) * size);
}

void wr_policy_free_rule(struct wr_rule *r)
{
	for (size_t i = 0; i < r->n_ifaces; i++)
		free(r->ifaces[i]);
	free(r->ifaces);
	free(r->from_sets);
	free(r->to);
	free(r->host);
	free(r->where);
	free(r->why);
	wr_prefixes_free(&r->from);
	*r = (struct wr_rule){0};
}

void wr_policy_free(struct wr_policy **out)
{
	struct wr_policy *p = *out;

	if (!p)
		return;
	for (size_t i = 0; i < p->n_sets; i++)
		wr_policy_free_set(&p->set[i]);
	for (size_t i = 0; i < p->n_rules; i++)
		wr_policy_free_rule(&p->rule[i]);
	for (size_t i = 0; i < p->n_models; i++)
		wr_policy_free_model(&p->model[i]);
	free(p->set);
	free(p->rule);
	free(p->link);
	free(p);
	*out = NULL;
}

/* ---- less ---- */

int wr_policy_del_rule(struct wr_policy *p, const char *name, struct wr_err *err)
{
	int i = wr_policy_rule(p, name);

	if (i < 0)
		return wr_fail(err, ENOENT, "there is no rule '%s'", name);
	wr_policy_free_rule(&p->rule[i]);
	p->n_rules--;
	memmove(p->rule + i, p->rule + i + 1, (p->n_rules - (size_t)i) * sizeof(*p->rule));
	return 0;
}

static bool has(const int *at, size_t n, int set)
{
	for (size_t i = 0; i < n; i++)
		if (at[i] == set)
			return true;
	return false;
}

static int in_use(const struct wr_policy *p, int set, struct wr_err *err)
{
	const char *name = p->set[set].name;

	for (size_t i = 0; i < p->n_rules; i++)
		if (has(p->rule[i].from_sets, p->rule[i].n_from_sets, set))
			return wr_fail(err, EBUSY, "set '%s' is used by rule '%s'", name,
				       p->rule[i].name);
	for (size_t i = 0; i < p->n_sets; i++)
		if (has(p->set[i].sets, p->set[i].n_sets, set))
			return wr_fail(err, EBUSY, "set '%s' is used by set '%s'", name,
				       p->set[i].name);
	return 0;
}

static void close_gap(int *at, size_t n, int set)
{
	for (size_t i = 0; i < n; i++)
		at[i] -= at[i] > set;
}

int wr_policy_del_set(struct wr_policy *p, const char *name, struct wr_err *err)
{
	int set = wr_policy_set(p, name), ret;

	if (set < 0)
		return wr_fail(err, ENOENT, "there is no set '%s'", name);
	ret = in_use(p, set, err);
	if (ret)
		return ret;
	wr_policy_free_set(&p->set[set]);
	p->n_sets--;
	memmove(p->set + set, p->set + set + 1, (p->n_sets - (size_t)set) * sizeof(*p->set));
	for (size_t i = 0; i < p->n_sets; i++)
		close_gap(p->set[i].sets, p->set[i].n_sets, set);
	for (size_t i = 0; i < p->n_rules; i++)
		close_gap(p->rule[i].from_sets, p->rule[i].n_from_sets, set);
	return 0;
}
