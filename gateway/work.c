/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/gateway_impl.h"

/* What is wanted, made so: the only way in which a gateway is changed. */

enum { TRIES = 5 };

/* ---- what is wanted ---- */

int wr_gateway_accepts(const struct wr_gateway *g, const struct wr_gateway_entry *e,
		       struct wr_err *err)
{
	static const struct {
		uint32_t bit;
		const char *what;
	} takes[WR_GATEWAY_KINDS][WR_GATEWAY_VERBS] = {
		[WR_GATEWAY_ADDRESS] = {{WR_GATEWAY_CAN_DENY, "refuse addresses"},
					{WR_GATEWAY_CAN_LIMIT, "limit rates"}},
		[WR_GATEWAY_KEY] = {{WR_GATEWAY_CAN_KEYS, "tell keys apart"},
				    {WR_GATEWAY_CAN_LIMIT_KEYS, "limit keys"}},
		[WR_GATEWAY_CONSUMER] = {{WR_GATEWAY_CAN_CONSUMERS, "tell consumers apart"},
					 {WR_GATEWAY_CAN_CONSUMERS, "tell consumers apart"}},
		[WR_GATEWAY_ROUTE] = {{0, "refuse routes"},
				      {WR_GATEWAY_CAN_ROUTES, "tell routes apart"}},
	};

	static const char *const hints[WR_GATEWAY_KINDS] = {
		[WR_GATEWAY_ADDRESS] = "",
		[WR_GATEWAY_KEY] = "HAProxy hashes what a request shows (haproxy.keys, key_limit); "
				   "nginx tells consumers apart by names of its own ('consumer "
				   "NAME'), and elsewhere the secret would stand in a file: ",
		[WR_GATEWAY_CONSUMER] = ("nginx has names for consumers (nginx.consumer), HAProxy "
					 "hashes of keys ('key HASH'): "),
		[WR_GATEWAY_ROUTE] = "HAProxy (haproxy.routes) and nginx (nginx.routes) do: ",
	};

	if (!(wr_gateway_can(g) & takes[e->kind][e->verb].bit))
		return wr_fail(
			err, EOPNOTSUPP,
			"%s (%s) cannot %s as it is configured; %s'weir gateway probe %s' says "
			"what it can, docs/gateways.md what its configuration needs",
			g->name, g->driver->name, takes[e->kind][e->verb].what, hints[e->kind],
			g->name);
	return g->driver->accepts ? g->driver->accepts(&g->conf, e, err) : 0;
}

int wr_gateway_want(struct wr_gateway *g, struct wr_gateway_ledger *l,
		    const struct wr_gateway_set *entries, struct wr_err *err)
{
	struct wr_gateway_set *s = &l->set;
	size_t had = s->n, n = 0;

	for (size_t i = 0; i < had; i++)
		n += s->at[i].state != WR_GATEWAY_GONE;
	for (size_t i = 0; i < entries->n; i++) {
		const struct wr_gateway_entry *was = wr_gateway_set_find(s, &entries->at[i]);

		n += !was || was->state == WR_GATEWAY_GONE;
	}
	if (n > g->conf.most)
		return wr_fail(err, E2BIG,
			       "%s would have %zu entries, and %zu is the most (gateway.most)",
			       g->name, n, (size_t)g->conf.most);
	for (size_t i = 0; i < entries->n; i++) {
		struct wr_gateway_entry e = entries->at[i];
		/* Only what was there before is sorted, and can be found. */
		const struct wr_gateway_set old = {s->at, had, had};
		const struct wr_gateway_entry *was = wr_gateway_set_find(&old, &e);

		/* What weir has put there, and was about to take out, is still its own. */
		e.state = WR_GATEWAY_WANTED;
		if (was && was->state != WR_GATEWAY_WANTED)
			e.state = was->state == WR_GATEWAY_LONGER || e.until_s > was->until_s
					  ? WR_GATEWAY_LONGER
					  : WR_GATEWAY_PUT;
		if (wr_gateway_set_add(s, &e)) {
			s->n = had;
			return wr_fail(err, ENOMEM, "no memory for %zu entries", entries->n);
		}
	}
	wr_gateway_set_sort(s);
	return 0;
}

/*
 * What weir has put there is to be taken out. What it never has is forgotten at once: the same may
 * stand there from somebody else. Of entries that are already on their way out nothing is said.
 */
struct ending {
	const struct wr_gateway_entry *which; /* NULL: any */
	const struct wr_gateway_set *but;     /* NULL: no exceptions */
	uint64_t until_s;		      /* those that end by then */
};

static bool ends(const struct ending *x, const struct wr_gateway_entry *e)
{
	return e->state != WR_GATEWAY_GONE && e->until_s <= x->until_s &&
	       (!x->which || !wr_gateway_entry_order(x->which, e)) &&
	       (!x->but || !wr_gateway_set_find(x->but, e));
}

