/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "core/govern.h"
#include "policy/image.h"

/* A rule, or of a rule with several targets one of them. */
struct term {
	uint32_t rule;
	const struct wr_target *to; /* NULL: any */
};

/* Groups of one dimension, and what terms want of them. */
struct dim {
	struct wr_group *group; /* owned, and the rest is as well */
	uint32_t n_groups, room;
	uint32_t *list; /* of groups, by term */
	uint32_t n_list, list_room;
	uint32_t *first;
	bool *not_;
	bool wanted; /* some term wants something */
};

enum which { SRC, DST, SERVICE, DIMS };
enum family { FOUR, SIX, FAMILIES };
enum { JOIN_WORDS = 1 << 27 };

struct compile {
	const struct wr_policy *p;
	const struct wr_image_conf *conf;
	struct wr_image_built *out;
	struct term *term;
	uint32_t n_terms, first_class;
	struct dim dim[DIMS][FAMILIES];	   /* SERVICE has FOUR only */
	int *set_group[FAMILIES];	   /* by set: its group, -1: not made yet */
	struct wr_vectors of[DIMS];	   /* what matches in each dimension */
	struct wr_vectors joined, vectors; /* in the first two; in all */
	uint64_t *word;
	struct {
		uint8_t model; /* index + 1 */
		uint16_t score;
	} test[WR_JUDGE_TESTS];
	uint32_t n_tests;
	struct wr_err *err;
};

static int no_memory(struct compile *c)
{
	return wr_fail(c->err, ENOMEM, "out of memory");
}

/* Room for one more of what *at holds n of. */
static bool grow(void **at, uint32_t n, uint32_t *room, size_t size)
{
	uint32_t want = *room ? *room * 2 : 16;
	void *more;

	if (n < *room)
		return true;
	more = wr_mem_more(*at, want * size);
	if (!more)
		return false;
	*at = more;
	*room = want;
	return true;
}

/* ---- which rules, and when ---- */

static void sooner(struct compile *c, int64_t when_s)
{
	if (when_s > c->conf->now_s && (!c->out->next_s || when_s < c->out->next_s))
		c->out->next_s = when_s;
}

/* Is it its time? Notes when that may change: nothing is finer than a minute. */
static bool in_schedule(struct compile *c, const struct wr_schedule *at)
{
	if (!at->days && at->from_min == at->to_min)
		return true;
	sooner(c, c->conf->now_s - c->conf->now_s % 60 + 60);
	return wr_schedule_has(at, c->conf->now_s);
}

static bool in_force(struct compile *c, const struct wr_rule *r)
{
	if (r->until_s && r->until_s <= c->conf->now_s)
		return false;
	if (r->until_s)
		sooner(c, r->until_s);
	return in_schedule(c, &r->at);
}

static int add_terms(struct compile *c, uint32_t rule)
{
	const struct wr_rule *r = &c->p->rule[rule];
	size_t n = r->n_to ? r->n_to : 1;

	for (size_t i = 0; i < n; i++) {
		if (c->n_terms == WR_JUDGE_TERMS)
			return wr_fail(c->err, ENOSPC,
				       "rule %s: more than %d targets in all rules together",
				       r->name, WR_JUDGE_TERMS);
		c->term[c->n_terms++] = (struct term){rule, r->n_to ? &r->to[i] : NULL};
	}
	return 0;
}

/* In the order in which they are asked, classes behind all others. */
static int list_terms(struct compile *c)
{
	uint32_t *order = calloc(c->p->n_rules + 1, sizeof(*order));
	int ret = 0;

	c->term = calloc(WR_JUDGE_TERMS, sizeof(*c->term));
	if (!order || !c->term) {
		free(order);
		return no_memory(c);
	}
	wr_policy_order(c->p, order);
	for (int classes = 0; classes < 2 && !ret; classes++) {
		c->first_class = c->n_terms;
		for (size_t i = 0; i < c->p->n_rules && !ret; i++) {
			const struct wr_rule *r = &c->p->rule[order[i]];

			if ((r->action == WR_ACTION_CLASS) == classes && in_force(c, r))
				ret = add_terms(c, order[i]);
		}
	}
	free(order);
	return ret;
}

