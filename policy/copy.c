/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/policy_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/model.h"

/*
 * A second policy, to be changed while the first is in force. Arrays are made as large as
 * wr_policy_grow() would have made them. What is copied so far is always whole enough to be freed.
 */

/* NULL for n 0 too: then it is none. */
static void *again(const void *at, size_t n, size_t size)
{
	size_t room = 1;
	void *to;

	if (!n)
		return NULL;
	while (room < n)
		room *= 2;
	to = wr_mem_more(NULL, room * size);
	if (to)
		memcpy(to, at, n * size);
	return to;
}

static int copy_array(void *to, const void *at, size_t n, size_t size)
{
	void *copy = again(at, n, size);

	memcpy(to, &copy, sizeof(copy));
	return copy || !n ? 0 : -ENOMEM;
}

static int copy_text(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return *to || !text ? 0 : -ENOMEM;
}

static int copy_texts(char ***to, size_t *n_to, char *const *at, size_t n)
{
	*n_to = 0;
	if (copy_array(to, at, n, sizeof(*at)))
		return -ENOMEM;
	for (; *n_to < n; (*n_to)++)
		if (copy_text(&(*to)[*n_to], at[*n_to]))
			return -ENOMEM;
	return 0;
}

static int copy_prefixes(struct wr_prefixes *to, const struct wr_prefixes *s)
{
	*to = (struct wr_prefixes){0};
	to->at = again(s->at, s->n, sizeof(*s->at));
	if (!to->at)
		return s->n ? -ENOMEM : 0;
	to->n = s->n;
	to->room = s->n;
	return 0;
}

static int copy_set(struct wr_set *to, const struct wr_set *s)
{
	int ret;

	*to = (struct wr_set){.line = s->line};
	memcpy(to->name, s->name, sizeof(to->name));
	ret = copy_array(&to->sets, s->sets, s->n_sets, sizeof(*s->sets));
	to->n_sets = ret ? 0 : s->n_sets;
	if (!ret)
		ret = copy_texts(&to->files, &to->n_files, s->files, s->n_files);
	if (!ret)
		ret = copy_prefixes(&to->own, &s->own);
	if (!ret)
		ret = copy_prefixes(&to->filed, &s->filed);
	return ret ? ret : copy_prefixes(&to->all, &s->all);
}

static int copy_rule(struct wr_rule *to, const struct wr_rule *r)
{
	int ret;

	*to = *r;
	to->from = (struct wr_prefixes){0};
	to->from_sets = NULL;
	to->to = NULL;
	to->ifaces = NULL;
	to->n_ifaces = 0;
	to->host = to->where = to->why = NULL;
	ret = copy_prefixes(&to->from, &r->from);
	ret |= copy_array(&to->from_sets, r->from_sets, r->n_from_sets, sizeof(*r->from_sets));
	ret |= copy_array(&to->to, r->to, r->n_to, sizeof(*r->to));
	ret |= copy_texts(&to->ifaces, &to->n_ifaces, r->ifaces, r->n_ifaces);
	ret |= copy_text(&to->host, r->host);
	ret |= copy_text(&to->where, r->where);
	ret |= copy_text(&to->why, r->why);
	return ret ? -ENOMEM : 0;
}

static int copy_model(struct wr_policy_model *to, const struct wr_policy_model *m)
{
	*to = *m;
	to->file = NULL;
	to->model = NULL;
	return copy_text(&to->file, m->file) || wr_model_copy(&to->model, m->model) ? -ENOMEM : 0;
}

static int copy_all(struct wr_policy *to, const struct wr_policy *p)
{
	int ret = copy_array(&to->link, p->link, p->n_links, sizeof(*p->link));

	ret |= copy_array(&to->set, p->set, p->n_sets, sizeof(*p->set));
	ret |= copy_array(&to->rule, p->rule, p->n_rules, sizeof(*p->rule));
	if (ret)
		return -ENOMEM;
	to->n_links = p->n_links;
	for (; to->n_sets < p->n_sets && !ret; to->n_sets++)
		ret = copy_set(&to->set[to->n_sets], &p->set[to->n_sets]);
	for (; to->n_rules < p->n_rules && !ret; to->n_rules++)
		ret = copy_rule(&to->rule[to->n_rules], &p->rule[to->n_rules]);
	for (; to->n_models < p->n_models && !ret; to->n_models++)
		ret = copy_model(&to->model[to->n_models], &p->model[to->n_models]);
	return ret;
}

int wr_policy_copy(struct wr_policy **out, const struct wr_policy *p, struct wr_err *err)
{
	struct wr_policy *to = calloc(1, sizeof(*to));

	if (!to)
		return wr_fail(err, ENOMEM, "policy: out of memory");
	memcpy(to->class_, p->class_, sizeof(to->class_));
	to->n_classes = p->n_classes;
	to->drop_fragments = p->drop_fragments;
	to->unreadable = p->unreadable;
	if (copy_all(to, p)) {
		wr_policy_free(&to);
		return wr_fail(err, ENOMEM, "policy: out of memory");
	}
	*out = to;
	return 0;
}