static size_t end_those(struct wr_gateway_set *s, const struct ending *x)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct wr_gateway_entry e = s->at[i];

		if (ends(x, &e)) {
			n++;
			if (e.state == WR_GATEWAY_WANTED)
				continue;
			e.state = WR_GATEWAY_GONE;
		}
		s->at[kept++] = e;
	}
	s->n = kept;
	return n;
}

/* What an earlier configuration has taken and this one does not: it would be missing for ever. */
static void end_untaken(const struct wr_gateway *g, struct wr_gateway_set *s,
			struct wr_gateway_result *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct wr_gateway_entry e = s->at[i];
		struct wr_err err = {0};

		if (e.state != WR_GATEWAY_GONE && wr_gateway_accepts(g, &e, &err)) {
			if (!r->untaken++)
				snprintf(r->first_untaken, sizeof(r->first_untaken), "%s",
					 err.text);
			if (e.state == WR_GATEWAY_WANTED)
				continue;
			e.state = WR_GATEWAY_GONE;
		}
		s->at[kept++] = e;
	}
	s->n = kept;
}

size_t wr_gateway_lift(struct wr_gateway_ledger *l, const struct wr_gateway_entry *which)
{
	return end_those(&l->set, &(struct ending){.which = which, .until_s = UINT64_MAX});
}

size_t wr_gateway_lift_others(struct wr_gateway_ledger *l, const struct wr_gateway_set *keep)
{
	return end_those(&l->set, &(struct ending){.but = keep, .until_s = UINT64_MAX});
}

/* ---- made so ---- */

static bool expires(const struct wr_gateway *g)
{
	return wr_gateway_can(g) & WR_GATEWAY_CAN_EXPIRE;
}

/* About to be put there: from now on it is weir's. Returns how many that were not yet. */
static size_t mark_put(struct wr_gateway_set *s, const struct wr_gateway_diff *d)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (!wr_gateway_stays(d, i))
			continue;
		if (s->at[i].state == WR_GATEWAY_LONGER)
			continue;
		n += s->at[i].state != WR_GATEWAY_PUT;
		s->at[i].state = WR_GATEWAY_PUT;
	}
	return n;
}

/* The gateway has been told how long they last; or it was not asked to, for it does not end them.
 */
static size_t told_longer(struct wr_gateway_set *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->at[i].state != WR_GATEWAY_LONGER)
			continue;
		s->at[i].state = WR_GATEWAY_PUT;
		n++;
	}
	return n;
}

static size_t forget(struct wr_gateway_set *s, const struct wr_gateway_diff *d)
{
	size_t n = 0, had = s->n;

	for (size_t i = 0; i < had; i++)
		if (d->deed[i] != WR_GATEWAY_FORGET)
			s->at[n++] = s->at[i];
	s->n = n;
	return had - n;
}

static void sum_up(struct wr_gateway_result *r, const struct wr_gateway_set *s,
		   const struct wr_gateway_diff *d)
{
	struct wr_buf b = {0};

	r->in_force = d->count[WR_GATEWAY_KEEP];
	r->foreign = d->foreign;
	r->taken = d->count[WR_GATEWAY_TAKEN];
	for (size_t i = 0; i < s->n && r->taken && !b.used; i++)
		if (d->deed[i] == WR_GATEWAY_TAKEN)
			wr_gateway_who_print(&b, &s->at[i], true);
	snprintf(r->first_taken, sizeof(r->first_taken), "%s", wr_buf_text(&b));
	wr_buf_free(&b);
}

static int look(struct wr_gateway *g, struct wr_gateway_ledger *l, struct wr_gateway_seen *seen,
		struct wr_gateway_diff *d, struct wr_err *err)
{
	int ret;

	wr_gateway_seen_free(seen);
	wr_gateway_diff_free(d);
	ret = g->driver->read(g, seen, err);
	/* A list in an object of weir's own: what stands there without a ledger is weir's. */
	for (size_t i = 0; i < seen->n && g->driver->dialect && !l->generation; i++)
		seen->at[i].tagged = true;
	return ret ? ret : wr_gateway_diff(d, &l->set, seen, expires(g), err);
}

static bool as_wanted(const struct wr_gateway *g, const struct wr_gateway_ledger *l,
		      const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d)
{
	return wr_gateway_diff_nothing(d) && !g->driver->stale(g, &l->set, seen, d);
}

/* Generations follow each other and the clock: a ledger that was lost does not begin anew with one
 * that a gateway may still have. */
static uint64_t next_generation(const struct wr_gateway_ledger *l, uint64_t now_s)
{
	return l->generation + 1 > now_s ? l->generation + 1 : now_s;
}