/* ---- what they want ---- */

static struct wr_range range_of(const struct wr_prefix *p)
{
	struct wr_range r = {0};
	uint64_t hi = 0, lo = 0;
	uint32_t bits = p->bits;

	for (int i = 0; i < 8; i++) {
		hi = hi << 8 | p->addr[i];
		lo = lo << 8 | p->addr[8 + i];
	}
	if (p->ip_v == 4) {
		hi = hi >> 32 << 32;
		lo = 0;
	}
	r.from_hi = hi;
	r.from_lo = lo;
	if (!bits)
		return r;
	if (bits <= 64) {
		r.to_hi = hi + (1ull << (64 - bits));
		r.to_lo = lo;
	} else {
		r.to_lo = lo + (1ull << (128 - bits));
		r.to_hi = hi + !r.to_lo;
	}
	return r;
}

static bool ends(const struct wr_range *r)
{
	return r->to_hi || r->to_lo;
}

/* Behind those that are there; prefixes come sorted, so one that begins in the last one is in it or
 * goes on from it. */
static int add_range(struct wr_group *g, struct wr_range r)
{
	struct wr_range *last = g->n ? &g->range[g->n - 1] : NULL;
	uint32_t room = (uint32_t)g->room;

	if (last && !ends(last))
		return 0;
	if (last &&
	    !(r.from_hi > last->to_hi || (r.from_hi == last->to_hi && r.from_lo > last->to_lo))) {
		if (!ends(&r) || r.to_hi > last->to_hi ||
		    (r.to_hi == last->to_hi && r.to_lo > last->to_lo)) {
			last->to_hi = r.to_hi;
			last->to_lo = r.to_lo;
		}
		return 0;
	}
	if (!grow((void **)&g->range, (uint32_t)g->n, &room, sizeof(*g->range)))
		return -ENOMEM;
	g->room = room;
	g->range[g->n++] = r;
	return 0;
}

/* A new group of a dimension; -1: no memory. */
static int new_group(struct dim *d)
{
	if (!grow((void **)&d->group, d->n_groups, &d->room, sizeof(*d->group)))
		return -1;
	d->group[d->n_groups] = (struct wr_group){0};
	return (int)d->n_groups++;
}

static int add_prefixes(struct wr_group *g, const struct wr_prefixes *all, int ip_v)
{
	int ret = 0;

	for (size_t i = 0; i < all->n && !ret; i++)
		if (all->at[i].ip_v == ip_v)
			ret = add_range(g, range_of(&all->at[i]));
	return ret;
}

static int want(struct dim *d, int group)
{
	if (group < 0 || !grow((void **)&d->list, d->n_list, &d->list_room, sizeof(*d->list)))
		return -ENOMEM;
	d->list[d->n_list++] = (uint32_t)group;
	d->wanted = true;
	return 0;
}

static int want_from(struct compile *c, struct dim *d, int family, const struct wr_rule *r)
{
	int ip_v = family == FOUR ? 4 : 6, ret = 0, g;

	for (size_t i = 0; i < r->n_from_sets && !ret; i++) {
		int *known = &c->set_group[family][r->from_sets[i]];

		if (*known < 0) {
			*known = new_group(d);
			if (*known >= 0)
				ret = add_prefixes(&d->group[*known],
						   &c->p->set[r->from_sets[i]].all, ip_v);
		}
		ret = ret ? ret : want(d, *known);
	}
	/* Also when none is of this family: then it matches no packet of it, or with `not` all. */
	if (ret || (!r->from.n && !r->n_from_sets))
		return ret;
	g = new_group(d);
	if (g < 0)
		return -ENOMEM;
	ret = add_prefixes(&d->group[g], &r->from, ip_v);
	return ret ? ret : want(d, g);
}

static int want_to(struct dim *d, int family, const struct wr_target *to)
{
	int g;

	if (!to || !to->addr.ip_v)
		return 0;
	g = new_group(d);
	if (g < 0)
		return -ENOMEM;
	if (to->addr.ip_v == (family == FOUR ? 4 : 6) &&
	    add_range(&d->group[g], range_of(&to->addr)))
		return -ENOMEM;
	return want(d, g);
}

static int want_service(struct dim *d, const struct wr_target *to)
{
	uint64_t from, last;
	bool any_port;
	int g;

	if (!to || to->proto < 0)
		return 0;
	any_port = !to->port && !to->port_to;
	from = wr_service_key((uint32_t)to->proto, any_port ? 0 : to->port, 1);
	last = any_port ? wr_service_key((uint32_t)to->proto + 1, 0, 1)
			: wr_service_key((uint32_t)to->proto,
					 (to->port_to ? to->port_to : to->port) + 1u, 1);
	g = new_group(d);
	if (g < 0 || add_range(&d->group[g],
			       (struct wr_range){.from_hi = from << 32,
						 .to_hi = (uint32_t)last == 0 ? 0 : last << 32}))
		return -ENOMEM;
	return want(d, g);
}

static int list_wants(struct compile *c)
{
	int ret = 0;

	for (int f = 0; f < FAMILIES; f++) {
		c->set_group[f] = malloc((c->p->n_sets + 1) * sizeof(int));
		if (!c->set_group[f])
			return no_memory(c);
		for (size_t i = 0; i < c->p->n_sets; i++)
			c->set_group[f][i] = -1;
		for (int w = 0; w < DIMS; w++) {
			struct dim *d = &c->dim[w][f];

			d->first = calloc(c->n_terms + 1, sizeof(*d->first));
			d->not_ = calloc(c->n_terms + 1, sizeof(*d->not_));
			if (!d->first || !d->not_)
				return no_memory(c);
		}
	}
	for (uint32_t t = 0; t < c->n_terms && !ret; t++) {
		const struct wr_rule *r = &c->p->rule[c->term[t].rule];

		for (int f = 0; f < FAMILIES && !ret; f++) {
			ret = want_from(c, &c->dim[SRC][f], f, r);
			c->dim[SRC][f].not_[t] = r->not_from;
			ret = ret ? ret : want_to(&c->dim[DST][f], f, c->term[t].to);
		}
		ret = ret ? ret : want_service(&c->dim[SERVICE][FOUR], c->term[t].to);
		for (int w = 0; w < DIMS; w++)
			for (int f = 0; f < FAMILIES; f++)
				c->dim[w][f].first[t + 1] = c->dim[w][f].n_list;
	}
	return ret ? no_memory(c) : 0;
}

/* ---- vectors of interfaces ---- */

static bool on_iface(const struct wr_rule *r, const struct wr_image_iface *iface)
{
	if (r->out != iface->out)
		return false;
	for (size_t i = 0; i < r->n_ifaces; i++)
		if (!strcmp(r->ifaces[i], iface->name))
			return true;
	return !r->n_ifaces;
}

/* A vector of the terms of an interface that pass a test; NULL: all. */
static int64_t vector_if(struct compile *c, const struct wr_image_iface *iface,
			 bool (*test)(const struct compile *c, uint32_t term))
{
	memset(c->word, 0, c->vectors.words * sizeof(*c->word));
	for (uint32_t t = 0; t < c->n_terms; t++)
		if (on_iface(&c->p->rule[c->term[t].rule], iface) && (!test || test(c, t)))
			c->word[t / 64] |= 1ull << (t % 64);
	return wr_vector_of(&c->vectors, c->word);
}

static bool wants_inner(const struct compile *c, uint32_t t)
{
	return c->p->rule[c->term[t].rule].inner;
}

static bool wants_no_ip(const struct compile *c, uint32_t t)
{
	const struct wr_rule *r = &c->p->rule[c->term[t].rule];

	return !r->from.n && !r->n_from_sets && !c->term[t].to;
}