static int carry_out(struct wr_gateway *g, struct wr_gateway_ledger *l, uint64_t now_s,
		     const struct wr_gateway_seen *seen, const struct wr_gateway_diff *d,
		     struct wr_buf *show, struct wr_gateway_result *r, struct wr_err *err)
{
	struct wr_gateway_plan p = {.was = seen, .now_s = now_s};
	uint64_t generation = next_generation(l, now_s);
	int ret = 0;

	g->driver->plan(g, &l->set, seen, d, generation, &p);
	r->steps = p.n;
	r->generation = generation;
	if (show) {
		wr_gateway_plan_show(&p, show);
	} else {
		mark_put(&l->set, d);
		l->generation = generation;
		ret = wr_gateway_ledger_save(l, g, err);
		if (!ret)
			ret = wr_gateway_plan_run(g, &p, err);
		if (!ret)
			told_longer(&l->set);
	}
	r->added = d->count[WR_GATEWAY_ADD];
	r->changed = d->count[WR_GATEWAY_CHANGE];
	r->removed = d->count[WR_GATEWAY_REMOVE] + d->orphans;
	wr_gateway_plan_free(&p);
	return ret;
}

static int not_so(const struct wr_gateway *g, const struct wr_gateway_diff *d, struct wr_err *err)
{
	if (wr_gateway_diff_nothing(d))
		return wr_fail(err, EIO,
			       "%s has taken it, and now a file of it, or what it runs, is another "
			       "one; does something else write there?",
			       g->name);
	return wr_fail(err, EIO,
		       "%s has taken it and does not show it: %zu entries are missing, %zu are "
		       "other ones, %zu are still there; does something else write there?",
		       g->name, d->count[WR_GATEWAY_ADD], d->count[WR_GATEWAY_CHANGE],
		       d->count[WR_GATEWAY_REMOVE] + d->orphans);
}

static int work(struct wr_gateway *g, struct wr_gateway_ledger *l, uint64_t now_s,
		struct wr_buf *show, struct wr_gateway_seen *seen, struct wr_gateway_diff *d,
		struct wr_gateway_result *r, struct wr_err *err)
{
	int ret = look(g, l, seen, d, err);

	r->foreign_was = d->foreign;
	for (int i = 0; !ret && !as_wanted(g, l, seen, d); i++) {
		ret = carry_out(g, l, now_s, seen, d, show, r, err);
		if (show)
			return ret;
		if (ret == -EAGAIN && i + 1 < TRIES) {
			ret = look(g, l, seen, d, err);
			continue;
		}
		if (!ret)
			ret = look(g, l, seen, d, err);
		if (!ret && !as_wanted(g, l, seen, d))
			ret = not_so(g, d, err);
		break;
	}
	if (!ret)
		sum_up(r, &l->set, d);
	return ret;
}

/* What has been read back becomes the ledger: written again only when it says something new. */
static int settle(struct wr_gateway *g, struct wr_gateway_ledger *l,
		  const struct wr_gateway_diff *d, bool saved, struct wr_err *err)
{
	size_t news = mark_put(&l->set, d) + forget(&l->set, d) + told_longer(&l->set);

	return news || !saved ? wr_gateway_ledger_save(l, g, err) : 0;
}

int wr_gateway_reconcile(struct wr_gateway *g, struct wr_gateway_ledger *l, uint64_t now_s,
			 struct wr_buf *show, struct wr_gateway_result *r, struct wr_err *err)
{
	struct wr_gateway_seen seen = {0};
	struct wr_gateway_diff d = {0};
	struct wr_err none;
	int ret;

	*r = (struct wr_gateway_result){.generation = l->generation};
	end_those(&l->set, &(struct ending){.until_s = now_s});
	end_untaken(g, &l->set, r);
	ret = work(g, l, now_s, show, &seen, &d, r, err);
	if (!show && !ret) {
		ret = settle(g, l, &d, r->steps > 0, err);
		r->unsaved = ret != 0;
	} else if (!show) { /* what is wanted is kept: a later call goes on */
		r->unsaved = wr_gateway_ledger_save(l, g, &none) != 0;
	}
	wr_gateway_diff_free(&d);
	wr_gateway_seen_free(&seen);
	return ret ? wr_within(err, "%s", g->name) : 0;
}

/* What a gateway has said may stand in it. */
struct plain {
	wr_gateway_tell_fn tell;
	void *ctx;
};

static void tell_plain(void *ctx, enum wr_gateway_mark mark, const char *text, const char *mend)
{
	const struct plain *p = ctx;
	char line[1024];

	snprintf(line, sizeof(line), "%s", text);
	wr_plain(line);
	p->tell(p->ctx, mark, line, mend);
}

void wr_gateway_probe(struct wr_gateway *g, wr_gateway_tell_fn tell, void *ctx)
{
	struct plain p = {tell, ctx};

	g->driver->probe(g, tell_plain, &p);
}