/* What no rule could be held against goes where rules drop: it would be a way around them. */
static bool drops_unreadable(const struct compile *c, const struct wr_image_iface *iface)
{
	if (c->p->unreadable != WR_UNREADABLE_UNSAID)
		return c->p->unreadable == WR_UNREADABLE_DROP;
	for (uint32_t t = 0; t < c->n_terms; t++) {
		const struct wr_rule *r = &c->p->rule[c->term[t].rule];

		if (r->action == WR_ACTION_DROP && !r->shadow && on_iface(r, iface))
			return true;
	}
	return false;
}

/* ---- the image ---- */

static int failed(struct compile *c, int ret)
{
	return ret == -ENOMEM ? no_memory(c) : ret;
}

static int sweep(struct compile *c, int which, int family, uint32_t *ref)
{
	struct dim *d = &c->dim[which][family];
	struct wr_wants wants = {d->list, d->first, d->not_, c->n_terms};

	return failed(c, wr_sweep(&c->out->b, &c->of[which], d->group, d->n_groups, &wants,
				  family == SIX, ref));
}

/* Tables may take a quarter of the image each, and no longer than a person would wait. */
static bool fits(const struct compile *c, const struct wr_vectors *x, const struct wr_vectors *y)
{
	uint64_t entries = (uint64_t)(x->n + 1) * (y->n + 1);

	return entries / 16 < c->conf->most_lines / 4 && entries * x->words < JOIN_WORDS;
}

static bool wanted(const struct compile *c, int which)
{
	return c->dim[which][FOUR].wanted || c->dim[which][SIX].wanted;
}

/* Joins what matches so far with another dimension, if any term wants something of it. */
static int join(struct compile *c, int which, struct wr_vectors *so_far, struct wr_vectors *both,
		uint32_t *table, uint32_t *columns, uint16_t *flags, uint16_t and_flag)
{
	struct wr_vectors *with = &c->of[which];
	bool small = fits(c, so_far, with);

	if (wanted(c, which) && small) {
		*columns = with->n + 1;
		return failed(c, wr_vectors_join(&c->out->b, so_far, with, both, table));
	}
	*both = *so_far;
	*so_far = (struct wr_vectors){.words = both->words};
	if (wanted(c, which))
		*flags |= and_flag;
	return 0;
}

/* Those of a dimension that is not joined follow the others. Nothing is added to these any more. */
static int append(struct compile *c, int which, const struct wr_judge_head *h, uint32_t and_flag,
		  uint32_t *base)
{
	if (!(h->flags & and_flag))
		return 0;
	*base = c->vectors.n;
	return failed(c, wr_vectors_append(&c->vectors, &c->of[which]));
}

/* The number + 1 of what a rule asks of a model; 0: none. */
static uint8_t test_of(const struct compile *c, const struct wr_rule *r)
{
	for (uint32_t i = 0; r->model && i < c->n_tests; i++)
		if (c->test[i].model == r->model && c->test[i].score == r->score)
			return (uint8_t)(i + 1);
	return 0;
}

static int where_of(struct compile *c, const struct wr_rule *r, uint8_t *where)
{
	struct wr_image_built *o = c->out;

	*where = 0;
	if (!r->where)
		return 0;
	for (uint32_t i = 0; i < o->n_wheres; i++)
		if (!strcmp(o->where[i], r->where))
			*where = (uint8_t)(i + 1);
	if (*where)
		return 0;
	if (o->n_wheres == WR_JUDGE_WHERES)
		return wr_fail(c->err, ENOSPC,
			       "rule %s: more than %d different `where` expressions", r->name,
			       WR_JUDGE_WHERES);
	o->where[o->n_wheres] = strdup(r->where);
	if (!o->where[o->n_wheres])
		return no_memory(c);
	*where = (uint8_t)++o->n_wheres;
	return 0;
}

/* What rules ask of models: each question once. */
static int list_tests(struct compile *c)
{
	for (uint32_t t = 0; t < c->n_terms; t++) {
		const struct wr_rule *r = &c->p->rule[c->term[t].rule];

		if (!r->model || test_of(c, r))
			continue;
		if (c->n_tests == WR_JUDGE_TESTS)
			return wr_fail(c->err, ENOSPC,
				       "rule %s: more than %d different bounds of scores", r->name,
				       WR_JUDGE_TESTS);
		c->test[c->n_tests].model = r->model;
		c->test[c->n_tests++].score = r->score;
	}
	return 0;
}

/* The models that rules in force ask, each once. */
static void put_models(struct compile *c, uint32_t first[WR_POLICY_MODELS])
{
	for (uint32_t i = 0; i < c->n_tests; i++) {
		uint32_t m = c->test[i].model - 1u;

		if (!first[m])
			first[m] = wr_image_model(&c->out->b, c->p->model[m].model);
	}
}

/* In front of the rules, the first nearest to them. */
static void put_tests(struct compile *c, uint32_t rules, const uint32_t first[WR_POLICY_MODELS])
{
	for (uint32_t i = 0; i < c->n_tests; i++) {
		const struct wr_model *m = c->p->model[c->test[i].model - 1].model;
		struct wr_model_test test = {
			.id = wr_image_model_id(m),
			.first = first[c->test[i].model - 1],
			.least = wr_model_least(m, c->test[i].score) & WR_MODEL_MOST,
			.trees = m->n_trees & 0xff,
		};

		memcpy((struct wr_model_test *)&c->out->b.mem.at[rules - 1 - i / 4] + i % 4, &test,
		       sizeof(test));
	}
}

static struct wr_rate rate_of(const struct wr_limit *l, uint64_t tick_ns)
{
	uint64_t per = l->unit == WR_RATE_BPS ? 8000000000ull : 1000000000ull;
	struct wr_rate r = {.cost_ns = (per << WR_RATE_SHIFT) / (l->rate ? l->rate : 1)};
	uint64_t burst_ns = l->burst * r.cost_ns >> WR_RATE_SHIFT;

	if (!l->burst)
		burst_ns = 100000000;
	else if (l->unit != WR_RATE_BPS) /* the first of a burst costs nothing yet */
		burst_ns -= r.cost_ns >> WR_RATE_SHIFT;
	/* A clock that stands still for a tick lets come at once what belongs to it. */
	r.tolerance_ns = burst_ns > 2 * tick_ns ? burst_ns : 2 * tick_ns;
	return r;
}

static const struct {
	uint8_t action, flags;
} of_action[] = {[WR_ACTION_ALLOW] = {WR_DO_ALLOW, 0},
		 [WR_ACTION_DROP] = {WR_DO_DROP, 0},
		 [WR_ACTION_LIMIT] = {WR_DO_LIMIT, 0},
		 [WR_ACTION_CLASS] = {WR_DO_CLASS, 0},
		 [WR_ACTION_COOKIES] = {WR_DO_COOKIES, 0}};
static const uint8_t of_unit[WR_RATE_COUNT] = {
	[WR_RATE_BPS] = WR_RULE_BYTES, [WR_RATE_CPS] = WR_RULE_SYN};
static const uint8_t of_per[WR_PER_COUNT] = {
	[WR_PER_SOURCE] = WR_RULE_PER_SOURCE, [WR_PER_SERVICE] = WR_RULE_PER_SERVICE};

static int put_rule(struct compile *c, uint32_t t, struct wr_judge_rule *to)
{
	const struct wr_rule *r = &c->p->rule[c->term[t].rule];
	uint8_t where;
	int ret = where_of(c, r, &where);

	if (ret)
		return ret;
	*to = (struct wr_judge_rule){
		.slot = r->action == WR_ACTION_CLASS ? (uint16_t)r->klass
						     : c->conf->slot[c->term[t].rule],
		.action = of_action[r->action].action,
		.flags = (uint8_t)((r->shadow ? WR_RULE_SHADOW : 0) | (r->host ? WR_RULE_HOST : 0)),
		.where = where,
		.score = test_of(c, r),
	};
	if (r->host && r->action == WR_ACTION_CLASS)
		to->rate.cost_ns = c->conf->host ? c->conf->host[c->term[t].rule] : c->term[t].rule;
	if (r->until_s) {
		uint64_t left_ns = (uint64_t)(r->until_s - c->conf->now_s) * 1000000000u;

		to->until_10ms = (uint32_t)((c->conf->clock_ns + left_ns) >> WR_UNTIL_SHIFT) + 1;
	}
	if (r->limit.rate) {
		to->rate = rate_of(&r->limit, c->conf->tick_ns);
		to->flags |= of_unit[r->limit.unit] | of_per[r->limit.per];
		to->bits4 = r->limit.bits4;
		to->bits6 = r->limit.bits6;
	}
	return 0;
}

static int put_rules(struct compile *c, uint32_t *line)
{
	uint32_t model[WR_POLICY_MODELS] = {0}, lines;
	struct wr_judge_rule rule;
	int ret = list_tests(c);

	put_models(c, model);
	lines = (c->n_tests + 3) / 4;
	*line = wr_image_lines(&c->out->b, lines + c->n_terms / 2 + 1);
	if (*line) {
		*line += lines;
		put_tests(c, *line, model);
	}
	for (uint32_t t = 0; *line && t < c->n_terms && !ret; t++) {
		ret = put_rule(c, t, &rule);
		memcpy((struct wr_judge_rule *)&c->out->b.mem.at[*line + t / 2] + t % 2, &rule,
		       sizeof(rule));
	}
	return ret;
}

/* Term + 1 of the first rule with a rate per source: its bucket is sought before it is asked. */
static uint16_t first_per_source(const struct compile *c)
{
	for (uint32_t t = 0; t < c->first_class; t++) {
		const struct wr_rule *r = &c->p->rule[c->term[t].rule];

		if (r->action == WR_ACTION_LIMIT && r->limit.per == WR_PER_SOURCE)
			return (uint16_t)(t + 1);
	}
	return 0;
}

/* As many links as the largest number of one: each has lines of its own. */
static uint32_t links_of(const struct wr_image_conf *conf)
{
	uint32_t n = 1;

	for (uint32_t i = 0; i < conf->n_ifaces; i++)
		if (conf->iface[i].link > n)
			n = conf->iface[i].link;
	return n;
}

/* What has to be counted because rules for the interface ask models about it. */
static uint32_t traffic_of(const struct compile *c, const struct wr_image_iface *iface)
{
	uint32_t asked = 0;

	for (uint32_t t = 0; t < c->n_terms; t++) {
		const struct wr_rule *r = &c->p->rule[c->term[t].rule];

		if (r->model && on_iface(r, iface))
			asked |= wr_model_asks(c->p->model[r->model - 1].model);
	}
	return (asked & (WR_MODEL_OF_FLOW | 1u << WR_MODEL_SOURCE_FLOWS) ? WR_HEAD_FLOWS : 0) |
	       (asked & WR_MODEL_OF_SOURCE ? WR_HEAD_SOURCES : 0);
}

static int put_heads(struct compile *c, const struct wr_judge_head *like)
{
	const struct wr_image_conf *conf = c->conf;
	uint32_t first = wr_image_lines(&c->out->b, conf->n_ifaces);

	for (uint32_t i = 0; first && i < conf->n_ifaces; i++) {
		struct wr_judge_head h = *like;
		int64_t always = vector_if(c, &conf->iface[i], NULL);
		int64_t inner = vector_if(c, &conf->iface[i], wants_inner);
		int64_t not_ip = vector_if(c, &conf->iface[i], wants_no_ip);

		if (always < 0 || inner < 0 || not_ip < 0)
			return no_memory(c);
		h.always = (uint32_t)always;
		h.inner = (uint32_t)inner;
		h.not_ip = (uint32_t)not_ip;
		h.flags |= traffic_of(c, &conf->iface[i]);
		if (drops_unreadable(c, &conf->iface[i]))
			h.flags |= WR_HEAD_UNREADABLE_DROP;
		if (conf->iface[i].link && conf->classes && c->p->n_classes) {
			h.flags |= WR_HEAD_CLASSES;
			h.link = (uint8_t)(conf->iface[i].link - 1);
		}
		c->out->head[i] = first + i;
		memcpy(&c->out->b.mem.at[first + i], &h, sizeof(h));
	}
	return 0;
}

/* Whoever it is asked of, it is over with that: nothing behind it is. */
static bool decides(const struct wr_rule *r)
{
	return (r->action == WR_ACTION_DROP || r->action == WR_ACTION_ALLOW) && !r->shadow &&
	       !r->where && !r->host && !r->model && !r->until_s;
}

static bool any_inner(const struct compile *c)
{
	for (uint32_t t = 0; t < c->n_terms; t++)
		if (c->p->rule[c->term[t].rule].inner)
			return true;
	return false;
}

/* The one behind the first `most` of a vector that do not decide; NULL: there are no more. */
static const struct wr_rule *meets(const struct compile *c, const uint64_t *word, uint32_t most)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w * 64 < c->n_terms; w++)
		for (uint64_t bits = word[w]; bits; bits &= bits - 1) {
			uint32_t t = w * 64 + (uint32_t)__builtin_ctzll(bits);
			const struct wr_rule *r = &c->p->rule[c->term[t].rule];

			if (decides(r))
				return NULL;
			if (n++ == most)
				return r;
		}
	return NULL;
}

/*
 * A packet that meets so many rules which do not decide that its turns are over would get around
 * those behind them. Words whose bits do not match take turns, too, and so does what a tunnel
 * carries.
 */
static int check_turns(struct compile *c)
{
	uint32_t most = WR_JUDGE_TURNS - (WR_JUDGE_TERMS + 63) / 64;

	if (any_inner(c))
		most /= 2;
	for (uint32_t v = 0; v < c->vectors.n; v++) {
		const struct wr_rule *r =
			meets(c, c->vectors.word + (size_t)v * c->vectors.words, most);

		if (r)
			return wr_fail(c->err, ENOSPC,
				       "rule %s: a packet may meet more than %u rules that limit, "
				       "only count, or ask for more than addresses and ports, and "
				       "those behind would never be asked",
				       r->name, most);
	}
	return 0;
}

static int put_all(struct compile *c)
{
	struct wr_image_build *b = &c->out->b;
	struct wr_judge_head h = {.first_class = (uint16_t)c->first_class,
				  .flags = (c->conf->count_only ? WR_HEAD_COUNT_ONLY : 0) |
					   (c->p->drop_fragments ? WR_HEAD_FRAG_DROP : 0)};
	uint32_t first;
	bool classes = c->conf->classes && c->p->n_classes;
	int ret = classes ? wr_image_classes(b, c->p, c->conf->classes, links_of(c->conf)) : 0;

	for (int w = 0; w < DIMS; w++)
		c->of[w].words = c->vectors.words;
	c->joined.words = c->vectors.words;
	ret = ret ? ret : sweep(c, SRC, FOUR, &h.src4);
	ret = ret ? ret : sweep(c, SRC, SIX, &h.src6);
	ret = ret ? ret : sweep(c, DST, FOUR, &h.dst4);
	ret = ret ? ret : sweep(c, DST, SIX, &h.dst6);
	ret = ret ? ret : sweep(c, SERVICE, FOUR, &h.service);
	ret = ret ? ret
		  : join(c, SERVICE, &c->of[SRC], &c->joined, &h.with_service, &h.services,
			 &h.flags, WR_HEAD_AND_SERVICE);
	ret = ret ? ret
		  : join(c, DST, &c->joined, &c->vectors, &h.with_dst, &h.dsts, &h.flags,
			 WR_HEAD_AND_DST);
	/* Where they are not joined, only a packet itself says which rules it meets. */
	if (!ret && !(h.flags & (WR_HEAD_AND_SERVICE | WR_HEAD_AND_DST)))
		ret = check_turns(c);
	ret = ret ? ret : put_rules(c, &h.rules);
	h.per_source = first_per_source(c);
	if (!ret)
		ret = put_heads(c, &h);
	if (ret)
		return ret;
	/* Heads have made the last vectors; now it is known where they lie. */
	ret = append(c, SERVICE, &h, WR_HEAD_AND_SERVICE, &h.with_service);
	ret = ret ? ret : append(c, DST, &h, WR_HEAD_AND_DST, &h.with_dst);
	if (ret)
		return ret;
	first = wr_vectors_put(b, &c->vectors);
	for (uint32_t i = 0; first && i < c->conf->n_ifaces; i++) {
		struct wr_judge_head *head = (void *)&b->mem.at[c->out->head[i]];

		head->vectors = first;
		head->with_service = h.with_service;
		head->with_dst = h.with_dst;
		head->stride = (uint8_t)wr_vector_stride(&c->vectors);
	}
	return b->full ? -ENOSPC : 0;
}

static void free_dim(struct dim *d)
{
	for (uint32_t i = 0; i < d->n_groups; i++)
		free(d->group[i].range);
	free(d->group);
	free(d->list);
	free(d->first);
	free(d->not_);
}

static void free_compile(struct compile *c)
{
	for (int w = 0; w < DIMS; w++)
		for (int f = 0; f < FAMILIES; f++)
			free_dim(&c->dim[w][f]);
	free(c->set_group[FOUR]);
	free(c->set_group[SIX]);
	free(c->term);
	for (int w = 0; w < DIMS; w++)
		wr_vectors_free(&c->of[w]);
	wr_vectors_free(&c->joined);
	wr_vectors_free(&c->vectors);
	free(c->word);
}

/* The kill switch is looked up there by what users' programs say, too. */
static bool is_idle(const struct compile *c)
{
	return !c->n_terms && !(c->conf->classes && c->p->n_classes) && !c->conf->count_only &&
	       !c->p->drop_fragments && c->p->unreadable != WR_UNREADABLE_DROP;
}

int wr_image_compile(struct wr_image_built **out, const struct wr_policy *p,
		     const struct wr_image_conf *conf, struct wr_err *err)
{
	struct compile c = {.p = p, .conf = conf, .err = err};
	int ret;

	c.out = calloc(1, sizeof(*c.out));
	if (!c.out)
		return no_memory(&c);
	c.out->b.most = conf->most_lines;
	c.out->head = calloc(conf->n_ifaces + 1, sizeof(*c.out->head));
	c.out->where = calloc(WR_JUDGE_WHERES, sizeof(*c.out->where));
	ret = c.out->head && c.out->where ? list_terms(&c) : no_memory(&c);
	c.vectors.words = (c.n_terms + 63) / 64;
	c.word = calloc(c.vectors.words + 1, sizeof(*c.word));
	if (!ret)
		ret = c.word ? list_wants(&c) : no_memory(&c);
	if (!ret)
		ret = put_all(&c);
	if (ret == -ENOSPC && c.out->b.full)
		wr_fail(err, ENOSPC,
			"the rules and sets need more than the %" PRIu64 " KiB there are for them: "
			"make policy.size larger",
			(uint64_t)conf->most_lines * sizeof(struct wr_line) / 1024);
	c.out->terms = c.n_terms;
	c.out->idle = is_idle(&c);
	free_compile(&c);
	if (ret)
		wr_image_close(&c.out);
	else
		*out = c.out;
	return ret;
}

void wr_image_close(struct wr_image_built **image)
{
	struct wr_image_built *i = *image;

	if (!i)
		return;
	wr_image_free(&i->b);
	for (uint32_t n = 0; i->where && n < i->n_wheres; n++)
		free(i->where[n]);
	free(i->where);
	free(i->head);
	free(i);
	*image = NULL;
}
